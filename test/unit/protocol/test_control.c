/* A steward's connection, to a server that answers what it is told to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lib/answering.h"
#include "protocol/control.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_as_text),
        cmocka_unit_test(fields_of_info),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
