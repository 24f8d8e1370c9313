#include "results/effect.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "measure/samples.h"

static void add_error(struct effect *e, const struct verdict_row *r)
{
    double v = r->error * r->error;

    e->variance += v;
    e->welch += v * v / r->df;
}

void effect_add(struct effect *e, const struct verdict_row *x,
                const struct verdict_row *y)
{
    double ratio = x->rate / y->rate, d = log(ratio);
    double v = x->error * x->error + y->error * y->error;

    e->least = e->pairs == 0 ? ratio : fmin(e->least, ratio);
    e->most = e->pairs == 0 ? ratio : fmax(e->most, ratio);
    e->pairs++;
    e->sum += d;
    e->weights += 1 / v;
    e->weighted += d / v;
    e->wsquares += d * d / v;
    add_error(e, x);
    add_error(e, y);
}

double effect_student(double df)
{
    return samples_t(df < 1 ? 1 : (int64_t)fmin(df, 1e6));
}

struct interval effect_interval(const struct effect *e)
{
    struct interval x = {NAN, NAN, NAN};
    double mean, half;

    if (e->pairs == 0)
        return x;
    mean = e->sum / e->pairs;
    half = e->variance == 0
               ? 0
               : effect_student(e->variance * e->variance / e->welch) *
                     sqrt(e->variance) / e->pairs;
    x.ratio = exp(mean);
    x.low = exp(mean - half);
    x.high = exp(mean + half);
    return x;
}

/* Cochran's Q is beyond what chance makes of it, twice its standard deviation
 * above its mean. */
bool effect_disagrees(const struct effect *e)
{
    double q = e->wsquares - e->weighted * e->weighted / e->weights;
    double df = e->pairs - 1;

    return e->pairs > 1 && isfinite(q) && q > df + 2 * sqrt(2 * df) &&
           e->most / e->least > EFFECT_EQUAL;
}

enum told effect_told(const struct interval *x)
{
    if (x->low > 1)
        return TOLD_MORE;
    if (x->high < 1)
        return TOLD_LESS;
    /* NaN is neither */
    return x->low > 1 / EFFECT_EQUAL && x->high < EFFECT_EQUAL ? TOLD_EQUAL
                                                               : TOLD_NOTHING;
}

/* ---- rows that belong together ---- */

bool effect_usable(const struct verdict_row *r)
{
    return !isnan(r->rate) && r->rate > 0;
}

/* Whether some value of the axis never has another axis that varied. */
static bool is_own(const struct verdict_study *s, int axis, int other)
{
    enum { THERE = 1, HAS_IT = 2 };
    int nlevels = s->axes[axis].nlevels;
    unsigned char *seen = mem_new((size_t)nlevels, 1);
    bool own = false;

    for (size_t i = 0; i < s->nrows; i++) {
        const int *level = s->rows[i].level;

        if (level[axis] >= 0)
            seen[level[axis]] |=
                (unsigned char)(level[other] >= 0 ? THERE | HAS_IT : THERE);
    }
    for (int k = 0; k < nlevels; k++)
        own = own || seen[k] == THERE;
    free(seen);
    return own && other != axis && other != s->size;
}

/* Whether each value of the axis has one value of another axis, but not all the
 * same: a server, and the client that it needs. The first of the two is told.
 */
static bool follows(const struct verdict_study *s, int axis, int other)
{
    int *of = mem_new((size_t)s->axes[axis].nlevels, sizeof *of); /* + 1 */
    bool one = other > axis && other != s->size, differ = false;

    for (size_t i = 0; one && i < s->nrows; i++) {
        const int *level = s->rows[i].level;

        if (level[axis] < 0)
            continue;
        one = of[level[axis]] == 0 || of[level[axis]] == level[other] + 1;
        of[level[axis]] = level[other] + 1;
        one = one && level[other] >= 0;
        differ = differ || level[other] != s->rows[0].level[other];
    }
    free(of);
    return one && differ;
}

/* qsort() hands nothing on; one thread. */
static const struct view *comparing;

/* By all axes but this one and its own; those two last. */
static int compare(const void *a, const void *b)
{
    const struct view *v = comparing;
    const int *x = v->s->rows[*(const size_t *)a].level;
    const int *y = v->s->rows[*(const size_t *)b].level;

    for (int own = 0; own < 2; own++)
        for (int k = 0; k < v->s->naxes; k++)
            if ((v->own[k] || k == v->axis) == own && x[k] != y[k])
                return x[k] < y[k] ? -1 : 1;
    return 0;
}

/* Whether two rows differ in nothing but the axis and its own. */
static bool matches(const struct view *v, size_t a, size_t b)
{
    for (int k = 0; k < v->s->naxes; k++)
        if (!v->own[k] && k != v->axis &&
            v->s->rows[a].level[k] != v->s->rows[b].level[k])
            return false;
    return true;
}

static bool same_variant(const struct view *v, size_t a, size_t b)
{
    for (int k = 0; k < v->s->naxes; k++)
        if ((v->own[k] || k == v->axis) &&
            v->s->rows[a].level[k] != v->s->rows[b].level[k])
            return false;
    return true;
}

/* Rows that are alike in the axis and its own. */
struct variant {
    size_t row; /* one of them */
    double sum; /* of the logarithms of the rates */
    size_t n;
    size_t before; /* index + 1 of another one of the same value; 0: none */
};

/* All of them, those of a value in a chain: it has few, and most often one. */
static struct variant *variants(const struct view *v, size_t *n)
{
    int nlevels = v->s->axes[v->axis].nlevels;
    struct variant *list = mem_new(v->n, sizeof *list);
    size_t *last = mem_new((size_t)nlevels, sizeof *last); /* index + 1 */

    *n = 0;
    for (size_t i = 0; i < v->n; i++) {
        size_t *of = &last[v->s->rows[v->row[i]].level[v->axis]], k = *of;

        while (k > 0 && !same_variant(v, list[k - 1].row, v->row[i]))
            k = list[k - 1].before;
        if (k == 0) {
            list[*n] = (struct variant){.row = v->row[i], .before = *of};
            *of = k = ++*n;
        }
        k--;
        list[k].sum += log(v->s->rows[v->row[i]].rate);
        list[k].n++;
    }
    free(last);
    return list;
}

/* Of each value of the axis only its best variant, by its own axes, stays:
 * placements are compared each at its best. */
static void keep_best(struct view *v)
{
    const struct verdict_study *s = v->s;
    int nlevels = s->axes[v->axis].nlevels;
    size_t *best = mem_new((size_t)nlevels, sizeof *best), kept = 0, n;
    struct variant *list = variants(v, &n);

    for (int k = 0; k < nlevels; k++)
        v->rank[k] = NAN;
    for (size_t i = 0; i < n; i++) {
        int k = s->rows[list[i].row].level[v->axis];
        double rank = list[i].sum / (double)list[i].n;

        if (isnan(v->rank[k]) || rank > v->rank[k]) {
            v->rank[k] = rank;
            best[k] = list[i].row;
        }
    }
    for (size_t i = 0; i < v->n; i++)
        if (same_variant(v, v->row[i], best[s->rows[v->row[i]].level[v->axis]]))
            v->row[kept++] = v->row[i];
    v->n = kept;
    free(best);
    free(list);
}

void effect_view_open(struct view *v, const struct verdict_study *s, int axis)
{
    *v = (struct view){.s = s, .axis = axis};
    v->own = mem_new((size_t)s->naxes, sizeof *v->own);
    v->row = mem_new(s->nrows, sizeof *v->row);
    v->rank = mem_new((size_t)s->axes[axis].nlevels, sizeof *v->rank);
    for (int k = 0; k < s->naxes; k++)
        v->own[k] = is_own(s, axis, k) || follows(s, axis, k);
    for (size_t i = 0; i < s->nrows; i++)
        if (effect_usable(&s->rows[i]) && s->rows[i].level[axis] >= 0)
            v->row[v->n++] = i;
    comparing = v;
    qsort(v->row, v->n, sizeof *v->row, compare);
    keep_best(v);
}

void effect_view_close(struct view *v)
{
    free(v->own);
    free(v->row);
    free(v->rank);
}

int effect_sizes(const struct view *v)
{
    const struct verdict_study *s = v->s;

    return s->size < 0 || v->axis == s->size ? 1 : s->axes[s->size].nlevels;
}

struct effect *effect_by_size(const struct view *v, int x, int y)
{
    const struct verdict_row *rows = v->s->rows;
    bool by_size = v->s->size >= 0 && v->axis != v->s->size;
    struct effect *e = mem_new((size_t)effect_sizes(v), sizeof *e);

    for (size_t i = 0, end; i < v->n; i = end) {
        const struct verdict_row *a = NULL, *b = NULL;

        for (end = i; end < v->n && matches(v, v->row[i], v->row[end]); end++) {
            const struct verdict_row *r = &rows[v->row[end]];

            a = r->level[v->axis] == x ? r : a;
            b = r->level[v->axis] == y ? r : b;
        }
        if (a && b)
            effect_add(&e[by_size ? a->level[v->s->size] : 0], a, b);
    }
    return e;
}
