/* watch.h - what another process of this kernel did meanwhile, by /proc.
 *
 * All functions are local and never fail: what cannot be read is NaN or -1.
 */
#ifndef SRB_WATCH_H
#define SRB_WATCH_H

#include <stdint.h>
#include <sys/types.h>

/* A process between two looks, all its threads. */
struct watched {
    double cpu_time; /* s, user and system */
    int64_t voluntary_switches, involuntary_switches;
    int64_t peak_memory; /* B resident at most */
};

/* The first look: what the counters are, and the peak starts anew. */
struct watched watch_begin(pid_t pid);

/* The second look: what came to the first. A thread that ended in between takes
 * its switches with it. */
struct watched watch_end(pid_t pid, const struct watched *first);

#endif
