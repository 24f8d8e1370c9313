/* run.h - a study from its plan to its verdict, and the life of one
 * permutation.
 */
#ifndef SRB_RUN_H
#define SRB_RUN_H

#include "study/prepare.h"

/* Plan, refuse what cannot run, run every permutation, write the file, print
 * the verdict. Returns the exit status (0, 1, 2 or 128 + signal), the same on
 * every rank. Collective over the world. */
int run_study(struct team *t, struct discovery *d, const struct run_args *args);

/* --dry_run of a study that is to be resumed: how many permutations of the
 * result file are kept, and which run, on standard output. Looks at the file
 * and the configuration; what servers and nodes are is compared when it runs.
 * Local. */
int run_rest(const struct options *o, const char *path, struct error *err);

/* --dry_run of a search: what would be tried on that machine by one process
 * that asks no server what it is, and how much it would take, on standard
 * output; or what is wrong with it. Local. */
int run_tune_plan(const struct sweep *s, const struct machine *m,
                  struct error *err);

#endif
