/* What hwloc says of imaginary machines, and what the kernel says of us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/topology.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define UNKNOWN(number)                                                        \
    {                                                                          \
        number, SRB_CPUS_MAX + (number), -1, -1, -1                            \
    }

static const struct {
    const char *machine; /* hwloc(7), "Synthetic topologies" */
    int first, last;     /* CPUs that are asked for */
    int n;
    struct cpu want[8];
} cases[] = {
    /* the kernel numbers the second threads after all first ones: the threads
     * of a core stand together nevertheless */
    {"package:1 l3:1 core:2 pu:2(indexes=2*2:1*2)",
     0,
     3,
     4,
     {{0, 0, 0, 0, 0}, {2, 0, 0, 0, 0}, {1, 1, 0, 0, 0}, {3, 1, 0, 0, 0}}},
    {"package:2 numa:2 l3:1 core:1 pu:1",
     0,
     3,
     4,
     {{0, 0, 0, 0, 0}, {1, 1, 1, 1, 0}, {2, 2, 2, 2, 1}, {3, 3, 3, 3, 1}}},
    /* several caches of a domain; CPUs that were not asked for are left out */
    {"numa:2 l3:2 core:2 pu:1",
     1,
     4,
     4,
     {{1, 1, 0, 0, -1}, {2, 2, 1, 0, -1}, {3, 3, 1, 0, -1}, {4, 4, 2, 1, -1}}},
    /* no cache, no core */
    {"package:1 pu:2",
     0,
     1,
     2,
     {{0, SRB_CPUS_MAX, -1, 0, 0}, {1, SRB_CPUS_MAX + 1, -1, 0, 0}}},
    /* the machine has fewer than the kernel says, or makes no sense */
    {"package:1 core:1 pu:1",
     0,
     2,
     3,
     {{0, 0, -1, 0, 0}, UNKNOWN(1), UNKNOWN(2)}},
    {"package:one", 6, 7, 2, {UNKNOWN(6), UNKNOWN(7)}},
};

static void imaginary_machines(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct cpu_mask m = {{0}};
        struct cpu_tree tree;

        for (int c = cases[i].first; c <= cases[i].last; c++)
            cpus_add(&m, c);
        topology_load(&tree, &m, cases[i].machine);
        if (tree.n != cases[i].n)
            fail_msg("'%s': %d CPUs instead of %d", cases[i].machine, tree.n,
                     cases[i].n);
        for (int k = 0; k < tree.n; k++) {
            const struct cpu *got = &tree.cpu[k], *want = &cases[i].want[k];

            if (memcmp(got, want, sizeof *got) != 0)
                fail_msg("'%s', place %d: CPU %d core %d cache %d numa %d "
                         "package %d instead of %d %d %d %d %d",
                         cases[i].machine, k, got->number, got->core,
                         got->cache, got->numa, got->package, want->number,
                         want->core, want->cache, want->numa, want->package);
        }
        free(tree.cpu);
    }
}

/* Each CPU that this process may use is found, once. */
static void this_machine(void **state)
{
    struct cpu_mask m, left;
    struct cpu_tree tree;
    struct error err;

    (void)state;
    assert_int_equal(topology_affinity(0, &m, &err), 0);
    assert_true(cpus_count(&m) > 0);
    topology_load(&tree, &m, NULL);
    assert_int_equal(tree.n, cpus_count(&m));
    left = m;
    for (int i = 0; i < tree.n; i++) {
        assert_true(cpus_has(&left, tree.cpu[i].number));
        cpus_remove(&left, tree.cpu[i].number);
    }
    assert_int_equal(cpus_count(&left), 0);
    free(tree.cpu);
}

static void masks_of_this_process(void **state)
{
    struct cpu_mask all, one = {{0}}, none = {{0}}, now;
    struct error err;
    int last = -1;

    (void)state;
    assert_int_equal(topology_affinity(0, &all, &err), 0);
    for (int c = 0; c < SRB_CPUS_MAX; c++)
        last = cpus_has(&all, c) ? c : last;
    cpus_add(&one, last);
    assert_int_equal(topology_set_affinity(&one, &err), 0);
    assert_int_equal(topology_affinity(getpid(), &now, &err), 0);
    assert_memory_equal(&now, &one, sizeof now);

    assert_int_equal(topology_set_affinity(&none, &err), -1);
    assert_string_equal(err.text, "cannot move to CPUs '': Invalid argument");
    assert_int_equal(topology_affinity(0, &now, &err), 0);
    assert_memory_equal(&now, &one, sizeof now);

    assert_int_equal(topology_set_affinity(&all, &err), 0);
    assert_int_equal(topology_affinity(0, &now, &err), 0);
    assert_memory_equal(&now, &all, sizeof now);
}

/* Beyond any process id (the kernel's limit is 2^22). */
static void no_such_process(void **state)
{
    struct cpu_mask m;
    struct error err;

    (void)state;
    assert_int_equal(topology_affinity(1 << 23, &m, &err), -1);
    assert_string_equal(err.text, "cannot read which CPUs process 8388608 may "
                                  "use: No such process");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(imaginary_machines),
        cmocka_unit_test(this_machine),
        cmocka_unit_test(masks_of_this_process),
        cmocka_unit_test(no_such_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
