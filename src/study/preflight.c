#include "study/preflight.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/units.h"
#include "client/client.h"
#include "plan/footprint.h"
#include "plan/tensors_rules.h"
#include "protocol/db_modules.h"
#include "servers/burden.h"
#include "servers/db.h"
#include "servers/ports.h"
#include "study/limits.h"
#include "study/preflight_room.h"
#include "study/preflight_store.h"

#define REASONS_MAX 10
#define REASON_MAX 512
/* What the result file may take beyond the estimate, as a part of it. */
#define MARGIN 10
/* A server's threads beside those that serve, and its guard. */
#define SERVER_THREADS 6
/* The addresses that a program takes before it does anything. */
#define PROGRAM_BYTES (INT64_C(64) * 1024 * 1024)
#define PORT_MAX 65536

/* One node's; a row that travels to rank 0. */
struct reasons {
    int64_t n; /* there may be more than there is room for */
    char text[REASONS_MAX][REASON_MAX];
};

/* Memory that one permutation takes on the nodes of a kernel. */
struct burden {
    size_t index; /* of the permutation */
    int64_t bytes, servers, clients;
    int64_t models; /* among those of the servers */
    int nservers, nclients;
};

/* What this rank has seen. */
struct sight {
    const struct team *t;
    const struct discovery *d;
    const struct sweep *sweep;
    int64_t tensor;         /* the longest, B */
    int64_t model;          /* the longest file of one, B */
    size_t longest;         /* which of the axis's values that is */
    int64_t pairs;          /* whose timings a client keeps, with warm-up */
    struct burden worst;    /* of this rank's kernel */
    int64_t descriptors;    /* of a server on this node, at most */
    int64_t connections;    /* of it */
    int64_t shards;         /* of this node, at most */
    int64_t server, client; /* B, of one on this node, at most, */
    int64_t serving;        /* and of a rank that is a server */
    int64_t memory, stored; /* B, of the longest piece of shared memory that
                               this node makes, and file in db_path */
    int64_t threads;        /* of all servers of this node, at most */
    bool scratch;           /* this node needs it, with no server there */
    bool said_maxmemory;    /* of one permutation that passes it */
    bool sockets;           /* some clients find theirs by its Unix socket */
    int nclients;           /* of the placement that was seen last */
    int64_t rows;           /* that its clients keep, counted in pairs */
    int64_t file;           /* B, of all permutations */
    int host;               /* whose ports this rank looks at, or -1 */
    unsigned char *ports;   /* [2][PORT_MAX]: looked at, elsewhere and on
                               loopback */
    struct place_needed *places; /* [placements][values of db_path] */
    struct place_shared *shared; /* [values of db_path] */
    struct reasons *found;
};

/* How many tensors are in one value of db_path at most, while it is used. */
struct place_needed {
    const struct store_ops *ops; /* NULL: by nobody here */
    struct store_terms terms;
    int64_t tensors;
};

/* A value of db_path that all nodes share, as all know it. */
struct place_shared {
    const struct store_ops *ops; /* NULL: it is not */
    int node;                    /* that makes it first */
};

static void add_text(struct reasons *r, const char *text)
{
    if (r->n < REASONS_MAX)
        snprintf(r->text[r->n], REASON_MAX, "%.*s", REASON_MAX - 1, text);
    r->n++;
}

/* A reason of this rank's node. */
static void __attribute__((format(printf, 2, 3)))
add(struct sight *x, const char *fmt, ...)
{
    char text[REASON_MAX];
    va_list ap;
    int n;

    n = snprintf(text, sizeof text, "node %s: ", x->d->mine.name);
    va_start(ap, fmt);
    vsnprintf(text + n, sizeof text - (size_t)n, fmt, ap);
    va_end(ap);
    add_text(x->found, text);
}

/* ---- the sweep ---- */

/* Whether it starts processes. */
static bool starts(const struct permutation *p)
{
    return p->value[OPT_DB_EXE] && burden_server(p)->kind == ENGINE_PROCESS;
}

/* A server that may not use what is kept in it refuses it, or drops some. */
static void limit_memory(struct sight *x, const struct permutation *p,
                         int clients)
{
    int64_t most = burden_maxmemory(p);
    int64_t kept = burden_kept_bytes(p, clients, x->tensor);
    char may[32], must[32];

    if (most == 0 || kept <= most || x->said_maxmemory)
        return;
    x->said_maxmemory = true;
    add(x,
        "permutation %04zu keeps %s in a server, which may use %s (db_args: "
        "maxmemory); raise that, or keep fewer steps (history), tensors or "
        "clients",
        p->index, units_print_bytes(kept, must, sizeof must),
        units_print_bytes(most, may, sizeof may));
}

static void widen(int64_t *most, int64_t n)
{
    if (n > *most)
        *most = n;
}

/* The nodes of a kernel share its memory. */
static void weigh(struct sight *x, const struct permutation *p,
                  const struct placement *pl, const int *clients,
                  const int *keepers)
{
    const struct kernel *k = &x->d->kernel;
    int mine = k->node[k->self];
    const struct engine *engine = burden_server(p);
    int64_t each = burden_client_bytes(p, x->tensor, burden_rows(pl, x->pairs));
    int64_t mapped = 0;
    int64_t model = burden_model_bytes(p, x->sweep->options, x->model);
    struct burden b = {.index = p->infers ? p->index
                                          : sweep_sibling(x->sweep, p,
                                                          OPT_TENSOR_BYTES,
                                                          x->longest)};

    for (int i = 0; i < k->nnodes; i++) {
        int first = place_node_shard(pl, k->node[i]);

        b.nclients += place_node_clients(pl, k->node[i]);
        for (int s = 0; first >= 0 && s < pl->shards_per_node; s++) {
            int64_t server = footprint_sum(
                model, burden_server_bytes(p, clients[first + s],
                                           keepers[first + s], x->tensor));

            b.nservers++;
            b.models = footprint_sum(b.models, model);
            b.servers = footprint_sum(b.servers, server);
            if (k->node[i] == mine) {
                widen(engine->kind == ENGINE_RANKS ? &x->serving : &x->server,
                      server);
                mapped = server;
                limit_memory(x, p, keepers[first + s]);
            }
        }
    }
    if (!engine->store || !engine->store->mapped)
        mapped = 0; /* no client has it among its own addresses */
    widen(&x->memory, mapped);
    if (place_node_clients(pl, mine) > 0)
        widen(&x->client, footprint_sum(each, mapped));
    b.clients = footprint_product(b.nclients, each);
    b.bytes = footprint_sum(b.servers, b.clients);
    if (b.bytes > x->worst.bytes)
        x->worst = b;
}

static void probe(struct sight *x, const struct placement *pl, int shard,
                  int port)
{
    const struct node *node = &pl->machine->nodes[place_shard_node(pl, shard)];
    unsigned char *seen = &x->ports[pl->loopback * PORT_MAX + port];
    char text[REASON_MAX];
    struct error err;

    if (*seen)
        return;
    *seen = 1;
    if (ports_free(place_shard_address(pl, shard), port, false, &err) == 0)
        return;
    snprintf(text, sizeof text, "node %s: %.400s", node->name, err.text);
    add_text(x->found, text);
}

/* One rank looks at all ports of a host: two that try the same one would each
 * find it taken. */
static void look_at_ports(struct sight *x, const struct permutation *p,
                          const struct placement *pl)
{
    bool bus = pl->cluster && burden_server(p)->cluster;
    const struct machine *m = pl->machine;

    if (permutation_auto(p, OPT_DB_PORT))
        return; /* others will do */
    for (int s = 0; s < pl->nshards && x->host >= 0; s++) {
        if (pl->shard_port[s] == 0 ||
            m->nodes[place_shard_node(pl, s)].host != x->host)
            continue;
        probe(x, pl, s, pl->shard_port[s]);
        if (bus)
            probe(x, pl, s, pl->shard_port[s] + SRB_BUS_OFFSET);
    }
}

/* In place of servers, files: of each client what it keeps, and the one that is
 * being written. */
static struct place_needed store_need(const struct sight *x,
                                      const struct permutation *p,
                                      const struct placement *pl)
{
    int64_t clients = pl->experiment == EXPERIMENT_STANDARD
                          ? place_writers(pl)
                          : pl->clients_per_node - pl->readers_per_node;

    return (struct place_needed){
        .ops = burden_server(p)->store,
        .terms = {.experiment = pl->experiment,
                  .shards = pl->nshards,
                  .clients = clients,
                  .bytes = x->tensor,
                  .path = p->value[OPT_DB_PATH]->text},
        .tensors = footprint_sum(
            footprint_product(clients, tensors_places_by(p)), clients)};
}

/* One place for all nodes is looked at by the node that makes it. */
static void look_at_store(struct sight *x, const struct permutation *p,
                          const struct placement *pl, int first)
{
    const struct store_ops *ops = burden_server(p)->store;
    const struct setting *paths = options_get(x->sweep->options, OPT_DB_PATH);
    bool standard = pl->experiment == EXPERIMENT_STANDARD;
    bool makes = first == 0 || (first > 0 && !standard);
    struct place_needed need, *most;
    size_t path;

    if (!ops)
        return;
    x->scratch |= ops->scratch && makes;
    if (!ops->check || !p->value[OPT_DB_PATH])
        return;
    widen(&x->stored, x->tensor);
    path = (size_t)(p->value[OPT_DB_PATH] - paths->values);
    if (standard && ops->seen && !x->shared[path].ops)
        x->shared[path] =
            (struct place_shared){.ops = ops, .node = place_shard_node(pl, 0)};
    need = store_need(x, p, pl);
    most = &x->places[(size_t)pl->experiment * paths->nvalues + path];
    if (makes && (!most->ops || need.tensors > most->tensors))
        *most = need;
}

/* The servers that this node would run. */
static void look_at_servers(struct sight *x, const struct permutation *p,
                            const struct placement *pl, const int *clients)
{
    const struct value *room =
        options_one(x->sweep->options, OPT_DB_MAX_CLIENTS);
    int first = place_steward_shard(pl, x->t->rank);

    if (p->value[OPT_DB_EXE] && !pl->external)
        look_at_store(x, p, pl, first);
    if (first < 0 || pl->external || !starts(p))
        return;
    for (int s = first; s < first + pl->shards_per_node; s++) {
        int64_t connections = clients[s], files;

        if (!room->is_auto && room->count > connections)
            connections = room->count;
        files =
            footprint_descriptors(connections, pl->cluster ? pl->nshards : 1);
        if (files > x->descriptors) {
            x->descriptors = files;
            x->connections = connections;
        }
    }
    widen(&x->shards, pl->shards_per_node);
    widen(&x->threads,
          pl->shards_per_node *
              (SERVER_THREADS + permutation_count(p, OPT_DB_CPUS, 1)));
}

static void look_at_load(struct sight *x, const struct permutation *p)
{
    struct placement pl;
    int *clients, *keepers;

    if (place_solve(&x->t->machine, p, &pl, NULL) < 0)
        return; /* refused elsewhere */
    clients = burden_clients(p, &pl);
    keepers = burden_keepers(p, &pl);
    x->nclients = pl.nclients;
    x->rows = burden_rows(&pl, x->pairs);
    weigh(x, p, &pl, clients, keepers);
    free(keepers);
    look_at_servers(x, p, &pl, clients);
    if (starts(p) && !pl.external)
        look_at_ports(x, p, &pl);
    free(clients);
    place_free(&pl);
}

/* Whether it will be run in any case: until_interval asks for three. */
static bool is_certain(const struct sight *x, const struct permutation *p)
{
    return options_one(x->sweep->options, OPT_UNTIL_INTERVAL)->is_auto ||
           p->repetition < 3;
}

static bool uses_socket(const struct permutation *p)
{
    const struct value *transport = p->value[OPT_TRANSPORT];

    return p->experiment == EXPERIMENT_COLOCATED && transport &&
           strcmp(transport->text, "unix") == 0;
}

static void look_at_sweep(struct sight *x)
{
    struct permutation last = {0};

    for (size_t i = 0; i < x->sweep->count; i++) {
        struct permutation p;

        sweep_at(x->sweep, i, &p);
        x->sockets |= uses_socket(&p);
        if (i == 0 || !burden_same(&p, &last))
            look_at_load(x, &p);
        last = p;
        if (is_certain(x, &p))
            x->file = footprint_sum(
                x->file, burden_file_bytes(&p, x->nclients, x->rows));
    }
}

/* ---- what there is ---- */

/* The kernel's first node speaks for all of it. */
static void check_memory(struct sight *x)
{
    const struct burden *b = &x->worst;
    char need[32], servers[32], clients[32], tensor[32], left[32], others[48];
    char models[64] = "", size[32];
    bool grouped;
    int64_t have = node_info_memory_left("", &grouped);

    others[0] = '\0';
    if (x->d->kernel.self != 0 || b->bytes <= have)
        return;
    if (x->d->kernel.nnodes > 1)
        snprintf(others, sizeof others, " (with %d more on its host)",
                 x->d->kernel.nnodes - 1);
    if (b->models > 0)
        snprintf(models, sizeof models, " (%s of it for models)",
                 units_print_bytes(b->models, size, sizeof size));
    add(x,
        "permutation %04zu needs %s of memory%s: %s for %d server%s%s, %s for "
        "%d client%s, with tensors of %s; %s %s; use smaller tensors, fewer "
        "clients a node, or more nodes",
        b->index, units_print_bytes(b->bytes, need, sizeof need), others,
        units_print_bytes(b->servers, servers, sizeof servers), b->nservers,
        b->nservers == 1 ? "" : "s", models,
        units_print_bytes(b->clients, clients, sizeof clients), b->nclients,
        b->nclients == 1 ? "" : "s",
        units_print_bytes(x->tensor, tensor, sizeof tensor),
        grouped ? "its control group leaves" : "available are",
        units_print_bytes(have, left, sizeof left));
}

/* Servers get the hard limit (guard_main.c). */
static void check_descriptors(struct sight *x)
{
    int64_t hard = x->d->mine.nofile;

    if (hard <= 0 || x->descriptors <= hard)
        return; /* 0: unknown, -1: no limit */
    add(x,
        "a server needs %lld open files for %lld clients, and the hard limit "
        "is %lld; raise it (ulimit -n, limits.conf), or use fewer clients a "
        "shard",
        (long long)x->descriptors, (long long)x->connections, (long long)hard);
}

/* What the limits of a process allow. Servers and clients have more than what
 * counts as memory: their programs, and stacks. */
static void check_limits(struct sight *x)
{
    const struct {
        int64_t bytes; /* 0: there is none */
        const char *what;
    } all[] = {{x->shards > 0 ? x->server : 0, "a server"},
               {x->serving, "a rank that serves"},
               {x->client, "a client"}};
    struct error err;

    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++)
        if (all[k].bytes > 0 &&
            limits_memory(footprint_sum(all[k].bytes, PROGRAM_BYTES),
                          all[k].what, &err) < 0)
            add(x, "%s", err.text);
    if (limits_file(x->memory, "the shared memory of a database", &err) < 0 ||
        limits_file(x->stored, "the file of a tensor", &err) < 0)
        add(x, "%s", err.text);
    if (x->shards > 0 && limits_tasks(x->threads, &err) < 0)
        add(x, "%s", err.text);
}

static void check_scratch(struct sight *x)
{
    struct error err;

    if ((x->shards > 0 || x->scratch) &&
        preflight_scratch(x->shards > 0 ? (int)x->shards : 1, x->sockets,
                          &err) < 0)
        add(x, "%s", err.text);
}

static void check_places(struct sight *x)
{
    size_t n = options_get(x->sweep->options, OPT_DB_PATH)->nvalues;
    struct error err;

    for (size_t k = 0; k < 2 * n; k++) {
        struct place_needed *need = &x->places[k];

        if (!need->ops ||
            need->ops->check(&need->terms, need->tensors, &err) == 0)
            continue;
        add(x, "%s", err.text);
        need->ops = NULL;
    }
}

/* Where it can be made, and others could see it. */
static void check_shared(struct sight *x)
{
    size_t n = options_get(x->sweep->options, OPT_DB_PATH)->nvalues;
    int mine = x->t->machine.rank_node[x->t->rank];
    struct error err;

    for (size_t k = 0; k < n; k++) {
        const struct place_shared *shared = &x->shared[k];
        const struct place_needed *need =
            &x->places[EXPERIMENT_STANDARD * n + k];
        bool makes = mine == shared->node && need->ops;

        if (shared->ops &&
            preflight_store(x->t, shared->node, shared->ops,
                            makes ? &need->terms : NULL, &err) < 0)
            add(x, "%s", err.text);
    }
}

static void check_results(struct sight *x, const char *output)
{
    struct error err;

    if (output[0] &&
        preflight_results(output, footprint_sum(x->file, x->file / MARGIN),
                          &err) < 0)
        add(x, "%s", err.text);
}

/* Where servers will load them. */
static void check_modules(struct sight *x)
{
    const struct setting *set = options_get(x->sweep->options, OPT_DB_MODULES);
    struct error err;

    for (size_t k = 0; k < set->nvalues && x->shards > 0; k++)
        if (!set->values[k].is_auto &&
            db_modules_check(set->values[k].text, &err) < 0)
            add(x, "%s", err.text);
}

/* What the models of inference need there. */
static void check_models(struct sight *x, const struct model_files *models)
{
    const struct options *o = x->sweep->options;
    char reason[6][MODEL_FILES_REASON];
    int n = options_infers(o) && x->shards > 0
                ? model_files_lacks(o, models, reason, 6)
                : 0;

    for (int k = 0; k < n; k++)
        add(x, "%s", reason[k]);
}

/* ---- all nodes ---- */

static int sender(const void *ctx, int k)
{
    return machine_node_rank(ctx, k, 0);
}

/* Rank 0: keep the first ones. */
static int take(void *arg, int first, int n, const void *rows,
                struct error *err)
{
    struct reasons *all = arg;
    const struct reasons *row = rows;

    (void)first;
    (void)err;
    for (int i = 0; i < n; i++) {
        int64_t had = row[i].n < REASONS_MAX ? row[i].n : REASONS_MAX;

        for (int64_t k = 0; k < had; k++)
            add_text(all, row[i].text[k]);
        all->n += row[i].n - had;
    }
    return 0;
}

/* Rank 0 gets the reasons of all nodes. */
static void bring_together(const struct team *t, const struct reasons *mine,
                           struct reasons *all)
{
    bool sends = t->stewards != MPI_COMM_NULL;
    struct error ignored;
    const struct gather g = {.senders = t->machine.nnodes,
                             .self = sends ? t->machine.rank_node[t->rank] : -1,
                             .sender = sender,
                             .ctx = &t->machine,
                             .row_bytes = sizeof *mine,
                             .take = take,
                             .arg = all};

    if (sends || t->rank == 0)
        team_gather(t, &g, sends ? mine : NULL, &ignored);
}

/* Rank 0: a single reason is the error; several are printed. */
static void say(const struct reasons *all, struct error *err)
{
    if (all->n == 1) {
        error_set(err, "%s", all->text[0]);
        return;
    }
    for (int64_t k = 0; k < all->n && k < REASONS_MAX; k++)
        diag_say("srbench: %s", all->text[k]);
    if (all->n > REASONS_MAX)
        diag_say("srbench: ... and %lld more",
                 (long long)(all->n - REASONS_MAX));
    error_set(err, "refused for these %lld reasons; nothing was run",
              (long long)all->n);
}

/* Returns how many reasons there are altogether. */
static int64_t conclude(struct team *t, const struct preflight *terms,
                        const struct reasons *mine, struct error *err)
{
    const struct error *const *known = terms->known;
    int64_t total = mine->n;
    struct reasons *all;

    team_allreduce(t, t->world, &total, 1, MPI_INT64_T, MPI_SUM);
    total += (known[0] != NULL) + (known[1] != NULL);
    if (total == 0)
        return 0;
    if (total == 1 && (known[0] || known[1])) {
        *err = known[0] ? *known[0] : *known[1]; /* whole, however long */
        return 1;
    }
    all = mem_new(1, sizeof *all);
    for (size_t k = 0; k < 2; k++)
        if (known[k])
            add_text(all, known[k]->text);
    bring_together(t, mine, all);
    if (t->rank == 0)
        say(all, err);
    team_bcast(t, t->world, err->text, (int)sizeof err->text, 0);
    free(all);
    return total;
}

static void find_longest(struct sight *x)
{
    const struct setting *bytes =
        options_get(x->sweep->options, OPT_TENSOR_BYTES);

    int64_t output = options_shape(x->sweep->options, OPT_OUTPUT_SHAPE)->count *
                     (int64_t)sizeof(float);

    for (size_t k = 0; k < bytes->nvalues &&
                       options_has_placement(x->sweep->options, IN_THROUGHPUT);
         k++)
        if (bytes->values[k].count > x->tensor) {
            x->tensor = bytes->values[k].count;
            x->longest = k;
        }
    if (!options_infers(x->sweep->options))
        return;
    widen(&x->tensor, x->sweep->input.count);
    widen(&x->tensor, output);
}

/* That of this rank's node, where no node before it is on it. */
static int find_host(const struct team *t)
{
    const struct machine *m = &t->machine;
    int mine = m->rank_node[t->rank];

    for (int n = 0; n < mine; n++)
        if (m->nodes[n].host == m->nodes[mine].host)
            return -1;
    return m->nodes[mine].host;
}

static void look(struct sight *x, const struct preflight *terms)
{
    x->host = find_host(x->t);
    x->ports = mem_new(2, PORT_MAX);
    x->places =
        mem_new(2 * options_get(x->sweep->options, OPT_DB_PATH)->nvalues,
                sizeof *x->places);
    x->shared = mem_new(options_get(x->sweep->options, OPT_DB_PATH)->nvalues,
                        sizeof *x->shared);
    find_longest(x);
    look_at_sweep(x);
    check_memory(x);
    check_descriptors(x);
    check_limits(x);
    check_scratch(x);
    check_places(x);
    check_shared(x);
    check_modules(x);
    check_models(x, terms->models);
    if (x->t->rank == 0)
        check_results(x, terms->output);
    free(x->ports);
    free(x->places);
    free(x->shared);
}

int preflight(struct team *t, const struct discovery *d,
              const struct preflight *terms, struct error *err)
{
    struct reasons *mine = mem_new(1, sizeof *mine);
    struct sight x = {.t = t,
                      .d = d,
                      .sweep = terms->sweep,
                      .pairs = burden_pairs(terms->sweep->options),
                      .model = terms->models ? terms->models->bytes : 0,
                      .found = mine};
    int64_t reasons;

    if (t->stewards != MPI_COMM_NULL)
        look(&x, terms);
    reasons = conclude(t, terms, mine, err);
    free(mine);
    return reasons > 0 ? -1 : 0;
}
