/* procstat.h - what another process of this kernel did meanwhile, by /proc.
 *
 * All functions are local and never fail: what cannot be read is NaN or -1.
 */
#ifndef SRB_PROCSTAT_H
#define SRB_PROCSTAT_H

#include <stdint.h>
#include <sys/types.h>

/* A process between two looks, all its threads. */
struct procstat {
    double cpu_time; /* s, user and system */
    int64_t voluntary_switches, involuntary_switches;
    int64_t peak_memory; /* B resident at most */
};

/* The first look: what the counters are, and the peak starts anew. */
struct procstat procstat_begin(pid_t pid);

/* The second look: what came to the first. A thread that ended in between takes
 * its switches with it. */
struct procstat procstat_end(pid_t pid, const struct procstat *first);

#endif
