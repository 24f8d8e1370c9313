#include "base/procstat.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/line.h"
#include "base/tick.h"

const struct procstat procstat_unknown = {
    .interval = NAN,
    .cpu_time = NAN,
    .user_time = NAN,
    .system_time = NAN,
    .voluntary_switches = -1,
    .involuntary_switches = -1,
    .minor_faults = -1,
    .major_faults = -1,
    .peak_memory = -1,
    .busy = NAN,
    .busy_cpu = NAN,
    .busy_system = NAN,
    .busy_faults = -1,
    .scheduled = -1,
};

/* The number in a line "key: number" of a file of such lines, or -1. */
static int64_t read_number(const char *path, const char *key)
{
    char value[64];

    return line_named(path, key, value, sizeof value) ? strtoll(value, NULL, 10)
                                                      : -1;
}

/* ---- /proc/PID/stat, and the same of a thread ---- */

struct counts {
    double user_time, system_time;
    int64_t minor_faults, major_faults;
};

/* The n-th number behind blanks; 0 where there are fewer. */
static double number_at(const char *text, int n)
{
    while (*text && n > 0)
        n -= *text++ == ' ';
    return strtod(text, NULL);
}

/* Its fields 10, 12, 14 and 15 (proc(5)), counted from the second, a name that
 * may have blanks and parentheses. */
static struct counts read_counts(const char *folder)
{
    struct counts x = {NAN, NAN, -1, -1};
    char path[96], line[1024];
    double tick = (double)sysconf(_SC_CLK_TCK);
    const char *rest;
    FILE *f;

    snprintf(path, sizeof path, "%s/stat", folder);
    f = fopen(path, "re");
    if (!f)
        return x;
    line[fread(line, 1, sizeof line - 1, f)] = '\0';
    fclose(f);
    rest = strrchr(line, ')');
    return rest ? (struct counts){number_at(rest, 12) / tick,
                                  number_at(rest, 13) / tick,
                                  (int64_t)number_at(rest, 8),
                                  (int64_t)number_at(rest, 10)}
                : x;
}

/* ---- threads ---- */

/* Time on a CPU and time waiting for one (Documentation/scheduler/sched-stats
 * of the kernel); false where the kernel keeps none. */
static bool read_schedule(const char *folder, struct thread_look *x)
{
    char path[96], line[128];
    bool ok;

    snprintf(path, sizeof path, "%s/schedstat", folder);
    ok = line_first(path, line, sizeof line) && strchr(line, ' ');
    x->on_cpu = ok ? number_at(line, 0) * 1e-9 : NAN;
    x->waiting = ok ? number_at(line, 1) * 1e-9 : NAN;
    return ok;
}

static bool look_at_thread(const char *folder, struct thread_look *x)
{
    struct counts c = read_counts(folder);

    x->system_time = c.system_time;
    x->minor_faults = c.minor_faults;
    if (read_schedule(folder, x))
        return true;
    x->on_cpu = c.user_time + c.system_time;
    x->waiting = 0;
    return false;
}

static void add(int64_t *sum, int64_t value)
{
    *sum = *sum < 0 || value < 0 ? -1 : *sum + value;
}

/* Context switches of all threads; the process's own status tells those of the
 * first alone (proc(5)). */
static void count_switches(const char *folder, struct procwatch *w)
{
    char status[96];

    snprintf(status, sizeof status, "%s/status", folder);
    add(&w->voluntary_switches, read_number(status, "voluntary_ctxt_switches"));
    add(&w->involuntary_switches,
        read_number(status, "nonvoluntary_ctxt_switches"));
}

/* Returns whether the kernel tells how they were scheduled. */
static bool look_at_threads(pid_t pid, struct procwatch *w)
{
    char path[64];
    const struct dirent *e;
    bool scheduled = true;
    DIR *threads;

    snprintf(path, sizeof path, "/proc/%ld/task", (long)pid);
    threads = opendir(path);
    w->voluntary_switches = w->involuntary_switches = threads ? 0 : -1;
    w->nthreads = 0;
    while (threads && (e = readdir(threads))) {
        struct thread_look *x = &w->thread[w->nthreads];
        char folder[80];

        if (e->d_name[0] == '.')
            continue;
        snprintf(folder, sizeof folder, "/proc/%ld/task/%.20s", (long)pid,
                 e->d_name);
        count_switches(folder, w);
        if (w->nthreads == SRB_THREADS_MAX)
            continue;
        x->tid = (pid_t)strtol(e->d_name, NULL, 10);
        scheduled = look_at_thread(folder, x) && scheduled;
        w->nthreads++;
    }
    if (threads)
        closedir(threads);
    return scheduled;
}

/* ---- the process ---- */

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
void procstat_reset_peak(pid_t pid)
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

int64_t procstat_resident(pid_t pid)
{
    char path[64], line[128];
    double pages;

    snprintf(path, sizeof path, "/proc/%ld/statm", (long)pid);
    /* its second number (proc(5)); of a process that has ended all are 0 */
    pages = line_first(path, line, sizeof line) ? number_at(line, 1) : 0;
    return pages > 0 ? (int64_t)pages * sysconf(_SC_PAGESIZE) : -1;
}

/* Without smaps_rollup (Linux 4.14) it is not known, and taken for no. */
static bool has_huge_pages(pid_t pid)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%ld/smaps_rollup", (long)pid);
    return read_number(path, "AnonHugePages") > 0;
}

/* One look; whether threads were told how they were scheduled. */
static bool look(pid_t pid, struct procwatch *w)
{
    bool scheduled = look_at_threads(pid, w);
    struct counts c;
    char folder[64];

    snprintf(folder, sizeof folder, "/proc/%ld", (long)pid);
    c = read_counts(folder);
    w->user_time = c.user_time;
    w->system_time = c.system_time;
    w->minor_faults = c.minor_faults;
    w->major_faults = c.major_faults;
    w->cpu_time = cpu_time(pid);
    w->when = tick_now();
    return scheduled;
}

void procstat_begin(pid_t pid, struct procwatch *first)
{
    procstat_reset_peak(pid);
    look(pid, first);
}

static int64_t since(int64_t first, int64_t now)
{
    return first < 0 || now < 0 ? -1 : now - first;
}

/* The same thread at the first look; one that began since had done nothing. */
static struct thread_look before(const struct procwatch *first, pid_t tid)
{
    for (int k = 0; k < first->nthreads; k++)
        if (first->thread[k].tid == tid)
            return first->thread[k];
    return (struct thread_look){.tid = tid};
}

static void find_busiest(const struct procwatch *first,
                         const struct procwatch *now, struct procstat *w)
{
    double most = -1;

    for (int k = 0; k < now->nthreads; k++) {
        const struct thread_look *x = &now->thread[k];
        struct thread_look b = before(first, x->tid);
        double on = x->on_cpu - b.on_cpu;
        double busy = on + x->waiting - b.waiting;

        if (!(busy > most))
            continue;
        most = busy;
        w->busy = busy / w->interval;
        w->busy_cpu = on / w->interval;
        w->busy_system = (x->system_time - b.system_time) / w->interval;
        w->busy_faults = since(b.minor_faults, x->minor_faults);
    }
}

struct procstat procstat_end(pid_t pid, const struct procwatch *first)
{
    struct procstat w = procstat_unknown;
    struct procwatch now;
    bool scheduled;

    scheduled = look(pid, &now);
    w.scheduled = now.nthreads > 0 ? scheduled : -1;
    w.interval = tick_seconds(now.when - first->when);
    w.cpu_time = now.cpu_time - first->cpu_time;
    w.user_time = now.user_time - first->user_time;
    w.system_time = now.system_time - first->system_time;
    w.voluntary_switches =
        since(first->voluntary_switches, now.voluntary_switches);
    w.involuntary_switches =
        since(first->involuntary_switches, now.involuntary_switches);
    w.minor_faults = since(first->minor_faults, now.minor_faults);
    w.major_faults = since(first->major_faults, now.major_faults);
    w.peak_memory = peak_memory(pid);
    find_busiest(first, &now, &w);
    /* only where it matters: the kernel walks all of a process's memory */
    w.huge_pages = w.busy_faults > 0 && has_huge_pages(pid);
    return w;
}

double procstat_fault_share(const struct procstat *w, double page_fault)
{
    double tick = 1 / (double)sysconf(_SC_CLK_TCK);

    if (w->huge_pages || w->busy_faults < 0 || isnan(page_fault))
        return NAN;
    /* system time is told in ticks: one more may be on its way */
    return fmin((double)w->busy_faults * page_fault / w->interval,
                w->busy_system + tick / w->interval);
}
