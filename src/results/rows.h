/* rows.h - the study's configurations, each with all of its repetitions: what
 * the table and the verdicts are made of.
 *
 * A configuration has a row from the beginning, whatever becomes of it. World
 * rank 0 alone; all functions are local.
 */
#ifndef SRB_ROWS_H
#define SRB_ROWS_H

#include "results/record.h"
#include "results/verdict.h"

struct row_axis {
    enum option_id id;
    int nlevels;
    char **word; /* [nlevels] "64 KiB", "colocated"; a map by its number */
    const char **told; /* the same in a sentence, where nothing explains it: a
                          map in full, yes and no */
    int width;         /* of the longest */
};

struct row {
    size_t first;                 /* index of its first permutation */
    int *level;                   /* [naxes]; -1: it has no such axis */
    int ended[STATUS_SPARED + 1]; /* repetitions, by status */
    char flags[SRB_FLAGS_MAX];    /* of any repetition */
    char limit[16];               /* the word that all repetitions have; "" */
    struct summary last;          /* of the repetition completed last */
    double share;                 /* of the floor's bandwidth; NaN */
    struct step_row {             /* of steps; means over repetitions, or NaN */
        double overhead, response, p99, sustained, low, high;
        double alone, waiting, slower; /* of computing, and overhead's parts */
        double disturbed;         /* share of computing alone that others had */
        double quickest, slowest; /* of it, before or after a loop: of all
                                     repetitions */
        double offered, achieved;
        bool none_held; /* by a search, in some repetition */
    } steps;
    struct running step;  /* of what steps are compared by, over repetitions */
    struct exchange_row { /* of writers and readers; likewise */
        double delivery, p99; /* s; NaN */
        double missed;        /* steps */
        double control;       /* s, the get of what comes after a step; NaN */
        double list;          /* s, of getting one; NaN: there are none */
    } exchange;
    struct run_row { /* where models are run, likewise */
        double script, model, rate;
    } runs;
    struct repeated repeated; /* set by rows_close_up() */
};

struct rows {
    const struct sweep *sweep;
    struct row_axis *axes; /* those that vary; the tensor's size first */
    int naxes;
    int size;         /* 0, or -1 where that does not vary */
    struct row *list; /* in the order of the axes' values */
    size_t n;
    size_t *place; /* [n] group (sweep_group()) -> index in list */
};

/* The sweep must stay. */
void rows_open(struct rows *r, const struct sweep *s);
void rows_free(struct rows *r);

/* A permutation has ended; flags "" for none. */
void rows_add(struct rows *r, const struct permutation *p,
              const struct outcome *o, const char *flags);

/* Its share of the floor's bandwidth; and a flag that the end of the study
 * tells. */
void rows_share(struct rows *r, size_t index, double share);
void rows_flag(struct rows *r, size_t index, const char *flag);

/* All that ran has ended: take the means over repetitions. */
void rows_close_up(struct rows *r, const struct repeats *repeats);

/* The bandwidth of a row, B/s; NaN: not completed, or of steps. The interval is
 * of repetitions, else within the run. */
struct row_rate {
    double rate, error, df; /* error: standard, of the logarithm; NaN */
    bool summed;            /* of the ranks' own; there was no common window */
};
struct row_rate rows_rate(const struct row *row, bool within);

/* Whether nothing was repeated, so that all intervals are within the run. */
bool rows_within(const struct rows *r);

/* The sentences (verdict.h), to be freed; and which rows are best: best [n]. */
char *rows_verdicts(const struct rows *r);
void rows_best(const struct rows *r, enum verdict_rank *best);

/* Whether a value is told with its axis's name: words speak for themselves, and
 * so do sizes; other numbers do not. */
bool rows_is_named(enum option_id id);

/* What sets a permutation apart as a person writes it, "64 KiB, 4 nodes" by the
 * axes that the study has several values of; the size where there is none.
 * Returns buf. */
char *rows_variant(const struct sweep *s, const struct permutation *p,
                   char *buf, size_t n);

#endif
