/* What time is left, and whether the next permutation would finish in it. Rank
 * 0 alone knows; it decides and tells. */
#include "run/run_parts.h"

#include <math.h>
#include <stdio.h>

#include "base/diag.h"
#include "base/tick.h"
#include "base/units.h"
#include "plan/step_time.h"

/* What the row of a permutation that is not started costs, rounded up. */
#define ROW_SECONDS 1e-3

/* With a duration the loops take the same time, whatever they move; a search
 * several of them. */
static double work_of(const struct run *r, const struct permutation *p)
{
    if (p->value[OPT_DURATION]->is_auto)
        return prepare_weight(p, &r->placement);
    return permutation_searches(p) ? STEP_TIME_PROBES : 1;
}

static bool starts_databases(const struct run *r, const struct permutation *p)
{
    return !r->setup.up || r->setup.number != p->setup;
}

void run_budget_open(struct run *r)
{
    if (r->team->rank == 0 && r->plan.limited)
        r->budget = budget_open(&r->plan.sweep);
}

bool run_would_end_late(const struct run *r, const struct perm_run *x,
                        char *words, size_t n)
{
    struct budget_guess guess;
    char need[32], have[32];
    double left;

    if (!r->budget)
        return false;
    left = tick_seconds(r->plan.ends_at - tick_now()) -
           budget_reserve(r->plan.study.time_limit) -
           ROW_SECONDS * (double)(r->plan.sweep.count - x->outcome.position);
    guess = budget_guess(r->budget, x->p.index, work_of(r, &x->p),
                         starts_databases(r, &x->p));
    if (budget_fits(&guess, left))
        return false;
    units_print_seconds(fmax(left, 0), have, sizeof have);
    if (isnan(guess.seconds))
        snprintf(words, n,
                 "not started: %s are left of %s, and nothing has run that "
                 "would tell what it needs",
                 have, r->plan.study.limited_by);
    else
        snprintf(words, n,
                 "not started: by what permutation %04zu took it needs about "
                 "%s, and %s are left of %s",
                 guess.by,
                 units_print_seconds(guess.seconds, need, sizeof need), have,
                 r->plan.study.limited_by);
    return true;
}

void run_time_begin(struct run *r, struct perm_run *x)
{
    x->begun = tick_now();
    x->starts = starts_databases(r, &x->p);
}

/* As the bandwidth has it: all bytes in the window of all clients; without one
 * the longest of a kind. */
static double loop_seconds(const struct perm_run *x)
{
    const struct summary *s = &x->outcome.summary;
    double seconds = (double)s->bytes / s->window;

    return isnan(seconds) ? fmax(s->shortest_loop, 0) : seconds;
}

void run_time_end(struct run *r, const struct perm_run *x)
{
    double start = x->starts ? x->outcome.db_start_seconds : 0;
    const struct budget_cost cost = {
        .start = start,
        .rest = fmax(tick_seconds(tick_now() - x->begun) - start, 1e-6),
        .work = work_of(r, &x->p)};

    const struct work work = remaining_work(&x->p, &r->placement, x->starts);

    if (r->budget && x->outcome.status == STATUS_COMPLETED)
        budget_add(r->budget, x->p.index, &cost);
    const struct took took = {.start = start,
                              .loop = loop_seconds(x),
                              .around = cost.rest - loop_seconds(x)};

    if (x->outcome.status == STATUS_COMPLETED)
        remaining_ran(&r->remaining, &work, &took);
    else
        remaining_dropped(&r->remaining, &work,
                          x->outcome.status == STATUS_SPARED);
}
