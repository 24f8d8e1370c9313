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
        assert_false(client_absent(c));
        assert_int_equal(c->ops->get(c, data, &err), -1);
        assert_true(client_absent(c));
        assert_false(client_absent(c)); /* it is forgotten */
        assert_int_equal(c->ops->get(c, data, &err), 0);
        assert_memory_equal(data, "abcdefgh", 8);
        assert_int_equal(c->ops->tell(c, "cnt", 3, STEPS, &err), -1);
        assert_non_null(strstr(err.text, "OOM no"));
        c->ops->close(c);
        scripted_end(&s);
    }
}

#define PUT(key) "*3\r\n$3\r\nSET\r\n$2\r\n" key "\r\n$8\r\nabcdefgh\r\n"
#define TELLS "*3\r\n$3\r\nSET\r\n$3\r\ncnt\r\n$8\r\n" COUNTER "\r\n"
#define ADDS "*5\r\n$4\r\nXADD\r\n$3\r\nstr\r\n$1\r\n7\r\n$1\r\ns\r\n$0\r\n\r\n"

/* A step of n tensors, of which the last has the notice behind it; pipelined or
 * one after the other. */
static int put_step(struct client *c, size_t n, bool pipelined, bool stream,
                    struct error *err)
{
    static float data[2];
    struct srb_tensor t[2] = {{"k1", 2, data, 2}, {"k2", 2, data, 2}};
    const struct client_notice notice = {.tensor = t[n - 1].key,
                                         .tensor_length = 2,
                                         .key = stream ? "str" : "cnt",
                                         .key_length = 3,
                                         .steps = stream ? 7 : STEPS,
                                         .stream = stream};
    int rc = 0;

    memcpy(data, "abcdefgh", sizeof data);
    c->ops->announce(c, &notice);
    for (size_t i = 0; i < n && !pipelined && rc == 0; i++)
        rc = client_put_many(c, &t[i], 1, err);
    if (pipelined)
        rc = client_put_many(c, t, n, err);
    return rc < 0 ? -1 : c->ops->announced(c, err);
}

static const struct notice_vector {
    size_t n;
    bool pipelined, stream;
    struct step step;
    const char *words; /* NULL: it goes well */
} notices[] = {
    {1, false, false, {PUT("k1") TELLS, "+OK\r\n+OK\r\n"}, NULL},
    {1, false, true, {PUT("k1") ADDS, "+OK\r\n$3\r\n7-0\r\n"}, NULL},
    {2,
     true,
     false,
     {PUT("k1") PUT("k2") TELLS, "+OK\r\n+OK\r\n+OK\r\n"},
     NULL},
    {2,
     true,
     true,
     {PUT("k1") PUT("k2") ADDS, "+OK\r\n+OK\r\n$3\r\n7-0\r\n"},
     NULL},
    {1, false, false, {PUT("k1") TELLS, "+OK\r\n-NOPERM no\r\n"}, "NOPERM no"},
    {1, false, true, {PUT("k1") ADDS, "+OK\r\n$3\r\n8-0\r\n"}, "the reply"},
    {1, false, false, {PUT("k1") TELLS, "-OOM no\r\n"}, "put_tensor of k1"},
    {2, true, false, {PUT("k1") PUT("k2") TELLS, "+OK\r\n+OK\r\n"}, "tell"},
};

/* The notice is one with the put in what is sent, and apart from it in what is
 * answered; once said it is not said again. */
static void announces(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT(clients); k++)
        for (size_t i = 0; i < COUNT(notices); i++) {
            const struct notice_vector *v = &notices[i];
            const struct step steps[] = {v->step, {PUT("k1"), "+OK\r\n"}};
            struct scripted s;
            struct error err = {.text = ""};
            struct client *c;

            scripted_listen(&s);
            c = join(clients[k], &s);
            scripted_start(&s, steps, v->words ? 1 : 2);
            if (put_step(c, v->n, v->pipelined, v->stream, &err) < 0) {
                assert_non_null(v->words);
                assert_non_null(strstr(err.text, v->words));
            } else {
                const struct srb_tensor t = {"k1", 2, (float *)"abcdefgh", 2};

                assert_null(v->words);
                assert_int_equal(client_put_many(c, &t, 1, &err), 0);
            }
            c->ops->close(c);
            scripted_end(&s);
        }
}

/* One after the other: only the last has it, in its own send. */
static void announces_last(void **state)
{
    static const struct step steps[] = {
        {PUT("k1"), "+OK\r\n"}, {PUT("k2") ADDS, "+OK\r\n$3\r\n7-0\r\n"}};

    (void)state;
    for (size_t k = 0; k < COUNT(clients); k++) {
        struct scripted s;
        struct error err;
        struct client *c;

        scripted_listen(&s);
        c = join(clients[k], &s);
        scripted_start(&s, steps, COUNT(steps));
        assert_int_equal(put_step(c, 2, false, true, &err), 0);
        c->ops->close(c);
        scripted_end(&s);
    }
}

#define BLOCK                                                                  \
    "*8\r\n$5\r\nXREAD\r\n$5\r\nCOUNT\r\n$1\r\n1\r\n$5\r\nBLOCK\r\n$4\r\n"     \
    "1000\r\n$7\r\nSTREAMS\r\n$3\r\nstr\r\n$1\r\n6\r\n"
#define ENTRY(id)                                                              \
    "*1\r\n*2\r\n$3\r\nstr\r\n*1\r\n*2\r\n$3\r\n" id                           \
    "\r\n*2\r\n$1\r\ns\r\n$0\r\n\r\n"

static const struct vector waits[] = {
    {"*-1\r\n", 0, false, NULL},
    {ENTRY("7-0"), 0, true, NULL},
    {ENTRY("8-0"), 0, true, "poll of k1 at 127.0.0.1:%d: the reply"},
    {"-NOPERM no\r\n", 0, true, "poll of k1 at 127.0.0.1:%d: the server says"},
    {"-E\r\n", 0, true, "poll of k1 at 127.0.0.1:%d: the server says"},
    {NULL, 0, true, "poll of k1 at 127.0.0.1:%d: "},
};

static void block_once(const struct client_ops *ops, const struct vector *v)
{
    const struct step step = {BLOCK, v->reply};
    struct client_poll p = {.counter = "str and more",
                            .counter_length = 3,
                            .tensor = "k1 and more",
                            .tensor_length = 2,
                            .step = 6,
                            .ms = 1000};
    struct scripted s;
    struct client *c;
    struct error err = {.text = ""};
    char words[200];
    int rc;

    scripted_listen(&s);
    c = join(ops, &s);
    scripted_start(&s, &step, 1);
    rc = c->ops->block(c, &p, &err);
    assert_int_equal(rc, v->words ? -1 : 0);
    if (v->words) {
        snprintf(words, sizeof words, v->words, s.port);
        assert_int_equal(strncmp(err.text, words, strlen(words)), 0);
    } else {
        assert_int_equal(p.there, v->there);
    }
    c->ops->close(c);
    scripted_end(&s);
}

static void blocks(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT(clients); k++)
        for (size_t i = 0; i < COUNT(waits); i++)
            block_once(clients[k], &waits[i]);
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
        assert_true(client_absent(c));
        assert_int_equal(c->ops->get(c, data, &err), -1);
        assert_false(client_absent(c));
        c->ops->close(c);
        scripted_end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(polls),     cmocka_unit_test(tells),
        cmocka_unit_test(announces), cmocka_unit_test(announces_last),
        cmocka_unit_test(blocks),    cmocka_unit_test(absent_tensors)};

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
