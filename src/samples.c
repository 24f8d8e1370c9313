#include "srb/samples.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int samples_open(struct samples *s, size_t warmup, size_t iterations,
                 struct error *err)
{
    size_t pairs = warmup + iterations;
    int64_t *all;

    memset(s, 0, sizeof *s);
    /* malloc and memset, not calloc: every page is touched before the loop */
    all = malloc(4 * pairs * sizeof *all);
    if (!all)
        return error_set(err, "not enough memory for the timings of %zu pairs",
                         pairs);
    memset(all, 0, 4 * pairs * sizeof *all);
    s->warmup = warmup;
    s->iterations = iterations;
    s->put_start = all;
    s->put_end = all + pairs;
    s->unpack_start = all + 2 * pairs;
    s->unpack_end = all + 3 * pairs;
    return 0;
}

void samples_free(struct samples *s)
{
    free(s->put_start);
    memset(s, 0, sizeof *s);
}

int64_t samples_between(const struct samples *s)
{
    int64_t between = s->loop_end - s->loop_start;

    for (size_t k = s->warmup; k < s->warmup + s->iterations; k++)
        between -= s->put_end[k] - s->put_start[k] + s->unpack_end[k] -
                   s->unpack_start[k];
    return between;
}

int64_t samples_quantile_rank(int64_t n, double q, int64_t *upper)
{
    int64_t rank;

    if (n <= 0)
        return -1;
    /* q n may miss a whole number by an ulp or two, which ceil() would carry on
     */
    rank = (int64_t)ceil(q * (double)n * (1 - 4 * DBL_EPSILON)) - 1;
    if (rank < 0)
        rank = 0;
    if (rank > n - 1)
        rank = n - 1;
    if (q > 0.5 && q < 1 && n - 1 - rank < SRB_BEYOND)
        return -1;
    if (upper)
        *upper = q == 0.5 ? n / 2 : rank;
    return rank;
}

static int compare_ns(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

void samples_sort(int64_t *ns, size_t n)
{
    qsort(ns, n, sizeof *ns, compare_ns);
}

size_t samples_below(const int64_t *sorted, size_t n, int64_t x)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (sorted[mid] < x)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}
