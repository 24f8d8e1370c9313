/* What is no tensor through every client that talks to a server: questions and
 * their answers, and what goes ahead of several tensors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "client/client.h"
#include "lib/scripted.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct client_ops *const clients[] = {&client_socket,
                                                   &client_hiredis};

#define ASKED "*2\r\n$4\r\nWHAT\r\n$3\r\nkey\r\n"
#define WHERE "asking of key at 127.0.0.1:%d: "
#define OTHER WHERE "the reply is not what was asked for"

/* Answers, with their texts joined by bars. */
static const struct vector {
    const char *reply;
    enum client_answer answer;
    int64_t number;
    const char *texts, *words; /* words NULL: it goes well */
} vectors[] = {
    {"+OK\r\n", ANSWER_OK, -1, "", NULL},
    {":7\r\n", ANSWER_NUMBER, 7, "", NULL},
    {"$-1\r\n", ANSWER_TEXT, -1, "", NULL},
    {"$3\r\na\r\n\r\n", ANSWER_TEXT, -1, "a\r\n", NULL},
    {"*0\r\n", ANSWER_LIST, 0, "", NULL},
    {"*2\r\n$1\r\na\r\n$2\r\nbc\r\n", ANSWER_LIST, 2, "a|bc", NULL},
    {"*2\r\n$1\r\na\r\n:2\r\n", ANSWER_LIST, -1, "a", OTHER},
    {"*1\r\n$3\r\nend\r\n", ANSWER_LIST, -1, "", "enough"},
    {"+WHY\r\n", ANSWER_OK, -1, "", OTHER},
    {"$1\r\na\r\n", ANSWER_NUMBER, -1, "", OTHER},
    {":1\r\n", ANSWER_TEXT, -1, "", OTHER},
    {":1\r\n", ANSWER_LIST, -1, "", OTHER},
    {"-WRONGTYPE no\r\n", ANSWER_LIST, -1, "",
     WHERE "the server says: WRONGTYPE no"},
    {NULL, ANSWER_NUMBER, -1, "", WHERE},
};

static struct client *join(const struct client_ops *ops, struct scripted *s,
                           const struct command_set *commands)
{
    const struct client_params p = {.address = "127.0.0.1",
                                    .port = s->port,
                                    .key = "k0",
                                    .bytes = 8,
                                    .commands = commands,
                                    .op_timeout = 2,
                                    .client = 0};
    struct error err;
    struct client *c = ops->open(&p, &err);

    if (!c)
        fail_msg("%s", err.text);
    return c;
}

static int take(void *ctx, const char *text, size_t length, struct error *err)
{
    if (length == 3 && memcmp(text, "end", 3) == 0)
        return error_set(err, "enough");
    text_join(ctx, 64, "|", "%.*s", (int)length, text);
    return 0;
}

static void ask_once(const struct client_ops *ops, const struct vector *v)
{
    const struct step step = {ASKED, v->reply};
    char texts[64] = "", words[200];
    struct client_question q = {.what = "asking",
                                .n = 2,
                                .word = {"WHAT", "key and more"},
                                .length = {4, 3},
                                .answer = v->answer,
                                .number = -1,
                                .take = take,
                                .ctx = texts};
    struct scripted s;
    struct client *c;
    struct error err = {.text = ""};

    scripted_listen(&s);
    c = join(ops, &s, NULL);
    scripted_start(&s, &step, 1);
    assert_int_equal(c->ops->ask(c, &q, 1, &err), v->words ? -1 : 0);
    assert_string_equal(texts, v->texts);
    if (v->words) {
        snprintf(words, sizeof words, v->words, s.port);
        assert_int_equal(strncmp(err.text, words, strlen(words)), 0);
    } else {
        assert_int_equal(q.number, v->number);
    }
    c->ops->close(c);
    scripted_end(&s);
}

static void questions(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT(clients); k++)
        for (size_t i = 0; i < COUNT(vectors); i++)
            ask_once(clients[k], &vectors[i]);
}

/* Two in one send, and then a get of the key that it is bound to. */
static void together(void **state)
{
    static const struct step steps[] = {
        {"*2\r\n$1\r\nA\r\n$1\r\na\r\n*2\r\n$1\r\nB\r\n$1\r\nb\r\n",
         ":1\r\n:2\r\n"},
        {"*2\r\n$3\r\nGET\r\n$2\r\nk0\r\n", "$8\r\nabcdefgh\r\n"}};

    (void)state;
    for (size_t k = 0; k < COUNT(clients); k++) {
        struct client_question q[2] = {{.what = "asking",
                                        .n = 2,
                                        .word = {"A", "a"},
                                        .length = {1, 1},
                                        .answer = ANSWER_NUMBER},
                                       {.what = "asking",
                                        .n = 2,
                                        .word = {"B", "b"},
                                        .length = {1, 1},
                                        .answer = ANSWER_NUMBER}};
        struct scripted s;
        struct client *c;
        struct error err;
        char data[8];

        scripted_listen(&s);
        c = join(clients[k], &s, NULL);
        scripted_start(&s, steps, COUNT(steps));
        assert_int_equal(c->ops->ask(c, q, 2, &err), 0);
        assert_int_equal(q[0].number, 1);
        assert_int_equal(q[1].number, 2);
        assert_int_equal(c->ops->get(c, data, &err), 0);
        assert_memory_equal(data, "abcdefgh", 8);
        c->ops->close(c);
        scripted_end(&s);
    }
}

#define SET(key, data) "*3\r\n$3\r\nSET\r\n$2\r\n" key "\r\n$8\r\n" data "\r\n"
#define AHEAD "*2\r\n$5\r\nFIRST\r\n$1\r\na\r\n"

/* What goes ahead of one tensor, and of two, once; and the answer to it that is
 * none. */
static void ahead(void **state)
{
    static const struct step steps[] = {
        {AHEAD SET("k1", "abcdefgh"), "+OK\r\n+OK\r\n"},
        {AHEAD SET("k1", "abcdefgh") SET("k2", "abcdefgh"),
         "+OK\r\n+OK\r\n+OK\r\n"},
        {SET("k1", "abcdefgh") SET("k2", "abcdefgh"), "+OK\r\n+OK\r\n"},
        {AHEAD SET("k1", "abcdefgh"), "-OOM no\r\n"}};
    static float data[2];
    static const size_t n[] = {1, 2, 2, 1};

    (void)state;
    memcpy(data, "abcdefgh", sizeof data);
    for (size_t k = 0; k < COUNT(clients); k++) {
        const struct srb_tensor tensors[] = {
            {.key = "k1", .key_length = 2, .data = data, .count = 2},
            {.key = "k2", .key_length = 2, .data = data, .count = 2}};
        struct scripted s;
        struct client *c;
        struct error err = {.text = ""};

        scripted_listen(&s);
        c = join(clients[k], &s, NULL);
        scripted_start(&s, steps, COUNT(steps));
        for (size_t i = 0; i < COUNT(steps); i++) {
            c->ahead = i == 2 ? NULL : AHEAD;
            c->ahead_length = sizeof AHEAD - 1;
            assert_int_equal(client_put_many(c, tensors, n[i], &err),
                             i == 3 ? -1 : 0);
            assert_null(c->ahead);
        }
        assert_non_null(strstr(err.text, "OOM no"));
        c->ops->close(c);
        scripted_end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(questions),
                                       cmocka_unit_test(together),
                                       cmocka_unit_test(ahead)};

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
