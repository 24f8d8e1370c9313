/* clock_sync.h - one clock for all clients.
 *
 * Ranks of one kernel and time namespace read the same CLOCK_MONOTONIC
 * (machine.h numbers the different ones). Others start anywhere (boot) and
 * drift apart, so the lowest client of each clock, its head, measures how far
 * away the clock of client 0 is, before and after a permutation; that clock is
 * the common one. What lies in between is interpolated linearly. All instants
 * and spans are int64 nanoseconds.
 *
 * One measurement is a ping and a pong that carries the partner's reading,
 * taken to be that of the middle of the round trip; it is wrong by half of the
 * round trip at most, so the fastest of many exchanges counts (F. Cristian,
 * "Probabilistic clock synchronization", Distributed Computing 3, 1989, pp.
 * 146-158). Heads measure in pairs along a binomial tree, in ceil(log2 P)
 * rounds (T. Hoefler, T. Schneider, A. Lumsdaine, "Accurately Measuring
 * Collective Operations at Massive Scale", PMEO workshop, IPDPS 2008), and
 * ranks that share a clock take part as one (S. Hunold, A. Carpen-Amarie,
 * "Hierarchical Clock Synchronization in MPI", IEEE CLUSTER 2018). Unlike
 * theirs, our drift is not extrapolated from a model: two measurements enclose
 * the loop. Errors are bounds, and add up along the tree.
 */
#ifndef SRB_CLOCK_SYNC_H
#define SRB_CLOCK_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "ranks/team.h"

/* What is read. Passing NULL for it is tick_now() with steps of 1 ns. */
struct clock_params {
    int64_t (*now)(void);
    int64_t step_ns; /* smallest step of it, which adds to the error (tick.h) */
};

/* One synchronisation as this rank has it. */
struct clock_point {
    int64_t at;     /* when, on the rank's own clock */
    int64_t offset; /* common time - own time, then */
    int64_t error;  /* what the offset is wrong by at most; 0: exact */
};

/* The way from own to common time: a straight line between two points,
 * constant before and after them. With one synchronisation only, after is a
 * copy of before. What is to be converted must lie between them: all clients
 * have come back from the first synchronisation before it and have agreed on
 * its end before they enter the second one. */
struct clock_line {
    struct clock_point before, after;
};

/* Bring the clocks together once. Where all clients read the same one, this
 * sends nothing, and the offset is exactly 0. Else the heads spin and the other
 * clients wait quietly; two clocks take some 100 round trips, each doubling
 * of their number as much again, and never more than about 5 ms. Collective
 * over c->clients. */
void clock_sync(const struct team *t, const struct cast *c,
                const struct clock_params *p, struct clock_point *point);

/* Own time to common time, and back (to 1 ns). Local. */
int64_t clock_common(const struct clock_line *line, int64_t own);
int64_t clock_own(const struct clock_line *line, int64_t common);

/* What common times between the two points are wrong by at most, as long as the
 * clocks' rates stayed the same in between: the larger of both errors. Local.
 */
int64_t clock_error(const struct clock_line *line);

/* By how much common time runs faster than own time, from the two points: 1e-6
 * is 1 ppm; 0 where they are one. Local. */
double clock_drift(const struct clock_line *line);

/* Agree on an instant of the common clock at which all clients start, the same
 * number everywhere. It is ahead of everybody's present by more than the
 * agreement took, 100 us at least, and so in the future of whoever is not held
 * up for longer. Collective over clients, never sleeps. */
int64_t clock_agree_start(const struct team *t, MPI_Comm clients,
                          const struct clock_params *p,
                          const struct clock_line *line);

/* Wait for an instant of the common clock: sleep until shortly before it, then
 * spin. oversubscribed: ranks outnumber cores, so let others run meanwhile.
 * Returns the own time at which it is left; at once when the instant is over.
 * Local. */
int64_t clock_await(const struct clock_params *p, const struct clock_line *line,
                    int64_t instant, bool oversubscribed);

#endif
