/* tune.h - how `srbench tune` finds the best configuration: what is to be run
 * next, and what is decided by what came of it. Pure: it is told the logarithms
 * of ratios and knows no server, so that searches can be simulated. All
 * functions are local; with the same seed and the same ratios they say the same
 * on every rank.
 *
 * A round screens every candidate beside the base in two pairs and confirms the
 * best three of those ahead in six fresh ones; the best confirmed becomes part
 * of the base. Who looked at one set of pairs again and again until something
 * seems better would find that in half of the searches where nothing is: so
 * what chooses (screen), what decides (confirm) and what is reported (final)
 * are pairs of their own.
 */
#ifndef SRB_TUNE_H
#define SRB_TUNE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    TUNE_ROUNDS = 6,       /* at most: by then the level is 0.06 % */
    TUNE_SCREEN_PAIRS = 2, /* of each candidate: AB, BA */
    TUNE_PAIRS = 6,        /* to confirm one, and of base and winner at last */
    TUNE_FINALISTS = 3,    /* are confirmed */
    TUNE_LEAST_PAIRS = 3   /* of those, which decide if others were lost */
};
/* That anything is confirmed in the first round where nothing helps (Holm over
 * its finalists); half as much in each further one. */
#define TUNE_LEVEL 0.02
/* What slows a load by this, with all of its 95 % interval, is not taken over.
 */
#define TUNE_SLOWS 0.03

enum tune_step {
    TUNE_SCREEN,
    TUNE_CONFIRM,
    TUNE_FINAL,
    TUNE_ROUND, /* one begins: say tune_round() */
    TUNE_DONE
};

/* The pair to be run. */
struct tune_pair {
    enum tune_step step;
    int round;     /* from 1 */
    int candidate; /* beside the base; -1: all that was taken over, beside the
                      base of the begin (TUNE_FINAL) */
    int number;    /* of that candidate's in this step, from 0 */
    bool base_first;
};

/* Of how many times the figure is that of the base: the geometric mean over
 * pairs, and over loads where it is of all. */
struct tune_effect {
    int pairs;
    double ratio;     /* NaN: no pair */
    double low, high; /* 95 %, Student over pairs; NaN: fewer than two */
    double p;         /* one-sided, of a ratio of 1 or less; NaN likewise */
};

enum tune_decision {
    TUNE_OPEN,        /* not all pairs have run */
    TUNE_DROPPED,     /* it failed, or did not take effect */
    TUNE_BEHIND,      /* screened: not ahead of the base */
    TUNE_NOT_BEST,    /* screened: ahead, and three others more so */
    TUNE_CHOSEN,      /* screened: to be confirmed */
    TUNE_UNCONFIRMED, /* not faster beyond doubt */
    TUNE_TOO_SLOW,    /* confirmed, but slows a load */
    TUNE_CONFIRMED,   /* confirmed, and another one is better */
    TUNE_TAKEN,       /* over: part of the base from here on */
    TUNE_HELPS,       /* final: the interval is above 1 */
    TUNE_NOTHING,     /* final: the interval holds 1, or is below */
};

/* What came of a candidate in a step. */
struct tune_result {
    enum tune_step step;
    int round, candidate; /* as in struct tune_pair */
    enum tune_decision decision;
    int slows; /* TUNE_TOO_SLOW: that load */
    struct tune_effect all;
    struct tune_effect *load; /* [loads] */
};

struct tune;

struct tune *tune_open(int candidates, int loads, uint64_t seed);
void tune_close(struct tune *t);

/* What is next. After TUNE_ROUND: tune_round(); after a pair one of
 * tune_took(), tune_lost() and tune_drop(). */
struct tune_pair tune_next(const struct tune *t);

/* A round begins, with those candidates that can be tried on the base as it is
 * now (those dropped are not in any case; one that was taken over may have more
 * to give). */
void tune_round(struct tune *t, const bool *able);

/* The pair ran: of each load the logarithm of candidate / base, above 0 where
 * the candidate is better. */
void tune_took(struct tune *t, const double *logs);
/* It ran in vain, through no fault of the candidate's. */
void tune_lost(struct tune *t);
/* The candidate is out, now and later. */
void tune_drop(struct tune *t);
/* There is time for no more than what was begun last: base and winner next, or
 * the end. */
void tune_hurry(struct tune *t);

/* What was found so far, in the order in which it began; those of the step
 * under way are TUNE_OPEN. Valid until the next call that changes t. */
int tune_results(const struct tune *t, const struct tune_result **list);

/* Candidates that were taken over, in that order; a round has one at most. */
int tune_taken(const struct tune *t, const int **list);

/* The base and the winner beside each other at last; NULL: not begun. */
const struct tune_result *tune_final(const struct tune *t);

/* Two loads that want different candidates, -1 for the base as it was, by what
 * was confirmed: each is confirmed on its own load, and the first one's is
 * worse on the second beyond doubt. Or by a screen alone, of a candidate that
 * it ended for: in each of its pairs it was better on the first load by
 * TUNE_APART or more, and worse on the second; which of two pairs is a hint. */
#define TUNE_APART 1.2
struct tune_conflict {
    int round;
    int load[2], candidate[2];
    bool screened;
    double ratio[2]; /* screened: on these loads */
};
/* The first one, a confirmed one before a hint; false: none was seen. */
bool tune_conflict(const struct tune *t, struct tune_conflict *c);

/* How many runs a search takes: of base and candidate, each of which measures
 * all loads. Of one round with so many candidates that confirms all it may,
 * base and winner not among them; and those. */
int tune_round_runs(int candidates);
int tune_final_runs(void);

/* ---- Student ---- */

/* P(T > t) with df degrees of freedom, 1 or more; and the t of which that is p.
 */
double tune_student_p(double t, int df);
double tune_student_t(double p, int df);

#endif
