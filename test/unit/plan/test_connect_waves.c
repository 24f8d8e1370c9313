/* When clients connect. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdlib.h>

#include "lib/study.h"
#include "plan/connect_waves.h"

#define MS INT64_C(1000000)

static const struct {
    int64_t backlog;
    int size, turn;
    int64_t delay;
} delays[] = {
    /* whoever fits into the first wave does not wait */
    {511, 255, 0, 0},
    {511, 255, 254, 0},
    {511, 255, 255, 25500000},
    {511, 255, 509, 25500000},
    {511, 255, 510, 51 * MS},
    /* the largest study: 6,528 clients of one shard are through in 650 ms */
    {511, 255, 6527, 637500000},
    {128, 64, 6527, 101 * 64 * MS / 10},
    /* small waves do not run into each other */
    {8, 4, 3, 0},
    {8, 4, 4, 5 * MS},
    {8, 4, 63, 75 * MS},
    {1, 1, 2, 10 * MS},
    {2, 1, 1, 5 * MS},
    {3, 1, 1, 5 * MS},
    /* no server, or one that takes all there are */
    {0, INT_MAX, 1000000, 0},
    {-1, INT_MAX, 1000000, 0},
    {INT64_MAX, INT_MAX, 1000000, 0},
};

static void delay(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(delays); i++) {
        if (connect_waves_size(delays[i].backlog) != delays[i].size)
            fail_msg("a backlog of %lld: waves of %d, expected %d",
                     (long long)delays[i].backlog,
                     connect_waves_size(delays[i].backlog), delays[i].size);
        if (connect_waves_delay(delays[i].backlog, delays[i].turn) !=
            delays[i].delay)
            fail_msg("a backlog of %lld: turn %d after %lld ns, expected %lld",
                     (long long)delays[i].backlog, delays[i].turn,
                     (long long)connect_waves_delay(delays[i].backlog,
                                                    delays[i].turn),
                     (long long)delays[i].delay);
    }
}

/* How many clients of one shard connect at once at most, of 136 x 48. */
static int most_at_once(const struct line *line, int64_t backlog)
{
    struct study s;
    struct placement pl;
    struct machine m;
    struct error err;
    int most = 0, *wave;

    assert_int_equal(machine_uniform(&m, 136, 48, 1, &err), 0);
    study_open(&s, line);
    if (place_solve(&m, &s.p, &pl, &err) < 0)
        fail_msg("%s", err.text);
    wave = calloc((size_t)pl.nshards * 6528, sizeof *wave);
    assert_non_null(wave);
    for (int c = 0; c < pl.nclients; c++) {
        int w = connect_waves_turn(&pl, c) / connect_waves_size(backlog);
        int *n = &wave[place_client_shard(&pl, c) * 6528 + w];

        if (++*n > most)
            most = *n;
    }
    free(wave);
    place_free(&pl);
    study_close(&s);
    machine_free(&m);
    return most;
}

static const struct {
    struct line line;
    int64_t backlog;
    int most; /* -1: at most the backlog */
} storms[] = {
    {{{"throughput_standard", "--db_nodes=16"}}, 511, -1},
    {{{"throughput_standard", "--db_nodes=16"}}, 128, -1},
    {{{"throughput_standard", "--db_nodes=16"}}, 64, -1},
    {{{"throughput_standard", "--db_nodes=4", "--db_shards_per_node=4"}},
     128,
     -1},
    {{{"throughput_standard", "--db_nodes=16", "--keys=balanced"}}, 128, 64},
    {{{"throughput_standard", "--db_nodes=1"}}, 511, 255},
    {{{"throughput_colocated"}}, 511, 48},
    {{{"throughput_colocated"}}, 16, 8},
};

static void storm(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(storms); i++) {
        int most = most_at_once(&storms[i].line, storms[i].backlog);

        if (storms[i].most < 0 ? most > storms[i].backlog
                               : most != storms[i].most)
            fail_msg("storm %zu: %d clients at once, backlog %lld", i, most,
                     (long long)storms[i].backlog);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delay),
        cmocka_unit_test(storm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
