/* Own time, common time, and waiting for an instant of the latter; what takes
 * several ranks is in test/mpi/test_clock.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "base/tick.h"
#include "ranks/clock_sync.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define SECOND INT64_C(1000000000)
#define HOUR (3600 * SECOND)
#define YEAR (8766 * HOUR)

/* Two points, an own time, and the common time it is. */
static const struct {
    const char *what;
    struct clock_line line;
    int64_t own, common;
} instants[] = {
    {"the same clock", {{.at = 5}, {.at = 10}}, 7, 7},
    {"one point", {{100, 40, 1}, {100, 40, 1}}, 12345, 12385},
    {"one point, earlier", {{100, -40, 1}, {100, -40, 1}}, 7, -33},
    {"at the first point", {{100, 40, 1}, {200, 50, 1}}, 100, 140},
    {"at the second point", {{100, 40, 1}, {200, 50, 1}}, 200, 250},
    {"halfway", {{100, 40, 1}, {200, 50, 1}}, 150, 195},
    {"rounded down", {{100, 40, 1}, {200, 50, 1}}, 114, 155},
    {"rounded up", {{100, 40, 1}, {200, 50, 1}}, 116, 158},
    {"a slow own clock", {{100, -40, 1}, {200, -50, 1}}, 150, 105},
    {"before the first point", {{100, 40, 1}, {200, 50, 1}}, 0, 40},
    {"after the second point", {{100, 40, 1}, {200, 50, 1}}, 300, 350},
    {"after a year, a day's loop, 100 ppm",
     {{YEAR, -YEAR + HOUR, 1},
      {YEAR + 24 * HOUR, -YEAR + HOUR + 24 * HOUR / 10000, 1}},
     YEAR + 6 * HOUR + 10007,
     7 * HOUR + 10007 + 6 * HOUR / 10000 + 1},
    {"after a year, an offset of a year",
     {{YEAR + 1, YEAR, 1}, {YEAR + 2 * SECOND + 1, YEAR + 3, 1}},
     YEAR + SECOND + 1,
     2 * YEAR + SECOND + 3},
};

static void own_time_to_common_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(instants); i++) {
        int64_t common = clock_common(&instants[i].line, instants[i].own);
        int64_t own = clock_own(&instants[i].line, instants[i].common);

        if (common != instants[i].common)
            fail_msg("%s: %lld is %lld instead of %lld", instants[i].what,
                     (long long)instants[i].own, (long long)common,
                     (long long)instants[i].common);
        if (llabs(own - instants[i].own) > 1)
            fail_msg("%s: back from %lld is %lld instead of %lld",
                     instants[i].what, (long long)instants[i].common,
                     (long long)own, (long long)instants[i].own);
    }
}

/* Common time never runs backwards, and there and back leads home, wherever on
 * a line. */
static void there_and_back(void **state)
{
    const struct clock_line line = {{YEAR, -HOUR, 10},
                                    {YEAR + 30 * SECOND, -HOUR - 3000000, 20}};
    int64_t last = INT64_MIN;

    (void)state;
    for (int64_t own = YEAR - SECOND; own < YEAR + 31 * SECOND; own += 99991) {
        int64_t common = clock_common(&line, own);

        if (common <= last)
            fail_msg("common time stands still at %lld", (long long)own);
        if (llabs(clock_own(&line, common) - own) > 1)
            fail_msg("%lld comes back as %lld", (long long)own,
                     (long long)clock_own(&line, common));
        last = common;
    }
}

static void what_a_line_says_of_itself(void **state)
{
    const struct clock_line first_is_worse = {{0, 0, 30}, {100, 0, 20}};
    const struct clock_line second_is_worse = {{0, 0, 10}, {100, 0, 20}};
    const struct clock_line fast = {{YEAR, HOUR, 1},
                                    {YEAR + 10 * SECOND, HOUR + 100000, 1}};
    const struct clock_line once = {{YEAR, HOUR, 1}, {YEAR, HOUR, 1}};

    (void)state;
    assert_int_equal(clock_error(&first_is_worse), 30);
    assert_int_equal(clock_error(&second_is_worse), 20);
    if (fabs(clock_drift(&fast) - 1e-5) > 1e-15)
        fail_msg("a drift of %g instead of 1e-5", clock_drift(&fast));
    assert_true(clock_drift(&once) == 0);
}

/* A clock that is an hour late and 100 ppm fast. */
static int64_t late_and_fast(void)
{
    int64_t now = tick_now();

    return now + now / 10000 - HOUR;
}

/* Waits are never early, and end at once for what is over. How late they are is
 * a matter of who else runs on this machine: the best of some tries is taken,
 * and the limit is generous. */
static void check_wait(const struct clock_params *p,
                       const struct clock_line *line, int64_t ahead,
                       bool oversubscribed)
{
    int64_t best = INT64_MAX;

    for (int i = 0; i < 20; i++) {
        int64_t now = p ? p->now() : tick_now();
        int64_t instant = clock_common(line, now) + ahead;
        int64_t left = clock_await(p, line, instant, oversubscribed);
        int64_t late = clock_common(line, left) - instant;

        if (late < -1)
            fail_msg("%lld ns ahead: %lld ns early", (long long)ahead,
                     (long long)-late);
        if (left > (p ? p->now() : tick_now()))
            fail_msg("%lld ns ahead: left in the future", (long long)ahead);
        if (late < best)
            best = late;
    }
    if (best > 20000000 + (ahead < 0 ? -ahead : 0))
        fail_msg("%lld ns ahead: %lld ns late at best", (long long)ahead,
                 (long long)best);
}

static void waits(void **state)
{
    static const int64_t ahead[] = {-SECOND, 0, 50000, 1000000, 5000000};
    const struct clock_params odd = {.now = late_and_fast, .step_ns = 1};
    const struct clock_line same = {{.at = 0}, {.at = 0}};
    const struct clock_line far = {{0, -3 * HOUR, 7}, {0, -3 * HOUR, 7}};

    (void)state;
    for (size_t i = 0; i < COUNT(ahead); i++) {
        check_wait(NULL, &same, ahead[i], false);
        check_wait(NULL, &far, ahead[i], true);
        check_wait(&odd, &far, ahead[i], false);
    }
}

/* The CPU belongs to others meanwhile. */
static void a_long_wait_sleeps(void **state)
{
    const struct clock_line same = {{.at = 0}, {.at = 0}};
    struct timespec cpu;
    double before, after;
    int64_t start = tick_now();

    (void)state;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    before = (double)cpu.tv_sec + (double)cpu.tv_nsec * 1e-9;
    assert_true(clock_await(NULL, &same, start + SECOND / 5, false) >=
                start + SECOND / 5);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    after = (double)cpu.tv_sec + (double)cpu.tv_nsec * 1e-9;
    if (after - before > 0.05)
        fail_msg("%.3f s of CPU for a wait of 0.2 s", after - before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_time_to_common_time),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(what_a_line_says_of_itself),
        cmocka_unit_test(waits),
        cmocka_unit_test(a_long_wait_sleeps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
