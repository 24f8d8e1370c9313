/* Options of writers and readers: what is refused, in which words, and that
 * what is shown reads back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/options_line.h"
#include "options/options.h"

#define EXCHANGE "--pattern=[pair,exchange]"
#define VAIN                                                                   \
    "is for clients that read what others write, expected pattern: exchange "  \
    "with it"

static const struct {
    struct line line;
    const char *words;
} bad[] = {
    {{{"--readers_per_node=2"}}, "--readers_per_node: " VAIN},
    {{{"throughput_standard", "--reader_nodes=2"}}, "--reader_nodes: " VAIN},
    {{{"--wait=2ms"}}, "--wait: " VAIN},
    {{{"--fan=all", "--pattern=phases"}}, "--fan: " VAIN},
    {{{"--control_bytes=8"}}, "--control_bytes: " VAIN},
    {{{EXCHANGE, "--control_bytes=[0,3]", "--tensor_bytes=64,128"}},
     "--control_bytes: found 3, expected 0, or a size from 4 on that is no "
     "longer than the shortest tensor, 64"},
    {{{EXCHANGE, "--control_bytes=65", "--tensor_bytes=64,128"}},
     "--control_bytes: found 65, expected 0, or a size from 4 on that is no "
     "longer than the shortest tensor, 64"},
    {{{EXCHANGE, "--retire=[delete,overwrite]"}},
     "--retire: overwrite contradicts pattern: exchange, whose readers would "
     "take an old step for the one that they await; expected delete or expire "
     "with it"},
    {{{EXCHANGE, "--duration=5s"}},
     "--duration: contradicts pattern: exchange, whose readers must know how "
     "many steps there will be; expected iterations with it"},
    {{{EXCHANGE, "--rate=search", "--sustain={put_response_p99: '< 5ms'}"}},
     "--rate: search contradicts pattern: exchange, whose readers must know "
     "how many steps there will be; expected numbers with it"},
    {{{EXCHANGE, "--sync=[start,iteration]"}},
     "--sync: iteration contradicts pattern: exchange, where readers are held "
     "together with writers by what these put, and by nothing else; expected "
     "start or none with it"},
    {{{EXCHANGE, "--wait=never"}},
     "--wait: found 'never', expected a time above 0s and up to 86400s such as "
     "30s, 5m or 05:00:00, spin or block"},
    {{{"--pattern=aggregate"}},
     "--pattern: found 'aggregate', expected pair, phases or exchange"},
};

static void refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct options o;
        struct error err;

        assert_int_equal(parse(&o, &bad[i].line, NULL, 0, &err), -1);
        assert_string_equal(err.text, bad[i].words);
    }
}

/* The defaults that are not meant are comments, or they would be refused. */
static void shown(void **state)
{
    static const struct line line = {{"--pattern=exchange", "--wait=spin"}};
    static const struct line nothing = {{NULL}};
    struct options o, again;
    struct error err;
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    (void)state;
    assert_int_equal(parse(&o, &line, NULL, 0, &err), 0);
    options_show(&o, out);
    fclose(out);
    assert_non_null(strstr(text, "\npattern: exchange\n"));
    assert_non_null(strstr(text, "\nwait: spin\n"));
    assert_non_null(strstr(text, "\n# retire: overwrite\n"));
    assert_non_null(strstr(text, "\n# history: 1\n"));
    if (parse(&again, &nothing, text, n, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(options_resumable(&o, &again, &err), 0);
    options_free(&o);
    options_free(&again);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(refusals),
                                       cmocka_unit_test(shown)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
