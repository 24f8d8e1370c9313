#include "srb/figures.h"

#include <math.h>
#include <stdlib.h>

#include "srb/diag.h"
#include "srb/tick.h"

/* Parts into which a round of the bisection cuts the interval of a target. */
#define PARTS 256
/* Targets of one operation: two for the median of an even number. */
enum { MEDIAN_LOW, MEDIAN_HIGH, P95, P99, P999, TARGETS };

static const double quantile[TARGETS] = {0.5, 0.5, 0.95, 0.99, 0.999};

/* One wanted value: the sample of this rank lies in [low, high). */
struct target {
    int64_t rank; /* -1: not wanted */
    int64_t low, high;
};

/* One operation's spans of this client, ascending. */
struct spans {
    int64_t *ns;
    size_t n;
    int64_t sum;
};

static void sort_spans(struct spans *d, const int64_t *start,
                       const int64_t *end, size_t n)
{
    d->n = n;
    d->sum = 0;
    d->ns = malloc((n ? n : 1) * sizeof *d->ns);
    if (!d->ns)
        die("not enough memory to sort %zu timings", n);
    for (size_t i = 0; i < n; i++) {
        d->ns[i] = end[i] - start[i];
        d->sum += d->ns[i];
    }
    samples_sort(d->ns, n);
}

static int64_t step_of(const struct target *x)
{
    return (x->high - x->low + PARTS - 1) / PARTS;
}

/* One round: count the samples below every boundary, keep the part that holds
 * the wanted rank. Returns whether any target is still wider than one value. */
static bool narrow(const struct team *t, MPI_Comm clients,
                   const struct spans d[2], struct target x[2 * TARGETS],
                   int64_t *below)
{
    bool again = false;

    for (int k = 0; k < 2 * TARGETS; k++)
        for (int b = 0; b < PARTS; b++)
            below[k * PARTS + b] =
                (int64_t)samples_below(d[k / TARGETS].ns, d[k / TARGETS].n,
                                       x[k].low + (b + 1) * step_of(&x[k]));
    team_allreduce(t, clients, below, 2 * TARGETS * PARTS, MPI_INT64_T,
                   MPI_SUM);
    for (int k = 0; k < 2 * TARGETS; k++) {
        int64_t step = step_of(&x[k]);
        int b = 0;

        while (b < PARTS - 1 && below[k * PARTS + b] <= x[k].rank)
            b++;
        x[k].low += b * step;
        x[k].high = x[k].low + step;
        again = again || step > 1;
    }
    return again;
}

static double value_of(const struct target *x)
{
    return x->rank < 0 ? NAN : tick_seconds(x->low);
}

static void fill(struct figures *f, const struct target x[TARGETS], int64_t max,
                 int64_t total)
{
    f->median = (value_of(&x[MEDIAN_LOW]) + value_of(&x[MEDIAN_HIGH])) / 2;
    f->p95 = value_of(&x[P95]);
    f->p99 = value_of(&x[P99]);
    f->p999 = value_of(&x[P999]);
    f->max = total > 0 ? tick_seconds(max) : NAN;
}

/* All quantiles of both operations by common bisection. */
static void quantiles(const struct team *t, MPI_Comm clients,
                      const struct spans d[2], int64_t total,
                      struct summary *out)
{
    struct target x[2 * TARGETS];
    int64_t *below = malloc(2 * TARGETS * PARTS * sizeof *below);
    int64_t ends[4]; /* -min and max of put, of unpack */

    if (!below)
        die("not enough memory to count timings");
    for (int op = 0; op < 2; op++) {
        ends[2 * op] = d[op].n ? -d[op].ns[0] : INT64_MIN;
        ends[2 * op + 1] = d[op].n ? d[op].ns[d[op].n - 1] : INT64_MIN;
    }
    team_allreduce(t, clients, ends, 4, MPI_INT64_T, MPI_MAX);
    for (int k = 0; k < 2 * TARGETS; k++) {
        int op = k / TARGETS;
        int64_t upper = -1;

        x[k].rank = samples_quantile_rank(total, quantile[k % TARGETS], &upper);
        if (k % TARGETS == MEDIAN_HIGH)
            x[k].rank = upper;
        x[k].low = total > 0 ? -ends[2 * op] : 0;
        x[k].high = total > 0 ? ends[2 * op + 1] + 1 : 1;
    }
    while (narrow(t, clients, d, x, below))
        ;
    fill(&out->put, x, ends[1], total);
    fill(&out->unpack, x + TARGETS, ends[3], total);
    free(below);
}

static double rate(double bytes, int64_t ns)
{
    return ns > 0 ? bytes / tick_seconds(ns) : NAN;
}

static void rates(const struct team *t, MPI_Comm clients,
                  const struct samples *s, const struct spans d[2],
                  size_t bytes, bool one_clock, struct summary *out)
{
    double one_way = (double)s->iterations * (double)bytes;
    int64_t loop = s->loop_end - s->loop_start;
    double sums[3] = {rate(one_way, d[0].sum), rate(one_way, d[1].sum),
                      rate(2 * one_way, loop)};
    int64_t window[2] = {s->iterations ? -s->put_start[s->warmup] : INT64_MIN,
                         s->loop_end};
    double share = (double)samples_between(s) / (double)(loop > 0 ? loop : 1);

    team_allreduce(t, clients, sums, 3, MPI_DOUBLE, MPI_SUM);
    team_allreduce(t, clients, window, 2, MPI_INT64_T, MPI_MAX);
    team_allreduce(t, clients, &share, 1, MPI_DOUBLE, MPI_MAX);
    out->put_service_rate = sums[0];
    out->get_service_rate = sums[1];
    out->sum_of_rank_rates = sums[2];
    out->between_share = share;
    out->window =
        one_clock ? rate((double)out->bytes, window[1] + window[0]) : NAN;
}

void figures_reduce(const struct team *t, MPI_Comm clients,
                    const struct samples *s, size_t bytes, bool one_clock,
                    struct summary *out)
{
    struct spans d[2];
    int64_t sums[2] = {(int64_t)s->iterations, s->verify_errors};

    sort_spans(&d[0], s->put_start + s->warmup, s->put_end + s->warmup,
               s->iterations);
    sort_spans(&d[1], s->unpack_start + s->warmup, s->unpack_end + s->warmup,
               s->iterations);
    team_allreduce(t, clients, sums, 2, MPI_INT64_T, MPI_SUM);
    out->ops = 2 * sums[0];
    out->bytes = out->ops * (int64_t)bytes;
    out->verify_errors = sums[1];
    quantiles(t, clients, d, sums[0], out);
    rates(t, clients, s, d, bytes, one_clock, out);
    free(d[0].ns);
    free(d[1].ns);
}
