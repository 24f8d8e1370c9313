#include "run/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/tick.h"
#include "engine/serving.h"
#include "run/run_parts.h"

/* ---- bookkeeping ---- */

static void account(struct run *r, struct perm_run *x)
{
    const struct sweep *s = &r->plan.sweep;
    const struct outcome *o = &x->outcome;
    char flags[SRB_FLAGS_MAX];

    r->tally.completed += o->status == STATUS_COMPLETED;
    r->tally.failed += o->status == STATUS_FAILED;
    r->tally.skipped += o->status == STATUS_SKIPPED;
    r->tally.spared += o->status == STATUS_SPARED;
    if (o->summary.verify_errors > 0)
        r->tally.verify_errors += o->summary.verify_errors;
    if (r->team->rank != 0)
        return;
    r->tally.breaches += o->breaches > 0 ? o->breaches : 0;
    screen_end(&x->p, o,
               o->position + 1 < s->count && !s->made
                   ? remaining_seconds(&r->remaining)
                   : NAN);
    run_count_in(r, &x->p, o, record_flags(o, flags, sizeof flags));
    foms_keep(r->foms);
}

/* How many clocks the clients read. */
static int clock_domains(const struct placement *pl)
{
    const struct node *nodes = pl->machine->nodes;
    char *seen = mem_new((size_t)pl->machine->nclocks, 1);
    int domains = 0;

    for (int k = 0; k < pl->client_nodes; k++) {
        int clock = nodes[pl->client_node[k]].clock;

        domains += !seen[clock];
        seen[clock] = 1;
    }
    free(seen);
    return domains;
}

static struct crowd crowd_of(const struct run *r, const struct permutation *p,
                             const struct placement *pl)
{
    return pin_crowd(r->discovery, pl, db_setup_threads(&r->plan, p, pl));
}

static void look_at_crowd(struct run *r, const struct permutation *p,
                          const struct placement *pl)
{
    struct crowd c = crowd_of(r, p, pl);
    int any;

    r->crowded_here = c.processes > c.cpus;
    any = r->crowded_here;
    team_allreduce(r->team, r->team->world, &any, 1, MPI_INT, MPI_MAX);
    r->crowded = any != 0;
    r->crowded_setup = p->setup;
    r->have_crowd = true;
}

/* Whether two permutations put the same processes on every node. */
static bool same_crowd(const struct permutation *a, const struct permutation *b)
{
    return a->experiment == b->experiment && a->setup == b->setup &&
           a->value[OPT_CLIENT_NODES] == b->value[OPT_CLIENT_NODES] &&
           a->value[OPT_CLIENTS_PER_NODE] == b->value[OPT_CLIENTS_PER_NODE];
}

/* The worst on this rank's kernel, of what is to be run. */
static struct crowd worst_crowd(const struct run *r)
{
    struct crowd worst = {0, (int)r->discovery->mine.host_cpus};
    struct permutation p, last = {0};

    for (size_t i = 0; i < r->plan.sweep.count; i++) {
        struct placement pl;
        struct crowd c;

        if (r->earlier.status && r->earlier.status[i] != STATUS_PLANNED)
            continue;
        sweep_at(&r->plan.sweep, i, &p);
        if (same_crowd(&p, &last) ||
            place_solve(&r->team->machine, &p, &pl, NULL) < 0)
            continue;
        last = p;
        c = crowd_of(r, &p, &pl);
        place_free(&pl);
        if (c.processes > worst.processes)
            worst = c;
    }
    return worst;
}

/* Said once, when something is run. Collective over the world. */
static void warn_of_crowds(struct run *r)
{
    struct crowd worst = worst_crowd(r);
    struct oversubscribed o = pin_oversubscribed(r->team, r->discovery, &worst);

    r->said_crowd = true;
    if (r->team->rank == 0 && o.kernels > 0)
        screen_oversubscribed(o.node, o.kernels - 1, o.most.processes,
                              o.most.cpus);
}

/* Communicators serve as long as nobody's role changes. */
static void set_roles(struct run *r, struct perm_run *x)
{
    struct placement *pl = &r->placement;

    if (r->have_cast && !place_same_roles(&r->cast_for, pl)) {
        team_uncast(&r->cast);
        place_free(&r->cast_for);
        r->have_cast = r->have_crowd = false;
    }
    if (!r->have_cast) {
        team_cast(r->team, pl, &r->cast);
        if (place_solve(&r->team->machine, &x->p, &r->cast_for, NULL) < 0)
            die("a placement that was solved once cannot be solved again");
        r->have_cast = true;
    }
    if (!r->have_crowd || r->crowded_setup != x->p.setup)
        look_at_crowd(r, &x->p, pl);
    x->outcome.oversubscribed = r->crowded;
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
    if (db_setup_failures(&r->setup, x->p.setup) >= DB_SETUP_TRIES) {
        snprintf(buf, n,
                 "not started: its databases failed to start %d times in a "
                 "row",
                 db_setup_failures(&r->setup, x->p.setup));
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

static void attempt(struct run *r, struct perm_run *x)
{
    struct error err = {.text = ""};

    set_roles(r, x);
    if (!r->said_crowd)
        warn_of_crowds(r);
    if (r->team->rank == 0)
        screen_start(&x->p, &r->placement, &x->outcome);
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
static void attempt_or_skip(struct run *r, struct perm_run *x)
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
            attempt(r, x);
    }
}

static void run_permutation(struct run *r, size_t position, size_t i,
                            struct outcome *o)
{
    struct perm_run x = {0};

    sweep_at(&r->plan.sweep, i, &x.p);
    if (place_solve(&r->team->machine, &x.p, &r->placement, NULL) < 0)
        die("permutation %zu was placed once and cannot be placed again", i);
    r->placement.keys_nth = r->begun++;
    record_clear(&x.outcome, record_scope(r->plan.sweep.options));
    x.outcome.position = position;
    x.outcome.clock_domains = clock_domains(&r->placement);
    record_now(x.outcome.start_time, sizeof x.outcome.start_time);
    snprintf(x.outcome.server, sizeof x.outcome.server, "%s",
             prepare_server(&r->plan, &x.p)->label);
    run_time_begin(r, &x);
    attempt_or_skip(r, &x);
    run_store(r, &x);
    run_time_end(r, &x);
    account(r, &x);
    *o = x.outcome;
    load_close(&x.load);
    if (x.serving)
        x.serving->close(x.server);
    pin_release(r->discovery);
    free(x.ways);
    free(x.work);
    free(x.reference);
    free(x.probes);
    place_free(&r->placement);
}

/* ---- the study ---- */

/* The plan counts a start for each set-up; in this order it may take more. */
static void count_starts(struct run *r)
{
    const struct sweep *s = &r->plan.sweep;
    size_t changes = 0, last = 0;

    for (size_t k = 0; k < s->count; k++) {
        struct permutation p;

        sweep_at(s, r->order[k], &p);
        changes += k == 0 || p.setup != last;
        last = p.setup;
    }
    for (int k = 0; k < 2; k++)
        r->remaining.left.starts[k] *= (double)changes / (double)s->setups;
}

/* Rank 0 keeps what permutations have in common. Local. */
static void prepare_sweep(struct run *r)
{
    const struct options *o = r->plan.sweep.options;
    size_t n = r->tune ? r->plan.sweep.room : r->plan.sweep.count;

    r->order = mem_new(n, sizeof *r->order);
    if (!r->tune) {
        sweep_order(&r->plan.sweep,
                    (enum order)options_one(o, OPT_ORDER)->count, r->plan.seed,
                    r->order);
        of_partner_order(&r->plan, r->order);
    }
    if (r->team->rank == 0) {
        r->repeats =
            repeats_open(n / (size_t)options_one(o, OPT_REPETITIONS)->count);
        r->partners = of_partner_open(&r->plan);
        r->remaining.left = r->plan.work;
        if (r->tune) {
            r->rows.sweep = &r->plan.sweep; /* it has a table of its own */
        } else {
            count_starts(r);
            rows_open(&r->rows, &r->plan.sweep);
        }
        screen_open(&r->rows, &r->team->machine, r->plan.server_names);
    }
    run_budget_open(r);
}

/* Those of the plan that are not kept. */
static void run_plan(struct run *r)
{
    size_t n = r->plan.sweep.count;
    struct outcome ignored;

    run_recall(r);
    team_busy(r->team, 0);
    for (size_t i = 0; i < n && !r->sink_broken; i++)
        if (!r->earlier.status ||
            r->earlier.status[r->order[i]] == STATUS_PLANNED)
            run_permutation(r, i, r->order[i], &ignored);
}

static void run_sweep(struct run *r)
{
    prepare_sweep(r);
    if (r->tune) {
        team_busy(r->team, 0);
        run_tune(r, run_permutation);
    } else {
        run_plan(r);
    }
    run_stored(r);
    /* a batch job ends, all rows are amended; then nothing is left to do */
    if (r->team->rank == 0)
        team_busy(r->team, TEAM_SLOW_SECONDS);
    run_remove_late(r);
    db_setup_close(&r->setup);
    if (r->have_cast) {
        team_uncast(&r->cast);
        place_free(&r->cast_for);
    }
    r->tally.skipped += r->tally.permutations - r->tally.completed -
                        r->tally.failed - r->tally.skipped - r->tally.spared;
}

static int exit_status(const struct run *r, bool file_closed)
{
    const struct tally *t = &r->tally;

    if (r->team->ended)
        return 128 + r->team->ended;
    if (!file_closed || r->sink_broken || run_tune_cut(r) ||
        t->completed + t->spared != t->permutations || t->verify_errors > 0)
        return EXIT_INCOMPLETE;
    return t->breaches > 0 ? EXIT_BREACHED : EXIT_PASSED;
}

/* All that may refuse the study, the files last. */
static int begin(struct run *r, const struct run_args *args, struct error *err)
{
    int rc = prepare(&r->plan, r->team, r->discovery, args, err);

    r->tally.permutations = r->plan.sweep.count;
    if (rc < 0 || expect_judge_open(&r->judge, &r->plan, err) < 0 ||
        sustain_open(&r->sustain, &r->plan.sweep, err) < 0 ||
        sustain_check(r->sustain, &r->plan.sweep, &r->team->machine, err) < 0)
        return -1;
    r->tally.judged = r->judge != NULL;
    if (run_tune_open(r, err) < 0)
        return -1;
    if (run_resume(r, err) < 0)
        return -1;
    discover_memory(r->team, r->discovery);
    rc = r->team->rank == 0 ? run_open_sinks(r, err) : 0;
    return team_agree(r->team, r->team->world, rc, err);
}

/* Rank 0: whose status main() makes everybody's. */
static int say_result(struct run *r, bool closed, int status)
{
    struct error err = {.text = ""};

    if (r->tune && run_tune_report(r, r->verdicts, &err) < 0) {
        diag_say("srbench: %s", err.text);
        status = status == EXIT_PASSED ? EXIT_INCOMPLETE : status;
    }
    report_results(&r->rows, r->verdicts ? r->verdicts : "", r->plan.output,
                   closed ? r->plan.summary_json : "");
    screen_close();
    report_expected(&r->tally);
    if (foms_end(r->foms, &err) < 0) {
        diag_say("srbench: %s", err.text);
        status = status == EXIT_PASSED || status == EXIT_BREACHED
                     ? EXIT_INCOMPLETE
                     : status;
    }
    foms_print(r->foms);
    report_verdict(&r->tally, status, r->plan.output);
    return status;
}

/* File, table and verdict first; only then may any rank leave. */
static int finish(struct run *r)
{
    struct team *t = r->team;
    struct error err = {.text = ""};
    bool closed = team_agree(t, t->world, run_close_sinks(r, &err), &err) == 0;
    int status;

    if (!closed)
        diag_say("srbench: %s", err.text);
    team_bcast(t, t->world, &r->tally.breaches, (int)sizeof r->tally.breaches,
               0);
    status = exit_status(r, closed);
    if (t->rank == 0)
        status = say_result(r, closed, status);
    team_barrier(t, t->world);
    return status;
}

static void release(struct run *r)
{
    sinks_close(&r->sinks, NULL, NULL, NULL);
    past_close(r->earlier.past);
    fields_free(&r->earlier.rows);
    fields_free(&r->earlier.sessions);
    free(r->earlier.status);
    expect_judge_close(r->judge);
    sustain_close(r->sustain);
    of_partner_close(r->partners);
    repeats_close(r->repeats);
    foms_close(r->foms);
    rows_free(&r->rows);
    free(r->verdicts);
    budget_close(r->budget);
    run_tune_close(r);
    free(r->order);
    prepare_free(&r->plan);
}

int run_study(struct team *t, struct discovery *d, const struct run_args *args)
{
    struct run r = {.team = t, .discovery = d};
    struct error err = {.text = ""};
    int status;

    if (begin(&r, args, &err) < 0) {
        r.tally.skipped = r.tally.permutations;
        status = report_refusal(&r.tally, &err, t->rank == 0);
        if (t->ended) /* what was asked for goes before what stood in its way */
            status = 128 + t->ended;
    } else {
        report_choices(&r.plan.sweep, &t->machine);
        report_limit(&r.plan.study);
        run_sweep(&r);
        status = finish(&r);
    }
    release(&r);
    return status;
}
