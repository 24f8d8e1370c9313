/* Preloaded into the only rank of a job that needs no server: its monotonic
 * clock is its own. It goes on by a microsecond whenever it is read, and by
 * each nap, which is over at once and up to a sixteenth longer: whatever else
 * runs on the machine, the operations of a null client take what they always
 * take. */
#include <errno.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long long now_ns = 1000000000000;
static unsigned chance = 1;

int clock_gettime(clockid_t id, struct timespec *ts)
{
    long long ns;

    if (id != CLOCK_MONOTONIC)
        return (int)syscall(SYS_clock_gettime, id, ts);
    ns = __atomic_add_fetch(&now_ns, 1000, __ATOMIC_RELAXED);
    ts->tv_sec = (time_t)(ns / 1000000000);
    ts->tv_nsec = (long)(ns % 1000000000);
    return 0;
}

int nanosleep(const struct timespec *length, struct timespec *left)
{
    long long ns = length->tv_sec * 1000000000LL + length->tv_nsec;

    (void)left;
    if (length->tv_sec < 0 || length->tv_nsec < 0) {
        errno = EINVAL;
        return -1;
    }
    chance = chance * 1103515245 + 12345;
    ns += ns / 4096 * (chance >> 24);
    __atomic_add_fetch(&now_ns, ns, __ATOMIC_RELAXED);
    return 0;
}
