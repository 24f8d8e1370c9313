/* What came of the permutations: the result file and the summary. */
#include "run_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "srb/diag.h"

/* Whether it ran, be it to a failure: only then it has a group. */
static bool has_run(const struct outcome *o)
{
    return o->status == STATUS_COMPLETED || o->status == STATUS_FAILED;
}

/* Rank 0: begin (unless its arrays have been written already) and end the
 * permutation's group. */
static int end_group(struct run *r, struct life *x, bool begun,
                     const struct fields *row, struct error *err)
{
    const size_t nothing[SINK_DIMS] = {0};
    struct fields attributes = {0};
    int rc = 0;

    if (!begun)
        rc = r->sink->ops->begin(r->sink, x->p.index, nothing, err);
    record_attributes(&attributes, &r->plan.study, &x->p, &r->placement,
                      &x->outcome);
    if (rc == 0)
        rc = r->sink->ops->end(r->sink, &attributes, row, err);
    fields_free(&attributes);
    return rc;
}

/* Rank 0: the permutation's row of the summary, and its group. */
static int write_end(struct run *r, struct life *x, bool begun,
                     struct error *err)
{
    struct fields row = {0};
    int rc;

    record_row(&row, &r->plan.sweep, &x->p, &r->placement, &x->outcome);
    rc = has_run(&x->outcome)
             ? end_group(r, x, begun, &row, err)
             : r->sink->ops->row(r->sink, x->p.index, &row, err);
    json_row(r->json, x->p.index, &row);
    fields_free(&row);
    return rc;
}

/* Rank 0: what a completed permutation means for others. */
static void remember(struct run *r, struct life *x)
{
    size_t group = sweep_group(&r->plan.sweep, x->p.index);

    repeats_add(r->repeats, group, &x->outcome.summary);
    floors_add(r->floors, &x->p, &x->outcome.summary);
    x->outcome.repeated = repeats_get(r->repeats, group);
    x->outcome.of_floor = floors_compare(r->floors, &x->p, r->repeats);
    judge_end(r->judge, &x->p, &x->outcome);
}

/* Rank 0: shares of the floor, which may have been measured after the others.
 */
static void amend_of_floor(struct run *r, const struct permutation *p,
                           struct fields *cells)
{
    struct of_floor of = floors_compare(r->floors, p, r->repeats);

    if (isnan(of.put))
        return;
    record_of_floor(cells, &of);
    report_figures(p->index, cells);
    report_row_of_floor(p->index, &of);
}

/* Rank 0: limits on what was not known before. */
static void amend_breaches(struct run *r, const struct permutation *p,
                           struct fields *cells)
{
    struct judgement verdict = {0};
    int breaches = judge_late(r->judge, p, r->floors, r->repeats, &verdict);
    size_t used;

    if (verdict.limits == 0)
        return;
    record_breaches(cells, breaches);
    r->tally.breaches += verdict.breaches;
    report_late_breaches(p->index, &verdict);
    used = strlen(r->late);
    if (verdict.breaches > 0)
        snprintf(r->late + used, sizeof r->late - used, "%s%04zu: %s",
                 used ? "; " : "", p->index, verdict.words);
}

/* Rank 0: what is known of a permutation only when all have run. */
static int amend_all(struct run *r, struct error *err)
{
    int rc = 0;

    for (size_t i = 0; i < r->plan.sweep.count && rc == 0; i++) {
        struct fields cells = {0};
        struct permutation p;

        sweep_at(&r->plan.sweep, i, &p);
        amend_of_floor(r, &p, &cells);
        amend_breaches(r, &p, &cells);
        json_amend(r->json, i, &cells);
        if (cells.n > 0)
            rc = r->sink->ops->amend(r->sink, i, &cells, err);
        fields_free(&cells);
    }
    return rc;
}

void run_store(struct run *r, struct life *x)
{
    bool completed = x->outcome.status == STATUS_COMPLETED;
    const struct collection c = {
        .index = x->p.index,
        .warmup = (size_t)x->p.value[OPT_WARMUP]->count,
        .kept = (size_t)x->outcome.summary.kept,
        /* what was agreed on is known to all clients, and nothing to others */
        .zero =
            x->load.agreed ? x->load.agreed : x->outcome.summary.first_start,
        .load = x->is_client ? &x->load : NULL,
        .facts = &x->client,
        .db = x->is_steward ? r->setup.db : NULL,
        .work = x->work,
    };
    struct error err = {.text = ""};
    bool agree = true;
    int rc = 0;

    if (r->team->rank == 0)
        team_busy(r->team, TEAM_SLOW_SECONDS);
    if (completed && (x->is_client || x->is_steward || r->team->rank == 0))
        rc = collect(r->team, &r->placement, r->sink, &c, &agree, &err);
    x->outcome.disagree = !agree;
    if (completed && r->team->rank == 0)
        remember(r, x);
    if (r->team->rank == 0 && rc == 0)
        rc = write_end(r, x, completed, &err);
    if (r->team->rank == 0)
        team_busy(r->team, 0);
    if (team_agree(r->team, r->team->world, rc, &err) == 0)
        return;
    diag_say("srbench: the result file cannot be written, the study ends "
             "here: %s",
             err.text);
    r->sink_broken = true;
    x->outcome.status = STATUS_FAILED;
    snprintf(x->outcome.error, sizeof x->outcome.error, "%s", err.text);
}

int run_blank_row(const struct run *r, struct fields *row, struct error *err)
{
    struct permutation p;
    struct placement pl;
    struct outcome nothing;

    record_clear(&nothing);
    sweep_at(&r->plan.sweep, 0, &p);
    if (place_solve(&r->team->machine, &p, &pl, err) < 0)
        return -1;
    record_row(row, &r->plan.sweep, &p, &pl, &nothing);
    record_unknown(row); /* all rows begin so, not as the first permutation */
    place_free(&pl);
    return 0;
}

/* Continue the file of earlier sessions, which is taken over. */
static void continue_file(struct run *r, const struct sink_start *start,
                          struct error *err)
{
    static const char *const forget[] = {"end_time", "expect_at_end", NULL};
    struct earlier *e = &r->earlier;
    bool *keep = calloc(start->nperms, sizeof *keep);
    char hosts[32];
    const struct sink_kept kept = {
        .perm = keep, .forget = forget, .hosts = e->moved ? hosts : NULL};
    struct past *past = e->past;

    if (!keep)
        die("not enough memory to resume %zu permutations", start->nperms);
    for (size_t i = 0; i < start->nperms; i++)
        keep[i] = e->status[i] != STATUS_PLANNED;
    snprintf(hosts, sizeof hosts, "hosts_%d", r->plan.study.session);
    e->past = NULL;
    r->sink = sink_hdf5.resume(past, &kept, start, err);
    free(keep);
}

static void begin_file(struct run *r, const struct sink_start *start,
                       struct error *err)
{
    const struct options *o = r->plan.sweep.options;
    const struct sink_ops *ops = r->plan.output[0] ? &sink_hdf5 : &sink_null;

    r->sink =
        ops->open(r->plan.output, options_one(o, OPT_OVERWRITE)->count != 0,
                  r->plan.job.id, start, err);
}

static int open_json(struct run *r, struct error *err)
{
    const struct options *o = r->plan.sweep.options;
    bool replace = options_one(o, OPT_OVERWRITE)->count ||
                   options_one(o, OPT_RESUME)->count;

    if (!r->plan.summary_json[0])
        return 0;
    r->json =
        json_open(r->plan.summary_json, replace, r->plan.sweep.count, err);
    return r->json ? 0 : -1;
}

/* The summary as JSON first: an existing result file is replaced last. */
int run_open_file(struct run *r, struct error *err)
{
    struct fields cells = {0}, row = {0}, *sessions = &r->earlier.sessions;
    struct sink_table hosts = {0}, table;
    const struct sink_start start = {.study = &r->study,
                                     .hosts = &hosts,
                                     .sessions = &table,
                                     .row = &row,
                                     .nperms = r->plan.sweep.count};

    if (run_blank_row(r, &row, err) < 0 || open_json(r, err) < 0) {
        fields_free(&row);
        return -1;
    }
    record_study(&r->study, &r->plan.study);
    record_hosts(&cells, r->facts->facts, r->team->machine.nnodes, &hosts);
    record_session(sessions, &r->plan.study);
    table =
        (struct sink_table){.cells = sessions->list,
                            .nrows = r->earlier.nsessions + 1,
                            .ncols = sessions->n / (r->earlier.nsessions + 1)};
    if (r->earlier.past)
        continue_file(r, &start, err);
    else
        begin_file(r, &start, err);
    fields_free(&cells);
    fields_free(&row);
    return r->sink ? 0 : -1;
}

/* How this session ended, in its row of /sessions. */
static int close_session(struct run *r, const char *now, struct error *err)
{
    const struct fields *all = &r->earlier.sessions;
    size_t ncols = all->n / (r->earlier.nsessions + 1);
    struct fields row = {.list = all->list + all->n - ncols, .n = ncols};

    for (size_t i = 0; i < ncols; i++) {
        struct field *f = &row.list[i];

        if (strcmp(f->name, "completed") == 0)
            f->integer = (int64_t)(r->tally.completed - r->earlier.completed);
        if (strcmp(f->name, "end_time") == 0) {
            free(f->text);
            f->text = strdup(now);
            if (!f->text)
                die("not enough memory for the end of the session");
        }
    }
    return r->sink->ops->session(r->sink, &row, err);
}

int run_close_file(struct run *r, struct error *err)
{
    struct fields end = {0};
    char now[32];
    int rc;

    if (!r->sink)
        return 0;
    fields_text(&end, "end_time", record_now(now, sizeof now));
    fields_text(&r->study, "end_time", now);
    rc = r->sink_broken ? 0 : amend_all(r, err);
    if (r->judge) { /* the permutations' own attributes are written by now */
        fields_text(&end, "expect_at_end", r->late);
        fields_text(&r->study, "expect_at_end", r->late);
    }
    if (rc == 0 && !r->sink_broken)
        rc = r->sink->ops->note(r->sink, &end, err);
    if (rc == 0 && !r->sink_broken)
        rc = close_session(r, now, err);
    fields_free(&end);
    if (r->sink->ops->close(r->sink, rc < 0 ? NULL : err) < 0)
        rc = -1;
    r->sink = NULL;
    if (r->json && json_write(r->json, &r->study, rc < 0 ? NULL : err) < 0)
        rc = -1;
    return rc;
}
