/* A study that an earlier session began: what is kept of it. */
#include "base/mem.h"
#include "run/run.h"
#include "run/run_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/output.h"

/* ---- rank 0 reads ---- */

/* The i-th row of the summary; the cells stay the list's. */
static struct fields row_at(const struct earlier *e, size_t i)
{
    return (struct fields){.list = e->rows.list + i * e->ncols, .n = e->ncols};
}

/* What has run to an end that another session would not change. */
static enum status status_of(const struct past *past,
                             const struct field *status, size_t i, size_t count)
{
    if (strcmp(status->text, record_status(STATUS_SPARED)) == 0)
        return STATUS_SPARED; /* it did not run, and has no group */
    if (strcmp(status->text, record_status(STATUS_COMPLETED)) == 0 &&
        past_permutation(past, i, count))
        return STATUS_COMPLETED;
    return STATUS_PLANNED;
}

/* Rows of /summary. */
static size_t rows_of(const struct run *r)
{
    return r->tune ? r->plan.sweep.room : r->plan.sweep.count;
}

/* A search went on with what came of a permutation, be that a failure: all up
 * to the last that was completed is kept. Returns how many. */
static size_t keep_begin(struct earlier *e, size_t count)
{
    size_t kept = count;

    while (kept > 0 && e->status[kept - 1] != STATUS_COMPLETED)
        kept--;
    for (size_t i = 0; i < count; i++)
        if (i >= kept)
            e->status[i] = STATUS_PLANNED;
        else if (e->status[i] != STATUS_COMPLETED)
            e->status[i] = STATUS_FAILED;
    return kept;
}

static int read_rows(struct run *r, struct error *err)
{
    struct earlier *e = &r->earlier;
    size_t count = rows_of(r), nrows = 0;
    struct fields blank = {0};
    int rc = run_blank_row(r, &blank, err);

    e->ncols = blank.n;
    if (rc == 0)
        rc = past_table(e->past, "summary", &blank, &e->rows, &nrows, err);
    fields_free(&blank);
    if (rc == 0 && nrows != count)
        rc = error_set(err, "it has %zu permutations, and the study %zu", nrows,
                       count);
    for (size_t i = 0; i < count && rc == 0; i++) {
        struct fields row = row_at(e, i);

        e->status[i] = (unsigned char)status_of(
            e->past, fields_find(&row, "status"), i, count);
        e->completed += e->status[i] == STATUS_COMPLETED;
    }
    if (rc == 0 && r->tune)
        keep_begin(e, count);
    return rc;
}

/* A file that has no /sessions had one: that of its root attributes. */
static int read_sessions(struct run *r, struct error *err)
{
    struct earlier *e = &r->earlier;
    struct fields like = {0};
    int rc = 0;

    record_session(&like, &r->plan.study);
    if (past_has(e->past, "sessions")) {
        rc = past_table(e->past, "sessions", &like, &e->sessions, &e->nsessions,
                        err);
        fields_free(&like);
    } else {
        past_study(e->past, &like);
        e->sessions = like;
        e->nsessions = 1;
    }
    return rc;
}

/* A session that was killed could not say how many it completed: those that no
 * other one did. Only the last one can be such, as this was done when it began;
 * whatever stands there, its number holds only with an end. */
static void settle_sessions(struct earlier *e)
{
    size_t ncols = e->sessions.n / e->nsessions;
    int64_t rest = (int64_t)e->completed;

    for (size_t k = 0; k < e->nsessions; k++) {
        struct fields row = {.list = e->sessions.list + k * ncols, .n = ncols};
        const struct field *end = fields_find(&row, "end_time");
        const struct field *completed = fields_find(&row, "completed");

        if (!completed || !end)
            return;
        if (k + 1 == e->nsessions && end->text[0] == '\0')
            row.list[completed - row.list].integer = rest;
        rest -= completed->integer;
    }
}

static int look(struct run *r, int64_t *seed, struct error *err)
{
    struct earlier *e = &r->earlier;
    const char *path = r->plan.output;

    *seed = -1;
    if (access(path, F_OK) < 0) {
        diag_note("resume: there is no '%s' yet; the study begins", path);
        return 0;
    }
    e->past = past_open(path, true, r->plan.job.id, err);
    if (!e->past)
        return -1;
    e->status = mem_new(rows_of(r), sizeof *e->status);
    if (run_same_study(r, e->past, seed, &e->moved, err) == 0 &&
        read_rows(r, err) == 0 && (r->tune || run_same_rows(r, e, err) == 0) &&
        read_sessions(r, err) == 0) {
        settle_sessions(e);
        return 0;
    }
    error_prefix(err, "'%s' cannot be resumed", path);
    return -1;
}

/* ---- all know ---- */

static void tell(const struct run *r, size_t kept)
{
    const struct earlier *e = &r->earlier;

    if (r->tune)
        diag_note("resume: what %zu runs said is kept, the search goes on "
                  "behind them; this is session %d of it",
                  kept, r->plan.study.session);
    else
        diag_note(
            "resume: %zu of %zu permutations are kept (%zu completed), the "
            "others run; this is session %d of the study",
            kept, r->plan.sweep.count, e->completed, r->plan.study.session);
    if (e->moved)
        diag_say("resume: the nodes are not those of the first session; they "
                 "are in /hosts_%d of the file",
                 r->plan.study.session);
}

static void share(struct run *r, int64_t seed)
{
    struct earlier *e = &r->earlier;
    struct {
        int64_t seed, sessions;
    } all = {seed, (int64_t)e->nsessions};
    size_t count = rows_of(r), kept = 0;

    team_bcast(r->team, r->team->world, &all, (int)sizeof all, 0);
    if (all.sessions == 0)
        return;
    if (!e->status)
        e->status = mem_new(count, sizeof *e->status);
    team_bcast(r->team, r->team->world, e->status, (int)count, 0);
    r->plan.study.session = (int)all.sessions;
    if (all.seed >= 0)
        r->plan.seed = r->plan.study.seed = (uint64_t)all.seed;
    while (kept < count && e->status[kept] != STATUS_PLANNED)
        kept++;
    if (r->tune)
        run_tune_resume(r, kept);
    if (r->tune && r->team->rank == 0)
        tell(r, kept);
}

int run_resume(struct run *r, struct error *err)
{
    int64_t seed = -1;
    int rc = 0;

    if (!options_one(r->plan.sweep.options, OPT_RESUME)->count)
        return 0;
    if (r->team->rank == 0)
        rc = look(r, &seed, err);
    if (team_agree(r->team, r->team->world, rc, err) < 0)
        return -1;
    share(r, seed);
    return 0;
}

/* ---- counted in ---- */

/* Rank 0: figures of a permutation that is kept, for those that they are
 * compared with, and for the reader. */
static void recall_figures(struct run *r, const struct permutation *p,
                           const struct fields *row, struct outcome *o)
{
    const struct field *flags = fields_find(row, "flags");
    char text[SRB_FLAGS_MAX];

    record_clear(o, record_scope(r->plan.sweep.options));
    record_recall(o, row);
    o->status = (enum status)r->earlier.status[p->index];
    if (o->status == STATUS_COMPLETED) {
        repeats_add(r->repeats, sweep_group(&r->plan.sweep, p->index),
                    &o->summary);
        of_partner_add(r->partners, p, &o->summary, flags ? flags->text : "");
        expect_judge_end(r->judge, p, o);
    }
    if (o->summary.verify_errors > 0)
        r->tally.verify_errors += o->summary.verify_errors;
    r->tally.breaches += o->breaches > 0 ? o->breaches : 0;
    of_partner_strip(flags ? flags->text : "", text, sizeof text);
    run_count_in(r, p, o, text);
}

static void recall_one(struct run *r, size_t i)
{
    const struct fields row = row_at(&r->earlier, i);
    struct permutation p;
    struct placement pl;
    struct outcome o;
    struct work work;

    sweep_at(&r->plan.sweep, i, &p);
    recall_figures(r, &p, &row, &o);
    if (place_solve(&r->team->machine, &p, &pl, NULL) < 0)
        return;
    work = remaining_work(&p, &pl, false);
    remaining_dropped(&r->remaining, &work, false);
    place_free(&pl);
}

void run_recall(struct run *r)
{
    const unsigned char *status = r->earlier.status;
    size_t kept = 0;

    if (!status)
        return;
    for (size_t i = 0; i < r->plan.sweep.count; i++) {
        if (status[i] == STATUS_PLANNED)
            continue;
        r->tally.completed += status[i] == STATUS_COMPLETED;
        r->tally.spared += status[i] == STATUS_SPARED;
        kept++;
        if (r->team->rank == 0)
            recall_one(r, i);
    }
    team_bcast(r->team, r->team->world, &r->tally.verify_errors,
               (int)sizeof r->tally.verify_errors, 0);
    if (r->team->rank == 0)
        tell(r, kept);
}

/* Whether a row is of what the search wants to know there: with the same seed
 * and figures it does, unless other CPUs or servers leave it other candidates.
 */
static bool is_same_try(const struct fields *row, const struct permutation *p)
{
    const struct sweep_tried *t = p->tried;
    const struct field *step = fields_find(row, "tune_step");
    const struct field *candidate = fields_find(row, "tune_candidate");
    const struct field *side = fields_find(row, "tune_side");
    const struct field *pair = fields_find(row, "tune_pair");

    return strcmp(step->text, t->step) == 0 &&
           strcmp(candidate->text, t->candidate) == 0 &&
           strcmp(side->text, t->base ? "base" : "candidate") == 0 &&
           pair->integer == t->pair;
}

void run_recall_made(struct run *r, size_t i, struct outcome *o)
{
    enum status status = (enum status)r->earlier.status[i];
    struct permutation p;

    record_clear(o, record_scope(r->plan.sweep.options));
    o->status = status;
    r->tally.completed += status == STATUS_COMPLETED;
    r->tally.failed += status == STATUS_FAILED;
    if (r->team->rank == 0) {
        const struct fields row = row_at(&r->earlier, i);

        sweep_at(&r->plan.sweep, i, &p);
        recall_figures(r, &p, &row, o);
        if (!is_same_try(&row, &p)) {
            diag_say("resume: permutation %04zu of the file tried something "
                     "else than this search would: it has other candidates",
                     i);
            o->status = STATUS_SKIPPED;
        }
    }
    team_bcast(r->team, r->team->world, &r->tally.verify_errors,
               (int)sizeof r->tally.verify_errors, 0);
}

/* ---- a plan ---- */

/* The permutations that run, and what became of them before. */
static void print_rest(const struct past *past, const struct fields *cells,
                       size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        const struct field *status = &cells->list[i];

        if (status_of(past, status, i, count) == STATUS_PLANNED)
            printf("%04zu runs: it was %s\n", i,
                   status->text[0] ? status->text : "planned");
        else
            kept++;
    }
    printf("resume: %zu of %zu permutations are kept, %zu run\n", kept, count,
           count - kept);
    output_flush();
}

/* A search goes on behind what was completed last (keep_begin()). */
static void print_search(const struct fields *cells, size_t count)
{
    size_t kept = count;

    while (kept > 0 && strcmp(cells->list[kept - 1].text, "completed") != 0)
        kept--;
    printf("resume: what %zu run%s said is kept, the search goes on behind "
           "them\n",
           kept, kept == 1 ? "" : "s");
    output_flush();
}

static int look_at_rest(const struct past *past, const struct options *o,
                        struct error *err)
{
    struct fields study = {0}, like = {0}, cells = {0};
    size_t count = 0;
    int rc;

    fields_text(&study, "resolved_config", "");
    fields_text(&like, "status", "");
    past_study(past, &study);
    rc = run_same_config(o, study.list[0].text, err);
    if (rc == 0)
        rc = past_table(past, "summary", &like, &cells, &count, err);
    if (rc == 0 && o->tune)
        print_search(&cells, count);
    else if (rc == 0)
        print_rest(past, &cells, count);
    fields_free(&study);
    fields_free(&like);
    fields_free(&cells);
    return rc;
}

int run_rest(const struct options *o, const char *path, struct error *err)
{
    struct past *past;
    int rc;

    if (access(path, F_OK) < 0) {
        printf("resume: there is no '%s' yet, all of them run\n", path);
        return 0;
    }
    past = past_open(path, false, "", err);
    if (!past)
        return -1;
    rc = look_at_rest(past, o, err);
    past_close(past);
    return rc < 0 ? error_prefix(err, "'%s' cannot be resumed", path) : 0;
}
