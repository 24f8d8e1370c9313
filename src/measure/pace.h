/* pace.h - when the steps of a client are due, and waiting for that.
 *
 * An open loop: steps are due by a schedule that nothing shifts, neither a slow
 * server nor a late client. A tool that sends when the answer before has come
 * never asks a server that stands still, and what it would have waited for is
 * in none of its times ("coordinated omission", G. Tene, "How NOT to Measure
 * Latency", 2013; B. Schroeder, A. Wierman, M. Harchol-Balter, "Open Versus
 * Closed: A Cautionary Tale", NSDI 2006). Here a step that begins late is
 * late: its response counts from when it was due.
 *
 *   uniform  step k of client c of n is due at (k + c / n) / rate: clients do
 *            not knock together
 *   poisson  gaps are exponential with mean 1 / rate, of a stream of the
 *            client's own: what many independent sources make together
 *
 * The schedule is arithmetic alone (pace_open, pace_next), so that a test runs
 * it on a clock of its own. All functions are local.
 */
#ifndef SRB_PACE_H
#define SRB_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* Within this time before an instant a client spins: a sleep is left some 50 us
 * after its time, a spin at once. */
#define PACE_SPIN_NS INT64_C(200000)

struct pace_rules {
    double rate;  /* steps a second, > 0 */
    bool poisson; /* else uniform */
    int client, clients;
    uint64_t seed; /* of poisson, the same for all clients */
};

struct pace {
    double rate;
    bool poisson;
    double shift;   /* steps; of uniform */
    uint64_t state; /* of poisson */
    double at;      /* s after the origin, of the last one of poisson */
    int64_t k;      /* of the next step */
    int64_t origin; /* an instant */
};

void pace_open(struct pace *p, const struct pace_rules *rules, int64_t origin);

/* Go on from another origin, with step 0; poisson draws on. */
void pace_restart(struct pace *p, int64_t origin);

/* The instant at which the next step is due, never before the one before. */
int64_t pace_next(struct pace *p);

/* How long a client spins before an instant. Where there are more processes
 * than CPUs whoever spins keeps another from running: then a tenth of the
 * period at most (with 4 clients and a server on 2 CPUs, 100 steps a second,
 * spinning throughout made the median 9 to 13 ms late, this 0 us). */
int64_t pace_spin_ns(double rate, bool oversubscribed);

/* Sleep until spin_ns before an instant, spin the rest. Returns the time at
 * which it is left; that may be before `instant` when a signal came. */
int64_t pace_await(int64_t instant, int64_t spin_ns);

/* Have the kernel wake this thread when it said, not up to 50 us later (timer
 * slack, prctl(2)); and as it was before. Returns what it was, for the latter.
 */
unsigned long pace_exact_timers(void);
void pace_restore_timers(unsigned long slack);

#endif
