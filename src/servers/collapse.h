/* collapse.h - the axes that a study's servers lack.
 *
 * I/O threads are nothing where all threads serve, a server that loads no
 * modules has no threads of RedisAI, and one that comes with a client of its
 * own leaves no choice of that (engine.h). Such an axis collapses for its
 * server where others have it, and a server that one placement alone has is
 * left out of the other; see sweep_collapse(). One that has a single tensor of
 * each client is refused where steps have, or keep, several. All functions are
 * local.
 */
#ifndef SRB_COLLAPSE_H
#define SRB_COLLAPSE_H

#include "engine/engine.h"
#include "plan/sweep.h"

/* What a value of db_exe turned out to be; engine NULL: not known. */
struct server {
    const struct engine *engine;
    char label[SRB_SERVER_MAX];    /* "redis 7.0.15" */
    char version[SRB_VERSION_MAX]; /* "7.0.15"; "" of one that runs already */
    bool mine;                     /* this rank will start some of it */
};

/* By what the servers are, one for each value of db_exe; an axis that none of
 * them has is refused, and so is any other option that is nothing to them all
 * and was given. */
int collapse(struct sweep *s, const struct server *servers, struct error *err);

/* The same by the names of the built-in servers alone, asking none: for a plan.
 */
int collapse_by_name(struct sweep *s, struct error *err);

#endif
