#include "srb/tick.h"

#include <limits.h>

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
