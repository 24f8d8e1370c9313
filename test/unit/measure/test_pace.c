/* When steps are due: schedules on paper, what a server of constant time makes
 * of them, and waiting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/tick.h"
#include "measure/pace.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define SEED 20261128

static struct pace open_pace(double rate, bool poisson, int client, int clients)
{
    struct pace p;

    pace_open(&p,
              &(struct pace_rules){.rate = rate,
                                   .poisson = poisson,
                                   .client = client,
                                   .clients = clients,
                                   .seed = SEED},
              1000);
    return p;
}

/* Client c of n is shifted by c / (n rate), and roundings do not add up. */
static void uniform_steps_lie_where_they_should(void **state)
{
    (void)state;
    for (int c = 0; c < 3; c++) {
        struct pace p = open_pace(300, false, c, 3);
        int64_t due = 0;

        for (int64_t k = 0; k < 1000000; k++) {
            due = pace_next(&p);
            if (k < 4)
                assert_int_equal(
                    due, 1000 + llround(((double)k + c / 3.0) / 300 * 1e9));
        }
        assert_int_equal(due, 1000 + llround((999999 + c / 3.0) / 300 * 1e9));
    }
}

/* Clients together: no two at once, gaps all alike. */
static void clients_come_one_after_the_other(void **state)
{
    struct pace p[4];

    (void)state;
    for (int c = 0; c < 4; c++)
        p[c] = open_pace(250, false, c, 4);
    for (int64_t k = 0, last = 0; k < 4000; k++) {
        int64_t due = pace_next(&p[k % 4]);

        if (k > 0)
            assert_int_equal(due - last, 1000000);
        last = due;
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov against 1 - exp(-rate t): the distance of so many
 * gaps stays below 1.63 / sqrt(n) with probability 0.99. */
static void poisson_gaps_are_exponential(void **state)
{
    const size_t n = 100000;
    double *gap = malloc(n * sizeof *gap), most = 0, mean = 0;

    (void)state;
    assert_non_null(gap);
    for (int c = 0; c < 3; c++) {
        struct pace p = open_pace(1000, true, c, 3);
        int64_t last = 1000;

        most = mean = 0;
        for (size_t k = 0; k < n; k++) {
            int64_t due = pace_next(&p);

            gap[k] = (double)(due - last) * 1e-9;
            mean += gap[k] / (double)n;
            last = due;
        }
        qsort(gap, n, sizeof *gap, compare);
        for (size_t k = 0; k < n; k++) {
            double f = 1 - exp(-1000 * gap[k]);

            most = fmax(most, fabs(f - (double)k / (double)n));
            most = fmax(most, fabs(f - (double)(k + 1) / (double)n));
        }
        if (most > 1.63 / sqrt((double)n) || fabs(mean * 1000 - 1) > 0.015)
            fail_msg("client %d: distance %g, mean %g", c, most, mean);
    }
    free(gap);
}

/* The same seed gives the same, another client another schedule. */
static void poisson_is_by_seed_and_client(void **state)
{
    struct pace a = open_pace(50, true, 1, 3), b = open_pace(50, true, 1, 3);
    struct pace other = open_pace(50, true, 2, 3);
    int same = 0;

    (void)state;
    for (int k = 0; k < 1000; k++) {
        int64_t due = pace_next(&a);

        assert_int_equal(due, pace_next(&b));
        same += due == pace_next(&other);
    }
    assert_int_equal(same, 0);
}

static void a_phase_begins_anew(void **state)
{
    struct pace u = open_pace(100, false, 0, 1), p = open_pace(100, true, 0, 1);
    int64_t first = pace_next(&p);

    (void)state;
    pace_next(&u);
    pace_next(&u);
    pace_restart(&u, 5000);
    assert_int_equal(pace_next(&u), 5000);
    pace_restart(&p, 1000);
    assert_true(pace_next(&p) != first); /* it draws on */
}

/* One server that takes a constant time, on a clock of its own, by the schedule
 * of the loops: the mean response is that of M/D/1 (Pollaczek and Khinchine),
 * s (1 + u / (2 (1 - u))). */
static void responses_are_those_of_a_queue(void **state)
{
    static const double loads[] = {0.5, 0.8};
    const double service = 1e-3;

    (void)state;
    for (size_t i = 0; i < COUNT(loads); i++) {
        double u = loads[i], sum = 0;
        double want = service * (1 + u / (2 * (1 - u)));
        struct pace p = open_pace(u / service, true, 0, 1);
        int64_t now = 0;

        for (int k = 0; k < 1000000; k++) {
            int64_t due = pace_next(&p), begun = due > now ? due : now;

            now = begun + (int64_t)(service * 1e9);
            sum += (double)(now - due) * 1e-9;
        }
        sum /= 1e6;
        if (fabs(sum / want - 1) > 0.02)
            fail_msg("load %g: mean %g, expected %g", u, sum, want);
    }
}

/* Where processes share CPUs nobody spins more than a tenth of the time. */
static void spinning_has_a_limit(void **state)
{
    (void)state;
    assert_int_equal(pace_spin_ns(100, false), PACE_SPIN_NS);
    assert_int_equal(pace_spin_ns(100, true), PACE_SPIN_NS);
    assert_int_equal(pace_spin_ns(10000, true), 10000);
    assert_int_equal(pace_spin_ns(10000, false), PACE_SPIN_NS);
}

static void nobody_comes_back_early(void **state)
{
    unsigned long slack = pace_exact_timers();

    (void)state;
    for (int k = 0; k < 20; k++) {
        int64_t instant = tick_now() + k * 100000;

        assert_true(pace_await(instant, PACE_SPIN_NS) >= instant);
        assert_true(pace_await(instant + 50000, 0) >= instant + 50000);
    }
    pace_restore_timers(slack);
    assert_true(pace_exact_timers() == slack);
    pace_restore_timers(slack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uniform_steps_lie_where_they_should),
        cmocka_unit_test(clients_come_one_after_the_other),
        cmocka_unit_test(poisson_gaps_are_exponential),
        cmocka_unit_test(poisson_is_by_seed_and_client),
        cmocka_unit_test(a_phase_begins_anew),
        cmocka_unit_test(responses_are_those_of_a_queue),
        cmocka_unit_test(spinning_has_a_limit),
        cmocka_unit_test(nobody_comes_back_early),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
