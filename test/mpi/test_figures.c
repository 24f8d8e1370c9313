/* Figures over all clients, against a brute force that brings all samples
 * together. Run with any number of ranks; exit status 1 and words when a rank
 * finds a difference.
 */
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "figures/figures.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static int rank, size, failures;

/* Samples of one try: how many a client, and how they are spread. */
static const struct {
    const char *name;
    size_t warmup, iterations;
    int64_t least, values, step; /* least + step * (0 … values - 1) ns */
    int64_t outlier;             /* ns, once a client; 0 none */
} tries[] = {
    {"one pair", 0, 1, 1000, 1000, 1, 0},
    {"one pair after warm-up", 3, 1, 1000, 1000, 1, 0},
    {"two pairs", 1, 2, 1000, 1000, 1, 0},
    {"ties only", 1, 50, 5000, 1, 1, 0},
    {"two values", 1, 101, 5000, 2, 1, 0},
    /* where a bisection by 256 parts comes out even */
    {"256 apart", 0, 101, 5000, 2, 256, 0},
    {"65536 apart", 0, 101, 5000, 2, 65536, 0},
    {"65536 apart, few", 0, 2, 5000, 2, 65536, 0},
    {"255 apart", 0, 101, 5000, 2, 255, 0},
    {"two far values", 1, 100, 1, 2, 3000000000, 0},
    {"many ties", 1, 1000, 20000, 7, 1000, 0},
    {"clock of 100 ns", 2, 997, 0, 50, 100, 0},
    {"zeros among them", 2, 200, 0, 3, 1, 0},
    {"few ties", 1, 1500, 800, 1000000, 1, 0},
    {"an outlier", 1, 1200, 800, 1000, 1, 600000000000},
    {"just ten beyond p99", 0, 1000, 1, 5000, 3, 0},
    {"many", 10, 10000, 10000, 100, 37, 9000000},
};

static void fail(const char *name, const char *what, double got, double want)
{
    failures++;
    fprintf(stderr, "rank %d of %d, '%s': %s is %.12g instead of %.12g\n", rank,
            size, name, what, got, want);
}

/* A small generator: the same numbers on every machine. */
static int64_t next(uint64_t *x, int64_t below)
{
    *x = *x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)(*x >> 33) % below;
}

/* Warm-up pairs take an hour, so that one that counted would be seen. */
static int64_t span(size_t i, size_t k, uint64_t *seed)
{
    if (k < tries[i].warmup)
        return INT64_C(3600000000000);
    if (tries[i].outlier && k == tries[i].warmup + tries[i].iterations / 2)
        return tries[i].outlier + rank;
    return tries[i].least + tries[i].step * next(seed, tries[i].values);
}

static int64_t note(struct series *s, size_t k, bool timed, int64_t start,
                    int64_t ns)
{
    if (timed)
        series_add(s, start, start + ns);
    else
        series_warm(s, k, start, start + ns);
    return start + ns;
}

static void make(size_t i, struct samples *s)
{
    uint64_t seed = 1000 * (uint64_t)i + (uint64_t)rank;
    int64_t now = INT64_C(100000000000) + 777 * ((rank + 1) % size);
    struct error err;

    if (samples_open(s, tries[i].warmup, tries[i].iterations, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    for (size_t k = 0; k < tries[i].warmup + tries[i].iterations; k++) {
        bool timed = k >= tries[i].warmup;

        if (k == tries[i].warmup)
            s->loop_start = now;
        now = note(&s->put, k, timed, now, span(i, k, &seed));
        now += timed ? rank + 1 : 0; /* between the spans */
        now = note(&s->unpack, k, timed, now, span(i, k, &seed));
    }
    s->loop_end = now;
    s->verify_errors = rank;
}

/* All clients' values of n numbers each, on every client; to be freed. */
static void *gather(MPI_Comm comm, const void *mine, size_t n,
                    MPI_Datatype type, size_t bytes, size_t *total)
{
    int clients;
    void *all;

    MPI_Comm_size(comm, &clients);
    *total = n * (size_t)clients;
    all = malloc(*total * bytes);
    if (!all)
        MPI_Abort(comm, 1);
    MPI_Allgather(mine, (int)n, type, all, (int)n, type, comm);
    return all;
}

/* The sample of the q-quantile by counting, q = num / den; NaN where fewer than
 * ten lie beyond. */
static double quantile(const int64_t *sorted, size_t n, size_t num, size_t den)
{
    size_t k = 0;

    while ((k + 1) * den < n * num)
        k++;
    return n - 1 - k < SRB_BEYOND ? NAN : (double)sorted[k] * 1e-9;
}

static void compare(const char *name, const char *what, double got, double want)
{
    double slack = 1e-12 * fabs(want);

    if (isnan(got) != isnan(want) || fabs(got - want) > slack)
        fail(name, what, got, want);
}

/* The sum over clusters of (samples up to the median - p times samples)^2. */
static double spread_of(const int64_t *ns, size_t clients, size_t each,
                        size_t blocks, bool by_clients, double median, double p)
{
    size_t clusters = by_clients ? clients : blocks;
    double spread = 0;

    for (size_t u = 0; u < clusters; u++) {
        double n = 0, below = 0;

        for (size_t c = 0; c < clients; c++)
            for (size_t k = 0; k < each; k++) {
                if ((by_clients ? c : k * blocks / each) != u)
                    continue;
                n++;
                below +=
                    (double)ns[c * each + k] * 1e-9 <= median * (1 + 1e-12);
            }
        spread += (below - p * n) * (below - p * n);
    }
    return spread * (double)clusters / (double)(clusters - 1);
}

/* Woodruff's interval from all samples in one place, client by client. */
static void check_interval(MPI_Comm comm, const char *name, const char *op,
                           const struct series *s, const int64_t *all,
                           size_t total, const struct figures *f)
{
    size_t each = s->kept, clients = total / each;
    size_t blocks = each < 20 ? each : 20, low, high;
    int64_t *sorted = malloc(total * sizeof *sorted);
    double p = 0, half[2] = {NAN, NAN}, n = (double)total, wider;
    bool by_clients;
    char what[64];

    if (!sorted)
        MPI_Abort(comm, 1);
    memcpy(sorted, all, total * sizeof *sorted);
    samples_sort(sorted, total);
    for (size_t k = 0; k < total; k++)
        p += (double)all[k] * 1e-9 <= f->median * (1 + 1e-12);
    p /= n;
    for (int by = 0; by < 2; by++) {
        size_t clusters = by ? clients : blocks;

        if (clusters >= (by ? 8 : 5))
            half[by] =
                samples_t((int64_t)clusters - 1) / n *
                sqrt(spread_of(all, clients, each, blocks, by, f->median, p));
    }
    by_clients = isnan(half[0]) || half[1] > half[0];
    wider = half[by_clients];
    snprintf(what, sizeof what, "interval of %s", op);
    if (isnan(wider)) {
        compare(name, what, f->low, NAN);
        compare(name, what, f->high, NAN);
        free(sorted);
        return;
    }
    low = (0.5 - wider) * n < 1 ? 0 : (size_t)((0.5 - wider) * n) - 1;
    high = (size_t)ceil((0.5 + wider) * n);
    high = high > total - 1 ? total - 1 : high;
    compare(name, what, f->low, (double)sorted[low] * 1e-9);
    compare(name, what, f->high, (double)sorted[high] * 1e-9);
    if (f->clusters != (int64_t)(by_clients ? clients : blocks))
        fail(name, "clusters", (double)f->clusters,
             (double)(by_clients ? clients : blocks));
    free(sorted);
}

static void check_operation(MPI_Comm comm, const char *name, const char *op,
                            const struct series *s, const struct figures *f)
{
    int64_t *all;
    char what[64];
    size_t total;

    all = gather(comm, s->ns + s->warmup, s->kept, MPI_INT64_T, sizeof *all,
                 &total);
    check_interval(comm, name, op, s, all, total, f);
    samples_sort(all, total);
    snprintf(what, sizeof what, "median of %s", op);
    compare(name, what, f->median,
            ((double)all[(total - 1) / 2] + (double)all[total / 2]) / 2 * 1e-9);
    snprintf(what, sizeof what, "95 %% of %s", op);
    compare(name, what, f->p95, quantile(all, total, 95, 100));
    snprintf(what, sizeof what, "99 %% of %s", op);
    compare(name, what, f->p99, quantile(all, total, 99, 100));
    snprintf(what, sizeof what, "99.9 %% of %s", op);
    compare(name, what, f->p999, quantile(all, total, 999, 1000));
    snprintf(what, sizeof what, "longest %s", op);
    compare(name, what, f->max, (double)all[total - 1] * 1e-9);
    free(all);
}

/* A client whose spans take no time has no rate, and then the sum has none. */
static double rate(double bytes, double ns)
{
    return ns > 0 ? bytes / (ns * 1e-9) : NAN;
}

/* How much of a client's operations lies in [from, to). */
static double within(const struct series *s, double from, double to)
{
    double sum = 0;

    for (size_t k = s->warmup; k < s->warmup + s->kept; k++) {
        double start = (double)s->start[k], end = start + (double)s->ns[k];
        double a = start > from ? start : from, b = end < to ? end : to;

        if (end == start)
            sum += start >= from && start < to;
        else if (b > a)
            sum += (b - a) / (end - start);
    }
    return sum;
}

static void check_rates(MPI_Comm comm, size_t i, const struct samples *s,
                        size_t bytes, bool phases, const struct summary *got)
{
    const char *name = tries[i].name;
    size_t w = s->put.warmup;
    double one_way = (double)bytes * (double)s->put.count;
    double put = (double)s->put.sum, unpack = (double)s->unpack.sum;
    double loop = (double)(s->loop_end - s->loop_start);
    double mine[9], *all, sums[3] = {0}, share = 0, ops;
    double begin = 0, end = HUGE_VAL, low[3], high[3];
    size_t total;

    mine[0] = rate(one_way, put);
    mine[1] = rate(one_way, unpack);
    mine[2] = rate(2 * one_way, loop);
    mine[3] = loop > 0 ? (loop - put - unpack) / loop : 0;
    mine[4] = (double)s->put.start[w];
    mine[5] = (double)s->put.last_end;
    mine[6] = (double)s->unpack.start[w];
    mine[7] = (double)s->unpack.last_end;
    mine[8] = (double)s->loop_start;
    all = gather(comm, mine, 9, MPI_DOUBLE, sizeof *all, &total);
    for (int k = 0; k < 3; k++) {
        low[k] = HUGE_VAL;
        high[k] = 0;
    }
    for (size_t c = 0; c < total; c += 9) {
        for (int k = 0; k < 3; k++)
            sums[k] += all[c + (size_t)k];
        share = fmax(share, all[c + 3]);
        for (int k = 0; k < 2; k++) {
            low[k] = fmin(low[k], all[c + 4 + 2 * (size_t)k]);
            high[k] = fmax(high[k], all[c + 5 + 2 * (size_t)k]);
        }
        begin = fmax(begin, all[c + 8]);
        end = fmin(end, all[c + 7]);
    }
    low[2] = fmin(low[0], low[1]);
    high[2] = fmax(high[0], high[1]);
    compare(name, "put_service_rate", got->put_service_rate, sums[0]);
    compare(name, "get_service_rate", got->get_service_rate, sums[1]);
    compare(name, "sum_of_rank_rates", got->sum_of_rank_rates, sums[2]);
    compare(name, "sum_of_rank_ops", got->sum_of_rank_ops,
            sums[2] / (double)bytes);
    compare(name, "window", got->window,
            rate((double)got->bytes, high[2] - low[2]));
    compare(name, "put_window", got->put_window,
            phases ? rate((double)got->bytes / 2, high[0] - low[0]) : NAN);
    compare(name, "get_window", got->get_window,
            phases ? rate((double)got->bytes / 2, high[1] - low[1]) : NAN);
    ops = within(&s->put, begin, end) + within(&s->unpack, begin, end);
    MPI_Allreduce(MPI_IN_PLACE, &ops, 1, MPI_DOUBLE, MPI_SUM, comm);
    ops = phases ? NAN : rate(ops, end - begin);
    if (isnan(ops) != isnan(got->steady_ops) ||
        fabs(got->steady_ops - ops) > 1e-9 * ops)
        fail(name, "steady_ops", got->steady_ops, ops);
    if (fabs(got->between_share - share) > 1e-5)
        fail(name, "between_share", got->between_share, share);
    free(all);
}

static void check_try(const struct team *t, MPI_Comm comm, size_t i)
{
    const size_t bytes = 32768;
    struct summary got;
    struct samples s;
    const struct figures_of of = {.samples = &s,
                                  .bytes = bytes,
                                  .phases = i % 2,
                                  .cpu_time = 0.5,
                                  .start_skew = 1e-6 * (rank + 1)};
    double loop;
    int clients, first;

    memset(&got, 0xff, sizeof got);
    MPI_Comm_size(comm, &clients);
    make(i, &s);
    figures_reduce(t, comm, &of, &got);
    first = rank;
    MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, comm);
    if (got.ops != 2 * (int64_t)tries[i].iterations * clients)
        fail(tries[i].name, "ops", (double)got.ops,
             2.0 * (double)tries[i].iterations * clients);
    if (got.bytes != got.ops * (int64_t)bytes)
        fail(tries[i].name, "bytes", (double)got.bytes,
             (double)got.ops * (double)bytes);
    if (got.verify_errors !=
        (int64_t)(first + first + clients - 1) * clients / 2)
        fail(tries[i].name, "verify_errors", (double)got.verify_errors,
             (first + first + clients - 1) * clients / 2.0);
    check_operation(comm, tries[i].name, "put", &s.put, &got.put);
    check_operation(comm, tries[i].name, "unpack", &s.unpack, &got.unpack);
    check_rates(comm, i, &s, bytes, of.phases, &got);
    loop = (double)(s.loop_end - s.loop_start) * 1e-9;
    MPI_Allreduce(MPI_IN_PLACE, &loop, 1, MPI_DOUBLE, MPI_SUM, comm);
    compare(tries[i].name, "cpu_share", got.cpu_share, 0.5 * clients / loop);
    MPI_Allreduce(&rank, &first, 1, MPI_INT, MPI_MAX, comm);
    if (fabs(got.start_skew - 1e-6 * (first + 1)) > 1e-9)
        fail(tries[i].name, "start_skew", got.start_skew, 1e-6 * (first + 1));
    samples_free(&s);
}

/* An interval of 95 % holds the truth in 95 of 100 runs, also where
 * neighbouring samples resemble each other: runs of 40 equal ones here. The
 * true median of the uniform distribution is known. */
static void check_coverage(const struct team *t, MPI_Comm comm)
{
    enum { RUNS = 200, SAMPLES = 2000, ALIKE = 40, WIDE = 1000000 };
    uint64_t seed = 7 + (uint64_t)rank;
    struct error err;
    int held = 0, held_of_some = 0;

    for (int run = 0; run < RUNS; run++) {
        struct samples s;
        struct summary got;
        const struct figures_of of = {.samples = &s, .bytes = 8};
        struct figures some, *const one[] = {&some};
        struct spans d;
        int64_t now = 0, ns = 0;

        if (samples_open(&s, 0, SAMPLES, &err) < 0)
            MPI_Abort(comm, 1);
        for (int k = 0; k < SAMPLES; k++) {
            if (k % ALIKE == 0)
                ns = 1 + next(&seed, WIDE);
            now = note(&s.put, 0, true, now, ns);
            now = note(&s.unpack, 0, true, now, ns);
        }
        s.loop_end = now;
        figures_reduce(t, comm, &of, &got);
        held +=
            got.put.low <= WIDE / 2 * 1e-9 && got.put.high >= WIDE / 2 * 1e-9;
        /* the same where a client has none, as a writer has no deliveries */
        d = figures_spans(&s.put);
        if (size > 1 && rank == 0)
            d.n = 0;
        figures_quantiles(t, comm, &d, 1, one);
        held_of_some +=
            some.low <= WIDE / 2 * 1e-9 && some.high >= WIDE / 2 * 1e-9;
        samples_free(&s);
    }
    /* 200 fair draws of 0.95: below 176 or above 199 once in 10000 */
    if (held < 176 || held > 199)
        fail("coverage", "runs whose interval holds the median", held,
             0.95 * RUNS);
    if (held_of_some < 176 || held_of_some > 199)
        fail("coverage",
             "runs whose interval of some clients' samples holds it",
             held_of_some, 0.95 * RUNS);
}

int main(int argc, char *argv[])
{
    MPI_Comm rest;
    struct team t;
    struct error err;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (team_open(&t, 1, ROLE_AUTO, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    /* all ranks are clients; then all but the first, as where it is a steward
     */
    for (size_t i = 0; i < COUNT(tries); i++)
        check_try(&t, t.world, i);
    check_coverage(&t, t.world);
    MPI_Comm_split(t.world, rank > 0 ? 0 : MPI_UNDEFINED, rank, &rest);
    if (rest != MPI_COMM_NULL) {
        for (size_t i = 0; i < COUNT(tries); i++)
            check_try(&t, rest, i);
        MPI_Comm_free(&rest);
    }
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    team_close(&t);
    MPI_Finalize();
    return failures ? 1 : 0;
}
