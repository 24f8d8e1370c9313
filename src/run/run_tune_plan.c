/* What a search may try on this machine, and what it is refused for. */
#include "run/run_tune_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/output.h"
#include "base/units.h"
#include "results/tuned.h"
#include "run/run.h"

/* ---- the candidates ---- */

static int count_candidates(const struct candidate *list)
{
    int n = 0;

    while (list && list[n].name)
        n++;
    return n;
}

struct held *run_tune_hold(struct tune_run *u)
{
    struct held *h = mem_new(1, sizeof *h);

    h->next = u->held;
    u->held = h;
    return h;
}

/* The base with the candidate's values. */
void run_tune_put_on(const struct value **to, const struct tune_run *u,
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

    run_tune_put_on(x, u, a);
    run_tune_put_on(y, u, b);
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
    h = run_tune_hold(u);
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
        run_tune_put_on(instead, u, u->on[c]);
        if (u->on[c] && !can_be_placed(s, m, &u->list[c], instead, made))
            u->on[c] = NULL;
    }
    free(made);
}

/* And by its CPUs. Collective over the world. */
void run_tune_find(struct run *r)
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
        run_tune_put_on(instead, u, u->on[c]);
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

    if (record_better(name) != 0 && record_measures(o, name))
        return 0;
    if (record_better(name) != 0)
        snprintf(what, sizeof what,
                 "found '%.60s', which this study does not measure; expected "
                 "another, such as %s",
                 name,
                 options_computes(o) ? "overhead or step_median"
                 : options_paced(o)  ? "step_response_p99 or achieved_rate"
                                     : "window or put_tensor_p99");
    else
        snprintf(what, sizeof what,
                 "found '%.60s', expected a figure of /summary that is a rate, "
                 "a time or an overhead, such as window, window_ops or "
                 "put_tensor_p99",
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
    size_t round = (size_t)tune_round_runs(candidates);

    return TUNE_ROUNDS * round + (size_t)tune_final_runs();
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
