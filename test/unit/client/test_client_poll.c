/* Writers and readers through every client that talks to a server: the bytes on
 * the wire, what is made of the replies, and whether a tensor was not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdbool.h>

#include "client/client.h"
#include "lib/scripted.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct client_ops *const clients[] = {&client_socket,
                                                   &client_hiredis};

/* The counter first: whoever asks for the tensor first would take one that
 * comes in between for one that is gone. */
#define POLL                                                                   \
    "*2\r\n$3\r\nGET\r\n$3\r\ncnt\r\n*2\r\n$6\r\nEXISTS\r\n$2\r\nk1\r\n"

/* A counter of 0x41424344 45464748 is text that can be written down. */
#define COUNTER "ABCDEFGH"
#define STEPS INT64_C(0x4142434445464748)

static const struct vector {
    const char *reply;
    int64_t steps;
    bool there;
    const char *words; /* NULL: it goes well */
} vectors[] = {
    {"$-1\r\n:0\r\n", 0, false, NULL},
    {"$-1\r\n:1\r\n", 0, true, NULL},
    {"$8\r\n" COUNTER "\r\n:0\r\n", STEPS, false, NULL},
    {"$8\r\n" COUNTER "\r\n:1\r\n", STEPS, true, NULL},
    {"-BUSY a put writes this key right now\r\n:0\r\n", 0, false, NULL},
    {"-BUSY a put writes this key right now\r\n:1\r\n", 0, true, NULL},
    {"-NOPERM no\r\n", 0, false, "poll of k1 at 127.0.0.1:%d: the server says"},
    {"$8\r\n" COUNTER "\r\n-NOPERM no\r\n", STEPS, false,
     "poll of k1 at 127.0.0.1:%d: the server says"},
    {"+whatever\r\n", 0, false, "poll of k1 at 127.0.0.1:%d: "},
    {NULL, 0, false, "poll of k1 at 127.0.0.1:%d: "},
};

static struct client *join(const struct client_ops *ops, struct scripted *s)
{
    const struct client_params p = {.address = "127.0.0.1",
                                    .port = s->port,
                                    .key = "k0",
                                    .bytes = 8,
                                    .op_timeout = 2,
                                    .client = 0};
    struct error err;
    struct client *c = ops->open(&p, &err);

    if (!c)
        fail_msg("%s", err.text);
    return c;
}

static void poll_once(const struct client_ops *ops, const struct vector *v)
{
    const struct step step = {POLL, v->reply};
    struct client_poll p = {.counter = "cnt and more",
                            .counter_length = 3,
                            .tensor = "k1 and more",
                            .tensor_length = 2,
                            .steps = -1};
    struct scripted s;
    struct client *c;
    struct error err = {.text = ""};
    char words[200];
    int rc;

    scripted_listen(&s);
    c = join(ops, &s);
    scripted_start(&s, &step, 1);
    rc = c->ops->poll(c, &p, &err);
    assert_int_equal(rc, v->words ? -1 : 0);
    if (v->words) {
        snprintf(words, sizeof words, v->words, s.port);
        assert_int_equal(strncmp(err.text, words, strlen(words)), 0);
    } else {
        assert_int_equal(p.steps, v->steps);
        assert_int_equal(p.there, v->there);
    }
    c->ops->close(c);
    scripted_end(&s);
}

static void polls(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT(clients); k++)
        for (size_t i = 0; i < COUNT(vectors); i++)
            poll_once(clients[k], &vectors[i]);
}

/* What a writer tells, and a get of what is not there, which leaves the
 * connection as good as it was. */
static void tells(void **state)
{
    static const struct step steps[] = {
        {"*3\r\n$3\r\nSET\r\n$3\r\ncnt\r\n$8\r\n" COUNTER "\r\n", "+OK\r\n"},
        {"*2\r\n$3\r\nGET\r\n$2\r\nk0\r\n", "$-1\r\n"},
        {"*2\r\n$3\r\nGET\r\n$2\r\nk0\r\n", "$8\r\nabcdefgh\r\n"},
        {"*3\r\n$3\r\nSET\r\n$3\r\ncnt\r\n$8\r\n" COUNTER "\r\n",
         "-OOM no\r\n"},
    };

    (void)state;
    for (size_t k = 0; k < COUNT(clients); k++) {
        struct scripted s;
        struct client *c;
        struct error err;
        char data[8];

        scripted_listen(&s);
        c = join(clients[k], &s);
        scripted_start(&s, steps, COUNT(steps));
        assert_int_equal(c->ops->tell(c, "cnt", 3, STEPS, &err), 0);
        assert_false(c->ops->absent(c));
        assert_int_equal(c->ops->get(c, data, &err), -1);
        assert_true(c->ops->absent(c));
        assert_false(c->ops->absent(c)); /* it is forgotten */
        assert_int_equal(c->ops->get(c, data, &err), 0);
        assert_memory_equal(data, "abcdefgh", 8);
        assert_int_equal(c->ops->tell(c, "cnt", 3, STEPS, &err), -1);
        assert_non_null(strstr(err.text, "OOM no"));
        c->ops->close(c);
        scripted_end(&s);
    }
}

/* RedisAI has an error for it. */
static void absent_tensors(void **state)
{
    static const struct step steps[] = {
        {"*4\r\n$12\r\nAI.TENSORGET\r\n$2\r\nk0\r\n$4\r\nMETA\r\n$"
         "4\r\nBLOB\r\n",
         "-ERR tensor key is empty or in a different shard\r\n"},
        {"*4\r\n$12\r\nAI.TENSORGET\r\n$2\r\nk0\r\n$4\r\nMETA\r\n$"
         "4\r\nBLOB\r\n",
         "-ERR something else\r\n"},
    };

    (void)state;
    for (size_t k = 0; k < COUNT(clients); k++) {
        struct scripted s;
        struct client_params p = {.address = "127.0.0.1",
                                  .key = "k0",
                                  .bytes = 8,
                                  .commands = &command_redisai,
                                  .op_timeout = 2};
        struct client *c;
        struct error err;
        char data[8];

        scripted_listen(&s);
        p.port = s.port;
        c = clients[k]->open(&p, &err);
        assert_non_null(c);
        scripted_start(&s, steps, COUNT(steps));
        assert_int_equal(c->ops->get(c, data, &err), -1);
        assert_true(c->ops->absent(c));
        assert_int_equal(c->ops->get(c, data, &err), -1);
        assert_false(c->ops->absent(c));
        c->ops->close(c);
        scripted_end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(polls),
                                       cmocka_unit_test(tells),
                                       cmocka_unit_test(absent_tensors)};

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
