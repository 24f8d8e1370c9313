/* Timings of one client: quantiles by rank, sorting, counting, what lies
 * between the spans. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "srb/samples.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Quantiles as a fraction, so that the truth needs no floating point. */
static const struct {
    double q;
    int64_t num, den;
} quantiles[] = {
    {0.5, 1, 2},     {0.75, 3, 4},       {0.9, 9, 10}, {0.95, 19, 20},
    {0.99, 99, 100}, {0.999, 999, 1000}, {1.0, 1, 1},
};

/* The smallest rank with at least n num / den samples up to and with it. */
static int64_t brute_rank(int64_t n, int64_t num, int64_t den)
{
    int64_t rank = 0;

    while ((rank + 1) * den < n * num)
        rank++;
    return rank;
}

static void ranks_are_those_of_the_definition(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(quantiles); i++)
        for (int64_t n = 1; n <= 700; n++) {
            double q = quantiles[i].q;
            int64_t want = brute_rank(n, quantiles[i].num, quantiles[i].den);
            int64_t upper = -7, got = samples_quantile_rank(n, q, &upper);

            if (q > 0.5 && q < 1 && n - 1 - want < SRB_BEYOND)
                want = -1;
            if (got != want)
                fail_msg("the %g quantile of %lld has rank %lld instead of "
                         "%lld",
                         q, (long long)n, (long long)got, (long long)want);
            /* the middle two, or the middle one twice */
            if (q == 0.5 && upper != n - 1 - got)
                fail_msg("the upper median of %lld has rank %lld", (long long)n,
                         (long long)upper);
            if (q > 0.5 && got >= 0 && upper != got)
                fail_msg("the upper rank of %g of %lld is %lld", q,
                         (long long)n, (long long)upper);
            assert_int_equal(samples_quantile_rank(n, q, NULL), got);
        }
}

/* The first number of samples that has ten beyond, by hand; and numbers where
 * q n is whole but its product in floating point is not, up to the samples of a
 * large machine. */
static void ranks_by_hand(void **state)
{
    static const struct {
        int64_t n;
        double q;
        int64_t rank;
    } vectors[] = {
        {0, 0.5, -1},
        {0, 0.99, -1},
        {-1, 0.5, -1},
        {1, 0.5, 0},
        {2, 0.5, 0},
        {3, 0.5, 1},
        {199, 0.95, -1},
        {200, 0.95, 189},
        {999, 0.99, -1},
        {1000, 0.99, 989},
        {9999, 0.999, -1},
        {10000, 0.999, 9989},
        {11000, 0.999, 10988},
        {1000000, 0.999, 998999},
        {1000001, 0.999, 999000},
        {INT64_C(3000000000), 0.5, INT64_C(1499999999)},
        {INT64_C(3000000000), 0.999, INT64_C(2996999999)},
        {INT64_C(100000000000), 0.95, INT64_C(94999999999)},
        {INT64_C(100000000000), 0.999, INT64_C(99899999999)},
        {INT64_C(100000000001), 0.999, INT64_C(99900000000)},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        int64_t got = samples_quantile_rank(vectors[i].n, vectors[i].q, NULL);

        if (got != vectors[i].rank)
            fail_msg("the %g quantile of %lld has rank %lld instead of %lld",
                     vectors[i].q, (long long)vectors[i].n, (long long)got,
                     (long long)vectors[i].rank);
    }
}

/* A small generator: the same numbers on every machine. */
static int64_t next(uint64_t *x, int64_t below)
{
    *x = *x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)(*x >> 33) % below;
}

static void values_are_sorted_and_counted(void **state)
{
    static const size_t lengths[] = {0, 1, 2, 3, 10, 100, 257};
    static const int64_t spreads[] = {1, 2, 5, 1000};

    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++)
        for (size_t k = 0; k < COUNT(spreads); k++) {
            size_t n = lengths[i];
            int64_t *was = malloc((n + 1) * sizeof *was);
            int64_t *ns = malloc((n + 1) * sizeof *ns);
            uint64_t seed = 42 + n;

            assert_non_null(was);
            assert_non_null(ns);
            for (size_t j = 0; j < n; j++)
                ns[j] = was[j] = next(&seed, spreads[k]) - spreads[k] / 2;
            samples_sort(ns, n);
            for (int64_t x = -spreads[k] - 1; x <= spreads[k] + 1; x++) {
                size_t below = 0;

                for (size_t j = 0; j < n; j++)
                    below += was[j] < x;
                if (samples_below(ns, n, x) != below)
                    fail_msg("%zu of %zu values are below %lld, not %zu", below,
                             n, (long long)x, samples_below(ns, n, x));
            }
            for (size_t j = 1; j < n; j++)
                assert_true(ns[j - 1] <= ns[j]);
            free(was);
            free(ns);
        }
}

static void extremes_are_sorted_and_counted(void **state)
{
    int64_t ns[] = {INT64_MAX, 0, INT64_MIN, -1, INT64_MAX, 1};

    (void)state;
    samples_sort(ns, COUNT(ns));
    assert_true(ns[0] == INT64_MIN && ns[1] == -1 && ns[2] == 0 && ns[3] == 1 &&
                ns[4] == INT64_MAX && ns[5] == INT64_MAX);
    assert_int_equal(samples_below(ns, COUNT(ns), INT64_MIN), 0);
    assert_int_equal(samples_below(ns, COUNT(ns), INT64_MIN + 1), 1);
    assert_int_equal(samples_below(ns, COUNT(ns), INT64_MAX), 4);
}

static void arrays_are_there_and_clear(void **state)
{
    static const struct {
        size_t warmup, iterations;
    } vectors[] = {{0, 1}, {1, 1}, {1, 100}, {5, 3}, {1000, 10000}};

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        size_t pairs = vectors[i].warmup + vectors[i].iterations;
        struct samples s;
        struct error err;

        assert_int_equal(
            samples_open(&s, vectors[i].warmup, vectors[i].iterations, &err),
            0);
        assert_int_equal(s.warmup, vectors[i].warmup);
        assert_int_equal(s.iterations, vectors[i].iterations);
        assert_int_equal(s.verify_errors, 0);
        for (size_t k = 0; k < pairs; k++) {
            /* four arrays that do not overlap */
            assert_int_equal(s.put_start[k] | s.put_end[k] | s.unpack_start[k] |
                                 s.unpack_end[k],
                             0);
            s.put_start[k] = 1;
            s.put_end[k] = 2;
            s.unpack_start[k] = 3;
            s.unpack_end[k] = 4;
        }
        for (size_t k = 0; k < pairs; k++)
            if (s.put_start[k] != 1 || s.put_end[k] != 2 ||
                s.unpack_start[k] != 3 || s.unpack_end[k] != 4)
                fail_msg("%zu + %zu pairs: arrays overlap at %zu",
                         vectors[i].warmup, vectors[i].iterations, k);
        samples_free(&s);
        assert_null(s.put_start);
        samples_free(&s); /* twice does no harm */
    }
}

/* Warm-up does not belong to the loop; gaps before, between and after do. */
static void what_lies_between_the_spans(void **state)
{
    struct samples s;
    struct error err;
    int64_t now = 1000, gaps = 0;

    (void)state;
    assert_int_equal(samples_open(&s, 2, 5, &err), 0);
    for (size_t k = 0; k < 7; k++) {
        int64_t before = (int64_t)k + 1, middle = 10 * (int64_t)k;

        if (k == 2)
            s.loop_start = now;
        s.put_start[k] = now += before;
        s.put_end[k] = now += 100;
        s.unpack_start[k] = now += middle;
        s.unpack_end[k] = now += 200;
        if (k >= 2)
            gaps += before + middle;
    }
    s.loop_end = now + 17;
    assert_int_equal(samples_between(&s), gaps + 17);
    samples_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_are_those_of_the_definition),
        cmocka_unit_test(ranks_by_hand),
        cmocka_unit_test(values_are_sorted_and_counted),
        cmocka_unit_test(extremes_are_sorted_and_counted),
        cmocka_unit_test(arrays_are_there_and_clear),
        cmocka_unit_test(what_lies_between_the_spans),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
