#include "figures/figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/tick.h"

/* Parts into which a round of the bisection cuts the interval of a target. */
#define PARTS 256
/* Targets of one operation: two for the median of an even number. */
enum { MEDIAN_LOW, MEDIAN_HIGH, P95, P99, P999, TARGETS };
enum { LOW, HIGH, BOUNDS };

static const double quantile[TARGETS] = {0.5, 0.5, 0.95, 0.99, 0.999};

/* Clusters of samples. */
#define BLOCKS 20
#define LEAST_BLOCKS 5
#define LEAST_CLIENTS 8

/* What is reduced by its maximum (a minimum as the negative's maximum) and what
 * by its sum; a double counts operations exactly up to 2^53. The second half is
 * of unpack as the first is of put. */
enum { SHORTEST, LONGEST, FIRST_START, LAST_END, OF_ONE };
enum {
    BETWEEN_PPM = 2 * OF_ONE,
    LAST_START,
    FIRST_END,
    SHORTEST_LOOP,
    SKEW,
    KEPT,
    MAXIMA
};
enum {
    PUTS,
    GETS,
    KEPT_PUTS,
    KEPT_GETS,
    PUTTERS,
    GETTERS,
    ERRORS,
    PUT_RATE,
    GET_RATE,
    LOOP_RATE,
    LOOP_OPS,
    LOOP_TIME,
    CPU_TIME,
    FAULT_TIME,
    SUMS
};

/* One wanted value: the sample of this rank lies in [low, high). */
struct target {
    int64_t rank; /* -1: not wanted */
    int64_t low, high;
};

struct spans figures_spans(const struct series *s)
{
    return (struct spans){s->ns + s->warmup, s->kept, s->longest};
}

static struct spans sorted(const struct spans *d)
{
    struct spans x = *d;

    x.ns = mem_new(d->n, sizeof *x.ns);
    memcpy(x.ns, d->ns, d->n * sizeof *x.ns);
    samples_sort(x.ns, x.n);
    return x;
}

/* ---- values of given ranks, by common bisection ---- */

static int64_t step_of(const struct target *x)
{
    return (x->high - x->low + PARTS - 1) / PARTS;
}

/* One round: count the samples below every boundary, keep the part that holds
 * the wanted rank. Each `each` of the n targets are of one set. Returns whether
 * any target is still wider than one value. */
static bool narrow(const struct team *t, MPI_Comm clients,
                   const struct spans *d, struct target *x, int n, int each,
                   int64_t *below)
{
    bool again = false;

    for (int k = 0; k < n; k++) {
        const struct spans *of = &d[k / each];

        for (int b = 0; b < PARTS; b++)
            below[k * PARTS + b] = (int64_t)samples_below(
                of->ns, of->n, x[k].low + (b + 1) * step_of(&x[k]));
    }
    team_allreduce(t, clients, below, n * PARTS, MPI_INT64_T, MPI_SUM);
    for (int k = 0; k < n; k++) {
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

static void find(const struct team *t, MPI_Comm clients, const struct spans *d,
                 struct target *x, int n, int each)
{
    int64_t *below = mem_new((size_t)n * PARTS, sizeof *below);

    while (narrow(t, clients, d, x, n, each, below))
        ;
    free(below);
}

static double value_of(const struct target *x)
{
    return x->rank < 0 ? NAN : tick_seconds(x->low);
}

/* Where the samples of an operation lie: all between these. */
static void bound(struct target *x, int64_t total, const int64_t max[])
{
    x->low = total > 0 ? -max[SHORTEST] : 0;
    x->high = total > 0 ? max[LONGEST] + 1 : 1;
}

/* of: the set, n of them with bounds as one_operation() has them. */
static void quantiles(const struct team *t, MPI_Comm clients,
                      const struct spans *d, int sets, const int64_t *total,
                      const int64_t *max, struct figures *const out[])
{
    struct target *x = mem_new((size_t)sets * TARGETS, sizeof *x);

    for (int k = 0; k < sets * TARGETS; k++) {
        int of = k / TARGETS;
        int64_t upper = -1;

        x[k].rank =
            samples_quantile_rank(total[of], quantile[k % TARGETS], &upper);
        if (k % TARGETS == MEDIAN_HIGH)
            x[k].rank = upper;
        bound(&x[k], total[of], max + of * OF_ONE);
    }
    find(t, clients, d, x, sets * TARGETS, TARGETS);
    for (int of = 0; of < sets; of++) {
        const struct target *y = x + of * TARGETS;
        struct figures *f = out[of];

        f->median = (value_of(&y[MEDIAN_LOW]) + value_of(&y[MEDIAN_HIGH])) / 2;
        f->p95 = value_of(&y[P95]);
        f->p99 = value_of(&y[P99]);
        f->p999 = value_of(&y[P999]);
        f->max = total[of] > 0 ? tick_seconds(max[of * OF_ONE + LONGEST]) : NAN;
    }
    free(x);
}

/* ---- the interval of a median ---- */

/* Of one operation: how many samples each block has and how many of them are
 * up to the median; and of clients the sums that their spread is made of. */
struct clusters {
    double n[BLOCKS], below[BLOCKS];
    double clients, nn, nb, bb;
};

/* How many blocks the iterations are cut into: the same for everybody, though a
 * loop of a given time has more iterations here than there. */
static size_t block_of(size_t k, size_t n, size_t blocks)
{
    return k * blocks / n;
}

static void cluster(struct clusters *c, const struct spans *d, double median,
                    size_t blocks)
{
    double n = (double)d->n, all = 0;

    memset(c, 0, sizeof *c);
    for (size_t k = 0; k < d->n; k++) {
        size_t b = block_of(k, d->n, blocks);
        bool is = tick_seconds(d->ns[k]) <= median;

        c->n[b] += 1;
        c->below[b] += is;
        all += is;
    }
    c->clients = d->n > 0;
    c->nn = n * n;
    c->nb = n * all;
    c->bb = all * all;
}

/* As many as every client has samples for, of those that have any. */
static size_t blocks_of(int64_t total, int64_t owners)
{
    size_t each = owners > 0 ? (size_t)(total / owners) : 0;

    return each < BLOCKS ? each : BLOCKS;
}

/* Half of the 95 % interval of a share p of n samples, when `spread` is the sum
 * over m clusters of (below - p n)^2 (the linearised variance of a ratio,
 * Cochran 1977, Sampling Techniques, 6.3). */
static double half_width(double spread, double m, double n)
{
    return samples_t((int64_t)m - 1) * sqrt(m / (m - 1) * fmax(spread, 0)) / n;
}

/* Half of the interval of the share of samples up to the median, by whichever
 * clusters make it wider; NaN when there are too few. */
static double share_interval(const struct clusters *c, size_t blocks,
                             struct figures *f, double *p)
{
    double n = 0, below = 0, spread = 0, by_blocks = NAN, by_clients = NAN;

    for (size_t b = 0; b < blocks; b++) {
        n += c->n[b];
        below += c->below[b];
    }
    *p = below / n;
    for (size_t b = 0; b < blocks; b++)
        spread += (c->below[b] - *p * c->n[b]) * (c->below[b] - *p * c->n[b]);
    if (blocks >= LEAST_BLOCKS)
        by_blocks = half_width(spread, (double)blocks, n);
    if (c->clients >= LEAST_CLIENTS)
        by_clients =
            half_width(c->bb - 2 * *p * c->nb + *p * *p * c->nn, c->clients, n);
    f->by_clients = isnan(by_blocks) || by_clients > by_blocks;
    if (isnan(by_blocks) && isnan(by_clients))
        return NAN;
    f->clusters = f->by_clients ? (int64_t)c->clients : (int64_t)blocks;
    return fmax(by_blocks, by_clients);
}

static int64_t clamp(double x, int64_t low, int64_t high)
{
    return x < (double)low ? low : x > (double)high ? high : (int64_t)x;
}

/* The ranks of both ends. */
static void bounds(const struct clusters *c, int64_t total, size_t blocks,
                   struct target x[BOUNDS], struct figures *f)
{
    double p = NAN, half = NAN, n = (double)total;

    f->clusters = 0;
    f->by_clients = false;
    if (total > 0 && blocks > 0)
        half = share_interval(c, blocks, f, &p);
    x[LOW].rank = x[HIGH].rank = -1;
    if (isnan(half))
        return;
    x[LOW].rank = clamp(floor((0.5 - half) * n) - 1, 0, total - 1);
    x[HIGH].rank = clamp(ceil((0.5 + half) * n), 0, total - 1);
}

/* d: in the order of their instants; s: the same sorted. total: how many of all
 * clients, then of how many these are, of each set; max as in quantiles(). */
static void intervals(const struct team *t, MPI_Comm clients,
                      const struct spans *d, const struct spans *s, int sets,
                      const int64_t *total, const int64_t *max,
                      struct figures *const out[])
{
    struct clusters *c = mem_new((size_t)sets, sizeof *c);
    struct target *x = mem_new((size_t)sets * BOUNDS, sizeof *x);

    for (int k = 0; k < sets; k++)
        cluster(&c[k], &d[k], out[k]->median,
                blocks_of(total[k], total[sets + k]));
    team_allreduce(t, clients, c, sets * (int)(sizeof *c / sizeof(double)),
                   MPI_DOUBLE, MPI_SUM);
    for (int k = 0; k < sets; k++) {
        bounds(&c[k], total[k], blocks_of(total[k], total[sets + k]),
               &x[k * BOUNDS], out[k]);
        for (int b = 0; b < BOUNDS; b++)
            bound(&x[k * BOUNDS + b], total[k], max + k * OF_ONE);
    }
    find(t, clients, s, x, sets * BOUNDS, BOUNDS);
    for (int k = 0; k < sets; k++) {
        out[k]->low = value_of(&x[k * BOUNDS + LOW]);
        out[k]->high = value_of(&x[k * BOUNDS + HIGH]);
    }
    free(c);
    free(x);
}

static int64_t longest(const struct spans *s)
{
    int64_t last = s->ns[s->n - 1];

    return last > s->longest ? last : s->longest;
}

void figures_quantiles(const struct team *t, MPI_Comm clients,
                       const struct spans *d, int sets,
                       struct figures *const out[])
{
    struct spans *s = mem_new((size_t)sets, sizeof *s);
    int64_t *total = mem_new((size_t)sets * 2, sizeof *total);
    int64_t *max = mem_new((size_t)sets * OF_ONE, sizeof *max);

    for (int k = 0; k < sets; k++) {
        int64_t *of = max + k * OF_ONE;

        s[k] = sorted(&d[k]);
        total[k] = (int64_t)d[k].n;
        total[sets + k] = d[k].n > 0;
        of[SHORTEST] = d[k].n > 0 ? -s[k].ns[0] : INT64_MIN;
        of[LONGEST] = d[k].n > 0 ? longest(&s[k]) : INT64_MIN;
    }
    team_allreduce(t, clients, total, 2 * sets, MPI_INT64_T, MPI_SUM);
    team_allreduce(t, clients, max, sets * OF_ONE, MPI_INT64_T, MPI_MAX);
    quantiles(t, clients, s, sets, total, max, out);
    intervals(t, clients, d, s, sets, total, max, out);
    for (int k = 0; k < sets; k++)
        free(s[k].ns);
    free(s);
    free(total);
    free(max);
}

/* ---- rates ---- */

static double rate(double amount, int64_t ns)
{
    return ns > 0 ? amount / tick_seconds(ns) : NAN;
}

/* Of a client that does one of the two alone, nothing. */
static double service(const struct series *s, double bytes)
{
    return s->count > 0 ? rate((double)s->count * bytes, s->sum) : 0;
}

static void one_operation(const struct series *s, const struct spans *d,
                          int64_t max[])
{
    bool some = d->n > 0;

    max[SHORTEST] = some ? -d->ns[0] : INT64_MIN;
    max[LONGEST] = some ? s->longest : INT64_MIN;
    max[FIRST_START] = some ? -s->start[s->warmup] : INT64_MIN;
    max[LAST_END] = some ? s->last_end : INT64_MIN;
}

static size_t get_bytes(const struct figures_of *x)
{
    return x->get_bytes > 0 ? x->get_bytes : x->bytes;
}

/* Of a put and a get: where both differ, there are as many of each. */
static double mean_bytes(const struct figures_of *x)
{
    return ((double)x->bytes + (double)get_bytes(x)) / 2;
}

/* Everything that one reduction can tell, of this client. */
static void one_client(const struct figures_of *x, const struct spans d[2],
                       int64_t max[MAXIMA], double sum[SUMS])
{
    const struct samples *s = x->samples;
    double bytes = mean_bytes(x), got = (double)get_bytes(x);
    int64_t loop = samples_loop(s);
    double ops = (double)(s->put.count + s->unpack.count);

    one_operation(&s->put, &d[0], max);
    one_operation(&s->unpack, &d[1], max + OF_ONE);
    max[BETWEEN_PPM] =
        loop > 0 ? (int64_t)(1e6 * (double)samples_between(s) / (double)loop)
                 : 0;
    max[LAST_START] = s->loop_start;
    max[FIRST_END] = -s->loop_end;
    max[SHORTEST_LOOP] = -loop;
    max[KEPT] =
        (int64_t)(s->put.kept > s->unpack.kept ? s->put.kept : s->unpack.kept);
    if ((int64_t)s->retire.kept > max[KEPT])
        max[KEPT] = (int64_t)s->retire.kept;
    sum[PUTS] = (double)s->put.count;
    sum[GETS] = (double)s->unpack.count;
    sum[KEPT_PUTS] = (double)s->put.kept;
    sum[KEPT_GETS] = (double)s->unpack.kept;
    sum[PUTTERS] = s->put.kept > 0;
    sum[GETTERS] = s->unpack.kept > 0;
    sum[ERRORS] = (double)s->verify_errors;
    sum[PUT_RATE] = service(&s->put, (double)x->bytes);
    sum[GET_RATE] = service(&s->unpack, got);
    sum[LOOP_RATE] = rate(ops * bytes, loop);
    sum[LOOP_OPS] = rate(ops, loop);
    sum[LOOP_TIME] = tick_seconds(loop - s->computed - s->paced);
    sum[CPU_TIME] = x->cpu_time;
    sum[FAULT_TIME] = x->fault_time;
    max[SKEW] =
        isnan(x->start_skew) ? INT64_MIN : (int64_t)(x->start_skew * 1e9);
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

/* From the first start to the last end of one operation, or of both. */
static int64_t window(const int64_t max[MAXIMA], int from, int to)
{
    int64_t start = INT64_MIN, end = INT64_MIN;

    for (int of = from; of <= to; of++) {
        const int64_t *x = max + of * OF_ONE;

        start = x[FIRST_START] > start ? x[FIRST_START] : start;
        end = x[LAST_END] > end ? x[LAST_END] : end;
    }
    return start == INT64_MIN ? 0 : end + start;
}

static void steady(const struct team *t, MPI_Comm clients,
                   const struct samples *s, const int64_t max[MAXIMA],
                   double bytes, struct summary *out)
{
    int64_t from = max[LAST_START], to = -max[FIRST_END];
    double ops = samples_within(&s->put, from, to) +
                 samples_within(&s->unpack, from, to);

    team_allreduce(t, clients, &ops, 1, MPI_DOUBLE, MPI_SUM);
    out->steady_ops = rate(ops, to - from);
    out->steady = out->steady_ops * bytes;
}

static void rates(const int64_t max[MAXIMA], const double sum[SUMS],
                  double bytes, bool phases, struct summary *out)
{
    out->ops = (int64_t)(sum[PUTS] + sum[GETS]);
    out->bytes = (int64_t)((double)out->ops * bytes);
    out->kept = max[KEPT];
    out->verify_errors = (int64_t)sum[ERRORS];
    out->put_service_rate = sum[PUT_RATE];
    out->get_service_rate = sum[GET_RATE];
    out->sum_of_rank_rates = sum[LOOP_RATE];
    out->sum_of_rank_ops = sum[LOOP_OPS];
    out->between_share = (double)max[BETWEEN_PPM] * 1e-6;
    out->shortest_loop = tick_seconds(-max[SHORTEST_LOOP]);
    out->first_start = -max[FIRST_START];
    out->window_ops = rate((double)out->ops, window(max, 0, 1));
    out->window = out->window_ops * bytes;
    out->put_window = phases ? rate(sum[PUTS] * bytes, window(max, 0, 0)) : NAN;
    out->get_window = phases ? rate(sum[GETS] * bytes, window(max, 1, 1)) : NAN;
    out->steady = out->steady_ops = NAN;
    out->cpu_share = sum[CPU_TIME] / sum[LOOP_TIME];
    out->fault_share = sum[FAULT_TIME] / sum[LOOP_TIME];
    out->start_skew = max[SKEW] == INT64_MIN ? NAN : tick_seconds(max[SKEW]);
}

static void no_window(struct summary *out)
{
    out->window = out->window_ops = out->put_window = out->get_window = NAN;
}

double figures_headline(const struct summary *s, enum headline which)
{
    const double values[HEADLINES] = {[HEADLINE_PUT] = s->put.median,
                                      [HEADLINE_UNPACK] = s->unpack.median,
                                      [HEADLINE_WINDOW] = s->window};

    return values[which];
}

static void retirements(const struct team *t, MPI_Comm clients,
                        const struct figures_of *x, struct figures *out)
{
    struct figures *const of[1] = {out};
    struct spans d;

    *out = FIGURES_NONE;
    if (!x->removes)
        return;
    d = figures_spans(&x->samples->retire);
    figures_quantiles(t, clients, &d, 1, of);
}

void figures_reduce(const struct team *t, MPI_Comm clients,
                    const struct figures_of *x, struct summary *out)
{
    const struct samples *s = x->samples;
    struct figures *const of[2] = {&out->put, &out->unpack};
    const struct spans d[2] = {figures_spans(&s->put),
                               figures_spans(&s->unpack)};
    struct spans by_length[2] = {sorted(&d[0]), sorted(&d[1])};
    int64_t max[MAXIMA], total[4];
    double sum[SUMS];

    one_client(x, by_length, max, sum);
    reduce_all(t, clients, max, sum);
    rates(max, sum, mean_bytes(x), x->phases, out);
    if (x->computes || x->paced) /* what moved is what was asked for */
        no_window(out);
    else if (!x->phases)
        steady(t, clients, s, max, mean_bytes(x), out);
    total[0] = (int64_t)sum[KEPT_PUTS];
    total[1] = (int64_t)sum[KEPT_GETS];
    total[2] = (int64_t)sum[PUTTERS];
    total[3] = (int64_t)sum[GETTERS];
    quantiles(t, clients, by_length, 2, total, max, of);
    intervals(t, clients, d, by_length, 2, total, max, of);
    free(by_length[0].ns);
    free(by_length[1].ns);
    retirements(t, clients, x, &out->retire);
}
