/* plan_print.h - --dry_run: what a study would be, on standard output.
 *
 * First its sum: nodes, bytes that are moved, memory of a node, and the least
 * time; then a line for each database set-up, and with --verbose one for each
 * permutation. Local; one process speaks for all.
 */
#ifndef SRB_PLAN_PRINT_H
#define SRB_PLAN_PRINT_H

#include "plan/machine.h"
#include "plan/sweep.h"

/* Returns 0, or -1 when some permutations cannot be placed: those are named
 * with their reasons on standard error. Cost: O(nodes + clients) for each
 * placement that differs from the one before it. */
int plan_print(const struct sweep *s, const struct machine *m);

#endif
