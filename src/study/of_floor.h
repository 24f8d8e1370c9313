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

/* Bring real servers beside the floor in an order of the sweep
 * (sweep_in_turn()), unless each start would wait in a batch system's queue. */
void of_floor_order(const struct prepared *plan, uint32_t *positions);

/* Flags of an earlier session without SRB_FLOOR_BEATEN, which is judged again;
 * returns whether that was among them. */
bool of_floor_strip(const char *flags, char *buf, size_t n);

/* Remember a completed permutation, and the flags of its row. f may be NULL, as
 * below. */
void of_floor_add(struct of_floor_runs *f, const struct permutation *p,
                  const struct summary *s, const char *flags);

/* A remembered permutation's server against the floor in its place (equal in
 * every other axis), each of its repetitions against the same one of the floor,
 * as far as both are known by now. All NaN where there is nothing to compare.
 */
struct of_floor of_floor_compare(const struct of_floor_runs *f,
                                 const struct permutation *p);

/* The flags of a remembered permutation as they are to be, given what that said
 * at the end, or NULL: its row has them so. Returns buf. */
char *of_floor_flags(const struct of_floor_runs *f, const struct permutation *p,
                     const struct of_floor *x, char *buf, size_t n);

#endif
