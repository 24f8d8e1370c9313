/* Databases that this job does not start: a steward's way into one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/tick.h"
#include "lib/answering.h"
#include "plan/roster.h"
#include "servers/external_ask.h"

#define MS INT64_C(1000000)

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
    c = external_enter(&r, 0, 10, &err);
    assert_non_null(c);
    assert_int_equal(control_say(c, NULL, &err, "PING", NULL), 0);
    control_close(c);
    end(&s);
    assert_null(external_enter(&r, 0, 10, &err)); /* nobody is there any more */
    assert_non_null(strstr(err.text, "127.0.0.1:"));
    roster_free(&r);

    begin(&s, wrong, 0);
    make_roster(&r, s.port);
    assert_null(external_enter(&r, 0, 10, &err));
    assert_non_null(strstr(err.text, "WRONGPASS"));
    end(&s);
    roster_free(&r);
}

/* Logging in takes half of the time, and the server does not answer again: what
 * follows has the rest, not ten seconds of its own. */
static void one_deadline_for_all_steps(void **state)
{
    static const char *const slow[] = {"+OK\r\n", NULL};
    struct error err = {.text = ""};
    int64_t start;
    struct roster r;
    struct server s;
    struct control *c;

    (void)state;
    begin(&s, slow, 5000 * MS);
    make_roster(&r, s.port);
    c = external_enter(&r, 0, 10, &err);
    assert_non_null(c);
    start = tick_now();
    assert_int_equal(control_say(c, NULL, &err, "PING", NULL), -1);
    assert_true(tick_now() - start < 10000 * MS);
    control_close(c);
    end(&s);
    roster_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entering),
        cmocka_unit_test(one_deadline_for_all_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
