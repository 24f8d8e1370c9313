/* compute.h - what a solver does between its exchanges.
 *
 * A step computes by an amount of work, not by the clock: who computes until an
 * instant does not see that somebody takes its CPU (beside a competitor a spin
 * of 23 ms by the clock took 32 ms, the same work by amount 114 became 186),
 * and what a database beside it takes of its CPU is half of the question. How
 * much work makes so many seconds is found on the client's own CPU before the
 * loop, in CPU time, so that others there do not count: the best of five.
 *
 *   spin    multiplications and additions in registers
 *   sleep   nothing, until an absolute instant: a solver on another device
 *   stream  the same arithmetic over a buffer of 32 MiB, which is read and
 *           written: a solver that needs the memory's bandwidth
 *
 * All functions are local.
 */
#ifndef SRB_COMPUTE_H
#define SRB_COMPUTE_H

#include <stdint.h>

#include "base/error.h"
#include "options/options.h"
#include "plan/footprint.h"

#define COMPUTE_BUFFER_BYTES FOOTPRINT_STREAM_BYTES

struct compute {
    enum compute_kind kind;
    double seconds; /* of a step, as asked for; 0: there is nothing to do */
    double unit;    /* s of CPU time that a unit of work takes; sleep: 0 */
    int64_t units;  /* of a step */
    double *buffer; /* of stream */
    size_t at;      /* where in it the next unit begins */
    double sum;     /* what comes of it, so that no compiler leaves it out */
};

/* Allocate what it needs and touch it (on the CPU of the caller). Of zeros it
 * may be closed. */
int compute_open(struct compute *c, enum compute_kind kind, double seconds,
                 struct error *err);
void compute_close(struct compute *c);

/* Find how much work a step is. Takes some 50 ms of CPU time; sleep nothing. */
void compute_calibrate(struct compute *c);

/* Of seconds of computing with so much CPU time, the share in which others had
 * the CPU; NaN of sleep, which needs none. */
double compute_waited(const struct compute *c, double seconds,
                      double cpu_seconds);

/* A step that began at an instant, in pieces: does the next piece of it, some
 * 50 ms at most, and returns how much is left, 0 at last; begin with *left =
 * compute_step(). Between two pieces others are heard. */
int64_t compute_step(const struct compute *c);
int64_t compute_piece(struct compute *c, int64_t left, int64_t begun);

#endif
