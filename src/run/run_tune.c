/* srbench tune: a study whose permutations are made one after another, as
 * plan/tune.h asks for them. Every rank makes the same ones; of what came of
 * them rank 0 tells the others.
 *
 * Each run of a side has databases of its own, on which all loads run: what a
 * server's start decides (where its memory lies, which CPU it gets) differs
 * from run to run, and is part of what pairs are compared by.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/output.h"
#include "base/text.h"
#include "base/tick.h"
#include "base/units.h"
#include "plan/tune.h"
#include "results/tuned.h"
#include "run/run.h"
#include "run/run_parts.h"

/* What is needed as long as the study, whatever made it. */
struct held {
    struct candidate_values values;
    struct sweep_tried tried[2]; /* with the candidate, and of the base */
    char *proof;
    struct held *next;
};

struct tune_run {
    struct tune *search;
    const struct candidate *list;
    int n;
    const struct value *now[OPT_COUNT]; /* the base; NULL: as it was given */
    int by[OPT_COUNT];                  /* candidate that set it, -1: none */
    struct held **on;  /* [n] candidates on the base of this round */
    struct held *held; /* all there ever were */
    const char *objective;
    int better;
    const char *version; /* of the server */
    size_t setups;       /* runs so far */
    size_t kept;         /* rows of earlier sessions, which are recalled */
    int ntaken;          /* of those taken over that are part of `now` */
    int *written;        /* what results were when their rows were written */
    size_t nwritten;
    double *logs;   /* [loads] */
    int64_t began;  /* tick */
    double longest; /* s that a pair took */
    bool over;      /* nothing more can be run */
    bool cut;       /* so, or by a limit that is not the search's own */
    char stopped[SRB_ERROR_MAX];
};

/* What came of a permutation, as all ranks know it. */
struct came {
    int status; /* enum status */
    int unproven, wrong;
    double value; /* of the objective, NaN: not measured */
};

/* ---- the candidates ---- */

static int count_candidates(const struct candidate *list)
{
    int n = 0;

    while (list && list[n].name)
        n++;
    return n;
}

static struct held *hold(struct tune_run *u)
{
    struct held *h = mem_new(1, sizeof *h);

    h->next = u->held;
    u->held = h;
    return h;
}

/* The base with the candidate's values. */
static void put_on(const struct value **to, const struct tune_run *u,
                   const struct held *h)
{
    memcpy(to, u->now, sizeof u->now);
    for (int i = 0; h && i < h->values.n; i++)
        to[h->values.option[i]] = &h->values.value[i];
}

/* Whether two come to the same. */
static bool same_values(const struct tune_run *u, const struct held *a,
                        const struct held *b)
{
    const struct value *x[OPT_COUNT], *y[OPT_COUNT];

    put_on(x, u, a);
    put_on(y, u, b);
    for (int id = 0; id < OPT_COUNT; id++)
        if (!x[id] != !y[id] ||
            (x[id] && strcmp(x[id]->text, y[id]->text) != 0))
            return false;
    return true;
}

/* Servers that are alone form no cluster either way. */
static bool is_idle(const struct candidate *c, const struct placement *pl)
{
    return c->set[0].option == OPT_DB_CLUSTER && pl->nshards == 1;
}

/* Whether all loads can be placed so: as permutations of a sweep of their own.
 */
static bool can_be_placed(const struct sweep *s, const struct machine *m,
                          const struct candidate *c,
                          const struct value *const *instead,
                          struct permutation *made)
{
    for (size_t l = 0; l < s->loads; l++) {
        struct placement pl;
        bool idle;

        sweep_load(s, l, &made[l]);
        made[l].index = l;
        made[l].setup = 0;
        for (int id = 0; id < OPT_COUNT; id++)
            if (instead[id])
                made[l].value[id] = instead[id];
        if (place_solve(m, &made[l], &pl, NULL) < 0)
            return false;
        idle = is_idle(c, &pl);
        place_free(&pl);
        if (idle)
            return false;
    }
    return true;
}

/* The candidate on the base as it is; NULL: it has nothing there. */
static struct held *try_on(struct tune_run *u, const struct sweep *s, int c)
{
    struct permutation base;
    struct held *h;

    sweep_load(s, 0, &base);
    for (int id = 0; id < OPT_COUNT; id++)
        if (u->now[id])
            base.value[id] = u->now[id];
    h = hold(u);
    if (!candidate_values(&u->list[c], &base, u->version, &h->values))
        return NULL;
    h->proof = candidate_proof(&u->list[c], &h->values);
    for (int k = 0; k < c; k++)
        if (u->on[k] && same_values(u, u->on[k], h))
            return NULL;
    return h;
}

/* Which candidates there are on the base, by the machine's nodes. */
static void find_able(struct tune_run *u, const struct sweep *s,
                      const struct machine *m)
{
    struct permutation *made = mem_new(s->loads, sizeof *made);

    for (int c = 0; c < u->n; c++) {
        const struct value *instead[OPT_COUNT];

        u->on[c] = try_on(u, s, c);
        put_on(instead, u, u->on[c]);
        if (u->on[c] && !can_be_placed(s, m, &u->list[c], instead, made))
            u->on[c] = NULL;
    }
    free(made);
}

/* And by its CPUs. Collective over the world. */
static void find_fitting(struct run *r)
{
    struct tune_run *u = r->tune;
    const struct sweep *s = &r->plan.sweep;
    struct sweep one = {.options = s->options, .count = s->loads};
    struct error ignored;

    find_able(u, s, &r->team->machine);
    one.made = mem_new(s->loads, sizeof *one.made);
    for (int c = 0; c < u->n; c++) {
        const struct value *instead[OPT_COUNT];

        if (!u->on[c])
            continue;
        put_on(instead, u, u->on[c]);
        can_be_placed(s, &r->team->machine, &u->list[c], instead, one.made);
        if (pin_check(r->team, r->discovery, &one, &ignored) < 0)
            u->on[c] = NULL;
    }
    free(one.made);
}

/* ---- begin ---- */

static int check_objective(const struct options *o, struct error *err)
{
    const char *name = options_one(o, OPT_OBJECTIVE)->text;
    char what[256];

    if (record_better(name) != 0)
        return 0;
    snprintf(what, sizeof what,
             "found '%.60s', expected a figure of /summary that is a rate or a "
             "time, such as window, put_window, window_ops or put_tensor_p99",
             name);
    return options_refuse(o, OPT_OBJECTIVE, what, err);
}

static int check_tuned_file(const struct run *r, struct error *err)
{
    const struct options *o = r->plan.sweep.options;
    const char *path = options_one(o, OPT_TUNED)->text;

    return r->team->rank != 0 || strcmp(path, "none") == 0
               ? 0
               : tuned_check(path,
                             options_one(o, OPT_OVERWRITE)->count ||
                                 options_one(o, OPT_RESUME)->count,
                             err);
}

static struct tune_run *new_search(const struct options *o,
                                   const struct engine *e, size_t loads,
                                   uint64_t seed)
{
    struct tune_run *u = mem_new(1, sizeof *u);

    u->list = e->candidates;
    u->n = count_candidates(u->list);
    u->on = mem_new((size_t)u->n + 1, sizeof *u->on);
    u->search = tune_open(u->n, (int)loads, seed);
    u->objective = options_one(o, OPT_OBJECTIVE)->text;
    u->better = record_better(u->objective);
    u->logs = mem_new(loads, sizeof *u->logs);
    for (int id = 0; id < OPT_COUNT; id++)
        u->by[id] = -1;
    return u;
}

static void close_search(struct tune_run *u)
{
    while (u->held) {
        struct held *h = u->held;

        u->held = h->next;
        candidate_free(&h->values);
        free(h->proof);
        free(h);
    }
    tune_close(u->search);
    free(u->on);
    free(u->written);
    free(u->logs);
    free(u);
}

void run_tune_close(struct run *r)
{
    if (r->tune)
        close_search(r->tune);
    r->tune = NULL;
}

/* Runs of a whole search, as many as there can be. */
static size_t most_runs(int candidates)
{
    return (size_t)(TUNE_ROUNDS * tune_round_runs(candidates) +
                    tune_final_runs());
}

int run_tune_open(struct run *r, struct error *err)
{
    struct sweep *s = &r->plan.sweep;
    struct permutation p;
    const struct server *server;

    if (!s->options->tune)
        return 0;
    if (check_objective(s->options, err) < 0 ||
        team_agree(r->team, r->team->world, check_tuned_file(r, err), err) < 0)
        return -1;
    sweep_at(s, 0, &p);
    server = prepare_server(&r->plan, &p);
    if (count_candidates(server->engine->candidates) == 0)
        return error_set(err, "tune: there is nothing to try with %s",
                         server->engine->name);
    r->tune = new_search(s->options, server->engine, s->count, r->plan.seed);
    r->tune->version = server->version;
    sweep_search(s, most_runs(r->tune->n) * s->count);
    return 0;
}

void run_tune_resume(struct run *r, size_t kept)
{
    struct tune_run *u = r->tune;

    tune_close(u->search);
    u->search = tune_open(u->n, (int)r->plan.sweep.loads, r->plan.seed);
    u->kept = kept;
}

static struct tuned told(const struct run *r)
{
    const struct tune_run *u = r->tune;

    return (struct tuned){.search = u->search,
                          .sweep = &r->plan.sweep,
                          .list = u->list,
                          .n = u->n,
                          .winner = u->now,
                          .by = u->by,
                          .objective = u->objective,
                          .better = u->better,
                          .stopped = u->stopped,
                          .runs = u->setups,
                          .command_line = r->plan.study.command_line};
}

/* ---- the plan ---- */

/* One that could be tried, by what is known before a server was asked. */
static void print_candidate(const struct tune_run *u, int c)
{
    const struct held *h = u->on[c];
    char since[64] = "";

    if (u->list[c].since)
        snprintf(since, sizeof since, ", of version %s and newer",
                 u->list[c].since);
    printf("  %s: %s%s\n", u->list[c].name, u->list[c].what, since);
    for (int i = 0; i < h->values.n; i++) {
        printf("    ");
        options_show_one(stdout, h->values.option[i], &h->values.value[i]);
    }
}

static void print_time(const struct options *o, size_t loads, int runs)
{
    const struct value *duration = options_one(o, OPT_DURATION);
    char time[64];

    if (!duration->is_auto)
        printf("  time     a round at least %s in the loops, and what the "
               "servers take to start %d times (a cluster about 2 s each)\n",
               units_print_seconds(duration->seconds * (double)loads * runs,
                                   time, sizeof time),
               runs);
}

static void print_search(const struct tune_run *u, const struct sweep *s,
                         int able)
{
    int round = tune_round_runs(able);

    printf("search: %d candidate%s beside the base, at most %d runs in a round "
           "and %d for base and winner at last; each run starts databases of "
           "its own for %zu load%s\n",
           able, able == 1 ? "" : "s", round, tune_final_runs(), s->loads,
           s->loads == 1 ? "" : "s");
    printf("  rounds   until nothing more is confirmed, at most %d\n",
           TUNE_ROUNDS);
    printf("  better   %s %s\n", u->better > 0 ? "higher" : "lower",
           u->objective);
    print_time(s->options, s->loads, round);
    for (int c = 0; c < u->n; c++)
        if (u->on[c])
            print_candidate(u, c);
}

int run_tune_plan(const struct sweep *s, const struct machine *m,
                  struct error *err)
{
    const char *exe = options_one(s->options, OPT_DB_EXE)->text;
    const struct engine *e = engine_expected(exe);
    struct sweep search = *s;
    struct tune_run *u;
    int able = 0;

    if (check_objective(s->options, err) < 0)
        return -1;
    if (count_candidates(e->candidates) == 0)
        return error_set(err, "tune: there is nothing to try with %s", e->name);
    search.loads = s->count;
    u = new_search(s->options, e, s->count, 0);
    find_able(u, &search, m);
    for (int c = 0; c < u->n; c++)
        able += u->on[c] != NULL;
    print_search(u, &search, able);
    output_flush();
    close_search(u);
    return 0;
}

/* ---- the file ---- */

/* As it is before anything was tried: rows that are not there are blank. */
void run_tune_table(const struct run *r, struct fields *cells,
                    struct sink_table *table)
{
    const struct tuned x = told(r);
    size_t nrows = tuned_room(r->tune->n, r->plan.sweep.loads);
    struct tune_effect none = {0, NAN, NAN, NAN, NAN};
    const struct tune_result blank = {
        .step = TUNE_SCREEN, .all = none, .load = &none};

    for (size_t i = 0; i < nrows; i++) {
        struct fields row = {0};

        tuned_row(&row, &x, &blank, -1);
        record_unknown(&row);
        for (size_t c = 0; c < row.n; c++)
            fields_copy(cells, &row.list[c]);
        table->ncols = row.n;
        fields_free(&row);
    }
    table->cells = cells->list;
    table->nrows = nrows;
}

/* Rank 0: result i, in the rows that are its own. */
static void write_result(struct run *r, const struct tuned *x, size_t i)
{
    const struct tune_result *list;
    int each = tuned_rows(r->plan.sweep.loads);
    struct error err;
    int rc = 0;

    tune_results(x->search, &list);
    for (int k = 0; k < each && rc == 0; k++) {
        struct fields row = {0};

        tuned_row(&row, x, &list[i], k - 1);
        rc = sinks_extra(&r->sinks, i * (size_t)each + (size_t)k, &row, &err);
        fields_free(&row);
    }
    if (rc < 0)
        r->rows_failed = err;
}

/* Another text in a row takes more of the file: only what has changed. */
static void write_results(struct run *r)
{
    const struct tuned x = told(r);
    struct tune_run *u = r->tune;
    const struct tune_result *list;
    size_t n = (size_t)tune_results(x.search, &list);

    if (r->team->rank != 0)
        return;
    u->written = mem_grow(u->written, n + 1, sizeof *u->written);
    for (; u->nwritten < n; u->nwritten++)
        u->written[u->nwritten] = -1;
    for (size_t i = 0; i < n && !r->rows_failed.text[0]; i++) {
        int is = list[i].all.pairs * 100 + (int)list[i].decision;

        if (u->written[i] != is)
            write_result(r, &x, i);
        u->written[i] = is;
    }
}

void run_tune_study(const struct run *r, struct fields *study)
{
    const struct tune_run *u = r->tune;
    char *candidates = tuned_candidates(u->list, u->n);

    fields_text(study, "tune_objective", u->objective);
    fields_text(study, "tune_better", u->better > 0 ? "higher" : "lower");
    fields_text(study, "tune_candidates", candidates);
    free(candidates);
}

char *run_tune_end(const struct run *r, struct fields *end)
{
    const struct tuned x = told(r);
    char *winner = tuned_winner(&x);

    fields_text(end, "tune_winner", winner);
    fields_text(end, "tune_stopped", x.stopped);
    free(winner);
    return tuned_words(&x);
}

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
        run_permutation(r, i, i, &o);
    came = (struct came){.status = o.status,
                         .unproven = o.unproven,
                         .wrong = o.summary.verify_errors > 0,
                         .value = record_figure(&o, r->tune->objective)};
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
            stop(u, true, "a run was not started, which its row says why");
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
    struct held *h = hold(u);

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
        put_on(with, u, u->on[p->candidate]);
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

    find_fitting(r);
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
    write_results(r);
}

void run_tune(struct run *r)
{
    struct tune_run *u = r->tune;
    struct tune_pair p;

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

/* ---- the result ---- */

int run_tune_report(struct run *r, const char *words, struct error *err)
{
    const struct tuned x = told(r);
    const char *path = options_one(r->plan.sweep.options, OPT_TUNED)->text;
    char *winner = tuned_winner(&x);
    bool file = strcmp(path, "none") != 0;
    int rc = file ? tuned_write(path, &x, err) : 0;

    if (diag_level() != DIAG_QUIET) {
        diag_live(NULL);
        tuned_print(stdout, &x);
        printf("\n%s%s", words, winner);
        if (file && rc == 0)
            printf("configuration: %s\n", path);
        printf("\n");
    }
    free(winner);
    return rc;
}
