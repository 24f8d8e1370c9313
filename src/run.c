#include "srb/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "floors.h"
#include "judge.h"
#include "pin.h"
#include "prepare.h"
#include "setup.h"
#include "srb/collect.h"
#include "srb/diag.h"
#include "srb/json.h"
#include "srb/report.h"
#include "srb/tensor.h"
#include "srb/tick.h"

/* A study under way. */
struct run {
    struct team *team;
    struct discovery *facts;
    struct plan plan;
    struct sink *sink;          /* rank 0; NULL elsewhere */
    struct json_summary *json;  /* rank 0, where it was asked for */
    struct fields study;        /* rank 0: the root group's attributes */
    struct judge *judge;        /* NULL where nothing is expected */
    char late[16384];           /* rank 0: words on limits broken at the end */
    struct setup setup;         /* the databases that run */
    struct placement placement; /* of the running permutation */
    struct placement cast_for;  /* that the communicators were made for */
    struct cast cast;
    struct crowd crowd; /* of these roles and set_up crowd_setup */
    size_t crowd_setup;
    bool have_cast, have_crowd, sink_broken;
    struct tally tally;
    struct repeats *repeats; /* rank 0; NULL elsewhere */
    struct floors *floors;   /* rank 0, where there are any */
    uint32_t *order;         /* [count] position → permutation */
    int64_t started;         /* tick of the first permutation */
    double weight_done, weight_all;
};

/* One permutation under way. */
struct life {
    struct permutation p;
    struct outcome outcome;
    struct load load;
    struct clock_line clock; /* of a client */
    struct client_facts client;
    struct shard_work *work; /* of this steward's shards */
    bool is_client, is_steward;
};

/* ---- the phases of a permutation: local work, then agreement ---- */

static int provide_databases(struct run *r, struct life *x, struct error *err)
{
    const struct setup_terms terms = {.plan = &r->plan,
                                      .facts = r->facts,
                                      .p = &x->p,
                                      .pl = &r->placement,
                                      .db_stewards = r->cast.db_stewards};
    int rc = setup_provide(&r->setup, r->team, &terms, err);

    memcpy(x->outcome.db_start_time, r->setup.start_time,
           sizeof x->outcome.db_start_time);
    x->outcome.db_start_seconds = r->setup.start_seconds;
    x->outcome.db_config = rc == 0 ? r->setup.config : NULL;
    return rc;
}

static struct load_rules rules_of(const struct permutation *p)
{
    bool timed = !p->value[OPT_DURATION]->is_auto;
    enum option_id room = timed ? OPT_MAX_SAMPLES : OPT_ITERATIONS;

    return (struct load_rules){
        .verify = (enum verify)p->value[OPT_VERIFY]->count,
        .sync = (enum sync)p->value[OPT_SYNC]->count,
        .pattern = (enum pattern)p->value[OPT_PATTERN]->count,
        .warmup = (size_t)p->value[OPT_WARMUP]->count,
        .iterations = (size_t)p->value[room]->count,
        .duration = timed ? p->value[OPT_DURATION]->seconds : 0,
    };
}

static int open_client(struct run *r, struct life *x, struct error *err)
{
    const struct placement *pl = &r->placement;
    const struct permutation *p = &x->p;
    int client = place_client(pl, r->team->rank);
    int shard = place_client_shard(pl, client);
    const struct client_ops *ops = client_find(p->value[OPT_CLIENT]->text);
    char key[SRB_KEY_MAX];
    struct load_rules rules;
    struct client_params params = {
        .address = place_shard_address(pl, shard),
        .port = pl->shard_port[shard],
        .key = key,
        .bytes =
            tensor_count(p->value[OPT_TENSOR_BYTES]->count) * sizeof(float),
        .op_timeout = p->value[OPT_OP_TIMEOUT]->seconds,
        .socket_buffer = p->value[OPT_SOCKET_BUFFER]->count,
        .client = client,
        .null_client = p->value[OPT_NULL_CLIENT],
    };

    if (permutation_count(p, OPT_TRANSPORT, TRANSPORT_TCP) == TRANSPORT_UNIX) {
        if (!r->setup.unix_socket[0] && ops->serves)
            return error_set(err,
                             "client %d: the database's Unix socket has too "
                             "long a path; set TMPDIR to a shorter one",
                             client);
        params.unix_socket = r->setup.unix_socket;
    }
    place_key(pl, client, key);
    rules = rules_of(p);
    if (load_open(&x->load, ops, &params, &rules, err) < 0)
        return -1;
    x->load.signal = r->team->signal;
    x->load.client->ops->address(x->load.client, x->client.address);
    pin_read_back(r->facts, &x->client);
    return 0;
}

static int make_ready(struct run *r, struct life *x, struct error *err)
{
    int rc = pin_rank(r->facts, &r->placement, &x->p, r->team->rank, err);

    if (rc == 0 && x->is_steward) {
        x->work = calloc((size_t)db_shards(r->setup.db), sizeof *x->work);
        if (!x->work)
            die("not enough memory for the counters of %d shards",
                db_shards(r->setup.db));
        rc = db_before(r->setup.db, err);
    }
    if (rc == 0 && x->is_client)
        rc = open_client(r, x, err);
    return team_agree(r->team, r->team->world, rc, err);
}

static struct clock_params params_of_clock(const struct run *r)
{
    return (struct clock_params){.now = tick_now,
                                 .step_ns = r->plan.study.clock_step};
}

static int run_loop(struct run *r, struct life *x, struct error *err)
{
    int rc = 0;

    if (x->is_client) {
        const struct load_company with = {.team = r->team,
                                          .cast = &r->cast,
                                          .line = &x->clock,
                                          .crowded = r->crowd.here};

        const struct clock_params clock = params_of_clock(r);

        clock_sync(r->team, &r->cast, &clock, &x->clock.before);
        x->clock.after = x->clock.before;
        rc = load_run(&x->load, &with, err);
    }
    return team_agree(r->team, r->team->world, rc, err);
}

/* A server that died tells more than the clients that lost it. */
static int blame_server(struct run *r, struct life *x, struct error *err)
{
    struct error server = {.text = ""};
    int rc;

    /* its guard hears of it a moment after the clients do */
    if (x->is_steward)
        tick_sleep(50000000);
    rc = x->is_steward && r->setup.db ? db_check(r->setup.db, &server) : 0;
    if (team_agree(r->team, r->team->world, rc, &server) == 0)
        return 0;
    *err = server;
    return -1;
}

static int64_t to_common(const void *line, int64_t own)
{
    return clock_common(line, own);
}

/* All clients: their timings on the common clock, and what they come to. */
static void reduce(struct run *r, struct life *x)
{
    const struct load *l = &x->load;
    const struct figures_of of = {
        .samples = &l->samples,
        .bytes = l->count * sizeof(float),
        .phases = l->rules.pattern == PATTERN_PHASES,
        .cpu_time = l->rules.sync == SYNC_ITERATION ? NAN : l->usage.cpu_time,
        .start_skew = l->agreed ? tick_seconds(l->start_skew) : NAN,
    };
    const struct clock_params clock = params_of_clock(r);
    int64_t error;

    /* only now that nobody is in the loop: who synchronises clocks, spins */
    clock_sync(r->team, &r->cast, &clock, &x->clock.after);
    error = clock_error(&x->clock);
    samples_translate(&x->load.samples, to_common, &x->clock);
    figures_reduce(r->team, r->cast.clients, &of, &x->outcome.summary);
    team_allreduce(r->team, r->cast.clients, &error, 1, MPI_INT64_T, MPI_MAX);
    x->outcome.clock_error = tick_seconds(error);
}

static int take_figures(struct run *r, struct life *x, struct error *err)
{
    struct {
        struct summary summary;
        double clock_error;
    } all;
    int rc = 0;

    if (x->is_steward)
        rc = db_after(r->setup.db, x->work, err);
    if (x->is_client) {
        load_disconnect(&x->load);
        reduce(r, x);
    }
    if (team_agree(r->team, r->team->world, rc, err) < 0)
        return -1;
    memset(&all, 0, sizeof all);
    all.summary = x->outcome.summary;
    all.clock_error = x->outcome.clock_error;
    team_bcast(r->team, r->team->world, &all, (int)sizeof all,
               place_client_rank(&r->placement, 0));
    x->outcome.summary = all.summary;
    x->outcome.clock_error = all.clock_error;
    return 0;
}

/* Words on a tensor that came back wrong, from the lowest rank that has some.
 */
static void hear_of_errors(struct run *r, struct life *x)
{
    struct error words = x->load.wrong;
    int mine = x->is_client && x->load.samples.verify_errors > 0 ? -1 : 0;

    if (x->outcome.summary.verify_errors > 0 &&
        team_agree(r->team, r->team->world, mine, &words) < 0)
        snprintf(x->outcome.wrong, sizeof x->outcome.wrong, "%s", words.text);
}

static int measure(struct run *r, struct life *x, struct error *err)
{
    if (provide_databases(r, x, err) < 0)
        return -1;
    if (make_ready(r, x, err) < 0 || run_loop(r, x, err) < 0) {
        blame_server(r, x, err);
        return -1;
    }
    return take_figures(r, x, err);
}

/* ---- the file ---- */

/* Rank 0: begin (unless its arrays have been written already) and end the
 * permutation's group. */
static int write_end(struct run *r, struct life *x, bool begun,
                     struct error *err)
{
    const size_t nothing[SINK_DIMS] = {0};
    struct fields attributes = {0}, row = {0};
    int rc = 0;

    if (!begun)
        rc = r->sink->ops->begin(r->sink, x->p.index, nothing, err);
    record_attributes(&attributes, &r->plan.study, &x->p, &r->placement,
                      &x->outcome);
    record_row(&row, &r->plan.sweep, &x->p, &r->placement, &x->outcome);
    if (rc == 0)
        rc = r->sink->ops->end(r->sink, &attributes, &row, err);
    json_row(r->json, x->p.index, &row);
    fields_free(&attributes);
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

/* Bring the permutation into the file. A file that cannot be written ends the
 * study: what is measured from here on would be lost. */
static void store(struct run *r, struct life *x)
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

    if (completed && (x->is_client || x->is_steward || r->team->rank == 0))
        rc = collect(r->team, &r->placement, r->sink, &c, &agree, &err);
    x->outcome.disagree = !agree;
    if (completed && r->team->rank == 0)
        remember(r, x);
    if (r->team->rank == 0 && rc == 0)
        rc = write_end(r, x, completed, &err);
    if (team_agree(r->team, r->team->world, rc, &err) == 0)
        return;
    diag_say("srbench: the result file cannot be written, the study ends "
             "here: %s",
             err.text);
    r->sink_broken = true;
    x->outcome.status = STATUS_FAILED;
    snprintf(x->outcome.error, sizeof x->outcome.error, "%s", err.text);
}

/* ---- bookkeeping ---- */

/* What a permutation costs, in arbitrary units: its bytes, and a start. */
static double weight_of(const struct permutation *p, const struct placement *pl)
{
    double pairs =
        (double)(p->value[OPT_ITERATIONS]->count + p->value[OPT_WARMUP]->count);

    return 1e7 + pairs * pl->nclients *
                     ((double)p->value[OPT_TENSOR_BYTES]->count + 1e5);
}

static void weigh_all(struct run *r)
{
    for (size_t i = 0; i < r->plan.sweep.count; i++) {
        struct permutation p;
        struct placement pl;

        sweep_at(&r->plan.sweep, i, &p);
        if (place_solve(&r->team->machine, &p, &pl, NULL) < 0)
            continue;
        r->weight_all += weight_of(&p, &pl);
        place_free(&pl);
    }
}

static void account(struct run *r, struct life *x)
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
    r->weight_done += weight_of(&x->p, &r->placement);
    left = tick_seconds(tick_now() - r->started) / r->weight_done *
           (r->weight_all - r->weight_done);
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
    for (int n = 0; n < pl->client_nodes; n++) {
        domains += !seen[nodes[n].clock];
        seen[nodes[n].clock] = 1;
    }
    free(seen);
    return domains;
}

/* Communicators serve as long as nobody's role changes. */
static void set_roles(struct run *r, struct life *x)
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
    if (!r->have_crowd || r->crowd_setup != x->p.setup) {
        r->crowd = pin_crowd(r->team, r->facts, pl,
                             setup_threads(&r->plan, &x->p, pl));
        r->crowd_setup = x->p.setup;
        r->have_crowd = true;
    }
    x->outcome.crowded = r->crowd.processes > r->crowd.cpus;
    x->is_client = r->cast.clients != MPI_COMM_NULL;
    x->is_steward = r->cast.db_stewards != MPI_COMM_NULL;
}

/* Why the permutation is not run, or NULL. */
static const char *reason_to_skip(const struct run *r, const struct life *x,
                                  char *buf, size_t n)
{
    if (r->team->ended) {
        snprintf(buf, n, "not started: srbench was ended by signal %d (%s)",
                 r->team->ended, strsignal(r->team->ended));
        return buf;
    }
    if (setup_given_up(&r->setup, x->p.setup)) {
        snprintf(buf, n,
                 "not started: its databases failed to start %d times in a "
                 "row",
                 r->setup.failures);
        return buf;
    }
    return NULL;
}

/* Whether so many repetitions say enough. Rank 0 knows, and tells. */
static bool enough(struct run *r, const struct life *x)
{
    const struct value *until =
        options_one(r->plan.sweep.options, OPT_UNTIL_INTERVAL);
    int yes = 0;

    if (until->is_auto)
        return false;
    if (r->team->rank == 0)
        yes = repeats_enough(
            r->repeats, sweep_group(&r->plan.sweep, x->p.index), until->share);
    team_bcast(r->team, r->team->world, &yes, (int)sizeof yes, 0);
    return yes;
}

static void live(struct run *r, struct life *x)
{
    struct error err = {.text = ""};

    set_roles(r, x);
    if (r->team->rank == 0 && x->outcome.crowded)
        report_crowded(r->crowd.node, r->crowd.processes, r->crowd.cpus);
    if (r->team->rank == 0)
        report_start(&r->plan.sweep, &x->p, &r->placement, &x->outcome);
    if (measure(r, x, &err) < 0) {
        x->outcome.status = STATUS_FAILED;
        snprintf(x->outcome.error, sizeof x->outcome.error, "%s", err.text);
        x->outcome.failed_rank = err.rank;
        x->outcome.failed_ranks = err.ranks;
        /* what failed is not trusted with the next permutation */
        setup_stop(&r->setup);
        return;
    }
    x->outcome.status = STATUS_COMPLETED;
    hear_of_errors(r, x);
}

static void run_permutation(struct run *r, size_t position)
{
    struct life x = {0};
    size_t i = r->order[position];
    char words[256];
    const char *skip;

    sweep_at(&r->plan.sweep, i, &x.p);
    if (place_solve(&r->team->machine, &x.p, &r->placement, NULL) < 0)
        die("permutation %zu was placed once and cannot be placed again", i);
    record_clear(&x.outcome);
    x.outcome.position = position;
    x.outcome.clock_domains = clock_domains(&r->placement);
    record_now(x.outcome.start_time, sizeof x.outcome.start_time);
    snprintf(
        x.outcome.server, sizeof x.outcome.server, "%s",
        r->plan
            .servers[x.p.value[OPT_DB_EXE] -
                     options_get(r->plan.sweep.options, OPT_DB_EXE)->values]
            .label);
    skip = reason_to_skip(r, &x, words, sizeof words);
    if (skip) {
        x.outcome.status = STATUS_SKIPPED;
        snprintf(x.outcome.error, sizeof x.outcome.error, "%s", skip);
    } else if (enough(r, &x)) {
        x.outcome.status = STATUS_SPARED;
        snprintf(x.outcome.error, sizeof x.outcome.error,
                 "not needed: the repetitions before it are within "
                 "until_interval");
    } else {
        live(r, &x);
    }
    store(r, &x);
    account(r, &x);
    load_close(&x.load);
    pin_release(r->facts);
    free(x.work);
    place_free(&r->placement);
}

/* ---- the study ---- */

/* The summary as JSON first: an existing result file is replaced last. */
static int open_sink(struct run *r, struct error *err)
{
    const struct options *o = r->plan.sweep.options;
    const struct sink_ops *ops = r->plan.output[0] ? &sink_hdf5 : &sink_null;
    struct fields cells = {0}, row = {0};
    struct sink_table hosts = {0};
    struct permutation p;
    struct placement pl;
    struct outcome nothing;

    record_clear(&nothing);
    sweep_at(&r->plan.sweep, 0, &p);
    if (place_solve(&r->team->machine, &p, &pl, err) < 0)
        return -1;
    if (r->plan.summary_json[0]) {
        r->json = json_open(r->plan.summary_json, r->plan.sweep.count, err);
        if (!r->json) {
            place_free(&pl);
            return -1;
        }
    }
    record_study(&r->study, &r->plan.study);
    record_hosts(&cells, r->facts->facts, r->team->machine.nnodes, &hosts);
    record_row(&row, &r->plan.sweep, &p, &pl, &nothing);
    record_unknown(&row); /* all rows begin so, not as the first permutation */
    r->sink = ops->open(r->plan.output, options_one(o, OPT_OVERWRITE)->count,
                        &r->study, &hosts, &row, r->plan.sweep.count, err);
    fields_free(&cells);
    fields_free(&row);
    place_free(&pl);
    return r->sink ? 0 : -1;
}

static int close_sink(struct run *r, struct error *err)
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
    fields_free(&end);
    if (r->sink->ops->close(r->sink, rc < 0 ? NULL : err) < 0)
        rc = -1;
    r->sink = NULL;
    if (r->json && json_write(r->json, &r->study, rc < 0 ? NULL : err) < 0)
        rc = -1;
    return rc;
}

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
        r->floors = floors_open(&r->plan);
    }
    weigh_all(r);
    r->started = tick_now();
    for (size_t i = 0; i < n && !r->sink_broken; i++)
        run_permutation(r, i);
    setup_close(&r->setup);
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

/* The words of a refusal are the same on every rank; rank 0 prints them. */
static int refuse(struct run *r, const struct error *err)
{
    diag_say("srbench: %s", err->text);
    if (r->team->rank == 0)
        report_verdict(&r->tally, 2);
    return 2;
}

int run_study(struct team *t, struct discovery *d, const struct run_args *args)
{
    struct run r = {.team = t, .facts = d};
    struct error err = {.text = ""};
    bool closed;
    int status, rc;

    if (prepare(&r.plan, t, d, args, &err) < 0) {
        r.tally.permutations = r.tally.skipped = r.plan.sweep.count;
        status = refuse(&r, &err);
        goto out;
    }
    r.tally.permutations = r.plan.sweep.count;
    if (judge_open(&r.judge, &r.plan, &err) < 0) {
        r.tally.skipped = r.plan.sweep.count;
        status = refuse(&r, &err);
        goto out;
    }
    r.tally.judged = r.judge != NULL;
    rc = t->rank == 0 ? open_sink(&r, &err) : 0;
    if (team_agree(t, t->world, rc, &err) < 0) {
        r.tally.skipped = r.plan.sweep.count;
        status = refuse(&r, &err);
        goto out;
    }
    report_choices(&r.plan.sweep, &t->machine);
    run_all(&r);
    rc = close_sink(&r, &err);
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
    judge_close(r.judge);
    json_close(r.json);
    fields_free(&r.study);
    floors_close(r.floors);
    repeats_close(r.repeats);
    free(r.order);
    prepare_free(&r.plan);
    return status;
}
