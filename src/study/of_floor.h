/* floors.h - what the built-in server reached where a real one was measured.
 *
 * World rank 0 alone; all functions are local.
 */
#ifndef SRB_FLOORS_H
#define SRB_FLOORS_H

#include "study/prepare.h"

struct floors;

/* Whether the study has a floor beside other servers. */
bool floors_swept(const struct plan *plan);

/* NULL where it has not. */
struct floors *floors_open(const struct plan *plan);
void floors_close(struct floors *f);

/* Whether a permutation is the floor's own. */
bool floors_is(const struct floors *f, const struct permutation *p);

/* Remember a completed permutation. f may be NULL, as below. */
void floors_add(struct floors *f, const struct permutation *p,
                const struct summary *s);

/* A remembered permutation of a real server against the floor's repetitions in
 * its place (equal in every other axis), as far as these are known by now. All
 * NaN where there is nothing to compare. */
struct of_floor floors_compare(const struct floors *f,
                               const struct permutation *p,
                               const struct repeats *repeats);

#endif
