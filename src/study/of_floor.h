/* of_floor.h - what the built-in server reached where a real one was measured.
 *
 * World rank 0 alone; all functions are local.
 */
#ifndef SRB_OF_FLOOR_H
#define SRB_OF_FLOOR_H

#include "study/prepare.h"

struct of_floor_runs;

/* Whether the study has a floor beside other servers. */
bool of_floor_swept(const struct prepared *plan);

/* NULL where it has not. */
struct of_floor_runs *of_floor_open(const struct prepared *plan);
void of_floor_close(struct of_floor_runs *f);

/* Whether a permutation is the floor's own. */
bool of_floor_is(const struct of_floor_runs *f, const struct permutation *p);

/* Remember a completed permutation. f may be NULL, as below. */
void of_floor_add(struct of_floor_runs *f, const struct permutation *p,
                  const struct summary *s);

/* A remembered permutation of a real server against the floor's repetitions in
 * its place (equal in every other axis), as far as these are known by now. All
 * NaN where there is nothing to compare. */
struct of_floor of_floor_compare(const struct of_floor_runs *f,
                                 const struct permutation *p,
                                 const struct repeats *repeats);

#endif
