/* collect_spans.h - the arrays of a permutation with a number for each of a
 * client's operations or steps (collect.h).
 */
#ifndef SRB_COLLECT_SPANS_H
#define SRB_COLLECT_SPANS_H

#include "results/collect.h"

#define SRB_SPANS 26 /* arrays */

/* Array a, and how many columns it has in this permutation; 0: it is not there.
 * Local. */
struct sink_array spans_array(int a);
size_t spans_columns(const struct collection *c, int a);

/* This client's numbers, all arrays one after the other, NaN where it has
 * none, to `at`. Local. */
void spans_pack(const struct collection *c, double *at);

#endif
