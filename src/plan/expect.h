/* expect.h - limits on the figures of the summary, and what broke them.
 *
 * The option `expect` is a map or a list of maps. In each the names of figures
 * are limits ("< 2ms") and the names of axes are conditions: the limits hold
 * for the permutations that have these values. All functions are local and
 * pure.
 */
#ifndef SRB_EXPECT_H
#define SRB_EXPECT_H

#include "base/field.h"
#include "plan/sweep.h"

struct expect;

/* Read the option against the sweep and the figures there are (by names and
 * units; a figure that is a word is expected to be one of `words`, NULL at
 * their end, or not). *out is NULL where nothing is expected. Refused, with the
 * place and in one sentence: an unknown name, a limit that does not fit its
 * figure, a value of an axis that the sweep does not have, a map without a
 * limit, one that fits no permutation. Keeps pointers into the options of s. */
int expect_open(struct expect **out, const struct sweep *s,
                const struct fields *figures, const char *const *words,
                struct error *err);
void expect_close(struct expect *e);

/* The same of one pair that is not of that option (sustain): a limit on one of
 * `figures` that must stay below it, for all permutations. */
int expect_limit_open(struct expect **out, const struct pair *pair,
                      const struct fields *figures, struct error *err);

/* The place ("--expect") of the first limit on one of these figures, or NULL.
 * e may be NULL. */
const char *expect_place(const struct expect *e, const struct fields *figures);

/* How many limits were judged and broken, and words on the latter, "; " between
 * them: "put_tensor_p99 is 2.31 ms, expected < 2ms". All zero before the first
 * judgement. */
struct judgement {
    int limits, breaches;
    char words[SRB_ERROR_MAX];
};

/* Add what the limits on a permutation say of some of its figures. One that is
 * NaN cannot be judged, which breaks the limit. e may be NULL. */
void expect_judge(const struct expect *e, const struct permutation *p,
                  const struct fields *figures, struct judgement *j);

#endif
