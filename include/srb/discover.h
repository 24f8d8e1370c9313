/* discover.h - what machine the job runs on.
 *
 * Every rank learns the shape (ranks, nodes, hosts, addresses: struct machine);
 * world rank 0 alone also the facts of every node, for the result file.
 */
#ifndef SRB_DISCOVER_H
#define SRB_DISCOVER_H

#include "srb/team.h"

#define SRB_FACT_MAX 128
#define SRB_CPUS_BYTES 512 /* a CPU mask: room for 4096 CPUs */

/* One node, as its steward sees it. */
struct node_facts {
    char name[SRB_NAME_MAX];
    char cpu_model[SRB_FACT_MAX];
    char kernel[SRB_FACT_MAX];
    char interface[16];
    char address[SRB_ADDRESS_MAX];
    int64_t cpus;      /* that the node's ranks may use together */
    int64_t memory;    /* bytes, MemTotal */
    int64_t somaxconn; /* longest queue of connections a socket can have */
    int64_t nofile;    /* hard limit of open files a process */
};

struct discovery {
    struct node_facts *facts; /* [nnodes] on world rank 0, else NULL */
    struct node_facts mine;   /* this rank's node */
    unsigned char cpus[SRB_CPUS_BYTES]; /* CPUs that this node's ranks may use,
                                           bit k of byte k / 8 */
};

/* Fill t->machine and *d. net_ifname: the interface the databases listen on, or
 * NULL to choose: the first one that is up, not loopback, and has an address.
 * A named one must be there on every node; else all ranks fail alike, with the
 * interfaces there are. They fail alike, too, when ranks of one node have
 * different clocks. Collective over the world. */
int discover(struct team *t, const char *net_ifname, struct discovery *d,
             struct error *err);

void discover_free(struct discovery *d);

/* The CPUs of a mask as a list: "0-3,8". Returns buf. Local. */
char *discover_cpu_list(const unsigned char cpus[SRB_CPUS_BYTES], char *buf,
                        size_t n);

/* The CPUs this process may use now, as such a list. Local. */
char *discover_my_cpus(char *buf, size_t n);

/* What the job runs under, from its environment: launcher ("slurm", "pbs",
 * "flux", "none"), job id and node list ("" where there is none). Local. */
struct job {
    char launcher[16];
    char id[SRB_FACT_MAX];
    char node_list[4096];
};
void discover_job(struct job *j);

/* This process's rank as its launcher says it, before MPI_Init; 0 where no
 * launcher says. For what is printed without MPI. Local. */
int discover_launch_rank(void);

#endif
