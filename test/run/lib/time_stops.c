/* Preloaded into a rank: for it all of the day is the second TIME_STOPS. */
#include <stdlib.h>
#include <time.h>

time_t time(time_t *now)
{
    const char *at = getenv("TIME_STOPS");
    time_t second = at ? (time_t)atoll(at) : 0;

    if (now)
        *now = second;
    return second;
}
