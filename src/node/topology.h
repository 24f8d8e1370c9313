/* topology.h - the CPUs of this kernel: how they are built (hwloc knows) and
 * which of them a process may use (the kernel does). All functions are local.
 */
#ifndef SRB_TOPOLOGY_H
#define SRB_TOPOLOGY_H

#include <sys/types.h>

#include "plan/cpus.h"

/* Describe all CPUs of a mask; tree->cpu is to be freed. CPUs that hwloc does
 * not know (all, if it cannot look) count as cores of their own, of which
 * nothing else is known. `synthetic`: an imaginary machine in hwloc's notation
 * ("package:2 core:4 pu:2"), NULL for the real one. */
void topology_load(struct cpu_tree *tree, const struct cpu_mask *cpus,
                   const char *synthetic);

/* The version of hwloc that this was built with: "2.9.0". */
const char *topology_version(void);

/* Ask the kernel for the CPUs of a thread, 0 for the calling one. A process id
 * stands for its first thread. */
int topology_affinity(pid_t pid, struct cpu_mask *m, struct error *err);

/* Confine the calling thread, and those that it will start. The kernel takes
 * away what the thread's control group does not allow; an empty rest fails. */
int topology_set_affinity(const struct cpu_mask *m, struct error *err);

#endif
