/* The search for the highest rate that holds, against systems on paper. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdbool.h>

#include "base/random.h"
#include "plan/search.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Rates up to the limit hold; near it a probe answers wrongly now and then: the
 * limit of each differs by a share of that deviation. */
struct system {
    double limit, noise;
    uint64_t state;
};

static double normal(uint64_t *state)
{
    double u = 1 - random_share(state), v = random_share(state);

    return sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v);
}

static bool holds(struct system *x, double rate)
{
    return rate <= x->limit * exp(x->noise * normal(&x->state));
}

static struct search find(struct system *x, double upper, double least)
{
    struct search s;
    double rate;

    search_open(&s, upper, least);
    while ((rate = search_next(&s)) > 0) {
        assert_true(rate >= least);
        search_tell(&s, holds(x, rate));
    }
    return s;
}

/* Without noise: the limit is within, the bracket is narrow, and no more is
 * asked than halving takes, the middles, and two more at each end. */
static void the_limit_is_found(void **state)
{
    static const double limits[] = {1, 99, 100, 101, 640, 1000, 1023, 5000};

    (void)state;
    for (size_t i = 0; i < COUNT(limits); i++) {
        struct system x = {.limit = limits[i]};
        struct search s = find(&x, 1000, 0.5);
        double strides = fabs(log2(1000 / limits[i]));

        if (!search_found(&s) || s.low > limits[i] || s.high < limits[i] ||
            s.high > s.low * SEARCH_WIDTH * 1.0001 ||
            s.probes > 3.2 * strides + 12)
            fail_msg("limit %g: %g to %g in %d probes", limits[i], s.low,
                     s.high, s.probes);
        assert_int_equal(s.lows, 3);
        assert_int_equal(s.highs, 3);
    }
}

/* With noise both ends were still seen three times, and where the limits of
 * probes are lies within what the noise makes of the bracket; a bracket is
 * wider the more noise there is. */
static void noise_widens_the_bracket(void **state)
{
    static const double noises[] = {0, 0.02, 0.1};
    double width[COUNT(noises)] = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(noises); i++) {
        int off = 0;

        for (uint64_t k = 0; k < 2000; k++) {
            struct system x = {
                .limit = 700, .noise = noises[i], .state = k * 977 + 5};
            struct search s = find(&x, 1000, 1);

            assert_true(search_found(&s));
            width[i] += log(s.high / s.low) / 2000;
            off += s.low > 700 * exp(3 * noises[i] + 1e-9) ||
                   s.high < 700 * exp(-3 * noises[i] - 1e-9);
        }
        if (off > 20)
            fail_msg("noise %g: %d of 2000 brackets are off", noises[i], off);
    }
    assert_true(width[0] < log(SEARCH_WIDTH) + 1e-6);
    assert_true(width[1] > width[0] && width[2] > 2 * width[1]);
    assert_true(width[2] < log(3));
}

/* What no rate fulfils that a probe can judge is not sustained. */
static void nothing_may_hold(void **state)
{
    struct system x = {.limit = 10};
    struct search s = find(&x, 1000, 50);

    (void)state;
    assert_false(search_found(&s));
    assert_true(s.low == 0 && s.high == 50);
    assert_true(s.probes < 10);
}

/* A system that answers at random is given up, in so many probes. */
static void it_always_ends(void **state)
{
    (void)state;
    for (uint64_t k = 0; k < 2000; k++) {
        struct search s;
        double rate;
        uint64_t coin = k;

        search_open(&s, 1000, 1);
        while ((rate = search_next(&s)) > 0)
            search_tell(&s, random_share(&coin) < 0.5);
        assert_true(s.probes <= SEARCH_PROBES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_limit_is_found),
        cmocka_unit_test(noise_widens_the_bracket),
        cmocka_unit_test(nothing_may_hold),
        cmocka_unit_test(it_always_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
