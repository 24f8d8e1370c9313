/* dry_run.h - what a study would run, and whether it could. */
#ifndef SRB_DRY_RUN_H
#define SRB_DRY_RUN_H

#include "options/options.h"
#include "ranks/discover.h"

/* The plan for an imaginary machine (--machine). Returns the exit status.
 * Local. */
int dry_run_imaginary(const struct options *o);

/* The plan for the machine of this job, whether its nodes have what it takes,
 * and what of it a study that is resumed would still run. Returns the exit
 * status, the same on every rank. Collective over the world. */
int dry_run_here(struct team *t, const struct options *o,
                 const struct discovery *d);

#endif
