/* procstat.h - what another process of this kernel did meanwhile, by /proc.
 *
 * All functions are local and never fail: what cannot be read is NaN or -1.
 */
#ifndef SRB_PROCSTAT_H
#define SRB_PROCSTAT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* So many threads are told apart, in the order of /proc. */
#define SRB_THREADS_MAX 128

/* What one look at a thread finds. Times are s since it began. */
struct thread_look {
    pid_t tid;
    double on_cpu, waiting; /* for a CPU: runnable, and not running */
    double system_time;     /* in ticks of 10 ms, as the kernel prints it */
    int64_t minor_faults;
};

/* The first look at a process. */
struct procwatch {
    int64_t when; /* tick_now() */
    double cpu_time, user_time, system_time;
    int64_t voluntary_switches, involuntary_switches;
    int64_t minor_faults, major_faults;
    int nthreads;
    struct thread_look thread[SRB_THREADS_MAX];
};

/* A process between two looks, all its threads. */
struct procstat {
    double interval;               /* s between the looks */
    double cpu_time;               /* s, user and system, to the ns */
    double user_time, system_time; /* s, in ticks of 10 ms */
    int64_t voluntary_switches, involuntary_switches;
    int64_t minor_faults, major_faults;
    int64_t peak_memory; /* B resident at most */
    /* of the busiest thread, the one that waited for a CPU or had one longest;
     * as shares of the interval */
    double busy;     /* had a CPU or waited for one: near 1 it is saturated,
                        whatever CPUs it was given */
    double busy_cpu; /* had one */
    double busy_system;
    int64_t busy_faults; /* its minor faults */
    int64_t scheduled;   /* 1: by /proc/PID/task/TID/schedstat; 0: by ticks of
                            CPU time, without the waiting; -1: not known */
    bool huge_pages;     /* it had faults, and its memory has some: a fault
                            brings in what an ordinary one does not */
};

/* Nothing is known. */
extern const struct procstat procstat_unknown;

/* The first look: what the counters are, and the peak starts anew. */
void procstat_begin(pid_t pid, struct procwatch *first);

/* The second look: what came to the first. A thread that ended in between takes
 * its switches with it. */
struct procstat procstat_end(pid_t pid, const struct procwatch *first);

/* What it has resident at most counts from here on, in its ru_maxrss too. */
void procstat_reset_peak(pid_t pid);

/* B resident now; -1. */
int64_t procstat_resident(pid_t pid);

/* The share of the interval that the busiest thread spent bringing in pages,
 * where a first touch costs so many s; no more than its system time, and NaN
 * with huge pages. */
double procstat_fault_share(const struct procstat *w, double page_fault);

#endif
