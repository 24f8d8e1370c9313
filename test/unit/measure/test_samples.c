/* Timings of one client: quantiles by rank, sorting, counting, what lies
 * between the spans. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "measure/samples.h"

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
        assert_int_equal(s.put.warmup, vectors[i].warmup);
        assert_int_equal(s.unpack.room, vectors[i].iterations);
        assert_int_equal(s.verify_errors, 0);
        for (size_t k = 0; k < pairs; k++) {
            /* four arrays that do not overlap */
            assert_int_equal(s.put.start[k] | s.put.ns[k] | s.unpack.start[k] |
                                 s.unpack.ns[k],
                             0);
            s.put.start[k] = 1;
            s.put.ns[k] = 2;
            s.unpack.start[k] = 3;
            s.unpack.ns[k] = 4;
        }
        for (size_t k = 0; k < pairs; k++)
            if (s.put.start[k] != 1 || s.put.ns[k] != 2 ||
                s.unpack.start[k] != 3 || s.unpack.ns[k] != 4)
                fail_msg("%zu + %zu pairs: arrays overlap at %zu",
                         vectors[i].warmup, vectors[i].iterations, k);
        samples_free(&s);
        assert_null(s.put.start);
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
        bool timed = k >= 2;

        if (k == 2)
            s.loop_start = now;
        now += before;
        if (timed)
            series_add(&s.put, now, now + 100);
        else
            series_warm(&s.put, k, now, now + 100);
        now += 100 + middle;
        if (timed)
            series_add(&s.unpack, now, now + 200);
        else
            series_warm(&s.unpack, k, now, now + 200);
        now += 200;
        if (timed)
            gaps += before + middle;
    }
    s.loop_end = now + 17;
    assert_int_equal(samples_between(&s), gaps + 17);
    s.waited = 5;
    assert_int_equal(samples_between(&s), gaps + 12);
    assert_int_equal(s.put.count, 5);
    assert_int_equal(s.put.sum, 500);
    assert_int_equal(s.unpack.longest, 200);
    samples_free(&s);
}

/* Every stride-th of a loop that never ends: for every length, what is kept is
 * operation 0, stride, 2 stride, …, and all that are due are there. */
static void bounded_memory_keeps_an_even_selection(void **state)
{
    static const size_t rooms[] = {1, 2, 3, 5, 16, 17, 100};

    (void)state;
    for (size_t i = 0; i < COUNT(rooms); i++) {
        struct samples s;
        struct error err;
        int64_t sum = 0;

        assert_int_equal(samples_open(&s, 2, rooms[i], &err), 0);
        series_warm(&s.put, 0, -7, -6);
        series_warm(&s.put, 1, -5, -3);
        for (int64_t k = 0; k < 3000; k++) {
            int64_t stride;

            series_add(&s.put, 10 * k, 10 * k + k % 9);
            sum += k % 9;
            stride = s.put.stride;
            assert_int_equal(stride & (stride - 1), 0);
            if ((int64_t)s.put.kept != k / stride + 1)
                fail_msg("room %zu: %zu kept of %lld, one of %lld", rooms[i],
                         s.put.kept, (long long)k + 1, (long long)stride);
            /* not fewer than half of the room, once it was full */
            if (stride > 1 && s.put.kept < rooms[i] / 2)
                fail_msg("room %zu: only %zu kept", rooms[i], s.put.kept);
            for (size_t j = 0; j < s.put.kept; j++)
                if (s.put.start[2 + j] != 10 * stride * (int64_t)j ||
                    s.put.ns[2 + j] != stride * (int64_t)j % 9)
                    fail_msg("room %zu: kept %zu is not operation %lld",
                             rooms[i], j, (long long)(stride * (int64_t)j));
        }
        assert_int_equal(s.put.count, 3000);
        assert_int_equal(s.put.sum, sum);
        assert_int_equal(s.put.longest, 8);
        assert_int_equal(s.put.last_end, 29990 + 2999 % 9);
        assert_int_equal(s.put.start[0], -7);
        assert_int_equal(s.put.ns[1], 2);
        samples_free(&s);
    }
}

/* Operations of 8 ns every 10 ns, from 0. */
static void operations_within_an_interval(void **state)
{
    static const struct {
        int64_t from, to;
        double exact;
    } vectors[] = {
        {0, 10, 1},        {0, 8, 1},         {0, 4, 0.5},
        {-50, 0, 0},       {-50, 4, 0.5},     {8, 10, 0},
        {4, 14, 1},        {100, 200, 10},    {0, 10000, 1000},
        {-5, 99999, 1000}, {9990, 9994, 0.5}, {9998, 20000, 0},
        {50, 50, 0},       {60, 50, 0},       {2, 9996, 999.5},
    };
    static const size_t rooms[] = {1000, 999, 100, 16};

    (void)state;
    for (size_t r = 0; r < COUNT(rooms); r++) {
        struct samples s;
        struct error err;

        assert_int_equal(samples_open(&s, 0, rooms[r], &err), 0);
        assert_true(samples_within(&s.put, 0, 100) == 0);
        for (int64_t k = 0; k < 1000; k++)
            series_add(&s.put, 10 * k, 10 * k + 8);
        for (size_t i = 0; i < COUNT(vectors); i++) {
            double got = samples_within(&s.put, vectors[i].from, vectors[i].to);
            /* of a selection, operations between two kept ones are spread
             * evenly: wrong by less than one at either bound */
            double slack = s.put.stride == 1 ? 1e-9 : 1;

            if (got < vectors[i].exact - slack ||
                got > vectors[i].exact + slack)
                fail_msg("%g operations in [%lld, %lld) instead of %g, one of "
                         "%lld kept",
                         got, (long long)vectors[i].from,
                         (long long)vectors[i].to, vectors[i].exact,
                         (long long)s.put.stride);
        }
        samples_free(&s);
    }
}

static int64_t shift(const void *by, int64_t instant)
{
    return instant + *(const int64_t *)by;
}

static void another_clock_moves_instants_only(void **state)
{
    const int64_t by = -1000000;
    struct samples s;
    struct error err;

    (void)state;
    assert_int_equal(samples_open(&s, 1, 2, &err), 0);
    series_warm(&s.put, 0, 100, 110);
    series_add(&s.put, 200, 230);
    s.loop_start = 150;
    s.loop_end = 300;
    s.main_start = 1;
    s.main_end = 2;
    samples_translate(&s, shift, &by);
    assert_int_equal(s.put.start[0], 100 + by);
    assert_int_equal(s.put.start[1], 200 + by);
    assert_int_equal(s.put.start[2], 0); /* was never measured */
    assert_int_equal(s.put.ns[1], 30);
    assert_int_equal(s.put.last_end, 230 + by);
    assert_int_equal(s.loop_start, 150 + by);
    assert_int_equal(s.loop_end, 300 + by);
    assert_int_equal(s.main_start, 1 + by);
    assert_int_equal(s.main_end, 2 + by);
    samples_free(&s);
}

static int64_t twice(const void *clock, int64_t instant)
{
    (void)clock;
    return 2 * instant;
}

/* What lies between its operations is a small part of a loop, which the error
 * of a clock's drift must not decide. */
static void another_clock_changes_no_duration(void **state)
{
    struct samples s;
    struct error err;

    (void)state;
    assert_int_equal(samples_open(&s, 0, 1, &err), 0);
    series_add(&s.put, 200, 230);
    series_add(&s.unpack, 240, 290);
    s.loop_start = 190;
    s.loop_end = 300;
    s.main_start = 100;
    s.main_end = 310;
    for (int k = 0; k < 2; k++) {
        samples_translate(&s, twice, NULL);
        assert_int_equal(samples_loop(&s), 110);
        assert_int_equal(samples_main(&s), 210);
        assert_int_equal(samples_between(&s), 30);
    }
    assert_int_equal(s.loop_end, 1200);
    samples_free(&s);
}

/* Published values (NIST/SEMATECH e-Handbook 1.3.6.7.2), those beyond the table
 * too. */
static void quantiles_of_t(void **state)
{
    static const struct {
        int64_t df;
        double t;
    } vectors[] = {{1, 12.706},   {2, 4.303},      {10, 2.228}, {30, 2.042},
                   {31, 2.040},   {40, 2.021},     {60, 2.000}, {100, 1.984},
                   {1000, 1.962}, {1000000, 1.960}};

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        double got = samples_t(vectors[i].df);

        if (got < vectors[i].t - 6e-4 || got > vectors[i].t + 6e-4)
            fail_msg("t for %lld degrees of freedom is %g instead of %g",
                     (long long)vectors[i].df, got, vectors[i].t);
    }
    assert_true(samples_t(0) != samples_t(0)); /* NaN */
}

/* Steps are thinned as operations are: entry k of both is of the same one, and
 * what belongs to a step stays with it. */
static void steps_are_kept_with_their_operations(void **state)
{
    struct samples s;
    struct step_series *x = &s.step[0];
    struct error err;

    (void)state;
    for (int64_t n = 1; n < 300; n += 7) {
        assert_int_equal(samples_open(&s, 2, 16, &err), 0);
        assert_int_equal(samples_open_steps(&s, 1, true, &err), 0);
        for (int64_t k = 0; k < n; k++) {
            int64_t due = 1000 * k, begun = due + 3, end = begun + k;

            series_add(&s.put, begun + 1, begun + 2);
            samples_step(x, begun, end, due, due + 1);
        }
        assert_int_equal(x->span.count, n);
        assert_int_equal(x->span.kept, s.put.kept);
        assert_int_equal(x->span.stride, s.put.stride);
        for (size_t k = 0; k < x->span.kept; k++) {
            int64_t step = (int64_t)k * x->span.stride;

            assert_int_equal(x->due[k], 1000 * step);
            assert_int_equal(x->ready[k], 1000 * step + 1);
            assert_int_equal(x->span.start[k], 1000 * step + 3);
            assert_int_equal(x->span.ns[k], step);
            assert_int_equal(s.put.start[2 + k], 1000 * step + 4);
        }
        assert_int_equal(x->first_due, 0);
        assert_int_equal(x->last_due, 1000 * (n - 1));
        assert_int_equal(x->last_begun, 1000 * (n - 1) + 3);
        samples_free(&s);
    }
}

/* What is computed and waited for due times is neither between the operations
 * nor in them. */
static void computing_is_not_between(void **state)
{
    struct samples s = {.loop_start = 100, .loop_end = 1100};

    (void)state;
    s.computed = 300;
    s.paced = 200;
    s.waited = 50;
    s.put.sum = s.unpack.sum = 100;
    assert_int_equal(samples_between(&s), 250);
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
        cmocka_unit_test(bounded_memory_keeps_an_even_selection),
        cmocka_unit_test(operations_within_an_interval),
        cmocka_unit_test(another_clock_moves_instants_only),
        cmocka_unit_test(another_clock_changes_no_duration),
        cmocka_unit_test(steps_are_kept_with_their_operations),
        cmocka_unit_test(computing_is_not_between),
        cmocka_unit_test(quantiles_of_t),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
