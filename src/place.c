#include "srb/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The nodes that each role gets, or why there are not enough. */
static int split_nodes(struct placement *pl, const struct permutation *p,
                       struct error *err)
{
    int nnodes = pl->machine->nnodes;
    bool standard = pl->experiment == EXPERIMENT_STANDARD;
    int64_t db = standard ? permutation_count(p, OPT_DB_NODES, 1) : 0;
    int64_t want = permutation_auto(p, OPT_CLIENT_NODES)
                       ? nnodes - db
                       : permutation_count(p, OPT_CLIENT_NODES, 1);

    if (want < 1)
        want = 1;
    if (want + db > nnodes) {
        char databases[64] = "";

        if (standard)
            snprintf(databases, sizeof databases, " and %lld database node%s",
                     (long long)db, db == 1 ? "" : "s");
        return error_set(
            err, "too few nodes: %lld client node%s%s needed, the job has %d%s",
            (long long)want, want == 1 ? "" : "s", databases, nnodes,
            pl->machine->imaginary
                ? ""
                : "; ask for more nodes, or cut each with --virtual_nodes");
    }
    pl->client_nodes = (int)want;
    pl->db_nodes = standard ? (int)db : pl->client_nodes;
    pl->first_db_node = standard ? nnodes - (int)db : 0;
    return 0;
}

/* The clients of every client node. */
static int count_clients(struct placement *pl, const struct permutation *p,
                         struct error *err)
{
    const struct machine *m = pl->machine;
    bool all = permutation_auto(p, OPT_CLIENTS_PER_NODE);
    int64_t want = permutation_count(p, OPT_CLIENTS_PER_NODE, 1);

    pl->client_start =
        calloc((size_t)pl->client_nodes + 1, sizeof *pl->client_start);
    if (!pl->client_start)
        return error_set(err, "not enough memory to place %d client nodes",
                         pl->client_nodes);
    for (int n = 0; n < pl->client_nodes; n++) {
        int size = machine_node_size(m, n);
        int clients = all ? size : (int)want;

        if (!all && want > size)
            return error_set(err,
                             "too few ranks: node %s (node %d of %d) has %d "
                             "rank%s, clients_per_node is %lld",
                             m->nodes[n].name, n, m->nnodes, size,
                             size == 1 ? "" : "s", (long long)want);
        if (clients > pl->clients_per_node)
            pl->clients_per_node = clients;
        pl->client_start[n + 1] = pl->client_start[n] + clients;
    }
    pl->nclients = pl->client_start[pl->client_nodes];
    return 0;
}

static int host_shards(const struct placement *pl, int host)
{
    int shards = 0;

    for (int n = 0; n < pl->db_nodes; n++)
        if (pl->machine->nodes[pl->first_db_node + n].host == host)
            shards += pl->shards_per_node;
    return shards;
}

/* Ports are numbered per host: nodes that share a kernel share its ports. */
static int assign_ports(struct placement *pl, const struct permutation *p,
                        struct error *err)
{
    const struct machine *m = pl->machine;
    int64_t first = permutation_count(p, OPT_DB_PORT, 0);
    int *used = calloc((size_t)m->nhosts, sizeof *used);
    int rc = 0;

    pl->shard_port = calloc((size_t)pl->nshards, sizeof *pl->shard_port);
    if (!used || !pl->shard_port) {
        free(used);
        return error_set(err, "not enough memory to place %d shards",
                         pl->nshards);
    }
    for (int s = 0; s < pl->nshards && rc == 0; s++) {
        int host = m->nodes[place_shard_node(pl, s)].host;
        int64_t port = first + used[host]++;

        /* the cluster bus takes port + 10000 */
        if (port > 55535)
            rc = error_set(err,
                           "db_port: %lld leaves room for %lld of the %d "
                           "shards of host %s (ports up to 55535); choose a "
                           "lower one",
                           (long long)first, (long long)(55536 - first),
                           host_shards(pl, host),
                           m->nodes[place_shard_node(pl, s)].name);
        pl->shard_port[s] = (int)port;
    }
    free(used);
    return rc;
}

/* Where shards listen: every database node needs an address. */
static int choose_address(struct placement *pl, const struct permutation *p,
                          struct error *err)
{
    const struct machine *m = pl->machine;

    pl->loopback = permutation_auto(p, OPT_NET_IFNAME) &&
                   (pl->experiment == EXPERIMENT_COLOCATED || m->nhosts == 1);
    if (pl->loopback || m->imaginary)
        return 0;
    for (int n = 0; n < pl->db_nodes; n++) {
        const struct node *node = &m->nodes[pl->first_db_node + n];

        if (node->address[0] == '\0')
            return error_set(err,
                             "node %s has no network interface but loopback "
                             "for its database; name one with --net_ifname",
                             node->name);
    }
    return 0;
}

/* A server's I/O threads wait for work by spinning: on fewer CPUs than threads
 * they would wait for each other. */
static int check_threads(const struct permutation *p, struct error *err)
{
    long long threads = permutation_count(p, OPT_DB_IO_THREADS, 1);
    long long cpus = permutation_count(p, OPT_DB_CPUS, 1);

    if (threads <= cpus)
        return 0;
    return error_set(err,
                     "db_io_threads %lld is above db_cpus %lld: a server's "
                     "threads need a CPU each; give db_cpus of at least %lld, "
                     "or fewer threads",
                     threads, cpus, threads);
}

int place_solve(const struct machine *m, const struct permutation *p,
                struct placement *pl, struct error *err)
{
    bool standard = p->experiment == EXPERIMENT_STANDARD;

    memset(pl, 0, sizeof *pl);
    pl->machine = m;
    pl->experiment = p->experiment;
    pl->keys = (enum keys_scheme)permutation_count(p, OPT_KEYS, KEYS_SMARTSIM);
    if (check_threads(p, err) < 0 || split_nodes(pl, p, err) < 0 ||
        count_clients(pl, p, err) < 0)
        goto fail;
    pl->shards_per_node =
        standard ? (int)permutation_count(p, OPT_DB_SHARDS_PER_NODE, 1) : 1;
    if ((int64_t)pl->db_nodes * pl->shards_per_node > SRB_SLOTS && standard) {
        error_set(err,
                  "%d database nodes of %d shards: a Redis Cluster has %d "
                  "slots, so at most as many shards",
                  pl->db_nodes, pl->shards_per_node, SRB_SLOTS);
        goto fail;
    }
    pl->nshards = pl->db_nodes * pl->shards_per_node;
    pl->cluster = standard && pl->nshards > 1 &&
                  permutation_count(p, OPT_DB_CLUSTER, 1) != 0;
    if (assign_ports(pl, p, err) < 0 || choose_address(pl, p, err) < 0)
        goto fail;
    return 0;
fail:
    place_free(pl);
    return -1;
}

void place_free(struct placement *pl)
{
    free(pl->client_start);
    free(pl->shard_port);
    pl->client_start = pl->shard_port = NULL;
}

static int node_clients(const struct placement *pl, int node)
{
    return pl->client_start[node + 1] - pl->client_start[node];
}

/* Where not every rank of a node is a client, the steward is none: the clients
 * are the node's ranks from `skip` on. */
static int skipped(const struct placement *pl, int node)
{
    return node_clients(pl, node) < machine_node_size(pl->machine, node);
}

int place_client(const struct placement *pl, int rank)
{
    const struct machine *m = pl->machine;
    int node = m->rank_node[rank];
    int low = 0, high = machine_node_size(m, node) - 1, k;

    if (node >= pl->client_nodes)
        return -1;
    while (low < high) {
        int mid = low + (high - low) / 2;

        if (machine_node_rank(m, node, mid) < rank)
            low = mid + 1;
        else
            high = mid;
    }
    k = low - skipped(pl, node);
    if (k < 0 || k >= node_clients(pl, node))
        return -1;
    return pl->client_start[node] + k;
}

int place_client_node(const struct placement *pl, int client)
{
    int low = 0, high = pl->client_nodes - 1;

    while (low < high) {
        int mid = low + (high - low + 1) / 2;

        if (pl->client_start[mid] <= client)
            low = mid;
        else
            high = mid - 1;
    }
    return low;
}

int place_client_rank(const struct placement *pl, int client)
{
    int node = place_client_node(pl, client);

    return machine_node_rank(
        pl->machine, node, client - pl->client_start[node] + skipped(pl, node));
}

int place_shard_node(const struct placement *pl, int shard)
{
    return pl->first_db_node + shard / pl->shards_per_node;
}

const char *place_shard_address(const struct placement *pl, int shard)
{
    if (pl->loopback)
        return "127.0.0.1";
    return pl->machine->nodes[place_shard_node(pl, shard)].address;
}

int place_node_shard(const struct placement *pl, int node)
{
    int k = node - pl->first_db_node;

    return k < 0 || k >= pl->db_nodes ? -1 : k * pl->shards_per_node;
}

bool place_steward(const struct placement *pl, int rank)
{
    int node = pl->machine->rank_node[rank];

    return place_node_shard(pl, node) >= 0 &&
           machine_node_rank(pl->machine, node, 0) == rank;
}

int place_shard_steward(const struct placement *pl, int shard)
{
    return machine_node_rank(pl->machine, place_shard_node(pl, shard), 0);
}

void place_key(const struct placement *pl, int client, char key[SRB_KEY_MAX])
{
    bool shared = pl->experiment == EXPERIMENT_STANDARD;

    keys_make(key, pl->keys, client, shared ? pl->nshards : 1);
}

int place_client_shard(const struct placement *pl, int client)
{
    char key[SRB_KEY_MAX];

    if (pl->experiment == EXPERIMENT_COLOCATED)
        return place_node_shard(pl, place_client_node(pl, client));
    if (pl->nshards == 1)
        return 0;
    if (pl->keys == KEYS_BALANCED)
        return client % pl->nshards; /* as keys_make() has it */
    place_key(pl, client, key);
    return keys_shard(key, pl->nshards);
}

bool place_same_roles(const struct placement *a, const struct placement *b)
{
    return a->experiment == b->experiment &&
           a->client_nodes == b->client_nodes && a->db_nodes == b->db_nodes &&
           a->shards_per_node == b->shards_per_node &&
           memcmp(a->client_start, b->client_start,
                  ((size_t)a->client_nodes + 1) * sizeof *a->client_start) == 0;
}

/* Axes that the fixed part of a session's name spells out. */
static bool in_name(int id, bool standard)
{
    if (id == OPT_PIN_APP_CPUS)
        return !standard;
    return id == OPT_EXPERIMENT || id == OPT_CLIENT_NODES ||
           id == OPT_CLIENTS_PER_NODE || id == OPT_DB_NODES ||
           id == OPT_DB_CPUS || id == OPT_TENSOR_BYTES;
}

void place_session(const struct placement *pl, const struct sweep *s,
                   const struct permutation *p, char name[SRB_SESSION_MAX])
{
    bool standard = pl->experiment == EXPERIMENT_STANDARD;
    size_t n = SRB_SESSION_MAX, used;
    const struct value *duration = p->value[OPT_DURATION];
    char db[32] = "", loop[64];

    if (standard)
        snprintf(db, sizeof db, "-DBN%d", pl->db_nodes);
    if (duration->is_auto)
        snprintf(loop, sizeof loop, "ITER%lld",
                 (long long)p->value[OPT_ITERATIONS]->count);
    else
        snprintf(loop, sizeof loop, "DUR%.48s", duration->text);
    snprintf(name, n, "throughput-sess-%sc-N%d-T%d%s-DBCPU%lld%s-%s-TB%lld",
             standard ? "" : "colo-", pl->client_nodes, pl->clients_per_node,
             db, (long long)p->value[OPT_DB_CPUS]->count,
             standard                            ? ""
             : p->value[OPT_PIN_APP_CPUS]->count ? "-PINTrue"
                                                 : "-PINFalse",
             loop, (long long)p->value[OPT_TENSOR_BYTES]->count);
    for (int id = 0; id < OPT_COUNT; id++) {
        const struct option *d = &option_table[id];
        const char *text, *slash;

        if (!d->axis || in_name(id, standard) || !p->value[id] ||
            options_get(s->options, (enum option_id)id)->nvalues < 2)
            continue;
        text = p->value[id]->text;
        slash = strrchr(text, '/');
        used = strlen(name);
        snprintf(name + used, n - used, "-%s%s", d->tag,
                 slash ? slash + 1 : text);
    }
    used = strlen(name);
    if (options_one(s->options, OPT_REPETITIONS)->count > 1)
        snprintf(name + used, n - used, "-REP%d", p->repetition);
}
