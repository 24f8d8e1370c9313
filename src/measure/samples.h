/* samples.h - the timings of one client, and the arithmetic of summaries.
 *
 * Times are int64_t nanoseconds of tick.h. Everything is allocated before the
 * loop. All functions are local.
 */
#ifndef SRB_SAMPLES_H
#define SRB_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The timings of one operation, put_tensor or unpack_tensor. Of a loop that
 * lasts a given time, more operations come than there is room for: then every
 * stride-th is kept, stride being a power of two that doubles whenever the room
 * is full. So what is kept is spread evenly over the loop, in bounded memory;
 * count, sum and longest are of all. */
struct series {
    size_t warmup;    /* untimed ones, which come first in the arrays */
    size_t room;      /* for timed ones behind them */
    size_t kept;      /* of the timed ones */
    int64_t stride;   /* timed one k is kept where k is a multiple of this */
    int64_t count;    /* of timed ones */
    int64_t sum;      /* ns, of the timed ones */
    int64_t longest;  /* ns, of the timed ones; 0: none */
    int64_t last_end; /* instant */
    int64_t *start;   /* [warmup + room] instants */
    int64_t *ns;      /* [warmup + room] durations */
};

/* The steps of a loop that computes or has a schedule (steps.h): begun, and how
 * long until the end of the last operation. Its timings are thinned as those of
 * the operations are, so that entry k of both is of the same step. */
struct step_series {
    struct series span; /* without warm-up */
    bool paced;         /* what follows is there */
    int64_t *due;       /* [room] instants at which they were due */
    int64_t *ready;     /* [room] and at which the client could have begun: the
                           end of the step before, or due */
    int64_t first_due, last_due, first_begun, last_begun; /* of all steps */
    int64_t longest_put, longest_unpack, longest_step;    /* ns, responses */
    double seconds; /* the schedule's; 0: as many steps as iterations say */
    int64_t ends;   /* instant of its end */
    int64_t unsent; /* steps that were due before and not begun by then */
    int64_t *left;  /* [nleft] when some of them were due: every left_stride-th
                       of all steps, begun ones among them */
    size_t nleft;
    int64_t left_stride; /* 0: none was left */
};

/* What a client measures in one permutation. */
struct samples {
    struct series put, unpack;
    struct series retire;  /* without warm-up; of no room where nothing is
                              removed */
    struct series control; /* of the tensors after steps, likewise: puts, or
                              gets */
    struct series poll_list, get_list; /* of a reader of lists; likewise */
    int nruns;            /* what a server runs between a put and a get: */
    struct series run[2]; /* each of them */
    struct step_series step[2];   /* of the loop; of phases that of the puts and
                                     that of the gets */
    int64_t computed, paced;      /* ns of the loop: computing, waiting for due
                                     times */
    int64_t loop_start, loop_end; /* instants around the timed operations */
    int64_t waited;               /* ns of the loop spent on other clients */
    int64_t main_start, main_end; /* connect … disconnect */
    int64_t loop_gain, main_gain; /* ns by which these instants lie further
                                     apart than on the client's own clock */
    int64_t connect_ns;
    int64_t verify_errors; /* tensors that came back wrong */
};

int samples_open(struct samples *s, size_t warmup, size_t room,
                 struct error *err);

/* Have room for runs too, as for puts. */
int samples_open_runs(struct samples *s, int n, size_t warmup, size_t room,
                      struct error *err);

/* Have room for removals too; and for the tensors after steps. */
int samples_open_control(struct samples *s, size_t room, struct error *err);
int samples_open_retire(struct samples *s, size_t room, struct error *err);

/* Have room for lists too. */
int samples_open_lists(struct samples *s, size_t room, struct error *err);

void samples_free(struct samples *s);

/* Have room for the steps too, of so many phases, when that is asked for. */
int samples_open_steps(struct samples *s, int phases, bool paced,
                       struct error *err);

/* Note the next step. */
void samples_step(struct step_series *x, int64_t begun, int64_t end,
                  int64_t due, int64_t ready);

/* Drop every second timing that is kept. */
void samples_thin(struct series *s);

/* Note untimed operation k, k < warmup. */
static inline void series_warm(struct series *s, size_t k, int64_t start,
                               int64_t end)
{
    s->start[k] = start;
    s->ns[k] = end - start;
}

/* Note the next timed operation. */
static inline void series_add(struct series *s, int64_t start, int64_t end)
{
    int64_t k = s->count++, ns = end - start;

    s->sum += ns;
    s->longest = ns > s->longest ? ns : s->longest;
    s->last_end = end;
    if (k & (s->stride - 1))
        return;
    if (s->kept == s->room) {
        samples_thin(s);
        if (k & (s->stride - 1))
            return;
    }
    s->start[s->warmup + s->kept] = start;
    s->ns[s->warmup + s->kept] = ns;
    s->kept++;
}

/* How many of the timed operations lie in [from, to): those cut by a bound
 * count with their share. By the kept ones, between two of which operations are
 * taken as evenly spread. */
double samples_within(const struct series *s, int64_t from, int64_t to);

/* Put all instants, those of warm-up too, onto another clock; durations stay
 * as they were measured, those of loop and main too. */
void samples_translate(struct samples *s,
                       int64_t (*translate)(const void *clock, int64_t instant),
                       const void *clock);

/* Duration of the loop, and from connecting to disconnecting, ns of the
 * client's own clock, on which its operations were timed too. */
int64_t samples_loop(const struct samples *s);
int64_t samples_main(const struct samples *s);

/* Time of the loop that is in none of its operations, nor waited, computed or
 * paced, ns. */
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

/* Student's t: the quantile 0.975 for `df` degrees of freedom, so that a mean
 * +- t * its standard error is a 95 % interval; NaN for df < 1. To three
 * decimals. */
double samples_t(int64_t df);

#endif
