/* batch.h - the databases of a set-up as a batch job of their own: submitted,
 * awaited, ended. Part of run; world rank 0 alone, all functions are local.
 *
 * What the job needs and says lies in a folder of the user's own (mode 0700)
 * beside the result file, which both jobs must see. The job ends when the
 * lifeline to this process is cut, however that happens; one that still waits
 * in its queue is cancelled, or finds the lifeline cut when it starts.
 */
#ifndef SRB_BATCH_H
#define SRB_BATCH_H

#include "plan/roster.h"
#include "ranks/team.h"
#include "study/prepare.h"

struct batch;

/* What the job is to run, and how long may be waited for it. */
struct batch_terms {
    const struct prepared *plan;
    const struct permutation *p;
    const struct placement *pl;
    bool redisai;            /* clients may speak its commands */
    const struct team *team; /* a signal to any of its ranks ends the waiting */
};

/* Submit the job and wait until its databases serve: *roster is to be released
 * by roster_free(). On failure the job is cancelled. */
int batch_open(struct batch **out, const struct batch_terms *terms,
               struct roster *roster, struct error *err);

/* Whether the job still runs; -1 with the batch system's word when it does not.
 */
int batch_check(struct batch *b, struct error *err);

/* End the job, wait a while for it, cancel it if it goes on, and remove the
 * folder. NULL is allowed. */
void batch_close(struct batch *b);

#endif
