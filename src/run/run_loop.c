/* One loop of a permutation's clients, what it comes to and what it leaves:
 * once where it is measured, and by a search for a rate again and again. */
#include "run/run_parts.h"

#include <math.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/tick.h"
#include "engine/serving.h"
#include "figures/aggregate_figures.h"
#include "figures/exchange_figures.h"
#include "figures/inference_figures.h"
#include "figures/step_figures.h"

static struct clock_params params_of_clock(const struct run *r)
{
    return (struct clock_params){.now = tick_now,
                                 .step_ns = r->plan.study.clock_step};
}

struct load_company run_company(const struct run *r, const struct perm_run *x)
{
    return (struct load_company){.team = r->team,
                                 .cast = &r->cast,
                                 .line = &x->clock,
                                 .oversubscribed = r->crowded_here};
}

struct attention {
    const struct team *team;
    struct team_vigil vigil;
};

static void attend(void *arg)
{
    struct attention *a = arg;

    team_attend(a->team, &a->vigil);
}

/* What is under way with a rank that serves must come to its end, in the time
 * that any rank has to answer, before anything is taken from under it. */
static void leave(const struct run *r, struct perm_run *x)
{
    struct attention a = {.team = r->team};
    struct client *c;

    if (!x->load.client->ops->leave)
        return;
    for (size_t k = 0; (c = load_connection(&x->load, k)); k++)
        c->ops->leave(c);
    for (size_t k = 0; (c = load_connection(&x->load, k)); k++)
        while (!c->ops->left(c)) {
            attend(&a);
            tick_sleep(r->team->nap_ns);
        }
}

/* Serve the loop, and note what came of it: how busy a rank is that polls says
 * nothing. */
static void serve(const struct run *r, struct perm_run *x)
{
    struct attention a = {.team = r->team};
    struct shard_work *w = &x->served;
    int64_t tensors, bytes;
    struct procwatch watched;

    x->serving->count(x->server, &tensors, &bytes);
    procstat_begin(getpid(), &watched);
    x->serving->serve(x->server, attend, &a);
    *w = (struct shard_work){.memory = {-1, -1},
                             .watched = procstat_end(getpid(), &watched),
                             .run_calls = -1,
                             .run_time = NAN,
                             .fault_share = NAN};
    w->watched.busy = w->watched.busy_cpu = NAN;
    db_no_looks(w);
    x->serving->count(x->server, &w->commands, &w->bytes);
    w->commands -= tensors;
    w->bytes -= bytes;
}

int run_loop(struct run *r, struct perm_run *x, struct error *err)
{
    const struct tensors_rules rules = tensors_rules_of(&x->p);
    int64_t ready = tick_now();
    int rc = 0;

    team_begin_work(r->team);
    if (x->is_steward)
        db_watch(r->setup.db, !tensors_plain(&rules));
    if (x->is_client) {
        const struct load_company with = run_company(r, x);
        const struct clock_params clock = params_of_clock(r);

        clock_sync(r->team, &r->cast, &clock, &x->clock.before);
        x->clock.after = x->clock.before;
        rc = load_run(&x->load, &with, err);
        x->lead = tick_seconds(x->load.samples.loop_start - ready);
        leave(r, x);
    }
    if (x->server)
        serve(r, x);
    return team_agree(r->team, r->team->world, rc, err);
}

static int64_t to_common(const void *line, int64_t own)
{
    return clock_common(line, own);
}

/* What this client spent bringing in pages; no more than its time in the
 * kernel, which getrusage() may tell in ticks. */
static double fault_time(const struct run *r, const struct load *l)
{
    double page_fault = r->discovery->mine.memory_cost.page_fault;

    return fmin((double)l->usage.minor_faults * page_fault,
                l->usage.system_time);
}

/* What this client's loop was, for what it comes to. */
static struct figures_of figures_of_load(const struct run *r,
                                         const struct perm_run *x)
{
    const struct load *l = &x->load;
    const bool exchanges = permutation_exchanges(&x->p);
    struct figures_of of = {
        .samples = &l->samples,
        .bytes = l->rules.count * sizeof(float) * l->rules.tensors.n,
        .get_bytes = l->rules.inference.out_count * sizeof(float),
        .phases = l->rules.pattern == PATTERN_PHASES,
        .exchange = exchanges,
        .removes = tensors_removes(&l->rules.tensors),
        .fault_time = fault_time(r, l),
        /* waiting for others is work where it polls */
        .cpu_time = l->rules.sync == SYNC_ITERATION || exchanges
                        ? NAN
                        : l->usage.cpu_time - l->steps.cpu_time,
        .computes = x->p.value[OPT_COMPUTE]->seconds > 0,
        .paced = exchanges ? x->p.value[OPT_RATE]->word == RATE_NUMBER
                           : l->rules.step.rate > 0,
        .poisson = l->rules.step.poisson,
        .compute_asked = l->rules.step.compute_kind == COMPUTE_SPIN
                             ? l->rules.step.compute
                             : 0,
        .alone = l->steps.alone,
        .start_skew = l->agreed ? tick_seconds(l->start_skew) : NAN,
    };

    of.compute_alone = steps_compute_alone(&l->steps, &of.alone_waited);
    return of;
}

/* All clients: their timings on the common clock, and what they come to. */
static void reduce(struct run *r, struct perm_run *x)
{
    const struct team *t = r->team;
    const MPI_Comm clients = r->cast.clients;
    const struct figures_of of = figures_of_load(r, x);
    const struct clock_params clock = params_of_clock(r);
    struct summary *s = &x->outcome.summary;
    double worst[2];

    /* only now that nobody is in the loop: who synchronises clocks, spins */
    clock_sync(r->team, &r->cast, &clock, &x->clock.after);
    worst[0] = tick_seconds(clock_error(&x->clock));
    worst[1] = fabs(clock_drift(&x->clock));
    samples_translate(&x->load.samples, to_common, &x->clock);
    exchange_figures_none(&s->exchange);
    if (of.exchange) {
        exchange_times(t, clients, &r->placement, &x->load);
        exchange_figures_reduce(t, clients, &x->load, &s->exchange);
    }
    aggregate_figures_reduce(t, clients, of.samples, &s->lists);
    figures_reduce(t, clients, &of, s);
    step_figures_reduce(t, clients, &of, &s->steps);
    inference_figures_reduce(t, clients, of.samples, s->window_ops,
                             &s->inference);
    team_allreduce(t, clients, worst, 2, MPI_DOUBLE, MPI_MAX);
    s->clock_error = worst[0];
    s->clock_drift = worst[1];
}

void run_reduce(struct run *r, struct perm_run *x)
{
    if (x->is_client)
        reduce(r, x);
    team_bcast(r->team, r->team->world, &x->outcome.summary,
               (int)sizeof x->outcome.summary,
               place_client_rank(&r->placement, 0));
    team_bcast(r->team, r->team->world, &x->lead, (int)sizeof x->lead,
               place_client_rank(&r->placement, 0));
}

/* Which keys clients left: each may have come to another step. Collective over
 * the world. */
static struct db_keys keys_left(struct run *r, const struct perm_run *x)
{
    const struct tensors_rules rules = tensors_rules_of(&x->p);
    int64_t steps[2] = {0, INT64_MIN}; /* the most, and the least negative */
    struct db_keys keys = {.tensors = 0};

    if (tensors_plain(&rules))
        return keys;
    if (x->is_client && !x->load.rules.exchange.reads) {
        steps[0] = x->load.pair;
        steps[1] = -x->load.pair;
    }
    team_allreduce(r->team, r->team->world, steps, 2, MPI_INT64_T, MPI_MAX);
    keys.counters = permutation_exchanges(&x->p);
    keys.lists = permutation_aggregates(&x->p);
    keys.tensors = tensors_each(&rules);
    keys.to = steps[0];
    if (rules.retire == RETIRE_OVERWRITE && rules.history > 0)
        keys.to = steps[0] < rules.history ? steps[0] : rules.history;
    else if (-steps[1] > 0) /* one more: what was to go may not have */
        keys.from = tensors_oldest(&rules, -steps[1] - 1);
    return keys;
}

void run_tidy(struct run *r, const struct perm_run *x, bool failed)
{
    const struct placement *pl = &r->placement;
    struct db_keys keys = {.tensors = 0};
    struct error err;
    bool left = false;

    if (pl->external)
        keys = keys_left(r, x);
    if (x->is_steward && r->setup.db)
        left = db_remove_keys(r->setup.db, pl, &keys, &err) < 0;
    if (left)
        diag_say("keys of this run may have been left: %s", err.text);
    if (x->is_steward && r->setup.db && failed && pl->external &&
        !pl->roster->served)
        run_note_late(r, x, &keys, left);
    if (run_models_remove(r, x, &err) < 0)
        diag_say("models of this run may have been left: %s", err.text);
}
