/* The sweep: product and order of the axes, set-ups side by side, what
 * collapses and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "lib/options_line.h"
#include "plan/sweep.h"

#define BOTH "--experiment=[throughput_standard,throughput_colocated]"

/* Studies of one and both placements, with what their sweeps come to. */
static const struct {
    struct line line;
    size_t count, setups;
} studies[] = {
    {{{NULL}}, 11, 1}, /* the seed's sizes */
    {{{"throughput_standard"}}, 11, 1},
    {{{"--tensor_bytes=1024"}}, 1, 1},
    {{{"--tensor_bytes=1024", "--repetitions=7"}}, 7, 1},
    {{{"throughput_standard", "--db_nodes=[4,8,16]",
       "--client_nodes=[20,40,60,80,100,120]"}},
     198,
     3},
    {{{"throughput_standard", "--db_nodes=[1,2]", "--db_io_threads=[1,4]",
       "--db_shards_per_node=[1,2,3]", "--keys=[smartsim,balanced]",
       "--tensor_bytes=[4,8]"}},
     48,
     12},
    {{{"--client_nodes=[3,1,2]", "--clients_per_node=[5,4]",
       "--client=[null,hiredis]", "--db_exe=[redis-server,valkey-server]",
       "--repetitions=3", "--tensor_bytes=[4,8]"}},
     144,
     6}, /* the databases are on the client nodes */
    /* what colocated has not, collapses there: 3 x 2 x 2 + 2 */
    {{{BOTH, "--db_nodes=[1,2,3]", "--keys=[smartsim,balanced]",
       "--tensor_bytes=[4,8]"}},
     14,
     4},
    {{{"--experiment=[throughput_colocated,throughput_standard]",
       "--db_nodes=[1,2]", "--repetitions=2", "--tensor_bytes=4"}},
     6,
     3},
    {{{"--repetitions=1000000", "--tensor_bytes=4"}}, SRB_SWEEP_MAX, 1},
};

static void open_study(size_t i, struct options *o, struct sweep *s)
{
    struct error err;

    if (parse(o, &studies[i].line, NULL, 0, &err) < 0)
        fail_msg("study %zu: %s", i, err.text);
    if (sweep_open(s, o, &err) < 0)
        fail_msg("study %zu: %s", i, err.text);
}

static void counts_are_products(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(studies); i++) {
        struct options o;
        struct sweep s;

        open_study(i, &o, &s);
        if (s.count != studies[i].count || s.setups != studies[i].setups)
            fail_msg("study %zu: %zu permutations of %zu set-ups instead of "
                     "%zu of %zu",
                     i, s.count, s.setups, studies[i].count, studies[i].setups);
        options_free(&o);
    }
}

/* Whether permutation p stands where it must, with all values it must have. */
static void check_values(size_t study, const struct sweep *s,
                         const struct permutation *p)
{
    unsigned bit = experiment_bit(p->value[OPT_EXPERIMENT]->count);

    for (int id = 0; id < OPT_COUNT; id++) {
        const struct option *d = &option_table[id];
        const struct setting *set = options_get(s->options, (enum option_id)id);
        const struct value *v = p->value[id];

        if (!(option_placement((enum option_id)id) & bit)) {
            if (v)
                fail_msg("study %zu: permutation %zu has %s", study, p->index,
                         d->name);
            continue;
        }
        if (!v || v < set->values || v >= set->values + set->nvalues)
            fail_msg("study %zu: permutation %zu has a foreign %s", study,
                     p->index, d->name);
        if (!option_is_axis(d) && v != set->values)
            fail_msg("study %zu: permutation %zu varies %s", study, p->index,
                     d->name);
    }
    if (p->value[OPT_EXPERIMENT]->count != (int64_t)p->experiment)
        fail_msg("study %zu: permutation %zu is of another experiment", study,
                 p->index);
}

/* Same values of the axes that shape the databases. */
static bool same_setup(const struct permutation *a, const struct permutation *b)
{
    unsigned bit =
        a->experiment == EXPERIMENT_STANDARD ? IN_STANDARD : IN_COLOCATED;

    if (a->experiment != b->experiment)
        return false;
    for (int id = 0; id < OPT_COUNT; id++)
        if (option_table[id].setup & bit && a->value[id] != b->value[id])
            return false;
    return true;
}

static bool same_point(const struct permutation *a, const struct permutation *b)
{
    return a->repetition == b->repetition &&
           memcmp(a->value, b->value, sizeof a->value) == 0;
}

/* Set-ups are numbered from 0 without gap, two neighbours share the number when
 * and only when they share the values, and no two set-ups are the same: so the
 * permutations of one set-up stand together. No point comes twice: so, with the
 * count, all points of the product come. */
static void setups_are_adjacent(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(studies); i++) {
        struct permutation p, q;
        struct options o;
        struct sweep s;

        open_study(i, &o, &s);
        for (size_t a = 0; a < s.count && s.count <= 1000; a++) {
            sweep_at(&s, a, &p);
            assert_int_equal(p.index, a);
            check_values(i, &s, &p);
            for (size_t b = 0; b < a; b++) {
                sweep_at(&s, b, &q);
                if (same_point(&p, &q))
                    fail_msg("study %zu: %zu and %zu are the same", i, b, a);
                if (same_setup(&p, &q) != (p.setup == q.setup))
                    fail_msg("study %zu: %zu and %zu have set-ups %zu, %zu", i,
                             b, a, q.setup, p.setup);
                if (b + 1 == a && p.setup != q.setup && p.setup != q.setup + 1)
                    fail_msg("study %zu: after set-up %zu comes %zu", i,
                             q.setup, p.setup);
            }
        }
        sweep_at(&s, 0, &p);
        assert_int_equal(p.setup, 0);
        sweep_at(&s, s.count - 1, &p);
        check_values(i, &s, &p);
        if (p.setup != s.setups - 1)
            fail_msg("study %zu: the last set-up is %zu of %zu", i, p.setup,
                     s.setups);
        if (p.repetition + 1 != options_one(&o, OPT_REPETITIONS)->count)
            fail_msg("study %zu: the last repetition is %d", i, p.repetition);
        options_free(&o);
    }
}

/* Placement, databases outermost (colocated ones follow the client nodes);
 * values in the order in which they were given; repetitions side by side. */
static void order_of_the_axes(void **state)
{
    static const struct line line = {
        {"--experiment=[throughput_colocated,throughput_standard]",
         "--db_nodes=[8,4]", "--client_nodes=[2,1]", "--tensor_bytes=[8,4]",
         "--repetitions=2"}};
    static const char *const want[] = {
        "colocated 0 - 2 8 0", "colocated 0 - 2 8 1", "colocated 0 - 2 4 0",
        "colocated 0 - 2 4 1", "colocated 1 - 1 8 0", "colocated 1 - 1 8 1",
        "colocated 1 - 1 4 0", "colocated 1 - 1 4 1", "standard 2 8 2 8 0",
        "standard 2 8 2 8 1",  "standard 2 8 2 4 0",  "standard 2 8 2 4 1",
        "standard 2 8 1 8 0",  "standard 2 8 1 8 1",  "standard 2 8 1 4 0",
        "standard 2 8 1 4 1",  "standard 3 4 2 8 0",  "standard 3 4 2 8 1",
        "standard 3 4 2 4 0",  "standard 3 4 2 4 1",  "standard 3 4 1 8 0",
        "standard 3 4 1 8 1",  "standard 3 4 1 4 0",  "standard 3 4 1 4 1",
    };
    struct options o;
    struct sweep s;
    struct error err;

    (void)state;
    assert_int_equal(parse(&o, &line, NULL, 0, &err), 0);
    assert_int_equal(sweep_open(&s, &o, &err), 0);
    assert_int_equal(s.count, COUNT(want));
    for (size_t i = 0; i < s.count; i++) {
        struct permutation p;
        char got[64];

        sweep_at(&s, i, &p);
        snprintf(got, sizeof got, "%s %zu %s %s %s %d",
                 p.value[OPT_EXPERIMENT]->text + strlen("throughput_"), p.setup,
                 p.value[OPT_DB_NODES] ? p.value[OPT_DB_NODES]->text : "-",
                 p.value[OPT_CLIENT_NODES]->text,
                 p.value[OPT_TENSOR_BYTES]->text, p.repetition);
        if (strcmp(got, want[i]) != 0)
            fail_msg("permutation %zu is '%s' instead of '%s'", i, got,
                     want[i]);
    }
    options_free(&o);
}

static const struct {
    struct line line;
    const char *file;
    const char *words; /* the whole message */
} refused[] = {
    {{{"--repetitions=1000000", "--tensor_bytes=[4,8]"}},
     NULL,
     "the product of all axes has more than 1000000 permutations; give fewer "
     "values"},
    /* each placement alone would do */
    {{{BOTH, "--repetitions=500001", "--tensor_bytes=4"}},
     NULL,
     "the product of all axes has more than 1000000 permutations; give fewer "
     "values"},
    {{{"throughput_colocated", "--db_nodes=4"}},
     NULL,
     "--db_nodes: does nothing in this study: only throughput_standard and "
     "inference_standard have it, and these are not among the experiments"},
    {{{"--keys=smartsim"}}, /* though it is the default */
     NULL,
     "--keys: does nothing in this study: only throughput_standard has it, and "
     "that is not among the experiments"},
    {{{NULL}},
     "iterations: 5\ndb_shards_per_node: [1, 2]\n",
     "study.yaml:2:21: db_shards_per_node: does nothing in this study: only "
     "throughput_standard and inference_standard have it, and these are not "
     "among the experiments"},
    {{{"throughput_colocated"}},
     "experiment: throughput_standard\ndb_nodes: 4\n",
     "study.yaml:2:11: db_nodes: does nothing in this study: only "
     "throughput_standard and inference_standard have it, and these are not "
     "among the experiments"},
};

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        const char *file = refused[i].file;
        struct options o;
        struct sweep s;
        struct error err;

        if (parse(&o, &refused[i].line, file, file ? strlen(file) : 0, &err) <
            0)
            fail_msg("vector %zu: %s", i, err.text);
        if (sweep_open(&s, &o, &err) == 0)
            fail_msg("vector %zu: accepted, but: %s", i, refused[i].words);
        if (strcmp(err.text, refused[i].words) != 0)
            fail_msg("vector %zu: '%s' instead of '%s'", i, err.text,
                     refused[i].words);
        options_free(&o);
    }
}

/* A product that no 64-bit number holds is refused too, not wrapped around. */
static void a_product_beyond_all_numbers_is_refused(void **state)
{
    static const char *const axes[] = {"client_nodes", "clients_per_node",
                                       "db_nodes", "tensor_bytes"};
    enum { VALUES = 10000 };
    static char file[COUNT(axes) * VALUES * 8 + 256];
    static const struct line line = {{"throughput_standard",
                                      "--db_io_threads=[1,2,3,4]",
                                      "--repetitions=1000000"}};
    size_t used = 0;
    struct options o;
    struct sweep s;
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT(axes); i++) {
        used += (size_t)sprintf(file + used, "%s: [4", axes[i]);
        for (int k = 1; k < VALUES; k++)
            used += (size_t)sprintf(file + used, ",%d", 4 + k);
        used += (size_t)sprintf(file + used, "]\n");
    }
    if (parse(&o, &line, file, used, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(sweep_open(&s, &o, &err), -1);
    assert_string_equal(err.text, "the product of all axes has more than "
                                  "1000000 permutations; give fewer values");
    options_free(&o);
}

static const struct {
    struct line line;
    const char *notes;
} noted[] = {
    {{{NULL}}, ""},
    {{{"throughput_standard", "--db_nodes=[4,8]"}}, ""},
    {{{BOTH}}, ""}, /* defaults are nobody's surprise */
    {{{BOTH, "--client_nodes=[1,2]"}}, ""},
    {{{BOTH, "--db_nodes=[4,8]"}},
     "db_nodes (2 values) collapses in throughput_colocated, which has no such "
     "axis\n"},
    {{{BOTH, "--keys=[smartsim,balanced]", "--db_nodes=4"}},
     "db_nodes (1 value) collapses in throughput_colocated, which has no such "
     "axis\n"
     "keys (2 values) collapses in throughput_colocated, which has no such "
     "axis\n"},
    {{{"--compute=[1ms,2ms]", "--compute_kind=[spin,sleep]"}}, ""},
    {{{"--compute=[1ms,0s]", "--compute_kind=[spin,sleep]"}},
     "compute_kind (2 values) collapses where nothing is computed\n"},
    {{{"--rate=[1,max]", "--arrivals=[poisson,uniform]"}},
     "arrivals (2 values) collapses where there is no rate\n"},
};

static void collapsed_axes_are_noted(void **state)
{
    static const size_t rooms[] = {1, 2, 10, 79, 80, 1024};

    (void)state;
    for (size_t i = 0; i < COUNT(noted); i++) {
        struct options o;
        struct sweep s;
        struct error err;

        assert_int_equal(parse(&o, &noted[i].line, NULL, 0, &err), 0);
        assert_int_equal(sweep_open(&s, &o, &err), 0);
        for (size_t k = 0; k < COUNT(rooms); k++) {
            char want[1024], *buf = malloc(rooms[k]);

            assert_non_null(buf);
            snprintf(want, rooms[k], "%s", noted[i].notes);
            assert_ptr_equal(sweep_notes(&s, buf, rooms[k]), buf);
            if (strcmp(buf, want) != 0)
                fail_msg("vector %zu, room for %zu: '%s' instead of '%s'", i,
                         rooms[k], buf, want);
            free(buf);
        }
        sweep_close(&s);
        options_free(&o);
    }
}

/* What says how something is done that is not done is one permutation; all
 * others differ, and their siblings are what they should be. */
static void idle_axes_collapse(void **state)
{
    static const struct line steps = {{"--compute=[0s,1ms,2ms]",
                                       "--compute_kind=[spin,sleep,stream]",
                                       "--tensor_bytes=[4,8]"}};
    struct options o;
    struct sweep s;
    struct error err;

    (void)state;
    assert_int_equal(parse(&o, &steps, NULL, 0, &err), 0);
    assert_int_equal(sweep_open(&s, &o, &err), 0);
    assert_int_equal(s.product, 18);
    assert_int_equal(s.count, 2 * (1 + 2 * 3));
    for (size_t k = 0; k < s.count; k++) {
        struct permutation p, q;

        sweep_at(&s, k, &p);
        assert_int_equal(p.index, k);
        for (size_t v = 0; v < 3; v++) {
            sweep_at(&s, sweep_sibling(&s, &p, OPT_COMPUTE, v), &q);
            assert_ptr_equal(q.value[OPT_COMPUTE],
                             &options_get(&o, OPT_COMPUTE)->values[v]);
            assert_ptr_equal(q.value[OPT_TENSOR_BYTES],
                             p.value[OPT_TENSOR_BYTES]);
            if (v > 0 && p.value[OPT_COMPUTE]->seconds > 0)
                assert_ptr_equal(q.value[OPT_COMPUTE_KIND],
                                 p.value[OPT_COMPUTE_KIND]);
        }
    }
    sweep_close(&s);
    options_free(&o);
}

static void values_of_a_permutation(void **state)
{
    static const struct line line = {
        {"throughput_colocated", "--clients_per_node=3"}};
    struct permutation p;
    struct options o;
    struct sweep s;
    struct error err;

    (void)state;
    assert_int_equal(parse(&o, &line, NULL, 0, &err), 0);
    assert_int_equal(sweep_open(&s, &o, &err), 0);
    sweep_at(&s, 10, &p);
    assert_int_equal(permutation_count(&p, OPT_CLIENTS_PER_NODE, -1), 3);
    assert_int_equal(permutation_count(&p, OPT_TENSOR_BYTES, -1), 4096000);
    assert_int_equal(permutation_count(&p, OPT_DB_NODES, -1), -1);
    assert_true(permutation_auto(&p, OPT_CLIENT_NODES));
    assert_false(permutation_auto(&p, OPT_CLIENTS_PER_NODE));
    assert_false(permutation_auto(&p, OPT_DB_NODES));
    options_free(&o);
}

/* Every order runs every permutation once, those of a set-up side by side; a
 * seed gives the same order again, another one another. */
static void orders_are_whole_and_keep_set_ups_together(void **state)
{
    static uint32_t order[2][SRB_SWEEP_MAX];
    static bool seen[SRB_SWEEP_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT(studies) - 1; i++) {
        struct options o;
        struct sweep s;
        size_t changes = 0, moved = 0;

        open_study(i, &o, &s);
        sweep_order(&s, ORDER_PLAN, 5, order[0]);
        for (size_t k = 0; k < s.count; k++)
            assert_int_equal(order[0][k], k);
        sweep_order(&s, ORDER_RANDOM, 5, order[0]);
        sweep_order(&s, ORDER_RANDOM, 5, order[1]);
        assert_memory_equal(order[0], order[1], s.count * sizeof order[0][0]);
        memset(seen, 0, sizeof seen);
        for (size_t k = 0, last = 0; k < s.count; k++) {
            struct permutation p;

            assert_true(order[0][k] < s.count && !seen[order[0][k]]);
            seen[order[0][k]] = true;
            moved += order[0][k] != k;
            sweep_at(&s, order[0][k], &p);
            changes += k > 0 && p.setup != last;
            last = p.setup;
        }
        assert_int_equal(changes, s.setups - 1);
        if (s.count > 4)
            assert_true(moved > 0);
        sweep_order(&s, ORDER_RANDOM, 6, order[1]);
        if (s.count > 40)
            assert_memory_not_equal(order[0], order[1],
                                    s.count * sizeof order[0][0]);
        options_free(&o);
    }
}

/* A sibling has the wanted value in one axis and the same ones in all others.
 */
static void siblings_differ_in_one_axis(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(studies) - 1; i++) {
        struct options o;
        struct sweep s;

        open_study(i, &o, &s);
        for (size_t k = 0; k < s.count; k++)
            for (int id = OPT_DB_EXE; id <= OPT_TENSOR_BYTES; id++) {
                const struct setting *set = options_get(&o, (enum option_id)id);
                struct permutation p, q;

                sweep_at(&s, k, &p);
                for (size_t v = 0; p.value[id] && v < set->nvalues; v++) {
                    size_t index = sweep_sibling(&s, &p, (enum option_id)id, v);

                    assert_true(index < s.count);
                    sweep_at(&s, index, &q);
                    assert_int_equal(q.repetition, p.repetition);
                    assert_int_equal(q.experiment, p.experiment);
                    for (int other = 0; other < OPT_COUNT; other++)
                        assert_ptr_equal(q.value[other], other == id
                                                             ? &set->values[v]
                                                             : p.value[other]);
                }
            }
        options_free(&o);
    }
}

/* Servers that lack axes, by their places in db_exe: what is left, in the order
 * of the plan, as names of what varies; and how many set-ups. */
static const struct {
    struct line line;
    struct {
        size_t exe;
        enum option_id axis;
    } lacks[4];
    size_t nlacks, setups;
    const char *variants, *notes;
} collapsed[] = {
    {{{"--db_exe=[redis-server,floor]", "--db_io_threads=[1,4]", "--db_cpus=4",
       "--tensor_bytes=4"}},
     {{1, OPT_DB_IO_THREADS}},
     1,
     3,
     "redis-server IOT1, redis-server IOT4, floor",
     "db_io_threads (2 values) collapses with s1, which has no such axis\n"},
    {{{"--db_exe=[floor,redis-server]", "--db_io_threads=[4,1]", "--db_cpus=4",
       "--tensor_bytes=[4,8]", "--repetitions=2"}},
     {{0, OPT_DB_IO_THREADS}},
     1,
     3,
     "floor TB4 REP0, floor TB4 REP1, floor TB8 REP0, floor TB8 REP1, "
     "redis-server IOT4 TB4 REP0, redis-server IOT4 TB4 REP1, "
     "redis-server IOT4 TB8 REP0, redis-server IOT4 TB8 REP1, "
     "redis-server IOT1 TB4 REP0, redis-server IOT1 TB4 REP1, "
     "redis-server IOT1 TB8 REP0, redis-server IOT1 TB8 REP1",
     "db_io_threads (2 values) collapses with s0, which has no such axis\n"},
    {{{"--db_exe=[a,b,c]", "--db_io_threads=[1,2]", "--db_tpq=[1,3]",
       "--db_cpus=2", "--db_modules=/redisai.so", "--tensor_bytes=4"}},
     {{0, OPT_DB_IO_THREADS}, {2, OPT_DB_IO_THREADS}, {2, OPT_DB_TPQ}},
     3,
     7,
     "a TPQ1, a TPQ3, b IOT1 TPQ1, b IOT1 TPQ3, b IOT2 TPQ1, b IOT2 TPQ3, c",
     "db_io_threads (2 values) collapses with s0, which has no such axis\n"
     "db_io_threads (2 values) collapses with s2, which has no such axis\n"
     "db_tpq (2 values) collapses with s2, which has no such axis\n"},
    /* one value that it has not goes as well */
    {{{BOTH, "--db_exe=[a,b]", "--db_io_threads=2", "--db_cpus=2",
       "--tensor_bytes=4"}},
     {{1, OPT_DB_IO_THREADS}},
     1,
     4,
     "standard a, standard b, colocated a, colocated b",
     "db_io_threads (1 value) collapses with s1, which has no such axis\n"},
    {{{"--db_exe=[a,b]", "--db_io_threads=[1,2]", "--db_cpus=2",
       "--tensor_bytes=4"}},
     {{0, 0}},
     0,
     4,
     "a IOT1, a IOT2, b IOT1, b IOT2",
     ""},
    /* values that come to the same: the first of them stays */
    {{{"--tensor_bytes=[4,5,6,7]"}},
     {{0, 0}},
     0,
     1,
     "TB4",
     "tensor_bytes collapses: 5 to 4, 6 to 4, 7 to 4, as many whole elements "
     "of 4 bytes\n"},
    {{{"--tensor_bytes=[9,4,8,7]", "--client_nodes=[1,2]"}},
     {{0, 0}},
     0,
     2,
     "N1 TB9, N1 TB4, N2 TB9, N2 TB4",
     "tensor_bytes collapses: 8 to 9, 7 to 4, as many whole elements of 4 "
     "bytes\n"
     "tensor_bytes: 9 moves 8, whole elements of 4 bytes\n"},
    /* what is no whole number of elements is said, too, where it was asked for
     */
    {{{"--tensor_bytes=1026"}},
     {{0, 0}},
     0,
     1,
     "",
     "tensor_bytes: 1026 moves 1024, whole elements of 4 bytes\n"},
    {{{"--tensor_bytes=[1KiB,1026,2051]"}},
     {{0, 0}},
     0,
     1,
     "TB1024, TB2051",
     "tensor_bytes collapses: 1026 to 1024, as many whole elements of 4 "
     "bytes\n"
     "tensor_bytes: 2051 moves 2048, whole elements of 4 bytes\n"},
    {{{"--iterations=3"}},
     {{0, 0}},
     0,
     1,
     "TB1024, TB8192, TB16384, TB32769, TB65538, TB131076, TB262152, TB524304, "
     "TB1024000, TB2048000, TB4096000",
     ""},
    {{{"throughput_standard", "--db_cluster=[false,true]", "--db_nodes=[2,1]",
       "--tensor_bytes=4"}},
     {{0, 0}},
     0,
     3,
     "DBN2 CLUSTERfalse, DBN2 CLUSTERtrue, DBN1 CLUSTERfalse",
     "db_cluster (2 values) collapses where there is one shard, which is no "
     "cluster either way\n"},
    {{{"throughput_standard", "--db_cluster=[false,true]",
       "--db_shards_per_node=2", "--tensor_bytes=4"}},
     {{0, 0}},
     0,
     2,
     "CLUSTERfalse, CLUSTERtrue",
     ""},
    {{{"throughput_standard", "--db_cluster=[false,true]", "--db_hosts=n[1-2]",
       "--tensor_bytes=4"}},
     {{0, 0}},
     0,
     2,
     "CLUSTERfalse, CLUSTERtrue",
     ""},
    {{{"throughput_standard", "--db_cluster=[false,true]", "--db_hosts=n1",
       "--tensor_bytes=4"}},
     {{0, 0}},
     0,
     1,
     "CLUSTERfalse",
     "db_cluster (2 values) collapses where there is one shard, which is no "
     "cluster either way\n"},
    {{{"inference_standard", "--model_keys=[copied,aligned]",
       "--db_nodes=[2,1]", "--model=m", "--input_shape=1", "--output_shape=1",
       "--db_modules=/m/redisai.so"}},
     {{0, 0}},
     0,
     2,
     "DBN2 copied TB4, DBN2 aligned TB4, DBN1 copied TB4",
     "model_keys (2 values) collapses where there is one shard, which has all "
     "that a model takes\n"},
    /* with what a server lacks */
    {{{"throughput_standard", "--db_exe=[a,b]", "--db_io_threads=[1,2]",
       "--db_cpus=2", "--db_cluster=[true,false]", "--tensor_bytes=[4,5]"}},
     {{1, OPT_DB_IO_THREADS}},
     1,
     3,
     "a CLUSTERtrue IOT1 TB4, a CLUSTERtrue IOT2 TB4, b CLUSTERtrue TB4",
     "db_io_threads (2 values) collapses with s1, which has no such axis\n"
     "db_cluster (2 values) collapses where there is one shard, which is no "
     "cluster either way\n"
     "tensor_bytes collapses: 5 to 4, as many whole elements of 4 bytes\n"},
};

/* What sets a permutation apart within its sweep: its values of the axes that
 * vary, and its repetition. */
static const char *variant_of(const struct sweep *s,
                              const struct permutation *p, char *buf, size_t n)
{
    buf[0] = '\0';
    for (int id = 0; id < OPT_COUNT; id++) {
        enum option_id axis = (enum option_id)id;
        const struct option *d = &option_table[id];
        const struct value *v = p->value[id];
        bool word = d->type == OPTION_CHOICE || d->type == OPTION_TEXT;
        char text[SRB_WORD_MAX];

        if (!option_is_axis(d) || !v ||
            options_get(s->options, axis)->nvalues < 2)
            continue;
        text_join(buf, n, " ", "%s%s", word || !d->tag ? "" : d->tag,
                  axis == OPT_EXPERIMENT
                      ? sweep_experiment(s, v)
                      : sweep_word(s, axis, v, text, sizeof text));
    }
    if (options_one(s->options, OPT_REPETITIONS)->count > 1)
        text_join(buf, n, " ", "REP%d", p->repetition);
    return buf;
}

/* As sweep_collapse() takes them. */
static struct sweep_lack *lacks_of(size_t i)
{
    struct sweep_lack *list = calloc(4, sizeof *list);

    assert_non_null(list);
    for (size_t k = 0; k < collapsed[i].nlacks; k++) {
        list[k].exe = collapsed[i].lacks[k].exe;
        list[k].axis = collapsed[i].lacks[k].axis;
        snprintf(list[k].server, sizeof list[k].server, "s%zu", list[k].exe);
    }
    return list;
}

/* A sibling with another server differs in what one of the two lacks alone. */
static void check_siblings(size_t i, const struct sweep *s,
                           const struct permutation *p)
{
    const struct setting *exes = options_get(s->options, OPT_DB_EXE);

    for (size_t v = 0; v < exes->nvalues; v++) {
        size_t index = sweep_sibling(s, p, OPT_DB_EXE, v);
        struct permutation q;

        assert_true(index < s->count);
        sweep_at(s, index, &q);
        assert_ptr_equal(q.value[OPT_DB_EXE], &exes->values[v]);
        assert_int_equal(q.repetition, p->repetition);
        for (int id = 0; id < OPT_COUNT; id++)
            if (id != OPT_DB_EXE && q.value[id] != p->value[id] &&
                q.value[id] && p->value[id])
                fail_msg("study %zu, sibling %zu of %zu: another %s", i, index,
                         p->index, option_table[id].name);
        if (&exes->values[v] == p->value[OPT_DB_EXE])
            assert_int_equal(index, p->index);
    }
}

/* A sibling of another size has as many elements as that; one of other nodes
 * differs in them, and in db_cluster where one of the two has one shard. */
static void check_alike(const struct sweep *s, const struct permutation *p)
{
    const struct setting *bytes = options_get(s->options, OPT_TENSOR_BYTES);
    const struct setting *nodes = options_get(s->options, OPT_DB_NODES);
    struct permutation q;

    for (size_t v = 0; !p->infers && v < bytes->nvalues; v++) {
        sweep_at(s, sweep_sibling(s, p, OPT_TENSOR_BYTES, v), &q);
        assert_int_equal(q.value[OPT_TENSOR_BYTES]->count / 4,
                         bytes->values[v].count / 4);
        assert_ptr_equal(q.value[OPT_DB_NODES], p->value[OPT_DB_NODES]);
        assert_ptr_equal(q.value[OPT_DB_CLUSTER], p->value[OPT_DB_CLUSTER]);
    }
    for (size_t v = 0; p->value[OPT_DB_NODES] && v < nodes->nvalues; v++) {
        sweep_at(s, sweep_sibling(s, p, OPT_DB_NODES, v), &q);
        assert_ptr_equal(q.value[OPT_DB_NODES], &nodes->values[v]);
        assert_ptr_equal(q.value[OPT_TENSOR_BYTES], p->value[OPT_TENSOR_BYTES]);
    }
}

/* Beside the floor, as names of what varies: repetition by repetition, set-ups
 * forth and back; other families keep their places. */
static const struct {
    size_t study, exe; /* of collapsed[] */
    const char *variants;
} turns[] = {
    {0, 1, "redis-server IOT1, redis-server IOT4, floor"},
    {1, 0,
     "floor TB4 REP0, floor TB8 REP0, "
     "redis-server IOT4 TB4 REP0, redis-server IOT4 TB8 REP0, "
     "redis-server IOT1 TB4 REP0, redis-server IOT1 TB8 REP0, "
     "redis-server IOT1 TB4 REP1, redis-server IOT1 TB8 REP1, "
     "redis-server IOT4 TB4 REP1, redis-server IOT4 TB8 REP1, "
     "floor TB4 REP1, floor TB8 REP1"},
    {3, 0, "standard a, standard b, colocated a, colocated b"},
};

static void what_is_compared_takes_turns(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(turns); i++) {
        size_t k = turns[i].study, used = 0;
        char all[1024] = "", name[256];
        uint32_t order[16];
        struct options o;
        struct sweep s;
        struct error err;

        if (parse(&o, &collapsed[k].line, NULL, 0, &err) < 0 ||
            sweep_open(&s, &o, &err) < 0)
            fail_msg("%s", err.text);
        sweep_collapse(&s, lacks_of(k), collapsed[k].nlacks);
        sweep_order(&s, ORDER_PLAN, 0, order);
        sweep_in_turn(&s, turns[i].exe, order);
        for (size_t n = 0; n < s.count; n++) {
            struct permutation p;

            sweep_at(&s, order[n], &p);
            used += (size_t)snprintf(all + used, sizeof all - used, "%s%s",
                                     used ? ", " : "",
                                     variant_of(&s, &p, name, sizeof name));
        }
        assert_string_equal(all, turns[i].variants);
        sweep_close(&s);
        options_free(&o);
    }
}

/* In a random order too every set-up comes once in each repetition, beside the
 * floor's of the same nodes. */
static void random_turns_are_whole(void **state)
{
    const struct line line = {{"--db_exe=[a,b,floor]", "--client_nodes=[1,2]",
                               "--tensor_bytes=[4,8,16]", "--repetitions=4"}};
    uint32_t order[72];
    bool seen[72] = {false};
    struct options o;
    struct sweep s;
    struct error err;

    (void)state;
    assert_int_equal(parse(&o, &line, NULL, 0, &err), 0);
    assert_int_equal(sweep_open(&s, &o, &err), 0);
    assert_int_equal(s.count, COUNT(order));
    sweep_order(&s, ORDER_RANDOM, 7, order);
    sweep_in_turn(&s, 2, order);
    for (size_t k = 0; k < s.count; k++) {
        struct permutation p, first;

        assert_false(seen[order[k]]);
        seen[order[k]] = true;
        sweep_at(&s, order[k], &p);
        sweep_at(&s, order[k / 36 * 36], &first);
        assert_ptr_equal(p.value[OPT_CLIENT_NODES],
                         first.value[OPT_CLIENT_NODES]);
        assert_int_equal(p.repetition, k % 36 / 9);
        sweep_at(&s, order[k / 3 * 3], &first); /* three sizes of a set-up */
        assert_int_equal(p.setup, first.setup);
    }
    options_free(&o);
}

static void what_a_server_lacks_collapses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(collapsed); i++) {
        char all[1024] = "", name[256], notes[1024];
        struct options o;
        struct sweep s;
        struct error err;
        size_t setup = 0;

        if (parse(&o, &collapsed[i].line, NULL, 0, &err) < 0 ||
            sweep_open(&s, &o, &err) < 0)
            fail_msg("study %zu: %s", i, err.text);
        sweep_collapse(&s, lacks_of(i), collapsed[i].nlacks);
        for (size_t k = 0; k < s.count; k++) {
            size_t used = strlen(all);
            struct permutation p;

            sweep_at(&s, k, &p);
            assert_int_equal(p.index, k);
            assert_true(p.setup == setup || p.setup == setup + 1);
            setup = p.setup;
            snprintf(all + used, sizeof all - used, "%s%s", used ? ", " : "",
                     variant_of(&s, &p, name, sizeof name));
            check_siblings(i, &s, &p);
            check_alike(&s, &p);
        }
        assert_int_equal(s.setups, collapsed[i].setups);
        assert_int_equal(setup, s.setups - 1);
        if (strcmp(all, collapsed[i].variants) != 0)
            fail_msg("study %zu: '%s' instead of '%s'", i, all,
                     collapsed[i].variants);
        assert_string_equal(sweep_notes(&s, notes, sizeof notes),
                            collapsed[i].notes);
        sweep_close(&s);
        options_free(&o);
    }
}

/* How many databases of another job are is known when they were asked. */
static void found_databases(void **state)
{
    static const struct {
        int shards;
        size_t count;
        const char *notes;
    } vectors[] = {
        {0, 4,
         "model_keys (2 values) collapses if what db_address names is one "
         "shard, which has all that a model takes\n"},
        {1, 2,
         "model_keys (2 values) collapses where there is one shard, which has "
         "all that a model takes\n"},
        {2, 4, ""},
    };
    const struct line line = {{"inference_standard", "--db_address=there:1",
                               "--batch_size=[0,4]",
                               "--model_keys=[aligned,copied]"}};

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct options o;
        struct sweep s;
        struct error err;
        char notes[512];

        assert_int_equal(parse(&o, &line, NULL, 0, &err), 0);
        assert_int_equal(sweep_open(&s, &o, &err), 0);
        if (vectors[i].shards > 0)
            sweep_found(&s, vectors[i].shards);
        assert_int_equal(s.count, vectors[i].count);
        assert_int_equal(s.setups, 1);
        for (size_t k = 0; k < s.count; k++) {
            struct permutation p;

            sweep_at(&s, k, &p);
            assert_true(vectors[i].shards != 1 ||
                        p.value[OPT_MODEL_KEYS]->count == MODEL_KEYS_ALIGNED);
        }
        assert_string_equal(sweep_notes(&s, notes, sizeof notes),
                            vectors[i].notes);
        sweep_close(&s);
        options_free(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_are_whole_and_keep_set_ups_together),
        cmocka_unit_test(siblings_differ_in_one_axis),
        cmocka_unit_test(what_a_server_lacks_collapses),
        cmocka_unit_test(found_databases),
        cmocka_unit_test(what_is_compared_takes_turns),
        cmocka_unit_test(random_turns_are_whole),
        cmocka_unit_test(counts_are_products),
        cmocka_unit_test(setups_are_adjacent),
        cmocka_unit_test(order_of_the_axes),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(a_product_beyond_all_numbers_is_refused),
        cmocka_unit_test(collapsed_axes_are_noted),
        cmocka_unit_test(idle_axes_collapse),
        cmocka_unit_test(values_of_a_permutation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
