#include "node/memory_cost.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/line.h"
#include "base/tick.h"

#define TIMES 5
#define BATCH_PAGES 256
#define BUFFER_MIN ((size_t)32 << 20)
#define BUFFER_MAX ((size_t)64 << 20)

/* Pages that nobody has touched, or NULL. */
static char *fresh(size_t bytes, int advice)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return NULL;
    /* a kernel without huge pages knows neither advice, nor needs it */
    (void)madvise(p, bytes, advice);
    return p;
}

static void touch(char *p, size_t bytes, size_t page)
{
    for (size_t at = 0; at < bytes; at += page)
        *(volatile char *)(p + at) = 1;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* All batches lie in one piece: what was just given back would be had again for
 * less, in a virtual machine for much less. */
static double page_fault(size_t page)
{
    size_t bytes = BATCH_PAGES * page;
    char *p = fresh(TIMES * bytes, MADV_NOHUGEPAGE);
    double batch[TIMES];

    if (!p)
        return NAN;
    for (int k = 0; k < TIMES; k++) {
        double begin = tick_cpu_seconds();

        touch(p + (size_t)k * bytes, bytes, page);
        batch[k] = (tick_cpu_seconds() - begin) / BATCH_PAGES;
    }
    munmap(p, TIMES * bytes);
    qsort(batch, TIMES, sizeof batch[0], by_value);
    return batch[TIMES / 2];
}

static double copy_rate(size_t bytes, size_t page)
{
    char *p = fresh(2 * bytes, MADV_HUGEPAGE);
    double best = NAN;

    if (!p)
        return NAN;
    touch(p, 2 * bytes, page);
    for (int k = 0; k < TIMES; k++) {
        double begin = tick_cpu_seconds();

        memcpy(p + bytes, p, bytes);
        /* the compiler may not think that nobody reads it */
        __asm__ volatile("" : : "r"(p + bytes) : "memory");
        best = fmax(best, (double)bytes / (tick_cpu_seconds() - begin));
    }
    munmap(p, 2 * bytes);
    return best;
}

/* As the kernel has it, in KiB; sysconf() gives those of a whole AMD processor.
 * 0: unknown. */
static size_t last_cache(void)
{
    char line[32];

    return line_first("/sys/devices/system/cpu/cpu0/cache/index3/size", line,
                      sizeof line)
               ? strtoul(line, NULL, 10) << 10
               : 0;
}

struct memory_cost memory_cost_measure(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = last_cache();

    if (bytes < BUFFER_MIN)
        bytes = BUFFER_MIN;
    if (bytes > BUFFER_MAX)
        bytes = BUFFER_MAX;
    return (struct memory_cost){.page_fault = page_fault(page),
                                .copy = copy_rate(bytes, page)};
}
