/* lifeline.h - how a job knows that another one is still there.
 *
 * One listens, the other connects, and nothing is ever sent: the kernel of the
 * listening side keeps the connection without the process doing anything, also
 * while it is in a timed loop, and ends it when the process does, however it
 * does. Keep-alive probes find out about a host that is gone (tcp(7)). Part of
 * run. All functions are local.
 */
#ifndef SRB_LIFELINE_H
#define SRB_LIFELINE_H

#include <stdbool.h>

#include "options/options.h"

struct lifeline;

/* Listen on the numeric address, on a port that the kernel chooses; `at`
 * becomes "address:port", what the other side must reach. */
#define SRB_LIFELINE_MAX 72
int lifeline_open(const char *address, struct lifeline **out,
                  char at[SRB_LIFELINE_MAX], struct error *err);

/* Connect to such an address; an automatic value is no lifeline, and *out
 * NULL. */
int lifeline_reach(const struct value *at, struct lifeline **out,
                   struct error *err);

/* Whether the other side of a reached one is still there. */
bool lifeline_holds(struct lifeline *l);

/* NULL is allowed. */
void lifeline_close(struct lifeline *l);

#endif
