/* pin.h - the CPUs of this rank and of its node's servers, permutation by
 * permutation.
 *
 * What is divided is what the ranks of each node may use together, so a server
 * is not confined to the one core that a launcher gave the rank that starts it.
 */
#ifndef SRB_PIN_H
#define SRB_PIN_H

#include "ranks/discover.h"

/* Refuse the sweep if some node has not the CPUs for one of its permutations.
 * All ranks fail alike. Collective over the world. */
int pin_check(struct team *t, const struct discovery *d, const struct sweep *s,
              struct error *err);

/* What this rank's node gets; to be released by cpus_release(). The sweep must
 * have passed pin_check(). Local. */
struct cpu_division pin_divide(const struct discovery *d,
                               const struct placement *pl,
                               const struct permutation *p);

/* Move this rank to where the permutation wants it: a client to its own CPU if
 * clients are pinned, a rank that is no client off the databases' CPUs if there
 * are others. A client that is not pinned stays where it was launched. Before
 * a client's buffers are touched. Local. */
int pin_rank(const struct discovery *d, const struct placement *pl,
             const struct permutation *p, int rank, struct error *err);

/* How many processes want to run at once on a kernel. */
struct crowd {
    int processes; /* clients and threads of servers */
    int cpus;
};

/* Those on this rank's kernel. threads: of all servers of a node that runs
 * shards, together. Local. */
struct crowd pin_crowd(const struct discovery *d, const struct placement *pl,
                       int threads);

/* Where they outnumber the CPUs. */
struct oversubscribed {
    struct crowd most;       /* on the kernel where they do so most, */
    char node[SRB_NAME_MAX]; /* one of its nodes, */
    int kernels;             /* of so many; 0: on none */
};

/* From the crowd of each kernel. The same on every rank. Collective over the
 * world. */
struct oversubscribed pin_oversubscribed(const struct team *t,
                                         const struct discovery *d,
                                         const struct crowd *mine);

/* Back to the CPUs that this rank was launched on. Local. */
void pin_release(const struct discovery *d);

/* What a client knows beside its timings. */
struct client_attributes {
    char cpus[SRB_CPU_LIST_MAX]; /* by the kernel's own word */
    int64_t numa;                /* domain that these lie in, or -1 */
    char address[SRB_ADDRESS_MAX];
};

/* Where this rank is, by the kernel's own word. Local. */
void pin_read_back(const struct discovery *d, struct client_attributes *c);

#endif
