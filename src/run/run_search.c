/* The search for the rate that is sustained: the procedure of plan/search.h,
 * with loops for probes. All ranks go by the same figures of the same loops, so
 * that none has to be told what comes next. */
#include "run/run_parts.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/units.h"

static void note(struct perm_run *x, const struct sustain *sustain, double rate,
                 int64_t held)
{
    const struct summary *s = &x->outcome.summary;

    x->probes = mem_grow(x->probes, x->nprobes + 1, sizeof *x->probes);
    x->probes[x->nprobes++] = (struct probe){
        .rate = rate,
        .value = sustain_value(sustain, s),
        .offered = s->steps.offered_rate,
        .achieved = s->steps.achieved_rate,
        .unsent = s->steps.unsent,
        .behind = s->steps.behind,
        .held = held,
    };
}

/* Steps that stay are the next loop's own: it begins with the first one, and
 * would leave those of a longer loop where they are. Keys that are the same in
 * every step need no such thing. */
static int clear(struct run *r, struct perm_run *x, struct error *err)
{
    const struct tensors_rules rules = tensors_rules_of(&x->p);

    if (tensors_plain(&rules) || x->nprobes == 0)
        return 0;
    run_tidy(r, x, false);
    return x->is_steward ? db_empty(r->setup.db, err) : 0;
}

/* Ready for a loop at that rate (0: a closed one). Counters of servers are of
 * the last loop alone, whose operations are in the file. */
static int again(struct run *r, struct perm_run *x, double rate,
                 struct error *err)
{
    int rc = clear(r, x, err);

    if (rc == 0 && x->is_steward)
        rc = db_before(r->setup.db, err);
    if (rc == 0 && x->is_client)
        rc = load_again(&x->load, rate, err);
    return team_agree(r->team, r->team->world, rc, err);
}

static int loop(struct run *r, struct perm_run *x, double rate,
                struct error *err)
{
    if (again(r, x, rate, err) < 0 || run_loop(r, x, err) < 0)
        return -1;
    run_reduce(r, x);
    return 0;
}

/* Steps a second of a client in a closed loop: where the search begins. */
static double closed_rate(const struct run *r, const struct perm_run *x)
{
    const struct summary *s = &x->outcome.summary;
    const struct permutation *p = &x->p;
    double steps = (double)s->ops / 2 / r->placement.nclients;
    double seconds = permutation_duration(p);

    /* half of the time is the puts', and half the gets' */
    return permutation_count(p, OPT_PATTERN, PATTERN_PAIR) == PATTERN_PHASES
               ? steps / (seconds / 2)
               : steps / seconds;
}

static int too_slow(const struct run *r, double closed, double least,
                    struct error *err)
{
    char made[32], needed[32];

    units_print_steps(closed, made, sizeof made);
    units_print_steps(least, needed, sizeof needed);
    return error_set(err,
                     "a closed loop makes %s steps a second of a client, and "
                     "%s has 10 samples beyond it at %s a second only; "
                     "expected a longer duration",
                     made, sustain_figure(r->sustain), needed);
}

int run_search(struct run *r, struct perm_run *x, struct search *s,
               struct error *err)
{
    double least = sustain_least(r->sustain, &x->p, r->placement.nclients);
    double closed, rate;

    if (loop(r, x, 0, err) < 0)
        return -1;
    closed = closed_rate(r, x);
    note(x, r->sustain, NAN, -1);
    x->probes[0].achieved = closed;
    if (closed < least)
        return too_slow(r, closed, least, err);
    search_open(s, closed, least);
    while ((rate = search_next(s)) > 0) {
        bool held;

        if (loop(r, x, rate, err) < 0)
            return -1;
        held = x->outcome.summary.steps.behind == 0 &&
               sustain_holds(r->sustain, &x->p, &x->outcome.summary);
        note(x, r->sustain, rate, held);
        search_tell(s, held);
    }
    return again(r, x, s->low > 0 ? s->low : s->high, err);
}

void run_searched(const struct search *s, struct step_figures *out)
{
    if (s->probes == 0)
        return;
    out->sustained_low = s->low;
    out->sustained_high = s->high > 0 ? s->high : NAN;
    out->sustained = search_found(s) ? sqrt(s->low * s->high) : NAN;
}
