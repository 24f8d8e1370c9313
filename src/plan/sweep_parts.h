/* sweep_parts.h - what the files of the sweep share.
 */
#ifndef SRB_SWEEP_PARTS_H
#define SRB_SWEEP_PARTS_H

#include "plan/sweep.h"

/* An axis of which some permutations have values that come to the same, and
 * where: "keys expire"; NULL where a note has words of its own. */
struct sweep_alike {
    enum option_id axis;
    const char *where;
};
extern const struct sweep_alike sweep_alike[]; /* OPT_COUNT ends it */

/* Whether several values of the axis say nothing to some permutations. */
bool sweep_has_idle(const struct options *o, enum option_id axis);

#endif
