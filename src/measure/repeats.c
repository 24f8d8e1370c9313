#include "measure/repeats.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "options/options.h"

/* A running mean and sum of squared deviations of logarithms (Welford 1962,
 * "Note on a method for calculating corrected sums of squares and products").
 */
struct running {
    double mean, squares;
};

struct group {
    int n;
    struct running of[HEADLINES];
};

struct repeats {
    struct group *groups;
};

struct repeats *repeats_open(size_t groups)
{
    struct repeats *r = mem_new(1, sizeof *r);

    r->groups = mem_new(groups, sizeof *r->groups);
    return r;
}

void repeats_close(struct repeats *r)
{
    if (r)
        free(r->groups);
    free(r);
}

void repeats_add(struct repeats *r, size_t group, const struct summary *s)
{
    struct group *g = &r->groups[group];

    g->n++;
    for (int k = 0; k < HEADLINES; k++) {
        struct running *x = &g->of[k];
        double log_value = log(figures_headline(s, (enum headline)k));
        double delta = log_value - x->mean;

        x->mean += delta / g->n;
        x->squares += delta * (log_value - x->mean);
    }
}

static struct across over(const struct running *x, int n)
{
    struct across a = {NAN, NAN, NAN, NAN};
    double half;

    if (n < 1)
        return a;
    a.centre = exp(x->mean);
    if (n < 2)
        return a;
    a.error = sqrt(x->squares / (n - 1) / n);
    half = samples_t(n - 1) * a.error;
    a.low = exp(x->mean - half);
    a.high = exp(x->mean + half);
    return a;
}

struct repeated repeats_get(const struct repeats *r, size_t group)
{
    const struct group *g = &r->groups[group];

    struct repeated x = {.n = g->n};

    for (int k = 0; k < HEADLINES; k++)
        x.of[k] = over(&g->of[k], g->n);
    return x;
}

/* NaN is within nothing. */
static bool within(const struct across *a, double share)
{
    return a->high <= a->centre * (1 + share) &&
           a->low >= a->centre * (1 - share);
}

bool repeats_enough(const struct repeats *r, size_t group, double share)
{
    struct repeated x = repeats_get(r, group);

    return x.n >= SRB_LEAST_REPETITIONS && within(&x.of[HEADLINE_PUT], share) &&
           within(&x.of[HEADLINE_UNPACK], share);
}
