/* samples.h - the timings of one client, and the arithmetic of summaries.
 *
 * Times are int64_t nanoseconds of tick.h. Everything is allocated before the
 * loop. All functions are local.
 */
#ifndef SRB_SAMPLES_H
#define SRB_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "srb/error.h"

/* What a client measures in one permutation. The warm-up pairs come first in
 * the four arrays: pair k is warm-up for k < warmup. */
struct samples {
    size_t warmup, iterations;
    int64_t *put_start, *put_end;       /* [warmup + iterations] instants */
    int64_t *unpack_start, *unpack_end; /* [warmup + iterations] instants */
    int64_t loop_start, loop_end;       /* around the timed pairs */
    int64_t main_start, main_end;       /* connect … disconnect */
    int64_t connect_ns;
    int64_t verify_errors; /* tensors that came back wrong */
};

int samples_open(struct samples *s, size_t warmup, size_t iterations,
                 struct error *err);
void samples_free(struct samples *s);

/* Time of loop `s` that is in none of its spans, ns. */
int64_t samples_between(const struct samples *s);

/* A percentile needs this many samples beyond it, else it is NaN. */
#define SRB_BEYOND 10

/* The rank (0 … n - 1, ascending order) of the sample that is the q-quantile
 * of n: the nearest-rank definition, ceil(q n) - 1 (Hyndman & Fan 1996, their
 * definition 1). The median of an even n lies between two ranks: lower is
 * returned, and *upper (may be NULL) is the other. Returns -1 when n is 0 or,
 * for q > 0.5, when fewer than SRB_BEYOND samples lie beyond. */
int64_t samples_quantile_rank(int64_t n, double q, int64_t *upper);

/* Sort nanoseconds ascending. */
void samples_sort(int64_t *ns, size_t n);

/* How many of the n ascending values are below x. */
size_t samples_below(const int64_t *sorted, size_t n, int64_t x);

#endif
