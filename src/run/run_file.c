/* What came of the permutations: the result file and the summary. */
#include "run/run_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/text.h"
#include "results/step_words.h"

/* Whether it ran, be it to a failure: only then it has a group. */
static bool has_run(const struct outcome *o)
{
    return o->status == STATUS_COMPLETED || o->status == STATUS_FAILED;
}

/* Rank 0: begin (unless its arrays have been written already) and end the
 * permutation's group. */
static int end_group(struct run *r, struct perm_run *x, bool begun,
                     const struct fields *row, struct error *err)
{
    const size_t nothing[SINK_DIMS] = {0};
    struct fields attributes = {0};
    int rc = begun ? 0 : sinks_begin(&r->sinks, x->p.index, nothing, err);

    record_attributes(&attributes, &r->plan.study, &x->p, &r->placement,
                      &x->outcome);
    if (rc == 0)
        rc = sinks_end(&r->sinks, &attributes, row, err);
    fields_free(&attributes);
    return rc;
}

/* Rank 0: rows of what did not run go into the file together. */
static void flush_rows(struct run *r)
{
    struct error err;

    if (r->nunrun == 0)
        return;
    if (sinks_rows(&r->sinks, r->unrun_first,
                   &(struct sink_table){.cells = r->unrun.list,
                                        .nrows = r->nunrun,
                                        .ncols = r->unrun.n / r->nunrun},
                   &err) < 0)
        r->rows_failed = err;
    fields_free(&r->unrun);
    r->nunrun = 0;
}

/* Rank 0: the permutation's row of the summary, and its group. */
static int write_end(struct run *r, struct perm_run *x, bool begun,
                     struct error *err)
{
    struct fields row = {0};
    int rc;

    record_row(&row, &r->plan.sweep, &x->p, &r->placement, &x->outcome);
    rc = end_group(r, x, begun, &row, err);
    fields_free(&row);
    return rc;
}

/* Rank 0: what a completed permutation means for others. */
static void remember(struct run *r, struct perm_run *x)
{
    size_t group = sweep_group(&r->plan.sweep, x->p.index);
    char flags[SRB_FLAGS_MAX];

    repeats_add(r->repeats, group, &x->outcome.summary);
    of_partner_add(r->partners, &x->p, &x->outcome.summary,
                   record_flags(&x->outcome, flags, sizeof flags));
    x->outcome.repeated = repeats_get(r->repeats, group);
    x->outcome.of = of_partner_compare(r->partners, &x->p);
    expect_judge_end(r->judge, &x->p, &x->outcome);
}

/* Rank 0: shares of what may have been measured after the others, and whether
 * it is no limit. */
static void amend_of_partner(struct run *r, const struct permutation *p,
                             struct fields *cells)
{
    const struct outcome now = {.scope = record_scope(r->plan.sweep.options),
                                .of = of_partner_compare(r->partners, p)};
    char text[SRB_FLAGS_MAX];
    bool beaten;
    const char *flags =
        of_partner_flags(r->partners, p, &now.of, text, sizeof text, &beaten);

    if (flags)
        fields_text(cells, "flags", flags);
    if (!record_shared(&now.of))
        return;
    record_figures(cells, &now, FIGURE_OF_PARTNER);
    foms_add(r->foms, p->index, &now, FIGURE_OF_PARTNER);
    rows_share(&r->rows, p->index,
               now.of.share[PARTNER_FLOOR][HEADLINE_WINDOW].centre);
    if (beaten)
        rows_flag(&r->rows, p->index, SRB_FLOOR_BEATEN);
}

/* Rank 0: limits on what was not known before. */
static void amend_breaches(struct run *r, const struct permutation *p,
                           struct fields *cells)
{
    struct judgement verdict = {0};
    const struct outcome now = {
        .breaches =
            expect_judge_late(r->judge, p, r->partners, r->repeats, &verdict)};

    if (verdict.limits == 0)
        return;
    record_figures(cells, &now, FIGURE_BREACHES);
    r->tally.breaches += verdict.breaches;
    screen_late_breaches(p->index, &verdict);
    if (verdict.breaches > 0)
        text_join(r->late, sizeof r->late, "; ", "%04zu: %s", p->index,
                  verdict.words);
}

/* Rank 0: what is known of a permutation only when all have run. */
static int amend_all(struct run *r, struct error *err)
{
    int rc = 0;

    for (size_t i = 0; i < r->plan.sweep.count && rc == 0; i++) {
        struct fields cells = {0};
        struct permutation p;

        sweep_at(&r->plan.sweep, i, &p);
        amend_of_partner(r, &p, &cells);
        amend_breaches(r, &p, &cells);
        if (cells.n > 0)
            rc = sinks_amend(&r->sinks, i, &cells, err);
        fields_free(&cells);
    }
    return rc;
}

/* The file cannot be written: what is measured from here on would be lost. */
static void give_up(struct run *r, const struct error *err)
{
    diag_say("srbench: the result file cannot be written, the study ends "
             "here: %s",
             err->text);
    r->sink_broken = true;
}

/* Rank 0: the row of what did not run. It costs no message, however many there
 * are: a failure becomes everybody's at the next agreement. */
static void store_row(struct run *r, const struct perm_run *x)
{
    if (r->team->rank != 0 || r->rows_failed.text[0])
        return;
    if (!r->storing_rows) /* the others may wait already */
        team_busy(r->team, TEAM_SLOW_SECONDS);
    r->storing_rows = true;
    if (r->nunrun == SINK_ROWS || x->p.index != r->unrun_first + r->nunrun)
        flush_rows(r);
    if (r->nunrun++ == 0)
        r->unrun_first = x->p.index;
    record_row(&r->unrun, &r->plan.sweep, &x->p, &r->placement, &x->outcome);
}

void run_stored(struct run *r)
{
    struct error err;

    flush_rows(r);
    err = r->rows_failed;
    if (!r->sink_broken &&
        team_agree(r->team, r->team->world, err.text[0] ? -1 : 0, &err) < 0)
        give_up(r, &err);
}

static struct collection collection_of(const struct run *r,
                                       const struct perm_run *x,
                                       const struct tensors_rules *tensors,
                                       const int64_t *requests)
{
    bool paced = x->p.value[OPT_RATE]->word != RATE_MAX;
    bool scripted = options_scripted(r->plan.sweep.options);

    return (struct collection){
        .tensors = tensors,
        .runs = !x->p.infers ? 0
                : scripted   ? 2
                             : 1,
        .index = x->p.index,
        .warmup = (size_t)x->p.value[OPT_WARMUP]->count,
        .kept = (size_t)x->outcome.summary.kept,
        .requests = requests,
        .steps = paced || x->p.value[OPT_COMPUTE]->seconds > 0,
        .paced = paced,
        .probes = x->probes,
        .nprobes = r->team->rank == 0 ? x->nprobes : 0,
        .lists = permutation_aggregates(&x->p),
        .phases = permutation_count(&x->p, OPT_PATTERN, PATTERN_PAIR) ==
                  PATTERN_PHASES,
        /* what was agreed on is known to all clients, and nothing to others */
        .zero =
            x->load.agreed ? x->load.agreed : x->outcome.summary.first_start,
        .load = x->is_client ? &x->load : NULL,
        .attributes = &x->client,
        .db = x->is_steward ? r->setup.db : NULL,
        .work = x->work,
        .served = x->server ? &x->served : NULL,
        .serves_at = &x->client,
        .lead = x->lead,
    };
}

/* Where clients read what others wrote, what all of them asked of each shard;
 * else NULL. To be freed. Collective over the world. */
static int64_t *count_requests(struct run *r, const struct perm_run *x)
{
    const struct placement *pl = &r->placement;
    int64_t *requests;

    if (!pl->exchange)
        return NULL;
    requests = mem_new((size_t)pl->nshards, sizeof *requests);
    if (x->is_client)
        exchange_requests(&x->load, pl, requests);
    team_allreduce(r->team, r->team->world, requests, pl->nshards, MPI_INT64_T,
                   MPI_SUM);
    return requests;
}

/* That an inference moved, those of the warm-up among them; NaN: none did, or
 * it is not known. */
static double bytes_each(const struct run *r, const struct perm_run *x,
                         int64_t bytes)
{
    int64_t warmup = x->p.value[OPT_WARMUP]->count;
    int64_t all = x->outcome.summary.ops / 2 + warmup * r->placement.nclients;

    return x->p.infers && bytes > 0 && all > 0 ? (double)bytes / (double)all
                                               : NAN;
}

/* What a permutation that completed left with its ranks goes into the file, and
 * what held it back is known. */
static int collect_all(struct run *r, struct perm_run *x, struct error *err)
{
    const struct tensors_rules tensors = tensors_rules_of(&x->p);
    int64_t *requests = count_requests(r, x);
    const struct collection c = collection_of(r, x, &tensors, requests);
    struct collected all = {.agree = true};
    int rc = 0;

    if (x->is_client || x->is_steward || x->server || r->team->rank == 0)
        rc = collect(r->team, &r->placement, &r->sinks, &c, &all, err);
    free(requests);
    x->outcome.disagree = !all.agree;
    if (r->team->rank == 0) {
        memcpy(x->outcome.memory, all.memory, sizeof all.memory);
        x->outcome.summary.inference.bytes = bytes_each(r, x, all.bytes);
        x->outcome.clock_bound = record_clock_bound(
            &x->outcome.summary, r->plan.study.clock_read_cost);
        run_account(r, x, &all.busiest);
        remember(r, x);
    }
    return rc;
}

void run_store(struct run *r, struct perm_run *x)
{
    bool completed = x->outcome.status == STATUS_COMPLETED;
    struct error err = {.text = ""};
    int rc = 0;

    if (!has_run(&x->outcome)) {
        store_row(r, x);
        return;
    }
    if (r->team->rank == 0)
        team_busy(r->team, TEAM_SLOW_SECONDS);
    flush_rows(r);
    if (completed)
        rc = collect_all(r, x, &err);
    if (r->team->rank == 0 && rc == 0)
        rc = write_end(r, x, completed, &err);
    if (rc == 0 && r->rows_failed.text[0]) {
        err = r->rows_failed;
        rc = -1;
    }
    if (r->team->rank == 0)
        team_busy(r->team, 0);
    r->storing_rows = false;
    if (team_agree(r->team, r->team->world, rc, &err) == 0)
        return;
    give_up(r, &err);
    x->outcome.status = STATUS_FAILED;
    snprintf(x->outcome.error, sizeof x->outcome.error, "%s", err.text);
}

void run_count_in(struct run *r, const struct permutation *p,
                  const struct outcome *o, const char *flags)
{
    if (o->status == STATUS_COMPLETED)
        foms_add(r->foms, p->index, o, FIGURE_PRINTED);
    if (!r->tune)
        rows_add(&r->rows, p, o, flags);
}

int run_blank_row(const struct run *r, struct fields *row, struct error *err)
{
    struct permutation p;
    struct placement pl;
    struct outcome nothing;

    record_clear(&nothing, record_scope(r->plan.sweep.options));
    sweep_load(&r->plan.sweep, 0, &p);
    if (r->tune) /* a search needs few of the rows that there may be */
        nothing.status = STATUS_SPARED;
    if (place_solve(&r->team->machine, &p, &pl, err) < 0)
        return -1;
    record_row(row, &r->plan.sweep, &p, &pl, &nothing);
    record_unknown(row); /* all rows begin so, not as the first permutation */
    place_free(&pl);
    return 0;
}

/* Continue the file of earlier sessions, which is taken over. */
static struct sink *continue_file(struct run *r, const struct sink_start *start,
                                  struct error *err)
{
    static const char *const forget[] = {"end_time",     "expect_at_end",
                                         "verdicts",     "tune_winner",
                                         "tune_stopped", NULL};
    struct earlier *e = &r->earlier;
    char hosts[32];
    const struct sink_kept kept = {.perm = start->kept,
                                   .forget = forget,
                                   .hosts = e->moved ? hosts : NULL};
    struct past *past = e->past;

    snprintf(hosts, sizeof hosts, "hosts_%d", r->plan.study.session);
    e->past = NULL;
    /* the sink does not keep it */
    /* cppcheck-suppress returnDanglingLifetime */
    return sink_hdf5.resume(past, &kept, start, err);
}

/* A name that srbench chose replaces nothing: where another study took it, the
 * next is tried. */
static struct sink *new_file(struct run *r, const struct sink_start *start,
                             struct error *err)
{
    const struct options *o = r->plan.sweep.options;
    bool overwrite = options_one(o, OPT_OVERWRITE)->count != 0 &&
                     !options_one(o, OPT_OUTPUT)->is_auto;
    struct sink *s;
    int n = 2;

    do
        s = sink_hdf5.open(r->plan.output, overwrite, r->plan.job.id, start,
                           err);
    while (!s && prepare_next_output(&r->plan, n++));
    return s;
}

/* The summary as JSON first: an existing result file is replaced last. */
static int open_sinks(struct run *r, const struct sink_start *start,
                      struct error *err)
{
    const struct options *o = r->plan.sweep.options;
    bool overwrite = options_one(o, OPT_OVERWRITE)->count != 0;
    bool resume = options_one(o, OPT_RESUME)->count != 0;
    const char *job = r->plan.job.id;

    if (foms_open(&r->foms, options_one(o, OPT_FIGURES)->text,
                  overwrite || resume, err) < 0)
        return -1;
    if (r->plan.summary_json[0] &&
        sinks_add(&r->sinks,
                  sink_json.open(r->plan.summary_json, overwrite || resume, job,
                                 start, err)) < 0)
        return -1;
    if (!r->plan.output[0])
        return 0;
    return sinks_add(&r->sinks, r->earlier.past ? continue_file(r, start, err)
                                                : new_file(r, start, err));
}

/* Which permutations of earlier sessions hold; NULL: there was no session. The
 * caller frees it. */
static bool *kept_ones(const struct earlier *e, size_t count)
{
    bool *kept = e->past ? mem_new(count, sizeof *kept) : NULL;

    for (size_t i = 0; kept && i < count; i++)
        kept[i] = e->status[i] != STATUS_PLANNED;
    return kept;
}

int run_open_sinks(struct run *r, struct error *err)
{
    struct fields study = {0}, cells = {0}, row = {0};
    struct earlier *e = &r->earlier;
    size_t nperms = r->tune ? r->plan.sweep.room : r->plan.sweep.count;
    size_t nsessions = e->nsessions + 1;
    struct sink_table hosts = {0}, sessions, earlier, results = {0};
    struct fields found = {0};
    bool *kept = kept_ones(e, nperms);
    int rc = run_blank_row(r, &row, err);

    record_study(&study, &r->plan.study);
    if (r->tune) {
        run_tune_study(r, &study);
        run_tune_table(r, &found, &results);
    }
    record_hosts(&cells, r->discovery->attributes, r->team->machine.nnodes,
                 &hosts);
    record_session(&e->sessions, &r->plan.study);
    sessions = (struct sink_table){.cells = e->sessions.list,
                                   .nrows = nsessions,
                                   .ncols = e->sessions.n / nsessions};
    earlier = (struct sink_table){
        .cells = e->rows.list, .nrows = nperms, .ncols = e->ncols};
    if (rc == 0)
        rc = open_sinks(r,
                        &(struct sink_start){.study = &study,
                                             .hosts = &hosts,
                                             .sessions = &sessions,
                                             .row = &row,
                                             .extra = r->tune ? &results : NULL,
                                             .extra_name = "tune",
                                             .extra_scale = "result",
                                             .nperms = nperms,
                                             .earlier = kept ? &earlier : NULL,
                                             .kept = kept},
                        err);
    fields_free(&study);
    fields_free(&cells);
    fields_free(&row);
    fields_free(&found);
    free(kept);
    return rc;
}

/* What was found, all of it in sentences. */
static char *words_of(struct run *r)
{
    char *of_steps, *all = NULL, *more;
    size_t n;
    FILE *out;

    rows_close_up(&r->rows, r->repeats);
    more = rows_verdicts(&r->rows);
    of_steps = step_words(&r->rows);
    out = mem_stream(&all, &n);
    /* that all are flagged is said first */
    fprintf(out, "%s%s%s", more, of_steps[0] && more[0] ? "\n" : "", of_steps);
    fclose(out);
    free(of_steps);
    free(more);
    return all;
}

/* This session's row of /sessions, as it ended; the cells stay the list's. */
static struct fields end_session(struct run *r, const char *now)
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
            f->text = mem_copy(now);
        }
    }
    return row;
}

int run_close_sinks(struct run *r, struct error *err)
{
    struct fields end = {0}, session;
    char now[32];
    int rc;

    if (r->team->rank != 0)
        return 0;
    rc = r->sink_broken ? 0 : amend_all(r, err);
    fields_text(&end, "end_time", record_now(now, sizeof now));
    if (r->judge) /* the permutations' own attributes are written by now */
        fields_text(&end, "expect_at_end", r->late);
    r->verdicts = r->tune ? run_tune_end(r, &end) : words_of(r);
    fields_text(&end, "verdicts", r->verdicts);
    session = end_session(r, now);
    if (sinks_close(&r->sinks, &end, &session, rc < 0 ? NULL : err) < 0)
        rc = -1;
    fields_free(&end);
    return rc;
}
