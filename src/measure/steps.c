/* What lies between the operations of a loop with steps (steps.h). */
#include "measure/steps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/tick.h"
#include "measure/loop_parts.h"

/* How long all compute alone, before the loop and after it. */
#define ALONE_STEPS 3
#define ALONE_NS INT64_C(100000000)
/* A wait is cut into such pieces, so that a signal and other ranks are heard.
 */
#define NAP_NS INT64_C(100000000)

int steps_open(struct load *l, struct error *err)
{
    const struct step_rules *rules = &l->rules.step;
    bool phases = l->rules.pattern == PATTERN_PHASES;

    l->steps.rules = *rules;
    l->steps.cpu_time = 0;
    if (!step_rules_any(rules))
        return 0;
    if (samples_open_steps(&l->samples, phases ? 2 : 1, rules->rate > 0, err) <
        0)
        return -1;
    if (l->steps.exact) /* it goes on with other rules */
        return 0;
    l->steps.slack = pace_exact_timers();
    l->steps.exact = true;
    return compute_open(&l->steps.compute, rules->compute_kind, rules->compute,
                        err);
}

void steps_close(struct load *l)
{
    compute_close(&l->steps.compute);
    if (l->steps.exact)
        pace_restore_timers(l->steps.slack);
    l->steps.exact = false;
}

/* ---- computing ---- */

/* One step of it; the time it took. */
static int64_t compute(struct load *l, int64_t begun)
{
    struct compute *c = &l->steps.compute;
    int64_t left = compute_step(c);

    while (left > 0 && !loop_ends(l)) {
        left = compute_piece(c, left, begun);
        if (left > 0)
            loop_look(l, tick_now());
    }
    return tick_now() - begun;
}

/* All steps of it together: what work takes is the CPU's time, and whatever is
 * beyond that somebody else had. */
static void compute_alone(struct load *l, int which)
{
    int64_t sum = 0, steps = 0, start = tick_now();
    double cpu = tick_cpu_seconds();

    while ((steps < ALONE_STEPS || sum < ALONE_NS) && !loop_cut_off(l)) {
        sum += compute(l, tick_now());
        steps++;
    }
    l->steps.alone[which] = l->steps.waited[which] = NAN;
    if (loop_cut_off(l))
        return;
    l->steps.alone[which] = tick_seconds(sum) / (double)steps;
    l->steps.waited[which] =
        compute_waited(&l->steps.compute, tick_seconds(tick_now() - start),
                       tick_cpu_seconds() - cpu);
}

void steps_alone(struct load *l, bool after)
{
    bool computes = l->rules.step.compute > 0; /* a reader does not */

    l->phase.look = tick_now();
    if (computes && !after)
        compute_calibrate(&l->steps.compute);
    loop_meet(l, 0);
    if (computes)
        compute_alone(l, after);
    loop_meet(l, 0);
}

double steps_compute_alone(const struct steps *s, double *waited)
{
    int n = isnan(s->alone[1]) ? 1 : 2;
    double alone = 0, lost = 0;

    for (int k = 0; k < n; k++) {
        alone += s->alone[k] / n;
        lost += s->alone[k] * s->waited[k] / n;
    }
    *waited = lost / alone;
    return alone;
}

/* ---- phases ---- */

void steps_phase(struct load *l, bool puts)
{
    struct steps *s = &l->steps;
    struct load_phase *x = &l->phase;
    const struct step_rules *rules = &s->rules;

    x->steps = s;
    s->into = &l->samples.step[puts ? 0 : 1];
    s->open = false;
    if (rules->rate <= 0)
        return;
    if (puts)
        pace_open(&s->pace,
                  &(struct pace_rules){.rate = rules->rate,
                                       .poisson = rules->poisson,
                                       .client = l->number,
                                       .clients = rules->clients,
                                       .seed = rules->seed},
                  s->origin);
    else
        pace_restart(&s->pace, s->origin);
    s->spin_ns = pace_spin_ns(rules->rate, x->with->oversubscribed);
    s->ends = x->seconds > 0 ? s->origin + (int64_t)(x->seconds * 1e9) : 0;
    s->due = pace_next(&s->pace);
    s->after = pace_next(&s->pace);
    s->into->seconds = x->seconds;
    s->into->ends = s->ends;
}

/* Due before the end, from the step that comes on, which numbers `first`: how
 * many; and, with room, when every stride-th of all steps is. */
static int64_t walk(const struct steps *s, int64_t first, int64_t stride,
                    int64_t *room, size_t *n)
{
    struct pace pace = s->pace;
    int64_t k = first;

    for (int64_t due = s->due, after = s->after; due < s->ends; k++) {
        if (room && (k & (stride - 1)) == 0)
            room[(*n)++] = due;
        due = after;
        after = pace_next(&pace);
    }
    return k - first;
}

/* Steps that were due and never begun: their responses are at least so long as
 * they had been due when the time was over. Kept as sparsely as the others. */
static int leave(struct load *l)
{
    struct step_series *x = l->steps.into;
    const struct series *span = &x->span;
    int64_t stride = span->stride;

    x->unsent = walk(&l->steps, span->count, 1, NULL, NULL);
    if (x->unsent == 0)
        return 0;
    while ((span->count + x->unsent - 1) / stride + 1 > (int64_t)span->room)
        stride *= 2;
    x->left = malloc((size_t)(x->unsent / stride + 2) * sizeof *x->left);
    if (!x->left)
        return error_set(l->phase.err,
                         "client %d: not enough memory for steps that were "
                         "not begun",
                         l->number);
    x->left_stride = stride;
    walk(&l->steps, span->count, stride, x->left, &x->nleft);
    return 0;
}

/* The last get of a schedule's time may have come unannounced. */
static void verify_end(struct load *l)
{
    if (l->rules.verify == VERIFY_ENDS && !l->phase.last && l->got > 0)
        loop_verify(l);
}

int steps_phase_end(struct load *l)
{
    struct steps *s = &l->steps;

    l->phase.steps = NULL;
    if (s->rules.rate <= 0 || s->ends == 0 || l->phase.over)
        return 0;
    if (s->into->span.count == 0)
        return error_set(l->phase.err,
                         "client %d: none of its steps was due within the "
                         "duration; a longer one has some, or a higher rate",
                         l->number);
    if (l->phase.counted == &l->samples.unpack ||
        l->rules.pattern == PATTERN_PAIR)
        verify_end(l);
    return leave(l);
}

/* ---- one step ---- */

bool steps_last(const struct load *l)
{
    const struct steps *s = &l->steps;

    return s->ends ? s->after >= s->ends : loop_is_last(l);
}

/* Until a step is due. false: it is not to be begun. */
static bool wait_for(struct load *l)
{
    struct steps *s = &l->steps;
    int64_t start = tick_now(), now = start;
    double cpu;

    s->ready = s->due > l->phase.latest ? s->due : l->phase.latest;
    if (s->ends && s->due >= s->ends)
        return false;
    cpu = tick_cpu_seconds();
    while (now < s->due && !loop_ends(l)) {
        bool last = s->due - now <= NAP_NS;

        now = pace_await(last ? s->due : now + NAP_NS, last ? s->spin_ns : 0);
        if (!last)
            loop_look(l, now);
    }
    s->begun = now;
    s->cpu_time += tick_cpu_seconds() - cpu;
    l->samples.paced += now - start;
    return !s->ends || now < s->ends;
}

bool steps_begin(struct load *l)
{
    struct steps *s = &l->steps;

    if (s->rules.rate > 0) {
        if (!wait_for(l))
            return false;
    } else {
        s->begun = tick_now();
    }
    s->open = true;
    s->put_sum = l->samples.put.sum;
    s->unpack_sum = l->samples.unpack.sum;
    if (s->rules.compute > 0) {
        double cpu = tick_cpu_seconds();

        l->samples.computed += compute(l, s->begun);
        s->cpu_time += tick_cpu_seconds() - cpu;
    }
    return true;
}

static void widen(int64_t *longest, int64_t ns)
{
    if (ns > *longest)
        *longest = ns;
}

void steps_end(struct load *l)
{
    struct steps *s = &l->steps;
    struct step_series *x = s->into;
    int64_t late = s->begun - s->due, end = l->phase.latest;

    if (!s->open || l->phase.failed)
        return;
    s->open = false;
    samples_step(x, s->begun, end, s->due, s->ready);
    if (!x->paced)
        return;
    if (l->samples.put.sum > s->put_sum)
        widen(&x->longest_put, late + l->samples.put.sum - s->put_sum);
    if (l->samples.unpack.sum > s->unpack_sum)
        widen(&x->longest_unpack, late + l->samples.unpack.sum - s->unpack_sum);
    widen(&x->longest_step, end - s->due);
    s->due = s->after;
    s->after = pace_next(&s->pace);
}
