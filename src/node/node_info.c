#include "node/node_info.h"

#include <glob.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/line.h"
#include "base/text.h"

#define LINE 4096

/* The first line of ROOT/FOLDER/NAME, without its end; false: there is none. */
static bool read_line(const char *folder, const char *name, char *buf, size_t n)
{
    char path[3 * PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return line_first(path, buf, n);
}

/* All paths below root that match; globfree() them. Returns how many. */
static size_t match(const char *root, const char *pattern, glob_t *g)
{
    char path[2 * PATH_MAX];

    memset(g, 0, sizeof *g);
    snprintf(path, sizeof path, "%s%s", root, pattern);
    return glob(path, 0, NULL, g) == 0 ? g->gl_pathc : 0;
}

/* ---- the node ---- */

/* Kernels before 4.19 have no switch, but all say which threads are siblings.
 */
static int64_t read_smt(const char *root)
{
    char line[LINE];
    int64_t smt = -1;
    glob_t g;
    size_t n;

    if (match(root, "/sys/devices/system/cpu/smt", &g) == 1 &&
        read_line(g.gl_pathv[0], "active", line, sizeof line))
        smt = line[0] == '1';
    globfree(&g);
    if (smt >= 0)
        return smt;
    n = match(root, "/sys/devices/system/cpu/cpu[0-9]*/topology", &g);
    for (size_t i = 0; i < n && smt < 1; i++)
        if (read_line(g.gl_pathv[i], "thread_siblings_list", line, sizeof line))
            smt = strpbrk(line, ",-") != NULL;
    globfree(&g);
    return smt;
}

static int64_t count_numa(const char *root)
{
    glob_t g;
    size_t n = match(root, "/sys/devices/system/node/node[0-9]*", &g);

    globfree(&g);
    return n > 0 ? (int64_t)n : -1;
}

static bool is_listed(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (const char *at = list; (at = strstr(at, word)); at += len)
        if ((at == list || at[-1] == ' ') &&
            (at[len] == '\0' || at[len] == ','))
            return true;
    return false;
}

static void list_governors(const char *root, char *list, size_t n)
{
    glob_t g;
    size_t found = match(root, "/sys/devices/system/cpu/cpu[0-9]*/cpufreq", &g);

    list[0] = '\0';
    for (size_t i = 0; i < found; i++) {
        char word[64];

        if (read_line(g.gl_pathv[i], "scaling_governor", word, sizeof word) &&
            !is_listed(list, word))
            text_join(list, n, ", ", "%s", word);
    }
    globfree(&g);
}

/* The choice in brackets: "always [madvise] never". */
static void read_huge_pages(const char *root, char *word, size_t n)
{
    char folder[PATH_MAX + 64], line[LINE];
    const char *open;

    word[0] = '\0';
    snprintf(folder, sizeof folder, "%.*s/sys/kernel/mm/transparent_hugepage",
             PATH_MAX, root);
    if (!read_line(folder, "enabled", line, sizeof line))
        return;
    open = strchr(line, '[');
    if (open)
        snprintf(word, n, "%.*s", (int)strcspn(open + 1, "]"), open + 1);
}

/* ---- control groups ---- */

/* A group: its folder, and the mount point above which there is nothing. */
struct group {
    char folder[2 * PATH_MAX];
    size_t top; /* length of the mount point's part */
    bool v2;
};

/* Whether a comma-separated list has the word. */
static bool has_word(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (;; list++) {
        size_t part = strcspn(list, ",");

        if (part == len && strncmp(list, word, len) == 0)
            return true;
        list += part;
        if (*list == '\0')
            return false;
    }
}

/* The path of the process's group for a controller, by /proc/self/cgroup
 * (cgroups(7)): "4:cpu,cpuacct:/a/b" of version 1, "0::/a/b" of version 2. */
static bool group_path(const char *root, const char *controller, bool v2,
                       char path[PATH_MAX])
{
    char name[PATH_MAX + 64], line[LINE];
    bool found = false;
    FILE *f;

    snprintf(name, sizeof name, "%.*s/proc/self/cgroup", PATH_MAX, root);
    f = fopen(name, "re");
    while (f && !found && fgets(line, sizeof line, f)) {
        char *list = strchr(line, ':'), *at;

        at = list ? strchr(list + 1, ':') : NULL;
        if (!at)
            continue;
        *at++ = '\0';
        at[strcspn(at, "\n")] = '\0';
        found = v2 ? strcmp(line, "0:") == 0 : has_word(list + 1, controller);
        if (found)
            snprintf(path, PATH_MAX, "%s", at);
    }
    if (f)
        fclose(f);
    return found;
}

/* A line of /proc/self/mountinfo (proc(5)): "31 23 0:28 ROOT POINT options … -
 * TYPE source options". True when it is where the controller is mounted. */
static bool is_mount(char *line, const char *controller, bool v2, char **base,
                     char **point)
{
    char *tail = strstr(line, " - "), *rest = NULL, *word, *type, *options;

    if (!tail)
        return false;
    *tail = '\0';
    type = strtok_r(tail + 3, " \n", &rest);
    strtok_r(NULL, " \n", &rest);
    options = strtok_r(NULL, " \n", &rest);
    if (!type || strcmp(type, v2 ? "cgroup2" : "cgroup") != 0)
        return false;
    if (!v2 && (!options || !has_word(options, controller)))
        return false;
    word = strtok_r(line, " ", &rest);
    for (int k = 0; word && k < 3; k++)
        word = strtok_r(NULL, " ", &rest);
    *base = word;
    *point = strtok_r(NULL, " ", &rest);
    return *base && *point;
}

/* The path below what is mounted; what is outside of it (a container that sees
 * only its own group) is the mount point itself. */
static const char *below(const char *path, const char *base)
{
    size_t len = strlen(base);

    if (strcmp(base, "/") == 0)
        return strncmp(path, "/..", 3) == 0 ? "" : path;
    if (strncmp(path, base, len) != 0 ||
        (path[len] != '/' && path[len] != '\0'))
        return "";
    return path + len;
}

static bool find_group(const char *root, const char *controller, bool v2,
                       struct group *g)
{
    char path[PATH_MAX], name[PATH_MAX + 64], line[LINE];
    bool found = false;
    FILE *f;

    if (!group_path(root, controller, v2, path))
        return false;
    snprintf(name, sizeof name, "%.*s/proc/self/mountinfo", PATH_MAX, root);
    f = fopen(name, "re");
    while (f && !found && fgets(line, sizeof line, f)) {
        char *base, *point;

        if (!is_mount(line, controller, v2, &base, &point))
            continue;
        g->v2 = v2;
        snprintf(g->folder, sizeof g->folder, "%s%s", root, point);
        g->top = strlen(g->folder);
        snprintf(g->folder + g->top, sizeof g->folder - g->top, "%s",
                 below(path, base));
        found = true;
    }
    if (f)
        fclose(f);
    return found;
}

/* To the group above; false at the top. */
static bool go_up(struct group *g)
{
    char *slash = strrchr(g->folder + g->top, '/');

    if (!slash)
        return false;
    *slash = '\0';
    return true;
}

/* CPUs' worth of time of one group, NaN without limit. */
static double quota_of(const struct group *g)
{
    char line[LINE], *end;
    double quota, period;

    if (!read_line(g->folder, g->v2 ? "cpu.max" : "cpu.cfs_quota_us", line,
                   sizeof line))
        return NAN;
    quota = strtod(line, &end);
    if (end == line || quota < 0) /* "max 100000"; -1 */
        return NAN;
    if (!g->v2) {
        if (!read_line(g->folder, "cpu.cfs_period_us", line, sizeof line))
            return NAN;
        end = line;
    }
    period = strtod(end, NULL);
    return period > 0 ? quota / period : NAN;
}

/* Version 1 says "no limit" by the largest number of whole pages. */
static double memory_of(const struct group *g)
{
    char line[LINE], *end;
    double bytes;

    if (!read_line(g->folder, g->v2 ? "memory.max" : "memory.limit_in_bytes",
                   line, sizeof line))
        return NAN;
    bytes = strtod(line, &end);
    return end == line || bytes >= 0x1p62 ? NAN : bytes;
}

/* The smallest of this group and those above, of whichever version has the
 * controller; NaN without any. */
static double least(const char *root, const char *controller,
                    double (*of)(const struct group *))
{
    double smallest = NAN;

    for (int v2 = 0; v2 <= 1; v2++) {
        struct group g;

        if (!find_group(root, controller, v2, &g))
            continue;
        do
            smallest = fmin(smallest, of(&g));
        while (go_up(&g));
    }
    return smallest;
}

void node_info_read(const char *root, struct node_info *f)
{
    double memory = least(root, "memory", memory_of);

    memset(f, 0, sizeof *f);
    f->smt = read_smt(root);
    f->numa_domains = count_numa(root);
    list_governors(root, f->governor, sizeof f->governor);
    read_huge_pages(root, f->huge_pages, sizeof f->huge_pages);
    f->cpu_quota = least(root, "cpu", quota_of);
    f->memory_limit = isnan(memory) ? -1 : (int64_t)memory;
}

/* ---- memory that is left ---- */

/* The number behind a word that starts a line of a file, 0 without it. */
static double number_of(const char *folder, const char *name, const char *word)
{
    char path[3 * PATH_MAX], number[64];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return line_named(path, word, number, sizeof number) ? strtod(number, NULL)
                                                         : 0;
}

/* What one group leaves, its limit less what is in use; NaN without limit. That
 * of version 1 counts groups below it where its statistics say "total_". */
static double left_in(const struct group *g)
{
    double limit = memory_of(g), used, cached;
    char line[LINE];

    if (isnan(limit) ||
        !read_line(g->folder,
                   g->v2 ? "memory.current" : "memory.usage_in_bytes", line,
                   sizeof line))
        return limit;
    used = strtod(line, NULL);
    cached = number_of(g->folder, "memory.stat",
                       g->v2 ? "inactive_file" : "total_inactive_file") +
             number_of(g->folder, "memory.stat",
                       g->v2 ? "active_file" : "total_active_file");
    return fmax(limit - fmax(used - cached, 0), 0);
}

int64_t node_info_memory_left(const char *root, bool *grouped)
{
    double group = least(root, "memory", left_in), kernel;
    char folder[PATH_MAX + 64];

    snprintf(folder, sizeof folder, "%.*s/proc", PATH_MAX, root);
    /* MemAvailable, of Linux 3.14 and later: proc(5) */
    kernel = 1024 * number_of(folder, "meminfo", "MemAvailable");
    *grouped = !isnan(group) && (kernel <= 0 || group < kernel);
    if (*grouped)
        return (int64_t)group;
    return kernel > 0 ? (int64_t)kernel : INT64_MAX;
}

/* ---- processes that are left ---- */

static double tasks_of(const struct group *g)
{
    char line[LINE], *end;
    double limit;

    if (!read_line(g->folder, "pids.max", line, sizeof line))
        return NAN;
    limit = strtod(line, &end);
    if (end == line || !read_line(g->folder, "pids.current", line, sizeof line))
        return NAN; /* "max" */
    return fmax(limit - strtod(line, NULL), 0);
}

int64_t node_info_tasks_left(const char *root)
{
    double left = least(root, "pids", tasks_of);

    return isnan(left) ? INT64_MAX : (int64_t)left;
}

/* ---- CPUs ---- */

/* A list in the kernel's way, "0-3,8"; -1 when it is none, or empty. */
static int parse_list(const char *at, struct cpu_mask *m)
{
    memset(m, 0, sizeof *m);
    for (;;) {
        char *end;
        long first = strtol(at, &end, 10), last = first;

        if (end == at)
            return -1;
        if (*end == '-')
            last = strtol(end + 1, &end, 10);
        for (long c = first; c >= 0 && c <= last && c < SRB_CPUS_MAX; c++)
            cpus_add(m, (int)c);
        if (*end != ',')
            return cpus_count(m) > 0 ? 0 : -1;
        at = end + 1;
    }
}

/* A group for which CPUs were never spoken of has none of these files (version
 * 2) or empty ones: then that above it holds. */
static int cpus_of(struct group *g, struct cpu_mask *m)
{
    static const char *const names[] = {"cpuset.cpus.effective",
                                        "cpuset.effective_cpus", "cpuset.cpus"};
    char line[LINE];

    do
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            if (read_line(g->folder, names[i], line, sizeof line) &&
                parse_list(line, m) == 0)
                return 0;
    while (go_up(g));
    return -1;
}

int node_info_cgroup_cpus(const char *root, struct cpu_mask *m)
{
    for (int v2 = 0; v2 <= 1; v2++) {
        struct group g;

        if (find_group(root, "cpuset", v2, &g) && cpus_of(&g, m) == 0)
            return 0;
    }
    return -1;
}

/* ---- the launcher's binding ---- */

void node_info_binding(struct binding *b)
{
    b->job_id = getenv("SLURM_JOB_ID");
    b->bind_type = getenv("SLURM_CPU_BIND_TYPE");
    b->bind_list = getenv("SLURM_CPU_BIND_LIST");
    b->local_id = getenv("SLURM_LOCALID");
}

/* Whether a part of the path is the job's: "/…/job_4711/step_0/user". */
static bool is_jobs(const char *path, const char *job_id)
{
    char part[64];
    size_t len = (size_t)snprintf(part, sizeof part, "/job_%s", job_id);

    for (const char *at = path; (at = strstr(at, part)); at += len)
        if (at[len] == '/' || at[len] == '\0')
            return true;
    return false;
}

static bool in_jobs_group(const char *root, const char *job_id)
{
    char path[PATH_MAX];

    for (int v2 = 0; v2 <= 1; v2++)
        if (group_path(root, "cpuset", v2, path) && is_jobs(path, job_id))
            return true;
    return false;
}

/* A mask in hexadecimal, "0x00F0", up to its end or a comma. */
static void parse_hex(const char *at, struct cpu_mask *m)
{
    size_t digits;

    memset(m, 0, sizeof *m);
    at += strncmp(at, "0x", 2) == 0 ? 2 : 0;
    digits = strspn(at, "0123456789abcdefABCDEF");
    for (size_t k = 0; k < digits && 4 * k + 3 < SRB_CPUS_MAX; k++) {
        const char digit[2] = {at[digits - 1 - k], '\0'};
        long bits = strtol(digit, NULL, 16);

        for (int b = 0; b < 4; b++)
            if (bits >> b & 1)
                cpus_add(m, (int)(4 * k) + b);
    }
}

/* Whether the mask is what the launcher gave this rank. Of a list shorter than
 * the ranks of the node, elements are used again from its start (srun(1)). */
static bool is_launchers(const struct binding *b, const struct cpu_mask *m)
{
    long element = b->local_id ? strtol(b->local_id, NULL, 10) : 0, n = 1;
    const char *at = b->bind_list;
    struct cpu_mask given;

    if (!at || !strstr(b->bind_type, "mask_cpu") || at[0] == '\0')
        return true; /* bound, and not said to what */
    for (const char *c = at; (c = strchr(c, ',')); c++)
        n++;
    for (element %= n; element > 0; element--)
        at = strchr(at, ',') + 1;
    parse_hex(at, &given);
    return memcmp(&given, m, sizeof given) == 0;
}

bool node_info_widen(const char *root, const struct binding *b,
                     struct cpu_mask *m)
{
    struct cpu_mask group;
    int before = cpus_count(m);

    if (!b->job_id || !b->bind_type || b->bind_type[0] == '\0' ||
        strstr(b->bind_type, "none"))
        return false;
    if (!is_launchers(b, m) || !in_jobs_group(root, b->job_id) ||
        node_info_cgroup_cpus(root, &group) < 0)
        return false;
    cpus_or(m, &group);
    return cpus_count(m) > before;
}
