#include "study/sustain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/expect.h"

struct sustain {
    struct expect *limit;
    const char *figure;
};

/* Of whom the limit may be; of these where models are run. */
#define RUNS "run_"
static const char *const stems[] = {
    "put_response_",  "unpack_response_", "step_response_", "put_tensor_",
    "unpack_tensor_", RUNS "script_",     RUNS "model_"};

static bool may_be(const char *name)
{
    for (size_t k = 0; k < sizeof stems / sizeof stems[0]; k++)
        if (strncmp(name, stems[k], strlen(stems[k])) == 0)
            return true;
    return false;
}

/* The figures of a summary, as an outcome's. */
static void list(struct fields *f, const struct summary *s)
{
    struct outcome o;
    struct fields all = {0};

    record_clear(&o, SCOPE_ALL);
    if (s)
        o.summary = *s;
    record_figures(&all, &o, FIGURE_MEASURED);
    for (size_t i = 0; i < all.n; i++)
        if (may_be(all.list[i].name))
            fields_copy(f, &all.list[i]);
    fields_free(&all);
}

int sustain_open(struct sustain **out, const struct sweep *s, struct error *err)
{
    const struct value *map = options_one(s->options, OPT_SUSTAIN);
    struct fields figures = {0};
    struct expect *limit = NULL;
    int rc;

    *out = NULL;
    if (!options_says(s->options, OPT_RATE, RATE_SEARCH))
        return 0;
    list(&figures, NULL);
    if (!options_infers(s->options) &&
        strncmp(map->pairs[0].name, RUNS, strlen(RUNS)) == 0)
        rc = options_refuse(s->options, OPT_SUSTAIN,
                            "is of a run, and no models are run; expected a "
                            "figure such as put_response_p99",
                            err);
    else
        rc = expect_limit_open(&limit, &map->pairs[0], &figures, err);
    fields_free(&figures);
    if (rc < 0)
        return -1;
    *out = mem_new(1, sizeof **out);
    (*out)->limit = limit;
    (*out)->figure = map->pairs[0].name;
    return 0;
}

void sustain_close(struct sustain *x)
{
    if (x)
        expect_close(x->limit);
    free(x);
}

const char *sustain_figure(const struct sustain *x)
{
    return x->figure;
}

/* Samples that it needs: 10 beyond the percentile. */
static double needed(const struct sustain *x)
{
    static const struct {
        const char *end;
        double q;
    } percentiles[] = {{"_p95", 0.95}, {"_p99", 0.99}, {"_p99.9", 0.999}};
    size_t length = strlen(x->figure);

    for (size_t k = 0; k < sizeof percentiles / sizeof percentiles[0]; k++) {
        const char *end = percentiles[k].end;

        if (length > strlen(end) &&
            strcmp(x->figure + length - strlen(end), end) == 0)
            return ceil(SRB_BEYOND / (1 - percentiles[k].q) - 1e-6);
    }
    return 1;
}

/* One that keeps every second, fourth, … may have kept but half of its room. */
static double kept(const struct permutation *p, int clients)
{
    return (double)p->value[OPT_MAX_SAMPLES]->count / 2 * clients;
}

int sustain_check(const struct sustain *x, const struct sweep *s,
                  const struct machine *m, struct error *err)
{
    for (size_t i = 0; x && i < s->count; i++) {
        struct permutation p;
        struct placement pl;
        int clients;

        sweep_at(s, i, &p);
        if (!permutation_searches(&p) || place_solve(m, &p, &pl, NULL) < 0)
            continue; /* refused elsewhere */
        clients = pl.nclients;
        place_free(&pl);
        if (kept(&p, clients) < needed(x))
            return error_set(
                err,
                "sustain: %s needs %.0f samples to have 10 beyond it, and of "
                "many operations %d client%s may keep but %.0f; expected "
                "max_samples of %.0f or more",
                x->figure, needed(x), clients, clients == 1 ? "" : "s",
                kept(&p, clients), ceil(2 * needed(x) / clients));
    }
    return 0;
}

/* Of random arrivals there may be fewer than on average, by four deviations at
 * most. */
double sustain_least(const struct sustain *x, const struct permutation *p,
                     int clients)
{
    double n = needed(x), duration = permutation_duration(p);

    if (p->value[OPT_ARRIVALS]->count == ARRIVALS_POISSON)
        n += 4 * sqrt(n) + 8;
    if (permutation_count(p, OPT_PATTERN, PATTERN_PAIR) == PATTERN_PHASES)
        duration /= 2;
    /* a step of each at least, and of uniform ones the first may be late */
    return fmax((n + clients) / (duration * clients), 2 / duration);
}

double sustain_value(const struct sustain *x, const struct summary *s)
{
    struct fields figures = {0};
    double value;

    list(&figures, s);
    value = fields_find(&figures, x->figure)->real;
    fields_free(&figures);
    return value;
}

bool sustain_holds(const struct sustain *x, const struct permutation *p,
                   const struct summary *s)
{
    struct judgement verdict = {0};
    struct fields figures = {0};

    list(&figures, s);
    expect_judge(x->limit, p, &figures, &verdict);
    fields_free(&figures);
    return verdict.limits > 0 && verdict.breaches == 0;
}
