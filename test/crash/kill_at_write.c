/* kill_at_write.c - a library to preload: ends the program with SIGKILL at its
 * N-th call that changes a file.
 *
 *     KILL_AT=N       before call N (from 1); 0: never, the number of calls is
 *                     written to the file KILL_COUNT, and the bytes of pwrite
 *     KILL_PART=half  a write is done to its half first
 *     KILL_PART=page  a write is done up to its last page boundary first, which
 *                     is where the kernel itself looks for a fatal signal
 *
 * Writes to standard streams do not count.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

typedef ssize_t (*pwrite_call)(int, const void *, size_t, off_t);
typedef ssize_t (*write_call)(int, const void *, size_t);
typedef int (*length_call)(int, off_t);
typedef int (*fallocate_call)(int, int, off_t, off_t);
typedef int (*names_call)(const char *, const char *);

static long calls, bytes;

static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* Whether this call is the one to die at. */
static int is_last(void)
{
    const char *at = getenv("KILL_AT");

    calls++;
    return at && strtol(at, NULL, 10) == calls;
}

static void die_now(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static size_t part(size_t n, off_t at)
{
    const char *how = getenv("KILL_PART");
    size_t last;

    if (how && strcmp(how, "half") == 0)
        return n / 2;
    if (!how || strcmp(how, "page") != 0)
        return 0;
    last = ((size_t)at + n - 1) / 4096 * 4096;
    return last > (size_t)at ? last - (size_t)at : 0;
}

static ssize_t counted_pwrite(const char *name, int fd, const void *data,
                              size_t n, off_t at)
{
    pwrite_call call = (pwrite_call)next(name);

    if (is_last()) {
        if (part(n, at) && call(fd, data, part(n, at), at) < 0)
            abort();
        die_now();
    }
    bytes += (long)n;
    return call(fd, data, n, at);
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at)
{
    return counted_pwrite("pwrite", fd, data, n, at);
}

ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at)
{
    return counted_pwrite("pwrite64", fd, data, n, at);
}

ssize_t write(int fd, const void *data, size_t n)
{
    write_call call = (write_call)next("write");

    if (fd > 2 && is_last()) {
        size_t first = part(n, lseek(fd, 0, SEEK_CUR));

        if (first && call(fd, data, first) < 0)
            abort();
        die_now();
    }
    return call(fd, data, n);
}

static int counted_length(const char *name, int fd, off_t length)
{
    if (is_last())
        die_now();
    return ((length_call)next(name))(fd, length);
}

int ftruncate(int fd, off_t length)
{
    return counted_length("ftruncate", fd, length);
}

int ftruncate64(int fd, off64_t length)
{
    return counted_length("ftruncate64", fd, length);
}

static int counted_fallocate(const char *name, int fd, int mode, off_t at,
                             off_t n)
{
    if (is_last())
        die_now();
    return ((fallocate_call)next(name))(fd, mode, at, n);
}

int fallocate(int fd, int mode, off_t at, off_t n)
{
    return counted_fallocate("fallocate", fd, mode, at, n);
}

int fallocate64(int fd, int mode, off64_t at, off64_t n)
{
    return counted_fallocate("fallocate64", fd, mode, at, n);
}

static int counted_names(const char *name, const char *from, const char *to)
{
    if (is_last())
        die_now();
    return ((names_call)next(name))(from, to);
}

int rename(const char *from, const char *to)
{
    return counted_names("rename", from, to);
}

int link(const char *from, const char *to)
{
    return counted_names("link", from, to);
}

__attribute__((destructor)) static void report(void)
{
    const char *path = getenv("KILL_COUNT");
    FILE *f = path ? fopen(path, "w") : NULL;

    if (!f)
        return;
    fprintf(f, "%ld %ld\n", calls, bytes);
    fclose(f);
}
