#include "base/procstat.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The number in a line "key:\tnumber" of a file of such lines, or -1. */
static int64_t read_number(const char *path, const char *key)
{
    FILE *f = fopen(path, "re");
    size_t len = strlen(key);
    int64_t value = -1;
    char line[256];

    if (!f)
        return -1;
    while (value < 0 && fgets(line, sizeof line, f))
        if (strncmp(line, key, len) == 0 && line[len] == ':')
            value = strtoll(line + len + 1, NULL, 10);
    fclose(f);
    return value;
}

static void add(int64_t *sum, int64_t value)
{
    *sum = *sum < 0 || value < 0 ? -1 : *sum + value;
}

/* Context switches of all threads; the process's own status tells those of the
 * first alone (proc(5)). */
static void count_switches(pid_t pid, struct procstat *w)
{
    char path[64];
    const struct dirent *e;
    DIR *threads;

    snprintf(path, sizeof path, "/proc/%ld/task", (long)pid);
    threads = opendir(path);
    w->voluntary_switches = w->involuntary_switches = threads ? 0 : -1;
    while (threads && (e = readdir(threads))) {
        char status[128];

        if (e->d_name[0] == '.')
            continue;
        snprintf(status, sizeof status, "/proc/%ld/task/%.20s/status",
                 (long)pid, e->d_name);
        add(&w->voluntary_switches,
            read_number(status, "voluntary_ctxt_switches"));
        add(&w->involuntary_switches,
            read_number(status, "nonvoluntary_ctxt_switches"));
    }
    if (threads)
        closedir(threads);
}

/* To the nanosecond, where /proc/PID/stat counts ticks. */
static double cpu_time(pid_t pid)
{
    clockid_t clock;
    struct timespec ts;

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &ts) != 0)
        return NAN;
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* VmHWM is the peak since the start, or since a 5 was written to clear_refs
 * (proc(5)). */
static void reset_peak(pid_t pid)
{
    char path[64];
    FILE *f;

    snprintf(path, sizeof path, "/proc/%ld/clear_refs", (long)pid);
    f = fopen(path, "we");
    if (!f)
        return;
    fputs("5", f);
    fclose(f);
}

static int64_t peak_memory(pid_t pid)
{
    char path[64];
    int64_t kib;

    snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    kib = read_number(path, "VmHWM");
    return kib < 0 ? -1 : kib * 1024;
}

struct procstat procstat_begin(pid_t pid)
{
    struct procstat w;

    reset_peak(pid);
    w.peak_memory = -1;
    count_switches(pid, &w);
    w.cpu_time = cpu_time(pid);
    return w;
}

static int64_t since(int64_t first, int64_t now)
{
    return first < 0 || now < 0 ? -1 : now - first;
}

struct procstat procstat_end(pid_t pid, const struct procstat *first)
{
    struct procstat w;

    w.cpu_time = cpu_time(pid) - first->cpu_time;
    count_switches(pid, &w);
    w.voluntary_switches =
        since(first->voluntary_switches, w.voluntary_switches);
    w.involuntary_switches =
        since(first->involuntary_switches, w.involuntary_switches);
    w.peak_memory = peak_memory(pid);
    return w;
}
