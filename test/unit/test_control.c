/* A steward's connection, to a server that answers what it is told to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "srb/control.h"
#include "srb/roster.h"
#include "srb/tick.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MS INT64_C(1000000)

/* One connection's server: to each request its answer, until there is none;
 * then it is silent. */
struct server {
    int fd, port;
    int64_t delay_ns; /* before each */
    const char *const *answers;
    pthread_t thread;
};

static void *serve(void *of)
{
    const struct server *s = of;
    int fd = accept(s->fd, NULL, NULL);
    char request[512];

    for (const char *const *a = s->answers;
         recv(fd, request, sizeof request, 0) > 0; a += *a != NULL) {
        tick_sleep(s->delay_ns);
        if (*a)
            send(fd, *a, strlen(*a), MSG_NOSIGNAL);
    }
    close(fd);
    return NULL;
}

static void begin(struct server *s, const char *const *answers,
                  int64_t delay_ns)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;

    s->answers = answers;
    s->delay_ns = delay_ns;
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(s->fd, 1), 0);
    getsockname(s->fd, (struct sockaddr *)&at, &n);
    s->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

/* After the connection is closed. */
static void end(struct server *s)
{
    pthread_join(s->thread, NULL);
    close(s->fd);
}

static void replies_as_text(void **state)
{
    /* words: of a failure */
    static const struct {
        const char *answer, *text, *words;
    } vectors[] = {
        {"+PONG\r\n", "PONG", NULL},
        {"$3\r\nabc\r\n", "abc", NULL},
        {"$0\r\n\r\n", "", NULL},
        {"$-1\r\n", "", NULL},
        {":42\r\n", "42", NULL},
        {"*2\r\n$4\r\nsave\r\n$0\r\n\r\n", "save\n\n", NULL},
        {"-NOPERM this user has no permissions\r\n", NULL,
         ": ASK: NOPERM this user has no permissions"},
        {"?what\r\n", NULL, "Protocol error"},
        {NULL, NULL, ": ASK: no answer in time"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        const char *answers[] = {vectors[i].answer, NULL};
        struct error err = {.text = ""};
        struct server s;
        struct control *c;
        char *text = NULL;
        int rc;

        begin(&s, answers, 0);
        c = control_open("127.0.0.1", s.port, vectors[i].answer ? 10 : 0.1,
                         &err);
        assert_non_null(c);
        rc = control_say(c, &text, &err, "ASK", NULL);
        control_close(c);
        end(&s);
        assert_int_equal(rc, vectors[i].text ? 0 : -1);
        if (rc == 0)
            assert_string_equal(text, vectors[i].text);
        else if (!strstr(err.text, vectors[i].words))
            fail_msg("'%s' lacks '%s'", err.text, vectors[i].words);
        free(text);
    }
}

static void fields_of_info(void **state)
{
    static const char info[] = "# Stats\r\nused_cpu_user:1.5\r\n"
                               "redis_version:7.0.15\r\n"
                               "cmdstat_AI.TENSORSET:calls=4,usec=1\r\nlast:7";
    static const struct {
        const char *key, *value;
        int64_t number;
    } vectors[] = {
        {"redis_version", "7.0.15", 7},
        {"last", "7", 7},
        {"cmdstat_ai.tensorset", "calls=4,usec=1", -5},
        {"redis", NULL, -5},
        {"version", NULL, -5},
        {"Stats", NULL, -5},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        size_t n = 0;
        const char *at = control_field(info, vectors[i].key, &n);

        if (vectors[i].value) {
            assert_non_null(at);
            assert_int_equal(n, strlen(vectors[i].value));
            assert_memory_equal(at, vectors[i].value, n);
        } else {
            assert_null(at);
        }
        if (vectors[i].number >= 0 || !at)
            assert_int_equal(control_number(info, vectors[i].key, -5),
                             vectors[i].number);
    }
}

/* A shard with a password, at that port. */
static void make_roster(struct roster *r, int port)
{
    memset(r, 0, sizeof *r);
    roster_alloc(r, 1);
    r->secret = secret_open();
    strcpy(r->secret->steward.user, "me");
    strcpy(r->secret->steward.password, "SesaMe");
    strcpy(r->shard[0].address, "127.0.0.1");
    r->shard[0].port = port;
}

static void entering(void **state)
{
    static const char *const fine[] = {"+OK\r\n", "+PONG\r\n", NULL};
    static const char *const wrong[] = {"-WRONGPASS no\r\n", NULL};
    struct error err = {.text = ""};
    struct roster r;
    struct server s;
    struct control *c;

    (void)state;
    begin(&s, fine, 0);
    make_roster(&r, s.port);
    c = control_enter(&r, 0, 10, &err);
    assert_non_null(c);
    assert_int_equal(control_say(c, NULL, &err, "PING", NULL), 0);
    control_close(c);
    end(&s);
    assert_null(control_enter(&r, 0, 10, &err)); /* nobody is there any more */
    assert_non_null(strstr(err.text, "127.0.0.1:"));
    roster_free(&r);

    begin(&s, wrong, 0);
    make_roster(&r, s.port);
    assert_null(control_enter(&r, 0, 10, &err));
    assert_non_null(strstr(err.text, "WRONGPASS"));
    end(&s);
    roster_free(&r);
}

/* Logging in takes half of the time, and the server does not answer again: what
 * follows has the rest, not four seconds of its own. */
static void one_deadline_for_all_steps(void **state)
{
    static const char *const slow[] = {"+OK\r\n", NULL};
    struct error err = {.text = ""};
    int64_t start;
    struct roster r;
    struct server s;
    struct control *c;

    (void)state;
    begin(&s, slow, 2000 * MS);
    make_roster(&r, s.port);
    c = control_enter(&r, 0, 4, &err);
    assert_non_null(c);
    start = tick_now();
    assert_int_equal(control_say(c, NULL, &err, "PING", NULL), -1);
    assert_true(tick_now() - start < 4000 * MS);
    control_close(c);
    end(&s);
    roster_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_as_text),
        cmocka_unit_test(fields_of_info),
        cmocka_unit_test(entering),
        cmocka_unit_test(one_deadline_for_all_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
