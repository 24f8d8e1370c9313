/* repeats.h - what the repetitions of a permutation say together.
 *
 * Times and bandwidths are positive and their noise is a matter of factors, so
 * their logarithms are averaged: the centre is a geometric mean, the interval
 * Student's t over repetitions. World rank 0 alone; all functions are local.
 */
#ifndef SRB_REPEATS_H
#define SRB_REPEATS_H

#include <stdbool.h>
#include <stddef.h>

#include "figures/figures.h"

struct across {
    double centre, low, high; /* NaN: too few repetitions; the bounds need two,
                                 the centre one */
    double error; /* standard error of the centre's logarithm; as the bounds */
};

/* Positive values, one after the other: their logarithms' mean and sum of
 * squared deviations. All zero is none. */
struct running {
    int64_t n;
    double mean, squares;
};
void running_add(struct running *x, double value);
struct across running_across(const struct running *x);

/* Over the completed repetitions so far. */
struct repeated {
    int64_t n;
    struct across of[HEADLINES];
};

struct repeats;

/* For so many groups (permutations without their repetition). */
struct repeats *repeats_open(size_t groups);
void repeats_close(struct repeats *r);

/* Add a completed repetition of a group. */
void repeats_add(struct repeats *r, size_t group, const struct summary *s);

struct repeated repeats_get(const struct repeats *r, size_t group);

/* Whether SRB_LEAST_REPETITIONS are there and the intervals of both medians lie
 * within +- share of their centres. */
bool repeats_enough(const struct repeats *r, size_t group, double share);

#endif
