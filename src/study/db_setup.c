#include "study/db_setup.h"

#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/signals.h"
#include "base/tick.h"
#include "plan/connect_waves.h"
#include "protocol/redisai.h"
#include "servers/external.h"
#include "servers/pin.h"
#include "servers/ports.h"

/* How often databases are started on other ports when somebody else took one
 * of theirs. */
#define PORT_TRIES 3

void db_setup_stop(struct db_setup *s)
{
    db_close(s->db);
    s->db = NULL;
    batch_close(s->batch);
    s->batch = NULL;
    roster_free(&s->roster);
    free(s->ports);
    s->ports = NULL;
    free(s->store);
    s->store = NULL;
    s->up = false;
}

void db_setup_close(struct db_setup *s)
{
    db_setup_stop(s);
    guard_close(s->guard);
    s->guard = NULL;
    free(s->config);
    s->config = NULL;
    free(s->failures);
    s->failures = NULL;
    s->nfailures = 0;
    if (s->finder)
        s->finder->machine.roster = s->found;
    s->finder = NULL;
    roster_free(&s->theirs);
}

int db_setup_failures(const struct db_setup *s, size_t number)
{
    return number < s->nfailures ? s->failures[number] : 0;
}

/* Set-ups may take turns: each has a count of its own. */
static void count_failure(struct db_setup *s, bool failed)
{
    size_t n = s->nfailures;

    if (failed && s->number >= n) {
        s->nfailures = s->number + 1;
        s->failures = mem_grow(s->failures, s->nfailures, sizeof(int));
        memset(s->failures + n, 0, (s->nfailures - n) * sizeof(int));
    }
    if (failed)
        s->failures[s->number]++;
    else if (s->number < n)
        s->failures[s->number] = 0;
}

static bool speaks_redisai(const struct permutation *p)
{
    return p->infers ||
           strcmp(permutation_text(p, OPT_COMMAND_SET), "redisai") == 0;
}

const struct error *db_setup_lacks(const struct db_setup *s,
                                   const struct permutation *p)
{
    return s->number == p->setup && s->lacks.text[0] && speaks_redisai(p)
               ? &s->lacks
               : NULL;
}

/* Whether the next servers have to know RedisAI's commands: as soon as they
 * were seen not to, they are started for the other permutations. */
static bool needs_redisai(const struct db_setup *s,
                          const struct setup_terms *terms)
{
    return options_redisai(terms->plan->sweep.options) &&
           engine_speaks_redisai(
               prepare_server(terms->plan, terms->p)->engine) &&
           !s->lacks.text[0];
}

/* Those in which models run, beside the servers' own: each of the threads of a
 * device's queue has as many as a run takes. */
static int model_threads(const struct permutation *p,
                         const struct placement *pl)
{
    int queue = permutation_auto(p, OPT_DB_TPQ)
                    ? 1
                    : (int)permutation_count(p, OPT_DB_TPQ, 1);

    return p->infers ? pl->shards_per_node * queue *
                           (int)permutation_count(p, OPT_INTRA_OP, 1)
                     : 0;
}

int db_setup_threads(const struct prepared *plan, const struct permutation *p,
                     const struct placement *pl)
{
    const struct engine *engine = prepare_server(plan, p)->engine;

    return pl->external
               ? 0
               : model_threads(p, pl) +
                     engine_node_threads(
                         engine, (int)permutation_count(p, OPT_DB_CPUS, 1),
                         (int)permutation_count(p, OPT_DB_IO_THREADS, 1),
                         pl->shards_per_node);
}

/* A map that the server does not have is an empty one. */
static const struct value *map_of(const struct permutation *p,
                                  enum option_id axis)
{
    static const struct value none = {.npairs = 0};

    return p->value[axis] ? p->value[axis] : &none;
}

static struct db_plan db_plan_of(const struct db_setup *s,
                                 const struct setup_terms *terms,
                                 const struct team *t,
                                 const struct cpu_division *cpus)
{
    const struct permutation *p = terms->p;
    const struct options *o = terms->plan->sweep.options;

    return (struct db_plan){
        .engine = prepare_server(terms->plan, p)->engine,
        .exe = p->value[OPT_DB_EXE] ? p->value[OPT_DB_EXE]->text : "",
        .each = {.run = terms->plan->run,
                 .version = prepare_server(terms->plan, p)->version,
                 .io_threads = (int)permutation_count(p, OPT_DB_IO_THREADS, 1),
                 .max_clients = terms->plan->max_clients,
                 .max_bytes = terms->plan->max_bytes,
                 .op_timeout = options_one(o, OPT_OP_TIMEOUT)->seconds,
                 .args = map_of(p, OPT_DB_ARGS),
                 .env = map_of(p, OPT_DB_ENV),
                 .modules = &terms->plan->modules,
                 .tpq = permutation_auto(p, OPT_DB_TPQ)
                            ? 0
                            : permutation_count(p, OPT_DB_TPQ, 0),
                 .redisai = needs_redisai(s, terms) || p->infers,
                 .infers = p->infers,
                 .copies = p->infers && options_copies(o),
                 .intra_op = permutation_count(p, OPT_INTRA_OP, 0),
                 .removes = options_removes(o),
                 .polls = options_polls(o),
                 .blocks = options_blocks(o),
                 .lists = options_lists(o),
                 .secret = terms->plan->secret},
        .cpus_per_node = (int)permutation_count(p, OPT_DB_CPUS, 1),
        .path = p->value[OPT_DB_PATH] ? p->value[OPT_DB_PATH]->text : "auto",
        .db_timeout = options_one(o, OPT_DB_TIMEOUT)->seconds,
        .max_kept = terms->plan->max_kept,
        .flush = options_one(o, OPT_FLUSH)->count != 0,
        .signal = &signals_state()->urgent,
        .team = t,
        .cpus = cpus ? cpus->shard : NULL,
        .tree = &terms->discovery->kernel.tree,
    };
}

/* Databases that run serve the next permutation of their set-up, emptied. */
static int reuse(struct db_setup *s, struct team *t, struct error *err)
{
    int rc = s->db ? db_check(s->db, err) : 0;

    if (rc < 0 && s->batch)
        batch_check(s->batch, err); /* it may know more */
    if (rc == 0 && s->db)
        rc = db_empty(s->db, err);
    return team_agree(t, t->world, rc, err);
}

/* What directives are in force travels from the first shard's steward to
 * everybody. */
static void share_config(struct db_setup *s, const struct team *t,
                         const struct placement *pl)
{
    int steward = place_shard_steward(pl, 0), n = 0;
    const char *mine = t->rank == steward ? db_effective(s->db) : "";

    n = (int)strlen(mine);
    team_bcast(t, t->world, &n, (int)sizeof n, steward);
    free(s->config);
    s->config = mem_new((size_t)n + 1, 1);
    if (t->rank == steward)
        memcpy(s->config, mine, (size_t)n);
    team_bcast(t, t->world, s->config, n, steward);
}

/* Colocated: the ranks of a node learn where its database can be reached
 * without TCP; only the steward knows its scratch folder. */
static void share_socket(struct db_setup *s, const struct team *t,
                         const struct placement *pl)
{
    s->unix_socket[0] = '\0';
    if (pl->experiment != EXPERIMENT_COLOCATED)
        return;
    if (s->db)
        snprintf(s->unix_socket, sizeof s->unix_socket, "%s",
                 db_unix_socket(s->db));
    team_bcast(t, t->node, s->unix_socket, (int)sizeof s->unix_socket, 0);
}

/* Where clients find what their node's steward provides, or the first steward
 * for all. */
static void share_store(struct db_setup *s, const struct team *t,
                        const struct setup_terms *terms)
{
    const struct store_ops *ops =
        prepare_server(terms->plan, terms->p)->engine->store;
    bool all = terms->pl->experiment == EXPERIMENT_STANDARD;

    if (!ops)
        return;
    s->store = mem_new(SRB_STORE_WHERE_MAX, 1);
    if (s->db)
        snprintf(s->store, SRB_STORE_WHERE_MAX, "%s", db_store(s->db));
    team_bcast(t, all ? t->world : t->node, s->store, SRB_STORE_WHERE_MAX,
               all ? place_shard_steward(terms->pl, 0) : 0);
}

/* Every node must see what the clients of all share. */
static int check_store(struct db_setup *s, struct team *t,
                       const struct setup_terms *terms, struct error *err)
{
    const struct store_ops *ops =
        prepare_server(terms->plan, terms->p)->engine->store;
    int rc = 0;

    if (!ops || !ops->seen)
        return 0;
    if (t->stewards != MPI_COMM_NULL && s->store[0])
        rc = ops->seen(s->store, err);
    if (rc < 0)
        error_prefix(err, "node %s", terms->discovery->mine.name);
    return team_agree(t, t->world, rc, err);
}

/* The number of a directive among lines of "name value", -1 without. */
static int64_t directive(const char *lines, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = lines; at; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncmp(at, name, len) == 0 && at[len] == ' ')
            return strtoll(at + len, NULL, 10);
    }
    return -1;
}

/* The kernel cuts what a server asks for at its host's somaxconn (listen(2)).
 */
static void find_backlog(struct db_setup *s, const struct team *t,
                         const struct setup_terms *terms)
{
    int64_t most = terms->discovery->mine.somaxconn, least = INT64_MAX;
    int64_t mine = s->db ? directive(db_effective(s->db), "tcp-backlog") : -1;

    if (mine > 0)
        least = most > 0 && most < mine ? most : mine;
    team_allreduce(t, t->world, &least, 1, MPI_INT64_T, MPI_MIN);
    s->backlog = least < INT64_MAX ? least : -1;
    if (terms->pl->nclients / terms->pl->nshards >=
        connect_waves_size(s->backlog))
        diag_detail("  clients connect in waves of %d a shard, whose backlog "
                    "is %lld",
                    connect_waves_size(s->backlog), (long long)s->backlog);
}

/* Servers of this job's own. */
static int start_here(struct db_setup *s, struct team *t,
                      const struct setup_terms *terms, struct error *err)
{
    struct cpu_division cpus =
        pin_divide(terms->discovery, terms->pl, terms->p);
    struct db_plan plan = db_plan_of(s, terms, t, &cpus);
    int rc = 0;

    if (terms->db_stewards != MPI_COMM_NULL)
        rc = db_open(&s->db, t, terms->db_stewards, &s->guard, terms->pl, &plan,
                     err);
    cpus_release(&cpus);
    return team_agree(t, t->world, rc, err);
}

/* Whether ports are for srbench to find. */
static bool finds_ports(const struct setup_terms *terms)
{
    return prepare_server(terms->plan, terms->p)->engine->kind ==
               ENGINE_PROCESS &&
           (permutation_auto(terms->p, OPT_DB_PORT) ||
            permutation_count(terms->p, OPT_DB_PORT, 0) == 0);
}

/* Said once: ports are not where people may look for them. */
static void note_ports(struct db_setup *s, const struct placement *pl,
                       const int *wanted)
{
    int k = 0;

    while (k < pl->nshards &&
           (wanted[k] == 0 || wanted[k] == pl->shard_port[k]))
        k++;
    if (k == pl->nshards || s->said_ports)
        return;
    s->said_ports = true;
    diag_note("note: the ports from %d on are not all free on node %s; its "
              "databases listen on others (shard_address in the file)",
              SRB_PORT_FIRST, pl->machine->nodes[place_shard_node(pl, k)].name);
}

/* On ports that are free now, those of db_port: auto before others. One that is
 * taken before its server has started is no fault of the set-up: all of it is
 * stopped, and started on others. */
static int start_on_free(struct db_setup *s, struct team *t,
                         const struct setup_terms *terms, struct error *err)
{
    bool others = !permutation_auto(terms->p, OPT_DB_PORT);
    bool bus = terms->pl->cluster &&
               prepare_server(terms->plan, terms->p)->engine->cluster;

    for (int k = 0; k <= PORT_TRIES; k++) {
        if (ports_find(t, terms->pl, bus, others || k > 0, err) < 0)
            return -1;
        if (start_here(s, t, terms, err) == 0)
            return 0;
        if (!ports_taken(err))
            return -1;
        diag_detail("  set-up %zu: %s", terms->p->setup, err->text);
        db_setup_stop(s);
        team_barrier(t, t->world); /* until all of ours are gone */
    }
    return -1;
}

/* The ports that were found are those of the set-up as long as it runs. */
static int start_anywhere(struct db_setup *s, struct team *t,
                          const struct setup_terms *terms, struct error *err)
{
    size_t n = (size_t)terms->pl->nshards;
    int *ports = mem_new(n, sizeof *ports);

    memcpy(ports, terms->pl->shard_port, n * sizeof *ports);
    if (start_on_free(s, t, terms, err) < 0) {
        free(ports);
        return -1;
    }
    note_ports(s, terms->pl, ports);
    memcpy(ports, terms->pl->shard_port, n * sizeof *ports);
    s->ports = ports;
    return 0;
}

/* A batch job with the databases; all ranks learn where they are. */
static int submit(struct db_setup *s, struct team *t,
                  const struct setup_terms *terms, struct error *err)
{
    const struct batch_terms batch = {.plan = terms->plan,
                                      .p = terms->p,
                                      .pl = terms->pl,
                                      .redisai = needs_redisai(s, terms),
                                      .team = t};
    int rc = 0;

    if (t->rank == 0)
        rc = batch_open(&s->batch, &batch, &s->roster, err);
    return external_share(t, rc, &s->roster, err);
}

/* Somebody else's servers may have changed since they were asked: from now on
 * they are what they are now, for the permutations to come as well. */
static int find_again(struct db_setup *s, struct team *t,
                      const struct setup_terms *terms, struct error *err)
{
    struct roster now = {0};
    int64_t nth = terms->pl->keys_nth;
    int rc;

    if (external_again(t, terms->plan->sweep.options, t->machine.roster, &now,
                       err) < 0)
        return -1;
    if (!s->finder)
        s->found = t->machine.roster;
    s->finder = t;
    roster_free(&s->theirs);
    s->theirs = now;
    t->machine.roster = &s->theirs;
    place_free(terms->pl);
    rc = place_solve(&t->machine, terms->p, terms->pl, err);
    terms->pl->keys_nth = nth;
    return rc;
}

/* Servers that run elsewhere: rank 0 takes care of them. */
static int start_elsewhere(struct db_setup *s, struct team *t,
                           const struct setup_terms *terms, struct error *err)
{
    struct db_plan plan = db_plan_of(s, terms, t, NULL);
    int rc = 0;

    if (options_batch(terms->plan->sweep.options)) {
        if (submit(s, t, terms, err) < 0)
            return -1;
        place_external(terms->pl, &s->roster);
    } else if (!terms->pl->roster->served) {
        if (find_again(s, t, terms, err) < 0)
            return -1;
    }
    if (terms->db_stewards != MPI_COMM_NULL)
        rc = db_open_external(&s->db, terms->pl, &plan, err);
    if (rc == 0 && s->db)
        rc = db_empty(s->db, err);
    return team_agree(t, t->world, rc, err);
}

static int try_start(struct db_setup *s, struct team *t,
                     const struct setup_terms *terms, struct error *err)
{
    /* a port may have been another node's of this host until now */
    team_barrier(t, t->world);
    return terms->pl->external  ? start_elsewhere(s, t, terms, err)
           : finds_ports(terms) ? start_anywhere(s, t, terms, err)
                                : start_here(s, t, terms, err);
}

/* Servers that end because no module brought what some permutations need serve
 * the others, if they are not asked for it. */
static int start_or_do_without(struct db_setup *s, struct team *t,
                               const struct setup_terms *terms,
                               struct error *err)
{
    if (try_start(s, t, terms, err) == 0)
        return 0;
    if (!needs_redisai(s, terms) || !redisai_is_missing(err))
        return -1;
    s->lacks = *err;
    if (terms->all_sets || speaks_redisai(terms->p))
        return -1;
    diag_note("  the databases are started for command_set: plain alone, since "
              "none of their modules has RedisAI's commands");
    db_setup_stop(s);
    return try_start(s, t, terms, err);
}

/* What one rank of it may take without a look: the commands of a batch system,
 * or what a server is waited for. */
static double longest_step(const struct team *t,
                           const struct setup_terms *terms)
{
    const struct options *o = terms->plan->sweep.options;

    return t->rank == 0 && options_batch(o)
               ? TEAM_SLOW_SECONDS
               : options_one(o, OPT_DB_TIMEOUT)->seconds;
}

static int start(struct db_setup *s, struct team *t,
                 const struct setup_terms *terms, struct error *err)
{
    int64_t begin;
    int rc;

    diag_detail("  set-up %zu: its databases are started, since %s",
                terms->p->setup,
                !s->up                         ? "none run"
                : s->number != terms->p->setup ? "those of another run"
                                               : "they are not healthy");
    db_setup_stop(s);
    begin = tick_now();
    if (s->number != terms->p->setup)
        s->lacks.text[0] = '\0';
    s->number = terms->p->setup;
    record_now(s->start_time, sizeof s->start_time);
    rc = start_or_do_without(s, t, terms, err);
    s->start_seconds = tick_seconds(tick_now() - begin);
    if (rc < 0) {
        if (!db_setup_lacks(s, terms->p))
            count_failure(s, true);
        db_setup_stop(s);
        return -1;
    }
    share_store(s, t, terms);
    if (check_store(s, t, terms, err) < 0) {
        count_failure(s, true);
        db_setup_stop(s);
        return -1;
    }
    diag_detail("  set-up %zu: started in %.2f s", s->number, s->start_seconds);
    count_failure(s, false);
    s->up = true;
    share_config(s, t, terms->pl);
    share_socket(s, t, terms->pl);
    find_backlog(s, t, terms);
    return 0;
}

int db_setup_provide(struct db_setup *s, struct team *t,
                     const struct setup_terms *terms, struct error *err)
{
    int rc;

    if (s->up && s->roster.nshards > 0)
        place_external(terms->pl, &s->roster);
    if (s->up && s->number == terms->p->setup) {
        if (s->ports)
            place_ports(terms->pl, s->ports);
        if (reuse(s, t, err) == 0) {
            diag_detail("  set-up %zu: its databases run, and were emptied",
                        s->number);
            return 0;
        }
        diag_say("databases are started anew: %s", err->text);
    }
    team_busy(t, longest_step(t, terms));
    rc = start(s, t, terms, err);
    team_busy(t, 0);
    return rc;
}
