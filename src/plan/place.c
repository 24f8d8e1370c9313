#include "plan/place.h"

#include "base/text.h"
#include "plan/place_parts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool may(const struct node *node, unsigned role)
{
    return !(node->barred & role);
}

/* The hosts of db_hosts, in the order in which they were named. */
static int take_listed(struct placement *pl, struct error *err)
{
    const struct machine *m = pl->machine;

    if (pl->db_nodes > m->db_listed)
        return error_set(err,
                         "db_hosts names %d host%s, and db_nodes is %d; give "
                         "as many hosts as the most db_nodes",
                         m->db_listed, m->db_listed == 1 ? "" : "s",
                         pl->db_nodes);
    for (int n = 0; n < m->nnodes; n++)
        if (m->nodes[n].db_turn > 0 && m->nodes[n].db_turn <= pl->db_nodes)
            pl->db_node[m->nodes[n].db_turn - 1] = n;
    return 0;
}

/* From the end of the allocation, those first that can be nothing else. Shards
 * are then numbered in the order of the nodes. */
static int take_last(struct placement *pl)
{
    const struct machine *m = pl->machine;
    int k = 0;

    for (int shared = 0; shared < 2; shared++)
        for (int n = m->nnodes - 1; n >= 0 && k < pl->db_nodes; n--)
            if (may(&m->nodes[n], NODE_DATABASES) &&
                may(&m->nodes[n], NODE_CLIENTS) == shared) {
                pl->node_db[n] = 0;
                k++;
            }
    for (int n = 0, at = 0; n < m->nnodes; n++)
        if (pl->node_db[n] == 0)
            pl->db_node[at++] = n;
    return k;
}

/* Why there are too few nodes for so many clients and databases. */
static int too_few(const struct placement *pl, int64_t clients, int64_t db,
                   struct error *err)
{
    const struct machine *m = pl->machine;
    char readers[64] = "", databases[64] = "", barred[128] = "";
    int for_clients = 0, for_db = 0;

    for (int n = 0; n < m->nnodes; n++) {
        const struct node *node = &m->nodes[n];

        for_clients += may(node, NODE_CLIENTS) && node->db_turn == 0;
        for_db += may(node, NODE_DATABASES) &&
                  (m->db_listed == 0 || node->db_turn > 0);
    }
    if (pl->reader_nodes > 0)
        snprintf(readers, sizeof readers, " (%d of them by reader_nodes)",
                 pl->reader_nodes);
    if (db > 0)
        snprintf(databases, sizeof databases, " and %lld database node%s",
                 (long long)db, text_plural(db));
    if (for_clients < m->nnodes || (db > 0 && for_db < m->nnodes))
        snprintf(barred, sizeof barred,
                 ": by roles, features and db_hosts %d may run clients, and %d "
                 "databases",
                 for_clients, for_db);
    return error_set(
        err, "too few nodes: %lld client node%s%s%s needed, the job has %d%s%s",
        (long long)clients, text_plural(clients), readers, databases, m->nnodes,
        barred,
        m->imaginary || barred[0]
            ? ""
            : "; ask for more nodes, or cut each with --virtual_nodes");
}

/* Client nodes from the front, whatever is no database's. Returns how many
 * there are, `want` at most. */
static int take_first(struct placement *pl, int64_t want)
{
    const struct machine *m = pl->machine;
    int k = 0;

    for (int n = 0; n < m->nnodes && k < want; n++)
        if (may(&m->nodes[n], NODE_CLIENTS) && m->nodes[n].db_turn == 0 &&
            (pl->node_db[n] < 0 || pl->experiment == EXPERIMENT_COLOCATED))
            pl->client_node[k++] = n;
    return k;
}

static int allocate(struct placement *pl, struct error *err)
{
    size_t n = (size_t)pl->machine->nnodes;
    int *block = malloc((4 * n) * sizeof *block);

    if (!block)
        return error_set(err, "not enough memory to place %zu nodes", n);
    pl->client_node = block;
    pl->db_node = block + n;
    pl->node_client = block + 2 * n;
    pl->node_db = block + 3 * n;
    for (size_t k = 0; k < n; k++)
        pl->node_client[k] = pl->node_db[k] = -1;
    return 0;
}

/* The nodes of this job that run databases of their own. */
static int take_databases(struct placement *pl, int64_t want,
                          int64_t want_clients, struct error *err)
{
    if (want > pl->machine->nnodes)
        return too_few(pl, want_clients, want, err);
    pl->db_nodes = (int)want;
    if (pl->machine->db_listed && take_listed(pl, err) < 0)
        return -1;
    if (!pl->machine->db_listed && take_last(pl) < pl->db_nodes)
        return too_few(pl, want_clients, want, err);
    for (int k = 0; k < pl->db_nodes; k++)
        pl->node_db[pl->db_node[k]] = k;
    return 0;
}

/* Databases of nodes of their own: how many nodes, wherever they are. */
static int64_t wanted_databases(const struct placement *pl,
                                const struct permutation *p)
{
    const struct machine *m = pl->machine;

    if (pl->experiment == EXPERIMENT_COLOCATED)
        return 0;
    if (m->roster)
        return m->roster->nhosts;
    return permutation_auto(p, OPT_DB_NODES)
               ? (m->db_listed > 0 ? m->db_listed : 1)
               : permutation_count(p, OPT_DB_NODES, 1);
}

/* As many nodes as there are for clients, from `want` to `most`. */
static int take_clients(struct placement *pl, int64_t want, int64_t most,
                        int64_t db, struct error *err)
{
    pl->client_nodes = take_first(pl, most);
    if (pl->client_nodes < want)
        return too_few(pl, want, pl->external ? 0 : db, err);
    for (int k = 0; k < pl->client_nodes; k++)
        pl->node_client[pl->client_node[k]] = k;
    return 0;
}

/* Where databases are colocated, each client node has one. */
static void colocate(struct placement *pl)
{
    pl->db_nodes = pl->client_nodes;
    memcpy(pl->db_node, pl->client_node,
           (size_t)pl->db_nodes * sizeof *pl->db_node);
    memcpy(pl->node_db, pl->node_client,
           (size_t)pl->machine->nnodes * sizeof *pl->node_db);
}

/* The nodes that each role gets, or why there are not enough. */
static int split_nodes(struct placement *pl, const struct permutation *p,
                       struct error *err)
{
    const struct machine *m = pl->machine;
    bool standard = pl->experiment == EXPERIMENT_STANDARD;
    bool all = permutation_auto(p, OPT_CLIENT_NODES);
    int64_t db = wanted_databases(pl, p);
    int64_t want = all ? 1 : permutation_count(p, OPT_CLIENT_NODES, 1);

    if (pl->exchange && standard)
        pl->reader_nodes = (int)permutation_count(p, OPT_READER_NODES, 0);
    want += pl->reader_nodes;
    pl->external = standard && m->holds == HOLDS_CLIENTS;
    if (allocate(pl, err) < 0)
        return -1;
    if (standard && !pl->external && take_databases(pl, db, want, err) < 0)
        return -1;
    if (m->holds == HOLDS_DATABASES && standard)
        return 0;
    if (take_clients(pl, want, all ? m->nnodes : want, db, err) < 0)
        return -1;
    if (pl->external)
        pl->db_nodes = (int)db;
    else if (!standard)
        colocate(pl);
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
    for (int k = 0; k < pl->client_nodes; k++) {
        int n = pl->client_node[k], size = machine_node_size(m, n);
        int clients = all ? size - m->leaves_ranks : (int)want;

        if (clients < 1)
            return error_set(err,
                             "too few ranks: node %s (node %d of %d) has one, "
                             "which must serve, and no other for a client; "
                             "start two ranks a node, or more",
                             m->nodes[n].name, n, m->nnodes);
        if (!all && want > size)
            return error_set(err,
                             "too few ranks: node %s (node %d of %d) has %d "
                             "rank%s, clients_per_node is %lld",
                             m->nodes[n].name, n, m->nnodes, size,
                             size == 1 ? "" : "s", (long long)want);
        if (clients > pl->clients_per_node)
            pl->clients_per_node = clients;
        pl->client_start[k + 1] = pl->client_start[k] + clients;
    }
    pl->nclients = pl->client_start[pl->client_nodes];
    return 0;
}

static int host_shards(const struct placement *pl, int host)
{
    int shards = 0;

    for (int n = 0; n < pl->db_nodes; n++)
        if (pl->machine->nodes[pl->db_node[n]].host == host)
            shards += pl->shards_per_node;
    return shards;
}

/* Ports are numbered per host: nodes that share a kernel share its ports. Those
 * of db_port: auto are where it is tried first. Free ones are found when the
 * databases start: place_ports(). */
static int assign_ports(struct placement *pl, const struct permutation *p,
                        struct error *err)
{
    const struct machine *m = pl->machine;
    int64_t first = permutation_auto(p, OPT_DB_PORT)
                        ? SRB_PORT_FIRST
                        : permutation_count(p, OPT_DB_PORT, 0);
    int *used = calloc((size_t)m->nhosts, sizeof *used);
    int rc = 0;

    pl->shard_port = calloc((size_t)pl->nshards, sizeof *pl->shard_port);
    if ((pl->external || first == 0) && pl->shard_port) {
        free(used);
        return 0; /* by its roster, or when they are found */
    }
    if (!used || !pl->shard_port) {
        free(used);
        return error_set(err, "not enough memory to place %d shards",
                         pl->nshards);
    }
    for (int s = 0; s < pl->nshards && rc == 0; s++) {
        int host = m->nodes[place_shard_node(pl, s)].host;
        int64_t port = first + used[host]++;

        if (port > SRB_PORT_MAX)
            rc = error_set(
                err,
                "db_port: %lld leaves room for %lld of the %d "
                "shards of host %s (ports up to %d); choose a lower "
                "one",
                (long long)first, (long long)(SRB_PORT_MAX + 1 - first),
                host_shards(pl, host), m->nodes[place_shard_node(pl, s)].name,
                SRB_PORT_MAX);
        pl->shard_port[s] = (int)port;
    }
    free(used);
    return rc;
}

/* A node that has no address for its database, or one that is another place on
 * every host. */
static int refuse_address(const struct placement *pl, const struct node *node,
                          struct error *err)
{
    if (node->address[0])
        return error_set(err,
                         "net_ifname %s is loopback: clients on other hosts "
                         "than %s do not reach a database there; name another "
                         "interface",
                         node->interface, node->name);
    if (pl->machine->network[0])
        return error_set(err,
                         "there is no interface for the databases: %s; name "
                         "one with --net_ifname",
                         pl->machine->network);
    return error_set(err,
                     "node %s has no network interface but loopback for its "
                     "database; name one with --net_ifname",
                     node->name);
}

/* Where shards listen: every database node needs an address, which clients on
 * other hosts reach. */
static int choose_address(struct placement *pl, const struct permutation *p,
                          struct error *err)
{
    const struct machine *m = pl->machine;
    bool far = pl->experiment == EXPERIMENT_STANDARD && m->nhosts > 1;

    /* clients of another job may be on any host */
    pl->loopback = permutation_auto(p, OPT_NET_IFNAME) && !pl->external &&
                   (pl->experiment == EXPERIMENT_COLOCATED ||
                    (m->nhosts == 1 && m->holds != HOLDS_DATABASES));
    if (pl->external || m->imaginary)
        return 0;
    for (int s = 0; s < pl->nshards; s += pl->shards_per_node) {
        const struct node *node = &m->nodes[place_shard_node(pl, s)];

        if (pl->loopback && node->loopback[0])
            continue;
        if (pl->loopback)
            return error_set(err,
                             "the loopback interface of node %s is down or has "
                             "no address, and its database and clients speak "
                             "over it; bring it up (ip link set lo up)",
                             node->name);
        if (node->address[0] == '\0' ||
            (far && machine_loopback(node->address)))
            return refuse_address(pl, node, err);
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

/* How many shards there are, and how they belong together. */
static int count_shards(struct placement *pl, const struct permutation *p,
                        struct error *err)
{
    const struct roster *roster = pl->external ? pl->machine->roster : NULL;
    bool standard = pl->experiment == EXPERIMENT_STANDARD;

    pl->shards_per_node =
        standard ? (int)permutation_count(p, OPT_DB_SHARDS_PER_NODE, 1) : 1;
    if (roster) {
        pl->nshards = roster->nshards;
        pl->shards_per_node = (pl->nshards + pl->db_nodes - 1) / pl->db_nodes;
        pl->cluster = roster->cluster;
        return 0;
    }
    if ((int64_t)pl->db_nodes * pl->shards_per_node > SRB_SLOTS && standard)
        return error_set(err,
                         "%d database nodes of %d shards: a Redis Cluster has "
                         "%d slots, so at most as many shards",
                         pl->db_nodes, pl->shards_per_node, SRB_SLOTS);
    pl->nshards = pl->db_nodes * pl->shards_per_node;
    pl->cluster = standard && pl->nshards > 1 &&
                  permutation_count(p, OPT_DB_CLUSTER, 1) != 0;
    return 0;
}

/* Whether every node with shards has a rank for each beside its clients. */
static int check_serving(const struct placement *pl, struct error *err)
{
    const struct machine *m = pl->machine;

    for (int k = 0; k < pl->db_nodes && pl->ranks_serve; k++) {
        int n = pl->db_node[k], size = machine_node_size(m, n);
        int clients = place_node_clients(pl, n);

        if (clients + pl->shards_per_node > size)
            return error_set(
                err,
                "node %s (node %d of %d) has %d rank%s, of which %d run%s a "
                "client, and %d must serve; give fewer clients_per_node "
                "or db_shards_per_node, or start more ranks",
                m->nodes[n].name, n, m->nnodes, size, text_plural(size),
                clients, clients == 1 ? "s" : "", pl->shards_per_node);
    }
    return 0;
}

/* One shard has all that a model takes: there is nothing to copy. */
static void find_copies(struct placement *pl)
{
    pl->copied = pl->copies && pl->nshards > 1;
    if (pl->infers)
        pl->keys = pl->copied ? KEYS_SMARTSIM : KEYS_BALANCED;
}

int place_solve(const struct machine *m, const struct permutation *p,
                struct placement *pl, struct error *err)
{
    memset(pl, 0, sizeof *pl);
    pl->machine = m;
    pl->experiment = p->experiment;
    pl->exchange = permutation_exchanges(p);
    pl->aggregate = permutation_aggregates(p);
    pl->ranks_serve = options_served_by_ranks(p->value[OPT_DB_EXE]);
    pl->keys = (enum keys_scheme)permutation_count(p, OPT_KEYS, KEYS_SMARTSIM);
    pl->infers = p->infers;
    pl->scripted = p->scripted;
    pl->copies = permutation_count(p, OPT_MODEL_KEYS, MODEL_KEYS_ALIGNED) ==
                 MODEL_KEYS_COPIED;
    if (check_threads(p, err) < 0 || split_nodes(pl, p, err) < 0 ||
        count_clients(pl, p, err) < 0 || place_split_readers(pl, p, err) < 0 ||
        count_shards(pl, p, err) < 0 || check_serving(pl, err) < 0 ||
        assign_ports(pl, p, err) < 0 || choose_address(pl, p, err) < 0) {
        place_free(pl);
        return -1;
    }
    find_copies(pl);
    if (pl->external && m->roster)
        place_external(pl, m->roster);
    return 0;
}

void place_external(struct placement *pl, const struct roster *roster)
{
    pl->roster = roster;
    for (int s = 0; s < pl->nshards; s++)
        pl->shard_port[s] = roster->shard[s].port;
    find_copies(pl);
}

void place_ports(struct placement *pl, const int *port)
{
    memcpy(pl->shard_port, port, (size_t)pl->nshards * sizeof *port);
}

void place_free(struct placement *pl)
{
    free(pl->client_node); /* and the three arrays behind it */
    free(pl->client_start);
    free(pl->shard_port);
    pl->client_node = pl->db_node = pl->node_client = pl->node_db = NULL;
    pl->client_start = pl->shard_port = NULL;
}

int place_node_clients(const struct placement *pl, int node)
{
    int k = pl->node_client[node];

    return k < 0 ? 0 : pl->client_start[k + 1] - pl->client_start[k];
}

int place_client(const struct placement *pl, int rank)
{
    const struct machine *m = pl->machine;
    int node = m->rank_node[rank];
    int clients = place_node_clients(pl, node), client;

    if (m->rank_turn[rank] >= clients)
        return -1;
    client = pl->client_start[pl->node_client[node]];
    for (int k = 0; machine_node_rank(m, node, k) != rank; k++)
        client += m->rank_turn[machine_node_rank(m, node, k)] < clients;
    return client;
}

/* The client node of client c, counted among such. */
static int client_node_of(const struct placement *pl, int client)
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

int place_client_node(const struct placement *pl, int client)
{
    return pl->client_node[client_node_of(pl, client)];
}

int place_client_rank(const struct placement *pl, int client)
{
    const struct machine *m = pl->machine;
    int at = client_node_of(pl, client), node = pl->client_node[at];
    int clients = place_node_clients(pl, node);
    int left = client - pl->client_start[at], k = 0;

    for (;; k++) {
        int rank = machine_node_rank(m, node, k);

        if (m->rank_turn[rank] < clients && left-- == 0)
            return rank;
    }
}

int place_first_client(const struct placement *pl, int node)
{
    int at = pl->node_client[node];

    return at < 0 ? -1 : pl->client_start[at];
}

int place_shard_node(const struct placement *pl, int shard)
{
    return pl->external ? -1 : pl->db_node[shard / pl->shards_per_node];
}

const char *place_shard_address(const struct placement *pl, int shard)
{
    if (pl->external)
        return pl->roster ? pl->roster->shard[shard].address : "";
    return pl->loopback
               ? pl->machine->nodes[place_shard_node(pl, shard)].loopback
               : pl->machine->nodes[place_shard_node(pl, shard)].address;
}

const char *place_network(const struct placement *pl)
{
    if (pl->external)
        return pl->roster ? pl->roster->interface : "";
    return pl->loopback ? "lo, since clients and their databases share a host"
                        : pl->machine->network;
}

int place_node_shard(const struct placement *pl, int node)
{
    int k = pl->external ? -1 : pl->node_db[node];

    return k < 0 ? -1 : k * pl->shards_per_node;
}

int place_steward_shard(const struct placement *pl, int rank)
{
    int node = pl->machine->rank_node[rank];

    if (pl->external)
        return rank == 0 ? 0 : -1;
    return machine_node_rank(pl->machine, node, 0) == rank
               ? place_node_shard(pl, node)
               : -1;
}

int place_shard_steward(const struct placement *pl, int shard)
{
    return pl->external
               ? 0
               : machine_node_rank(pl->machine, place_shard_node(pl, shard), 0);
}

int place_server_rank(const struct placement *pl, int shard)
{
    const struct machine *m = pl->machine;
    int node = place_shard_node(pl, shard), k = 0;
    int left = shard - place_node_shard(pl, node);

    for (;; k++) {
        int rank = machine_node_rank(m, node, k);

        if (m->rank_turn[rank] >= place_node_clients(pl, node) && left-- == 0)
            return rank;
    }
}

int place_server(const struct placement *pl, int rank)
{
    int first = place_node_shard(pl, pl->machine->rank_node[rank]);

    for (int k = 0; pl->ranks_serve && first >= 0 && k < pl->shards_per_node;
         k++)
        if (place_server_rank(pl, first + k) == rank)
            return first + k;
    return -1;
}

void place_key(const struct placement *pl, int client, char key[SRB_KEY_MAX])
{
    bool shared = pl->experiment == EXPERIMENT_STANDARD;
    const struct roster *roster = pl->external ? pl->roster : NULL;
    char tag[SRB_TAG_MAX];

    if (pl->copied) {
        snprintf(key, SRB_KEY_MAX, "%s" SRB_KEY_STEM "%d", place_prefix(pl),
                 client);
    } else if (pl->infers) {
        place_tag(pl, shared ? client % pl->nshards : 0, tag);
        snprintf(key, SRB_KEY_MAX, "%s" SRB_KEY_STEM "%d{%s}", place_prefix(pl),
                 client, tag);
    } else if (roster)
        roster_key(roster, pl->keys, client, key);
    else
        keys_make(key, pl->keys, client, shared ? pl->nshards : 1);
    if (pl->exchange)
        keys_of_nth(key, pl->keys_nth);
}

const char *place_prefix(const struct placement *pl)
{
    return pl->external && pl->roster ? pl->roster->prefix : "";
}

void place_tag(const struct placement *pl, int shard, char tag[SRB_TAG_MAX])
{
    if (pl->experiment == EXPERIMENT_COLOCATED || pl->nshards == 1)
        snprintf(tag, SRB_TAG_MAX, "0");
    else if (pl->external && pl->roster)
        roster_tag(pl->roster, shard, tag);
    else
        keys_tag(tag, shard, pl->nshards);
}

int place_key_shard(const struct placement *pl, int client, const char *key)
{
    const struct roster *roster = pl->external ? pl->roster : NULL;

    if (pl->experiment == EXPERIMENT_COLOCATED)
        return place_node_shard(pl, place_client_node(pl, client));
    if (pl->nshards == 1)
        return 0;
    return roster ? roster_shard_of(roster, key) : keys_shard(key, pl->nshards);
}

int place_client_shard(const struct placement *pl, int client)
{
    char key[SRB_KEY_MAX];

    if (pl->experiment == EXPERIMENT_STANDARD && pl->keys == KEYS_BALANCED)
        return client % pl->nshards; /* as keys_make() has it */
    place_key(pl, client, key);
    if (pl->copied)
        keys_of_part(key, key, KEY_IN);
    return place_key_shard(pl, client, key);
}

static bool same_nodes(const int *a, const int *b, int n)
{
    return n == 0 || memcmp(a, b, (size_t)n * sizeof *a) == 0;
}

bool place_same_roles(const struct placement *a, const struct placement *b)
{
    if (a->experiment != b->experiment || a->ranks_serve != b->ranks_serve ||
        a->external != b->external || a->client_nodes != b->client_nodes ||
        a->db_nodes != b->db_nodes || a->shards_per_node != b->shards_per_node)
        return false;
    return same_nodes(a->client_node, b->client_node, a->client_nodes) &&
           same_nodes(a->client_start, b->client_start, a->client_nodes + 1) &&
           (a->external || same_nodes(a->db_node, b->db_node, a->db_nodes));
}

/* Axes that the fixed part of a session's name spells out. */
static bool in_name(int id, bool standard)
{
    if (id == OPT_PIN_APP_CPUS)
        return !standard;
    return id == OPT_EXPERIMENT || id == OPT_CLIENT_NODES ||
           id == OPT_CLIENTS_PER_NODE || id == OPT_LANGUAGES ||
           id == OPT_DB_NODES || id == OPT_DB_CPUS || id == OPT_TENSOR_BYTES;
}

/* Its databases in a name: "-DBN2-DBCPU1". */
static void name_databases(const struct placement *pl,
                           const struct permutation *p, char *name, size_t n)
{
    const struct value *cpus = p->value[OPT_DB_CPUS];

    if (pl->experiment == EXPERIMENT_STANDARD)
        text_add(name, n, "-DBN%d", pl->db_nodes);
    if (cpus || (pl->roster && pl->roster->db_cpus >= 0))
        text_add(name, n, "-DBCPU%lld",
                 (long long)(cpus ? cpus->count : pl->roster->db_cpus));
}

void place_session(const struct placement *pl, const struct sweep *s,
                   const struct permutation *p, char name[SRB_SESSION_MAX])
{
    bool standard = pl->experiment == EXPERIMENT_STANDARD;
    size_t n = SRB_SESSION_MAX;
    const struct value *duration = p->value[OPT_DURATION];

    snprintf(name, n, "%s-sess-%s%s-N%d-T%d",
             p->infers ? "inference" : "throughput", standard ? "" : "colo-",
             p->value[OPT_LANGUAGES]->text, pl->client_nodes - pl->reader_nodes,
             pl->clients_per_node);
    name_databases(pl, p, name, n);
    if (!standard)
        text_add(name, n, "-PIN%s",
                 p->value[OPT_PIN_APP_CPUS]->count ? "True" : "False");
    if (duration->is_auto)
        text_add(name, n, "-ITER%lld",
                 (long long)p->value[OPT_ITERATIONS]->count);
    else
        text_add(name, n, "-DUR%.48s", duration->text);
    text_add(name, n, "-TB%lld", (long long)p->value[OPT_TENSOR_BYTES]->count);
    for (int id = 0; id < OPT_AXES; id++) {
        const struct option *d = &option_table[id];
        char text[SRB_WORD_MAX];

        if (in_name(id, standard) || !p->value[id] ||
            options_get(s->options, (enum option_id)id)->nvalues < 2)
            continue;
        text_add(
            name, n, "-%s%s", d->tag ? d->tag : "",
            sweep_word(s, (enum option_id)id, p->value[id], text, sizeof text));
    }
    if (options_one(s->options, OPT_REPETITIONS)->count > 1)
        text_add(name, n, "-REP%d", p->repetition);
}
