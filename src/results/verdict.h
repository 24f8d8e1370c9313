/* verdict.h - what a study found, in sentences: for each axis that varied one,
 * with its doubt.
 *
 * Bandwidths, or what is asked of steps instead, are compared as ratios, since
 * their noise is a matter of factors.
 * Two values of an axis are compared by matched rows, equal in all other axes:
 * the effect is the geometric mean of their ratios (Fleming & Wallace 1986,
 * "How not to lie with statistics", CACM 29), for each size of the tensor by
 * itself. Its 95 % interval is Student's on the logarithms of the ratios, with
 * the standard errors of the rows and Welch and Satterthwaite's degrees of
 * freedom (Welch 1947, Biometrika 34). Standard errors are those of
 * repetitions; where nothing was repeated, those within the run. What is told
 * is: more or less, where the interval excludes 1; equal, where it lies within
 * 5 % of it; else that this study cannot tell. Each interval stands for itself:
 * of twenty comparisons of equals one is told by chance.
 *
 * A search that found no rate has none to be compared: the sentence on an axis
 * ends with the values of which nothing held, where it was not so of all.
 *
 * Where the matched rows disagree by more than their errors allow (Cochran's Q
 * 1954), the sentence says between which ratios they lie.
 *
 * Pure arithmetic on what it is handed; all functions are local.
 */
#ifndef SRB_VERDICT_H
#define SRB_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

struct verdict_axis {
    const char *name;        /* "Database nodes" */
    const char *const *word; /* [nlevels] "64 KiB" */
    int nlevels;
    bool amounts; /* levels are numbers, ascending: first and last are
                     compared; else the best with the others */
};

/* The flag of what was faster than the server that is to be its limit. */
#define SRB_FLOOR_BEATEN "floor_beaten"

/* What is compared; rows of one kind with each other. Of slowdown, response
 * and delivery less is better. */
enum verdict_of {
    OF_BANDWIDTH, /* B/s */
    OF_SLOWDOWN,  /* of steps that compute: their time / that of computing
                     alone, which is 1 + the overhead */
    OF_RESPONSE,  /* of steps that have a rate, s */
    OF_SUSTAINED, /* the rate that was found, 1/s */
    OF_DELIVERY,  /* how old data are when a reader has them, s */
    VERDICT_OFS
};

/* What a search for the rate that is sustained found. */
enum verdict_held {
    HELD_SOME, /* a rate; or there was no search */
    HELD_NONE, /* none that a probe can judge */
    HELD_ALL,  /* whatever was tried: the search has no upper end */
    HELDS
};

/* A configuration. */
struct verdict_row {
    const int *level;  /* [naxes] its values; -1: it has no such axis */
    double rate;       /* over its repetitions, the inverse of what is better
                          when it is less; NaN: not completed */
    double error;      /* standard error of the logarithm; NaN: unknown */
    double df;         /* degrees of freedom of that */
    const char *flags; /* "a,b"; "" none */
    enum verdict_of of;
    enum verdict_held held; /* but for HELD_SOME there is no rate to compare */
};

struct verdict_study {
    const struct verdict_axis *axes; /* those that varied */
    int naxes;
    int size;     /* the axis of tensors' sizes; -1: that did not vary */
    bool several; /* rows are compared by several things: each is named */
    const struct verdict_row *rows;
    size_t nrows;
    bool within; /* errors are within the run */
};

/* The sentences, a line each without an end, "" for none. To be freed. */
char *verdict_words(const struct verdict_study *s);

enum verdict_rank {
    RANK_NONE,
    RANK_SHARED, /* cannot be told from the best */
    RANK_BEST,
};

/* Which rows are the best of their size, or cannot be told from that: best
 * [nrows]. None of a size that one row alone was completed of, and none by
 * slowdown or response: how much is asked may be an axis, and least is best. */
void verdict_best(const struct verdict_study *s, enum verdict_rank *best);

#endif
