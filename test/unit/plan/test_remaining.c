/* How long a study will still take: on simulated clocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/recorded_studies.h"
#include "lib/study.h"
#include "plan/remaining.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MOST 600

/* From the third permutation on the estimate is right within this factor. */
#define FACTOR 2.0
/* Below so many seconds it is said to be less than one, and no more. */
#define SHORT 0.95

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
        if (k >= 2 &&
            (says < SHORT ? is > FACTOR
                          : says > FACTOR * is || says < is / FACTOR)) {
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

/* ---- studies that were recorded ---- */

/* The work of a permutation with so many clients and shards. */
static struct work work_of(long long bytes, int iterations, int clients,
                           int shards, bool starts)
{
    char size[48], times[48];
    const struct line line = {{size, times}};
    const struct placement pl = {
        .nclients = clients, .nshards = shards, .cluster = shards > 1};
    struct study s;
    struct work w;

    snprintf(size, sizeof size, "--tensor_bytes=%lld", bytes);
    snprintf(times, sizeof times, "--iterations=%d", iterations);
    study_open(&s, &line);
    w = remaining_work(&s.p, &pl, starts);
    study_close(&s);
    return w;
}

static void assert_within(const char *name, const struct done *list, size_t n)
{
    if (simulate(name, list, n) > 0)
        fail_msg("%s", name);
}

static struct took took(const struct recorded *x, double start)
{
    return (struct took){start, 1e-4 * x->loop, 1e-4 * x->around};
}

static void the_default_study(void **state)
{
    static const struct recorded *const of[] = {recorded_default,
                                                recorded_half};
    static struct done list[SIZES];

    (void)state;
    for (int s = 0; s < 2; s++) {
        for (size_t k = 0; k < SIZES; k++) {
            list[k].work = work_of((long long)sizes[k], 100, 4 >> s, 1, k == 0);
            list[k].took = took(&of[s][k], k == 0 ? 0.05 : 0);
        }
        assert_within("the default study", list, SIZES);
    }
}

/* Two set-ups, the second of which is a cluster. */
static void nodes_and_a_cluster(void **state)
{
    static struct done list[4 * SIZES];

    (void)state;
    for (size_t k = 0; k < COUNT(list); k++) {
        int shards = k < 2 * SIZES ? 1 : 2, clients = k / SIZES % 2 ? 2 : 1;
        bool starts = k % (2 * SIZES) == 0;

        list[k].work =
            work_of((long long)sizes[k % SIZES], 100, clients, shards, starts);
        list[k].took = took(&recorded_nodes[k], !starts      ? 0
                                                : shards > 1 ? 2.06
                                                             : 0.03);
    }
    assert_within("nodes and a cluster", list, COUNT(list));
}

/* Eleven set-ups of three sizes each, every second one a cluster. */
static void set_ups_of_two_seconds(void **state)
{
    static const long long three[] = {1024, 65536, 1048576};
    static const int shards[] = {1, 2, 2, 2, 2, 4, 4, 3, 3, 6, 6};
    static struct done list[3 * COUNT(shards)];

    (void)state;
    for (size_t k = 0; k < COUNT(list); k++) {
        bool starts = k % 3 == 0, cluster = k / 3 % 2 == 1;

        list[k].work = work_of(three[k % 3], 100, 1, shards[k / 3], false);
        list[k].work.starts[cluster] = starts;
        list[k].took = took(&recorded_setups[k], !starts   ? 0
                                                 : cluster ? 2.1
                                                           : 0.08);
    }
    assert_within("set-ups of two seconds", list, COUNT(list));
}

/* Small ones that say nothing of a byte, and hundreds of them. */
static void five_hundred_permutations(void **state)
{
    static struct done list[COUNT(recorded_many)];

    (void)state;
    assert_int_equal(COUNT(list), 500);
    for (size_t k = 0; k < COUNT(list); k++) {
        const int size = (int)k / 5;
        double bytes = 1024 * pow(4096, size / 99.0);

        list[k].work = work_of((long long)bytes / 4 * 4, 20, 2, 1, k == 0);
        list[k].took = took(&recorded_many[k], k == 0 ? 0.05 : 0);
    }
    assert_within("500 permutations", list, COUNT(list));
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

/* On CPUs that clients share computing takes twice as long as was asked for,
 * the more the more of it there is; what is beside it goes on being fitted. */
static void steps_may_take_longer(void **state)
{
    static struct done list[24];

    (void)state;
    for (size_t k = 0; k < COUNT(list); k++) {
        const int set = (int)k / 6;
        double known = 0.2 * pow(4, set), size = sizes[k % 6 * 2];

        list[k].work = work_of((long long)size, 100, 4, 1, k == 0);
        list[k].work.known = known;
        list[k].took = (struct took){
            k == 0 ? 0.05 : 0, 2 * known + list[k].work.bytes / 2.2e9, 0.05};
    }
    assert_within("steps that take longer", list, COUNT(list));
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
        /* steps take their time: 8 of 0.5 s, 3 before and 3 after; 7 gaps of
         * 0.1 s; the probes of a search */
        {{{"--tensor_bytes=1000", "--iterations=8", "--compute=500ms"}},
         {.nclients = 1, .nshards = 1},
         false,
         {1, 2 * 9 * 1000, {0, 0}, 7.0}},
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
            w.starts[0] != cases[i].work.starts[0] ||
            w.starts[1] != cases[i].work.starts[1])
            fail_msg("case %zu: %g bytes, starts %g %g", i, w.bytes,
                     w.starts[0], w.starts[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(within_a_factor),
        cmocka_unit_test(the_default_study),
        cmocka_unit_test(nodes_and_a_cluster),
        cmocka_unit_test(set_ups_of_two_seconds),
        cmocka_unit_test(five_hundred_permutations),
        cmocka_unit_test(nothing_is_known_at_first),
        cmocka_unit_test(what_is_known_is_not_fitted),
        cmocka_unit_test(steps_may_take_longer),
        cmocka_unit_test(what_is_spared_counts),
        cmocka_unit_test(work_by_hand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
