#include "plan/tensors_rules.h"

#include <math.h>

struct tensors_rules tensors_rules_of(const struct permutation *p)
{
    const struct value *after = p->value[OPT_EXPIRE_AFTER];
    enum retire retire =
        (enum retire)permutation_count(p, OPT_RETIRE, RETIRE_OVERWRITE);
    bool expires = retire == RETIRE_EXPIRE;

    if (p->infers) /* an input, and what is made of it */
        return (struct tensors_rules){.n = 1, .history = 1};
    return (struct tensors_rules){
        .n = (size_t)p->value[OPT_TENSORS]->count,
        .pipelined =
            (p->value[OPT_TENSORS]->count > 1 || permutation_describes(p)) &&
            permutation_count(p, OPT_PIPELINED, 0) != 0,
        .history = p->value[OPT_HISTORY]->word == HISTORY_ALL
                       ? 0
                       : p->value[OPT_HISTORY]->count,
        .retire = retire,
        .expire_ms = expires ? (int64_t)(after->seconds * 1e3 + 0.5) : 0,
        .control = permutation_exchanges(p)
                       ? (size_t)permutation_count(p, OPT_CONTROL_BYTES, 0) /
                             sizeof(float)
                       : 0,
    };
}

bool tensors_plain(const struct tensors_rules *r)
{
    return r->n == 1 && r->history == 1 && r->retire == RETIRE_OVERWRITE;
}

bool tensors_removes(const struct tensors_rules *r)
{
    return r->retire == RETIRE_DELETE && r->history > 0;
}

int64_t tensors_key_step(const struct tensors_rules *r, int64_t step)
{
    return r->retire == RETIRE_OVERWRITE && r->history > 0 ? step % r->history
                                                           : step;
}

int64_t tensors_oldest(const struct tensors_rules *r, int64_t steps)
{
    if (r->retire == RETIRE_EXPIRE || r->history == 0 || steps < r->history)
        return 0;
    return steps - r->history;
}

int64_t tensors_get_step(const struct tensors_rules *r, int64_t steps,
                         int64_t k)
{
    int64_t oldest = tensors_oldest(r, steps);

    return oldest + k % (steps - oldest);
}

int64_t tensors_kept(const struct tensors_rules *r, int64_t steps)
{
    int64_t kept = steps;

    /* the step that is put is there before the one that goes is removed */
    if (r->retire != RETIRE_EXPIRE && r->history > 0)
        kept = r->history + tensors_removes(r);
    return (int64_t)r->n * (kept < steps ? kept : steps);
}

int64_t tensors_steps(const struct permutation *p)
{
    double seconds = permutation_duration(p), rate = p->value[OPT_RATE]->rate;
    int64_t warmup = p->value[OPT_WARMUP]->count;

    if (seconds <= 0)
        return warmup + p->value[OPT_ITERATIONS]->count;
    if (p->value[OPT_RATE]->word)
        return INT64_MAX;
    /* by chance more: beyond eight deviations once in 1e15 studies */
    if (p->value[OPT_ARRIVALS]->count == ARRIVALS_POISSON)
        return warmup + 8 +
               (int64_t)ceil(rate * seconds + 8 * sqrt(rate * seconds));
    return warmup + 1 + (int64_t)ceil(rate * seconds);
}

int64_t tensors_kept_by(const struct permutation *p)
{
    const struct tensors_rules r = tensors_rules_of(p);
    int64_t steps = tensors_steps(p), alive;

    if (r.retire != RETIRE_EXPIRE)
        return tensors_kept(&r, steps);
    if (p->value[OPT_RATE]->word) /* as fast as it can */
        return tensors_kept(&r, steps < INT64_MAX ? steps : 1);
    alive = 2 + (int64_t)ceil(1e-3 * (double)r.expire_ms *
                              p->value[OPT_RATE]->rate);
    return tensors_kept(&r, alive < steps ? alive : steps);
}

/* Steps of which it keeps something. */
static int64_t steps_kept(const struct permutation *p)
{
    return tensors_kept_by(p) / (int64_t)tensors_rules_of(p).n;
}

int64_t tensors_places_by(const struct permutation *p)
{
    const struct tensors_rules r = tensors_rules_of(p);

    return steps_kept(p) * (int64_t)tensors_each(&r);
}

int64_t tensors_control_by(const struct permutation *p)
{
    return steps_kept(p) *
           (int64_t)(tensors_rules_of(p).control * sizeof(float));
}
