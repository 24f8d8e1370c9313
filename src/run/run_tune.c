/* srbench tune: a study whose permutations are made one after another, as
 * plan/tune.h asks for them. Every rank makes the same ones; of what came of
 * them rank 0 tells the others.
 *
 * Each run of a side has databases of its own, on which all loads run: what a
 * server's start decides (where its memory lies, which CPU it gets) differs
 * from run to run, and is part of what pairs are compared by.
 */
#include "run/run_tune_parts.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/tick.h"
#include "results/tuned.h"

/* What came of a permutation, as all ranks know it. */
struct came {
    int status; /* enum status */
    int unproven, wrong;
    double value;              /* of the objective, NaN: not measured */
    char error[SRB_ERROR_MAX]; /* why it did not run */
};

/* ---- runs ---- */

static void __attribute__((format(printf, 3, 4)))
stop(struct tune_run *u, bool cut, const char *fmt, ...)
{
    va_list ap;

    if (u->stopped[0])
        return;
    va_start(ap, fmt);
    vsnprintf(u->stopped, sizeof u->stopped, fmt, ap);
    va_end(ap);
    u->cut = u->cut || cut;
}

/* A permutation that was made, run or recalled. Collective over the world. */
static struct came run_made(struct run *r, size_t i)
{
    struct outcome o;
    struct came came;

    if (i < r->tune->kept)
        run_recall_made(r, i, &o);
    else
        r->tune->run(r, i, i, &o);
    came = (struct came){.status = (int)o.status,
                         .unproven = o.unproven,
                         .wrong = o.summary.verify_errors > 0,
                         .value = record_figure(&o, r->tune->objective)};
    snprintf(came.error, sizeof came.error, "%s", o.error);
    team_bcast(r->team, r->team->world, &came, (int)sizeof came, 0);
    return came;
}

/* What became of a side. */
enum side { SIDE_RAN, SIDE_FAILED, SIDE_STOPPED };

/* All loads on databases of their own: adds sign x log(figure). */
static enum side run_side(struct run *r, const struct sweep_tried *tried,
                          const struct value *const *instead, double sign)
{
    struct tune_run *u = r->tune;
    size_t setup = u->setups++;

    for (size_t l = 0; l < r->plan.sweep.loads; l++) {
        size_t i = sweep_make(&r->plan.sweep, l, instead, setup, tried);
        struct came came = run_made(r, i);

        if (r->team->ended || r->sink_broken)
            return SIDE_STOPPED;
        if (came.status == STATUS_SKIPPED) {
            if (i < u->kept)
                stop(u, true, "the file is of a search with other candidates");
            else
                stop(u, true, "a run was %s", came.error);
            return SIDE_STOPPED;
        }
        if (came.status != STATUS_COMPLETED || came.unproven || came.wrong)
            return SIDE_FAILED;
        if (!(came.value > 0)) {
            stop(u, true, "%s is not measured by this study", u->objective);
            return SIDE_STOPPED;
        }
        u->logs[l] += sign * u->better * log(came.value);
    }
    return SIDE_RAN;
}

static const char *step_name(enum tune_step step)
{
    return step == TUNE_SCREEN    ? "screen"
           : step == TUNE_CONFIRM ? "confirm"
                                  : "final";
}

/* What it is for, on its side. */
static const struct sweep_tried *tried_for(struct tune_run *u,
                                           const struct tune_pair *p,
                                           const char *proof, bool base)
{
    struct held *h = run_tune_hold(u);

    h->tried[0] = (struct sweep_tried){
        .step = step_name(p->step),
        .round = p->round,
        .candidate = p->candidate < 0 ? "" : u->list[p->candidate].name,
        .pair = p->number,
        .base = base,
        .proof = base ? NULL : proof};
    return h->tried;
}

/* Of which configurations the sides are: what was given is the base at last. */
static void sides_of(const struct tune_run *u, const struct tune_pair *p,
                     const struct value **base, const struct value **with)
{
    if (p->candidate < 0) {
        memset(base, 0, OPT_COUNT * sizeof *base);
        memcpy(with, u->now, sizeof u->now);
    } else {
        memcpy(base, u->now, sizeof u->now);
        run_tune_put_on(with, u, u->on[p->candidate]);
    }
}

/* Both sides, in the pair's order. The second is not run in vain. */
static void run_pair(struct run *r, const struct tune_pair *p)
{
    struct tune_run *u = r->tune;
    const struct value *instead[2][OPT_COUNT];
    const char *proof = p->candidate < 0 ? NULL : u->on[p->candidate]->proof;
    enum side side = SIDE_RAN;
    int64_t begun = tick_now();
    bool base = p->base_first;

    sides_of(u, p, instead[1], instead[0]);
    memset(u->logs, 0, r->plan.sweep.loads * sizeof *u->logs);
    for (int k = 0; k < 2 && side == SIDE_RAN; k++) {
        base = k == 0 ? p->base_first : !p->base_first;
        side = run_side(r, tried_for(u, p, proof, base), instead[base],
                        base ? -1 : 1);
    }
    u->longest = fmax(u->longest, tick_seconds(tick_now() - begun));
    if (side == SIDE_RAN)
        tune_took(u->search, u->logs);
    else if (side == SIDE_FAILED && base)
        tune_lost(u->search);
    else if (side == SIDE_FAILED)
        tune_drop(u->search);
    else
        u->over = true;
}

/* ---- the story ---- */

/* What a step decided that another follows: those behind `before`. */
static void say_step(const struct run *r, int before)
{
    const struct tune_run *u = r->tune;
    const struct tune_result *list;
    int n = tune_results(u->search, &list);
    char words[512] = "", effect[TUNED_EFFECT_MAX];

    for (int i = before; i < n; i++) {
        if (list[i].decision == TUNE_CHOSEN)
            text_join(words, sizeof words, ", ", "%s",
                      u->list[list[i].candidate].name);
        if (list[i].decision == TUNE_TAKEN)
            diag_note("round %d: %s is taken over: %s", list[i].round,
                      u->list[list[i].candidate].name,
                      tuned_effect(&list[i].all, effect));
    }
    if (words[0])
        diag_note("to be confirmed: %s", words);
}

/* Where the results of the step under way begin. */
static int step_begin(const struct tune *search, enum tune_step step)
{
    const struct tune_result *list;
    int n = tune_results(search, &list);

    while (n > 0 && list[n - 1].step == step)
        n--;
    return n;
}

/* ---- the search ---- */

/* What was taken over since is part of the base. */
static void take_over(struct tune_run *u)
{
    const int *taken;
    int n = tune_taken(u->search, &taken), c;

    if (n == u->ntaken)
        return;
    u->ntaken = n;
    c = taken[n - 1];
    for (int i = 0; i < u->on[c]->values.n; i++) {
        enum option_id id = u->on[c]->values.option[i];

        u->now[id] = &u->on[c]->values.value[i];
        u->by[id] = c;
    }
}

static void begin_round(struct run *r, int round)
{
    struct tune_run *u = r->tune;
    bool *able = mem_new((size_t)u->n + 1, sizeof *able);
    const struct tune_result *list;
    int n, from = tune_results(u->search, &list);

    run_tune_find(r);
    for (int c = 0; c < u->n; c++)
        able[c] = u->on[c] != NULL;
    tune_round(u->search, able);
    free(able);
    n = tune_results(u->search, &list) - from;
    if (r->team->rank == 0 && tune_next(u->search).step == TUNE_SCREEN)
        diag_note("round %d: %d candidate%s beside the base", round, n,
                  n == 1 ? "" : "s");
}

/* Whether there is no time for another pair, and for what comes at last. Rank 0
 * decides. */
static bool is_late(struct run *r, enum tune_step step)
{
    struct tune_run *u = r->tune;
    const struct value *time =
        options_one(r->plan.sweep.options, OPT_TUNE_TIME);
    const int *taken;
    int64_t now = tick_now();
    double last = step != TUNE_FINAL && tune_taken(u->search, &taken) > 0
                      ? TUNE_PAIRS * u->longest
                      : 0;
    double need = u->longest + last;
    int late = 0;

    if (r->team->rank == 0 && r->plan.limited &&
        tick_seconds(r->plan.ends_at - now) -
                budget_reserve(r->plan.study.time_limit) <
            need)
        late = 2;
    else if (!time->is_auto && step != TUNE_FINAL &&
             tick_seconds(now - u->began) + need > time->seconds)
        late = 1;
    if (r->plan.limited || !time->is_auto)
        team_bcast(r->team, r->team->world, &late, (int)sizeof late, 0);
    if (late == 2)
        stop(u, true, "%s leaves no time for another pair of runs",
             r->plan.study.limited_by);
    else if (late)
        stop(u, false, "tune_time (%s) leaves no time for another pair of runs",
             time->text);
    return late != 0;
}

/* One pair, or what else is next. */
static void go_on(struct run *r, const struct tune_pair *p)
{
    struct tune_run *u = r->tune;
    int before = step_begin(u->search, p->step);

    if (p->step == TUNE_ROUND)
        begin_round(r, p->round);
    else if (is_late(r, p->step))
        tune_hurry(u->search);
    else
        run_pair(r, p);
    if (r->team->rank == 0 && tune_next(u->search).step != p->step)
        say_step(r, before);
    take_over(u);
    run_tune_write(r);
}

void run_tune(struct run *r, run_one *run)
{
    struct tune_run *u = r->tune;
    struct tune_pair p;

    u->run = run;
    u->began = tick_now();
    for (p = tune_next(u->search); p.step != TUNE_DONE && !u->over;
         p = tune_next(u->search))
        go_on(r, &p);
    if (r->team->ended)
        stop(u, true, "signal %d (%s)", r->team->ended,
             strsignal(r->team->ended));
    if (r->sink_broken)
        stop(u, true, "the result file cannot be written");
    r->tally.permutations = r->plan.sweep.count;
}

bool run_tune_cut(const struct run *r)
{
    return r->tune && r->tune->cut;
}
