/* run_tune_parts.h - what the files of srbench tune share: run_tune_plan.c has
 * the candidates and what can be refused, run_tune_file.c what is written and
 * said, run_tune.c the search itself.
 */
#ifndef SRB_RUN_TUNE_PARTS_H
#define SRB_RUN_TUNE_PARTS_H

#include "engine/candidate.h"
#include "plan/tune.h"
#include "run/run_parts.h"

/* What is needed as long as the study, whatever made it. */
struct held {
    struct candidate_values values;
    struct sweep_tried tried[2]; /* with the candidate, and of the base */
    char *proof;
    struct held *next;
};

struct tune_run {
    run_one *run;
    struct tune *search;
    const struct candidate *list;
    int n;
    const struct value *now[OPT_COUNT]; /* the base; NULL: as it was given */
    int by[OPT_COUNT];                  /* candidate that set it, -1: none */
    struct held **on;  /* [n] candidates on the base of this round */
    struct held *held; /* all there ever were */
    const char *objective;
    int better;
    const char *version; /* of the server */
    size_t setups;       /* runs so far */
    size_t kept;         /* rows of earlier sessions, which are recalled */
    int ntaken;          /* of those taken over that are part of `now` */
    int *written;        /* what results were when their rows were written */
    size_t nwritten;
    double *logs;   /* [loads] */
    int64_t began;  /* tick */
    double longest; /* s that a pair took */
    bool over;      /* nothing more can be run */
    bool cut;       /* so, or by a limit that is not the search's own */
    char stopped[SRB_ERROR_MAX];
};

/* Something that is kept as long as the search. */
struct held *run_tune_hold(struct tune_run *u);

/* The base with the candidate's values (NULL: alone): to [OPT_COUNT]. */
void run_tune_put_on(const struct value **to, const struct tune_run *u,
                     const struct held *h);

/* Which candidates there are on the base as it is, by the nodes and their CPUs:
 * u->on. Collective over the world. */
void run_tune_find(struct run *r);

/* Rank 0: bring what has changed of the results into the file. Local. */
void run_tune_write(struct run *r);

#endif
