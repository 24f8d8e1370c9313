/* What repetitions say together, against numbers worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "figures/repeats.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct summary of(double put, double unpack, double window)
{
    return (struct summary){
        .put = {.median = put}, .unpack = {.median = unpack}, .window = window};
}

static void close_to(double got, double want)
{
    if (!(fabs(got - want) <= 1e-4 * want))
        fail_msg("%.9g instead of %.9g", got, want);
}

/* Logarithms to base 2 of 1, 2, 4 are 0, 1, 2: mean 1, standard deviation 1,
 * and t for 2 degrees of freedom is 4.303, so the factor is 2^(4.303 / sqrt 3).
 */
static void centre_and_interval_by_hand(void **state)
{
    const double values[] = {4, 1, 2}, factor = exp2(4.303 / sqrt(3));
    struct repeats *r = repeats_open(2);
    struct repeated x = repeats_get(r, 1);

    (void)state;
    assert_int_equal(x.n, 0);
    assert_true(isnan(x.of[HEADLINE_PUT].centre) &&
                isnan(x.of[HEADLINE_WINDOW].high));
    for (size_t i = 0; i < COUNT(values); i++) {
        struct summary s = of(values[i], 1e-6 * values[i], 1e9);

        repeats_add(r, 1, &s);
        x = repeats_get(r, 1);
        assert_int_equal(x.n, i + 1);
        assert_int_equal(isnan(x.of[HEADLINE_PUT].low), i == 0);
    }
    close_to(x.of[HEADLINE_PUT].centre, 2);
    close_to(x.of[HEADLINE_PUT].low, 2 / factor);
    close_to(x.of[HEADLINE_PUT].high, 2 * factor);
    close_to(x.of[HEADLINE_UNPACK].centre, 2e-6);
    close_to(x.of[HEADLINE_UNPACK].high, 2e-6 * factor);
    close_to(x.of[HEADLINE_WINDOW].low, 1e9);
    close_to(x.of[HEADLINE_WINDOW].high, 1e9);
    assert_int_equal(repeats_get(r, 0).n, 0);
    repeats_close(r);
}

/* Enough: three at least, and both medians within. */
static void how_many_are_enough(void **state)
{
    static const struct {
        double put[4], unpack[4];
        int n;
        double share;
        bool enough;
    } vectors[] = {
        {{1, 1}, {1, 1}, 2, 0.5, false},
        {{1, 1, 1}, {1, 1, 1}, 3, 0.01, true},
        {{1, 1.01, 0.99}, {1, 1, 1}, 3, 0.02, false}, /* half width 2.5 % */
        {{1, 1.01, 0.99}, {1, 1, 1}, 3, 0.03, true},
        {{1, 1, 1}, {1, 1.01, 0.99}, 3, 0.02, false},
        {{1, 1.01, 0.99, 1}, {1, 1, 1, 1}, 4, 0.015, true}, /* 1.3 % */
        {{1, 2, 4}, {1, 1, 1}, 3, 0.99, false},
        {{NAN, 1, 1}, {1, 1, 1}, 3, 0.5, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct repeats *r = repeats_open(1);

        for (int k = 0; k < vectors[i].n; k++) {
            struct summary s = of(vectors[i].put[k], vectors[i].unpack[k], 1);

            repeats_add(r, 0, &s);
        }
        if (repeats_enough(r, 0, vectors[i].share) != vectors[i].enough)
            fail_msg("vector %zu", i);
        repeats_close(r);
    }
    repeats_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(centre_and_interval_by_hand),
        cmocka_unit_test(how_many_are_enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
