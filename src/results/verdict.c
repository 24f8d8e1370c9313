#include "results/verdict.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/units.h"
#include "measure/samples.h"

#define EQUAL 1.05 /* what lies within is called that */
#define MOST_LEVELS_TOLD 3
#define TEXT 512

/* ---- effects ---- */

/* Of one value of an axis against another, at one size or all. */
struct effect {
    int pairs;
    double sum, squares;                /* of the logarithms of the ratios */
    double variance;                    /* of the sum */
    double welch;                       /* sum of variances^2 / df */
    double weights, weighted, wsquares; /* by the inverse of variances */
    double least, most;                 /* ratios */
};

static void add_error(struct effect *e, const struct verdict_row *r)
{
    double v = r->error * r->error;

    e->variance += v;
    e->welch += v * v / r->df;
}

static void add_pair(struct effect *e, const struct verdict_row *x,
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

double verdict_t(double df)
{
    return samples_t(df < 1 ? 1 : (int64_t)fmin(df, 1e6));
}

struct interval {
    double ratio, low, high;
};

static struct interval interval_of(const struct effect *e)
{
    struct interval x = {NAN, NAN, NAN};
    double mean, half;

    if (e->pairs == 0)
        return x;
    mean = e->sum / e->pairs;
    half = e->variance == 0 ? 0
                            : verdict_t(e->variance * e->variance / e->welch) *
                                  sqrt(e->variance) / e->pairs;
    x.ratio = exp(mean);
    x.low = exp(mean - half);
    x.high = exp(mean + half);
    return x;
}

/* Cochran's Q is beyond what chance makes of it, twice its standard deviation
 * above its mean. */
static bool disagrees(const struct effect *e)
{
    double q = e->wsquares - e->weighted * e->weighted / e->weights;
    double df = e->pairs - 1;

    return e->pairs > 1 && isfinite(q) && q > df + 2 * sqrt(2 * df) &&
           e->most / e->least > EQUAL;
}

enum told { TOLD_MORE, TOLD_LESS, TOLD_EQUAL, TOLD_NOTHING, TOLDS };

static enum told tell(const struct interval *x)
{
    if (x->low > 1)
        return TOLD_MORE;
    if (x->high < 1)
        return TOLD_LESS;
    /* NaN is neither */
    return x->low > 1 / EQUAL && x->high < EQUAL ? TOLD_EQUAL : TOLD_NOTHING;
}

/* ---- rows that belong together ---- */

/* One axis at a time: its rows, so ordered that those which differ in nothing
 * else are neighbours. */
struct view {
    const struct verdict_study *s;
    int axis;
    bool *own;   /* [naxes] axes that only some of its values have */
    size_t *row; /* [n] */
    size_t n;
    double *rank; /* [nlevels] mean logarithm of the rate; NaN: none */
};

static bool is_usable(const struct verdict_row *r)
{
    return !isnan(r->rate) && r->rate > 0;
}

/* Whether a value of the axis never has another axis that varied. */
static bool lacks(const struct verdict_study *s, int axis, int level, int other)
{
    bool any = false;

    for (size_t i = 0; i < s->nrows; i++) {
        if (s->rows[i].level[axis] != level)
            continue;
        any = true;
        if (s->rows[i].level[other] >= 0)
            return false;
    }
    return any;
}

static bool is_own(const struct verdict_study *s, int axis, int other)
{
    if (other == axis || other == s->size)
        return false;
    for (int k = 0; k < s->axes[axis].nlevels; k++)
        if (lacks(s, axis, k, other))
            return true;
    return false;
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
};

/* All of them; there are few. */
static struct variant *variants(const struct view *v, size_t *n)
{
    struct variant *list = NULL;
    size_t k = 0;

    *n = 0;
    for (size_t i = 0; i < v->n; i++) {
        for (k = 0; k < *n && !same_variant(v, list[k].row, v->row[i]);)
            k++;
        if (k == *n) {
            list = mem_grow(list, ++*n, sizeof *list);
            list[k] = (struct variant){.row = v->row[i]};
        }
        list[k].sum += log(v->s->rows[v->row[i]].rate);
        list[k].n++;
    }
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

static void view_open(struct view *v, const struct verdict_study *s, int axis)
{
    *v = (struct view){.s = s, .axis = axis};
    v->own = mem_new((size_t)s->naxes, sizeof *v->own);
    v->row = mem_new(s->nrows, sizeof *v->row);
    v->rank = mem_new((size_t)s->axes[axis].nlevels, sizeof *v->rank);
    for (int k = 0; k < s->naxes; k++)
        v->own[k] = is_own(s, axis, k);
    for (size_t i = 0; i < s->nrows; i++)
        if (is_usable(&s->rows[i]) && s->rows[i].level[axis] >= 0)
            v->row[v->n++] = i;
    comparing = v;
    qsort(v->row, v->n, sizeof *v->row, compare);
    keep_best(v);
}

static void view_close(struct view *v)
{
    free(v->own);
    free(v->row);
    free(v->rank);
}

/* The sizes by which the sentence of an axis goes. */
static int sizes_of(const struct view *v)
{
    const struct verdict_study *s = v->s;

    return s->size < 0 || v->axis == s->size ? 1 : s->axes[s->size].nlevels;
}

/* Value x of the axis against y: an effect for each size. */
static struct effect *effects(const struct view *v, int x, int y)
{
    const struct verdict_row *rows = v->s->rows;
    bool by_size = v->s->size >= 0 && v->axis != v->s->size;
    struct effect *e = mem_new((size_t)sizes_of(v), sizeof *e);

    for (size_t i = 0, end; i < v->n; i = end) {
        const struct verdict_row *a = NULL, *b = NULL;

        for (end = i; end < v->n && matches(v, v->row[i], v->row[end]); end++) {
            const struct verdict_row *r = &rows[v->row[end]];

            a = r->level[v->axis] == x ? r : a;
            b = r->level[v->axis] == y ? r : b;
        }
        if (a && b)
            add_pair(&e[by_size ? a->level[v->s->size] : 0], a, b);
    }
    return e;
}

/* ---- words ---- */

/* A ratio; one that is near 1 with another digit. */
static char *ratio_text(double x, bool fine, char *buf, size_t n)
{
    int places = x >= 9.95 ? 0 : x >= 0.995 ? 1 : 2;

    if (fine && x < 9.95)
        places++;
    snprintf(buf, n, "%.*f", places, x);
    return buf;
}

/* "x1.9 (1.2 to 2.9)", of several sizes "x1.3 to x1.9 (1.1 to 2.9)". */
static void add_ratios(char *buf, size_t n, double least, double most,
                       double low, double high)
{
    /* what is told from 1 does not read 1.0 */
    double nearest = least > 1 ? low : high;
    bool fine =
        fmax(high, most) / fmin(low, least) < 1.2 || fabs(nearest - 1) < 0.05;
    char a[32], b[32], c[32], d[32];

    ratio_text(least, fine, a, sizeof a);
    ratio_text(most, fine, b, sizeof b);
    if (strcmp(a, b) == 0)
        text_add(buf, n, "x%s", a);
    else
        text_add(buf, n, "x%s to x%s", a, b);
    text_add(buf, n, " (%s to %s)", ratio_text(low, fine, c, sizeof c),
             ratio_text(high, fine, d, sizeof d));
}

/* The next run of sizes that are in the set, from *first on. */
static bool next_run(const bool *in, int n, int *first, int *last)
{
    while (*first < n && !in[*first])
        ++*first;
    for (*last = *first; *last + 1 < n && in[*last + 1];)
        ++*last;
    return *first < n;
}

/* Where that holds: "", " at 1 MiB", " up to 64 KiB and from 1 MiB on". */
static void add_places(const struct verdict_study *s, enum told told,
                       const bool *in, int n, char *buf, size_t size)
{
    const char *const *word = n > 1 ? s->axes[s->size].word : NULL;
    const char *between = " ";

    for (int first = 0, last; n > 1 && next_run(in, n, &first, &last);
         first = last + 1, between = " and ") {
        if (first == 0 && last == n - 1)
            text_add(buf, size,
                     told == TOLD_NOTHING ? " at any size" : " at every size");
        else if (first == last)
            text_add(buf, size, "%sat %s", between, word[first]);
        else if (first == 0)
            text_add(buf, size, "%sup to %s", between, word[last]);
        else if (last == n - 1)
            text_add(buf, size, "%sfrom %s on", between, word[first]);
        else
            text_add(buf, size, "%sfrom %s to %s", between, word[first],
                     word[last]);
    }
}

/* What is told alike of these sizes. */
static void add_told(const struct verdict_study *s, enum told told,
                     const struct interval *x, const bool *in, int n, char *buf,
                     size_t size)
{
    double least = INFINITY, most = 0, low = INFINITY, high = 0;

    for (int k = 0; k < n; k++)
        if (in[k]) {
            least = fmin(least, x[k].ratio);
            most = fmax(most, x[k].ratio);
            low = fmin(low, x[k].low);
            high = fmax(high, x[k].high);
        }
    if (told == TOLD_MORE || told == TOLD_LESS)
        add_ratios(buf, size, least, most, low, high);
    else
        text_add(buf, size, "%s",
                 told == TOLD_EQUAL ? "equal within 5 %"
                                    : "no difference that this study can tell");
    add_places(s, told, in, n, buf, size);
}

/* ", by what else varied x0.98 to x2.6": where matched rows disagree. */
static void add_disagreement(const struct effect *e, int n, char *buf,
                             size_t size)
{
    double least = INFINITY, most = 0;
    char a[32], b[32];

    for (int k = 0; k < n; k++)
        if (disagrees(&e[k])) {
            least = fmin(least, e[k].least);
            most = fmax(most, e[k].most);
        }
    if (most > 0)
        text_add(buf, size, "; x%s to x%s by what else varied",
                 ratio_text(least, false, a, sizeof a),
                 ratio_text(most, false, b, sizeof b));
}

/* Value x against y; nothing where they have no rows that match. */
static bool add_comparison(const struct view *v, int x, int y, char *buf,
                           size_t size)
{
    int n = sizes_of(v), any = 0;
    struct effect *e = effects(v, x, y);
    struct interval *i = mem_new((size_t)n, sizeof *i);
    bool *in = mem_new((size_t)n, sizeof *in);

    for (int k = 0; k < n; k++)
        i[k] = interval_of(&e[k]);
    for (int told = 0; told < TOLDS; told++) {
        int found = 0;

        for (int k = 0; k < n; k++) {
            in[k] = e[k].pairs > 0 && (int)tell(&i[k]) == told;
            found += in[k];
        }
        if (found == 0)
            continue;
        text_add(buf, size, "%s%s", any ? ", " : "",
                 !any && told <= TOLD_LESS ? "bandwidth " : "");
        add_told(v->s, (enum told)told, i, in, n, buf, size);
        any += found;
    }
    add_disagreement(e, n, buf, size);
    free(e);
    free(i);
    free(in);
    return any > 0;
}

/* "colocated (transport unix)": a value, and its own axes as they were at its
 * best. */
static char *level_text(const struct view *v, int level, char *buf, size_t n)
{
    const struct verdict_study *s = v->s;
    const struct verdict_row *r = NULL;
    const char *between = " (";

    for (size_t i = 0; i < v->n && !r; i++)
        if (s->rows[v->row[i]].level[v->axis] == level)
            r = &s->rows[v->row[i]];
    snprintf(buf, n, "%s", s->axes[v->axis].word[level]);
    for (int k = 0; r && k < s->naxes; k++)
        if (v->own[k] && r->level[k] >= 0) {
            const struct verdict_axis *a = &s->axes[k];

            if (a->amounts)
                text_add(buf, n, "%s%c%s %s", between,
                         tolower((unsigned char)a->name[0]), a->name + 1,
                         a->word[r->level[k]]);
            else
                text_add(buf, n, "%s%s", between, a->word[r->level[k]]);
            between = ", ";
        }
    text_add(buf, n, "%s", *between == ',' ? ")" : "");
    return buf;
}

/* The value that ranks highest of those not taken; -1: none is left. */
static int highest(const struct view *v, const bool *taken)
{
    int best = -1;

    for (int k = 0; k < v->s->axes[v->axis].nlevels; k++)
        if (!taken[k] && !isnan(v->rank[k]) &&
            (best < 0 || v->rank[k] > v->rank[best]))
            best = k;
    return best;
}

/* Value x against y, over all sizes together. */
static struct interval at_all_sizes(const struct view *v, int x, int y)
{
    struct effect *e = effects(v, x, y), all = {0};

    for (int k = 0; k < sizes_of(v); k++) {
        all.pairs += e[k].pairs;
        all.sum += e[k].sum;
        all.variance += e[k].variance;
        all.welch += e[k].welch;
    }
    free(e);
    return interval_of(&all);
}

/* First to last; and the one between that is above both. */
static void add_amounts(const struct view *v, char *buf, size_t n)
{
    const struct verdict_axis *a = &v->s->axes[v->axis];
    bool *none = mem_new((size_t)a->nlevels, sizeof *none);
    int first = 0, last = a->nlevels - 1, top = highest(v, none), end;
    size_t before = strlen(buf);
    struct interval x;

    free(none);
    while (first < last && isnan(v->rank[first]))
        first++;
    while (last > first && isnan(v->rank[last]))
        last--;
    if (first >= last)
        return;
    text_add(buf, n, "%s, %s to %s: ", a->name, a->word[first], a->word[last]);
    if (!add_comparison(v, last, first, buf, n)) {
        buf[before] = '\0';
        return;
    }
    end = v->rank[last] > v->rank[first] ? last : first;
    if (top == first || top == last)
        return;
    x = at_all_sizes(v, top, end);
    if (tell(&x) != TOLD_MORE)
        return;
    text_add(buf, n, ", most at %s, ", a->word[top]);
    add_ratios(buf, n, x.ratio, x.ratio, x.low, x.high);
    text_add(buf, n, " of that at %s", a->word[end]);
}

/* The best against the others, one after the other; of many against the next
 * and the last. */
static void add_kinds(const struct view *v, char *buf, size_t n)
{
    const struct verdict_axis *a = &v->s->axes[v->axis];
    bool *taken = mem_new((size_t)a->nlevels, sizeof *taken);
    int best = highest(v, taken), there = 0, other;
    size_t before = strlen(buf);
    char text[TEXT];
    bool any = false;

    for (int k = 0; k < a->nlevels; k++)
        there += !isnan(v->rank[k]);
    if (best >= 0)
        taken[best] = true;
    for (int k = 1; best >= 0 && (other = highest(v, taken)) >= 0; k++) {
        size_t here = strlen(buf);

        taken[other] = true;
        if (there - 1 > MOST_LEVELS_TOLD && k > 1 && k < there - 1)
            continue;
        if (!any)
            text_add(buf, n, "%s, %s", a->name,
                     level_text(v, best, text, sizeof text));
        text_add(buf, n, "%s against %s: ", any ? ";" : "",
                 level_text(v, other, text, sizeof text));
        if (add_comparison(v, best, other, buf, n))
            any = true;
        else
            buf[any ? here : before] = '\0';
    }
    free(taken);
}

/* All flags that any row raised, each once; whether every completed row raised
 * one. */
static bool all_flagged(const struct verdict_study *s, char *flags, size_t n)
{
    size_t completed = 0, flagged = 0;

    flags[0] = '\0';
    for (size_t i = 0; i < s->nrows; i++) {
        char copy[TEXT], *rest;

        if (!is_usable(&s->rows[i]))
            continue;
        completed++;
        flagged += s->rows[i].flags[0] != '\0';
        snprintf(copy, sizeof copy, "%s", s->rows[i].flags);
        for (char *f = strtok_r(copy, ",", &rest); f;
             f = strtok_r(NULL, ",", &rest))
            if (!strstr(flags, f))
                text_join(flags, n, ", ", "%s", f);
    }
    return completed > 0 && flagged == completed;
}

static size_t completed(const struct verdict_study *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->nrows; i++)
        n += is_usable(&s->rows[i]);
    return n;
}

static void print_caution(const struct verdict_study *s, FILE *out)
{
    char flags[TEXT];

    if (all_flagged(s, flags, sizeof flags))
        fprintf(out,
                "Every configuration is flagged (%s): what follows may be of "
                "that, and not of the database.\n",
                flags);
}

static void print_axis(const struct verdict_study *s, int axis, FILE *out)
{
    char words[16 * TEXT] = "";
    struct view v;

    view_open(&v, s, axis);
    if (s->axes[axis].amounts)
        add_amounts(&v, words, sizeof words);
    else
        add_kinds(&v, words, sizeof words);
    if (words[0])
        fprintf(out, "%s\n", words);
    view_close(&v);
}

/* One configuration is all there is. */
static void print_single(const struct verdict_study *s, FILE *out)
{
    for (size_t i = 0; i < s->nrows; i++) {
        const struct verdict_row *r = &s->rows[i];
        double half = verdict_t(r->df) * r->error;
        char rate[32], low[32], high[32];

        if (!is_usable(r))
            continue;
        fprintf(out, "Bandwidth %s", units_print_rate(r->rate, rate, 32));
        if (!isnan(half))
            fprintf(out, " (%s to %s)",
                    units_print_rate(r->rate * exp(-half), low, 32),
                    units_print_rate(r->rate * exp(half), high, 32));
        fprintf(out, "; nothing else was completed that it could be compared "
                     "with\n");
    }
}

char *verdict_words(const struct verdict_study *s)
{
    char *text;
    size_t n, have = completed(s);
    FILE *out = mem_stream(&text, &n);

    print_caution(s, out);
    if (have == 1)
        print_single(s, out);
    for (int k = 0; have > 1 && k < s->naxes; k++)
        print_axis(s, k, out);
    if (have > 0 && s->within)
        fprintf(out, "Intervals are within this run: another may differ by "
                     "more, which --repetitions tells.\n");
    fclose(out);
    if (n > 0)
        text[n - 1] = '\0'; /* the last line's end */
    return text;
}

/* ---- the best of each size ---- */

static int size_of(const struct verdict_study *s, size_t i)
{
    return s->size < 0 ? 0 : s->rows[i].level[s->size];
}

/* NaN is no difference that could be told. */
static bool is_less(const struct verdict_row *x, const struct verdict_row *best)
{
    struct effect e = {0};
    struct interval i;

    add_pair(&e, x, best);
    i = interval_of(&e);
    return tell(&i) == TOLD_LESS;
}

void verdict_best(const struct verdict_study *s, bool *best)
{
    int n = s->size < 0 ? 1 : s->axes[s->size].nlevels;
    const struct verdict_row **top = mem_new((size_t)n, sizeof(void *));
    int *count = mem_new((size_t)n, sizeof *count);

    for (size_t i = 0; i < s->nrows; i++) {
        const struct verdict_row *r = &s->rows[i];
        int k = size_of(s, i);

        if (!is_usable(r))
            continue;
        count[k]++;
        if (!top[k] || r->rate > top[k]->rate)
            top[k] = r;
    }
    for (size_t i = 0; i < s->nrows; i++) {
        const struct verdict_row *r = &s->rows[i];
        int k = size_of(s, i);

        best[i] = is_usable(r) && count[k] > 1 &&
                  (r == top[k] || !is_less(r, top[k]));
    }
    free(top);
    free(count);
}
