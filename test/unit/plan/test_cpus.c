/* Who gets which CPU, on machines that exist only as arrays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/cpus.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define TEXT 512
#define LARGEST 64 /* CPUs of the largest machine here */

/* A machine: parts of parts. Thread t of core c is CPU c + t * cores, as Linux
 * numbers them on x86. */
struct shape {
    const char *name;
    int packages, numas, caches, cores, threads; /* of each part above */
    const char *allowed;                         /* a list, NULL for all */
    enum { EVERYTHING, NO_CACHES, NUMBERS } known;
};

enum { TWO, SMT, HALVES, BIG, HOLES, SECONDS, ONE, UNCACHED, BARE };
static const struct shape shapes[] = {
    [TWO] = {"two CPUs", 1, 1, 1, 2, 1, NULL, EVERYTHING},
    [SMT] = {"8 cores of 2 threads", 1, 1, 1, 8, 2, NULL, EVERYTHING},
    [HALVES] = {"2 caches of 4 such cores", 1, 1, 2, 4, 2, NULL, EVERYTHING},
    [BIG] = {"2 packages of 4 domains of 2 caches of 4 cores", 2, 4, 2, 4, 1,
             NULL, EVERYTHING},
    [HOLES] = {"the same with holes", 2, 4, 2, 4, 1, "1,3,5-7,20", EVERYTHING},
    [SECONDS] = {"second threads only", 1, 1, 1, 8, 2, "8-15", EVERYTHING},
    [ONE] = {"one core", 1, 1, 1, 1, 1, NULL, EVERYTHING},
    [UNCACHED] = {"2 domains of 4 cores", 1, 2, 1, 4, 1, NULL, NO_CACHES},
    [BARE] = {"nothing known", 1, 1, 1, 4, 1, NULL, NUMBERS},
};

/* "1,3,5-7" into a mask. */
static void parse_list(const char *list, struct cpu_mask *m)
{
    memset(m, 0, sizeof *m);
    while (*list) {
        char *end;
        int first = (int)strtol(list, &end, 10), last = first;

        if (*end == '-')
            last = (int)strtol(end + 1, &end, 10);
        for (int c = first; c <= last; c++)
            cpus_add(m, c);
        list = *end == ',' ? end + 1 : end;
    }
}

/* Build the machine; *allowed is what its nodes may use. */
static void build(const struct shape *s, struct cpu_tree *tree,
                  struct cpu_mask *allowed)
{
    int numas = s->packages * s->numas, caches = numas * s->caches;
    int cores = caches * s->cores;

    memset(allowed, 0, sizeof *allowed);
    tree->n = 0;
    assert_true(cores * s->threads <= LARGEST);
    tree->cpu = calloc((size_t)(cores * s->threads), sizeof *tree->cpu);
    assert_non_null(tree->cpu);
    for (int core = 0; core < cores; core++)
        for (int t = 0; t < s->threads; t++) {
            int cache = core / s->cores, numa = cache / s->caches;
            struct cpu c = {core + t * cores, core, cache, numa,
                            numa / s->numas};

            if (s->known != EVERYTHING)
                c.cache = -1;
            if (s->known == NUMBERS)
                c.numa = c.package = -1;
            cpus_add(allowed, c.number);
            tree->cpu[tree->n++] = c;
        }
    if (s->allowed)
        parse_list(s->allowed, allowed);
}

/* ---- exact vectors ---- */

static const struct {
    int shape;
    int nodes; /* that share the machine, each with the same demand */
    int db_cpus, io_threads, shards, clients;
    bool pin;
    /* of each node: shards by '|', clients' CPUs by ' ', then the idle ones */
    const char *shard[4], *client, *idle;
} vectors[] = {
    /* CPU 0 last; clients share what is left; idle ranks stand with them */
    {TWO, 1, 1, 1, 1, 2, true, {"1"}, "0 0", "0"},
    {TWO, 1, 1, 1, 1, 2, false, {"1"}, "", "0"},
    {TWO, 1, 2, 1, 1, 2, false, {"0-1"}, "", ""},
    {ONE, 1, 1, 1, 1, 1, false, {"0"}, "", ""},
    /* four nodes on two CPUs: disjoint, then around */
    {TWO, 4, 1, 1, 1, 1, false, {"1", "0", "1", "0"}, "", ""},
    {TWO, 2, 2, 1, 1, 1, false, {"0-1", "0-1"}, "", ""},
    /* whole cores; neither clients nor idle ranks on the threads beside */
    {SMT, 1, 2, 1, 1, 3, true, {"6-7"}, "0 1 2", "3-5,8-13"},
    /* more databases than cores have first threads: second ones of the last */
    {SMT, 1, 9, 1, 1, 0, false, {"0-7,15"}, "", "8-14"},
    /* clients: cores, second threads, threads beside a database, around */
    {SMT,
     1,
     2,
     1,
     1,
     20,
     true,
     {"6-7"},
     "0 1 2 3 4 5 8 9 10 11 12 13 14 15 0 1 2 3 4 5",
     "0-5,8-13"},
    /* a second database before it shares cores with the first */
    {SMT, 2, 4, 1, 1, 0, false, {"4-7", "0-3"}, "", "8-15"},
    {SMT, 2, 6, 1, 1, 0, false, {"2-7", "0-1,12-15"}, "", "8-11"},
    /* threads near each other, where no cores are left */
    {HALVES, 2, 6, 1, 1, 0, false, {"2-7", "0-1,8-11"}, "", "12-15"},
    {SECONDS, 1, 2, 1, 1, 2, true, {"14-15"}, "8 9", "10-13"},
    /* the narrowest part with room: cache, NUMA domain, package, machine */
    {BIG,
     1,
     4,
     1,
     1,
     8,
     true,
     {"60-63"},
     "0 8 16 24 32 40 48 56",
     "1-7,9-15,17-23,25-31,33-39,41-47,49-55,57-59"},
    {BIG, 1, 6, 1, 1, 0, false, {"58-63"}, "", "0-57"},
    {BIG, 1, 12, 1, 1, 0, false, {"52-63"}, "", "0-51"},
    {BIG, 1, 40, 1, 1, 0, false, {"24-63"}, "", "0-23"},
    {BIG, 3, 3, 1, 1, 0, false, {"61-63", "57-59", "53-55"}, "", "0-52,56,60"},
    {HOLES, 1, 2, 1, 1, 2, true, {"6-7"}, "1 20", "3,5"},
    {HOLES, 1, 5, 1, 1, 1, true, {"1,3,5-7"}, "20", "20"},
    {UNCACHED, 2, 3, 1, 1, 0, false, {"5-7", "1-3"}, "", "0,4"},
    {BARE, 1, 2, 1, 1, 3, true, {"2-3"}, "0 1 0", "0-1"},
    /* shards: divided, one more for the first, shared */
    {BIG, 1, 4, 1, 2, 0, false, {"60-61|62-63"}, "", "0-59"},
    {BIG, 1, 5, 1, 2, 0, false, {"59-61|62-63"}, "", "0-58"},
    {BIG, 1, 7, 1, 4, 0, false, {"57-58|59-60|61-62|63"}, "", "0-56"},
    {BIG, 1, 2, 1, 3, 0, false, {"62-63|62-63|62-63"}, "", "0-61"},
    {BIG, 1, 4, 2, 2, 0, false, {"60-61|62-63"}, "", "0-59"},
    {BIG, 1, 4, 3, 2, 0, false, {"60-63|60-63"}, "", "0-59"},
    /* no database here */
    {TWO, 1, 1, 1, 0, 3, true, {""}, "0 1 0", "0-1"},
};

/* A division in the words of the vectors. */
static void print(const struct cpu_division *d, char shard[TEXT],
                  char client[TEXT], char idle[TEXT])
{
    size_t used = 0;

    shard[0] = client[0] = '\0';
    for (int k = 0; k < d->shards; k++) {
        char list[SRB_CPU_LIST_MAX];

        used +=
            (size_t)snprintf(shard + used, TEXT - used, "%s%s", k ? "|" : "",
                             cpus_list(&d->shard[k], list, sizeof list));
    }
    used = 0;
    for (int k = 0; d->client && k < d->clients; k++)
        used += (size_t)snprintf(client + used, TEXT - used, "%s%d",
                                 k ? " " : "", d->client[k]);
    cpus_list(&d->idle, idle, TEXT);
}

static void exact_divisions(void **state)
{
    (void)state;
    for (size_t v = 0; v < COUNT(vectors); v++) {
        struct cpu_demand node[4];
        struct cpu_tree tree;
        struct cpu_mask all;
        struct cpu_request r = {.tree = &tree,
                                .node = node,
                                .nnodes = vectors[v].nodes,
                                .db_cpus = vectors[v].db_cpus,
                                .io_threads = vectors[v].io_threads,
                                .pin = vectors[v].pin};

        build(&shapes[vectors[v].shape], &tree, &all);
        for (int k = 0; k < r.nnodes; k++)
            node[k] =
                (struct cpu_demand){all, vectors[v].shards, vectors[v].clients};
        for (int me = 0; me < r.nnodes; me++) {
            char shard[TEXT], client[TEXT], idle[TEXT];
            struct cpu_division d;
            struct error err;

            if (cpus_divide(&r, me, &d, &err) < 0)
                fail_msg("vector %zu, node %d: %s", v, me, err.text);
            print(&d, shard, client, idle);
            if (strcmp(shard, vectors[v].shard[me]) != 0 ||
                strcmp(client, vectors[v].client) != 0 ||
                strcmp(idle, vectors[v].idle) != 0)
                fail_msg("vector %zu (%s), node %d: shards '%s', clients '%s', "
                         "idle '%s' instead of '%s', '%s', '%s'",
                         v, shapes[vectors[v].shape].name, me, shard, client,
                         idle, vectors[v].shard[me], vectors[v].client,
                         vectors[v].idle);
            cpus_release(&d);
        }
        free(tree.cpu);
    }
}

/* ---- what holds for every division ---- */

struct trial {
    const struct shape *shape;
    struct cpu_request r;
    struct cpu_tree tree;
    struct cpu_mask allowed;
    struct cpu_demand node[4];
    struct cpu_division got[4];
    char words[256]; /* what is tried, for a test that fails */
};

#define CHECK(t, condition)                                                    \
    do {                                                                       \
        if (!(condition))                                                      \
            fail_msg("%s: %s", (t)->words, #condition);                        \
    } while (0)

static bool subset(const struct cpu_mask *a, const struct cpu_mask *of)
{
    struct cpu_mask both = *a;

    cpus_and(&both, of);
    return memcmp(&both, a, sizeof both) == 0;
}

static bool overlap(struct cpu_mask a, const struct cpu_mask *b)
{
    return cpus_and(&a, b);
}

/* Cores of which some thread is allowed. */
static int allowed_cores(const struct trial *t)
{
    int cores = 0, last = -1;

    for (int i = 0; i < t->tree.n; i++)
        if (cpus_has(&t->allowed, t->tree.cpu[i].number) &&
            t->tree.cpu[i].core != last) {
            last = t->tree.cpu[i].core;
            cores++;
        }
    return cores;
}

static int core_of(const struct trial *t, int number)
{
    for (int i = 0; i < t->tree.n; i++)
        if (t->tree.cpu[i].number == number)
            return t->tree.cpu[i].core;
    fail_msg("%s: CPU %d is no CPU of the machine", t->words, number);
    return -1;
}

/* Whether the CPU is a thread of a core of which some CPU is in the mask. */
static bool core_in(const struct trial *t, int number,
                    const struct cpu_mask *mask)
{
    for (int i = 0; i < t->tree.n; i++)
        if (t->tree.cpu[i].core == core_of(t, number) &&
            cpus_has(mask, t->tree.cpu[i].number))
            return true;
    return false;
}

static struct cpu_mask node_database(const struct cpu_division *d)
{
    struct cpu_mask m = {{0}};

    for (int k = 0; k < d->shards; k++)
        cpus_or(&m, &d->shard[k]);
    return m;
}

static void check_shards(const struct trial *t, const struct cpu_division *d)
{
    struct cpu_mask all = node_database(d);
    int most = 0, least = SRB_CPUS_MAX;
    bool share = t->r.db_cpus / d->shards < t->r.io_threads;

    CHECK(t, subset(&all, &t->allowed));
    CHECK(t, cpus_count(&all) == t->r.db_cpus);
    for (int k = 0; k < d->shards; k++) {
        int n = cpus_count(&d->shard[k]);

        most = n > most ? n : most;
        least = n < least ? n : least;
        CHECK(t, n >= t->r.io_threads);
        for (int j = 0; j < k; j++)
            CHECK(t, share == (overlap(d->shard[k], &d->shard[j]) != 0));
    }
    CHECK(t, most - least <= 1);
}

static void check_databases(const struct trial *t)
{
    int nnodes = t->r.nnodes, wanted = nnodes * t->r.db_cpus;
    int uses[LARGEST] = {0}, most = 0, least = nnodes;
    bool whole = wanted <= allowed_cores(t);
    struct cpu_mask all = {{0}};

    for (int n = 0; n < nnodes; n++) {
        struct cpu_mask m = node_database(&t->got[n]);

        cpus_or(&all, &m);
        for (int c = 0; c < LARGEST; c++)
            uses[c] += cpus_has(&m, c);
        check_shards(t, &t->got[n]);
    }
    for (int n = 0; n < nnodes; n++)
        CHECK(t, memcmp(&all, &t->got[n].databases, sizeof all) == 0);
    for (int c = 0; c < LARGEST; c++) {
        if (!cpus_has(&t->allowed, c))
            continue;
        most = uses[c] > most ? uses[c] : most;
        least = uses[c] < least ? uses[c] : least;
        /* whole cores while there are enough */
        for (int i = 0; i < t->tree.n && whole; i++)
            if (uses[c] && t->tree.cpu[i].core == core_of(t, c))
                CHECK(t, t->tree.cpu[i].number == c ||
                             !uses[t->tree.cpu[i].number]);
    }
    CHECK(t, most - least <= 1); /* disjoint while there are enough */
    if (nnodes == 1 && !t->shape->allowed && wanted < allowed_cores(t))
        CHECK(t, !cpus_has(&all, 0));
}

static void check_clients(const struct trial *t)
{
    const struct cpu_mask *db = &t->got[0].databases;
    int uses[LARGEST] = {0}, most = 0, least = SRB_CPUS_MAX;
    bool beside = false, free_elsewhere = false;

    for (int n = 0; n < t->r.nnodes; n++)
        for (int k = 0; k < t->got[n].clients; k++) {
            int c = t->got[n].client[k];

            CHECK(t, c >= 0 && cpus_has(&t->allowed, c));
            CHECK(t, !cpus_has(db, c));
            uses[c]++;
        }
    for (int c = 0; c < LARGEST; c++) {
        if (!cpus_has(&t->allowed, c) || cpus_has(db, c))
            continue;
        most = uses[c] > most ? uses[c] : most;
        least = uses[c] < least ? uses[c] : least;
        beside = beside || (uses[c] && core_in(t, c, db));
        free_elsewhere = free_elsewhere || (!uses[c] && !core_in(t, c, db));
    }
    CHECK(t, most - least <= 1);
    CHECK(t, !(beside && free_elsewhere));
}

static void check_idle(const struct trial *t)
{
    for (int n = 0; n < t->r.nnodes; n++) {
        const struct cpu_division *d = &t->got[n];
        struct cpu_mask rest = t->allowed;

        for (int c = 0; c < LARGEST; c++)
            if (cpus_has(&d->databases, c))
                cpus_remove(&rest, c);
        CHECK(t, subset(&d->idle, &rest));
        CHECK(t, (cpus_count(&d->idle) > 0) == (cpus_count(&rest) > 0));
    }
}

/* Divide for every node; the refusals must be the right ones. */
static void divide_and_check(struct trial *t)
{
    int n = cpus_count(&t->allowed), nnodes = t->r.nnodes;
    bool too_few = t->r.db_cpus > n;
    bool none_left =
        t->r.pin && t->node[0].clients > 0 && t->r.db_cpus * nnodes >= n;
    struct error err;

    for (int me = 0; me < nnodes; me++) {
        int rc = cpus_divide(&t->r, me, &t->got[me], &err);

        CHECK(t, (rc < 0) == (too_few || none_left));
        if (rc < 0)
            CHECK(t, strstr(err.text, too_few ? "db_cpus " : "pin_app_cpus") ==
                         err.text);
    }
    if (too_few || none_left)
        return;
    check_databases(t);
    if (t->r.pin)
        check_clients(t);
    check_idle(t);
    for (int me = 0; me < nnodes; me++)
        cpus_release(&t->got[me]);
}

static void try_shape(struct trial *t, int nnodes, int shards, int clients)
{
    build(t->shape, &t->tree, &t->allowed);
    for (int n = 0; n < nnodes; n++)
        t->node[n] = (struct cpu_demand){t->allowed, shards, clients};
    for (int cpus = 1; cpus <= 8; cpus++)
        for (int threads = 1; threads <= cpus && threads <= 3; threads++)
            for (int pin = 0; pin < 2; pin++) {
                t->r = (struct cpu_request){&t->tree, t->node, nnodes,
                                            cpus,     threads, pin != 0};
                snprintf(t->words, sizeof t->words,
                         "%s, %d nodes, db_cpus %d, %d threads, %d shards, "
                         "%d clients, pin %d",
                         t->shape->name, nnodes, cpus, threads, shards, clients,
                         pin);
                divide_and_check(t);
            }
    free(t->tree.cpu);
}

static void every_division(void **state)
{
    static const int nodes[] = {1, 2, 4}, shards[] = {1, 2, 4};
    static const int clients[] = {0, 1, 5, 40};
    static struct trial t;

    (void)state;
    for (size_t s = 0; s < COUNT(shapes); s++)
        for (size_t n = 0; n < COUNT(nodes); n++)
            for (size_t k = 0; k < COUNT(shards); k++)
                for (size_t c = 0; c < COUNT(clients); c++) {
                    t.shape = &shapes[s];
                    try_shape(&t, nodes[n], shards[k], clients[c]);
                }
}

/* Nodes of a kernel need not be alike: a node of clients, one of databases, in
 * control groups that overlap. */
static void nodes_of_different_kinds(void **state)
{
    struct cpu_demand node[3] = {{.clients = 3}, {.shards = 1}, {.shards = 1}};
    char shard[TEXT], client[TEXT], idle[TEXT];
    struct cpu_tree tree;
    struct cpu_mask all;
    struct cpu_request r = {&tree, node, 3, 2, 1, true};
    struct cpu_division d;
    struct error err;

    (void)state;
    build(&shapes[SMT], &tree, &all);
    parse_list("0-7", &node[0].allowed);
    parse_list("4-15", &node[1].allowed);
    parse_list("5-7,13-15", &node[2].allowed);

    assert_int_equal(cpus_divide(&r, 1, &d, &err), 0);
    print(&d, shard, client, idle);
    assert_string_equal(shard, "6-7");
    assert_string_equal(client, "");
    assert_string_equal(idle, "4,8-12");
    cpus_release(&d);

    /* one core is left to it, and a thread beside the other's database */
    assert_int_equal(cpus_divide(&r, 2, &d, &err), 0);
    print(&d, shard, client, idle);
    assert_string_equal(shard, "5,15");
    assert_string_equal(idle, "13-14");
    cpus_release(&d);

    assert_int_equal(cpus_divide(&r, 0, &d, &err), 0);
    print(&d, shard, client, idle);
    assert_string_equal(shard, "");
    assert_string_equal(client, "0 1 2");
    assert_string_equal(idle, "3-4");
    assert_string_equal(cpus_list(&d.databases, idle, sizeof idle), "5-7,15");
    cpus_release(&d);
    free(tree.cpu);
}

/* ---- words ---- */

static void refusals(void **state)
{
    struct cpu_demand node = {.shards = 1, .clients = 1};
    struct cpu_tree tree;
    struct cpu_request r = {&tree, &node, 1, 3, 1, false};
    struct cpu_division d;
    struct error err;

    (void)state;
    build(&shapes[TWO], &tree, &node.allowed);
    assert_int_equal(cpus_divide(&r, 0, &d, &err), -1);
    assert_string_equal(err.text,
                        "db_cpus 3: the job may use 2 CPUs here (0-1); give at "
                        "most 2, or start srbench with more");
    r.db_cpus = 2;
    r.pin = true;
    assert_int_equal(cpus_divide(&r, 0, &d, &err), -1);
    assert_string_equal(
        err.text,
        "pin_app_cpus true: beside the databases no CPU is left for the "
        "clients (all that the job may use here: 0-1); give fewer db_cpus, "
        "start srbench with more CPUs, or give pin_app_cpus false");
    free(tree.cpu);
}

/* What one node is refused is not the others' matter. */
static void refused_alone(void **state)
{
    struct cpu_demand node[2] = {{.shards = 1, .clients = 1},
                                 {.shards = 1, .clients = 1}};
    struct cpu_tree tree;
    struct cpu_mask all;
    struct cpu_request r = {&tree, node, 2, 2, 1, true};
    struct cpu_division d;
    struct error err;

    (void)state;
    build(&shapes[SMT], &tree, &all);
    parse_list("0-1", &node[0].allowed);
    parse_list("0-7", &node[1].allowed);
    assert_int_equal(cpus_divide(&r, 0, &d, &err), -1);
    assert_int_equal(cpus_divide(&r, 1, &d, &err), 0);
    assert_int_equal(d.client[0], 2);
    cpus_release(&d);
    /* with too few for its database it still says so alone */
    r.db_cpus = 3;
    assert_int_equal(cpus_divide(&r, 0, &d, &err), -1);
    assert_int_equal(cpus_divide(&r, 1, &d, &err), 0);
    assert_int_equal(cpus_count(&d.shard[0]), 3);
    cpus_release(&d);
    free(tree.cpu);
}

/* ---- masks ---- */

static void lists(void **state)
{
    static const struct {
        const char *list;
        size_t room;
        const char *want;
    } cases[] = {
        {"", 16, ""},
        {"0", 16, "0"},
        {"4095", 16, "4095"},
        {"0-3,8,63-65", 32, "0-3,8,63-65"},
        {"0,2,4,6,8,10", 14, "0,2,4,6,8,10"},
        {"0,2,4,6,8,10", 13, "0,2,4,6,..."},
        {"100-200", 8, "100-200"},
        {"100-200", 7, "..."},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct cpu_mask m;
        char buf[64];

        parse_list(cases[i].list, &m);
        memset(buf, 'x', sizeof buf);
        assert_string_equal(cpus_list(&m, buf, cases[i].room), cases[i].want);
        assert_int_equal(buf[cases[i].room], 'x');
    }
}

static void domains(void **state)
{
    static const struct {
        const char *list;
        int numa;
    } cases[] = {
        {"0", 0},
        {"0-7", 0},
        {"7-8", -1},
        {"8-15", 1},
        {"56-63", 7},
        {"0-63", -1},
        {"63,64", -1} /* there is no 64 */,
        {"", -1},
    };
    struct cpu_tree tree;
    struct cpu_mask m;

    (void)state;
    build(&shapes[BIG], &tree, &m);
    for (size_t i = 0; i < COUNT(cases); i++) {
        parse_list(cases[i].list, &m);
        assert_int_equal(cpus_numa(&tree, &m), cases[i].numa);
    }
    free(tree.cpu);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_divisions),
        cmocka_unit_test(every_division),
        cmocka_unit_test(nodes_of_different_kinds),
        cmocka_unit_test(refusals),
        cmocka_unit_test(refused_alone),
        cmocka_unit_test(lists),
        cmocka_unit_test(domains),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
