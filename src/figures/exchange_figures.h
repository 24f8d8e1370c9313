/* exchange_figures.h - how old data are when a reader has them.
 *
 * A reader knows when it saw a step and when it had it, its writer when the put
 * began and ended; both on one clock only once the loop is over. Then writers
 * send the times of their puts to those who read them, and all clients reduce
 * what came of it.
 *
 *     writer      begin [ put ] end
 *     reader                  . . seen [ get ] has
 *     delivery    begin ................... has
 *     visible               end . seen             (less than 0: the reader
 *                                                   was there before the
 *                                                   writer had its reply)
 */
#ifndef SRB_EXCHANGE_FIGURES_H
#define SRB_EXCHANGE_FIGURES_H

#include "figures/figures.h"
#include "measure/loop_parts.h"

/* Once all instants are on the common clock: delivery and visible of each get,
 * and lag_max. All writers have put all their steps. Collective over the
 * clients of a placement that exchanges. */
void exchange_times(const struct team *t, MPI_Comm clients,
                    const struct placement *pl, struct load *l);

/* What they come to over all readers. Collective over the clients. */
void exchange_figures_reduce(const struct team *t, MPI_Comm clients,
                             const struct load *l,
                             struct exchange_figures *out);

/* All of them not measured. Local. */
void exchange_figures_none(struct exchange_figures *out);

#endif
