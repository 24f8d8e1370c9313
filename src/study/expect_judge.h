/* expect_judge.h - the study's results against its limits (option expect).
 *
 * Figures of a permutation alone are judged when it ends; those that compare it
 * with the floor or sum up repetitions when the study ends: the former of every
 * completed permutation but the floor's own, the latter of the last completed
 * one of its repetitions, which knows all of them.
 */
#ifndef SRB_EXPECT_JUDGE_H
#define SRB_EXPECT_JUDGE_H

#include "plan/expect.h"
#include "study/of_partner.h"

struct expect_judge;

/* Whether the limits make sense for a sweep, also of a plan. Local. */
int expect_judge_check(const struct sweep *s, struct error *err);

/* *out is NULL where nothing is expected. The same on every rank. Local. */
int expect_judge_open(struct expect_judge **out, const struct prepared *plan,
                      struct error *err);
void expect_judge_close(struct expect_judge *j);

/* From here on world rank 0 alone; j may be NULL. */

/* Judge a permutation that was completed: sets its breaches and their words. */
void expect_judge_end(struct expect_judge *j, const struct permutation *p,
                      struct outcome *o);

/* Judge what is known by now of permutation p besides: adds to *verdict, whose
 * `limits` is 0 where there is nothing. Returns the breaches of the permutation
 * altogether. */
int expect_judge_late(struct expect_judge *j, const struct permutation *p,
                      const struct of_partner_runs *partners,
                      const struct repeats *repeats, struct judgement *verdict);

#endif
