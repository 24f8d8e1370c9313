/* What a step computes: an amount of work that is found, done in pieces, and
 * never less than all of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>
#include <time.h>

#include "base/tick.h"
#include "measure/compute.h"

static double cpu_seconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

static int whole_step(struct compute *c)
{
    int64_t begun = tick_now(), left = compute_step(c);
    int pieces = 0;

    while (left > 0) {
        int64_t less = compute_piece(c, left, begun);

        assert_true(less < left);
        left = less;
        pieces++;
    }
    assert_int_equal(left, 0);
    return pieces;
}

/* Twice the time is twice the work, by CPU time, whoever else has the CPU: the
 * bounds are wide, since a shared cache or another frequency counts as well. */
static void work_is_what_was_asked_for(void **state)
{
    static const enum compute_kind kinds[] = {COMPUTE_SPIN, COMPUTE_STREAM};

    (void)state;
    for (int k = 0; k < 2; k++) {
        struct compute c, twice;
        struct error err;
        double start, took;

        assert_int_equal(compute_open(&c, kinds[k], 20e-3, &err), 0);
        compute_calibrate(&c);
        assert_true(c.unit > 0 && c.units > 1);
        assert_int_equal(compute_step(&c), c.units);
        start = cpu_seconds();
        whole_step(&c);
        took = cpu_seconds() - start;
        if (took < 20e-3 / 4 || took > 20e-3 * 10)
            fail_msg("kind %d: 20 ms of work took %g s of CPU time", kinds[k],
                     took);
        twice = c;
        twice.seconds = 40e-3;
        compute_calibrate(&twice);
        assert_true((double)twice.units > 1.2 * (double)c.units);
        compute_close(&c);
    }
}

/* What comes of it is kept, so that it is done. */
static void work_leaves_a_trace(void **state)
{
    struct compute c;
    struct error err;

    (void)state;
    assert_int_equal(compute_open(&c, COMPUTE_SPIN, 1e-3, &err), 0);
    compute_calibrate(&c);
    assert_true(c.sum > 0 && c.sum < 1.1);
    compute_close(&c);
    assert_int_equal(compute_open(&c, COMPUTE_STREAM, 1e-3, &err), 0);
    compute_calibrate(&c);
    assert_true(c.buffer[0] > 0 && c.buffer[511] > 0);
    compute_close(&c);
    assert_null(c.buffer);
}

/* Others are heard between the pieces of a long step. */
static void long_steps_come_in_pieces(void **state)
{
    struct compute c;
    struct error err;

    (void)state;
    assert_int_equal(compute_open(&c, COMPUTE_SPIN, 120e-3, &err), 0);
    compute_calibrate(&c);
    assert_true(whole_step(&c) >= 2);
    compute_close(&c);
}

/* An absolute instant: never before it, also in pieces. */
static void sleep_ends_when_it_said(void **state)
{
    static const double seconds[] = {1e-3, 120e-3};

    (void)state;
    for (int k = 0; k < 2; k++) {
        struct compute c;
        struct error err;
        int64_t begun;
        int pieces;

        assert_int_equal(compute_open(&c, COMPUTE_SLEEP, seconds[k], &err), 0);
        compute_calibrate(&c); /* nothing to find */
        assert_int_equal(c.units, 0);
        begun = tick_now();
        pieces = whole_step(&c);
        assert_true(tick_now() - begun >= (int64_t)(seconds[k] * 1e9));
        assert_true(k == 0 ? pieces == 1 : pieces >= 2);
        compute_close(&c);
    }
}

/* Half of a CPU is half of the time; a clock that counts in ticks says a
 * little more than all, which is none waited; and sleep needs no CPU. */
static void what_others_had_is_told(void **state)
{
    static const struct {
        enum compute_kind kind;
        double seconds, cpu, waited;
    } vectors[] = {
        {COMPUTE_SPIN, 0.2, 0.2, 0},     {COMPUTE_SPIN, 0.4, 0.2, 0.5},
        {COMPUTE_SPIN, 0.2, 0.204, 0},   {COMPUTE_STREAM, 0.25, 0.2, 0.2},
        {COMPUTE_SLEEP, 0.2, 1e-4, NAN}, {COMPUTE_SPIN, 0, 0, NAN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const struct compute c = {.kind = vectors[i].kind};
        double is = compute_waited(&c, vectors[i].seconds, vectors[i].cpu);

        if (isnan(vectors[i].waited) ? !isnan(is)
                                     : !(fabs(is - vectors[i].waited) < 1e-12))
            fail_msg("vector %zu: %g", i, is);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_is_what_was_asked_for),
        cmocka_unit_test(work_leaves_a_trace),
        cmocka_unit_test(long_steps_come_in_pieces),
        cmocka_unit_test(sleep_ends_when_it_said),
        cmocka_unit_test(what_others_had_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
