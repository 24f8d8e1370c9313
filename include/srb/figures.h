/* figures.h - what a permutation's timings come to, over all clients.
 *
 * Exact quantiles without bringing the samples together: every client sorts its
 * own, and all bisect for the values of the wanted ranks by counting how many
 * samples lie below. Memory per rank does not grow with the number of ranks.
 */
#ifndef SRB_FIGURES_H
#define SRB_FIGURES_H

#include "srb/samples.h"
#include "srb/team.h"

struct figures {
    double median, p95, p99, p999, max; /* s; NaN: too few samples */
};

struct summary {
    int64_t ops;   /* timed puts and gets of all clients */
    int64_t bytes; /* that they moved, both directions, payload only */
    int64_t verify_errors;
    struct figures put, unpack;
    /* Bandwidths in B/s; NaN where not measured. */
    double window;           /* bytes / (last end - first start) */
    double put_service_rate; /* sum over clients of bytes / own put spans */
    double get_service_rate;
    double sum_of_rank_rates; /* sum over clients of bytes / loop time */
    double between_share;     /* largest share of a loop between its spans */
};

/* Reduce the timed pairs of all clients; tensors have `bytes` bytes. one_clock:
 * the clients' clocks are one (they are on one host), so that a window can be
 * told. All clients get the result. Collective over clients. */
void figures_reduce(const struct team *t, MPI_Comm clients,
                    const struct samples *s, size_t bytes, bool one_clock,
                    struct summary *out);

#endif
