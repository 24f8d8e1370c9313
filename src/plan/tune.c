#include "plan/tune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* A candidate in the step under way. */
struct entry {
    int candidate, pairs, lost;
    double *logs; /* [TUNE_PAIRS * loads] */
    bool out;
    size_t result; /* index */
};

struct tune {
    int n, loads;
    uint64_t state;         /* of what is drawn */
    double t95[TUNE_PAIRS]; /* [df] */
    bool *gone;             /* [n] dropped */
    int taken[TUNE_ROUNDS], ntaken;
    enum tune_step step;
    int round, pass; /* pass: so many pairs each entry has had */
    struct entry *entry;
    int nentries, at; /* which is next in this pass */
    struct tune_result *result;
    size_t nresults;
    struct tune_conflict conflict;
    bool disagree; /* loads do, be it by a hint */
};

/* ---- Student (Abramowitz and Stegun 26.7.3 and 26.7.4) ---- */

double tune_student_p(double t, int df)
{
    double theta = atan(t / sqrt(df)), c = cos(theta), s = sin(theta);
    double term = df % 2 ? c : 1, sum = df > 1 ? term : 0;

    for (int k = df % 2 ? 3 : 2; k < df; k += 2) {
        term *= c * c * (k - 1) / k;
        sum += term;
    }
    sum *= s;
    if (df % 2)
        sum = (theta + sum) * M_2_PI;
    return (1 - sum) / 2;
}

double tune_student_t(double p, int df)
{
    double low = -1e6, high = 1e6;

    for (int i = 0; i < 80; i++) {
        double mid = (low + high) / 2;

        if (tune_student_p(mid, df) > p)
            low = mid;
        else
            high = mid;
    }
    return (low + high) / 2;
}

/* ---- effects ---- */

/* Of one load, or (-1) of the mean of all: the unit is the pair. */
static double log_of(const struct entry *e, int pair, int load, int loads)
{
    const double *logs = e->logs + (size_t)pair * (size_t)loads;
    double sum = 0;

    if (load >= 0)
        return logs[load];
    for (int l = 0; l < loads; l++)
        sum += logs[l];
    return sum / loads;
}

static struct tune_effect effect_of(const struct tune *t, const struct entry *e,
                                    int load)
{
    int loads = t->loads;
    struct tune_effect x = {e->pairs, NAN, NAN, NAN, NAN};
    double mean = 0, squares = 0, error, half;

    if (e->pairs == 0)
        return x;
    for (int i = 0; i < e->pairs; i++)
        mean += log_of(e, i, load, loads) / e->pairs;
    x.ratio = exp(mean);
    if (e->pairs < 2)
        return x;
    for (int i = 0; i < e->pairs; i++)
        squares += pow(log_of(e, i, load, loads) - mean, 2);
    error = sqrt(squares / (e->pairs - 1) / e->pairs);
    half = t->t95[e->pairs - 1] * error;
    x.low = exp(mean - half);
    x.high = exp(mean + half);
    /* equal ones to the last bit leave no doubt */
    x.p = error > 0 ? tune_student_p(mean / error, e->pairs - 1) : mean <= 0;
    return x;
}

/* ---- what is drawn: splitmix64, as in sweep.c ---- */

static uint64_t draw(struct tune *t)
{
    uint64_t z = t->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void shuffle(struct tune *t)
{
    for (int i = t->nentries; i > 1; i--) {
        int k = (int)(draw(t) % (uint64_t)i);
        struct entry other = t->entry[k];

        t->entry[k] = t->entry[i - 1];
        t->entry[i - 1] = other;
    }
}

/* ---- steps ---- */

static void free_entries(struct tune *t)
{
    for (int i = 0; i < t->nentries; i++)
        free(t->entry[i].logs);
    t->nentries = 0;
}

static void add_entry(struct tune *t, int candidate)
{
    struct entry *e = &t->entry[t->nentries++];
    struct tune_result *r;

    t->result = mem_grow(t->result, t->nresults + 1, sizeof *t->result);
    r = &t->result[t->nresults];
    *e = (struct entry){
        .candidate = candidate,
        .logs = mem_new((size_t)TUNE_PAIRS * (size_t)t->loads, sizeof *e->logs),
        .result = t->nresults++};
    *r = (struct tune_result){
        .step = t->step,
        .round = t->round,
        .candidate = candidate,
        .slows = -1,
        .all = {.ratio = NAN, .low = NAN, .high = NAN, .p = NAN},
        .load = mem_new((size_t)t->loads, sizeof *r->load)};
    for (int l = 0; l < t->loads; l++)
        r->load[l] = r->all;
}

static void begin(struct tune *t, enum tune_step step)
{
    t->step = step;
    t->pass = t->at = 0;
    free_entries(t);
}

static void note(struct tune *t, const struct entry *e)
{
    struct tune_result *r = &t->result[e->result];

    r->all = effect_of(t, e, -1);
    for (int l = 0; l < t->loads; l++)
        r->load[l] = effect_of(t, e, l);
}

/* Base and winner, or the end where there is none. */
static void begin_final(struct tune *t)
{
    begin(t, TUNE_FINAL);
    if (t->ntaken > 0)
        add_entry(t, -1);
    else
        t->step = TUNE_DONE;
}

static struct tune_result *result_of(const struct tune *t,
                                     const struct entry *e)
{
    return &t->result[e->result];
}

/* The best of the entries that have this decision, or NULL. */
static struct entry *best_of(struct tune *t, enum tune_decision d)
{
    struct entry *best = NULL;

    for (int i = 0; i < t->nentries; i++) {
        struct entry *e = &t->entry[i];

        if (result_of(t, e)->decision == d &&
            (!best ||
             result_of(t, e)->all.ratio > result_of(t, best)->all.ratio))
            best = e;
    }
    return best;
}

/* Whether on that load each of its pairs was better by so much; sign -1: worse.
 */
static bool is_apart(const struct tune *t, const struct entry *e, int load,
                     int sign)
{
    for (int i = 0; i < e->pairs; i++)
        if (sign * log_of(e, i, load, t->loads) < log(TUNE_APART))
            return false;
    return e->pairs == TUNE_SCREEN_PAIRS;
}

/* The first two loads of which one gains and the other loses by it. */
static void look_apart(struct tune *t, const struct entry *e)
{
    const struct tune_effect *x = result_of(t, e)->load;

    for (int a = 0; a < t->loads; a++)
        for (int b = 0; b < t->loads && is_apart(t, e, a, 1); b++) {
            if (t->disagree || !is_apart(t, e, b, -1))
                continue;
            t->disagree = true;
            t->conflict =
                (struct tune_conflict){.round = t->round,
                                       .load = {a, b},
                                       .candidate = {e->candidate, -1},
                                       .screened = true,
                                       .ratio = {x[a].ratio, x[b].ratio}};
        }
}

/* Those that end here, of which nothing more will be seen. */
static void look_for_hints(struct tune *t)
{
    for (int i = 0; i < t->nentries; i++) {
        enum tune_decision is = result_of(t, &t->entry[i])->decision;

        if (is == TUNE_BEHIND || is == TUNE_NOT_BEST)
            look_apart(t, &t->entry[i]);
    }
}

/* Which of those screened are to be confirmed. */
static void end_screen(struct tune *t)
{
    int chosen[TUNE_FINALISTS], n = 0;

    for (int i = 0; i < t->nentries; i++) {
        struct tune_result *r = result_of(t, &t->entry[i]);

        if (!t->entry[i].out)
            r->decision = r->all.ratio > 1 ? TUNE_NOT_BEST : TUNE_BEHIND;
    }
    while (n < TUNE_FINALISTS && best_of(t, TUNE_NOT_BEST)) {
        struct entry *e = best_of(t, TUNE_NOT_BEST);

        result_of(t, e)->decision = TUNE_CHOSEN;
        chosen[n++] = e->candidate;
    }
    look_for_hints(t);
    if (n == 0) {
        begin_final(t);
        return;
    }
    begin(t, TUNE_CONFIRM);
    for (int i = 0; i < n; i++)
        add_entry(t, chosen[i]);
    shuffle(t);
}

/* Holm 1979: the smallest p against level / n, the next against level / (n - 1)
 * and so on, until one is not below. */
static void confirm(struct tune *t)
{
    double level = TUNE_LEVEL / (1 << (t->round - 1));
    int left = 0;

    for (int i = 0; i < t->nentries; i++) {
        struct tune_result *r = result_of(t, &t->entry[i]);

        left += !t->entry[i].out;
        if (!t->entry[i].out)
            r->decision = TUNE_UNCONFIRMED;
    }
    for (; left > 0; left--) {
        struct tune_result *least = NULL;

        for (int i = 0; i < t->nentries; i++) {
            struct tune_result *r = result_of(t, &t->entry[i]);

            if (r->decision == TUNE_UNCONFIRMED &&
                r->all.pairs >= TUNE_LEAST_PAIRS &&
                (!least || r->all.p < least->all.p))
                least = r;
        }
        if (!least || !(least->all.p <= level / left))
            return;
        least->decision = TUNE_CONFIRMED;
    }
}

static void veto(struct tune *t)
{
    for (int i = 0; i < t->nentries; i++) {
        struct tune_result *r = result_of(t, &t->entry[i]);

        for (int l = 0; l < t->loads && r->decision == TUNE_CONFIRMED; l++)
            if (r->load[l].high < 1 - TUNE_SLOWS) {
                r->decision = TUNE_TOO_SLOW;
                r->slows = l;
            }
    }
}

/* What a load wants: the best of those confirmed on it alone, or nothing. */
static struct entry *wanted(struct tune *t, int load)
{
    double level = TUNE_LEVEL / (1 << (t->round - 1)) / TUNE_FINALISTS;
    struct entry *best = NULL;

    for (int i = 0; i < t->nentries; i++) {
        struct entry *e = &t->entry[i];
        const struct tune_effect *x = &result_of(t, e)->load[load];

        if (!e->out && x->pairs >= TUNE_LEAST_PAIRS && x->p <= level &&
            (!best || x->ratio > result_of(t, best)->load[load].ratio))
            best = e;
    }
    return best;
}

/* Whether on that load `own` is beyond doubt better than `other`, NULL: the
 * base. */
static bool is_worse(struct tune *t, struct entry *other, struct entry *own,
                     int load)
{
    const struct tune_effect *x = &result_of(t, other)->load[load];

    return x->high < (own ? result_of(t, own)->load[load].low : 1);
}

static bool is_told(const struct tune *t)
{
    return t->disagree && !t->conflict.screened;
}

static void compare_loads(struct tune *t)
{
    for (int a = 0; a < t->loads && !is_told(t); a++) {
        struct entry *wish = wanted(t, a);

        for (int b = 0; wish && b < t->loads && !is_told(t); b++) {
            struct entry *own = wanted(t, b);

            if (own == wish || !is_worse(t, wish, own, b))
                continue;
            t->disagree = true;
            t->conflict = (struct tune_conflict){
                .round = t->round,
                .load = {a, b},
                .candidate = {wish->candidate, own ? own->candidate : -1}};
        }
    }
}

static void end_confirm(struct tune *t)
{
    struct entry *best;

    confirm(t);
    veto(t);
    compare_loads(t);
    best = best_of(t, TUNE_CONFIRMED);
    if (!best) {
        begin_final(t);
        return;
    }
    result_of(t, best)->decision = TUNE_TAKEN;
    t->taken[t->ntaken++] = best->candidate;
    if (t->round == TUNE_ROUNDS)
        begin_final(t);
    else
        begin(t, TUNE_ROUND);
}

static void end_final(struct tune *t)
{
    struct tune_result *r = result_of(t, &t->entry[0]);

    if (t->entry[0].pairs >= 2)
        r->decision = r->all.low > 1 ? TUNE_HELPS : TUNE_NOTHING;
    t->step = TUNE_DONE;
}

static void end_step(struct tune *t)
{
    if (t->step == TUNE_SCREEN)
        end_screen(t);
    else if (t->step == TUNE_CONFIRM)
        end_confirm(t);
    else
        end_final(t);
}

/* To the next entry that is in the race; each pass has an order of its own. */
static void advance(struct tune *t)
{
    int passes = t->step == TUNE_SCREEN ? TUNE_SCREEN_PAIRS : TUNE_PAIRS;

    for (;;) {
        while (t->at < t->nentries && t->entry[t->at].out)
            t->at++;
        if (t->at < t->nentries)
            return;
        t->at = 0;
        t->pass++;
        if (t->pass == passes) {
            end_step(t);
            return;
        }
        shuffle(t);
    }
}

/* ---- what others see ---- */

struct tune *tune_open(int candidates, int loads, uint64_t seed)
{
    struct tune *t = mem_new(1, sizeof *t);
    size_t n = (size_t)candidates + 1; /* none will do */

    *t = (struct tune){.n = candidates,
                       .loads = loads,
                       .state = seed,
                       .step = TUNE_ROUND,
                       .gone = mem_new(n, sizeof *t->gone),
                       .entry = mem_new(n, sizeof *t->entry)};
    for (int df = 1; df < TUNE_PAIRS; df++)
        t->t95[df] = tune_student_t(0.025, df);
    return t;
}

void tune_close(struct tune *t)
{
    if (!t)
        return;
    free_entries(t);
    for (size_t i = 0; i < t->nresults; i++)
        free(t->result[i].load);
    free(t->result);
    free(t->entry);
    free(t->gone);
    free(t);
}

struct tune_pair tune_next(const struct tune *t)
{
    struct tune_pair p = {.step = t->step, .round = t->round, .candidate = -1};

    if (t->step == TUNE_ROUND)
        p.round++;
    if (t->step == TUNE_ROUND || t->step == TUNE_DONE)
        return p;
    p.candidate = t->entry[t->at].candidate;
    p.number = t->pass;
    p.base_first = t->pass % 2 == 0;
    return p;
}

void tune_round(struct tune *t, const bool *able)
{
    t->round++;
    begin(t, TUNE_SCREEN);
    for (int c = 0; c < t->n; c++)
        if (able[c] && !t->gone[c])
            add_entry(t, c);
    if (t->nentries == 0)
        begin_final(t);
    else
        shuffle(t);
}

void tune_took(struct tune *t, const double *logs)
{
    struct entry *e = &t->entry[t->at];

    memcpy(e->logs + (size_t)e->pairs * (size_t)t->loads, logs,
           (size_t)t->loads * sizeof *logs);
    e->pairs++;
    note(t, e);
    t->at++;
    advance(t);
}

void tune_lost(struct tune *t)
{
    t->entry[t->at].lost++;
    t->at++;
    advance(t);
}

void tune_drop(struct tune *t)
{
    struct entry *e = &t->entry[t->at];

    e->out = true;
    result_of(t, e)->decision = TUNE_DROPPED;
    if (e->candidate >= 0)
        t->gone[e->candidate] = true;
    t->at++;
    advance(t);
}

void tune_hurry(struct tune *t)
{
    if (t->step != TUNE_FINAL && t->step != TUNE_DONE)
        begin_final(t);
    else
        t->step = TUNE_DONE;
}

int tune_results(const struct tune *t, const struct tune_result **list)
{
    *list = t->result;
    return (int)t->nresults;
}

int tune_taken(const struct tune *t, const int **list)
{
    *list = t->taken;
    return t->ntaken;
}

const struct tune_result *tune_final(const struct tune *t)
{
    const struct tune_result *last =
        t->nresults > 0 ? &t->result[t->nresults - 1] : NULL;

    return last && last->step == TUNE_FINAL ? last : NULL;
}

bool tune_conflict(const struct tune *t, struct tune_conflict *c)
{
    *c = t->conflict;
    return t->disagree;
}

int tune_round_runs(int candidates)
{
    int finalists = candidates < TUNE_FINALISTS ? candidates : TUNE_FINALISTS;

    return 2 * (TUNE_SCREEN_PAIRS * candidates + TUNE_PAIRS * finalists);
}

int tune_final_runs(void)
{
    return 2 * TUNE_PAIRS;
}
