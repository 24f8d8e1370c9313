/* aggregate_figures.h - how long readers await lists of data sets, and get
 * them.
 */
#ifndef SRB_AGGREGATE_FIGURES_H
#define SRB_AGGREGATE_FIGURES_H

#include "figures/figures.h"

/* Over all readers; not measured where there are no lists. Collective over the
 * clients. */
void aggregate_figures_reduce(const struct team *t, MPI_Comm clients,
                              const struct samples *s,
                              struct aggregate_figures *out);

#endif
