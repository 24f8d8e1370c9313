/* cpus.h - which CPUs the databases get, and which their clients.
 *
 * Decided for a whole kernel at once, since several nodes (virtual ones, or
 * several daemons of a batch system) may share one and must not be given the
 * same CPUs. Databases get whole cores first: one thread of each, and a second
 * one only when a node has no other core left; near each other (one cache, else
 * one NUMA domain, else one package, where that has room for all of them); and
 * from the end of what is allowed, since CPU 0 is where kernels put their
 * interrupts. A pure function of its arguments, so all ranks of a kernel come
 * to the same division without a message. All functions are local.
 */
#ifndef SRB_CPUS_H
#define SRB_CPUS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define SRB_CPUS_MAX 4096
#define SRB_CPUS_WORD (CHAR_BIT * (int)sizeof(unsigned long))
#define SRB_CPU_LIST_MAX 256 /* of the lists that go into the file */

/* A set of CPUs by the kernel's numbers, laid out as sched_setaffinity(2) takes
 * it: CPU c is bit c % W of word c / W, W the bits of an unsigned long. */
struct cpu_mask {
    unsigned long word[SRB_CPUS_MAX / (CHAR_BIT * sizeof(unsigned long))];
};

static inline bool cpus_has(const struct cpu_mask *m, int cpu)
{
    return m->word[cpu / SRB_CPUS_WORD] >> (cpu % SRB_CPUS_WORD) & 1;
}
void cpus_add(struct cpu_mask *m, int cpu);
void cpus_remove(struct cpu_mask *m, int cpu);
int cpus_count(const struct cpu_mask *m);

/* *m becomes what both (what either) has; cpus_and() says if there is any. */
bool cpus_and(struct cpu_mask *m, const struct cpu_mask *other);
void cpus_or(struct cpu_mask *m, const struct cpu_mask *other);

/* As a list in the kernel's way: "0-3,8". Returns buf; too long a list ends in
 * "...". */
char *cpus_list(const struct cpu_mask *m, char *buf, size_t n);

/* One CPU and what it shares: two of them with the same number in `core` are
 * threads of one core, and so on. -1: not known, all of those together. */
struct cpu {
    int number; /* the kernel's, as are those of the NUMA domains */
    int core, cache, numa, package;
};

/* CPUs of a kernel in the order of nearness: threads of a core stand next to
 * each other, as do cores of a cache, and so on. */
struct cpu_tree {
    int n;
    struct cpu *cpu; /* [n] */
};

/* The NUMA domain that holds all CPUs of a mask, -1 when they are in several,
 * in none that is known, or when there are none. */
int cpus_numa(const struct cpu_tree *tree, const struct cpu_mask *m);

/* What one node asks of its kernel. */
struct cpu_demand {
    struct cpu_mask allowed;
    int shards;  /* 0: it runs no database */
    int clients; /* 0: it runs none */
};

/* All nodes of one kernel, in an order that all of them know, and what the
 * permutation asks of each. */
struct cpu_request {
    const struct cpu_tree *tree;
    const struct cpu_demand *node; /* [nnodes] */
    int nnodes;
    int db_cpus;    /* of a node with shards */
    int io_threads; /* of a server; not above db_cpus */
    bool pin;       /* clients get CPUs of their own */
};

/* What one node gets. */
struct cpu_division {
    struct cpu_mask databases; /* of all nodes of the kernel together */
    int shards, clients;
    struct cpu_mask *shard; /* [shards] */
    int *client;          /* [clients] the one CPU of each; NULL: no pinning */
    struct cpu_mask idle; /* for ranks that run nothing: off the databases'
                             cores and the clients' CPUs, or at least off the
                             databases' CPUs; empty where none are left */
};

/* What node `me` of the request gets; to be released by cpus_release().
 *
 * Shards of a node divide its db_cpus as evenly as can be, and share all of
 * them where one would get none, or fewer than its server has threads. Nodes
 * get disjoint CPUs while there are enough, then those that the fewest
 * databases use. Pinned clients: each one CPU that no database of the kernel
 * uses, those that the fewest clients use first; of these rather one that is no
 * thread of a database's core, then one of an unused core, then one in the NUMA
 * domain with the fewest clients.
 *
 * Returns -1, nothing to release, when the node may use fewer than db_cpus
 * CPUs, or has clients to pin and no CPU for them; the words name no node. */
int cpus_divide(const struct cpu_request *r, int me, struct cpu_division *out,
                struct error *err);

void cpus_release(struct cpu_division *d);

#endif
