/* features.h - whether a node has what a Slurm constraint asks for.
 *
 * The expressions of --constraint in sbatch(1): names, `&` or `,` for "and",
 * `|` for "or", parentheses. Slurm reads `a|b&c` from left to right where
 * others would not, so here the two mix only within parentheses. What chooses
 * among nodes at submission (`[a|b]`: all the same one, `a*2`: so many of each)
 * says nothing of a single node. Pure.
 */
#ifndef SRB_FEATURES_H
#define SRB_FEATURES_H

#include "base/error.h"

/* Whether a node with the features `has` ("V100,ib"; "" or "(null)": none)
 * satisfies the expression: 1 or 0, or -1 where it is none, whatever the node
 * has. Names are compared with their case, as Slurm does. */
int features_match(const char *has, const char *expression, struct error *err);

#endif
