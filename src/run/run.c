#include "run/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/tick.h"
#include "run/run_parts.h"

/* ---- bookkeeping ---- */

static void account(struct run *r, struct perm_run *x)
{
    const struct sweep *s = &r->plan.sweep;
    const struct outcome *o = &x->outcome;
    double left;

    r->tally.completed += o->status == STATUS_COMPLETED;
    r->tally.failed += o->status == STATUS_FAILED;
    r->tally.skipped += o->status == STATUS_SKIPPED;
    r->tally.spared += o->status == STATUS_SPARED;
    if (o->summary.verify_errors > 0)
        r->tally.verify_errors += o->summary.verify_errors;
    if (r->team->rank != 0)
        return;
    r->tally.breaches += o->breaches > 0 ? o->breaches : 0;
    r->weight_done += prepare_weight(&x->p, &r->placement);
    left = tick_seconds(tick_now() - r->started) / r->weight_done *
           (r->plan.weight - r->weight_done);
    report_end(s, o, o->position + 1 < s->count ? left : NAN);
    if (o->status == STATUS_COMPLETED) {
        struct fields figures = {0};

        record_figures(&figures, o);
        report_figures(x->p.index, &figures);
        fields_free(&figures);
    }
    report_row(s, &x->p, o);
}

/* How many clocks the clients read. */
static int clock_domains(const struct placement *pl)
{
    const struct node *nodes = pl->machine->nodes;
    char *seen = calloc((size_t)pl->machine->nclocks, 1);
    int domains = 0;

    if (!seen)
        die("not enough memory for %d clocks", pl->machine->nclocks);
    for (int k = 0; k < pl->client_nodes; k++) {
        int clock = nodes[pl->client_node[k]].clock;

        domains += !seen[clock];
        seen[clock] = 1;
    }
    free(seen);
    return domains;
}

/* Communicators serve as long as nobody's role changes. */
static void set_roles(struct run *r, struct perm_run *x)
{
    struct placement *pl = &r->placement;

    if (r->have_cast && !place_same_roles(&r->cast_for, pl)) {
        team_uncast(&r->cast);
        place_free(&r->cast_for);
        r->have_cast = r->have_oversubscribed = false;
    }
    if (!r->have_cast) {
        team_cast(r->team, pl, &r->cast);
        if (place_solve(&r->team->machine, &x->p, &r->cast_for, NULL) < 0)
            die("a placement that was solved once cannot be solved again");
        r->have_cast = true;
    }
    if (!r->have_oversubscribed || r->oversubscribed_setup != x->p.setup) {
        r->oversubscribed = pin_oversubscribed(
            r->team, r->discovery, pl, db_setup_threads(&r->plan, &x->p, pl));
        r->oversubscribed_setup = x->p.setup;
        r->have_oversubscribed = true;
    }
    x->outcome.oversubscribed =
        r->oversubscribed.processes > r->oversubscribed.cpus;
    x->is_client = r->cast.clients != MPI_COMM_NULL;
    x->is_steward = r->cast.db_stewards != MPI_COMM_NULL;
}

/* Why the permutation is not run, as all ranks know, or NULL. */
static const char *reason_to_skip(const struct run *r, const struct perm_run *x,
                                  char *buf, size_t n)
{
    if (r->team->ended) {
        snprintf(buf, n, "not started: srbench was ended by signal %d (%s)",
                 r->team->ended, strsignal(r->team->ended));
        return buf;
    }
    if (db_setup_given_up(&r->setup, x->p.setup)) {
        snprintf(buf, n,
                 "not started: its databases failed to start %d times in a "
                 "row",
                 r->setup.failures);
        return buf;
    }
    return NULL;
}

/* Whether so many repetitions say enough. */
static bool enough(const struct run *r, const struct perm_run *x)
{
    const struct value *until =
        options_one(r->plan.sweep.options, OPT_UNTIL_INTERVAL);

    return !until->is_auto &&
           repeats_enough(r->repeats, sweep_group(&r->plan.sweep, x->p.index),
                          until->share);
}

/* What only rank 0 can decide, it tells: STATUS_COMPLETED to run it, or what
 * else becomes of it. The words are rank 0's alone. */
static enum status decide(struct run *r, const struct perm_run *x, char *buf,
                          size_t n)
{
    int what = STATUS_COMPLETED;

    buf[0] = '\0';
    if (r->team->rank == 0 && enough(r, x)) {
        what = STATUS_SPARED;
        snprintf(buf, n,
                 "not needed: the repetitions before it are within "
                 "until_interval");
    } else if (r->team->rank == 0 && run_would_end_late(r, x, buf, n)) {
        what = STATUS_SKIPPED;
    }
    if (r->plan.limited ||
        !options_one(r->plan.sweep.options, OPT_UNTIL_INTERVAL)->is_auto)
        team_bcast(r->team, r->team->world, &what, (int)sizeof what, 0);
    return (enum status)what;
}

static void fail(struct perm_run *x, const struct error *err)
{
    x->outcome.status = STATUS_FAILED;
    snprintf(x->outcome.error, sizeof x->outcome.error, "%s", err->text);
    x->outcome.failed_rank = err->rank;
    x->outcome.failed_ranks = err->ranks;
}

static void run_now(struct run *r, struct perm_run *x)
{
    struct error err = {.text = ""};

    set_roles(r, x);
    if (r->team->rank == 0 && x->outcome.oversubscribed)
        report_oversubscribed(r->oversubscribed.node,
                              r->oversubscribed.processes,
                              r->oversubscribed.cpus);
    if (r->team->rank == 0)
        report_start(&r->plan.sweep, &x->p, &r->placement, &x->outcome);
    if (run_measure(r, x, &err) < 0) {
        fail(x, &err);
        /* what failed is not trusted with the next permutation; a batch job
         * takes its time to end, and run_store() says when that is over */
        if (r->team->rank == 0)
            team_busy(r->team, TEAM_SLOW_SECONDS);
        db_setup_stop(&r->setup);
        return;
    }
    x->outcome.status = STATUS_COMPLETED;
    run_hear_of_errors(r, x);
}

/* Run it, unless it is known what else becomes of it. */
static void run_one(struct run *r, struct perm_run *x)
{
    const struct error *lacks = db_setup_lacks(&r->setup, &x->p);
    char *words = x->outcome.error;
    size_t n = sizeof x->outcome.error;

    if (reason_to_skip(r, x, words, n)) {
        x->outcome.status = STATUS_SKIPPED;
    } else if (lacks) {
        fail(x, lacks); /* and the databases go on for the others */
    } else {
        x->outcome.status = decide(r, x, words, n);
        if (x->outcome.status == STATUS_COMPLETED)
            run_now(r, x);
    }
}

static void run_permutation(struct run *r, size_t position)
{
    struct perm_run x = {0};
    size_t i = r->order[position];

    sweep_at(&r->plan.sweep, i, &x.p);
    if (place_solve(&r->team->machine, &x.p, &r->placement, NULL) < 0)
        die("permutation %zu was placed once and cannot be placed again", i);
    record_clear(&x.outcome);
    x.outcome.position = position;
    x.outcome.clock_domains = clock_domains(&r->placement);
    record_now(x.outcome.start_time, sizeof x.outcome.start_time);
    snprintf(x.outcome.server, sizeof x.outcome.server, "%s",
             prepare_server(&r->plan, &x.p)->label);
    run_time_begin(r, &x);
    run_one(r, &x);
    run_store(r, &x);
    run_time_end(r, &x);
    account(r, &x);
    load_close(&x.load);
    pin_release(r->discovery);
    free(x.work);
    place_free(&r->placement);
}

/* ---- the study ---- */

static void run_all(struct run *r)
{
    size_t n = r->plan.sweep.count;

    r->order = malloc(n * sizeof *r->order);
    if (!r->order)
        die("not enough memory to order %zu permutations", n);
    sweep_order(
        &r->plan.sweep,
        (enum order)options_one(r->plan.sweep.options, OPT_ORDER)->count,
        r->plan.seed, r->order);
    if (r->team->rank == 0) {
        r->repeats = repeats_open(
            n /
            (size_t)options_one(r->plan.sweep.options, OPT_REPETITIONS)->count);
        r->floors = of_floor_open(&r->plan);
    }
    run_budget_open(r);
    run_recall(r);
    r->started = tick_now();
    team_busy(r->team, 0);
    for (size_t i = 0; i < n && !r->sink_broken; i++)
        if (!r->earlier.status ||
            r->earlier.status[r->order[i]] == STATUS_PLANNED)
            run_permutation(r, i);
    /* a batch job ends, all rows are amended; then nothing is left to do */
    if (r->team->rank == 0)
        team_busy(r->team, TEAM_SLOW_SECONDS);
    db_setup_close(&r->setup);
    if (r->have_cast) {
        team_uncast(&r->cast);
        place_free(&r->cast_for);
    }
    r->tally.skipped += n - r->tally.completed - r->tally.failed -
                        r->tally.skipped - r->tally.spared;
}

static int exit_status(const struct run *r, bool file_closed)
{
    const struct tally *t = &r->tally;

    if (r->team->ended)
        return 128 + r->team->ended;
    if (!file_closed || t->completed + t->spared != t->permutations ||
        t->verify_errors > 0)
        return 1;
    return t->breaches > 0 ? 3 : 0;
}

int run_study(struct team *t, struct discovery *d, const struct run_args *args)
{
    struct run r = {.team = t, .discovery = d};
    struct error err = {.text = ""};
    bool closed;
    int status, rc;

    if (prepare(&r.plan, t, d, args, &err) < 0) {
        r.tally.permutations = r.tally.skipped = r.plan.sweep.count;
        status = report_refusal(&r.tally, &err, t->rank == 0);
        goto out;
    }
    r.tally.permutations = r.plan.sweep.count;
    if (expect_judge_open(&r.judge, &r.plan, &err) < 0) {
        r.tally.skipped = r.plan.sweep.count;
        status = report_refusal(&r.tally, &err, t->rank == 0);
        goto out;
    }
    r.tally.judged = r.judge != NULL;
    rc = run_resume(&r, &err);
    if (rc == 0) {
        rc = t->rank == 0 ? run_open_file(&r, &err) : 0;
        rc = team_agree(t, t->world, rc, &err);
    }
    if (rc < 0) {
        r.tally.skipped = r.plan.sweep.count;
        status = report_refusal(&r.tally, &err, t->rank == 0);
        goto out;
    }
    report_choices(&r.plan.sweep, &t->machine);
    report_limit(&r.plan.study);
    run_all(&r);
    rc = run_close_file(&r, &err);
    closed = team_agree(t, t->world, rc, &err) == 0;
    if (!closed)
        diag_say("srbench: %s", err.text);
    team_bcast(t, t->world, &r.tally.breaches, (int)sizeof r.tally.breaches, 0);
    status = exit_status(&r, closed);
    if (t->rank == 0) {
        report_table(&r.tally);
        if (r.plan.output[0])
            diag_note("results: %s", r.plan.output);
        if (r.json && closed)
            diag_note("summary: %s", r.plan.summary_json);
        report_verdict(&r.tally, status);
    }
    /* file, table and verdict first; only then may any rank leave */
    team_barrier(t, t->world);
out:
    past_close(r.earlier.past);
    fields_free(&r.earlier.rows);
    fields_free(&r.earlier.sessions);
    free(r.earlier.status);
    expect_judge_close(r.judge);
    json_close(r.json);
    fields_free(&r.study);
    of_floor_close(r.floors);
    repeats_close(r.repeats);
    budget_close(r.budget);
    free(r.order);
    prepare_free(&r.plan);
    return status;
}
