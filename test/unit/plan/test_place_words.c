/* Placement: what is refused and in which words, names of sessions, addresses,
 * and when two placements are the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/study.h"
#include "plan/place.h"

/* One letter a rank, A the first node. Node n is host n / per_host; all have
 * an address but the one named by `mute`. */
static void build(struct machine *m, const char *ranks, int per_host, int mute)
{
    int rank_node[64], nranks = (int)strlen(ranks), nnodes = 0;
    struct node nodes[26];
    struct error err;

    memset(nodes, 0, sizeof nodes);
    for (int r = 0; r < nranks; r++) {
        rank_node[r] = ranks[r] - 'A';
        nnodes = rank_node[r] >= nnodes ? rank_node[r] + 1 : nnodes;
    }
    for (int n = 0; n < nnodes; n++) {
        nodes[n].host = n / per_host;
        snprintf(nodes[n].loopback, sizeof nodes[n].loopback, "127.0.0.1");
        snprintf(nodes[n].name, sizeof nodes[n].name, "n%d", nodes[n].host);
        if (n != mute)
            snprintf(nodes[n].address, sizeof nodes[n].address, "10.0.0.%d",
                     nodes[n].host + 1);
    }
    if (machine_build(m, nranks, rank_node, nnodes, nodes, &err) < 0)
        fail_msg("%s", err.text);
}

static const struct {
    struct line line;
    const char *ranks;
    int per_host, mute;
    const char *words; /* the whole message */
} impossible[] = {
    /* nodes */
    {{{"throughput_standard"}},
     "AAA",
     1,
     -1,
     "too few nodes: 1 client node and 1 database node needed, the job has 1; "
     "ask for more nodes, or cut each with --virtual_nodes"},
    {{{"throughput_standard", "--client_nodes=2", "--db_nodes=3"}},
     "ABCD",
     1,
     -1,
     "too few nodes: 2 client nodes and 3 database nodes needed, the job has "
     "4; ask for more nodes, or cut each with --virtual_nodes"},
    {{{"throughput_standard", "--db_nodes=4"}},
     "ABCD",
     1,
     -1,
     "too few nodes: 1 client node and 4 database nodes needed, the job has 4; "
     "ask for more nodes, or cut each with --virtual_nodes"},
    {{{"throughput_standard", "--client_nodes=2147483647",
       "--db_nodes=2147483647"}},
     "AB",
     1,
     -1,
     "too few nodes: 2147483647 client nodes and 2147483647 database nodes "
     "needed, the job has 2; ask for more nodes, or cut each with "
     "--virtual_nodes"},
    {{{"throughput_colocated", "--client_nodes=5"}},
     "ABCD",
     1,
     -1,
     "too few nodes: 5 client nodes needed, the job has 4; ask for more nodes, "
     "or cut each with --virtual_nodes"},
    /* ranks */
    {{{"throughput_colocated", "--clients_per_node=3"}},
     "AABB",
     1,
     -1,
     "too few ranks: node n0 (node 0 of 2) has 2 ranks, clients_per_node is "
     "3"},
    {{{"throughput_colocated", "--clients_per_node=3"}},
     "AAABCCC",
     1,
     -1,
     "too few ranks: node n1 (node 1 of 3) has 1 rank, clients_per_node is 3"},
    {{{"throughput_standard", "--clients_per_node=2147483647"}},
     "AAB",
     1,
     -1,
     "too few ranks: node n0 (node 0 of 2) has 2 ranks, clients_per_node is "
     "2147483647"},
    /* shards and ports */
    {{{"throughput_standard", "--db_nodes=17", "--db_shards_per_node=1024"}},
     "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
     1,
     -1,
     "17 database nodes of 1024 shards: a Redis Cluster has 16384 slots, so at "
     "most as many shards"},
    {{{"throughput_standard", "--db_port=55535", "--db_shards_per_node=2"}},
     "AB",
     1,
     -1,
     "db_port: 55535 leaves room for 1 of the 2 shards of "
     "host n1 (ports up to 55535); choose a lower one"},
    {{{"throughput_colocated", "--db_port=55533"}},
     "ABCDEFG",
     7,
     -1,
     "db_port: 55533 leaves room for 3 of the 7 shards of "
     "host n0 (ports up to 55535); choose a lower one"},
    /* threads */
    {{{"throughput_colocated", "--db_cpus=4", "--db_io_threads=5"}},
     "AB",
     1,
     -1,
     "db_io_threads 5 is above db_cpus 4: a server's threads need a CPU each; "
     "give db_cpus of at least 5, or fewer threads"},
    /* addresses */
    {{{"throughput_standard"}},
     "ABC",
     1,
     2,
     "node n2 has no network interface but loopback for its database; name "
     "one with --net_ifname"},
};

static void impossible_permutations(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(impossible); i++) {
        struct permutation p;
        struct placement pl;
        struct machine m;
        struct error err;
        struct study s;

        study_open(&s, &impossible[i].line);
        sweep_at(&s.sweep, 0, &p);
        build(&m, impossible[i].ranks, impossible[i].per_host,
              impossible[i].mute);
        if (place_solve(&m, &p, &pl, &err) == 0)
            fail_msg("vector %zu: placed, but: %s", i, impossible[i].words);
        if (strcmp(err.text, impossible[i].words) != 0)
            fail_msg("vector %zu: '%s' instead of '%s'", i, err.text,
                     impossible[i].words);
        assert_null(pl.client_start);
        assert_null(pl.shard_port);
        machine_free(&m);
        study_close(&s);
    }
}

/* Advice on how to start the job makes no sense for one that is only planned;
 * nor has it addresses. */
static void imaginary_jobs_are_told_less(void **state)
{
    static const struct line line = {
        {"throughput_standard", "--client_nodes=[5,4]"}};
    struct permutation p;
    struct placement pl;
    struct machine m;
    struct error err;
    struct study s;

    (void)state;
    study_open(&s, &line);
    assert_int_equal(machine_uniform(&m, 5, 2, 1, &err), 0);
    sweep_at(&s.sweep, 0, &p);
    assert_int_equal(place_solve(&m, &p, &pl, &err), -1);
    assert_string_equal(err.text, "too few nodes: 5 client nodes and 1 "
                                  "database node needed, the job has 5");
    sweep_at(&s.sweep, 11, &p);
    assert_int_equal(place_solve(&m, &p, &pl, &err), 0);
    place_free(&pl);
    machine_free(&m);
    study_close(&s);
}

static const struct {
    struct line line;
    int per_host;        /* of four nodes, */
    const char *address; /* which all have this one, */
    const char *network; /* because of that */
    const char *words;   /* NULL: it can be placed */
} unreachable[] = {
    {{{"throughput_standard", "--net_ifname=lo"}},
     1,
     "127.0.0.1",
     "",
     "net_ifname lo is loopback: clients on other hosts than n3 do not reach a "
     "database there; name another interface"},
    {{{"throughput_standard", "--net_ifname=lo"}},
     2,
     "::1",
     "",
     "net_ifname lo is loopback: clients on other hosts than n1 do not reach a "
     "database there; name another interface"},
    {{{"throughput_standard", "--net_ifname=lo"}}, 4, "127.0.0.1", "", NULL},
    {{{"throughput_colocated", "--net_ifname=lo"}}, 1, "127.0.0.1", "", NULL},
    {{{"throughput_standard"}},
     1,
     "",
     "nodes differ",
     "there is no interface for the databases: nodes differ; name one with "
     "--net_ifname"},
    {{{"throughput_standard"}}, 4, "", "nodes differ", NULL},
    {{{"throughput_colocated"}}, 1, "", "nodes differ", NULL},
};

static void addresses_that_lead_nowhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(unreachable); i++) {
        const char *words = unreachable[i].words;
        struct error err = {.text = ""};
        struct permutation p;
        struct placement pl;
        struct machine m;
        struct study s;

        study_open(&s, &unreachable[i].line);
        sweep_at(&s.sweep, 0, &p);
        build(&m, "AABBCCDD", unreachable[i].per_host, -1);
        snprintf(m.network, sizeof m.network, "%s", unreachable[i].network);
        for (int n = 0; n < m.nnodes; n++) {
            snprintf(m.nodes[n].interface, sizeof m.nodes[n].interface, "lo");
            snprintf(m.nodes[n].address, sizeof m.nodes[n].address, "%s",
                     unreachable[i].address);
        }
        if (place_solve(&m, &p, &pl, &err) == 0)
            place_free(&pl);
        if (strcmp(err.text, words ? words : "") != 0)
            fail_msg("vector %zu: '%s' instead of '%s'", i, err.text,
                     words ? words : "");
        machine_free(&m);
        study_close(&s);
    }
}

static const struct {
    struct line line;
    int per_host; /* of four nodes */
    int mute;
    bool loopback;
    const char *last; /* address of the last shard */
} listening[] = {
    {{{"throughput_standard"}}, 4, -1, true, "127.0.0.1"},
    {{{"throughput_standard"}}, 4, 3, true, "127.0.0.1"},
    {{{"throughput_standard"}}, 2, -1, false, "10.0.0.2"},
    {{{"throughput_standard"}}, 1, -1, false, "10.0.0.4"},
    {{{"throughput_standard"}}, 1, 0, false, "10.0.0.4"},
    {{{"throughput_standard", "--net_ifname=eth0"}}, 4, -1, false, "10.0.0.1"},
    {{{"throughput_colocated"}}, 1, -1, true, "127.0.0.1"},
    {{{"throughput_colocated"}}, 1, 2, true, "127.0.0.1"},
    {{{"throughput_colocated", "--net_ifname=eth0"}}, 1, -1, false, "10.0.0.4"},
    {{{"throughput_colocated", "--net_ifname=lo"}}, 4, -1, false, "10.0.0.1"},
};

static void where_shards_listen(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(listening); i++) {
        struct permutation p;
        struct placement pl;
        struct machine m;
        struct error err;
        struct study s;

        study_open(&s, &listening[i].line);
        sweep_at(&s.sweep, 0, &p);
        build(&m, "AABBCCDD", listening[i].per_host, listening[i].mute);
        if (place_solve(&m, &p, &pl, &err) < 0)
            fail_msg("vector %zu: %s", i, err.text);
        if (pl.loopback != listening[i].loopback ||
            strcmp(place_shard_address(&pl, pl.nshards - 1),
                   listening[i].last) != 0)
            fail_msg("vector %zu: loopback %d, the last shard listens on %s", i,
                     pl.loopback, place_shard_address(&pl, pl.nshards - 1));
        place_free(&pl);
        machine_free(&m);
        study_close(&s);
    }
}

static const struct {
    struct line line;
    int per_host;         /* of four nodes, */
    const char *loopback; /* whose last has this one */
    const char *last;     /* address of the last shard; NULL: refused */
} loopbacks[] = {
    {{{"throughput_colocated"}}, 1, "::1", "::1"},
    {{{"throughput_standard"}}, 4, "::1", "::1"},
    {{{"throughput_colocated"}}, 1, "", NULL},
    {{{"throughput_standard"}}, 4, "", NULL},
    {{{"throughput_colocated", "--transport=unix"}}, 1, "", NULL},
    {{{"throughput_standard"}}, 1, "", "10.0.0.4"},
    {{{"throughput_colocated", "--net_ifname=eth0"}}, 1, "", "10.0.0.4"},
};

static void loopback_is_what_the_node_has(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(loopbacks); i++) {
        const char *last = loopbacks[i].last;
        struct error err = {.text = ""};
        struct permutation p;
        struct placement pl;
        struct machine m;
        struct study s;

        study_open(&s, &loopbacks[i].line);
        sweep_at(&s.sweep, 0, &p);
        build(&m, "AABBCCDD", loopbacks[i].per_host, -1);
        snprintf(m.nodes[3].loopback, sizeof m.nodes[3].loopback, "%s",
                 loopbacks[i].loopback);
        if (place_solve(&m, &p, &pl, &err) == 0) {
            if (!last ||
                strcmp(place_shard_address(&pl, pl.nshards - 1), last) != 0)
                fail_msg("vector %zu: %s", i,
                         place_shard_address(&pl, pl.nshards - 1));
            place_free(&pl);
        } else if (last || strncmp(err.text, "the loopback interface of node n",
                                   32) != 0) {
            fail_msg("vector %zu: %s", i, err.text);
        }
        machine_free(&m);
        study_close(&s);
    }
}

static const struct {
    struct line line;
    const char *names[8]; /* of the permutations, up to the first NULL */
} sessions[] = {
    {{{"throughput_standard", "--tensor_bytes=1024"}},
     {"throughput-sess-c-N7-T3-DBN1-DBCPU1-ITER100-TB1024"}},
    {{{"throughput_standard", "--tensor_bytes=1KiB", "--client_nodes=4",
       "--clients_per_node=2", "--db_nodes=[1,4]", "--iterations=7"}},
     {"throughput-sess-c-N4-T2-DBN1-DBCPU1-ITER7-TB1024",
      "throughput-sess-c-N4-T2-DBN4-DBCPU1-ITER7-TB1024"}},
    {{{"throughput_colocated", "--tensor_bytes=[1024,32769]"}},
     {"throughput-sess-colo-c-N8-T3-DBCPU1-PINFalse-ITER100-TB1024",
      "throughput-sess-colo-c-N8-T3-DBCPU1-PINFalse-ITER100-TB32769"}},
    {{{"throughput_standard", "--tensor_bytes=8", "--keys=[smartsim,balanced]",
       "--db_io_threads=[1,2]", "--db_cpus=2"}},
     {"throughput-sess-c-N7-T3-DBN1-DBCPU2-ITER100-TB8-IOT1-KEYSsmartsim",
      "throughput-sess-c-N7-T3-DBN1-DBCPU2-ITER100-TB8-IOT1-KEYSbalanced",
      "throughput-sess-c-N7-T3-DBN1-DBCPU2-ITER100-TB8-IOT2-KEYSsmartsim",
      "throughput-sess-c-N7-T3-DBN1-DBCPU2-ITER100-TB8-IOT2-KEYSbalanced"}},
    {{{"throughput_colocated", "--tensor_bytes=8", "--repetitions=2",
       "--db_exe=[redis-server,/opt/valkey/bin/valkey-server]"}},
     {"throughput-sess-colo-c-N8-T3-DBCPU1-PINFalse-ITER100-TB8-DBredis-server-"
      "REP0",
      "throughput-sess-colo-c-N8-T3-DBCPU1-PINFalse-ITER100-TB8-DBredis-server-"
      "REP1",
      "throughput-sess-colo-c-N8-T3-DBCPU1-PINFalse-ITER100-TB8-DBvalkey-"
      "server-REP0",
      "throughput-sess-colo-c-N8-T3-DBCPU1-PINFalse-ITER100-TB8-DBvalkey-"
      "server-REP1"}},
    /* as much of a path as it takes */
    {{{"throughput_colocated", "--tensor_bytes=8",
       "--db_exe=[redis-server,/o/7.2/bin/redis-server,/o/8.0/bin/redis-"
       "server,/o/valkey-server]"}},
     {"throughput-sess-colo-c-N8-T3-DBCPU1-PINFalse-ITER100-TB8-DBredis-server",
      "throughput-sess-colo-c-N8-T3-DBCPU1-PINFalse-ITER100-TB8-DB7.2-bin-"
      "redis-server",
      "throughput-sess-colo-c-N8-T3-DBCPU1-PINFalse-ITER100-TB8-DB8.0-bin-"
      "redis-server",
      "throughput-sess-colo-c-N8-T3-DBCPU1-PINFalse-ITER100-TB8-DBvalkey-"
      "server"}},
    /* an axis that collapses is not in the name */
    {{{"--experiment=[throughput_colocated,throughput_standard]",
       "--keys=[smartsim,balanced]", "--tensor_bytes=8"}},
     {"throughput-sess-colo-c-N8-T3-DBCPU1-PINFalse-ITER100-TB8",
      "throughput-sess-c-N7-T3-DBN1-DBCPU1-ITER100-TB8-KEYSsmartsim",
      "throughput-sess-c-N7-T3-DBN1-DBCPU1-ITER100-TB8-KEYSbalanced"}},
};

static void names_of_sessions(void **state)
{
    struct machine m;
    struct error err;

    (void)state;
    assert_int_equal(machine_uniform(&m, 8, 3, 1, &err), 0);
    for (size_t i = 0; i < COUNT(sessions); i++) {
        struct study s;

        study_open(&s, &sessions[i].line);
        for (size_t k = 0; k < s.sweep.count; k++) {
            char name[SRB_SESSION_MAX];
            struct permutation p;
            struct placement pl;

            sweep_at(&s.sweep, k, &p);
            assert_int_equal(place_solve(&m, &p, &pl, &err), 0);
            place_session(&pl, &s.sweep, &p, name);
            if (!sessions[i].names[k] ||
                strcmp(name, sessions[i].names[k]) != 0)
                fail_msg("vector %zu, permutation %zu: '%s' instead of '%s'", i,
                         k, name,
                         sessions[i].names[k] ? sessions[i].names[k] : "");
            place_free(&pl);
        }
        study_close(&s);
    }
    machine_free(&m);
}

/* A name too long for its room is cut, not written past it. */
static void long_names_are_cut(void **state)
{
    char exe[2 * SRB_SESSION_MAX];
    struct line line = {{"throughput_colocated", exe}};
    char name[SRB_SESSION_MAX];
    struct permutation p;
    struct placement pl;
    struct machine m;
    struct error err;
    struct study s;

    (void)state;
    snprintf(exe, sizeof exe, "--db_exe=[a,%0*d]", SRB_SESSION_MAX + 50, 7);
    study_open(&s, &line);
    assert_int_equal(machine_uniform(&m, 8, 3, 1, &err), 0);
    sweep_at(&s.sweep, s.sweep.count - 1, &p);
    assert_int_equal(place_solve(&m, &p, &pl, &err), 0);
    place_session(&pl, &s.sweep, &p, name);
    assert_int_equal(strlen(name), SRB_SESSION_MAX - 1);
    place_free(&pl);
    machine_free(&m);
    study_close(&s);
}

/* Pairs of placements on nodes of 3, 3, 2 and 3 ranks: tensor, keys and ports
 * are no roles. */
static const struct {
    struct line a, b;
    bool same;
} pairs[] = {
    {{{"throughput_standard"}}, {{"throughput_standard"}}, true},
    {{{"throughput_standard"}},
     {{"throughput_standard", "--client_nodes=3", "--db_port=7000",
       "--keys=balanced", "--tensor_bytes=8"}},
     true},
    {{{"throughput_standard"}}, {{"throughput_colocated"}}, false},
    {{{"throughput_standard"}},
     {{"throughput_standard", "--client_nodes=2"}},
     false},
    {{{"throughput_standard", "--client_nodes=2"}},
     {{"throughput_standard", "--client_nodes=2", "--db_nodes=2"}},
     false},
    {{{"throughput_standard"}},
     {{"throughput_standard", "--db_shards_per_node=2"}},
     false},
    {{{"throughput_colocated"}},
     {{"throughput_colocated", "--clients_per_node=2"}},
     false},
    {{{"throughput_colocated", "--client_nodes=2"}},
     {{"throughput_colocated", "--client_nodes=2", "--clients_per_node=3"}},
     true},
};

/* What place_same_roles() promises, by asking every rank. */
static bool same_roles(const struct placement *a, const struct placement *b)
{
    for (int r = 0; r < a->machine->nranks; r++) {
        int node = a->machine->rank_node[r];

        if (place_client(a, r) != place_client(b, r) ||
            place_steward_shard(a, r) != place_steward_shard(b, r) ||
            place_node_shard(a, node) != place_node_shard(b, node))
            return false;
    }
    return a->nshards == b->nshards && a->experiment == b->experiment;
}

static void same_roles_are_recognised(void **state)
{
    struct machine m;

    (void)state;
    build(&m, "AAABBBCCDDD", 1, -1);
    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct placement a, b;
        struct permutation p, q;
        struct error err;
        struct study s, t;

        study_open(&s, &pairs[i].a);
        study_open(&t, &pairs[i].b);
        sweep_at(&s.sweep, 0, &p);
        sweep_at(&t.sweep, 0, &q);
        assert_int_equal(place_solve(&m, &p, &a, &err), 0);
        assert_int_equal(place_solve(&m, &q, &b, &err), 0);
        assert_int_equal(same_roles(&a, &b), pairs[i].same);
        if (place_same_roles(&a, &b) != pairs[i].same ||
            place_same_roles(&b, &a) != pairs[i].same)
            fail_msg("pair %zu: %s", i, pairs[i].same ? "same" : "different");
        place_free(&a);
        place_free(&b);
        study_close(&s);
        study_close(&t);
    }
    machine_free(&m);
}

/* Ranks solve it each for itself: nothing but the input may decide. */
static void same_input_same_placement(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct placement a, b;
        struct permutation p;
        struct machine m, n;
        struct error err;
        struct study s;

        study_open(&s, &pairs[i].b);
        sweep_at(&s.sweep, 0, &p);
        build(&m, "AAABBBCCDDD", 1, -1);
        build(&n, "AAABBBCCDDD", 1, -1);
        memset(&a, 0, sizeof a);
        memset(&b, 0xff, sizeof b);
        assert_int_equal(place_solve(&m, &p, &a, &err), 0);
        assert_int_equal(place_solve(&n, &p, &b, &err), 0);
        assert_memory_equal(a.client_start, b.client_start,
                            ((size_t)a.client_nodes + 1) *
                                sizeof *a.client_start);
        assert_memory_equal(a.shard_port, b.shard_port,
                            (size_t)a.nshards * sizeof *a.shard_port);
        for (int c = 0; c < a.nclients; c++) {
            assert_int_equal(place_client_rank(&a, c),
                             place_client_rank(&b, c));
            assert_int_equal(place_client_shard(&a, c),
                             place_client_shard(&b, c));
        }
        assert_true(place_same_roles(&a, &b));
        assert_true(same_roles(&a, &b));
        assert_int_equal(a.loopback, b.loopback);
        assert_int_equal(a.cluster, b.cluster);
        place_free(&a);
        place_free(&b);
        machine_free(&m);
        machine_free(&n);
        study_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(impossible_permutations),
        cmocka_unit_test(imaginary_jobs_are_told_less),
        cmocka_unit_test(addresses_that_lead_nowhere),
        cmocka_unit_test(where_shards_listen),
        cmocka_unit_test(loopback_is_what_the_node_has),
        cmocka_unit_test(names_of_sessions),
        cmocka_unit_test(long_names_are_cut),
        cmocka_unit_test(same_roles_are_recognised),
        cmocka_unit_test(same_input_same_placement),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
