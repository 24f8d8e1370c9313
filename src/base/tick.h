/* tick.h - the one clock.
 *
 * CLOCK_MONOTONIC in nanoseconds: never set back, slewed but not stepped by
 * NTP, and one and the same for all processes of a kernel, so that times of
 * ranks on one host compare without correction. A read is a vDSO call of some
 * 20 ns. Deadlines are instants of this clock.
 */
#ifndef SRB_TICK_H
#define SRB_TICK_H

#include <stdint.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Nanoseconds since an arbitrary point in the past (boot). Local. */
static inline int64_t tick_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* Nanoseconds to seconds. */
static inline double tick_seconds(int64_t ns)
{
    return (double)ns * 1e-9;
}

/* CPU time of this thread, s (clock_gettime(2)). */
static inline double tick_cpu_seconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

/* The instant `seconds` from now. Local. */
int64_t tick_deadline(double seconds);

/* Milliseconds until the deadline, rounded up, at least 0: what poll(2) takes.
 */
int tick_left_ms(int64_t deadline);

/* What the clock can tell and what asking it costs, for the result file. */
struct tick_quality {
    int64_t resolution_ns; /* as clock_getres(2) says it; 0 if it does not */
    int64_t step_ns;       /* smallest step seen between two reads, > 0 */
    double read_ns;        /* cost of a read: the median of batches */
};

/* Measure both; takes some 50 us where a read is a vDSO call, and below 2 ms
 * where it is a system call of 1 us. Local. */
void tick_measure(struct tick_quality *q);

/* Sleep for ns nanoseconds, or less when a signal arrives. Local. */
void tick_sleep(int64_t ns);

#ifdef __cplusplus
}
#endif

#endif
