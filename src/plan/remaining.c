#include "plan/remaining.h"

#include <math.h>

#include "plan/step_time.h"

/* The belief: seconds a byte, how far (in logarithms) it is given up slowly,
 * and how much a loop differs from what the fit says of it. */
#define BYTE_SECONDS 0.35e-9
#define BYTE_DOUBT 0.6
#define BELIEF 2.0
#define RELATIVE_ERROR 0.25
/* So many say something of their own. */
#define INDEPENDENT 4.0
/* Bytes of tensors that do not stay in caches cost more (1.1 to 1.6 times, from
 * half a MB to 4 MB). */
#define LARGE_BYTES 1000000
#define LARGE_COST 1.3
/* Seconds a byte that are tried: a tenth of a decade apart, from 1 TB/s on. */
#define LEAST_BYTE 1e-12
#define STEPS 80

/* A start that none was seen of. */
static const double start_belief[2] = {0.1, 2.1};

/* What is seen of few permutations says little of the average of all. */
#define FEW 20.0

struct work remaining_work(const struct permutation *p,
                           const struct placement *pl, bool starts)
{
    const int64_t bytes = p->value[OPT_TENSOR_BYTES]->count *
                          permutation_count(p, OPT_TENSORS, 1);
    /* a client goes no faster where it has several servers */
    const int shards = pl->nshards < pl->nclients ? pl->nshards : pl->nclients;
    struct work w = {.permutations = 1, .known = step_time_known(p)};

    if (starts)
        w.starts[pl->cluster] = 1;
    /* with a duration loops take the same time, whatever they move */
    if (permutation_duration(p) <= 0)
        w.bytes = (double)(p->value[OPT_ITERATIONS]->count +
                           p->value[OPT_WARMUP]->count) *
                  (double)place_moves(pl) * (double)bytes / fmax(shards, 1) *
                  (bytes >= LARGE_BYTES ? LARGE_COST : 1);
    return w;
}

void remaining_add(struct work *w, const struct work *more)
{
    w->permutations += more->permutations;
    w->bytes += more->bytes;
    w->known += more->known;
    for (int k = 0; k < 2; k++)
        w->starts[k] += more->starts[k];
}

static double less(double a, double b)
{
    return a > b ? a - b : 0;
}

void remaining_dropped(struct remaining *r, const struct work *w, bool spared)
{
    r->left.permutations = less(r->left.permutations, w->permutations);
    r->left.bytes = less(r->left.bytes, w->bytes);
    r->left.known = less(r->left.known, w->known);
    for (int k = 0; k < 2; k++)
        r->left.starts[k] = less(r->left.starts[k], w->starts[k]);
    r->spared += spared;
}

/* What is left of a time when the steps' own is taken from it. */
static double beside_steps(struct remaining *r, double known, double seconds)
{
    double stretch = seconds / known;

    if (r->stretch <= 0 || stretch < r->stretch)
        r->stretch = stretch;
    return less(seconds, r->stretch * known);
}

static void add_to_fit(struct remaining *r, double bytes, double seconds,
                       double of)
{
    const double weight = 1 / (of * of);

    r->loops += seconds;
    r->bytes += bytes;
    r->sum.w += weight;
    r->sum.wb += weight * bytes;
    r->sum.wbb += weight * bytes * bytes;
    r->sum.wy += weight * seconds;
    r->sum.wby += weight * bytes * seconds;
    r->sum.wyy += weight * seconds * seconds;
}

void remaining_ran(struct remaining *r, const struct work *w,
                   const struct took *took)
{
    const bool known = took->loop > 0; /* NaN is not */
    const double all = fmax((known ? took->loop : 0) + took->around, 1e-6);
    const double loop = fmax(known ? took->loop : took->around, 1e-6);

    remaining_dropped(r, w, false);
    r->ran++;
    if (w->known > 0) {
        add_to_fit(r, w->bytes, beside_steps(r, w->known, all), all);
    } else {
        add_to_fit(r, w->bytes, loop, loop);
        r->around += known ? fmax(took->around, 0) : 0;
    }
    for (int k = 0; k < 2; k++)
        if (w->starts[k] > 0) {
            r->started[k]++;
            r->start_seconds[k] += took->start;
        }
}

/* How badly a cost of the byte explains what was seen, with the best cost of
 * each permutation, *each. */
static double misfit(const struct remaining *r, double by_byte, double *each)
{
    double c = fmax((r->sum.wy - by_byte * r->sum.wb) / r->sum.w, 0);
    double squares = r->sum.wyy - 2 * c * r->sum.wy - 2 * by_byte * r->sum.wby +
                     c * c * r->sum.w + 2 * c * by_byte * r->sum.wb +
                     by_byte * by_byte * r->sum.wbb;
    double doubt = log(by_byte / BYTE_SECONDS) / BYTE_DOUBT;

    *each = c;
    return squares / (RELATIVE_ERROR * RELATIVE_ERROR) *
               fmin(1, INDEPENDENT / r->ran) +
           BELIEF * log1p(doubt * doubt);
}

static void fit(const struct remaining *r, double *each, double *by_byte)
{
    double least = INFINITY;

    for (int k = 0; k < STEPS; k++) {
        double s = LEAST_BYTE * pow(10, 0.1 * k), c;
        double m = misfit(r, s, &c);

        if (m < least) {
            least = m;
            *each = c;
            *by_byte = s;
        }
    }
}

double remaining_seconds(const struct remaining *r)
{
    double each = 0, by_byte = 0, seen, seconds;

    if (r->ran < 1)
        return NAN;
    fit(r, &each, &by_byte);
    seen = each * r->ran + by_byte * r->bytes;
    seconds = each * r->left.permutations + by_byte * r->left.bytes;
    /* what the fit of relative errors leaves of the sum */
    if (seen > 0)
        seconds *=
            (r->loops + FEW * seen / r->ran) / (seen + FEW * seen / r->ran);
    seconds += r->around / r->ran * r->left.permutations;
    seconds += r->left.known * (r->stretch > 0 ? r->stretch : 1);
    seconds *= r->ran / (r->ran + r->spared);
    for (int k = 0; k < 2; k++)
        seconds += r->left.starts[k] *
                   (r->started[k] > 0 ? r->start_seconds[k] / r->started[k]
                                      : start_belief[k]);
    return seconds;
}
