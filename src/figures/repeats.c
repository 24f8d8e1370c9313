#include "figures/repeats.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "options/options.h"

struct group {
    struct running of[HEADLINES];
};

struct repeats {
    struct group *groups;
};

/* Welford 1962, "Note on a method for calculating corrected sums of squares and
 * products". */
void running_add(struct running *x, double value)
{
    double log_value = log(value), delta = log_value - x->mean;

    x->n++;
    x->mean += delta / (double)x->n;
    x->squares += delta * (log_value - x->mean);
}

struct across running_across(const struct running *x)
{
    struct across a = {NAN, NAN, NAN, NAN};
    double n = (double)x->n, half;

    if (x->n < 1)
        return a;
    a.centre = exp(x->mean);
    if (x->n < 2)
        return a;
    a.error = sqrt(x->squares / (n - 1) / n);
    half = samples_t(x->n - 1) * a.error;
    a.low = exp(x->mean - half);
    a.high = exp(x->mean + half);
    return a;
}

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

    for (int k = 0; k < HEADLINES; k++)
        running_add(&g->of[k], figures_headline(s, (enum headline)k));
}

struct repeated repeats_get(const struct repeats *r, size_t group)
{
    const struct group *g = &r->groups[group];

    struct repeated x = {.n = g->of[0].n};

    for (int k = 0; k < HEADLINES; k++)
        x.of[k] = running_across(&g->of[k]);
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
