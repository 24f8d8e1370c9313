/* discover.h - what machine the job runs on.
 *
 * Every rank learns the shape (ranks, nodes, hosts, addresses: struct machine);
 * world rank 0 alone also the attributes of every node, for the result file.
 */
#ifndef SRB_DISCOVER_H
#define SRB_DISCOVER_H

#include "node/memory_cost.h"
#include "node/netif.h"
#include "node/node_info.h"
#include "plan/cpus.h"
#include "ranks/team.h"

#define SRB_FACT_MAX 128
#define SRB_INTERFACES_MAX 512

/* One node, as its steward sees it. */
struct node_attributes {
    char name[SRB_NAME_MAX];
    char cpu_model[SRB_FACT_MAX];
    char kernel[SRB_FACT_MAX];
    char interface[SRB_NETIF_NAME_MAX]; /* the chosen one, "" for none */
    char address[SRB_ADDRESS_MAX];
    char loopback[SRB_ADDRESS_MAX];      /* "" where it does not work */
    char interfaces[SRB_INTERFACES_MAX]; /* all: "eth0 10.0.0.1 fd00::1, …" */
    char driver[SRB_DRIVER_MAX];         /* of the chosen interface */
    int64_t speed;                       /* of its link, B/s; -1 unknown */
    int64_t device_numa; /* NUMA node of its device; -1 unknown */
    int64_t cpus;        /* that the node's ranks may use together */
    int64_t host_cpus;   /* that the ranks of all nodes of its kernel may use */
    int64_t memory;      /* bytes, MemTotal */
    int64_t somaxconn;   /* longest queue of connections a socket can have */
    int64_t nofile;      /* hard limit of open files a process */
    bool cpus_by_group;  /* `cpus` are those of the job's control group, more
                            than the ranks' masks together: see node_info_widen()
                          */
    struct node_info more;          /* on stewards alone */
    struct memory_cost memory_cost; /* NaN before discover_memory() */
};

/* The nodes that share this rank's kernel, this one among them, by their
 * indices in the machine, ascending, with the CPUs that the ranks of each may
 * use together; and how all those CPUs are built. The same on all their ranks.
 */
struct kernel {
    int nnodes, self;      /* node[self] is this rank's */
    int *node;             /* [nnodes] */
    struct cpu_mask *cpus; /* [nnodes] */
    struct cpu_tree tree;
};

struct discovery {
    struct node_attributes
        *attributes;             /* [nnodes] on world rank 0, else NULL */
    struct node_attributes mine; /* this rank's node */
    struct kernel kernel;
    struct cpu_mask launched; /* CPUs this rank was started on */
};

/* Fill t->machine and *d. net_ifname: the interface the databases listen on, or
 * NULL to choose as netif_choose() does. A named one must be there on every
 * node; else all ranks fail alike, with the nodes where it is missing. They
 * fail alike, too, when ranks of one node have different clocks, or are on
 * different nodes by the batch system's word. Collective over the world. */
int discover(struct team *t, const char *net_ifname, struct discovery *d,
             struct error *err);

/* Measure what memory costs, on one rank of each kernel, while all others wait
 * quietly: into `mine` everywhere, and on rank 0 into all attributes.
 * Collective over the world. */
void discover_memory(const struct team *t, struct discovery *d);

void discover_free(struct discovery *d);

/* This process's rank as its launcher says it, before MPI_Init; 0 where no
 * launcher says. For what is printed without MPI. Local. */
int discover_launch_rank(void);

/* Whether a launcher says so. Local. */
bool discover_launched(void);

/* Whether it says besides that this is one rank of several, and where MPI_Init
 * will meet the others (Hydra, Slurm's PMI-1 and PMI-2). */
bool discover_launched_together(void);

/* The socket on which Hydra (MPICH's launcher and its relatives') hears this
 * rank by the first version of its protocol, PMI; -1: another launcher has
 * started it. Local. */
int discover_hydra(void);

#endif
