/* serve.h - srbench serve: databases for the clients of another job. Part of
 * run.
 */
#ifndef SRB_SERVE_H
#define SRB_SERVE_H

#include "options/options.h"
#include "ranks/discover.h"
#include "ranks/team.h"

/* Start the databases of the study's one set-up, write their roster to
 * db_address, and keep them until a signal, until the time (of wall_time since
 * the tick `began`, or of the job) is over, or until the other end of
 * `lifeline` is gone. Returns the exit status (0, 1, 2, or 128
 * + signal), the same on every rank. Collective over the world. */
int serve_study(struct team *t, struct discovery *d, const struct options *o,
                int64_t began);

#endif
