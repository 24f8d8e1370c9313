/* step_figures.h - what the steps of all clients come to.
 *
 * A response counts from the instant at which a step was due, so that who waits
 * for a server that stands still is in it as often as it would have asked.
 * Steps that were due and not begun when the time was over enter with the time
 * that they had been due by then: leaving them out would leave out the worst.
 */
#ifndef SRB_STEP_FIGURES_H
#define SRB_STEP_FIGURES_H

#include "figures/figures.h"

/* Of a loop without steps: NaN and -1, without a message. Collective over
 * clients. */
void step_figures_reduce(const struct team *t, MPI_Comm clients,
                         const struct figures_of *x, struct step_figures *out);

/* All of them not measured. Local. */
void step_figures_none(struct step_figures *out);

/* Whether what the overhead is told by was no steady reference, though nobody
 * took the CPU: computing alone took another time after the loop than before it
 * by more than 5 % of it; or more by a tenth than the work did at its best; or
 * the overhead is below -1 % whichever of the two is taken, which no exchange
 * can do. Pure. */
bool step_figures_unsteady(const struct step_figures *x);

/* The overhead by the reference before the loop (0), or after it (1). Pure. */
double step_figures_overhead_by(const struct step_figures *x, int which);

/* What was achieved of what a schedule offered is as good as all of it from
 * this share on. */
#define STEP_ACHIEVED 0.99

#endif
