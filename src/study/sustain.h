/* sustain.h - what a rate must fulfil to be sustained (option sustain).
 *
 * One limit on a figure of a probe. A percentile says something of at least 10
 * samples beyond it, so that a rate below some cannot be judged in a probe's
 * time, and a study whose clients keep too few samples not at all.
 */
#ifndef SRB_SUSTAIN_H
#define SRB_SUSTAIN_H

#include "plan/machine.h"
#include "results/record.h"

struct sustain;

/* *out is NULL where no rate is searched. Refused: a figure that is no response
 * or service figure, a limit that is none. Keeps pointers into the options of
 * s. Local. */
int sustain_open(struct sustain **out, const struct sweep *s,
                 struct error *err);
void sustain_close(struct sustain *x);

/* Refuses permutations whose clients keep too few samples for the percentile. x
 * may be NULL. Local. */
int sustain_check(const struct sustain *x, const struct sweep *s,
                  const struct machine *m, struct error *err);

/* The lowest rate (steps a second of a client) that can be judged. Local. */
double sustain_least(const struct sustain *x, const struct permutation *p,
                     int clients);

/* The figure that is limited, of a loop that was completed, and whether it
 * holds; what is NaN does not. Local. */
double sustain_value(const struct sustain *x, const struct summary *s);
bool sustain_holds(const struct sustain *x, const struct permutation *p,
                   const struct summary *s);

/* Its name: "put_response_p99". Local. */
const char *sustain_figure(const struct sustain *x);

#endif
