/* CLUSTER SLOTS: replies as servers give them, and damaged ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/slots.h"
#include "lib/scripted.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define ASK "*2\r\n$7\r\nCLUSTER\r\n$5\r\nSLOTS\r\n"
#define ID "$4\r\n0a1b\r\n"
/* Of a range: who has it. */
#define SERVER(length, host, port)                                             \
    "*3\r\n$" #length "\r\n" host "\r\n:" #port "\r\n" ID
#define RANGE(first, last, server) "*3\r\n:" #first "\r\n:" #last "\r\n" server
#define ALL(server) "*1\r\n" RANGE(0, 16383, server)
/* The rest never comes. */
#define CUT "*1\r\n*3\r\n:0\r\n"
#define DAMAGED "is not what Redis has for it"

struct vector {
    const char *what, *reply;
    const char *found; /* "first-last host:port, ..."; NULL: it fails */
    const char *words; /* of the failure */
};

static const struct vector vectors[] = {
    /* one server */
    {"no cluster", "-ERR This instance has cluster support disabled\r\n",
     "itself", NULL},
    {"no such command", "-ERR unknown command 'CLUSTER'\r\n", "itself", NULL},
    {"one with all slots", ALL(SERVER(8, "10.0.0.1", 7000)),
     "0-16383 10.0.0.1:7000", NULL},
    /* several */
    {"three shards",
     "*3\r\n" RANGE(0, 5460, SERVER(8, "10.0.0.1", 7000))
         RANGE(5461, 10922, SERVER(8, "10.0.0.2", 7000))
             RANGE(10923, 16383, SERVER(8, "10.0.0.1", 7001)),
     "0-5460 10.0.0.1:7000, 5461-10922 10.0.0.2:7000, "
     "10923-16383 10.0.0.1:7001",
     NULL},
    {"not in order",
     "*2\r\n" RANGE(9, 16383, SERVER(1, "b", 2)) RANGE(0, 8, SERVER(1, "a", 1)),
     "0-8 a:1, 9-16383 b:2", NULL},
    {"a server with two ranges",
     "*3\r\n" RANGE(0, 9, SERVER(1, "a", 1)) RANGE(10, 19, SERVER(1, "b", 2))
         RANGE(20, 16383, SERVER(1, "a", 1)),
     "0-9 a:1, 10-19 b:2, 20-16383 a:1", NULL},
    {"slots that nobody has",
     "*2\r\n" RANGE(5, 5, SERVER(1, "a", 1))
         RANGE(16383, 16383, SERVER(1, "b", 2)),
     "5-5 a:1, 16383-16383 b:2", NULL},
    {"replicas are nobody's",
     "*1\r\n*5\r\n:0\r\n:16383\r\n" SERVER(1, "a", 1) SERVER(1, "b", 2)
         SERVER(1, "c", 3),
     "0-16383 a:1", NULL},
    /* names */
    {"Redis 3: no id", ALL("*2\r\n$1\r\na\r\n:1\r\n"), "0-16383 a:1", NULL},
    {"Redis 7: more about it",
     ALL("*4\r\n$1\r\na\r\n:1\r\n" ID "*2\r\n$2\r\nip\r\n$1\r\nb\r\n"),
     "0-16383 a:1", NULL},
    {"no name", ALL("*3\r\n$-1\r\n:7000\r\n" ID), "0-16383 127.0.0.1:7000",
     NULL},
    {"an empty name", ALL(SERVER(0, "", 7000)), "0-16383 127.0.0.1:7000", NULL},
    {"IPv6", ALL(SERVER(3, "::1", 7000)), "0-16383 ::1:7000", NULL},
    {"the last port", ALL(SERVER(1, "a", 65535)), "0-16383 a:65535", NULL},
    /* refused */
    {"a password", "-NOAUTH Authentication required.\r\n", NULL,
     "CLUSTER SLOTS: the server says: NOAUTH Authentication required."},
    {"no right", "-NOPERM this user has no permissions\r\n", NULL, "NOPERM"},
    {"loading", "-LOADING Redis is loading\r\n", NULL, "LOADING"},
    {"ERROR is not ERR", "-ERROR of some proxy\r\n", NULL, "ERROR of some"},
    {"nobody has anything", "*0\r\n", NULL, "no server with slots"},
    {"it does not know itself", ALL(SERVER(1, "?", 7000)), NULL,
     "'?' is no server"},
    /* damaged */
    {"a status", "+OK\r\n", NULL, "the reply is no array"},
    {"a string", "$1\r\nx\r\n", NULL, "the reply is no array"},
    {"nil", "$-1\r\n", NULL, "the reply is no array"},
    {"an array of numbers", "*1\r\n:0\r\n", NULL, DAMAGED},
    {"a range of two", "*1\r\n*2\r\n:0\r\n:16383\r\n", NULL, DAMAGED},
    {"no such first slot", "*1\r\n" RANGE(-1, 9, SERVER(1, "a", 1)), NULL,
     DAMAGED},
    {"no such last slot", "*1\r\n" RANGE(0, 16384, SERVER(1, "a", 1)), NULL,
     DAMAGED},
    {"backwards", "*1\r\n" RANGE(9, 0, SERVER(1, "a", 1)), NULL, DAMAGED},
    {"a slot in words", "*1\r\n*3\r\n$1\r\n0\r\n:16383\r\n" SERVER(1, "a", 1),
     NULL, DAMAGED},
    {"a server in words", ALL("$3\r\na:1\r\n"), NULL, DAMAGED},
    {"a server without a port", ALL("*1\r\n$1\r\na\r\n"), NULL, DAMAGED},
    {"a name that is a number", ALL("*2\r\n:1\r\n:1\r\n"), NULL, DAMAGED},
    {"a port in words", ALL("*2\r\n$1\r\na\r\n$1\r\n1\r\n"), NULL, DAMAGED},
    {"port 0", ALL(SERVER(1, "a", 0)), NULL, DAMAGED},
    {"port 65536", ALL(SERVER(1, "a", 65536)), NULL, DAMAGED},
    {"the second is damaged",
     "*2\r\n" RANGE(0, 9, SERVER(1, "a", 1)) "*1\r\n:10\r\n", NULL, DAMAGED},
    {"no RESP", "HTTP/1.1 400 Bad Request\r\n", NULL, "no answer: Protocol"},
    {"closed", HANGS_UP, NULL, "no answer: Server closed"},
    {"cut", CUT, NULL, "no answer: "},
};

/* Ask a server that answers so. */
static int ask(const char *reply, struct client_slots *s, int *port,
               struct error *err)
{
    const struct step steps[] = {{ASK, reply}};
    struct scripted server;
    struct client_params p = {.address = "127.0.0.1",
                              .op_timeout =
                                  reply && strcmp(reply, CUT) == 0 ? 0.1 : 600,
                              .client = -1};
    int rc;

    scripted_listen(&server);
    *port = p.port = server.port;
    scripted_start(&server, steps, COUNT(steps));
    rc = client_slots_ask(&p, s, err);
    scripted_end(&server);
    return rc;
}

/* As vectors have it: runs of slots that one server has. */
static void print(const struct client_slots *s, int port, char *text, size_t n)
{
    int first = 0;

    text[0] = '\0';
    if (!s->cluster && s->nshards == 1 && s->shard->port == port &&
        strcmp(s->shard->host, "127.0.0.1") == 0) {
        snprintf(text, n, "itself");
        return;
    }
    for (int k = 1; k <= SRB_SLOTS; k++) {
        size_t used = strlen(text);

        if (k < SRB_SLOTS && s->of[k] == s->of[first])
            continue;
        if (s->of[first] != SRB_SLOT_NOBODY)
            snprintf(text + used, n - used, "%s%d-%d %.40s:%d",
                     used ? ", " : "", first, k - 1,
                     s->shard[s->of[first]].host, s->shard[s->of[first]].port);
        first = k;
    }
}

static void check(const struct vector *v)
{
    static struct client_slots s;
    struct error err = {.text = ""};
    char text[256], where[64];
    int port, rc = ask(v->reply, &s, &port, &err);

    snprintf(where, sizeof where, "127.0.0.1:%d: ", port);
    if (rc < 0 && v->found)
        fail_msg("%s: %s", v->what, err.text);
    if (rc == 0 && !v->found)
        fail_msg("%s: it was taken", v->what);
    if (rc < 0) {
        assert_null(s.shard);
        if (!strstr(err.text, v->words) ||
            strncmp(err.text, where, strlen(where)) != 0)
            fail_msg("%s: it says '%s'", v->what, err.text);
        return;
    }
    print(&s, port, text, sizeof text);
    if (strcmp(text, v->found) != 0)
        fail_msg("%s: found '%s' instead of '%s'", v->what, text, v->found);
    client_slots_free(&s);
}

static void replies_of_servers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++)
        check(&vectors[i]);
}

/* A server that has several ranges is one shard, with one connection. */
static void a_server_is_counted_once(void **state)
{
    static struct client_slots s;
    struct error err = {.text = ""};
    int port;

    (void)state;
    assert_int_equal(ask("*3\r\n" RANGE(0, 9, SERVER(1, "a", 1))
                             RANGE(10, 19, SERVER(1, "b", 1))
                                 RANGE(20, 29, SERVER(1, "a", 1)),
                         &s, &port, &err),
                     0);
    assert_int_equal(s.nshards, 2);
    client_slots_free(&s);
    assert_int_equal(s.nshards, 0);
}

/* DNS has names of 253 bytes at most. */
static void a_name_that_is_too_long(void **state)
{
    static struct client_slots s;
    struct error err = {.text = ""};
    char reply[512], name[SRB_HOST_MAX + 1] = "";
    int port;

    (void)state;
    memset(name, 'h', SRB_HOST_MAX);
    for (size_t n = SRB_HOST_MAX - 1; n <= SRB_HOST_MAX; n++) {
        name[n] = '\0';
        snprintf(reply, sizeof reply,
                 "*1\r\n*3\r\n:0\r\n:9\r\n*2\r\n$%zu\r\n%.*s\r\n:1\r\n", n,
                 (int)n, name);
        name[n] = 'h';
        if (n < SRB_HOST_MAX) {
            assert_int_equal(ask(reply, &s, &port, &err), 0);
            assert_int_equal(strlen(s.shard->host), n);
            client_slots_free(&s);
        } else {
            assert_int_equal(ask(reply, &s, &port, &err), -1);
            assert_non_null(strstr(err.text, "is no server"));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_of_servers),
        cmocka_unit_test(a_server_is_counted_once),
        cmocka_unit_test(a_name_that_is_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
