/* Figures over all clients, against a brute force that brings all samples
 * together. Run with any number of ranks; exit status 1 and words when a rank
 * finds a difference.
 */
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "srb/figures.h"

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

static void make(size_t i, struct samples *s)
{
    uint64_t seed = 1000 * (uint64_t)i + (uint64_t)rank;
    int64_t now = INT64_C(100000000000) + 777 * ((rank + 1) % size);
    struct error err;

    if (samples_open(s, tries[i].warmup, tries[i].iterations, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    for (size_t k = 0; k < s->warmup + s->iterations; k++) {
        if (k == s->warmup)
            s->loop_start = now;
        s->put_start[k] = now;
        s->put_end[k] = now += span(i, k, &seed);
        now += k < s->warmup ? 0 : rank + 1; /* between the spans */
        s->unpack_start[k] = now;
        s->unpack_end[k] = now += span(i, k, &seed);
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

static void check_operation(MPI_Comm comm, const char *name, const char *op,
                            const int64_t *begin, const int64_t *end, size_t n,
                            const struct figures *f)
{
    int64_t *mine = malloc(n * sizeof *mine), *all;
    char what[64];
    size_t total;

    if (!mine)
        MPI_Abort(comm, 1);
    for (size_t k = 0; k < n; k++)
        mine[k] = end[k] - begin[k];
    all = gather(comm, mine, n, MPI_INT64_T, sizeof *all, &total);
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
    free(mine);
    free(all);
}

/* A client whose spans take no time has no rate, and then the sum has none. */
static double rate(double bytes, double ns)
{
    return ns > 0 ? bytes / (ns * 1e-9) : NAN;
}

static void check_rates(MPI_Comm comm, size_t i, const struct samples *s,
                        size_t bytes, bool one_clock, const struct summary *got)
{
    const char *name = tries[i].name;
    double one_way = (double)bytes * (double)s->iterations;
    double put = 0, unpack = 0, loop = (double)(s->loop_end - s->loop_start);
    double mine[6], *all, sums[3] = {0}, share = 0, first, last;
    size_t total;

    for (size_t k = s->warmup; k < s->warmup + s->iterations; k++) {
        put += (double)(s->put_end[k] - s->put_start[k]);
        unpack += (double)(s->unpack_end[k] - s->unpack_start[k]);
    }
    mine[0] = rate(one_way, put);
    mine[1] = rate(one_way, unpack);
    mine[2] = rate(2 * one_way, loop);
    mine[3] = loop > 0 ? (loop - put - unpack) / loop : 0;
    mine[4] = (double)s->put_start[s->warmup];
    mine[5] = (double)s->loop_end;
    all = gather(comm, mine, 6, MPI_DOUBLE, sizeof *all, &total);
    first = all[4];
    last = all[5];
    for (size_t c = 0; c < total; c += 6) {
        for (int k = 0; k < 3; k++)
            sums[k] += all[c + (size_t)k];
        share = all[c + 3] > share ? all[c + 3] : share;
        first = all[c + 4] < first ? all[c + 4] : first;
        last = all[c + 5] > last ? all[c + 5] : last;
    }
    compare(name, "put_service_rate", got->put_service_rate, sums[0]);
    compare(name, "get_service_rate", got->get_service_rate, sums[1]);
    compare(name, "sum_of_rank_rates", got->sum_of_rank_rates, sums[2]);
    compare(name, "window", got->window,
            one_clock ? rate((double)got->bytes, last - first) : NAN);
    if (fabs(got->between_share - share) > 1e-5)
        fail(name, "between_share", got->between_share, share);
    free(all);
}

static void check_try(const struct team *t, MPI_Comm comm, size_t i)
{
    const size_t bytes = 32768;
    struct summary got;
    struct samples s;
    int clients, first;

    memset(&got, 0xff, sizeof got);
    MPI_Comm_size(comm, &clients);
    make(i, &s);
    figures_reduce(t, comm, &s, bytes, i % 2 == 0, &got);
    first = rank;
    MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, comm);
    if (got.ops != 2 * (int64_t)s.iterations * clients)
        fail(tries[i].name, "ops", (double)got.ops,
             2.0 * (double)s.iterations * clients);
    if (got.bytes != got.ops * (int64_t)bytes)
        fail(tries[i].name, "bytes", (double)got.bytes,
             (double)got.ops * (double)bytes);
    if (got.verify_errors !=
        (int64_t)(first + first + clients - 1) * clients / 2)
        fail(tries[i].name, "verify_errors", (double)got.verify_errors,
             (first + first + clients - 1) * clients / 2.0);
    check_operation(comm, tries[i].name, "put", s.put_start + s.warmup,
                    s.put_end + s.warmup, s.iterations, &got.put);
    check_operation(comm, tries[i].name, "unpack", s.unpack_start + s.warmup,
                    s.unpack_end + s.warmup, s.iterations, &got.unpack);
    check_rates(comm, i, &s, bytes, i % 2 == 0, &got);
    samples_free(&s);
}

int main(int argc, char *argv[])
{
    MPI_Comm rest;
    struct team t;
    struct error err;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (team_open(&t, 1, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    /* all ranks are clients; then all but the first, as where it is a steward
     */
    for (size_t i = 0; i < COUNT(tries); i++)
        check_try(&t, t.world, i);
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
