#include "results/effect.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/units.h"

#define MOST_LEVELS_TOLD 3
#define MOST_RUNS_TOLD 3 /* of neighbouring sizes */
#define TEXT 512

static char *print_factor(double x, char *buf, size_t n)
{
    snprintf(buf, n, "x%.2f", x);
    return buf;
}

static char *print_steps(double x, char *buf, size_t n)
{
    char steps[32];

    snprintf(buf, n, "%s/s", units_print_steps(x, steps, sizeof steps));
    return buf;
}

/* What is compared. */
static const struct measure {
    const char *name;
    bool less; /* is better */
    char *(*print)(double, char *, size_t);
} measures[] = {
    [OF_BANDWIDTH] = {"bandwidth", false, units_print_rate},
    [OF_SLOWDOWN] = {"slowdown of the solver", true, print_factor},
    [OF_RESPONSE] = {"response", true, units_print_seconds},
    [OF_SUSTAINED] = {"sustained rate", false, print_steps},
    [OF_DELIVERY] = {"delivery", true, units_print_seconds},
};

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
static void add_ratios_of(char *buf, size_t n, double least, double most,
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

/* A range of rates as that of their inverses. */
static void invert(double *low, double *high)
{
    double inverse = 1 / *low;

    *low = 1 / *high;
    *high = inverse;
}

/* The same of rates; of what is better when it is less, their inverses. */
static void add_ratios(char *buf, size_t n, enum verdict_of of, double least,
                       double most, double low, double high)
{
    if (measures[of].less) {
        invert(&least, &most);
        invert(&low, &high);
    }
    add_ratios_of(buf, n, least, most, low, high);
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

/* Of more runs than one reads: " at 96 of 250 sizes from 2 KiB to 60 KiB".
 * Returns whether there are so many. */
static bool add_many(const char *const *word, const bool *in, int n, char *buf,
                     size_t size)
{
    int runs = 0, held = 0, begin = 0, end = 0;

    for (int first = 0, last; next_run(in, n, &first, &last);
         first = last + 1) {
        begin = runs++ == 0 ? first : begin;
        end = last;
        held += last - first + 1;
    }
    if (runs > MOST_RUNS_TOLD)
        text_add(buf, size, " at %d of %d sizes from %s to %s", held, n,
                 word[begin], word[end]);
    return runs > MOST_RUNS_TOLD;
}

/* Where that holds: "", " at 1 MiB", " up to 64 KiB and from 1 MiB on". */
static void add_places(const struct verdict_study *s, enum told told,
                       const bool *in, int n, char *buf, size_t size)
{
    const char *const *word = n > 1 ? s->axes[s->size].word : NULL;
    const char *between = " ";

    if (n > 1 && add_many(word, in, n, buf, size))
        return;
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

/* What the rows of a view are compared by. */
static enum verdict_of kind_of(const struct view *v)
{
    return v->n > 0 ? v->s->rows[v->row[0]].of : OF_BANDWIDTH;
}

static void add_alike(const struct view *v, enum told told, char *buf,
                      size_t size)
{
    enum verdict_of of = kind_of(v);
    bool named = of != OF_BANDWIDTH || v->s->several;

    text_add(buf, size, "%s%s%s%s",
             told == TOLD_EQUAL ? "equal" : "no difference",
             named ? " in " : "", named ? measures[of].name : "",
             told == TOLD_EQUAL ? " within 5 %" : " that this study can tell");
}

/* What is told alike of these sizes. */
static void add_told(const struct view *v, enum told told,
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
        add_ratios(buf, size, kind_of(v), least, most, low, high);
    else
        add_alike(v, told, buf, size);
    add_places(v->s, told, in, n, buf, size);
}

/* ", by what else varied x0.98 to x2.6": where matched rows disagree. */
static void add_disagreement(const struct view *v, const struct effect *e,
                             int n, char *buf, size_t size)
{
    double least = INFINITY, most = 0;
    char a[32], b[32];

    for (int k = 0; k < n; k++)
        if (effect_disagrees(&e[k])) {
            least = fmin(least, e[k].least);
            most = fmax(most, e[k].most);
        }
    if (most > 0 && measures[kind_of(v)].less)
        invert(&least, &most);
    if (most > 0)
        text_add(buf, size, "; x%s to x%s by what else varied",
                 ratio_text(least, false, a, sizeof a),
                 ratio_text(most, false, b, sizeof b));
}

/* Value x against y; nothing where they have no rows that match. */
static bool add_comparison(const struct view *v, int x, int y, char *buf,
                           size_t size)
{
    int n = effect_sizes(v), any = 0;
    struct effect *e = effect_by_size(v, x, y);
    struct interval *i = mem_new((size_t)n, sizeof *i);
    bool *in = mem_new((size_t)n, sizeof *in);

    for (int k = 0; k < n; k++)
        i[k] = effect_interval(&e[k]);
    for (int told = 0; told < TOLDS; told++) {
        int found = 0;

        for (int k = 0; k < n; k++) {
            in[k] = e[k].pairs > 0 && (int)effect_told(&i[k]) == told;
            found += in[k];
        }
        if (found == 0)
            continue;
        text_add(buf, size, "%s%s%s", any ? ", " : "",
                 !any && told <= TOLD_LESS ? measures[kind_of(v)].name : "",
                 !any && told <= TOLD_LESS ? " " : "");
        add_told(v, (enum told)told, i, in, n, buf, size);
        any += found;
    }
    add_disagreement(v, e, n, buf, size);
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

            if (strcmp(a->word[r->level[k]], s->axes[v->axis].word[level]) == 0)
                continue; /* a client that is called as its server */
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
    struct effect *e = effect_by_size(v, x, y), all = {0};

    for (int k = 0; k < effect_sizes(v); k++) {
        all.pairs += e[k].pairs;
        all.sum += e[k].sum;
        all.variance += e[k].variance;
        all.welch += e[k].welch;
    }
    free(e);
    return effect_interval(&all);
}

/* First to last; and the one between that is better than both. */
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
    if (effect_told(&x) != TOLD_MORE)
        return;
    text_add(buf, n, ", %s at %s, ",
             measures[kind_of(v)].less ? "least" : "most", a->word[top]);
    add_ratios(buf, n, kind_of(v), x.ratio, x.ratio, x.low, x.high);
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

        if (!effect_usable(&s->rows[i]))
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
        n += effect_usable(&s->rows[i]);
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

static void print_beaten(const struct verdict_study *s, FILE *out)
{
    size_t beaten = 0;

    for (size_t i = 0; i < s->nrows; i++)
        beaten += effect_usable(&s->rows[i]) &&
                  strstr(s->rows[i].flags, SRB_FLOOR_BEATEN);
    if (beaten > 0)
        fprintf(out,
                "%zu configuration%s faster than floor in %s place (%s), "
                "which is no limit there.\n",
                beaten, beaten == 1 ? " was" : "s were",
                beaten == 1 ? "its" : "their", SRB_FLOOR_BEATEN);
}

/* ---- searches without a rate ---- */

/* How many searches of some configurations ended so; and otherwise. */
struct endings {
    int so, otherwise;
};

/* Of those with a value (any: -1) of an axis and of the sizes' (any: -1). */
static struct endings endings_of(const struct verdict_study *s, int axis,
                                 int level, int size, enum verdict_held held)
{
    struct endings e = {0, 0};

    for (size_t i = 0; i < s->nrows; i++) {
        const struct verdict_row *r = &s->rows[i];

        if ((r->held == HELD_SOME && !effect_usable(r)) ||
            (level >= 0 && r->level[axis] != level) ||
            (size >= 0 && r->level[s->size] != size))
            continue;
        *(r->held == held ? &e.so : &e.otherwise) += 1;
    }
    return e;
}

/* "; tcp: no rate held from 1 MiB on": of a value, at the sizes of which that
 * is so of all its configurations, and not of all others as well. */
static void add_endings(const struct verdict_study *s, int axis, int level,
                        enum verdict_held held, char *buf, size_t size)
{
    bool by_size = s->size >= 0 && axis != s->size, any = false;
    int n = by_size ? s->axes[s->size].nlevels : 1;
    bool *in = mem_new((size_t)n, sizeof *in);

    for (int k = 0; k < n; k++) {
        int at = by_size ? k : -1;
        struct endings here = endings_of(s, axis, level, at, held);

        in[k] = here.so > 0 && here.otherwise == 0 &&
                endings_of(s, axis, -1, at, held).otherwise > 0;
        any = any || in[k];
    }
    if (any) {
        if (buf[0])
            text_add(buf, size, "; ");
        else
            text_add(buf, size, "%s, ", s->axes[axis].name);
        text_add(buf, size, "%s: %s", s->axes[axis].word[level],
                 held == HELD_NONE ? "no rate held"
                                   : "all rates held that were tried");
        add_places(s, held == HELD_NONE ? TOLD_NOTHING : TOLD_MORE, in, n, buf,
                   size);
    }
    free(in);
}

/* ended: some searches ended without a rate. */
static void print_axis(const struct verdict_study *s, int axis, bool ended,
                       FILE *out)
{
    char words[16 * TEXT] = "";
    struct view v;

    effect_view_open(&v, s, axis);
    if (s->axes[axis].amounts)
        add_amounts(&v, words, sizeof words);
    else
        add_kinds(&v, words, sizeof words);
    for (int k = 0; ended && k < s->axes[axis].nlevels; k++)
        for (int held = HELD_SOME + 1; held < HELDS; held++)
            add_endings(s, axis, k, (enum verdict_held)held, words,
                        sizeof words);
    if (words[0])
        fprintf(out, "%s\n", words);
    effect_view_close(&v);
}

/* One configuration is all that there is a figure of. */
static void print_single(const struct verdict_row *r, bool alone, FILE *out)
{
    const struct measure *m = &measures[r->of];
    double half = effect_student(r->df) * r->error;
    double low = r->rate * exp(-half), high = r->rate * exp(half);
    char value[32], least[32], most[32];

    if (m->less)
        invert(&low, &high);
    fprintf(out, "%c%s %s", toupper((unsigned char)m->name[0]), m->name + 1,
            m->print(m->less ? 1 / r->rate : r->rate, value, sizeof value));
    if (!isnan(half))
        fprintf(out, " (%s to %s)", m->print(low, least, sizeof least),
                m->print(high, most, sizeof most));
    fprintf(out, "%s\n",
            alone ? "; nothing else was completed that it could be compared "
                    "with"
                  : "");
}

/* No search found a rate: which way they ended. */
static void print_none(const struct verdict_study *s, FILE *out)
{
    struct endings none = endings_of(s, 0, -1, -1, HELD_NONE);
    struct endings all = endings_of(s, 0, -1, -1, HELD_ALL);

    if (none.so > 0 && none.otherwise == 0)
        fprintf(out, "No rate held that a probe can judge, of any "
                     "configuration\n");
    else if (all.so > 0 && all.otherwise == 0)
        fprintf(out, "All rates held that were tried, of every "
                     "configuration\n");
}

/* The rows that are compared by one thing; of the others nothing was measured.
 */
static void print_kind(const struct verdict_study *s, enum verdict_of of,
                       FILE *out)
{
    struct verdict_row *rows = mem_new(s->nrows, sizeof *rows);
    struct verdict_study part = *s;
    size_t have, without = 0;

    for (size_t i = 0; i < s->nrows; i++) {
        rows[i] = s->rows[i];
        if (rows[i].of != of) {
            rows[i].rate = NAN;
            rows[i].held = HELD_SOME;
        }
        without += rows[i].held != HELD_SOME;
    }
    part.rows = rows;
    have = completed(&part);
    part.several = have < completed(s);
    for (size_t i = 0; have == 1 && i < s->nrows; i++)
        if (effect_usable(&rows[i]))
            print_single(&rows[i], without == 0, out);
    for (int k = 0; have + without > 1 && k < s->naxes; k++)
        print_axis(&part, k, without > 0, out);
    if (have == 0 && s->naxes > 0)
        print_none(&part, out);
    free(rows);
}

char *verdict_words(const struct verdict_study *s)
{
    char *text;
    size_t n;
    FILE *out = mem_stream(&text, &n);

    print_caution(s, out);
    print_beaten(s, out);
    for (int of = 0; of < VERDICT_OFS; of++)
        print_kind(s, (enum verdict_of)of, out);
    if (completed(s) > 0 && s->within)
        fprintf(out, "Intervals are within this run: another may differ by "
                     "more, which --repetitions tells.\n");
    fclose(out);
    if (n > 0)
        text[n - 1] = '\0'; /* the last line's end */
    return text;
}

/* ---- the best of each size ---- */

/* Where a row's best is: by its size, and what it is compared by. */
static int size_of(const struct verdict_study *s, size_t i)
{
    int size = s->size < 0 ? 0 : s->rows[i].level[s->size];

    return size * VERDICT_OFS + (int)s->rows[i].of;
}

static bool may_be_best(const struct verdict_row *r)
{
    return effect_usable(r) && !measures[r->of].less;
}

/* NaN is no difference that could be told. */
static bool is_less(const struct verdict_row *x, const struct verdict_row *best)
{
    struct effect e = {0};
    struct interval i;

    effect_add(&e, x, best);
    i = effect_interval(&e);
    return effect_told(&i) == TOLD_LESS;
}

void verdict_best(const struct verdict_study *s, enum verdict_rank *best)
{
    size_t n = s->size < 0 ? 1 : (size_t)s->axes[s->size].nlevels;
    const struct verdict_row **top = mem_new(n * VERDICT_OFS, sizeof(void *));
    int *count = mem_new(n * VERDICT_OFS, sizeof *count);

    for (size_t i = 0; i < s->nrows; i++) {
        const struct verdict_row *r = &s->rows[i];
        int k = size_of(s, i);

        if (!may_be_best(r))
            continue;
        count[k]++;
        if (!top[k] || r->rate > top[k]->rate)
            top[k] = r;
    }
    for (size_t i = 0; i < s->nrows; i++) {
        const struct verdict_row *r = &s->rows[i];
        int k = size_of(s, i);

        best[i] = !may_be_best(r) || count[k] < 2 ? RANK_NONE
                  : r == top[k]                   ? RANK_BEST
                  : is_less(r, top[k])            ? RANK_NONE
                                                  : RANK_SHARED;
    }
    free(top);
    free(count);
}
