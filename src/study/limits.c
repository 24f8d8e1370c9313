#include "study/limits.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"
#include "node/node_info.h"

/* What is in force, the soft limit, as getrlimit() has returned it; INT64_MAX
 * for none. */
static int64_t in_force(int rc, const struct rlimit *limit)
{
    if (rc != 0 || limit->rlim_cur == RLIM_INFINITY)
        return INT64_MAX;
    return limit->rlim_cur > INT64_MAX ? INT64_MAX : (int64_t)limit->rlim_cur;
}

static int refuse(int64_t need, int64_t have, const char *what, const char *of,
                  const char *how, struct error *err)
{
    char wanted[32], left[32];

    return error_set(err,
                     "%s may need %s, and the limit %s is %s; raise it "
                     "(%s, limits.conf)",
                     what, units_print_bytes(need, wanted, sizeof wanted), of,
                     units_print_bytes(have, left, sizeof left), how);
}

int limits_file(int64_t bytes, const char *what, struct error *err)
{
    struct rlimit size;
    int64_t have = in_force(getrlimit(RLIMIT_FSIZE, &size), &size);

    return bytes <= have ? 0
                         : refuse(bytes, have, what, "of the size of a file",
                                  "ulimit -f", err);
}

int limits_memory(int64_t bytes, const char *what, struct error *err)
{
    struct rlimit limit;
    int64_t space = in_force(getrlimit(RLIMIT_AS, &limit), &limit);
    int64_t data = in_force(getrlimit(RLIMIT_DATA, &limit), &limit);

    if (bytes > space)
        return refuse(bytes, space, what, "of a process's addresses",
                      "ulimit -v", err);
    return bytes <= data ? 0
                         : refuse(bytes, data, what, "of a process's data",
                                  "ulimit -d", err);
}

/* Threads of all processes of this user: a folder of `task` each. */
static int64_t count_mine(void)
{
    DIR *proc = opendir("/proc");
    struct dirent *e;
    int64_t n = 0;

    while (proc && (e = readdir(proc))) {
        char path[300];
        struct stat st;

        if (e->d_name[0] < '1' || e->d_name[0] > '9')
            continue;
        snprintf(path, sizeof path, "/proc/%s/task", e->d_name);
        if (stat(path, &st) == 0 && st.st_uid == getuid() && st.st_nlink > 2)
            n += (int64_t)st.st_nlink - 2;
    }
    if (proc)
        closedir(proc);
    return n;
}

/* Whom the kernel holds to the limit: not root (setrlimit(2)). */
static int64_t tasks_left(void)
{
    struct rlimit processes;
    int64_t limit = in_force(getrlimit(RLIMIT_NPROC, &processes), &processes);
    int64_t mine;

    if (limit == INT64_MAX || getuid() == 0)
        return INT64_MAX;
    mine = count_mine();
    return mine < limit ? limit - mine : 0;
}

int limits_tasks(int64_t tasks, struct error *err)
{
    int64_t left = tasks_left(), group = node_info_tasks_left("");

    if (tasks > left)
        return error_set(err,
                         "its servers need %lld more processes and threads, "
                         "and the limit of this user's leaves %lld; raise it "
                         "(ulimit -u, limits.conf)",
                         (long long)tasks, (long long)left);
    if (tasks > group)
        return error_set(err,
                         "its servers need %lld more processes and threads, "
                         "and its control group leaves %lld (pids.max); ask "
                         "for more, or for fewer shards a node",
                         (long long)tasks, (long long)group);
    return 0;
}
