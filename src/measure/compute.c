#include "measure/compute.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/tick.h"
#include "measure/pace.h"

/* Elements of a unit: in registers as many operations, of stream a page. */
#define UNIT 512
#define ELEMENTS ((size_t)COMPUTE_BUFFER_BYTES / sizeof(double))
#define BATCHES 5
#define BATCH_SECONDS 5e-3
#define PIECE_SECONDS 50e-3

/* Four chains that do not wait for each other; they stay near 1. */
static double spin(double sum, int64_t units)
{
    double a = sum, b = 0.25, c = 0.5, d = 0.75;

    for (int64_t i = 0; i < units * (UNIT / 4); i++) {
        a = a * 0.999999 + 1e-6;
        b = b * 0.999998 + 2e-6;
        c = c * 0.999997 + 3e-6;
        d = d * 0.999996 + 4e-6;
    }
    return (a + b + c + d) / 4;
}

/* From where the unit before ended, round and round. */
static void stream(struct compute *c, int64_t units)
{
    for (; units > 0; units--) {
        double *page = c->buffer + c->at;

        for (size_t i = 0; i < UNIT; i++)
            page[i] = page[i] * 0.999999 + 1e-6;
        c->at = (c->at + UNIT) % ELEMENTS;
    }
}

static void work(struct compute *c, int64_t units)
{
    if (c->kind == COMPUTE_STREAM)
        stream(c, units);
    else
        c->sum = spin(c->sum, units);
}

int compute_open(struct compute *c, enum compute_kind kind, double seconds,
                 struct error *err)
{
    *c = (struct compute){.kind = kind, .seconds = seconds};
    if (kind != COMPUTE_STREAM)
        return 0;
    c->buffer = malloc(COMPUTE_BUFFER_BYTES);
    if (!c->buffer)
        return error_set(err, "not enough memory for the 32 MiB that "
                              "compute_kind: stream computes on");
    memset(c->buffer, 0, COMPUTE_BUFFER_BYTES);
    return 0;
}

void compute_close(struct compute *c)
{
    free(c->buffer);
    *c = (struct compute){0};
}

static double time_of(struct compute *c, int64_t units)
{
    double start = tick_cpu_seconds();

    work(c, units);
    return tick_cpu_seconds() - start;
}

/* The first batches only find how large one is; a kernel that counts CPU time
 * in ticks makes it larger. */
void compute_calibrate(struct compute *c)
{
    int64_t batch = 64;
    double best = INFINITY;

    if (c->kind == COMPUTE_SLEEP)
        return;
    while (time_of(c, batch) < BATCH_SECONDS)
        batch *= 2;
    for (int k = 0; k < BATCHES; k++)
        best = fmin(best, time_of(c, batch));
    c->unit = best / (double)batch;
    c->units = (int64_t)fmax(1, round(c->seconds / c->unit));
}

double compute_waited(const struct compute *c, double seconds,
                      double cpu_seconds)
{
    if (c->kind == COMPUTE_SLEEP || seconds <= 0)
        return NAN;
    return fmax(1 - cpu_seconds / seconds, 0);
}

int64_t compute_step(const struct compute *c)
{
    return c->kind == COMPUTE_SLEEP ? (int64_t)(c->seconds * 1e9) : c->units;
}

/* Of sleep, nanoseconds are left. */
static int64_t sleep_piece(const struct compute *c, int64_t left, int64_t begun)
{
    int64_t end = begun + (int64_t)(c->seconds * 1e9);
    int64_t piece = (int64_t)(PIECE_SECONDS * 1e9), now;

    now = pace_await(left > piece ? end - left + piece : end, 0);
    return now < end ? end - now : 0;
}

int64_t compute_piece(struct compute *c, int64_t left, int64_t begun)
{
    int64_t piece;

    if (c->kind == COMPUTE_SLEEP)
        return sleep_piece(c, left, begun);
    piece = (int64_t)(PIECE_SECONDS / c->unit) + 1;
    if (piece > left)
        piece = left;
    work(c, piece);
    return left - piece;
}
