/* tensors_rules.h - which tensors a step has, and how those of older steps go.
 *
 * Keys are those of keys.h, of the step modulo history where keys are used
 * again. All functions are local and pure.
 */
#ifndef SRB_TENSORS_RULES_H
#define SRB_TENSORS_RULES_H

#include "plan/sweep.h"

struct tensors_rules {
    size_t n; /* of a step */
    bool pipelined;
    int64_t history; /* steps that stay; 0: all */
    enum retire retire;
    int64_t expire_ms; /* 0: keys do not expire */
    size_t control;    /* elements of the tensor after those of a step, whose
                          number is n; 0: there is none */
};

/* What a permutation says of them. */
struct tensors_rules tensors_rules_of(const struct permutation *p);

/* The keys of a step: its tensors, and the one after them. */
static inline size_t tensors_each(const struct tensors_rules *r)
{
    return r->n + (r->control > 0);
}

/* Whether a step is one tensor under a key that stays the same. */
bool tensors_plain(const struct tensors_rules *r);

/* Whether older steps are removed by an operation of their own. */
bool tensors_removes(const struct tensors_rules *r);

/* The number in the keys of a step. */
int64_t tensors_key_step(const struct tensors_rules *r, int64_t step);

/* After so many steps have been put, the first of those that are still there;
 * of keys that expire the first of all. */
int64_t tensors_oldest(const struct tensors_rules *r, int64_t steps);

/* The step that get k brings where all were put before: the oldest first, and
 * then round. */
int64_t tensors_get_step(const struct tensors_rules *r, int64_t steps,
                         int64_t k);

/* The tensors that a client keeps at most at a time, when it puts so many
 * steps. */
int64_t tensors_kept(const struct tensors_rules *r, int64_t steps);

/* The steps that a client puts at most, warm-up included; INT64_MAX where only
 * its speed tells. */
int64_t tensors_steps(const struct permutation *p);

/* The tensors that a client keeps at most at a time in a permutation; of what
 * only its speed tells, those of one step. */
int64_t tensors_kept_by(const struct permutation *p);

/* The same with those after steps, where each takes the place of a tensor; and
 * the bytes of these alone. */
int64_t tensors_places_by(const struct permutation *p);
int64_t tensors_control_by(const struct permutation *p);

#endif
