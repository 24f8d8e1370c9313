#include "node/topology.h"

#include <errno.h>
#include <hwloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* CPUs that the job may not use are asked for as well: other nodes of this
 * kernel may be in other control groups. */
static int open_topology(hwloc_topology_t *t, const char *synthetic)
{
    if (hwloc_topology_init(t) < 0)
        return -1;
    if (hwloc_topology_set_flags(*t, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED) ==
            0 &&
        (!synthetic || hwloc_topology_set_synthetic(*t, synthetic) == 0) &&
        hwloc_topology_load(*t) == 0)
        return 0;
    hwloc_topology_destroy(*t);
    return -1;
}

static int ancestor(hwloc_topology_t t, hwloc_obj_type_t type, hwloc_obj_t pu)
{
    hwloc_obj_t o = hwloc_get_ancestor_obj_by_type(t, type, pu);

    return o ? (int)o->logical_index : -1;
}

/* The NUMA domain of a CPU by the kernel's number; of several (memory of two
 * kinds) the lowest, which is the ordinary memory. */
static int numa_of(hwloc_topology_t t, unsigned cpu)
{
    hwloc_obj_t o = NULL;
    int numa = -1;

    while ((o = hwloc_get_next_obj_by_type(t, HWLOC_OBJ_NUMANODE, o)))
        if (o->cpuset && hwloc_bitmap_isset(o->cpuset, cpu) &&
            (numa < 0 || (int)o->os_index < numa))
            numa = (int)o->os_index;
    return numa;
}

static struct cpu describe(hwloc_topology_t t, hwloc_obj_t pu)
{
    struct cpu c = {
        .number = (int)pu->os_index,
        .core = ancestor(t, HWLOC_OBJ_CORE, pu),
        .cache = ancestor(t, HWLOC_OBJ_L3CACHE, pu),
        .numa = numa_of(t, pu->os_index),
        .package = ancestor(t, HWLOC_OBJ_PACKAGE, pu),
    };

    /* below no core it is one, with a number that no other core has */
    if (c.core < 0)
        c.core = SRB_CPUS_MAX + c.number;
    return c;
}

/* Move the CPUs that hwloc knows from *left to the tree, in its order: that of
 * nearness. */
static void take_known(hwloc_topology_t t, struct cpu_tree *tree,
                       struct cpu_mask *left)
{
    hwloc_obj_t pu = NULL;

    while ((pu = hwloc_get_next_obj_by_type(t, HWLOC_OBJ_PU, pu))) {
        if (pu->os_index >= SRB_CPUS_MAX || !cpus_has(left, (int)pu->os_index))
            continue;
        tree->cpu[tree->n++] = describe(t, pu);
        cpus_remove(left, (int)pu->os_index);
    }
}

void topology_load(struct cpu_tree *tree, const struct cpu_mask *cpus,
                   const char *synthetic)
{
    struct cpu_mask left = *cpus;
    hwloc_topology_t t;

    tree->n = 0;
    tree->cpu = mem_new((size_t)cpus_count(cpus) + 1, sizeof *tree->cpu);
    if (open_topology(&t, synthetic) == 0) {
        take_known(t, tree, &left);
        hwloc_topology_destroy(t);
    }
    for (int c = 0; c < SRB_CPUS_MAX; c++)
        if (cpus_has(&left, c))
            tree->cpu[tree->n++] =
                (struct cpu){.number = c, .core = SRB_CPUS_MAX + c, -1, -1, -1};
}

/* The library in use only tells that of its interface, which may be older. */
const char *topology_version(void)
{
    return HWLOC_VERSION;
}

int topology_affinity(pid_t pid, struct cpu_mask *m, struct error *err)
{
    memset(m, 0, sizeof *m);
    if (sched_getaffinity(pid, sizeof *m, (cpu_set_t *)(void *)m) == 0)
        return 0;
    return error_set(err, "cannot read which CPUs process %ld may use: %s",
                     (long)pid, strerror(errno));
}

int topology_set_affinity(const struct cpu_mask *m, struct error *err)
{
    char list[SRB_CPU_LIST_MAX];

    if (sched_setaffinity(0, sizeof *m, (const cpu_set_t *)(const void *)m) ==
        0)
        return 0;
    return error_set(err, "cannot move to CPUs '%s': %s",
                     cpus_list(m, list, sizeof list), strerror(errno));
}
