/* tuned.h - a search for the best configuration, as it is told: its table and
 * its sentences, its rows in the file, and the configuration that it found.
 *
 * World rank 0 alone; all functions are local.
 */
#ifndef SRB_TUNED_H
#define SRB_TUNED_H

#include "base/field.h"
#include "engine/candidate.h"
#include "plan/sweep.h"
#include "plan/tune.h"

struct tuned {
    const struct tune *search;
    const struct sweep *sweep;
    const struct candidate *list; /* whose numbers the search has */
    int n;
    const struct value *const *winner; /* [OPT_COUNT]; NULL: as the base */
    const int *by;         /* [OPT_COUNT] candidate that set it, -1 none */
    const char *objective; /* a figure of /summary */
    int better;            /* record_better() of it */
    const char *stopped;   /* why the search ended before its time; "": it did
                              not */
    size_t runs;
    const char *command_line;
};

/* A row of /tune: what came of a candidate in a step, on a load or (-1) all. */
void tuned_row(struct fields *f, const struct tuned *x,
               const struct tune_result *r, int load);
/* So many rows there are at most; those of one result. */
size_t tuned_room(int candidates, size_t loads);
int tuned_rows(size_t loads);

/* The candidates, a line each: "memory_kept: the allocator keeps freed memory:
 * db_env: {...}". Allocated. */
char *tuned_candidates(const struct candidate *list, int n);

/* Options that the winner has otherwise than the base, as YAML; "" none.
 * Allocated. */
char *tuned_winner(const struct tuned *x);

/* What was found, in sentences, a line each. Allocated. */
char *tuned_words(const struct tuned *x);

/* A line for each candidate, by what it was tried last for. */
void tuned_print(FILE *out, const struct tuned *x);

/* "x1.31 (1.22 to 1.40)". Returns buf. */
#define TUNED_EFFECT_MAX 64
char *tuned_effect(const struct tune_effect *e, char buf[TUNED_EFFECT_MAX]);

/* Whether the file can be made, by making it for a moment; and the file itself,
 * all at once: what --config reads, each line with its effect. */
int tuned_check(const char *path, bool replace, struct error *err);
int tuned_write(const char *path, const struct tuned *x, struct error *err);

#endif
