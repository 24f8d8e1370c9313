/* What a rate must fulfil: which limits may be, how many samples a percentile
 * needs, and what holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "lib/study.h"
#include "study/sustain.h"

static struct sustain *open_it(struct study *s, const struct line *line)
{
    struct sustain *x;
    struct error err;

    study_open(s, line);
    if (sustain_open(&x, &s->sweep, &err) < 0)
        fail_msg("%s", err.text);
    return x;
}

static void without_a_search_there_is_none(void **state)
{
    static const struct line line = {{"--rate=5"}};
    struct study s;

    (void)state;
    assert_null(open_it(&s, &line));
    assert_int_equal(sustain_check(NULL, &s.sweep, NULL, NULL), 0);
    study_close(&s);
}

/* The percentile's samples, in the time of a probe, of all clients. */
static void rates_below_cannot_be_judged(void **state)
{
    static const struct {
        struct line line;
        int clients;
        double least;
    } vectors[] = {
        {{{"--rate=search", "--sustain={put_response_p99: < 1s}"}},
         1,
         1001 / 10.0},
        {{{"--rate=search", "--sustain={put_response_p99: < 1s}",
           "--duration=5s"}},
         4,
         1004 / 20.0},
        {{{"--rate=search", "--sustain={unpack_tensor_p95: < 1s}"}},
         1,
         201 / 10.0},
        {{{"--rate=search", "--sustain={unpack_tensor_median: < 1s}"}}, 1, 0.2},
        {{{"--rate=search", "--sustain={put_response_p95: < 1s}",
           "--pattern=phases"}},
         1,
         201 / 5.0},
        {{{"--rate=search", "--sustain={put_response_p95: < 1s}",
           "--arrivals=poisson"}},
         1,
         (201 + 4 * 14.142135623730951 + 8) / 10.0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct study s;
        struct sustain *x = open_it(&s, &vectors[i].line);
        double least = sustain_least(x, &s.p, vectors[i].clients);

        if (fabs(least - vectors[i].least) > 1e-9)
            fail_msg("vector %zu: %g instead of %g", i, least,
                     vectors[i].least);
        sustain_close(x);
        study_close(&s);
    }
}

static void limits_hold_or_not(void **state)
{
    static const struct line line = {
        {"--rate=search", "--sustain={step_response_p95: < 5ms}"}};
    struct summary figures = {.ops = 1};
    struct study s;
    struct sustain *x = open_it(&s, &line);

    (void)state;
    assert_string_equal(sustain_figure(x), "step_response_p95");
    figures.steps.response.p95 = 4.999e-3;
    assert_true(sustain_holds(x, &s.p, &figures));
    assert_true(sustain_value(x, &figures) == 4.999e-3);
    figures.steps.response.p95 = 5e-3;
    assert_false(sustain_holds(x, &s.p, &figures));
    figures.steps.response.p95 = NAN;
    assert_false(sustain_holds(x, &s.p, &figures));
    sustain_close(x);
    study_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_search_there_is_none),
        cmocka_unit_test(rates_below_cannot_be_judged),
        cmocka_unit_test(limits_hold_or_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
