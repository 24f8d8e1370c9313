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
    "or aggregate with it"
#define CONTROL                                                                \
    "expected 0, or a multiple of 4 (bytes of an element) that is no longer "  \
    "than the shortest tensor, 64"
#define AGGREGATE "--pattern=[pair,aggregate]"

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
     "--control_bytes: found 3, " CONTROL},
    {{{EXCHANGE, "--control_bytes=[4,6]", "--tensor_bytes=64,128"}},
     "--control_bytes: found 6, " CONTROL},
    {{{EXCHANGE, "--control_bytes=68", "--tensor_bytes=64,128"}},
     "--control_bytes: found 68, " CONTROL},
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
    {{{"--pattern=gather"}},
     "--pattern: found 'gather', expected pair, phases, exchange or aggregate"},
    {{{AGGREGATE, "--retire=[delete,overwrite]"}},
     "--retire: overwrite contradicts pattern: aggregate, whose readers would "
     "take an old step for the one that they await; expected delete with it"},
    {{{AGGREGATE, "--retire=expire", "--expire_after=1s"}},
     "--retire: expire contradicts pattern: aggregate, whose lists do not go "
     "by themselves; expected delete with it, or pattern: exchange"},
    {{{AGGREGATE, "--duration=5s"}},
     "--duration: contradicts pattern: aggregate, whose readers must know how "
     "many steps there will be; expected iterations with it"},
    {{{AGGREGATE, "--control_bytes=4"}},
     "--control_bytes: contradicts pattern: aggregate, whose lists say that "
     "the "
     "rest is there; expected 0 with it, or pattern: exchange"},
    {{{AGGREGATE, "--wait=[1ms,block]"}},
     "--wait: block contradicts pattern: aggregate, whose readers ask how long "
     "a list is; expected a time or spin with it, or pattern: exchange"},
    {{{AGGREGATE, "--pipelined=true"}},
     "--pipelined: is for several tensors of a step, expected tensors of 2 or "
     "more with it"},
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
static void shown_of(const struct line *line, const char *pattern,
                     const char *pipelined)
{
    static const struct line nothing = {{NULL}};
    struct options o, again;
    struct error err;
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    assert_int_equal(parse(&o, line, NULL, 0, &err), 0);
    options_show(&o, out);
    fclose(out);
    assert_non_null(strstr(text, pattern));
    assert_non_null(strstr(text, pipelined));
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

static void shown(void **state)
{
    static const struct line exchange = {{"--pattern=exchange", "--wait=spin"}};
    static const struct line aggregate = {
        {"--pattern=aggregate", "--wait=spin"}};

    (void)state;
    shown_of(&exchange, "\npattern: exchange\n", "\npipelined: false\n");
    shown_of(&aggregate, "\npattern: aggregate\n", "\n# pipelined: false\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(refusals),
                                       cmocka_unit_test(shown)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
