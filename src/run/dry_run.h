/* dry_run.h - the plan of a study, on standard output, and nothing run. */
#ifndef SRB_DRY_RUN_H
#define SRB_DRY_RUN_H

#include "options/options.h"
#include "ranks/discover.h"
#include "ranks/team.h"

/* For the imaginary job of --machine. Returns the exit status. Local. */
int dry_run_imaginary(const struct options *o);

/* For this job, whose launcher must be the one that was asked for, and which
 * must have what the plan takes. Returns the exit status, the same on every
 * rank. Collective over the world. */
int dry_run_here(struct team *t, const struct options *o,
                 const struct discovery *d);

#endif
