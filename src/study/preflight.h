/* preflight.h - what would end a study later is refused before it starts, with
 * all reasons at once.
 *
 * Looked at are, on every node and for the permutation that needs most there:
 * memory, descriptors, limits of a process and of the control group, the ports
 * of all set-ups, the folder for scratch; and the folder of the results. Cost:
 * O(nodes + clients) for each placement that differs from the one before it.
 */
#ifndef SRB_PREFLIGHT_H
#define SRB_PREFLIGHT_H

#include "plan/sweep.h"
#include "ranks/discover.h"
#include "study/model_files.h"

struct preflight {
    const struct sweep *sweep;
    const char *output; /* of world rank 0: the result file; "" for none */
    const struct model_files *models;
    /* What is known to be wrong already, on all ranks alike; NULL: nothing. */
    const struct error *known[2];
};

/* Returns 0, or -1 on all ranks: *err has the reason, or, where there are
 * several, how many; these are then on standard error, one sentence each, at
 * most ten. Collective over the world. */
int preflight(struct team *t, const struct discovery *d,
              const struct preflight *terms, struct error *err);

#endif
