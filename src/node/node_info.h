/* node_info.h - what bears on the figures and affinity masks do not show:
 * threads of a core, frequency governor, huge pages, the limits of control
 * groups.
 *
 * Read from /proc and /sys below a root folder ("" for the real ones; tests
 * give trees of their own). What cannot be read is unknown, never an error. All
 * functions are local.
 */
#ifndef SRB_NODE_INFO_H
#define SRB_NODE_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/cpus.h"

struct node_info {
    int64_t smt;          /* 1: cores run several threads, 0: one; -1 unknown */
    int64_t numa_domains; /* -1 unknown */
    char governor[128];   /* of the CPUs' frequency, "performance"; all that
                             there are, "performance, powersave"; "" none */
    char huge_pages[16];  /* transparent ones: always, madvise, never; "" */
    double cpu_quota;     /* CPUs' worth of time that the control groups of this
                             process leave it; NaN: no limit */
    int64_t memory_limit; /* B, of its control groups; -1: none */
};

/* Control groups are looked at from the process's own up to the topmost one
 * that is visible: the smallest limit is what holds (cgroups(7), and the
 * kernel's "Control Group v2"). */
void node_info_read(const char *root, struct node_info *f);

/* What memory this process and those it starts can still have, B; INT64_MAX
 * where nothing says. *grouped: by its control groups, which leave less than
 * the kernel has. Pages of files that a group caches do not count as taken:
 * they are given back first. */
int64_t node_info_memory_left(const char *root, bool *grouped);

/* How many processes and threads its control groups still allow; INT64_MAX
 * where nothing says. */
int64_t node_info_tasks_left(const char *root);

/* The CPUs that the process's control group lets it use; -1 where there is none
 * for CPUs, or it cannot be read. */
int node_info_cgroup_cpus(const char *root, struct cpu_mask *m);

/* What a launcher told a rank of its binding (srun(1), "OUTPUT ENVIRONMENT
 * VARIABLES"); NULL where it said nothing. */
struct binding {
    const char *job_id;    /* SLURM_JOB_ID */
    const char *bind_type; /* SLURM_CPU_BIND_TYPE */
    const char *bind_list; /* SLURM_CPU_BIND_LIST */
    const char *local_id;  /* SLURM_LOCALID */
};
void node_info_binding(struct binding *b);

/* Which CPUs the job may use on this node, as far as this rank can tell: *m,
 * which holds the mask it was started with, grows to those of its control group
 * where that mask is the launcher's doing, so that a rank bound to one core
 * does not confine the databases of a node that is all the job's. That is so
 * when
 *   - the control group is the job's own: its path names the job
 *     ("job_4711", as Slurm's cgroup plugins have it), and
 *   - the launcher says that it has bound this rank, and the mask is the one it
 *     gave it, if it names one.
 * Everywhere else the mask stays: whoever restricts srbench with taskset(1) or
 * numactl(8) means it. Returns whether it grew. */
bool node_info_widen(const char *root, const struct binding *b,
                     struct cpu_mask *m);

#endif
