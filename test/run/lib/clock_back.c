/* Preloaded into a rank: its monotonic clock goes back by a second within the
 * CLOCK_BACK_NAP-th nap of CLOCK_BACK_NAP_NS, the delay of the null client's
 * operations. So it goes back in that operation whatever the machine does. */
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static int naps;
static time_t back;

static long number_of(const char *name)
{
    const char *value = getenv(name);

    return value ? atol(value) : -1;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
    static int (*next)(clockid_t, struct timespec *);
    int rc;

    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "clock_gettime");
    rc = next(id, ts);
    if (rc == 0 && id == CLOCK_MONOTONIC)
        ts->tv_sec -= back;
    return rc;
}

int nanosleep(const struct timespec *length, struct timespec *left)
{
    static int (*next)(const struct timespec *, struct timespec *);

    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "nanosleep");
    if (length->tv_nsec == number_of("CLOCK_BACK_NAP_NS") &&
        ++naps == number_of("CLOCK_BACK_NAP"))
        back = 1;
    return next(length, left);
}
