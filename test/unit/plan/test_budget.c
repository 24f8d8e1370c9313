/* What a permutation will take, by what others took. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "lib/study.h"
#include "plan/budget.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* 2 set-ups x 2 clients x 2 sizes x 2 repetitions: an index is the binary
 * number of these choices. */
static const struct line study = {{"--db_cpus=[1,2]",
                                   "--client=[socket,hiredis]",
                                   "--tensor_bytes=[4,8]", "--repetitions=2"}};

#define MOST 4

/* What ran, what is asked, and the answer: margin x (rest x work + start). */
static const struct {
    struct {
        size_t index;
        struct budget_cost cost;
    } ran[MOST];
    size_t index;
    double work;
    bool starts;
    double seconds;
    size_t by;
} cases[] = {
    /* the other repetition, with a margin of a tenth */
    {{{0, {2, 10, 1}}}, 1, 1, false, 11, 0},
    {{{0, {2, 10, 1}}}, 1, 1, true, 1.1 * 12, 0},
    /* the slower one of two */
    {{{0, {0, 30, 1}}, {1, {0, 10, 1}}}, 1, 1, false, 33, 0},
    /* another size, by its work, with a margin of a half */
    {{{0, {0, 10, 4}}}, 2, 8, false, 30, 0},
    {{{2, {0, 10, 8}}}, 0, 2, false, 3.75, 2},
    /* a repetition tells more than what is as large */
    {{{2, {0, 10, 8}}, {1, {0, 1, 8}}, {3, {0, 70, 8}}}, 0, 8, false, 1.1, 1},
    /* the one that differs in fewer axes, not the latest */
    {{{4, {0, 10, 1}}, {12, {0, 90, 1}}}, 6, 1, false, 15, 4},
    {{{12, {0, 90, 1}}, {4, {0, 10, 1}}}, 14, 1, false, 135, 12},
    /* of those the nearest in work */
    {{{0, {0, 10, 1}}, {2, {0, 90, 10}}}, 4, 9, false, 121.5, 2},
    /* a start by its own set-up's, the longest, else by any */
    {{{0, {7, 1, 1}}, {2, {9, 1, 1}}, {8, {3, 1, 1}}}, 10, 1, true, 1.5 * 4, 8},
    {{{0, {7, 1, 1}}, {2, {9, 1, 1}}}, 8, 1, true, 1.5 * 10, 0},
};

static void by_hand(void **state)
{
    struct study s;

    (void)state;
    study_open(&s, &study);
    assert_int_equal(s.sweep.count, 16);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct budget *b = budget_open(&s.sweep);
        struct budget_guess g;

        for (size_t k = 0; k < MOST && cases[i].ran[k].cost.work > 0; k++)
            budget_add(b, cases[i].ran[k].index, &cases[i].ran[k].cost);
        g = budget_guess(b, cases[i].index, cases[i].work, cases[i].starts);
        if (!(fabs(g.seconds - cases[i].seconds) < 1e-9) || g.by != cases[i].by)
            fail_msg("case %zu: %g s by %zu instead of %g s by %zu", i,
                     g.seconds, g.by, cases[i].seconds, cases[i].by);
        budget_close(b);
    }
    study_close(&s);
}

/* Nothing is known: it starts while a second is left, and not after. */
static void unknown(void **state)
{
    struct budget_guess g;
    struct study s;
    struct budget *b;

    (void)state;
    study_open(&s, &study);
    b = budget_open(&s.sweep);
    g = budget_guess(b, 3, 1, true);
    assert_true(isnan(g.seconds));
    assert_true(budget_fits(&g, 1.5));
    assert_false(budget_fits(&g, 0.5));
    assert_false(budget_fits(&g, -1));
    budget_close(b);
    study_close(&s);
}

/* Many more than are kept: the latest count. */
static void only_the_latest(void **state)
{
    struct study s;
    struct budget *b;
    struct budget_guess g;

    (void)state;
    study_open(&s, &study);
    b = budget_open(&s.sweep);
    budget_add(b, 0, &(struct budget_cost){.rest = 1000, .work = 1});
    for (int i = 0; i < SRB_BUDGET_KEPT; i++)
        budget_add(b, 0, &(struct budget_cost){.rest = 1, .work = 1});
    g = budget_guess(b, 1, 1, false);
    assert_true(fabs(g.seconds - 1.1) < 1e-9);
    budget_close(b);
    study_close(&s);
}

static void what_fits(void **state)
{
    const struct budget_guess g = {.seconds = 40};

    (void)state;
    assert_true(budget_fits(&g, 40));
    assert_false(budget_fits(&g, 39.9));
}

static void the_end_is_reserved(void **state)
{
    static const struct {
        double limit, reserve;
    } of[] = {{1, 0.5}, {100, 2}, {1000, 20}, {86400, 30}, {0, 0.5}};

    (void)state;
    for (size_t i = 0; i < COUNT(of); i++)
        if (fabs(budget_reserve(of[i].limit) - of[i].reserve) > 1e-9)
            fail_msg("%g s of %g s instead of %g s",
                     budget_reserve(of[i].limit), of[i].limit, of[i].reserve);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(unknown),
        cmocka_unit_test(only_the_latest),
        cmocka_unit_test(what_fits),
        cmocka_unit_test(the_end_is_reserved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
