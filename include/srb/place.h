/* place.h - the only decider of roles, ports and client -> shard.
 *
 * A pure function of machine and permutation, the same on every rank, so an
 * impossible permutation is unanimous without a message. Client nodes are taken
 * from the front of the allocation, database nodes (standard) from its end, so
 * that databases stay where they are through the sweep. Cost: O(nodes).
 */
#ifndef SRB_PLACE_H
#define SRB_PLACE_H

#include "srb/keys.h"
#include "srb/machine.h"
#include "srb/sweep.h"

struct placement {
    const struct machine *machine;
    enum experiment experiment;
    enum keys_scheme keys;
    int client_nodes;    /* nodes 0 … client_nodes - 1 run clients */
    int first_db_node;   /* nodes that run shards: first_db_node … */
    int db_nodes;        /* … + db_nodes - 1; the client nodes if colocated */
    int shards_per_node; /* 1 if colocated */
    int nclients, nshards;
    int clients_per_node; /* of client node 0; the most of any node */
    bool cluster;         /* shards form one Redis Cluster, else they are
                             independent; clients find theirs alike */
    bool loopback;        /* shards listen on 127.0.0.1, not on node.address */
    int *client_start;    /* [client_nodes + 1] first client of each node */
    int *shard_port;      /* [nshards] */
};

/* Returns 0 with *pl to be released by place_free() (it keeps a pointer to m),
 * or -1 with the reason why this permutation cannot be placed. */
int place_solve(const struct machine *m, const struct permutation *p,
                struct placement *pl, struct error *err);

void place_free(struct placement *pl);

/* The client that rank plays, 0 … nclients - 1, or -1. Clients are numbered
 * node by node, on each node by rank; where not all ranks of a node are
 * clients, its steward is none. */
int place_client(const struct placement *pl, int rank);

/* The world rank of client c. */
int place_client_rank(const struct placement *pl, int client);

/* The node (index in the machine) of client c, of shard s. */
int place_client_node(const struct placement *pl, int client);
int place_shard_node(const struct placement *pl, int shard);

/* The address shard s listens on, the same for everybody; its port is
 * pl->shard_port[s]. Loopback where net_ifname leaves the choice and clients
 * and shards share a host: colocated, or a job on one host. */
const char *place_shard_address(const struct placement *pl, int shard);

/* The first shard of a node; -1 when it runs none. A node with shards has
 * shards_per_node of them, numbered consecutively. */
int place_node_shard(const struct placement *pl, int node);

/* Whether rank is the steward (lowest rank) of a node that runs shards. */
bool place_steward(const struct placement *pl, int rank);

/* The steward's world rank of shard s. */
int place_shard_steward(const struct placement *pl, int shard);

/* The key of client c and the shard it talks to. */
void place_key(const struct placement *pl, int client, char key[SRB_KEY_MAX]);
int place_client_shard(const struct placement *pl, int client);

/* Whether two placements give every rank the same role. */
bool place_same_roles(const struct placement *a, const struct placement *b);

/* The name of the session as the seed has it:
 *   throughput-sess-c-N4-T18-DBN4-DBCPU8-ITER100-TB1024
 *   throughput-sess-colo-c-N4-T18-DBCPU8-PINFalse-ITER100-TB1024
 * (a loop of a duration says DUR10s in place of ITER100)
 * with -TAGvalue for every other axis of more than one value, and -REPn. */
void place_session(const struct placement *pl, const struct sweep *s,
                   const struct permutation *p, char name[SRB_SESSION_MAX]);

#endif
