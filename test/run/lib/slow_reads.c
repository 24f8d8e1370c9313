/* What a server (read) or a client (recvmsg) does before it reads, by
 * SLOW_READS: "sleeps" for a millisecond, so that it is slow without working, a
 * number sleeps for as many, and it "works" for about one. */
#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>

static volatile unsigned sum;

static void work(void)
{
    for (unsigned i = 0; i < 1000000; i++)
        sum += i;
}

static void slow_down(void)
{
    const char *how = getenv("SLOW_READS");
    long ms = how ? strtol(how, NULL, 10) : 0;
    const struct timespec pause = {0, (ms > 0 ? ms : 1) * 1000000};

    if (how && strcmp(how, "works") == 0)
        work();
    else
        nanosleep(&pause, NULL);
}

ssize_t read(int fd, void *buf, size_t n)
{
    static ssize_t (*real)(int, void *, size_t);

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "read");
    slow_down();
    return real(fd, buf, n);
}

ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
    static ssize_t (*real)(int, struct msghdr *, int);

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "recvmsg");
    slow_down();
    return real(fd, m, flags);
}
