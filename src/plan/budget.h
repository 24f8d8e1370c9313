/* budget.h - whether a permutation would finish in the time that is left.
 *
 * By what took how long so far: another repetition of the same permutation, or
 * else the one that is most alike, scaled by the work that both are. Pure
 * arithmetic, for rank 0 alone; it keeps the latest SRB_BUDGET_KEPT
 * permutations, so that asking stays cheap in a long sweep. All functions are
 * local.
 */
#ifndef SRB_BUDGET_H
#define SRB_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

#include "plan/sweep.h"

#define SRB_BUDGET_KEPT 512

struct budget;

/* s must stay. */
struct budget *budget_open(const struct sweep *s);
void budget_close(struct budget *b);

/* What a permutation that was completed took. */
struct budget_cost {
    double start; /* s to start its databases; 0: they ran */
    double rest;  /* s, all else */
    double work;  /* what it was, in any unit; > 0 */
};
void budget_add(struct budget *b, size_t index, const struct budget_cost *cost);

struct budget_guess {
    double
        seconds; /* a margin included; NaN: nothing has run that could tell */
    size_t by;   /* index of the permutation that tells */
};

/* What permutation `index` of that much work will take; starts: its databases
 * are to be started first. */
struct budget_guess budget_guess(const struct budget *b, size_t index,
                                 double work, bool starts);

/* s of a limit that are kept for the end: to stop the databases and close the
 * file. */
double budget_reserve(double limit);

/* Whether it may start with so many seconds left. An unknown one may while more
 * than a second is left. */
bool budget_fits(const struct budget_guess *guess, double left);

#endif
