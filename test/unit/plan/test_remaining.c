/* How long a study will still take: on simulated clocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "lib/study.h"
#include "plan/remaining.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MOST 600

/* From the third permutation on the estimate is right within this factor. */
#define FACTOR 2.0

struct done {
    struct work work;
    struct took took;
};

/* The seed's sizes, from 1 KiB to 4 MB. */
static const double sizes[] = {1024,   8192,   16384,   32769,   65538,  131076,
                               262152, 524304, 1024000, 2048000, 4096000};
#define SIZES COUNT(sizes)

/* A machine: what a permutation takes whatever its size, s; what a server
 * moves, B/s; a start of its databases, s. */
struct machine_of {
    double each, rate, start;
};

enum order_of { ASCENDING, DESCENDING, MIXED };

static const struct scene {
    const char *name;
    struct machine_of machine;
    double clients, shards; /* of a permutation */
    int repetitions, setups;
    enum order_of order;
    double noise; /* a factor */
} scenes[] = {
    {"a laptop", {0.025, 2.5e9, 0.05}, 4, 1, 1, 1, ASCENDING, 1},
    {"the same, descending", {0.025, 2.5e9, 0.05}, 4, 1, 1, 1, DESCENDING, 1},
    {"the same, mixed", {0.025, 2.5e9, 0.05}, 4, 1, 1, 1, MIXED, 1},
    {"a fast machine", {0.03, 5e9, 0.05}, 4, 1, 1, 1, ASCENDING, 1},
    {"a slow one", {0.05, 0.5e9, 0.1}, 4, 1, 1, 1, ASCENDING, 1},
    {"Gigabit Ethernet", {0.05, 0.11e9, 0.1}, 4, 1, 1, 1, ASCENDING, 1},
    {"a cluster of 16 shards", {0.5, 1e9, 2.2}, 5760, 16, 1, 1, ASCENDING, 1},
    {"three repetitions, with noise",
     {0.03, 2e9, 0.1},
     4,
     1,
     3,
     1,
     ASCENDING,
     1.3},
    {"three repetitions, mixed, with noise",
     {0.03, 2e9, 0.1},
     4,
     1,
     3,
     1,
     MIXED,
     1.3},
    {"four set-ups of clusters", {0.03, 2e9, 2.1}, 8, 2, 1, 4, ASCENDING, 1},
    {"four set-ups of one server each",
     {0.03, 2e9, 0.2},
     8,
     1,
     1,
     4,
     ASCENDING,
     1},
    {"500 permutations", {0.03, 2e9, 0.1}, 4, 1, 46, 1, ASCENDING, 1.2},
    {"servers that start slowly", {0.03, 2e9, 30}, 4, 1, 1, 3, ASCENDING, 1},
};

#define PAIRS 102
#define LATENCY 50e-6 /* s, of a pair of small ones */

/* A permutation as the machine has it; large tensors cost more a byte. */
static struct done one_of(const struct scene *c, size_t size, bool starts,
                          int k)
{
    double bytes = 2 * PAIRS * c->clients * sizes[size] / c->shards;
    double large = sizes[size] > 500000 ? 1.3 : 1;
    double noise = k % 3 == 0 ? c->noise : k % 3 == 1 ? 1 : 1 / c->noise;
    struct done d = {
        .work = {.permutations = 1,
                 .bytes = bytes * (sizes[size] >= 1e6 ? 1.3 : 1)},
        .took = {.around = noise * c->machine.each,
                 .loop = noise *
                         (PAIRS * LATENCY + large * bytes / c->machine.rate)}};

    if (starts) {
        d.work.starts[c->shards > 1] = 1;
        d.took.start = c->machine.start;
    }
    return d;
}

static size_t size_at(const struct scene *c, size_t k)
{
    return c->order == ASCENDING    ? k
           : c->order == DESCENDING ? SIZES - 1 - k
                                    : k * 7 % SIZES; /* 11 is a prime */
}

static size_t plan(const struct scene *c, struct done list[MOST])
{
    size_t n = 0;

    for (int setup = 0; setup < c->setups; setup++)
        for (size_t k = 0; k < SIZES; k++)
            for (int r = 0; r < c->repetitions; r++, n++)
                list[n] = one_of(c, size_at(c, k), k == 0 && r == 0, (int)n);
    return n;
}

static double seconds_from(const struct done *list, size_t from, size_t n)
{
    double sum = 0;

    for (size_t k = from; k < n; k++)
        sum += list[k].took.start + list[k].took.loop + list[k].took.around;
    return sum;
}

/* Let it run; in how many places the estimate is wrong. */
static int simulate(const char *name, const struct done *list, size_t n)
{
    struct remaining r = {0};
    int wrong = 0;

    for (size_t k = 0; k < n; k++)
        remaining_add(&r.left, &list[k].work);
    for (size_t k = 0; k + 1 < n; k++) {
        double is = seconds_from(list, k + 1, n), says;

        remaining_ran(&r, &list[k].work, &list[k].took);
        says = remaining_seconds(&r);
        /* of tenths of a second nobody sees the seconds */
        if (k >= 2 && is > 0.5 && (says > FACTOR * is || says < is / FACTOR)) {
            print_message("%s: after %zu of %zu it says %.3g s, and it is "
                          "%.3g s\n",
                          name, k + 1, n, says, is);
            wrong++;
        }
    }
    return wrong;
}

static void within_a_factor(void **state)
{
    static struct done list[MOST];
    int wrong = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(scenes); i++)
        wrong += simulate(scenes[i].name, list, plan(&scenes[i], list));
    assert_int_equal(wrong, 0);
}

/* As it was measured: mpiexec -n 4 srbench on two cores, and
 * throughput_standard with --db_nodes=[1,2] --client_nodes=[1,2], whose second
 * set-up is a cluster.
 */
static struct took took(double rest, double loop, double start)
{
    return (struct took){start, loop, rest - loop};
}

static void as_it_was_measured(void **state)
{
    static const double laptop[SIZES] = {.039, .025, .03,  .028, .033, .052,
                                         .087, .138, .287, .62,  1.44};
    static const double laptop_rate[SIZES] = {85.4e6, 796e6,  1.43e9, 2.52e9,
                                              3.33e9, 3.63e9, 3.65e9, 3.90e9,
                                              3.31e9, 2.90e9, 2.48e9};
    static const double standard[12] = {.03,  .04,  .117, .038, .055, .206,
                                        .039, .022, .088, .02,  .024, .138};
    static const double standard_rate[12] = {70.9e6, 690e6,  3.03e9, 44.1e6,
                                             1.31e9, 2.62e9, 38.3e6, 1.76e9,
                                             3.73e9, 96.3e6, 2.71e9, 3.95e9};
    static const double three[] = {1024, 65536, 1048576};
    static struct done list[2][12];
    const size_t n[2] = {SIZES, 12};

    (void)state;
    for (size_t k = 0; k < SIZES; k++)
        list[0][k] =
            (struct done){{1,
                           8 * PAIRS * sizes[k] * (sizes[k] >= 1e6 ? 1.3 : 1),
                           {k == 0},
                           0},
                          took(laptop[k], 800 * sizes[k] / laptop_rate[k],
                               k == 0 ? 0.05 : 0)};
    for (size_t k = 0; k < 12; k++) {
        double clients = k / 3 % 2 ? 2 : 1, shards = k < 6 ? 1 : 2;

        list[1][k] = (struct done){
            {1,
             2 * PAIRS * clients / shards * three[k % 3] *
                 (k % 3 == 2 ? 1.3 : 1),
             {k == 0, k == 6},
             0},
            took(standard[k], 200 * clients * three[k % 3] / standard_rate[k],
                 k == 0   ? 0.04
                 : k == 6 ? 2.13
                          : 0)};
    }
    for (int s = 0; s < 2; s++)
        assert_int_equal(
            simulate(s ? "two set-ups" : "a laptop, measured", list[s], n[s]),
            0);
}

static void nothing_is_known_at_first(void **state)
{
    struct remaining r = {.left = {.permutations = 3}};
    const struct work one = {.permutations = 1};

    (void)state;
    assert_true(isnan(remaining_seconds(&r)));
    remaining_dropped(&r, &one, false);
    assert_true(isnan(remaining_seconds(&r)));
    remaining_ran(&r, &one, &(struct took){0, 4, 1});
    assert_true(remaining_seconds(&r) > 4.5 && remaining_seconds(&r) < 5.5);
    remaining_dropped(&r, &one, false);
    assert_true(remaining_seconds(&r) == 0);
    remaining_dropped(&r, &one, false); /* more than there were */
    assert_true(remaining_seconds(&r) == 0);
}

/* What steps take is known before: it is no cost of the others, and is left as
 * it is. */
static void what_is_known_is_not_fitted(void **state)
{
    struct remaining r = {.left = {.permutations = 3, .known = 60}};
    const struct work one = {.permutations = 1, .known = 20};

    (void)state;
    remaining_ran(&r, &one, &(struct took){0, 20.5, 0.5});
    assert_true(fabs(remaining_seconds(&r) - 42) < 1);
    remaining_ran(&r, &one, &(struct took){0, 0.5, 20.5}); /* of a search */
    assert_true(fabs(remaining_seconds(&r) - 21) < 1);
}

/* Of those that until_interval spares the rest has its share. */
static void what_is_spared_counts(void **state)
{
    struct remaining r = {.left = {.permutations = 100}};
    const struct work one = {.permutations = 1};
    double before;

    (void)state;
    for (int k = 0; k < 10; k++)
        remaining_ran(&r, &one, &(struct took){0, 0.5, 0.5});
    before = remaining_seconds(&r);
    assert_true(before > 80 && before < 100);
    for (int k = 0; k < 30; k++)
        remaining_dropped(&r, &one, true);
    assert_true(remaining_seconds(&r) > 13 && remaining_seconds(&r) < 17);
}

/* A permutation's work: both directions, warm-up too, by the shard; of a
 * duration none that grows with the bytes. */
static void work_by_hand(void **state)
{
    static const struct {
        struct line line;
        struct placement pl;
        bool starts;
        struct work work;
    } cases[] = {
        {{{"--tensor_bytes=1000", "--iterations=8", "--warmup=2"}},
         {.nclients = 3, .nshards = 1},
         false,
         {1, 2 * 10 * 3 * 1000, {0, 0}, 0}},
        {{{"--tensor_bytes=1000", "--iterations=8", "--warmup=2"}},
         {.nclients = 6, .nshards = 3, .cluster = true},
         true,
         {1, 2 * 10 * 2 * 1000, {0, 1}, 0}},
        {{{"--tensor_bytes=2MB", "--iterations=8", "--warmup=2"}},
         {.nclients = 1, .nshards = 1},
         true,
         {1, 2 * 10 * 2e6 * 1.3, {1, 0}, 0}},
        {{{"--tensor_bytes=2MB", "--duration=5s"}},
         {.nclients = 1, .nshards = 1},
         false,
         {1, 0, {0, 0}, 0}},
        /* steps take their time: 8 of 0.5 s and 5 before; 7 gaps of 0.1 s; the
         * probes of a search */
        {{{"--tensor_bytes=1000", "--iterations=8", "--compute=500ms"}},
         {.nclients = 1, .nshards = 1},
         false,
         {1, 2 * 9 * 1000, {0, 0}, 6.5}},
        {{{"--tensor_bytes=1000", "--iterations=8", "--rate=10"}},
         {.nclients = 1, .nshards = 1},
         false,
         {1, 2 * 9 * 1000, {0, 0}, 0.7}},
        {{{"--tensor_bytes=1000", "--rate=search", "--duration=2s",
           "--sustain={put_response_p99: '< 1ms'}"}},
         {.nclients = 1, .nshards = 1},
         false,
         {1, 0, {0, 0}, 24}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct study s;
        struct work w;

        study_open(&s, &cases[i].line);
        w = remaining_work(&s.p, &cases[i].pl, cases[i].starts);
        study_close(&s);
        if (w.permutations != 1 ||
            fabs(w.bytes - cases[i].work.bytes) > 1e-6 * w.bytes ||
            fabs(w.known - cases[i].work.known) > 1e-9 ||
            memcmp(w.starts, cases[i].work.starts, sizeof w.starts) != 0)
            fail_msg("case %zu: %g bytes, starts %g %g", i, w.bytes,
                     w.starts[0], w.starts[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(within_a_factor),
        cmocka_unit_test(as_it_was_measured),
        cmocka_unit_test(nothing_is_known_at_first),
        cmocka_unit_test(what_is_known_is_not_fitted),
        cmocka_unit_test(what_is_spared_counts),
        cmocka_unit_test(work_by_hand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
