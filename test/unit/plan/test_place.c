/* Placement: who is what, on machines of any shape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/tick.h"
#include "lib/study.h"
#include "plan/place.h"

/* Where the ranks of a test's machine are. */
enum layout { BLOCK, CYCLIC, RAGGED };

static const char *const layout_names[] = {"block", "cyclic", "ragged"};

/* nnodes real nodes: `ranks` consecutive ones each, rank r on node r modulo
 * nnodes, or node n with n + 1 ranks. */
static void build(struct machine *m, int nnodes, int ranks, enum layout layout,
                  int per_host)
{
    int nranks = layout == RAGGED ? nnodes * (nnodes + 1) / 2 : nnodes * ranks;
    int *rank_node = calloc((size_t)nranks, sizeof *rank_node);
    struct node *nodes = calloc((size_t)nnodes, sizeof *nodes);
    struct error err;

    assert_non_null(rank_node);
    assert_non_null(nodes);
    for (int r = 0, node = 0, left = 1; r < nranks; r++) {
        rank_node[r] = layout == BLOCK    ? r / ranks
                       : layout == CYCLIC ? r % nnodes
                                          : node;
        if (--left == 0)
            left = ++node + 1;
    }
    for (int n = 0; n < nnodes; n++) {
        nodes[n].host = n / per_host;
        snprintf(nodes[n].loopback, sizeof nodes[n].loopback, "127.0.0.1");
        snprintf(nodes[n].name, sizeof nodes[n].name, "n%d", n / per_host);
        snprintf(nodes[n].address, sizeof nodes[n].address, "10.0.%d.%d",
                 nodes[n].host / 256, nodes[n].host % 256);
    }
    if (machine_build(m, nranks, rank_node, nnodes, nodes, &err) < 0)
        fail_msg("%s", err.text);
    free(rank_node);
    free(nodes);
}

static void solve(const struct machine *m, const struct study *s,
                  struct placement *pl)
{
    struct error err;

    if (place_solve(m, &s->p, pl, &err) < 0)
        fail_msg("%s", err.text);
}

/* Client nodes from the front, database nodes from the end, whatever lies
 * between them idle. */
static const struct {
    struct line line;
    int client_nodes, clients_per_node, nclients, first_db_node, db_nodes;
    int shards_per_node, nshards;
    bool cluster;
} jobs[] = {
    {{{"throughput_standard"}}, 9999, 48, 479952, 9999, 1, 1, 1, false},
    {{{"throughput_standard", "--db_nodes=16"}},
     9984,
     48,
     479232,
     9984,
     16,
     1,
     16,
     true},
    {{{"throughput_standard", "--db_nodes=16", "--client_nodes=120",
       "--clients_per_node=18"}},
     120,
     18,
     2160,
     9984,
     16,
     1,
     16,
     true},
    {{{"throughput_standard", "--client_nodes=9999"}},
     9999,
     48,
     479952,
     9999,
     1,
     1,
     1,
     false},
    {{{"throughput_standard", "--db_shards_per_node=4"}},
     9999,
     48,
     479952,
     9999,
     1,
     4,
     4,
     true},
    {{{"throughput_standard", "--db_shards_per_node=4", "--db_cluster=false"}},
     9999,
     48,
     479952,
     9999,
     1,
     4,
     4,
     false},
    {{{"throughput_standard", "--db_nodes=5000", "--db_shards_per_node=3"}},
     5000,
     48,
     240000,
     5000,
     5000,
     3,
     15000,
     true},
    {{{"throughput_standard", "--db_nodes=16", "--db_shards_per_node=1024"}},
     9984,
     48,
     479232,
     9984,
     16,
     1024,
     16384,
     true},
    {{{"throughput_colocated"}}, 10000, 48, 480000, 0, 10000, 1, 10000, false},
    {{{"throughput_colocated", "--client_nodes=7", "--clients_per_node=1"}},
     7,
     1,
     7,
     0,
     7,
     1,
     7,
     false},
};

static void a_job_of_ten_thousand_nodes(void **state)
{
    struct machine m;
    struct error err;

    (void)state;
    assert_int_equal(machine_uniform(&m, 10000, 48, 1, &err), 0);
    for (size_t i = 0; i < COUNT(jobs); i++) {
        int stewards = 0, clients = 0;
        struct placement pl;
        struct study s;

        study_open(&s, &jobs[i].line);
        solve(&m, &s, &pl);
        if (pl.client_nodes != jobs[i].client_nodes ||
            pl.clients_per_node != jobs[i].clients_per_node ||
            pl.nclients != jobs[i].nclients ||
            pl.db_node[0] != jobs[i].first_db_node ||
            pl.db_nodes != jobs[i].db_nodes ||
            pl.shards_per_node != jobs[i].shards_per_node ||
            pl.nshards != jobs[i].nshards || pl.cluster != jobs[i].cluster)
            fail_msg("job %zu: %d nodes of %d, %d clients; databases %d + %d "
                     "of %d, %d shards, cluster %d",
                     i, pl.client_nodes, pl.clients_per_node, pl.nclients,
                     pl.db_node[0], pl.db_nodes, pl.shards_per_node, pl.nshards,
                     pl.cluster);
        for (int r = 0; r < m.nranks; r++) {
            int node = m.rank_node[r];
            bool client = place_client(&pl, r) >= 0;
            bool db = place_node_shard(&pl, node) >= 0;

            clients += client;
            stewards += (place_steward_shard(&pl, r) >= 0);
            if (client && db && s.p.experiment == EXPERIMENT_STANDARD)
                fail_msg("job %zu: node %d has clients and shards", i, node);
            if (client != (node < pl.client_nodes) && pl.clients_per_node == 48)
                fail_msg("job %zu: rank %d is %sclient", i, r,
                         client ? "a " : "no ");
            if ((place_steward_shard(&pl, r) >= 0) != (db && r % 48 == 0))
                fail_msg("job %zu: rank %d is %ssteward", i, r,
                         (place_steward_shard(&pl, r) >= 0) ? "a " : "no ");
        }
        assert_int_equal(clients, pl.nclients);
        assert_int_equal(stewards, pl.db_nodes);
        place_free(&pl);
        study_close(&s);
    }
    machine_free(&m);
}

/* Every shard is on the node that says it has it, and knows its steward. */
static void shards_and_nodes_agree(void **state)
{
    struct machine m;
    struct error err;

    (void)state;
    assert_int_equal(machine_uniform(&m, 10000, 48, 1, &err), 0);
    for (size_t i = 0; i < COUNT(jobs); i++) {
        struct placement pl;
        struct study s;
        int next = 0;

        study_open(&s, &jobs[i].line);
        solve(&m, &s, &pl);
        for (int n = 0; n < m.nnodes; n++) {
            int first = place_node_shard(&pl, n);

            if (first < 0)
                continue;
            if (first != next)
                fail_msg("job %zu: node %d has shards from %d instead of %d", i,
                         n, first, next);
            for (int k = 0; k < pl.shards_per_node; k++, next++)
                if (place_shard_node(&pl, next) != n ||
                    place_shard_steward(&pl, next) !=
                        machine_node_rank(&m, n, 0))
                    fail_msg("job %zu: shard %d is on node %d, not %d", i, next,
                             place_shard_node(&pl, next), n);
        }
        assert_int_equal(next, pl.nshards);
        place_free(&pl);
        study_close(&s);
    }
    machine_free(&m);
}

/* Machines on which client and rank must be each other's inverse. */
static const struct {
    int nnodes, ranks;
    enum layout layout;
    struct line line;
} machines[] = {
    {1, 1, BLOCK, {{"throughput_colocated"}}},
    {1, 4, BLOCK, {{"throughput_colocated"}}},
    {1, 4, BLOCK, {{"throughput_colocated", "--clients_per_node=3"}}},
    {4, 6, BLOCK, {{"throughput_standard"}}},
    {4, 6, BLOCK, {{"throughput_standard", "--clients_per_node=5"}}},
    {4, 6, BLOCK, {{"throughput_standard", "--clients_per_node=1"}}},
    {5, 7, CYCLIC, {{"throughput_colocated"}}},
    {5, 7, CYCLIC, {{"throughput_colocated", "--clients_per_node=6"}}},
    {5,
     7,
     CYCLIC,
     {{"throughput_standard", "--clients_per_node=2", "--client_nodes=2"}}},
    {9, 3, CYCLIC, {{"throughput_standard", "--db_nodes=4"}}},
    {12, 0, RAGGED, {{"throughput_colocated"}}},
    {12, 0, RAGGED, {{"throughput_colocated", "--clients_per_node=1"}}},
    {12, 0, RAGGED, {{"throughput_standard", "--db_nodes=3"}}},
};

static void clients_and_ranks_are_inverse(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(machines); i++) {
        const char *what = layout_names[machines[i].layout];
        struct placement pl;
        struct machine m;
        struct study s;
        int seen = 0;

        study_open(&s, &machines[i].line);
        build(&m, machines[i].nnodes, machines[i].ranks, machines[i].layout, 1);
        solve(&m, &s, &pl);
        for (int r = 0; r < m.nranks; r++) {
            int c = place_client(&pl, r);

            if (c < -1 || c >= pl.nclients)
                fail_msg("%zu (%s): rank %d is client %d of %d", i, what, r, c,
                         pl.nclients);
            if (c < 0)
                continue;
            seen++;
            if (place_client_rank(&pl, c) != r)
                fail_msg("%zu (%s): rank %d is client %d, which is rank %d", i,
                         what, r, c, place_client_rank(&pl, c));
            if (place_client_node(&pl, c) != m.rank_node[r])
                fail_msg("%zu (%s): client %d is on node %d, not %d", i, what,
                         c, m.rank_node[r], place_client_node(&pl, c));
        }
        if (seen != pl.nclients)
            fail_msg("%zu (%s): %d ranks play %d clients", i, what, seen,
                     pl.nclients);
        for (int c = 1; c < pl.nclients; c++) {
            int a = place_client_rank(&pl, c - 1);
            int b = place_client_rank(&pl, c);

            /* node by node, on each node by rank */
            if (m.rank_node[a] > m.rank_node[b] ||
                (m.rank_node[a] == m.rank_node[b] && a >= b))
                fail_msg("%zu (%s): client %d is rank %d, the next %d", i, what,
                         c - 1, a, b);
        }
        place_free(&pl);
        machine_free(&m);
        study_close(&s);
    }
}

/* The steward is a client only where every rank of its node must be one. */
static void stewards_are_spared(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(machines); i++) {
        struct placement pl;
        struct machine m;
        struct study s;

        study_open(&s, &machines[i].line);
        build(&m, machines[i].nnodes, machines[i].ranks, machines[i].layout, 1);
        solve(&m, &s, &pl);
        for (int n = 0; n < pl.client_nodes; n++) {
            int clients = 0, size = machine_node_size(&m, n);
            bool steward = place_client(&pl, machine_node_rank(&m, n, 0)) >= 0;

            for (int k = 0; k < size; k++)
                clients += place_client(&pl, machine_node_rank(&m, n, k)) >= 0;
            if (clients > pl.clients_per_node)
                fail_msg("machine %zu: node %d has %d clients, the most is %d",
                         i, n, clients, pl.clients_per_node);
            if (steward != (clients == size))
                fail_msg("machine %zu: of node %d's %d ranks %d are clients, "
                         "the steward %s",
                         i, n, size, clients, steward ? "too" : "not");
        }
        place_free(&pl);
        machine_free(&m);
        study_close(&s);
    }
}

/* Ranks that serve run no client, are of their shard's node, and one serves one
 * shard; colocated `auto` leaves them, in every permutation of the study. */
static const struct {
    struct line line;
    int nnodes, ranks, clients;
    const char *refused; /* NULL: it is not */
} serving[] = {
    {{{"throughput_colocated", "--db_exe=mpi"}}, 3, 4, 9, NULL},
    {{{"throughput_colocated", "--db_exe=[floor,mpi]"}}, 3, 4, 9, NULL},
    {{{"throughput_colocated", "--db_exe=mpi", "--clients_per_node=2"}},
     3,
     4,
     6,
     NULL},
    {{{"throughput_standard", "--db_exe=mpi", "--db_shards_per_node=3",
       "--db_nodes=2"}},
     4,
     3,
     6,
     NULL},
    {{{"throughput_colocated", "--db_exe=mpi", "--clients_per_node=4"}},
     1,
     4,
     0,
     "has 4 ranks, of which 4 run a client, and 1 must serve"},
    {{{"throughput_standard", "--db_exe=mpi", "--db_shards_per_node=3"}},
     2,
     2,
     0,
     "has 2 ranks, of which 0 run a client, and 3 must serve"},
    {{{"throughput_colocated", "--db_exe=mpi"}},
     1,
     1,
     0,
     "has one, which must serve, and no other for a client"},
};

static void check_servers(size_t i, const struct placement *pl)
{
    int found = 0;

    for (int r = 0; r < pl->machine->nranks; r++) {
        int shard = place_server(pl, r);

        if (shard < 0)
            continue;
        found++;
        assert_int_equal(place_client(pl, r), -1);
        assert_int_equal(place_server_rank(pl, shard), r);
        assert_int_equal(pl->machine->rank_node[r],
                         place_shard_node(pl, shard));
    }
    if (found != (pl->ranks_serve ? pl->nshards : 0))
        fail_msg("vector %zu: %d ranks serve %d shards", i, found, pl->nshards);
}

static void ranks_that_serve(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(serving); i++) {
        struct placement pl;
        struct machine m;
        struct study s;
        struct error err;

        study_open(&s, &serving[i].line);
        build(&m, serving[i].nnodes, serving[i].ranks, BLOCK, 1);
        m.leaves_ranks = options_leaves_ranks(&s.options);
        if (serving[i].refused) {
            assert_int_equal(place_solve(&m, &s.p, &pl, &err), -1);
            if (!strstr(err.text, serving[i].refused))
                fail_msg("vector %zu: %s", i, err.text);
        } else {
            solve(&m, &s, &pl);
            assert_int_equal(pl.nclients, serving[i].clients);
            check_servers(i, &pl);
            place_free(&pl);
        }
        machine_free(&m);
        study_close(&s);
    }
}

/* Every client's key belongs to the shard that the client is told to use. */
static void clients_use_the_shard_of_their_key(void **state)
{
    static const struct line lines[] = {
        {{"throughput_standard"}},
        {{"throughput_standard", "--db_nodes=3"}},
        {{"throughput_standard", "--db_nodes=3", "--db_shards_per_node=5"}},
        {{"throughput_standard", "--keys=balanced"}},
        {{"throughput_standard", "--db_nodes=3", "--keys=balanced"}},
        {{"throughput_standard", "--db_nodes=7", "--keys=balanced",
          "--db_shards_per_node=2"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        int has[16] = {0}, least = 1000, most = 0;
        struct placement pl;
        struct machine m;
        struct study s;

        study_open(&s, &lines[i]);
        build(&m, 12, 6, BLOCK, 1);
        solve(&m, &s, &pl);
        for (int c = 0; c < pl.nclients; c++) {
            int shard = place_client_shard(&pl, c);
            char key[SRB_KEY_MAX];

            place_key(&pl, c, key);
            if (shard != keys_shard(key, pl.nshards))
                fail_msg("study %zu, client %d: '%s' is on shard %d, not %d", i,
                         c, key, keys_shard(key, pl.nshards), shard);
            has[shard]++;
        }
        for (int k = 0; k < pl.nshards; k++) {
            least = has[k] < least ? has[k] : least;
            most = has[k] > most ? has[k] : most;
        }
        if (pl.keys == KEYS_BALANCED && most > least + 1)
            fail_msg("study %zu: shards have from %d to %d clients", i, least,
                     most);
        place_free(&pl);
        machine_free(&m);
        study_close(&s);
    }
}

static void colocated_clients_stay_at_home(void **state)
{
    static const struct line line = {
        {"throughput_colocated", "--client_nodes=11", "--clients_per_node=1"}};
    struct placement pl;
    struct machine m;
    struct study s;

    (void)state;
    study_open(&s, &line);
    build(&m, 12, 0, RAGGED, 1);
    solve(&m, &s, &pl);
    assert_int_equal(pl.nshards, 11);
    for (int c = 0; c < pl.nclients; c++) {
        char key[SRB_KEY_MAX], want[SRB_KEY_MAX];

        if (place_shard_node(&pl, place_client_shard(&pl, c)) !=
            m.rank_node[place_client_rank(&pl, c)])
            fail_msg("client %d uses shard %d", c, place_client_shard(&pl, c));
        place_key(&pl, c, key);
        snprintf(want, sizeof want, "throughput_rank_%d", c);
        assert_string_equal(key, want);
    }
    place_free(&pl);
    machine_free(&m);
    study_close(&s);
}

/* Whatever shares a kernel shares its ports. */
static const struct {
    struct line line;
    int nnodes, per_host;
    const char *ports;
} hosts[] = {
    {{{"throughput_standard"}}, 2, 1, "6780"},
    {{{"throughput_standard", "--db_nodes=3"}}, 4, 1, "6780 6780 6780"},
    {{{"throughput_standard", "--db_nodes=2", "--db_shards_per_node=3",
       "--db_port=7000"}},
     3,
     1,
     "7000 7001 7002 7000 7001 7002"},
    {{{"throughput_standard", "--db_nodes=3"}}, 4, 4, "6780 6781 6782"},
    {{{"throughput_standard", "--db_nodes=6", "--db_shards_per_node=2"}},
     8,
     4,
     "6780 6781 6782 6783 6780 6781 6782 6783 6784 6785 6786 6787"},
    {{{"throughput_colocated"}}, 4, 2, "6780 6781 6780 6781"},
    {{{"throughput_colocated", "--client_nodes=3"}}, 4, 4, "6780 6781 6782"},
    {{{"throughput_standard", "--db_nodes=2", "--db_port=55534"}},
     3,
     3,
     "55534 55535"},
};

static void ports_are_numbered_by_host(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(hosts); i++) {
        struct placement pl;
        struct machine m;
        struct study s;
        char ports[256] = "";

        study_open(&s, &hosts[i].line);
        build(&m, hosts[i].nnodes, 2, BLOCK, hosts[i].per_host);
        solve(&m, &s, &pl);
        for (int k = 0; k < pl.nshards; k++)
            snprintf(ports + strlen(ports), sizeof ports - strlen(ports),
                     "%s%d", k ? " " : "", pl.shard_port[k]);
        if (strcmp(ports, hosts[i].ports) != 0)
            fail_msg("vector %zu: ports %s instead of %s", i, ports,
                     hosts[i].ports);
        place_free(&pl);
        machine_free(&m);
        study_close(&s);
    }
}

/* As laid out by a cut of real nodes, too. */
static void virtual_nodes_share_their_host(void **state)
{
    static const struct line line = {{"throughput_standard", "--db_nodes=5"}};
    static const int ports[] = {6780, 6780, 6781, 6782, 6783};
    struct placement pl;
    struct machine m;
    struct error err;
    struct study s;

    (void)state;
    study_open(&s, &line);
    assert_int_equal(machine_uniform(&m, 2, 8, 4, &err), 0);
    solve(&m, &s, &pl);
    for (int k = 0; k < pl.nshards; k++)
        assert_int_equal(pl.shard_port[k], ports[k]);
    place_free(&pl);
    machine_free(&m);
    study_close(&s);
}

/* Linear in the nodes, and blind to how many ranks they have. The best of many
 * tries each, so that a busy machine does not matter. */
static int64_t cost(int nnodes, int ranks)
{
    static const struct line line = {{"throughput_standard", "--db_nodes=16"}};
    int64_t best = INT64_MAX;
    struct machine m;
    struct error err;
    struct study s;

    study_open(&s, &line);
    assert_int_equal(machine_uniform(&m, nnodes, ranks, 1, &err), 0);
    for (int try = 0; try < 200; try++) {
        int64_t start = tick_now();
        struct placement pl;

        solve(&m, &s, &pl);
        if (tick_now() - start < best)
            best = tick_now() - start;
        place_free(&pl);
    }
    machine_free(&m);
    study_close(&s);
    return best;
}

static void placing_costs_little(void **state)
{
    int64_t few = cost(1000, 48), many = cost(10000, 48);
    int64_t thin = cost(10000, 1);

    (void)state;
    if (many > 40 * few) /* 10 if linear, 100 if quadratic */
        fail_msg("1,000 nodes take %lld ns, 10,000 take %lld", (long long)few,
                 (long long)many);
    if (many > 12 * thin) /* 1, or 48 */
        fail_msg("nodes of 1 rank take %lld ns, of 48 %lld", (long long)thin,
                 (long long)many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_of_ten_thousand_nodes),
        cmocka_unit_test(shards_and_nodes_agree),
        cmocka_unit_test(clients_and_ranks_are_inverse),
        cmocka_unit_test(stewards_are_spared),
        cmocka_unit_test(ranks_that_serve),
        cmocka_unit_test(clients_use_the_shard_of_their_key),
        cmocka_unit_test(colocated_clients_stay_at_home),
        cmocka_unit_test(ports_are_numbered_by_host),
        cmocka_unit_test(virtual_nodes_share_their_host),
        cmocka_unit_test(placing_costs_little),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
