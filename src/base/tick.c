#include "base/tick.h"

#include <limits.h>
#include <stdlib.h>

int64_t tick_deadline(double seconds)
{
    return tick_now() + (int64_t)(seconds * 1e9);
}

int tick_left_ms(int64_t deadline)
{
    int64_t left = deadline - tick_now();

    if (left <= 0)
        return 0;
    left = (left + 999999) / 1000000;
    return left > INT_MAX ? INT_MAX : (int)left;
}

void tick_sleep(int64_t ns)
{
    struct timespec ts = {.tv_sec = ns / 1000000000,
                          .tv_nsec = ns % 1000000000};

    nanosleep(&ts, 0);
}

#define BATCHES 25
#define BATCH_READS 40
#define STEP_READS 500

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* Nanoseconds a read, the mean of a batch. A preempted batch is an outlier,
 * which the median of batches drops. */
static double batch_read_ns(void)
{
    int64_t start = tick_now(), end = start;

    for (int i = 0; i < BATCH_READS; i++)
        end = tick_now();
    return (double)(end - start) / BATCH_READS;
}

/* Reads until it has stepped, however coarse the clock is: a jiffy at most. */
static int64_t smallest_step_ns(void)
{
    int64_t last = tick_now(), smallest = INT64_MAX;

    for (int i = 0; i < STEP_READS || smallest == INT64_MAX; i++) {
        int64_t now = tick_now();

        if (now > last && now - last < smallest)
            smallest = now - last;
        last = now;
    }
    return smallest;
}

void tick_measure(struct tick_quality *q)
{
    double batch[BATCHES];
    struct timespec res;

    q->resolution_ns = 0;
    if (clock_getres(CLOCK_MONOTONIC, &res) == 0)
        q->resolution_ns = (int64_t)res.tv_sec * 1000000000 + res.tv_nsec;
    q->step_ns = smallest_step_ns();
    for (int i = 0; i < BATCHES; i++)
        batch[i] = batch_read_ns();
    qsort(batch, BATCHES, sizeof batch[0], by_value);
    q->read_ns = batch[BATCHES / 2];
}
