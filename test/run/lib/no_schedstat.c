/* Preloaded into a rank: a kernel that does not tell how threads were scheduled
 * (CONFIG_SCHED_INFO is off). */
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static FILE *refuse_or_open(const char *name, const char *path,
                            const char *mode)
{
    FILE *(*real)(const char *, const char *);

    if (strstr(path, "/schedstat")) {
        errno = ENOENT;
        return NULL;
    }
    *(void **)&real = dlsym(RTLD_NEXT, name);
    return real(path, mode);
}

FILE *fopen(const char *path, const char *mode)
{
    return refuse_or_open("fopen", path, mode);
}

FILE *fopen64(const char *path, const char *mode)
{
    return refuse_or_open("fopen64", path, mode);
}
