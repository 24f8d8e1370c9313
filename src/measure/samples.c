#include "measure/samples.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int series_open(struct series *s, size_t warmup, size_t room)
{
    size_t n = warmup + room;

    /* malloc and memset, not calloc: every page is touched before the loop */
    s->start = malloc(2 * n * sizeof *s->start);
    if (!s->start)
        return -1;
    memset(s->start, 0, 2 * n * sizeof *s->start);
    s->ns = s->start + n;
    s->warmup = warmup;
    s->room = room;
    s->stride = 1;
    return 0;
}

int samples_open(struct samples *s, size_t warmup, size_t room,
                 struct error *err)
{
    memset(s, 0, sizeof *s);
    if (series_open(&s->put, warmup, room) == 0 &&
        series_open(&s->unpack, warmup, room) == 0)
        return 0;
    samples_free(s);
    return error_set(err, "not enough memory for the timings of %zu pairs",
                     warmup + room);
}

int samples_open_runs(struct samples *s, int n, size_t warmup, size_t room,
                      struct error *err)
{
    s->nruns = n;
    for (int k = 0; k < n; k++)
        if (series_open(&s->run[k], warmup, room) < 0)
            return error_set(err,
                             "not enough memory for the timings of %zu runs",
                             warmup + room);
    return 0;
}

static int open_steps(struct series *s, size_t room, struct error *err)
{
    return series_open(s, 0, room) == 0
               ? 0
               : error_set(err,
                           "not enough memory for the timings of %zu steps",
                           room);
}

int samples_open_lists(struct samples *s, size_t room, struct error *err)
{
    return series_open(&s->poll_list, 0, room) == 0 &&
                   series_open(&s->get_list, 0, room) == 0
               ? 0
               : error_set(err,
                           "not enough memory for the timings of %zu lists",
                           room);
}

int samples_open_retire(struct samples *s, size_t room, struct error *err)
{
    return open_steps(&s->retire, room, err);
}

int samples_open_control(struct samples *s, size_t room, struct error *err)
{
    return open_steps(&s->control, room, err);
}

int samples_open_steps(struct samples *s, int phases, bool paced,
                       struct error *err)
{
    size_t room = s->put.room;

    for (int k = 0; k < phases; k++) {
        struct step_series *x = &s->step[k];

        x->paced = paced;
        if (series_open(&x->span, 0, room) < 0 ||
            (paced && !(x->due = malloc(2 * room * sizeof *x->due))))
            return error_set(err,
                             "not enough memory for the times of %zu "
                             "steps",
                             room);
        if (!paced)
            continue;
        memset(x->due, 0, 2 * room * sizeof *x->due);
        x->ready = x->due + room;
    }
    return 0;
}

/* What the series of spans does with its own. */
static void thin_due(struct step_series *x, size_t kept)
{
    for (size_t k = 1; k < kept; k++) {
        x->due[k] = x->due[2 * k];
        x->ready[k] = x->ready[2 * k];
    }
}

void samples_step(struct step_series *x, int64_t begun, int64_t end,
                  int64_t due, int64_t ready)
{
    struct series *s = &x->span;
    size_t kept = s->kept;
    int64_t k = s->count, stride = s->stride;

    series_add(s, begun, end);
    if (k == 0) {
        x->first_due = due;
        x->first_begun = begun;
    }
    x->last_due = due;
    x->last_begun = begun;
    if (x->paced && s->stride != stride)
        thin_due(x, (kept + 1) / 2);
    if (x->paced && (k & (s->stride - 1)) == 0) {
        x->due[s->kept - 1] = due;
        x->ready[s->kept - 1] = ready;
    }
}

void samples_free(struct samples *s)
{
    free(s->retire.start);
    free(s->poll_list.start);
    free(s->get_list.start);
    free(s->control.start);
    free(s->run[0].start);
    free(s->run[1].start);
    for (int k = 0; k < 2; k++) {
        free(s->step[k].span.start);
        free(s->step[k].due);
        free(s->step[k].left);
    }
    free(s->put.start);
    free(s->unpack.start);
    memset(s, 0, sizeof *s);
}

void samples_thin(struct series *s)
{
    int64_t *start = s->start + s->warmup, *ns = s->ns + s->warmup;

    s->kept = (s->kept + 1) / 2;
    s->stride *= 2;
    for (size_t k = 1; k < s->kept; k++) {
        start[k] = start[2 * k];
        ns[k] = ns[2 * k];
    }
}

/* How many timed operations were done at an instant. */
static double done_at(const struct series *s, int64_t t)
{
    const int64_t *start = s->start + s->warmup, *ns = s->ns + s->warmup;
    size_t begun = samples_below(start, s->kept, t), last = begun - 1;
    int64_t before, ops, span;

    if (begun == 0)
        return 0;
    before = (int64_t)last * s->stride; /* operations before the last begun */
    if (s->stride == 1) {
        ops = 1;
        span = ns[last];
    } else if (begun < s->kept) {
        ops = s->stride;
        span = start[begun] - start[last];
    } else {
        ops = s->count - before;
        span = s->last_end - start[last];
    }
    if (t - start[last] >= span)
        return (double)(before + ops);
    return (double)before +
           (double)ops * (double)(t - start[last]) / (double)span;
}

double samples_within(const struct series *s, int64_t from, int64_t to)
{
    return to > from ? done_at(s, to) - done_at(s, from) : 0;
}

static void translate_steps(struct step_series *x,
                            int64_t (*translate)(const void *, int64_t),
                            const void *clock)
{
    int64_t *const instants[] = {&x->first_due, &x->last_due, &x->first_begun,
                                 &x->last_begun, &x->ends};

    for (size_t k = 0; x->paced && k < x->span.kept; k++) {
        x->due[k] = translate(clock, x->due[k]);
        x->ready[k] = translate(clock, x->ready[k]);
    }
    for (size_t k = 0; k < x->nleft; k++)
        x->left[k] = translate(clock, x->left[k]);
    for (size_t k = 0; k < sizeof instants / sizeof instants[0]; k++)
        *instants[k] = translate(clock, *instants[k]);
}

static void translate_series(struct series *s,
                             int64_t (*translate)(const void *, int64_t),
                             const void *clock)
{
    for (size_t k = 0; k < s->warmup + s->kept; k++)
        s->start[k] = translate(clock, s->start[k]);
    s->last_end = translate(clock, s->last_end);
}

void samples_translate(struct samples *s,
                       int64_t (*translate)(const void *clock, int64_t instant),
                       const void *clock)
{
    int64_t loop = samples_loop(s), whole = samples_main(s);

    translate_series(&s->put, translate, clock);
    translate_series(&s->unpack, translate, clock);
    for (int k = 0; k < s->nruns; k++)
        translate_series(&s->run[k], translate, clock);
    if (s->retire.kept > 0)
        translate_series(&s->retire, translate, clock);
    if (s->poll_list.kept > 0)
        translate_series(&s->poll_list, translate, clock);
    if (s->get_list.kept > 0)
        translate_series(&s->get_list, translate, clock);
    if (s->control.kept > 0)
        translate_series(&s->control, translate, clock);
    for (int k = 0; k < 2; k++) {
        translate_series(&s->step[k].span, translate, clock);
        translate_steps(&s->step[k], translate, clock);
    }
    s->loop_start = translate(clock, s->loop_start);
    s->loop_end = translate(clock, s->loop_end);
    s->main_start = translate(clock, s->main_start);
    s->main_end = translate(clock, s->main_end);
    s->loop_gain = s->loop_end - s->loop_start - loop;
    s->main_gain = s->main_end - s->main_start - whole;
}

int64_t samples_loop(const struct samples *s)
{
    return s->loop_end - s->loop_start - s->loop_gain;
}

int64_t samples_main(const struct samples *s)
{
    return s->main_end - s->main_start - s->main_gain;
}

int64_t samples_between(const struct samples *s)
{
    return samples_loop(s) - s->waited - s->computed - s->paced - s->put.sum -
           s->unpack.sum - s->retire.sum - s->control.sum - s->run[0].sum -
           s->run[1].sum;
}

int64_t samples_quantile_rank(int64_t n, double q, int64_t *upper)
{
    int64_t rank;

    if (n <= 0)
        return -1;
    /* q n may miss a whole number by an ulp or two, which ceil() would carry on
     */
    rank = (int64_t)ceil(q * (double)n * (1 - 4 * DBL_EPSILON)) - 1;
    if (rank < 0)
        rank = 0;
    if (rank > n - 1)
        rank = n - 1;
    if (q > 0.5 && q < 1 && n - 1 - rank < SRB_BEYOND)
        return -1;
    if (upper)
        *upper = q == 0.5 ? n / 2 : rank;
    return rank;
}

static int compare_ns(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

void samples_sort(int64_t *ns, size_t n)
{
    qsort(ns, n, sizeof *ns, compare_ns);
}

size_t samples_below(const int64_t *sorted, size_t n, int64_t x)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (sorted[mid] < x)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

double samples_t(int64_t df)
{
    /* Any table of Student's t; here that of NIST/SEMATECH e-Handbook of
     * Statistical Methods, 1.3.6.7.2. */
    static const double table[] = {
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
        2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
        2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
    const int64_t n = sizeof table / sizeof table[0];
    const double z = 1.959964;

    if (df < 1)
        return NAN;
    if (df <= n)
        return table[df - 1];
    /* the first terms of Cornish and Fisher's expansion (Abramowitz & Stegun
     * 26.7.5) */
    return z + (z * z * z + z) / (4 * (double)df) +
           (5 * z * z * z * z * z + 16 * z * z * z + 3 * z) /
               (96 * (double)df * (double)df);
}
