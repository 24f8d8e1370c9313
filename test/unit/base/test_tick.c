/* The clock, what it can tell, and deadlines on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include <limits.h>

#include "base/tick.h"

#define TRIES 20

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What a read costs, measured in the plainest way: the best of several loops,
 * since others may run on this machine. */
static double plain_read_ns(void)
{
    int64_t best = INT64_MAX;

    for (int i = 0; i < TRIES; i++) {
        int64_t start = tick_now(), end = start;

        for (int k = 0; k < 1000; k++)
            end = tick_now();
        best = least(best, end - start);
    }
    return (double)best / 1000;
}

static void what_a_read_costs(void **state)
{
    double plain = plain_read_ns(), lowest = 1e9;

    (void)state;
    /* other work on the CPU only adds */
    for (int i = 1; i < TRIES; i++)
        plain = fmin(plain, plain_read_ns());
    for (int i = 0; i < TRIES; i++) {
        struct tick_quality q;

        tick_measure(&q);
        if (q.read_ns < plain / 2)
            fail_msg("a read of %.1f ns, but 1000 take %.1f ns each", q.read_ns,
                     plain);
        if (q.read_ns < lowest)
            lowest = q.read_ns;
    }
    if (lowest > 2 * plain)
        fail_msg("a read of %.1f ns at least, but 1000 take %.1f ns each",
                 lowest, plain);
}

/* The smallest step of very many reads. */
static int64_t plain_step_ns(void)
{
    int64_t last = tick_now(), smallest = INT64_MAX;

    for (int i = 0; i < 200000; i++) {
        int64_t now = tick_now();

        if (now > last)
            smallest = least(smallest, now - last);
        last = now;
    }
    return smallest;
}

static void what_the_clock_can_tell(void **state)
{
    int64_t plain = plain_step_ns(), lowest = INT64_MAX;
    struct timespec res;

    (void)state;
    assert_int_equal(clock_getres(CLOCK_MONOTONIC, &res), 0);
    for (int i = 0; i < TRIES; i++) {
        struct tick_quality q;

        tick_measure(&q);
        assert_int_equal(q.resolution_ns,
                         (int64_t)res.tv_sec * 1000000000 + res.tv_nsec);
        if (q.step_ns < 1)
            fail_msg("a step of %lld ns", (long long)q.step_ns);
        lowest = least(lowest, q.step_ns);
    }
    if (lowest > 3 * plain || plain > 3 * lowest)
        fail_msg("a step of %lld ns, but many reads show one of %lld ns",
                 (long long)lowest, (long long)plain);
}

static void measuring_is_cheap(void **state)
{
    int64_t best = INT64_MAX;

    (void)state;
    for (int i = 0; i < TRIES; i++) {
        int64_t start = tick_now();
        struct tick_quality q;

        tick_measure(&q);
        best = least(best, tick_now() - start);
    }
    if (best > 2000000)
        fail_msg("measuring takes %lld ns", (long long)best);
}

static void deadlines(void **state)
{
    int64_t before = tick_now(), d = tick_deadline(1.5), after = tick_now();

    (void)state;
    assert_in_range(d - before, 1500000000, 1500000000 + (after - before));
    assert_in_range(tick_left_ms(d), 1, 1500);
    /* rounded up: 0 is over, and a poll(2) of 1 ms too long does no harm */
    assert_int_equal(tick_left_ms(tick_now() - 1), 0);
    assert_int_equal(tick_left_ms(INT64_MIN / 2), 0);
    assert_int_equal(tick_left_ms(tick_now() + INT64_MAX / 2), INT_MAX);
}

static void sleeps(void **state)
{
    int64_t start = tick_now();

    (void)state;
    tick_sleep(3000000);
    if (tick_now() - start < 3000000)
        fail_msg("slept %lld ns instead of 3 ms",
                 (long long)(tick_now() - start));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_read_costs),
        cmocka_unit_test(what_the_clock_can_tell),
        cmocka_unit_test(measuring_is_cheap),
        cmocka_unit_test(deadlines),
        cmocka_unit_test(sleeps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
