/* What is read from trees of /proc and /sys that are made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/node_info.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define FILES_MAX 16
#define CPU "/sys/devices/system/cpu/"
#define THP "/sys/kernel/mm/transparent_hugepage/enabled"
#define CG "/sys/fs/cgroup"
#define V2                                                                     \
    {                                                                          \
        "/proc/self/mountinfo",                                                \
            "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 "        \
            "cgroup2 rw,nsdelegate\n"                                          \
    }
#define V1                                                                     \
    {                                                                          \
        "/proc/self/mountinfo",                                                \
            "25 1 8:1 / / rw - ext4 /dev/sda1 rw\n"                            \
            "31 25 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup "      \
            "rw,cpu,cpuacct\n"                                                 \
            "32 25 0:29 / /sys/fs/cgroup/cpuset rw - cgroup cgroup "           \
            "rw,cpuset\n"                                                      \
            "33 25 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup "           \
            "rw,memory\n"                                                      \
    }

struct file {
    const char *path, *text;
};

/* ---- trees ---- */

static char root[64];

static void make_folders(char *path)
{
    for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
}

static void make_tree(const struct file *files)
{
    snprintf(root, sizeof root, "/tmp/test_facts.XXXXXX");
    assert_non_null(mkdtemp(root));
    for (int i = 0; i < FILES_MAX && files[i].path; i++) {
        char path[512];
        FILE *f;

        snprintf(path, sizeof path, "%s%s", root, files[i].path);
        make_folders(path);
        f = fopen(path, "w");
        assert_non_null(f);
        fputs(files[i].text, f);
        fclose(f);
    }
}

static int drop(const char *path, const struct stat *st, int type,
                struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static void remove_tree(void)
{
    nftw(root, drop, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- facts ---- */

static const struct {
    const char *what;
    struct file files[FILES_MAX];
    struct node_info want;
} trees[] = {
    {"nothing", {{"/proc/none", ""}}, {-1, -1, "", "", NAN, -1}},
    {"an Intel node with Hyper-Threading",
     {{CPU "smt/active", "1\n"},
      {CPU "cpu0/cpufreq/scaling_governor", "performance\n"},
      {CPU "cpu1/cpufreq/scaling_governor", "performance\n"},
      {"/sys/devices/system/node/node0/meminfo", ""},
      {"/sys/devices/system/node/node1/meminfo", ""},
      {"/sys/devices/system/node/possible", "0-1\n"},
      {THP, "[always] madvise never\n"}},
     {1, 2, "performance", "always", NAN, -1}},
    {"CPUs that differ",
     {{CPU "smt/active", "0\n"},
      {CPU "cpu0/cpufreq/scaling_governor", "powersave\n"},
      {CPU "cpu1/cpufreq/scaling_governor", "performance\n"},
      {CPU "cpu2/cpufreq/scaling_governor", "powersave\n"},
      {CPU "cpu10/cpufreq/scaling_governor", "save\n"},
      {THP, "always madvise [never]\n"}},
     {0, -1, "powersave, performance, save", "never", NAN, -1}},
    {"an old kernel with threads",
     {{CPU "cpu0/topology/thread_siblings_list", "0,48\n"},
      {THP, "always madvise never\n"}},
     {1, -1, "", "", NAN, -1}},
    {"an old kernel without",
     {{CPU "cpu0/topology/thread_siblings_list", "0\n"},
      {CPU "cpu1/topology/thread_siblings_list", "1\n"}},
     {0, -1, "", "", NAN, -1}},
    {"version 2, limited at the group",
     {V2,
      {"/proc/self/cgroup", "0::/a/b\n"},
      {CG "/a/b/cpu.max", "150000 100000\n"},
      {CG "/a/b/memory.max", "1073741824\n"}},
     {-1, -1, "", "", 1.5, 1073741824}},
    {"version 2, limited above, and less at the group",
     {V2,
      {"/proc/self/cgroup", "0::/a/b\n"},
      {CG "/a/cpu.max", "50000 100000\n"},
      {CG "/a/memory.max", "4096\n"},
      {CG "/a/b/cpu.max", "200000 100000\n"},
      {CG "/a/b/memory.max", "max\n"}},
     {-1, -1, "", "", 0.5, 4096}},
    {"version 2 without limits",
     {V2,
      {"/proc/self/cgroup", "0::/a\n"},
      {CG "/a/cpu.max", "max 100000\n"},
      {CG "/a/memory.max", "max\n"}},
     {-1, -1, "", "", NAN, -1}},
    {"version 2 in a container that sees its own group as the top",
     {{"/proc/self/mountinfo",
       "29 23 0:26 /docker/12ab /sys/fs/cgroup ro - cgroup2 cgroup rw\n"},
      {"/proc/self/cgroup", "0::/docker/12ab/inner\n"},
      {CG "/inner/cpu.max", "300000 100000\n"},
      {CG "/memory.max", "8192\n"}},
     {-1, -1, "", "", 3, 8192}},
    {"a group outside of what is mounted",
     {{"/proc/self/mountinfo",
       "29 23 0:26 /docker/12ab /sys/fs/cgroup ro - cgroup2 cgroup rw\n"},
      {"/proc/self/cgroup", "0::/docker/12abc\n"},
      {CG "/cpu.max", "100000 100000\n"}},
     {-1, -1, "", "", 1, -1}},
    {"version 1",
     {V1,
      {"/proc/self/cgroup",
       "5:cpuset:/x\n4:memory:/m/n\n3:cpu,cpuacct:/c\n1:name=systemd:/\n"},
      {CG "/cpu,cpuacct/c/cpu.cfs_quota_us", "400000\n"},
      {CG "/cpu,cpuacct/c/cpu.cfs_period_us", "100000\n"},
      {CG "/memory/m/n/memory.limit_in_bytes", "9223372036854771712\n"},
      {CG "/memory/m/memory.limit_in_bytes", "65536\n"}},
     {-1, -1, "", "", 4, 65536}},
    {"version 1 without limits",
     {V1,
      {"/proc/self/cgroup", "4:memory:/\n3:cpu,cpuacct:/\n"},
      {CG "/cpu,cpuacct/cpu.cfs_quota_us", "-1\n"},
      {CG "/cpu,cpuacct/cpu.cfs_period_us", "100000\n"},
      {CG "/memory/memory.limit_in_bytes", "9223372036854771712\n"}},
     {-1, -1, "", "", NAN, -1}},
    {"limits that make no sense",
     {V2,
      {"/proc/self/cgroup", "0::/a\nrubbish\n"},
      {CG "/a/cpu.max", "1000 0\n"},
      {CG "/a/memory.max", "\n"}},
     {-1, -1, "", "", NAN, -1}},
};

static bool same_real(double a, double b)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) < 1e-9;
}

static void read_trees(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(trees); i++) {
        const struct node_info *w = &trees[i].want;
        struct node_info f;

        make_tree(trees[i].files);
        node_info_read(root, &f);
        remove_tree();
        if (f.smt != w->smt || f.numa_domains != w->numa_domains ||
            strcmp(f.governor, w->governor) != 0 ||
            strcmp(f.huge_pages, w->huge_pages) != 0 ||
            !same_real(f.cpu_quota, w->cpu_quota) ||
            f.memory_limit != w->memory_limit)
            fail_msg("%s: smt %lld, domains %lld, governor '%s', pages '%s', "
                     "quota %g, memory %lld",
                     trees[i].what, (long long)f.smt, (long long)f.numa_domains,
                     f.governor, f.huge_pages, f.cpu_quota,
                     (long long)f.memory_limit);
    }
}

/* ---- CPUs of a job ---- */

#define JOB "/system.slice/slurmstepd.scope/job_47/step_0/user/task_0"
#define STEP "/system.slice/slurmstepd.scope/job_47/step_0"

static const struct {
    const char *what;
    struct file files[FILES_MAX];
    struct binding binding;
    const char *group; /* CPUs of the group, NULL unknown */
    int started_on;
    const char *want;
} jobs[] = {
    {"bound to a core of the step's, version 2",
     {V2,
      {"/proc/self/cgroup", "0::" JOB "\n"},
      {CG STEP "/cpuset.cpus.effective", "0-3,8\n"}},
     {"47", "mask_cpu:", "0x1,0x2", "1"},
     "0-3,8",
     1,
     "0-3,8"},
    {"bound, and nobody says to what",
     {V2,
      {"/proc/self/cgroup", "0::" JOB "\n"},
      {CG STEP "/cpuset.cpus.effective", "4-7\n"}},
     {"47", "cores", "", "0"},
     "4-7",
     5,
     "4-7"},
    {"bound, version 1",
     {V1,
      {"/proc/self/cgroup", "5:cpuset:/slurm/uid_0/job_47/step_0/task_0\n"},
      {CG "/cpuset/slurm/uid_0/job_47/step_0/cpuset.cpus", "2-3\n"}},
     {"47", "quiet,mask_cpu:", "0x4", "0"},
     "2-3",
     2,
     "2-3"},
    {"a list that is used again from its start",
     {V2,
      {"/proc/self/cgroup", "0::" JOB "\n"},
      {CG STEP "/cpuset.cpus.effective", "0-3\n"}},
     {"47", "mask_cpu:", "0x1,0x2", "3"},
     "0-3",
     1,
     "0-3"},
    {"a mask above 63",
     {V2,
      {"/proc/self/cgroup", "0::" JOB "\n"},
      {CG STEP "/cpuset.cpus.effective", "60-67\n"}},
     {"47", "mask_cpu:", "0x20000000000000000", "0"},
     "60-67",
     65,
     "60-67"},
    {"taskset below srun: the mask is not what srun gave",
     {V2,
      {"/proc/self/cgroup", "0::" JOB "\n"},
      {CG STEP "/cpuset.cpus.effective", "0-3\n"}},
     {"47", "mask_cpu:", "0x1,0x2", "0"},
     "0-3",
     1,
     "1"},
    {"--cpu-bind=none, and a mask nevertheless: it is the user's",
     {V2,
      {"/proc/self/cgroup", "0::" JOB "\n"},
      {CG STEP "/cpuset.cpus.effective", "0-3\n"}},
     {"47", "none", "", "0"},
     "0-3",
     1,
     "1"},
    {"no batch system: taskset",
     {V2,
      {"/proc/self/cgroup", "0::/user.slice\n"},
      {CG "/cpuset.cpus.effective", "0-3\n"}},
     {NULL, NULL, NULL, NULL},
     "0-3",
     1,
     "1"},
    {"a batch system without groups of its own: others may be on the node",
     {V2,
      {"/proc/self/cgroup", "0::/system.slice/slurmd.service\n"},
      {CG "/cpuset.cpus.effective", "0-3\n"}},
     {"47", "mask_cpu:", "0x2", "0"},
     "0-3",
     1,
     "1"},
    {"the group of another job",
     {V2,
      {"/proc/self/cgroup", "0::/job_471/step_0\n"},
      {CG "/cpuset.cpus.effective", "0-3\n"}},
     {"47", "mask_cpu:", "0x2", "0"},
     "0-3",
     1,
     "1"},
    {"a group that cannot be read",
     {V2, {"/proc/self/cgroup", "0::" JOB "\n"}},
     {"47", "mask_cpu:", "0x2", "0"},
     NULL,
     1,
     "1"},
    {"no list of CPUs",
     {V2,
      {"/proc/self/cgroup", "0::" JOB "\n"},
      {CG STEP "/cpuset.cpus.effective", "all\n"}},
     {"47", "mask_cpu:", "0x2", "0"},
     NULL,
     1,
     "1"},
};

static void widen(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(jobs); i++) {
        struct cpu_mask m = {{0}}, group;
        char list[SRB_CPU_LIST_MAX], of_group[SRB_CPU_LIST_MAX];
        bool grew, known;

        cpus_add(&m, jobs[i].started_on);
        make_tree(jobs[i].files);
        grew = node_info_widen(root, &jobs[i].binding, &m);
        known = node_info_cgroup_cpus(root, &group) == 0;
        remove_tree();
        cpus_list(&m, list, sizeof list);
        if (strcmp(list, jobs[i].want) != 0 || grew != (cpus_count(&m) > 1))
            fail_msg("%s: CPUs %s, expected %s", jobs[i].what, list,
                     jobs[i].want);
        if (known != (jobs[i].group != NULL) ||
            (known && strcmp(cpus_list(&group, of_group, sizeof of_group),
                             jobs[i].group) != 0))
            fail_msg("%s: the group has CPUs %s", jobs[i].what,
                     known ? of_group : "unknown");
    }
}

/* ---- memory that is left ---- */

#define MEMINFO                                                                \
    {                                                                          \
        "/proc/meminfo", "MemTotal:       16000 kB\nMemFree:         100 kB\n" \
                         "MemAvailable:    8000 kB\n"                          \
    }
#define KIB INT64_C(1024)

static const struct {
    const char *what;
    struct file files[FILES_MAX];
    int64_t left;
    bool grouped;
} memories[] = {
    {"nothing", {{"/proc/none", ""}}, INT64_MAX, false},
    {"a kernel before 3.14",
     {{"/proc/meminfo", "MemTotal: 16000 kB\nMemFree: 100 kB\n"}},
     INT64_MAX,
     false},
    {"no group", {MEMINFO}, 8000 * KIB, false},
    {"a group of version 2, whose cache can be given back",
     {MEMINFO,
      V2,
      {"/proc/self/cgroup", "0::/job_7/step_0\n"},
      {CG "/job_7/step_0/memory.max", "max\n"},
      {CG "/job_7/step_0/memory.current", "1\n"},
      {CG "/job_7/memory.max", "4096000\n"},
      {CG "/job_7/memory.current", "3072000\n"},
      {CG "/job_7/memory.stat",
       "anon 5\ninactive_file 1000000\nactive_file 48000\n"
       "inactive_file_else 7\n"}},
     4096000 - (3072000 - 1048000),
     true},
    {"a group with more cache than use, as it may look for a moment",
     {MEMINFO,
      V2,
      {"/proc/self/cgroup", "0::/a\n"},
      {CG "/a/memory.max", "4096000\n"},
      {CG "/a/memory.current", "1000\n"},
      {CG "/a/memory.stat", "inactive_file 2000\nactive_file 0\n"}},
     4096000,
     true},
    {"a group that is over its limit",
     {MEMINFO,
      V2,
      {"/proc/self/cgroup", "0::/a\n"},
      {CG "/a/memory.max", "1000\n"},
      {CG "/a/memory.current", "2000\n"}},
     0,
     true},
    {"a group with more than the kernel has",
     {MEMINFO,
      V2,
      {"/proc/self/cgroup", "0::/a\n"},
      {CG "/a/memory.max", "99999999999\n"},
      {CG "/a/memory.current", "5\n"}},
     8000 * KIB,
     false},
    {"a group of version 1",
     {MEMINFO,
      V1,
      {"/proc/self/cgroup", "4:memory:/job\n"},
      {CG "/memory/memory.limit_in_bytes", "9223372036854771712\n"},
      {CG "/memory/job/memory.limit_in_bytes", "2048000\n"},
      {CG "/memory/job/memory.usage_in_bytes", "1024000\n"},
      {CG "/memory/job/memory.stat",
       "inactive_file 1\ntotal_inactive_file 24000\ntotal_active_file 0\n"}},
     2048000 - 1000000,
     true},
};

static void memory_is_what_is_left(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(memories); i++) {
        bool grouped;
        int64_t left;

        make_tree(memories[i].files);
        left = node_info_memory_left(root, &grouped);
        remove_tree();
        if (left != memories[i].left || grouped != memories[i].grouped)
            fail_msg("%s: %lld B%s", memories[i].what, (long long)left,
                     grouped ? ", by its group" : "");
    }
}

static const struct {
    const char *what;
    struct file files[FILES_MAX];
    int64_t left;
} tasks[] = {
    {"no group", {MEMINFO}, INT64_MAX},
    {"a group without limit",
     {V2,
      {"/proc/self/cgroup", "0::/a\n"},
      {CG "/a/pids.max", "max\n"},
      {CG "/a/pids.current", "7\n"}},
     INT64_MAX},
    {"the smallest is above",
     {V2,
      {"/proc/self/cgroup", "0::/a/b\n"},
      {CG "/a/pids.max", "10\n"},
      {CG "/a/pids.current", "7\n"},
      {CG "/a/b/pids.max", "100\n"},
      {CG "/a/b/pids.current", "2\n"}},
     3},
    {"a group that is full",
     {V2,
      {"/proc/self/cgroup", "0::/a\n"},
      {CG "/a/pids.max", "10\n"},
      {CG "/a/pids.current", "12\n"}},
     0},
};

static void tasks_are_what_is_left(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(tasks); i++) {
        int64_t left;

        make_tree(tasks[i].files);
        left = node_info_tasks_left(root);
        remove_tree();
        if (left != tasks[i].left)
            fail_msg("%s: %lld", tasks[i].what, (long long)left);
    }
}

/* The real ones: whatever they are, they can be read. */
static void here(void **state)
{
    struct node_info f;

    (void)state;
    node_info_read("", &f);
    assert_true(f.smt >= -1 && f.smt <= 1);
    assert_true(isnan(f.cpu_quota) || f.cpu_quota > 0);
    assert_null(strchr(f.huge_pages, '['));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_trees),
        cmocka_unit_test(widen),
        cmocka_unit_test(memory_is_what_is_left),
        cmocka_unit_test(tasks_are_what_is_left),
        cmocka_unit_test(here),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
