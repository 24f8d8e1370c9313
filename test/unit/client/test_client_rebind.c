/* Clients that are bound to another key and length, on one connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>

#include "client/client.h"
#include "lib/scripted.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define OK "+OK\r\n"

static const struct client_ops *const clients[] = {&client_socket,
                                                   &client_hiredis};

/* What is done between two looks at the reply: of "abcdefghijkl" the first
 * `bytes` are put, or expected. */
struct turn {
    enum { PUT, GET } what;
    const char *key;
    size_t bytes;
    struct step step;
};

/* Shorter, longer and as before: of the old key nothing may be left. */
static const struct turn plain[] = {
    {PUT, "k", 8, {"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$8\r\nabcdefgh\r\n", OK}},
    {GET, "k", 8, {"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "$8\r\nabcdefgh\r\n"}},
    {GET,
     "longer_key",
     12,
     {"*2\r\n$3\r\nGET\r\n$10\r\nlonger_key\r\n", "$12\r\nabcdefghijkl\r\n"}},
    {PUT,
     "longer_key",
     12,
     {"*3\r\n$3\r\nSET\r\n$10\r\nlonger_key\r\n$12\r\nabcdefghijkl\r\n", OK}},
    {PUT, "x", 4, {"*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$4\r\nabcd\r\n", OK}},
    {GET, "x", 4, {"*2\r\n$3\r\nGET\r\n$1\r\nx\r\n", "$4\r\nabcd\r\n"}},
    {GET, "k", 8, {"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "$8\r\nabcdefgh\r\n"}},
};

#define TENSOR_GET(length, key)                                                \
    "*4\r\n$12\r\nAI.TENSORGET\r\n$" #length "\r\n" key                        \
    "\r\n$4\r\nMETA\r\n$4\r\nBLOB\r\n"
#define TENSOR(floats, bytes, blob)                                            \
    "*6\r\n$5\r\ndtype\r\n$5\r\nFLOAT\r\n$5\r\nshape\r\n*2\r\n:1\r\n:" #floats \
    "\r\n$4\r\nblob\r\n$" #bytes "\r\n" blob "\r\n"

/* The command set stays. */
static const struct turn redisai[] = {
    {GET, "k", 8, {TENSOR_GET(1, "k"), TENSOR(2, 8, "abcdefgh")}},
    {GET,
     "longer",
     12,
     {TENSOR_GET(6, "longer"), TENSOR(3, 12, "abcdefghijkl")}},
    {PUT,
     "x",
     4,
     {"*7\r\n$12\r\nAI.TENSORSET\r\n$1\r\nx\r\n$5\r\nFLOAT\r\n$1\r\n1\r\n"
      "$1\r\n1\r\n$4\r\nBLOB\r\n$4\r\nabcd\r\n",
      OK}},
};

/* A client for a key that no turn has. */
static struct client *open_client(const struct client_ops *ops,
                                  const struct command_set *commands, int port)
{
    const struct client_params p = {.address = "127.0.0.1",
                                    .port = port,
                                    .key = "first",
                                    .bytes = 400,
                                    .commands = commands,
                                    .op_timeout = 2,
                                    .client = -1};
    struct error err = {.text = ""};
    struct client *c = ops->open(&p, &err);

    if (!c)
        fail_msg("%s: %s", ops->name, err.text);
    return c;
}

static void take_turn(struct client *c, const struct turn *t)
{
    static const char letters[] = "abcdefghijkl";
    char in[sizeof letters] = "";
    struct error err = {.text = ""};
    int rc;

    c->ops->rebind(c, t->key, t->bytes);
    rc = t->what == PUT ? c->ops->put(c, letters, &err)
                        : c->ops->get(c, in, &err);
    if (rc < 0)
        fail_msg("%s: %s of %zu: %s", c->ops->name, t->key, t->bytes, err.text);
    if (t->what == GET && memcmp(in, letters, t->bytes) != 0)
        fail_msg("%s: %s brought '%s'", c->ops->name, t->key, in);
    if (in[t->bytes])
        fail_msg("%s: %s wrote behind %zu bytes", c->ops->name, t->key,
                 t->bytes);
}

static void take_turns(const struct client_ops *ops,
                       const struct command_set *commands,
                       const struct turn *turns, size_t n)
{
    struct step steps[16];
    struct scripted server;
    struct client *c;

    assert_in_range(n, 1, COUNT(steps));
    for (size_t i = 0; i < n; i++)
        steps[i] = turns[i].step;
    scripted_listen(&server);
    scripted_start(&server, steps, n);
    c = open_client(ops, commands, server.port);
    for (size_t i = 0; i < n; i++)
        take_turn(c, &turns[i]);
    ops->close(c);
    scripted_end(&server);
}

static void other_keys_and_lengths(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(clients); i++)
        take_turns(clients[i], &command_plain, plain, COUNT(plain));
}

static void with_the_commands_of_redisai(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(clients); i++)
        take_turns(clients[i], &command_redisai, redisai, COUNT(redisai));
}

/* Its words are of the key that it is bound to now. */
static void a_length_that_is_not_the_new_one(const struct client_ops *ops)
{
    const struct step steps[] = {
        {"*2\r\n$3\r\nGET\r\n$3\r\nnew\r\n", "$8\r\nabcdefgh\r\n"}};
    struct error err = {.text = ""};
    struct scripted server;
    struct client *c;
    float in[3];

    scripted_listen(&server);
    scripted_start(&server, steps, COUNT(steps));
    c = open_client(ops, NULL, server.port);
    ops->rebind(c, "new", sizeof in);
    assert_int_equal(ops->get(c, in, &err), -1);
    if (!strstr(err.text, "unpack_tensor of new at") ||
        !strstr(err.text, "8 bytes instead of 12"))
        fail_msg("%s says '%s'", ops->name, err.text);
    ops->close(c);
    scripted_end(&server);
}

static void lengths_are_of_the_new_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(clients); i++)
        a_length_that_is_not_the_new_one(clients[i]);
}

/* A closed connection does not come back with another key. */
static void closed(const struct client_ops *ops)
{
    const struct step steps[] = {{"*2\r\n$3\r\nGET\r\n$1\r\na\r\n", HANGS_UP}};
    struct error err = {.text = ""};
    struct scripted server;
    struct client *c;
    float in[2];

    scripted_listen(&server);
    scripted_start(&server, steps, COUNT(steps));
    c = open_client(ops, NULL, server.port);
    for (const char *key = "abc"; *key; key++) {
        const char one[] = {*key, '\0'};

        ops->rebind(c, one, sizeof in);
        err.text[0] = '\0';
        assert_int_equal(ops->get(c, in, &err), -1);
        if (strncmp(err.text, "unpack_tensor of ", 17) != 0 ||
            err.text[17] != *key)
            fail_msg("%s says '%s' of key %c", ops->name, err.text, *key);
    }
    ops->close(c);
    scripted_end(&server);
}

static void what_went_wrong_stays_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(clients); i++)
        closed(clients[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_keys_and_lengths),
        cmocka_unit_test(with_the_commands_of_redisai),
        cmocka_unit_test(lengths_are_of_the_new_key),
        cmocka_unit_test(what_went_wrong_stays_wrong),
    };

    signal(SIGPIPE, SIG_IGN); /* of hiredis (tensor_client.h) */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
