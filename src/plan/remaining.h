/* remaining.h - how long a study will still take, by what it took so far.
 *
 * A permutation takes the time of its loop, which grows with the bytes through
 * its busiest server, and some around it, which does not:
 *
 *     time = around + each + by_byte * bytes
 *
 * The first is a mean; the others are fitted to the loops that ran, by relative
 * errors. As the first ones are often small and tell little of what a byte
 * costs, the fit begins with a belief: that a server moves 3 GB/s. It is held
 * by a penalty that grows slowly (Cauchy's), so that what is measured overrules
 * it when that is clear; and however many ran, they count for a few, since
 * neighbours are slow together. What steps take anyhow comes on top, by the
 * least that any took of it: on CPUs that are shared computing takes twice its
 * time.
 * The databases of a set-up cost a start; those of a cluster take 2 s (Redis's
 * own wait before a starting master reports a good state) until one was seen.
 * Pure arithmetic, in constant time and memory whatever the number of
 * permutations. All functions are local.
 */
#ifndef SRB_REMAINING_H
#define SRB_REMAINING_H

#include <stdbool.h>
#include <stddef.h>

#include "plan/place.h"

/* What a permutation, or several together, have to do. All zero is nothing. */
struct work {
    double permutations;
    double bytes;     /* through the busiest server, both directions */
    double starts[2]; /* of databases: [0] standalone ones, [1] clusters */
    double known;     /* s that its steps take anyhow (step_time.h) */
};

/* Of one permutation; starts: its databases are to be started for it. */
struct work remaining_work(const struct permutation *p,
                           const struct placement *pl, bool starts);

void remaining_add(struct work *w, const struct work *more);

struct remaining {
    struct work left;     /* to be done; set by the owner at first */
    double ran, spared;   /* permutations */
    double loops, around; /* s of those that ran */
    double bytes;         /* of those that ran */
    double stretch;       /* of what steps take; 0: none ran */
    struct {              /* sums over these, of what the fit needs */
        double w, wb, wbb, wy, wby, wyy;
    } sum;
    double start_seconds[2], started[2];
};

/* What a permutation took, s. */
struct took {
    double start;  /* its databases to start; 0: they ran */
    double loop;   /* of its clients; NaN: not known */
    double around; /* all else; with an unknown loop that too */
};

/* A permutation has ended that ran; and one that did not. */
void remaining_ran(struct remaining *r, const struct work *w,
                   const struct took *took);
void remaining_dropped(struct remaining *r, const struct work *w, bool spared);

/* Seconds; NaN: nothing has run that would tell. */
double remaining_seconds(const struct remaining *r);

#endif
