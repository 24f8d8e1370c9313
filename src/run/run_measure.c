/* The phases of a permutation: local work, then agreement. */
#include "run/run_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/signals.h"
#include "base/tick.h"
#include "engine/allocator.h"
#include "engine/serving.h"
#include "measure/language.h"
#include "measure/tensor.h"
#include "plan/connect_waves.h"
#include "plan/connections.h"

/* A guard hears of its server's end a moment after the clients do. */
#define HEAR_NS INT64_C(50000000)

/* Requests wait for their turn on the server as long as op_timeout; a client
 * hears of it a moment later. */
#define ANSWER_SECONDS 1.0

static int provide_databases(struct run *r, struct perm_run *x,
                             struct error *err)
{
    const struct setup_terms terms = {.plan = &r->plan,
                                      .discovery = r->discovery,
                                      .p = &x->p,
                                      .pl = &r->placement,
                                      .db_stewards = r->cast.db_stewards};
    int rc = db_setup_provide(&r->setup, r->team, &terms, err);

    memcpy(x->outcome.db_start_time, r->setup.start_time,
           sizeof x->outcome.db_start_time);
    x->outcome.db_start_seconds = r->setup.start_seconds;
    x->outcome.db_config = rc == 0 ? r->setup.config : NULL;
    x->outcome.env_ignored =
        rc == 0 && x->p.value[OPT_DB_ENV] &&
        allocator_ignored(r->setup.config, x->p.value[OPT_DB_ENV]);
    x->outcome.unproven = rc == 0 && x->p.tried && x->p.tried->proof &&
                          !candidate_proven(r->setup.config, x->p.tried->proof);
    return rc;
}

static struct step_rules steps_of(const struct run *r,
                                  const struct permutation *p)
{
    const struct value *rate = p->value[OPT_RATE];

    return (struct step_rules){
        .compute = p->value[OPT_COMPUTE]->seconds,
        .compute_kind = (enum compute_kind)p->value[OPT_COMPUTE_KIND]->count,
        .rate = rate->word ? 0 : rate->rate,
        .poisson = p->value[OPT_ARRIVALS]->count == ARRIVALS_POISSON,
        .clients = r->placement.nclients,
        .seed = r->plan.seed,
    };
}

static struct load_rules rules_of(const struct run *r,
                                  const struct permutation *p)
{
    double duration = permutation_duration(p);
    enum option_id room = duration > 0 ? OPT_MAX_SAMPLES : OPT_ITERATIONS;

    return (struct load_rules){
        .count = tensor_count(p->value[OPT_TENSOR_BYTES]->count),
        .verify = (enum verify)p->value[OPT_VERIFY]->count,
        .sync = (enum sync)p->value[OPT_SYNC]->count,
        .pattern =
            (enum pattern)permutation_count(p, OPT_PATTERN, PATTERN_PAIR),
        .tensors = tensors_rules_of(p),
        .warmup = (size_t)p->value[OPT_WARMUP]->count,
        .iterations = (size_t)p->value[room]->count,
        .duration = duration,
        .step = steps_of(r, p),
        .exchange = {.wait =
                         p->value[OPT_WAIT] ? p->value[OPT_WAIT]->seconds : 0,
                     .block = p->value[OPT_WAIT] &&
                              p->value[OPT_WAIT]->word == WAIT_BLOCK,
                     .steps = p->value[OPT_WARMUP]->count +
                              p->value[OPT_ITERATIONS]->count},
    };
}

/* By what a client gets in, NULL where it need not say. */
static const struct login *login_of(const struct run *r)
{
    const struct placement *pl = &r->placement;
    const struct secret *s = pl->external ? pl->roster->secret : r->plan.secret;

    return s ? &s->client : NULL;
}

/* Where tensors lie with what this rank's node, or a rank that serves it, has:
 * of all clients, or of those of a node. */
static struct places places_of(const struct run *r, const struct permutation *p)
{
    const struct placement *pl = &r->placement;
    const struct tensors_rules rules = tensors_rules_of(p);
    struct places places = {.clients = pl->nclients,
                            .tensors = tensors_each(&rules),
                            .kept = tensors_places_by(p)};

    if (pl->experiment == EXPERIMENT_COLOCATED) {
        places.first =
            place_first_client(pl, pl->machine->rank_node[r->team->rank]);
        places.clients = pl->clients_per_node;
    }
    return places;
}

/* A rank that serves makes room for the clients of its shard. */
static int open_server(struct run *r, struct perm_run *x, struct error *err)
{
    const struct placement *pl = &r->placement;
    int shard = place_server(pl, r->team->rank);
    int *ranks, *clients;
    struct serving_terms terms = {
        .comm = r->cast.serving,
        .places = places_of(r, &x->p),
        .bytes =
            tensor_count(x->p.value[OPT_TENSOR_BYTES]->count) * sizeof(float)};

    if (shard < 0)
        return 0;
    ranks = mem_new(2 * (size_t)pl->nclients, sizeof *ranks);
    clients = ranks + pl->nclients;
    terms.n = connections_of(pl, shard, clients, &terms.keepers);
    for (int k = 0; k < terms.n; k++)
        ranks[k] = place_client_rank(pl, clients[k]);
    terms.clients = clients;
    terms.ranks = ranks;
    x->serving = prepare_server(&r->plan, &x->p)->engine->serving;
    x->server = x->serving->open(&terms, err);
    free(ranks);
    pin_read_back(r->discovery, &x->client);
    return x->server ? 0 : -1;
}

/* The ranks that serve, where some do. */
static void find_servers(const struct run *r, struct perm_run *x)
{
    const struct placement *pl = &r->placement;

    if (!pl->ranks_serve)
        return;
    x->ways = mem_new((size_t)pl->nshards, sizeof *x->ways);
    for (int s = 0; s < pl->nshards; s++)
        x->ways[s] = (struct served){.comm = r->cast.serving,
                                     .rank = place_server_rank(pl, s)};
}

/* How a client reaches a shard, the one of its key or one that it reads from.
 */
static int reach(const struct run *r, const struct perm_run *x,
                 const struct client_ops *ops, int shard,
                 struct client_params *out, struct error *err)
{
    const struct placement *pl = &r->placement;
    const struct permutation *p = &x->p;
    int client = place_client(pl, r->team->rank);

    *out = (struct client_params){
        .address = place_shard_address(pl, shard),
        .port = pl->shard_port[shard],
        .login = login_of(r),
        .store = r->setup.store,
        .shard = pl->experiment == EXPERIMENT_STANDARD ? shard : 0,
        .places = places_of(r, p),
        .reads = place_reader(pl, client) >= 0,
        .served = x->ways ? &x->ways[shard] : NULL,
        .commands = p->value[OPT_COMMAND_SET]
                        ? command_set_find(p->value[OPT_COMMAND_SET]->text)
                        : NULL,
        .expire_ms = tensors_rules_of(p).expire_ms,
        .op_timeout = p->value[OPT_OP_TIMEOUT]->seconds,
        .socket_buffer = permutation_count(p, OPT_SOCKET_BUFFER, 0),
        .client = client,
        .null_client = p->value[OPT_NULL_CLIENT],
    };
    return run_way(r, x, ops, shard, out, err);
}

/* What a reader reads, and how it reaches that: a connection to each shard that
 * has some of it. Both lists are the caller's to free. */
static int plan_reading(const struct run *r, const struct perm_run *x,
                        const struct client_ops *ops,
                        struct exchange_rules *out, struct exchange_from **from,
                        struct client_params **way, struct error *err)
{
    const struct placement *pl = &r->placement;
    int reader = place_reader(pl, place_client(pl, r->team->rank));
    struct place_range of = place_read_by(pl, reader);
    size_t *way_of = mem_new((size_t)pl->nshards, sizeof *way_of), n = 0;
    int rc = 0;

    *from = mem_new((size_t)of.n, sizeof **from);
    *way = mem_new((size_t)of.n, sizeof **way);
    for (int k = 0; k < of.n && rc == 0; k++) {
        struct exchange_from *f = &(*from)[k];
        int client = place_writer_client(pl, of.first + k);
        int shard = place_client_shard(pl, client);

        f->client = client;
        place_key(pl, client, f->key);
        if (way_of[shard] == 0) {
            rc = reach(r, x, ops, shard, &(*way)[n], err);
            way_of[shard] = ++n;
        }
        f->way = way_of[shard] - 1;
    }
    free(way_of);
    out->from = *from;
    out->nfrom = (size_t)of.n;
    out->way = *way;
    out->nways = n;
    return rc;
}

/* A reader has as many gets as its writers put, and neither computes nor has a
 * schedule. */
static void be_reader(struct load_rules *rules)
{
    rules->iterations *= rules->exchange.nfrom;
    rules->step = (struct step_rules){.clients = rules->step.clients};
}

static int open_load(struct run *r, struct perm_run *x,
                     const struct client_ops *ops,
                     const struct client_params *way, struct load_rules *rules,
                     struct error *err)
{
    const struct placement *pl = &r->placement;
    struct client_params params = *way;
    char key[SRB_KEY_MAX];

    place_key(pl, params.client, key);
    params.key = key;
    if (x->p.infers) {
        if (run_models_prepare(r, x, params.client, rules, err) < 0)
            return -1;
        params.commands = &command_redisai;
        params.runs = &x->runs;
        params.op_timeout += ANSWER_SECONDS;
    }
    if (ops->serves)
        rules->connect_at =
            x->provided +
            connect_waves_delay(r->setup.backlog,
                                connect_waves_turn(pl, params.client) *
                                    (x->runs.npeers > 0 ? x->runs.npeers : 1));
    return load_open(&x->load, language_find(x->p.value[OPT_LANGUAGES]->text),
                     ops, &params, rules, err);
}

/* Which list a client has to do with; and how a writer reaches that, if not as
 * its own keys, in *way, to be freed. */
static int plan_lists(const struct run *r, const struct perm_run *x,
                      const struct client_ops *ops, int client,
                      struct aggregate_rules *out, struct client_params **way,
                      struct error *err)
{
    const struct placement *pl = &r->placement;
    int reader = place_reader(pl, client), head, shard;

    if (!pl->aggregate)
        return 0;
    head = place_list_client(pl, reader < 0 ? place_writer(pl, client)
                                            : place_read_by(pl, reader).first);
    shard = place_client_shard(pl, head);
    place_key(pl, head, out->head);
    out->lists = true;
    out->described = permutation_describes(&x->p);
    out->heads = head == client;
    if (reader >= 0 || shard == place_client_shard(pl, client))
        return 0;
    out->way = *way = mem_new(1, sizeof **way);
    return reach(r, x, ops, shard, *way, err);
}

static int open_client(struct run *r, struct perm_run *x, struct error *err)
{
    const struct placement *pl = &r->placement;
    const struct permutation *p = &x->p;
    const struct client_ops *ops = client_find(p->value[OPT_CLIENT]->text);
    int client = place_client(pl, r->team->rank);
    struct load_rules rules = rules_of(r, p);
    struct exchange_rules *exchange = &rules.exchange;
    struct exchange_from *from = NULL;
    struct client_params *way = NULL, *list_way = NULL, params;
    int rc;

    find_servers(r, x);
    exchange->reads = place_reader(pl, client) >= 0;
    exchange->writes = pl->exchange && !exchange->reads;
    if (exchange->reads) {
        rc = plan_reading(r, x, ops, exchange, &from, &way, err);
        params = way[0];
        be_reader(&rules);
    } else {
        rc = reach(r, x, ops, place_client_shard(pl, client), &params, err);
    }
    if (rc == 0)
        rc = plan_lists(r, x, ops, client, &exchange->lists, &list_way, err);
    if (rc == 0)
        rc = open_load(r, x, ops, &params, &rules, err);
    free(from);
    free(way);
    free(list_way);
    if (rc < 0)
        return -1;
    x->load.signal = &signals_state()->cut;
    client_address(x->load.client, x->client.address);
    pin_read_back(r->discovery, &x->client);
    return 0;
}

static int make_ready(struct run *r, struct perm_run *x, struct error *err)
{
    int rc;

    x->provided = tick_now();
    rc = pin_rank(r->discovery, &r->placement, &x->p, r->team->rank, err);
    if (rc == 0 && x->is_steward) {
        x->work = mem_new((size_t)db_shards(r->setup.db), sizeof *x->work);
        rc = db_before(r->setup.db, err);
    }
    if (rc == 0)
        rc = open_server(r, x, err);
    if (rc == 0 && x->is_client)
        rc = open_client(r, x, err);
    return team_agree(r->team, r->team->world, rc, err);
}

/* What clients compute is known before a server has anything to do and before
 * anybody watches it, and once more when all that is over: a CPU is not always
 * equally fast. */
static int compute_alone(struct run *r, struct perm_run *x, bool after,
                         struct error *err)
{
    if (x->p.value[OPT_COMPUTE]->seconds <= 0)
        return 0;
    if (x->is_client) {
        const struct load_company with = run_company(r, x);

        load_alone(&x->load, &with, after);
    }
    return team_agree(r->team, r->team->world, 0, err);
}

/* A server that died tells more than the clients that lost it. */
static int blame_server(struct run *r, struct perm_run *x, struct error *err)
{
    struct error server = {.text = ""};
    int rc;

    if (x->is_steward)
        tick_sleep(HEAR_NS);
    rc = x->is_steward && r->setup.db ? db_check(r->setup.db, &server) : 0;
    if (team_agree(r->team, r->team->world, rc, &server) == 0)
        return 0;
    *err = server;
    return -1;
}

static int take_figures(struct run *r, struct perm_run *x, struct error *err)
{
    int rc = 0;

    if (x->is_steward)
        rc = db_after(r->setup.db, r->discovery->mine.memory_cost.page_fault,
                      x->work, err);
    run_models_count(r, x);
    if (x->is_client)
        load_disconnect(&x->load);
    if (team_agree(r->team, r->team->world, rc, err) < 0 ||
        compute_alone(r, x, true, err) < 0)
        return -1;
    run_reduce(r, x);
    return 0;
}

void run_hear_of_errors(struct run *r, struct perm_run *x)
{
    struct error words = x->load.wrong;
    int mine = x->is_client && x->load.samples.verify_errors > 0 ? -1 : 0;

    if (x->outcome.summary.verify_errors > 0 &&
        team_agree(r->team, r->team->world, mine, &words) < 0)
        snprintf(x->outcome.wrong, sizeof x->outcome.wrong, "%s", words.text);
}

/* All of it until the last loop has ended. */
static int measure(struct run *r, struct perm_run *x, struct search *s,
                   struct error *err)
{
    return make_ready(r, x, err) < 0 || compute_alone(r, x, false, err) < 0 ||
                   (r->sustain && permutation_searches(&x->p) &&
                    run_search(r, x, s, err) < 0) ||
                   run_loop(r, x, err) < 0
               ? -1
               : 0;
}

int run_measure(struct run *r, struct perm_run *x, struct error *err)
{
    struct search s;
    int rc;

    if (provide_databases(r, x, err) < 0)
        return -1;
    search_open(&s, 0, 0);
    if (run_models_store(r, x, err) < 0 || measure(r, x, &s, err) < 0) {
        blame_server(r, x, err);
        run_tidy(r, x, true);
        return -1;
    }
    rc = take_figures(r, x, err);
    if (rc < 0) /* a server that no client used has died unseen till now */
        blame_server(r, x, err);
    run_searched(&s, &x->outcome.summary.steps);
    run_tidy(r, x, rc < 0);
    return rc;
}
