/* machine.h - the machine as the placement sees it: ranks on nodes on hosts.
 *
 * Nodes that share a clock (one CLOCK_MONOTONIC: the same kernel and the same
 * time namespace) compare instants without correction; clock_sync.h brings the
 * clocks to one. Nodes of a host may have different clocks, and a clock may
 * serve several hosts.
 *
 * A plain description, the same on every rank, made by discovery (team.h) or
 * out of thin air (--machine, tests). Ranks need not be laid out node by node.
 * All functions are local and pure.
 */
#ifndef SRB_MACHINE_H
#define SRB_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "options/options.h"

#define SRB_NAME_MAX 64       /* a host name as POSIX limits it, with the NUL */
#define SRB_ADDRESS_MAX 46    /* INET6_ADDRSTRLEN */
#define SRB_NETIF_NAME_MAX 16 /* IF_NAMESIZE */
#define SRB_NETWORK_MAX 512

/* What a node may be barred from. */
enum { NODE_CLIENTS = 1, NODE_DATABASES = 2 };

struct node {
    char name[SRB_NAME_MAX];
    char address[SRB_ADDRESS_MAX];  /* where its databases listen; "" unknown */
    char loopback[SRB_ADDRESS_MAX]; /* where, for clients of the same host; ""
                                       none that works */
    char interface[SRB_NETIF_NAME_MAX]; /* that has this address */
    int host;                           /* 0 … nhosts - 1 */
    int clock;                          /* 0 … nclocks - 1 */
    unsigned barred;                    /* NODE_CLIENTS | NODE_DATABASES */
    int db_turn; /* 1 … machine.db_listed: its place in db_hosts; 0: none */
};

/* Which part of a study with databases on nodes of their own this job is. */
enum holds {
    HOLDS_BOTH,      /* clients, and the databases that it starts */
    HOLDS_CLIENTS,   /* the databases are elsewhere */
    HOLDS_DATABASES, /* the clients are (srbench serve) */
};

struct roster;

struct machine {
    int nranks, nnodes, nhosts, nclocks;
    int *rank_node;     /* [nranks] */
    int *node_start;    /* [nnodes + 1] into node_rank */
    int *node_rank;     /* [nranks] world ranks, node by node, ascending */
    int *rank_turn;     /* [nranks] in which order the ranks of a node become
                           clients, from 0: see machine_spread() */
    struct node *nodes; /* [nnodes], in the order of their lowest ranks */
    int db_listed;      /* nodes that db_hosts names, 0: there is no list */
    enum holds holds;
    const struct roster *roster; /* of databases that run already, or NULL; not
                                    owned */
    bool leaves_ranks; /* clients_per_node: auto takes all but one rank of a
                          node, which serves in some permutation */
    bool imaginary;    /* made by machine_uniform() */
    char network[SRB_NETWORK_MAX]; /* which interface was chosen and why, or why
                           none;
                           "" where nobody looked */
};

/* What the hosts of machine_uniform() are called, by their numbers. */
#define MACHINE_NAME "node%04d"

/* nnodes nodes of ranks_per_node consecutive ranks, each its own host with its
 * own clock, cut into virtual_nodes parts. Returns 0, or -1 when that cannot be
 * cut evenly or is too large. */
int machine_uniform(struct machine *m, int nnodes, int ranks_per_node,
                    int virtual_nodes, struct error *err);

/* From what was discovered: rank_node[nranks] numbers the nodes in the order of
 * their lowest ranks; nodes[nnodes] is copied. */
int machine_build(struct machine *m, int nranks, const int *rank_node,
                  int nnodes, const struct node *nodes, struct error *err);

/* In which order the ranks of a node become clients: the steward (the lowest
 * rank) last, the others from the NUMA domains in turn, within each by rank.
 * rank_numa[nranks]: the domain that a rank was started in; -1, all or several.
 * machine_build() takes all of one domain. */
void machine_spread(struct machine *m, const int *rank_numa);

/* Number keys in the order in which they first appear: number[i] of key[i],
 * equal numbers for equal keys, from 0. Takes O(n log n). Returns how many
 * different ones there are; dies when there is no memory for n pairs. */
int machine_number(const uint64_t *key, int n, int *number);

void machine_free(struct machine *m);

/* Whether a numeric address is one of loopback: the same words mean another
 * place on every host. */
static inline bool machine_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

/* How many ranks node n has, and its k-th (ascending, 0 the steward). */
static inline int machine_node_size(const struct machine *m, int n)
{
    return m->node_start[n + 1] - m->node_start[n];
}
static inline int machine_node_rank(const struct machine *m, int n, int k)
{
    return m->node_rank[m->node_start[n] + k];
}

#endif
