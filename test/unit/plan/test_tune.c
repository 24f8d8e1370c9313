/* What a search runs next and what it decides, by hand and by simulation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/tune.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { MOST = 16, LOADS = 3 };

/* ---- Student ---- */

static void student(void **state)
{
    /* quantiles from tables: P(T > t) = p */
    static const struct {
        double t, p;
        int df;
    } cases[] = {
        {12.706, 0.025, 1},  {4.303, 0.025, 2},  {2.571, 0.025, 5},
        {3.365, 0.01, 5},    {2.015, 0.05, 5},   {2.228, 0.025, 10},
        {1.965, 0.025, 500}, {0, 0.5, 5},        {-2.571, 0.975, 5},
        {4.032, 0.005, 5},   {6.869, 0.0005, 5},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        double p = tune_student_p(cases[i].t, cases[i].df);

        assert_true(fabs(p - cases[i].p) < 0.01 * cases[i].p + 1e-5);
        assert_true(fabs(tune_student_t(cases[i].p, cases[i].df) - cases[i].t) <
                    2e-3 * fabs(cases[i].t) + 1e-3);
    }
}

/* ---- searches ---- */

/* What candidates do, by load: factors; those taken over multiply. */
struct world {
    int n, loads;
    double factor[MOST][LOADS];
    double sd;  /* of the logarithm of a run */
    int broken; /* that candidate fails; -1: none */
};

struct played {
    int runs, rounds, taken[MOST], ntaken;
    bool helps, conflict, hint;
    double ratio, low, high;
};

static double uniform(void)
{
    return ((double)random() + 0.5) / ((double)RAND_MAX + 1);
}

static double normal(void)
{
    return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

static void play_pair(struct tune *t, const struct world *w,
                      const struct tune_pair *p)
{
    const int *taken;
    int n = tune_taken(t, &taken);
    double logs[LOADS];

    for (int l = 0; l < w->loads; l++) {
        double x = 0;

        for (int k = 0; k < n && p->candidate < 0; k++)
            x += log(w->factor[taken[k]][l]);
        if (p->candidate >= 0)
            x = log(w->factor[p->candidate][l]);
        logs[l] = x + w->sd * normal() - w->sd * normal();
    }
    tune_took(t, logs);
}

static struct played play(const struct world *w, uint64_t seed)
{
    struct tune *t = tune_open(w->n, w->loads, seed);
    struct played x = {0};
    struct tune_conflict c;
    bool able[MOST];
    struct tune_pair p;
    const int *taken;

    memset(able, true, sizeof able);
    for (p = tune_next(t); p.step != TUNE_DONE; p = tune_next(t)) {
        if (p.step == TUNE_ROUND) {
            x.rounds = p.round;
            for (int n = tune_taken(t, &taken); n > 0; n--)
                able[taken[n - 1]] = false;
            tune_round(t, able);
            continue;
        }
        x.runs += 2;
        if (p.candidate >= 0 && p.candidate == w->broken)
            tune_drop(t);
        else
            play_pair(t, w, &p);
    }
    x.ntaken = tune_taken(t, &taken);
    memcpy(x.taken, taken, (size_t)x.ntaken * sizeof *taken);
    if (tune_final(t)) {
        x.helps = tune_final(t)->decision == TUNE_HELPS;
        x.ratio = tune_final(t)->all.ratio;
        x.low = tune_final(t)->all.low;
        x.high = tune_final(t)->all.high;
    }
    x.conflict = tune_conflict(t, &c);
    x.hint = x.conflict && c.screened;
    tune_close(t);
    return x;
}

static struct world equal(int n, int loads, double sd)
{
    struct world w = {.n = n, .loads = loads, .sd = sd, .broken = -1};

    for (int c = 0; c < n; c++)
        for (int l = 0; l < loads; l++)
            w.factor[c][l] = 1;
    return w;
}

enum { SEARCHES = 2000 };

static int count_taken(const struct world *w, int candidate)
{
    int n = 0;

    srandom(17);
    for (uint64_t i = 0; i < SEARCHES; i++) {
        struct played x = play(w, i);

        n += candidate < 0 ? x.ntaken > 0
                           : x.ntaken > 0 && x.taken[0] == candidate;
    }
    return n;
}

/* Where nothing helps, at most 3 % of searches take something over. */
static void nothing_helps(void **state)
{
    static const int loads[] = {1, 3};

    (void)state;
    for (size_t i = 0; i < COUNT(loads); i++) {
        struct world w = equal(12, loads[i], 0.05);
        int n = count_taken(&w, -1);

        print_message("%d loads: %.2f %% take something over\n", loads[i],
                      100. * n / SEARCHES);
        assert_true(n <= SEARCHES * 3 / 100);
        assert_true(n > 0); /* the level is not nothing either */
    }
}

/* A factor of 1.3 is found in at least 95 %. */
static void something_helps(void **state)
{
    struct world w = equal(12, 1, 0.05);
    int n;

    (void)state;
    w.factor[7][0] = 1.3;
    n = count_taken(&w, 7);
    print_message("1.3 is found in %.2f %%\n", 100. * n / SEARCHES);
    assert_true(n >= SEARCHES * 95 / 100);
    w.factor[7][0] = 1.1;
    n = count_taken(&w, 7);
    print_message("1.1 is found in %.2f %%\n", 100. * n / SEARCHES);
}

/* The reported interval is of pairs that nothing was chosen by: it holds the
 * truth in about 95 %, which that of the screen would not. */
static void reported(void **state)
{
    struct world w = equal(12, 1, 0.05);
    int held = 0, n = 0;

    (void)state;
    w.factor[3][0] = 1.3;
    srandom(4);
    for (uint64_t i = 0; i < SEARCHES; i++) {
        struct played x = play(&w, i);

        if (x.ntaken != 1 || x.taken[0] != 3)
            continue;
        n++;
        held += x.low <= 1.3 && x.high >= 1.3;
    }
    print_message("the interval holds 1.3 in %.2f %%\n", 100. * held / n);
    assert_true(held > n * 93 / 100 && held < n * 97 / 100);
}

/* ---- by hand: no noise ---- */

static void several_rounds(void **state)
{
    struct world w = equal(6, 2, 1e-6);
    struct played x;

    (void)state;
    w.factor[1][0] = w.factor[1][1] = 1.2;
    w.factor[4][0] = w.factor[4][1] = 1.5;
    w.factor[5][0] = 0.8;
    w.broken = 2;
    x = play(&w, 1);
    assert_int_equal(x.ntaken, 2);
    assert_int_equal(x.taken[0], 4);
    assert_int_equal(x.taken[1], 1);
    assert_true(x.helps && fabs(x.ratio - 1.8) < 1e-4);
    assert_false(x.conflict);
}

static void runs(void **state)
{
    struct world w = equal(12, 1, 0);
    struct played x = play(&w, 1);

    (void)state;
    /* nobody ahead: the screen alone */
    assert_int_equal(x.runs, 48);
    assert_int_equal(x.rounds, 1);
    assert_int_equal(tune_round_runs(12), 84);
    for (int c = 0; c < 12; c++)
        w.factor[c][0] = 1.01;
    w.sd = 0.5;
    x = play(&w, 1);
    assert_true(x.runs <= 84 * TUNE_ROUNDS + tune_final_runs());
}

/* What slows one load by 3 % is not taken over, whatever it does to others; and
 * that is said. */
static void vetoed(void **state)
{
    struct world w = equal(3, 3, 1e-6);
    struct played x;

    (void)state;
    w.factor[0][0] = w.factor[0][1] = 2;
    w.factor[0][2] = 0.96;
    x = play(&w, 1);
    assert_int_equal(x.ntaken, 0);
    assert_true(x.conflict);
    w.factor[0][2] = 0.98;
    x = play(&w, 1);
    assert_int_equal(x.ntaken, 1);
    assert_true(x.conflict);
    w.factor[0][2] = 1;
    x = play(&w, 1);
    assert_int_equal(x.ntaken, 1);
    assert_false(x.conflict);
}

/* Loads that want different ones. */
static void conflicts(void **state)
{
    struct world w = equal(3, 2, 1e-6);
    struct tune *t = tune_open(3, 2, 5);
    struct tune_conflict c;
    bool able[] = {true, true, true};

    (void)state;
    w.factor[0][0] = 2;
    w.factor[1][1] = 1.5;
    for (struct tune_pair p = tune_next(t); p.step != TUNE_DONE;
         p = tune_next(t))
        if (p.step != TUNE_ROUND)
            play_pair(t, &w, &p);
        else if (p.round == 1)
            tune_round(t, able);
        else
            tune_hurry(t);
    assert_true(tune_conflict(t, &c));
    assert_int_equal(c.round, 1);
    assert_int_equal(c.load[0], 0);
    assert_int_equal(c.candidate[0], 0);
    assert_int_equal(c.load[1], 1);
    assert_int_equal(c.candidate[1], 1);
    tune_close(t);
}

/* One that a load gains by and another loses is not ahead of all, so nothing of
 * it is confirmed: it is a hint, and where nothing is it is rare. */
static void hints(void **state)
{
    struct world w = equal(3, 2, 1e-6);
    struct played x;
    int n = 0;

    (void)state;
    w.factor[1][0] = 2;
    w.factor[1][1] = 0.4;
    x = play(&w, 1);
    assert_int_equal(x.ntaken, 0);
    assert_true(x.hint);
    w.factor[1][1] = 0.9;
    x = play(&w, 1); /* confirmed, and slows the other load: said of it */
    assert_true(x.conflict && !x.hint);
    w.factor[1][0] = 1.05;
    x = play(&w, 1);
    assert_false(x.conflict);
    w = equal(12, 3, 0.05);
    for (uint64_t i = 0; i < SEARCHES; i++)
        n += play(&w, i).hint;
    print_message("%.2f %% have a hint of nothing\n", 100. * n / SEARCHES);
    assert_true(n <= SEARCHES / 100);
}

/* The same seed draws the same, another one another order; each candidate has
 * its pairs both ways round. */
static void drawn(void **state)
{
    enum { PAIRS = 10 };
    int order[3][PAIRS];
    int first[5] = {0};
    bool able[] = {true, true, true, true, true};
    const double behind = -1;

    (void)state;
    for (int k = 0; k < 3; k++) {
        struct tune *t = tune_open(5, 1, k < 2 ? 11 : 12);

        tune_round(t, able);
        for (int i = 0; i < PAIRS; i++) {
            struct tune_pair p = tune_next(t);

            assert_int_equal(p.step, TUNE_SCREEN);
            order[k][i] = p.candidate;
            first[p.candidate] += k == 0 && p.base_first;
            tune_took(t, &behind);
        }
        assert_int_equal(tune_next(t).step, TUNE_DONE);
        tune_close(t);
    }
    assert_memory_equal(order[0], order[1], sizeof order[0]);
    assert_memory_not_equal(order[0], order[2], sizeof order[0]);
    for (int c = 0; c < 5; c++)
        assert_int_equal(first[c], 1);
}

/* Pairs that ran in vain are not counted, and three confirm. */
static void lost(void **state)
{
    static const int lost_of[] = {0, 3, 4};

    (void)state;
    for (size_t k = 0; k < COUNT(lost_of); k++) {
        struct tune *t = tune_open(1, 1, 3);
        bool able = true;
        const double ahead = 0.5;
        int left = lost_of[k];

        tune_round(t, &able);
        for (struct tune_pair p = tune_next(t);
             p.step == TUNE_SCREEN || p.step == TUNE_CONFIRM; p = tune_next(t))
            if (p.step == TUNE_CONFIRM && left-- > 0)
                tune_lost(t);
            else
                tune_took(t, &ahead);
        assert_int_equal(tune_next(t).step,
                         lost_of[k] <= 3 ? TUNE_ROUND : TUNE_DONE);
        tune_close(t);
    }
}

/* No time: base and winner where there is one, else the end. */
static void hurried(void **state)
{
    struct tune *t = tune_open(2, 1, 3);
    bool able[] = {true, true};
    const double ahead[] = {0.5, 0.1};
    struct tune_pair p;

    (void)state;
    tune_round(t, able);
    while ((p = tune_next(t)).round == 1 && p.step < TUNE_FINAL)
        tune_took(t, &ahead[p.candidate]);
    assert_int_equal(p.step, TUNE_ROUND);
    tune_round(t, able);
    tune_took(t, &ahead[1]);
    tune_hurry(t);
    p = tune_next(t);
    assert_int_equal(p.step, TUNE_FINAL);
    assert_int_equal(p.candidate, -1);
    tune_took(t, ahead);
    tune_hurry(t);
    assert_int_equal(tune_next(t).step, TUNE_DONE);
    assert_int_equal(tune_final(t)->decision, TUNE_OPEN);
    assert_int_equal(tune_final(t)->all.pairs, 1);
    tune_close(t);

    t = tune_open(2, 1, 3);
    tune_round(t, able);
    tune_hurry(t);
    assert_int_equal(tune_next(t).step, TUNE_DONE);
    assert_null(tune_final(t));
    tune_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(student),         cmocka_unit_test(nothing_helps),
        cmocka_unit_test(something_helps), cmocka_unit_test(reported),
        cmocka_unit_test(several_rounds),  cmocka_unit_test(runs),
        cmocka_unit_test(vetoed),          cmocka_unit_test(conflicts),
        cmocka_unit_test(drawn),           cmocka_unit_test(lost),
        cmocka_unit_test(hurried),         cmocka_unit_test(hints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
