/* The machine: ranks on nodes on hosts, in any layout. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/machine.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* What must hold in every machine, whatever its layout. */
static void check(const struct machine *m, const char *what)
{
    char *seen = calloc((size_t)m->nranks, 1);

    assert_non_null(seen);
    if (m->node_start[0] != 0 || m->node_start[m->nnodes] != m->nranks)
        fail_msg("%s: nodes start at %d and end at %d of %d ranks", what,
                 m->node_start[0], m->node_start[m->nnodes], m->nranks);
    for (int n = 0; n < m->nnodes; n++)
        for (int k = 0; k < machine_node_size(m, n); k++) {
            int rank = machine_node_rank(m, n, k);

            if (rank < 0 || rank >= m->nranks || seen[rank])
                fail_msg("%s: node %d lists rank %d a second time", what, n,
                         rank);
            seen[rank] = 1;
            if (m->rank_node[rank] != n)
                fail_msg("%s: node %d lists rank %d, which is on node %d", what,
                         n, rank, m->rank_node[rank]);
            if (k > 0 && machine_node_rank(m, n, k - 1) >= rank)
                fail_msg("%s: node %d lists rank %d too late", what, n, rank);
        }
    free(seen);
}

static const struct {
    int nodes, ranks, virtual_nodes;
    int nranks, nnodes, nhosts, per_node; /* what comes out */
} uniform[] = {
    {1, 1, 1, 1, 1, 1, 1},
    {1, 4, 1, 4, 1, 1, 4},
    {1, 8, 8, 8, 8, 1, 1},
    {2, 6, 3, 12, 6, 2, 2},
    {136, 48, 1, 6528, 136, 136, 48},
    {136, 48, 4, 6528, 544, 136, 12},
    {10000, 48, 1, 480000, 10000, 10000, 48},
};

static void imaginary_jobs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(uniform); i++) {
        int per_host = uniform[i].virtual_nodes;
        struct machine m;
        struct error err;
        char what[64], name[SRB_NAME_MAX];

        snprintf(what, sizeof what, "%dx%d/%d", uniform[i].nodes,
                 uniform[i].ranks, per_host);
        if (machine_uniform(&m, uniform[i].nodes, uniform[i].ranks, per_host,
                            &err) < 0)
            fail_msg("%s: %s", what, err.text);
        if (m.nranks != uniform[i].nranks || m.nnodes != uniform[i].nnodes ||
            m.nhosts != uniform[i].nhosts || m.nclocks != m.nhosts ||
            !m.imaginary)
            fail_msg("%s: %d ranks, %d nodes, %d hosts, %d clocks", what,
                     m.nranks, m.nnodes, m.nhosts, m.nclocks);
        check(&m, what);
        for (int n = 0; n < m.nnodes; n++) {
            snprintf(name, sizeof name, "node%04d", n / per_host);
            if (machine_node_size(&m, n) != uniform[i].per_node ||
                machine_node_rank(&m, n, 0) != n * uniform[i].per_node ||
                m.nodes[n].host != n / per_host ||
                m.nodes[n].clock != n / per_host ||
                strcmp(m.nodes[n].name, name) != 0)
                fail_msg("%s: node %d (%s, host %d) has %d ranks from %d", what,
                         n, m.nodes[n].name, m.nodes[n].host,
                         machine_node_size(&m, n), machine_node_rank(&m, n, 0));
        }
        machine_free(&m);
    }
}

/* Ranks of one or two nodes (a letter a rank), the NUMA domains that they were
 * started in (a digit, - for none), and when the turn of each comes on its node
 * to be a client. */
static const struct {
    const char *layout, *numa, *turns;
} spreads[] = {
    {"A", "0", "0"},
    {"AAAA", "0000", "3012"}, /* the steward last */
    {"AAAA", "----", "3012"}, /* not bound */
    {"AAAAA", "00011", "40213"},
    {"AAAAAAAA", "00001111", "70241356"},
    {"AAAAAA", "012012", "512034"},
    {"AAAAAA", "000001", "502341"},
    {"ABABAB", "010101", "220011"},
    {"ABABABAB", "00011011", "33011022"},
};

/* Domains take turns, each by rank; the steward is last. */
static void clients_are_spread(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(spreads); i++) {
        int n = (int)strlen(spreads[i].layout), rank_node[16], numa[16];
        struct node nodes[2];
        struct machine m;
        struct error err;

        memset(nodes, 0, sizeof nodes);
        for (int r = 0; r < n; r++) {
            char c = spreads[i].numa[r];

            rank_node[r] = spreads[i].layout[r] - 'A';
            numa[r] = c == '-' ? -1 : c - '0';
        }
        assert_int_equal(machine_build(&m, n, rank_node,
                                       strchr(spreads[i].layout, 'B') ? 2 : 1,
                                       nodes, &err),
                         0);
        machine_spread(&m, numa);
        for (int r = 0; r < n; r++)
            if (m.rank_turn[r] != spreads[i].turns[r] - '0')
                fail_msg("%zu: the turn of rank %d is %d", i, r,
                         m.rank_turn[r]);
        machine_free(&m);
    }
}

static const struct {
    int nodes, ranks, virtual_nodes;
    const char *words;
} impossible[] = {
    {0, 4, 1,
     "machine: 0x4 is beyond what can be planned (at most 67108864 ranks)"},
    {4, 0, 1,
     "machine: 4x0 is beyond what can be planned (at most 67108864 ranks)"},
    {67108865, 1, 1,
     "machine: 67108865x1 is beyond what can be planned (at most 67108864 "
     "ranks)"},
    {1000000, 1000000, 1,
     "machine: 1000000x1000000 is beyond what can be planned (at most 67108864 "
     "ranks)"},
    {2, 6, 4,
     "virtual_nodes: 6 ranks of a node cannot be cut into 4 equal virtual "
     "nodes"},
    {2, 6, 7,
     "virtual_nodes: 6 ranks of a node cannot be cut into 7 equal virtual "
     "nodes"},
};

static void impossible_jobs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(impossible); i++) {
        struct machine m;
        struct error err;

        if (machine_uniform(&m, impossible[i].nodes, impossible[i].ranks,
                            impossible[i].virtual_nodes, &err) == 0)
            fail_msg("accepted, but: %s", impossible[i].words);
        assert_string_equal(err.text, impossible[i].words);
        machine_free(&m); /* allowed after a failure */
    }
}

/* Layouts as launchers make them: a letter a rank, A the first node. */
static const struct {
    const char *layout;
    int nnodes;
    const char *listed; /* ranks, node by node */
} layouts[] = {
    {"A", 1, "0"},
    {"AAA", 1, "0 1 2"},
    {"ABC", 3, "0 1 2"},
    {"ABABAB", 2, "0 2 4 1 3 5"},
    {"ABCABCA", 3, "0 3 6 1 4 2 5"},
    {"AABBBBC", 3, "0 1 2 3 4 5 6"},
    {"ABBAACB", 3, "0 3 4 1 2 6 5"},
};

static void any_layout(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(layouts); i++) {
        struct node nodes[3] = {{.name = "a"}, {.name = "b"}, {.name = "c"}};
        int rank_node[16], nranks = (int)strlen(layouts[i].layout);
        struct machine m;
        struct error err;
        char listed[64] = "";

        for (int r = 0; r < nranks; r++)
            rank_node[r] = layouts[i].layout[r] - 'A';
        if (machine_build(&m, nranks, rank_node, layouts[i].nnodes, nodes,
                          &err) < 0)
            fail_msg("%s: %s", layouts[i].layout, err.text);
        check(&m, layouts[i].layout);
        for (int r = 0; r < nranks; r++)
            snprintf(listed + strlen(listed), sizeof listed - strlen(listed),
                     "%s%d", r ? " " : "", m.node_rank[r]);
        if (strcmp(listed, layouts[i].listed) != 0)
            fail_msg("%s: listed %s instead of %s", layouts[i].layout, listed,
                     layouts[i].listed);
        assert_false(m.imaginary);
        machine_free(&m);
    }
}

/* The arrays are copies; hosts and clocks are counted by their
 * highest number. */
static void what_was_discovered_is_copied(void **state)
{
    struct node nodes[3] = {
        {.name = "n0",
         .address = "10.0.0.1",
         .interface = "ib0",
         .host = 0,
         .clock = 0},
        {.name = "n0",
         .address = "10.0.0.1",
         .interface = "ib0",
         .host = 0,
         .clock = 2},
        {.name = "n1",
         .address = "10.0.0.2",
         .interface = "ib0",
         .host = 1,
         .clock = 1},
    };
    int rank_node[3] = {0, 1, 2};
    struct machine m;
    struct error err;

    (void)state;
    assert_int_equal(machine_build(&m, 3, rank_node, 3, nodes, &err), 0);
    memset(nodes, 0, sizeof nodes);
    memset(rank_node, 0, sizeof rank_node);
    assert_int_equal(m.nhosts, 2);
    assert_int_equal(m.nclocks, 3);
    assert_int_equal(m.nodes[1].clock, 2);
    assert_string_equal(m.nodes[2].name, "n1");
    assert_string_equal(m.nodes[2].address, "10.0.0.2");
    assert_string_equal(m.nodes[1].interface, "ib0");
    assert_int_equal(m.rank_node[2], 2);
    machine_free(&m);
    machine_free(&m); /* twice does no harm */
}

/* A letter a key, and the number that each gets. */
static const struct {
    const char *keys, *numbers;
    int different;
} numbered[] = {
    {"A", "0", 1},           {"AAAA", "0000", 1},       {"ABCD", "0123", 4},
    {"DCBA", "0123", 4},     {"CACBA", "01021", 3},     {"ZZAZA", "00101", 2},
    {"ABABAB", "010101", 2}, {"MAZMZAQ", "0120213", 4},
};

static void keys_are_numbered_as_they_appear(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(numbered); i++) {
        int number[16], n = (int)strlen(numbered[i].keys), different;
        char words[16] = "";
        uint64_t key[16];

        for (int k = 0; k < n; k++)
            key[k] = (uint64_t)numbered[i].keys[k] << 56 | 1;
        different = machine_number(key, n, number);
        for (int k = 0; k < n; k++)
            words[k] = (char)('0' + number[k]);
        if (strcmp(words, numbered[i].numbers) != 0)
            fail_msg("%s: %s instead of %s", numbered[i].keys, words,
                     numbered[i].numbers);
        assert_int_equal(different, numbered[i].different);
    }
}

/* A million nodes on as many hosts, which a search backwards for each would
 * take an hour to number, and once more on a thousand. */
static void many_keys(void **state)
{
    enum { N = 1000000, FEW = 1000 };
    uint64_t *key = calloc(N, sizeof *key);
    int *number = calloc(N, sizeof *number);

    (void)state;
    assert_non_null(key);
    assert_non_null(number);
    for (int i = 0; i < N; i++) /* odd: a permutation of the 64-bit numbers */
        key[i] = (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15);
    assert_int_equal(machine_number(key, N, number), N);
    for (int i = 0; i < N; i++)
        if (number[i] != i)
            fail_msg("node %d has number %d", i, number[i]);
    for (int i = 0; i < N; i++)
        key[i] = (uint64_t)(i % FEW) * UINT64_C(0x9e3779b97f4a7c15);
    assert_int_equal(machine_number(key, N, number), FEW);
    for (int i = 0; i < N; i++)
        if (number[i] != i % FEW)
            fail_msg("node %d has number %d instead of %d", i, number[i],
                     i % FEW);
    free(key);
    free(number);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(imaginary_jobs),
        cmocka_unit_test(clients_are_spread),
        cmocka_unit_test(impossible_jobs),
        cmocka_unit_test(any_layout),
        cmocka_unit_test(what_was_discovered_is_copied),
        cmocka_unit_test(keys_are_numbered_as_they_appear),
        cmocka_unit_test(many_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
