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

/* What is reduced by its maximum (a minimum as the negative's maximum) and what
 * by its sum; a double counts pairs exactly up to 2^53. */
enum {
    PUT_MIN,
    PUT_MAX,
    UNPACK_MIN,
    UNPACK_MAX,
    FIRST_START,
    LAST_END,
    BETWEEN_PPM,
    MAXIMA
};
enum { PAIRS, ERRORS, PUT_RATE, GET_RATE, LOOP_RATE, SUMS };

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

/* All quantiles of both operations by common bisection. max holds what
 * reduce_all() made of it. */
static void quantiles(const struct team *t, MPI_Comm clients,
                      const struct spans d[2], int64_t total,
                      const int64_t max[], struct summary *out)
{
    struct target x[2 * TARGETS];
    int64_t *below = malloc(2 * TARGETS * PARTS * sizeof *below);

    if (!below)
        die("not enough memory to count timings");
    for (int k = 0; k < 2 * TARGETS; k++) {
        bool unpack = k >= TARGETS;
        int64_t upper = -1;

        x[k].rank = samples_quantile_rank(total, quantile[k % TARGETS], &upper);
        if (k % TARGETS == MEDIAN_HIGH)
            x[k].rank = upper;
        x[k].low = total > 0 ? -max[unpack ? UNPACK_MIN : PUT_MIN] : 0;
        x[k].high = total > 0 ? max[unpack ? UNPACK_MAX : PUT_MAX] + 1 : 1;
    }
    while (narrow(t, clients, d, x, below))
        ;
    fill(&out->put, x, max[PUT_MAX], total);
    fill(&out->unpack, x + TARGETS, max[UNPACK_MAX], total);
    free(below);
}

static double rate(double bytes, int64_t ns)
{
    return ns > 0 ? bytes / tick_seconds(ns) : NAN;
}

/* Everything that one reduction can tell, of this client. */
static void one_client(const struct samples *s, const struct spans d[2],
                       size_t bytes, int64_t max[MAXIMA], double sum[SUMS])
{
    double one_way = (double)s->iterations * (double)bytes;
    int64_t loop = s->loop_end - s->loop_start;
    bool some = s->iterations > 0;

    max[PUT_MIN] = some ? -d[0].ns[0] : INT64_MIN;
    max[PUT_MAX] = some ? d[0].ns[d[0].n - 1] : INT64_MIN;
    max[UNPACK_MIN] = some ? -d[1].ns[0] : INT64_MIN;
    max[UNPACK_MAX] = some ? d[1].ns[d[1].n - 1] : INT64_MIN;
    max[FIRST_START] = some ? -s->put_start[s->warmup] : INT64_MIN;
    max[LAST_END] = s->loop_end;
    max[BETWEEN_PPM] =
        loop > 0 ? (int64_t)(1e6 * (double)samples_between(s) / (double)loop)
                 : 0;
    sum[PAIRS] = (double)s->iterations;
    sum[ERRORS] = (double)s->verify_errors;
    sum[PUT_RATE] = rate(one_way, d[0].sum);
    sum[GET_RATE] = rate(one_way, d[1].sum);
    sum[LOOP_RATE] = rate(2 * one_way, loop);
}

/* Both reductions under way at a time: each costs a round of waiting. */
static void reduce_all(const struct team *t, MPI_Comm clients,
                       int64_t max[MAXIMA], double sum[SUMS])
{
    MPI_Request requests[2];

    MPI_Iallreduce(MPI_IN_PLACE, max, MAXIMA, MPI_INT64_T, MPI_MAX, clients,
                   &requests[0]);
    MPI_Iallreduce(MPI_IN_PLACE, sum, SUMS, MPI_DOUBLE, MPI_SUM, clients,
                   &requests[1]);
    team_wait(t, &requests[0]);
    team_wait(t, &requests[1]);
}

void figures_reduce(const struct team *t, MPI_Comm clients,
                    const struct samples *s, size_t bytes, bool one_clock,
                    struct summary *out)
{
    struct spans d[2];
    int64_t max[MAXIMA];
    double sum[SUMS];

    sort_spans(&d[0], s->put_start + s->warmup, s->put_end + s->warmup,
               s->iterations);
    sort_spans(&d[1], s->unpack_start + s->warmup, s->unpack_end + s->warmup,
               s->iterations);
    one_client(s, d, bytes, max, sum);
    reduce_all(t, clients, max, sum);
    out->ops = 2 * (int64_t)sum[PAIRS];
    out->bytes = out->ops * (int64_t)bytes;
    out->verify_errors = (int64_t)sum[ERRORS];
    out->put_service_rate = sum[PUT_RATE];
    out->get_service_rate = sum[GET_RATE];
    out->sum_of_rank_rates = sum[LOOP_RATE];
    out->between_share = (double)max[BETWEEN_PPM] * 1e-6;
    out->window =
        one_clock ? rate((double)out->bytes, max[LAST_END] + max[FIRST_START])
                  : NAN;
    quantiles(t, clients, d, (int64_t)sum[PAIRS], max, out);
    free(d[0].ns);
    free(d[1].ns);
}
