/* Placement: which clients write, which read, and whose tensors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/study.h"
#include "plan/connect_waves.h"
#include "plan/connections.h"
#include "plan/place.h"
#include "plan/tensors_rules.h"

#define EXCHANGE "--pattern=exchange"

/* A study of so many nodes of so many ranks, and its roles. */
static const struct shape {
    int nodes, ranks;
    struct line line;
    int writers, readers;
} shapes[] = {
    {1, 2, {{EXCHANGE}}, 1, 1},
    {1, 2, {{EXCHANGE, "--readers_per_node=[]"}}, 1, 1}, /* auto */
    {1, 8, {{EXCHANGE, "--readers_per_node=2"}}, 6, 2},
    {5, 7, {{EXCHANGE, "--readers_per_node=3"}}, 20, 15},
    {5, 7, {{EXCHANGE, "--readers_per_node=3", "--fan=all"}}, 20, 15},
    {3, 4, {{EXCHANGE, "--readers_per_node=3", "--fan=all"}}, 3, 9},
    {4, 4, {{"throughput_standard", EXCHANGE}}, 9, 3},
    {6, 4, {{"throughput_standard", EXCHANGE, "--reader_nodes=2"}}, 12, 8},
    {6,
     4,
     {{"throughput_standard", EXCHANGE, "--reader_nodes=1",
       "--readers_per_node=1", "--fan=all"}},
     12,
     8},
    {9,
     5,
     {{"throughput_standard", EXCHANGE, "--reader_nodes=2", "--client_nodes=4",
       "--db_shards_per_node=3", "--clients_per_node=3"}},
     12,
     6},
    {1000,
     48,
     {{"throughput_standard", EXCHANGE, "--db_nodes=8",
       "--readers_per_node=3"}},
     992 * 45,
     992 * 3},
};

struct scene {
    struct machine m;
    struct study s;
    struct placement pl;
};

static void open_scene(struct scene *x, const struct shape *shape)
{
    struct error err;

    study_open(&x->s, &shape->line);
    if (machine_uniform(&x->m, shape->nodes, shape->ranks, 1, &err) < 0 ||
        place_solve(&x->m, &x->s.p, &x->pl, &err) < 0)
        fail_msg("%s", err.text);
}

static void close_scene(struct scene *x)
{
    place_free(&x->pl);
    machine_free(&x->m);
    study_close(&x->s);
}

/* Each client is a reader or a writer, numbered in order, and back. */
static void check_numbers(const struct placement *pl)
{
    int writers = 0, readers = 0;

    for (int c = 0; c < pl->nclients; c++) {
        int w = place_writer(pl, c), r = place_reader(pl, c);

        assert_true((w < 0) != (r < 0));
        if (w >= 0) {
            assert_int_equal(w, writers++);
            assert_int_equal(place_writer_client(pl, w), c);
        } else {
            assert_int_equal(r, readers++);
            assert_int_equal(place_reader_client(pl, r), c);
        }
    }
    assert_int_equal(writers, place_writers(pl));
    assert_int_equal(readers, pl->nreaders);
}

/* Who reads a writer's tensors by the readers' word, and by its own: with own
 * one, with all everybody, or everybody of its node. */
static void check_who_reads(const struct placement *pl)
{
    int *seen = calloc((size_t)place_writers(pl), sizeof *seen);
    int64_t moves = place_writers(pl);

    assert_non_null(seen);
    for (int r = 0; r < pl->nreaders; r++) {
        struct place_range of = place_read_by(pl, r);
        int mine = place_client_node(pl, place_reader_client(pl, r));

        assert_true(of.n > 0);
        moves += of.n;
        for (int w = of.first; w < of.first + of.n; w++) {
            struct place_range back = place_readers_of(pl, w);
            int node = place_client_node(pl, place_writer_client(pl, w));

            seen[w]++;
            assert_in_range(r, back.first, back.first + back.n - 1);
            if (pl->experiment == EXPERIMENT_COLOCATED)
                assert_int_equal(node, mine);
        }
    }
    for (int w = 0; w < place_writers(pl); w++)
        assert_int_equal(seen[w], place_readers_of(pl, w).n);
    for (int w = 0; w < place_writers(pl) && pl->fan == FAN_OWN; w++)
        assert_int_equal(seen[w], 1);
    assert_int_equal(place_moves(pl), moves);
    free(seen);
}

static void roles(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(shapes); i++) {
        struct scene x;

        open_scene(&x, &shapes[i]);
        assert_int_equal(place_writers(&x.pl), shapes[i].writers);
        assert_int_equal(x.pl.nreaders, shapes[i].readers);
        check_numbers(&x.pl);
        check_who_reads(&x.pl);
        close_scene(&x);
    }
}

/* Readers of a node of their own are clients of no writer's node, and the
 * session's name counts the nodes of client_nodes. */
static void nodes_of_their_own(void **state)
{
    struct scene x;
    char name[SRB_SESSION_MAX];

    (void)state;
    open_scene(&x, &shapes[9]);
    assert_int_equal(x.pl.client_nodes, 6);
    assert_int_equal(x.pl.reader_nodes, 2);
    for (int r = 0; r < x.pl.nreaders; r++)
        assert_in_range(place_client_node(&x.pl, place_reader_client(&x.pl, r)),
                        4, 5);
    place_session(&x.pl, &x.s.sweep, &x.s.p, name);
    assert_non_null(strstr(name, "-N4-T3-"));
    close_scene(&x);
}

/* A reader connects once to each shard that it reads from, behind the writers.
 */
static void connections(void **state)
{
    static const struct shape shape = {
        3,
        6,
        {{"throughput_standard", EXCHANGE, "--db_shards_per_node=2",
          "--keys=balanced", "--fan=all"}},
        10,
        2};
    struct scene x;
    int clients[2] = {0}, list[12], keepers;

    (void)state;
    open_scene(&x, &shape);
    connections_count(&x.pl, clients);
    assert_int_equal(clients[0] + clients[1], 10 + 2 * 2);
    assert_int_equal(connect_waves_turn(&x.pl, place_reader_client(&x.pl, 1)),
                     10 / 2 + 1);
    for (int s = 0; s < 2; s++) {
        int n = connections_of(&x.pl, s, list, &keepers);

        assert_int_equal(n, clients[s]);
        assert_int_equal(keepers, n - 2);
        for (int k = 0; k < n; k++)
            assert_int_equal(place_reader(&x.pl, list[k]) >= 0, k >= keepers);
        for (int k = 0; k < keepers; k++)
            assert_int_equal(place_client_shard(&x.pl, list[k]), s);
    }
    close_scene(&x);
}

/* Of a shard whose writers it does not read a reader is no client, whatever
 * shard its own key is on. */
static void readers_of_some(void **state)
{
    static const struct shape shape = {
        2, 5, {{EXCHANGE, "--readers_per_node=2"}}, 6, 4};
    struct scene x;
    int list[10], keepers;

    (void)state;
    open_scene(&x, &shape);
    for (int s = 0; s < 2; s++) {
        assert_int_equal(connections_of(&x.pl, s, list, &keepers), 5);
        assert_int_equal(keepers, 3);
        for (int k = 0; k < 5; k++)
            assert_int_equal(list[k], 5 * s + k);
    }
    close_scene(&x);
}

/* What cannot be, with its words. */
static const struct {
    int nodes, ranks;
    struct line line;
    const char *words;
} refused[] = {
    {1,
     1,
     {{EXCHANGE}},
     "pattern exchange: of 1 client on node node0000 1 is to read, and none is "
     "left to write; give fewer readers_per_node, or more clients"},
    {1,
     4,
     {{EXCHANGE, "--readers_per_node=0"}},
     "pattern exchange: no client on node node0000 reads; give "
     "readers_per_node of 1 or more"},
    {1,
     4,
     {{EXCHANGE, "--readers_per_node=3"}},
     "pattern exchange: 3 readers share 1 writer on node node0000, and some "
     "would have none (fan: own); give fewer readers, or fan: all"},
    {4,
     4,
     {{"throughput_standard", EXCHANGE, "--readers_per_node=0"}},
     "pattern exchange: no client reads; give readers_per_node of 1 or more, "
     "or reader_nodes"},
    {4,
     4,
     {{"throughput_standard", EXCHANGE, "--reader_nodes=2"}},
     "pattern exchange: 8 readers share 4 writers, and some would have none "
     "(fan: own); give fewer readers, or fan: all"},
    {3,
     4,
     {{"throughput_standard", EXCHANGE, "--reader_nodes=2"}},
     "too few nodes: 3 client nodes (2 of them by reader_nodes) and 1 database "
     "node needed, the job has 3"},
    {3,
     4,
     {{"throughput_standard", EXCHANGE, "--reader_nodes=99"}},
     "too few nodes: 100 client nodes (99 of them by reader_nodes) and 1 "
     "database node needed, the job has 3"},
};

static void refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct machine m;
        struct study s;
        struct placement pl;
        struct error err;

        study_open(&s, &refused[i].line);
        assert_int_equal(
            machine_uniform(&m, refused[i].nodes, refused[i].ranks, 1, &err),
            0);
        assert_int_equal(place_solve(&m, &s.p, &pl, &err), -1);
        assert_string_equal(err.text, refused[i].words);
        machine_free(&m);
        study_close(&s);
    }
}

/* History and retire are others where clients read, unless they are given, and
 * what readers do is one value where there are none. */
static void sweep(void **state)
{
    static const struct line both = {
        {"--pattern=[pair,exchange]", "--wait=[1ms,spin]", "--fan=[own,all]",
         "--readers_per_node=[1,2]", "--tensor_bytes=4"}};
    static const struct line given = {
        {EXCHANGE, "--history=[2,all]", "--tensor_bytes=4"}};
    struct study s;
    struct permutation p;
    char notes[4096];

    (void)state;
    study_open(&s, &both);
    /* one reader reads all, by own and by all */
    assert_int_equal(s.sweep.count, 1 + 2 + 4);
    assert_int_equal(s.p.value[OPT_HISTORY]->count, 1);
    assert_int_equal(s.p.value[OPT_RETIRE]->count, RETIRE_OVERWRITE);
    sweep_at(&s.sweep, 6, &p);
    assert_int_equal(p.value[OPT_HISTORY]->word, HISTORY_ALL);
    assert_int_equal(p.value[OPT_RETIRE]->count, RETIRE_DELETE);
    assert_int_equal(p.value[OPT_WAIT]->word, WAIT_SPIN);
    sweep_notes(&s.sweep, notes, sizeof notes);
    assert_non_null(strstr(notes, "wait (2 values) collapses where no client "
                                  "reads what others write\n"));
    assert_non_null(strstr(notes, "fan (2 values) collapses where a database "
                                  "has one reader, or none\n"));
    study_close(&s);

    study_open(&s, &given);
    assert_int_equal(s.sweep.count, 2);
    assert_int_equal(s.p.value[OPT_HISTORY]->count, 2);
    assert_int_equal(s.p.value[OPT_RETIRE]->count, RETIRE_DELETE);
    study_close(&s);
}

/* Data sets that are read together are in one list, that of their first
 * writer, to whose shard all of them connect. */
static void lists(void **state)
{
    static const struct line own = {
        {"throughput_standard", "--pattern=aggregate", "--readers_per_node=2",
         "--db_shards_per_node=3", "--keys=balanced"}};
    static const struct line all = {
        {"throughput_standard", "--pattern=aggregate", "--readers_per_node=2",
         "--db_shards_per_node=3", "--keys=balanced", "--fan=all"}};
    /* clients 0 1 2 3 write, 4 5 read */
    static const int head[2][4] = {{0, 0, 2, 2}, {0, 0, 0, 0}};
    /* client c is on shard c mod 3; of `own` 1 and 3 have lists elsewhere, and
     * readers two shards each: 0 1, and 2 0; of `all` 1 and 2 */
    static const int connections[2][3] = {{2 + 1 + 2, 1 + 1, 1 + 1 + 1},
                                          {2 + 2 + 2, 1 + 2, 1 + 2}};
    const struct line *const line[] = {&own, &all};

    (void)state;
    for (int k = 0; k < 2; k++) {
        int clients[3] = {0, 0, 0};
        struct machine m;
        struct study s;
        struct placement pl;
        struct error err;

        study_open(&s, line[k]);
        assert_int_equal(machine_uniform(&m, 2, 6, 1, &err), 0);
        if (place_solve(&m, &s.p, &pl, &err) < 0)
            fail_msg("%s", err.text);
        for (int w = 0; w < 4; w++)
            assert_int_equal(place_list_client(&pl, w), head[k][w]);
        connections_count(&pl, clients);
        for (int shard = 0; shard < 3; shard++)
            assert_int_equal(clients[shard], connections[k][shard]);
        place_free(&pl);
        machine_free(&m);
        study_close(&s);
    }
}

/* Tensors of data sets go back to back unless a study says otherwise; of a
 * single one there is a choice only where it has a description. */
static void data_sets(void **state)
{
    static const struct line mixed = {
        {"--pattern=[pair,aggregate]", "--tensors=2", "--tensor_bytes=4"}};
    static const struct line plain = {{"--pattern=aggregate",
                                       "--pipelined=[true,false]",
                                       "--tensor_bytes=4"}};
    static const struct line redisai = {
        {"--pattern=aggregate", "--pipelined=[true,false]", "--tensor_bytes=4",
         "--command_set=redisai", "--db_modules=redisai.so"}};
    struct study s;
    struct permutation p;

    (void)state;
    study_open(&s, &mixed);
    assert_int_equal(s.p.value[OPT_PIPELINED]->count, 0);
    sweep_at(&s.sweep, 1, &p);
    assert_int_equal(p.value[OPT_PIPELINED]->count, 1);
    assert_int_equal(p.value[OPT_HISTORY]->word, HISTORY_ALL);
    assert_true(tensors_rules_of(&p).pipelined);
    study_close(&s);

    study_open(&s, &plain);
    assert_int_equal(s.sweep.count, 1);
    assert_false(tensors_rules_of(&s.p).pipelined);
    study_close(&s);

    study_open(&s, &redisai);
    assert_int_equal(s.sweep.count, 2);
    assert_true(tensors_rules_of(&s.p).pipelined);
    study_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles),       cmocka_unit_test(nodes_of_their_own),
        cmocka_unit_test(connections), cmocka_unit_test(readers_of_some),
        cmocka_unit_test(refusals),    cmocka_unit_test(sweep),
        cmocka_unit_test(lists),       cmocka_unit_test(data_sets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
