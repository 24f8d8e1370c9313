/* place.h - the only decider of roles, ports and client -> shard.
 *
 * A pure function of machine and permutation, the same on every rank, so an
 * impossible permutation is unanimous without a message. Client nodes are taken
 * from the front of the allocation, database nodes (standard) from its end, so
 * that databases stay where they are through the sweep; of those that may be
 * such by db_hosts, features and roles, and for databases first of those that
 * may be nothing else. Cost: O(nodes).
 */
#ifndef SRB_PLACE_H
#define SRB_PLACE_H

#include "plan/machine.h"
#include "plan/roster.h"
#include "plan/sweep.h"
#include "protocol/keys.h"

struct placement {
    const struct machine *machine;
    enum experiment experiment;
    enum keys_scheme keys;
    bool infers;      /* clients run the model of their shard, */
    bool copies;      /* or, of several shards, that of the one on which a */
    bool copied;      /* tensor lies, to and from which they copy; they do */
    bool scripted;    /* behind a script */
    int client_nodes; /* nodes that run clients; 0 where the job only serves */
    int db_nodes;     /* that run shards; the client nodes if colocated */
    int *client_node; /* [client_nodes] indices in the machine, ascending */
    int *db_node;     /* [db_nodes]; ascending, or as db_hosts names them */
    int *node_client; /* [nnodes] a node's place in client_node, or -1 */
    int *node_db;     /* [nnodes] a node's place in db_node, or -1 */
    int shards_per_node; /* 1 if colocated */
    int nclients, nshards;
    int clients_per_node; /* of client node 0; the most of any node */
    /* Of clients that write and read (pattern: exchange, and aggregate); else
     * zeros. */
    bool exchange, aggregate;
    enum fan fan;
    int reader_nodes;     /* the last client nodes, whose clients all read */
    int readers_per_node; /* the last clients of each other client node */
    int nreaders;
    int64_t keys_nth; /* that this job tries to run, from 0: each has keys of
                         its own, for what was put by one that failed may come
                         late, and would be taken for a step of the next */
    bool cluster;     /* shards form one Redis Cluster, else they are
                         independent; clients find theirs alike */
    bool ranks_serve; /* shards are ranks of their nodes that run no client
                       */
    bool loopback;    /* shards listen on node.loopback, not on .address */
    bool external;    /* the shards are not this job's: no db_node, and
                          addresses and ports only by the roster */
    const struct roster *roster; /* of these, NULL until it is known */
    int *client_start; /* [client_nodes + 1] first client of each node */
    int *shard_port;   /* [nshards]; 0 while free ones are to be found */
};

/* Returns 0 with *pl to be released by place_free() (it keeps a pointer to m),
 * or -1 with the reason why this permutation cannot be placed. */
int place_solve(const struct machine *m, const struct permutation *p,
                struct placement *pl, struct error *err);

void place_free(struct placement *pl);

/* Where the shards elsewhere are, once that is known; the roster must have
 * nshards of them and outlive the placement. */
void place_external(struct placement *pl, const struct roster *roster);

/* The ports that were found free (db_port: 0 or auto): port[nshards]. */
void place_ports(struct placement *pl, const int *port);

/* The client that rank plays, 0 … nclients - 1, or -1. Clients are numbered
 * node by node, on each node by rank. Where not all ranks of a node are
 * clients, they are those whose turn comes first (machine.h): spread over the
 * NUMA domains, the steward last. O(ranks of a node), as is the inverse. */
int place_client(const struct placement *pl, int rank);

/* The world rank of client c. */
int place_client_rank(const struct placement *pl, int client);

/* How many clients a node has, and the first of these; -1 where it has none. */
int place_node_clients(const struct placement *pl, int node);
int place_first_client(const struct placement *pl, int node);

/* Where clients write and read: readers and writers are numbered from 0 in the
 * order of the clients. The reader that client c is, or -1, and the writer; and
 * the client of reader r, and of writer w. O(log client nodes). */
int place_reader(const struct placement *pl, int client);
int place_writer(const struct placement *pl, int client);
int place_reader_client(const struct placement *pl, int reader);
int place_writer_client(const struct placement *pl, int writer);
static inline int place_writers(const struct placement *pl)
{
    return pl->nclients - pl->nreaders;
}

/* Numbers that follow each other, from `first` on. */
struct place_range {
    int first, n;
};

/* The writers whose tensors reader r gets, one at least; and the readers that
 * get those of writer w. */
struct place_range place_read_by(const struct placement *pl, int reader);
struct place_range place_readers_of(const struct placement *pl, int writer);

/* Where writers append to lists (pattern: aggregate): the client whose list
 * writer w appends to, the first of those whose data sets are read together. */
int place_list_client(const struct placement *pl, int writer);

/* Tensors' steps that are put and got while every writer writes one: with n
 * clients that put and get in turn 2 n. */
int64_t place_moves(const struct placement *pl);

/* The node (index in the machine) of client c, of shard s (-1 elsewhere). */
int place_client_node(const struct placement *pl, int client);
int place_shard_node(const struct placement *pl, int shard);

/* The address shard s listens on, the same for everybody; its port is
 * pl->shard_port[s]. Loopback where net_ifname leaves the choice and clients
 * and shards share a host: colocated, or a job on one host. */
const char *place_shard_address(const struct placement *pl, int shard);

/* Which interface the shards listen on and why, in words; "" unknown. */
const char *place_network(const struct placement *pl);

/* The first shard of a node; -1 when it runs none. A node with shards has
 * shards_per_node of them, numbered consecutively. */
int place_node_shard(const struct placement *pl, int node);

/* The first shard that rank answers for as the steward (lowest rank) of a node
 * that runs shards, or -1. Of shards elsewhere world rank 0 is the steward. */
int place_steward_shard(const struct placement *pl, int rank);

/* The steward's world rank of shard s; how many stewards there are, and how
 * many shards each of them has, numbered consecutively. */
int place_shard_steward(const struct placement *pl, int shard);
static inline int place_stewards(const struct placement *pl)
{
    return pl->external ? 1 : pl->db_nodes;
}
static inline int place_steward_shards(const struct placement *pl)
{
    return pl->external ? pl->nshards : pl->shards_per_node;
}

/* The shard that rank serves, or -1; and the world rank that serves shard s:
 * where ranks_serve the k-th shard of a node has the k-th of its ranks that run
 * no client. O(ranks of a node). */
int place_server(const struct placement *pl, int rank);
int place_server_rank(const struct placement *pl, int shard);

/* The key of client c and the shard it talks to. Where clients read what others
 * write it is keys_of_nth() of keys_nth. */
void place_key(const struct placement *pl, int client, char key[SRB_KEY_MAX]);
int place_client_shard(const struct placement *pl, int client);

/* The hash tag of shard s where models are run: that of its model and of the
 * tensors of its clients (model.h). And what all keys begin with. */
void place_tag(const struct placement *pl, int shard, char tag[SRB_TAG_MAX]);
const char *place_prefix(const struct placement *pl);

/* The shard that owns a key of client c. */
int place_key_shard(const struct placement *pl, int client, const char *key);

/* Whether two placements give every rank the same role. */
bool place_same_roles(const struct placement *a, const struct placement *b);

/* The name of the session as the seed has it:
 *   throughput-sess-c-N4-T18-DBN4-DBCPU8-ITER100-TB1024
 *   throughput-sess-colo-c-N4-T18-DBCPU8-PINFalse-ITER100-TB1024
 * (c is the language; a loop of a duration says DUR10s in place of ITER100)
 * with -TAGvalue for every other axis of more than one value, and -REPn. */
void place_session(const struct placement *pl, const struct sweep *s,
                   const struct permutation *p, char name[SRB_SESSION_MAX]);

#endif
