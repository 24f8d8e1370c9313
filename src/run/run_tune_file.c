/* What is written and said of a search. */
#include "run/run_tune_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/diag.h"
#include "base/mem.h"
#include "results/tuned.h"

static struct tuned told(const struct run *r)
{
    const struct tune_run *u = r->tune;

    return (struct tuned){.search = u->search,
                          .sweep = &r->plan.sweep,
                          .list = u->list,
                          .n = u->n,
                          .winner = u->now,
                          .by = u->by,
                          .objective = u->objective,
                          .better = u->better,
                          .stopped = u->stopped,
                          .runs = u->setups,
                          .command_line = r->plan.study.command_line};
}

/* ---- the file ---- */

/* As it is before anything was tried: rows that are not there are blank. */
void run_tune_table(const struct run *r, struct fields *cells,
                    struct sink_table *table)
{
    const struct tuned x = told(r);
    size_t nrows = tuned_room(r->tune->n, r->plan.sweep.loads);
    struct tune_effect none = {0, NAN, NAN, NAN, NAN};
    const struct tune_result blank = {
        .step = TUNE_SCREEN, .all = none, .load = &none};

    for (size_t i = 0; i < nrows; i++) {
        struct fields row = {0};

        tuned_row(&row, &x, &blank, -1);
        record_unknown(&row);
        for (size_t c = 0; c < row.n; c++)
            fields_copy(cells, &row.list[c]);
        table->ncols = row.n;
        fields_free(&row);
    }
    table->cells = cells->list;
    table->nrows = nrows;
}

/* Rank 0: result i, in the rows that are its own. */
static void write_result(struct run *r, const struct tuned *x, size_t i)
{
    const struct tune_result *list;
    int each = tuned_rows(r->plan.sweep.loads);
    struct error err;
    int rc = 0;

    tune_results(x->search, &list);
    for (int k = 0; k < each && rc == 0; k++) {
        struct fields row = {0};

        tuned_row(&row, x, &list[i], k - 1);
        rc = sinks_extra(&r->sinks, i * (size_t)each + (size_t)k, &row, &err);
        fields_free(&row);
    }
    if (rc < 0)
        r->rows_failed = err;
}

/* Another text in a row takes more of the file: only what has changed. */
void run_tune_write(struct run *r)
{
    const struct tuned x = told(r);
    struct tune_run *u = r->tune;
    const struct tune_result *list;
    size_t n = (size_t)tune_results(x.search, &list);

    if (r->team->rank != 0)
        return;
    u->written = mem_grow(u->written, n + 1, sizeof *u->written);
    for (; u->nwritten < n; u->nwritten++)
        u->written[u->nwritten] = -1;
    for (size_t i = 0; i < n && !r->rows_failed.text[0]; i++) {
        int is = list[i].all.pairs * 100 + (int)list[i].decision;

        if (u->written[i] != is)
            write_result(r, &x, i);
        u->written[i] = is;
    }
}

void run_tune_study(const struct run *r, struct fields *study)
{
    const struct tune_run *u = r->tune;
    char *candidates = tuned_candidates(u->list, u->n);

    fields_text(study, "tune_objective", u->objective);
    fields_text(study, "tune_better", u->better > 0 ? "higher" : "lower");
    fields_text(study, "tune_candidates", candidates);
    free(candidates);
}

char *run_tune_end(const struct run *r, struct fields *end)
{
    const struct tuned x = told(r);
    char *winner = tuned_winner(&x);

    fields_text(end, "tune_winner", winner);
    fields_text(end, "tune_stopped", x.stopped);
    free(winner);
    return tuned_words(&x);
}

/* ---- the result ---- */

int run_tune_report(struct run *r, const char *words, struct error *err)
{
    const struct tuned x = told(r);
    const char *path = options_one(r->plan.sweep.options, OPT_TUNED)->text;
    char *winner = tuned_winner(&x);
    bool file = strcmp(path, "none") != 0;
    int rc = file ? tuned_write(path, &x, err) : 0;

    if (diag_level() != DIAG_QUIET) {
        diag_live(NULL);
        tuned_print(stdout, &x);
        printf("\n%s%s", words, winner);
        if (file && rc == 0)
            printf("configuration: %s\n", path);
        printf("\n");
    }
    free(winner);
    return rc;
}
