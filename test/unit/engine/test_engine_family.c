/* Servers that grew out of Redis: whose --version and INFO it is, and what each
 * is configured to by its version. No server is started. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/version.h"
#include "engine/engine.h"
#include "lib/engine_scene.h"

static const struct engine *const family[] = {&engine_redis, &engine_valkey,
                                              &engine_keydb};

/* What servers printed for --version, word for word. */
static const struct {
    const char *printed;
    const struct engine *engine; /* NULL: none's */
    const char *version;
} printed[] = {
    {"Redis server v=6.2.16 sha=00000000:0 malloc=libc bits=64 "
     "build=e0df06b6df34fbb8\n",
     &engine_redis, "6.2.16"},
    {"Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 "
     "build=ae4d7c971a948f0\n",
     &engine_redis, "7.0.15"},
    {"Redis server v=7.2.6 sha=00000000:0 malloc=libc bits=64 "
     "build=8151661840dde6e0\n",
     &engine_redis, "7.2.6"},
    {"Redis server v=7.4.1 sha=00000000:1 malloc=libc bits=64 "
     "build=a2cc2de510d1db77\n",
     &engine_redis, "7.4.1"},
    {"Redis server v=8.0.6 sha=00000000:1 malloc=libc bits=64 "
     "build=91e5ea2af50e3161\n",
     &engine_redis, "8.0.6"},
    {"Server v=7.2.7 sha=00000000:0 malloc=libc bits=64 "
     "build=a9d5d535e78fa942\n",
     &engine_valkey, "7.2.7"},
    {"Valkey server v=8.0.1 sha=00000000:1 malloc=libc bits=64 "
     "build=b9e8bddb4cc61a2d\n",
     &engine_valkey, "8.0.1"},
    {"Valkey server v=8.1.1 sha=00000000:1 malloc=libc bits=64 "
     "build=69ff4ba422c5933f\n",
     &engine_valkey, "8.1.1"},
    {"Valkey server v=9.1.2 sha=00000000:1 malloc=libc bits=64 "
     "build=ebff2487b6a7e58c\n",
     &engine_valkey, "9.1.2"},
    {"KeyDB server v=6.3.4 sha=00000000:0 malloc=libc bits=64 "
     "build=52e0b7bc25e28b50\n",
     &engine_keydb, "6.3.4"},
    /* nobody's */
    {"Server v=7.3.0 sha=00000000:0\n", NULL, NULL},
    {"Server v=8.0.0 sha=00000000:0\n", NULL, NULL},
    {"Server v=1.2\n", NULL, NULL},
    {"Valkey server\n", NULL, NULL},
    {"Valkey server v=\n", NULL, NULL},
    {"valkey-cli 8.0.1\n", NULL, NULL},
    {"My KeyDB server v=6.3.4\n", NULL, NULL},
    {"dragonfly v1.14.3-abc\nbuild time: 2024-02-01\n", NULL, NULL},
    {"GarnetServer 1.0.5\n", NULL, NULL},
};

static void each_is_one_engines(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(printed); i++)
        for (size_t k = 0; k < COUNT(family); k++) {
            char version[SRB_VERSION_MAX] = "";
            bool is = family[k]->recognise(printed[i].printed, version);

            if (is != (family[k] == printed[i].engine) ||
                (is && strcmp(version, printed[i].version) != 0))
                fail_msg("%s: '%s' is%s its own, '%s'", family[k]->name,
                         printed[i].printed, is ? "" : " not", version);
        }
}

/* How answers to INFO begin, and what sets one apart further down. */
#define LINE "\r\n"
static const struct {
    const char *info;
    const struct engine *engine; /* NULL: refused */
    const char *version;
    const char *words;
} answers[] = {
    {"# Server" LINE "redis_version:6.2.16" LINE "redis_mode:standalone" LINE,
     &engine_redis, "6.2.16", NULL},
    {"# Server" LINE "redis_version:8.0.6" LINE "redis_git_sha1:00000000" LINE
     "redis_mode:cluster" LINE,
     &engine_redis, "8.0.6", NULL},
    {"# Server" LINE "redis_version:7.2.4" LINE "server_name:valkey" LINE
     "valkey_version:7.2.7" LINE "redis_mode:standalone" LINE,
     &engine_valkey, "7.2.7", NULL},
    {"# Server" LINE "redis_version:7.2.4" LINE "server_name:valkey" LINE
     "valkey_version:9.1.2" LINE "valkey_release_stage:ga" LINE
     "server_mode:cluster" LINE,
     &engine_valkey, "9.1.2", NULL},
    {"# Server" LINE "redis_version:6.3.4" LINE "redis_mode:standalone" LINE
     "features:cluster_mget" LINE "# CPU" LINE "server_threads:2" LINE
     "# KeyDB" LINE "mvcc_depth:0" LINE,
     &engine_keydb, "6.3.4", NULL},
    {"# Server" LINE "redis_version:6.0.16" LINE, NULL, NULL,
     "it is redis 6.0.16, which is too old: srbench needs 6.2 or later"},
    {"# Server" LINE "redis_version:6.2.2" LINE "# KeyDB" LINE
     "mvcc_depth:0" LINE,
     NULL, NULL,
     "it is keydb 6.2.2, which is too old: srbench needs 6.3 or later"},
    {"# Server" LINE "server_name:other" LINE, NULL, NULL,
     "it is no server that srbench knows: its INFO has no redis_version"},
    {"", NULL, NULL,
     "it is no server that srbench knows: its INFO has no redis_version"},
};

static void servers_that_run_are_recognised(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        char version[SRB_VERSION_MAX] = "";
        struct error err = {.text = ""};
        const struct engine *e =
            engine_answers(answers[i].info, "it", version, &err);

        if (e != answers[i].engine ||
            (e && strcmp(version, answers[i].version) != 0) ||
            (!e && strcmp(err.text, answers[i].words) != 0))
            fail_msg("answer %zu: %s '%s' '%s'", i, e ? e->name : "none",
                     version, err.text);
    }
}

static void versions_are_compared(void **state)
{
    static const struct {
        const char *version, *other;
        bool since;
    } vectors[] = {
        {"7.2.0", "7.2", true},       {"7.2", "7.2", true},
        {"7.10", "7.2", true},        {"8", "7.2", true},
        {"255.255.255", "8.0", true}, {"7.1.99", "7.2", false},
        {"7", "7.2", false},          {"7.9.224", "8.0", false},
        {"8.0-rc1", "8.0", true},     {"", "6.2", false},
        {"6.2.16", "6.2.2", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++)
        if (version_since(vectors[i].version, vectors[i].other) !=
            vectors[i].since)
            fail_msg("'%s' since '%s'", vectors[i].version, vectors[i].other);
}

/* The lines of threads, whole, by version. */
static const struct {
    const struct engine *engine;
    const char *version;
    int io_threads, threads;
    const char *lines;
} threads[] = {
    {&engine_redis, "6.2.16", 1, 1, "io-threads 1"},
    {&engine_redis, "7.4.1", 4, 1, "io-threads 4\nio-threads-do-reads yes"},
    {&engine_redis, "8.0.6", 4, 1, "io-threads 4"},
    {&engine_valkey, "7.2.7", 4, 1, "io-threads 4\nio-threads-do-reads yes"},
    {&engine_valkey, "8.0.1", 4, 1, "io-threads 4"},
    {&engine_valkey, "9.1.2", 1, 1, "io-threads 1"},
    {&engine_keydb, "6.3.4", 1, 1, "server-threads 1"},
    {&engine_keydb, "6.3.4", 1, 16, "server-threads 16"},
};

static void threads_are_each_servers_own(void **state)
{
    static const struct line line = {{"throughput_colocated"}};
    struct scene s;

    (void)state;
    scene_open(&s, &line);
    for (size_t i = 0; i < COUNT(threads); i++) {
        struct shard_spec spec = spec_of(&s, 0);
        char *text, wanted[128];

        spec.version = threads[i].version;
        spec.io_threads = threads[i].io_threads;
        spec.threads = threads[i].threads;
        text = print(threads[i].engine->configure, &spec);
        /* last, for neither a cluster nor the user has more */
        snprintf(wanted, sizeof wanted, "\n%s\n", threads[i].lines);
        if (strlen(text) < strlen(wanted) ||
            strcmp(strchr(text, '\0') - strlen(wanted), wanted) != 0 ||
            given(text, "io-threads") + given(text, "server-threads") != 1 ||
            lines_of(text, "save \"\"") != 1 || given(text, "user") != 4)
            fail_msg("%s %s: not '%s' but\n%s", threads[i].engine->name,
                     threads[i].version, threads[i].lines, text);
        free(text);
    }
    scene_close(&s);
    assert_int_equal(engine_redis.most_threads, 0);
    assert_int_equal(engine_valkey.most_threads, 0);
    assert_int_equal(engine_keydb.most_threads, 16);
}

/* One for each CPU of a node, at least one a shard, and no more in a shard than
 * it knows what to do with. */
static void threads_of_a_node(void **state)
{
    static const struct engine ranks = {.kind = ENGINE_RANKS};
    static const struct {
        int cpus, shards, threads;
    } vectors[] = {{1, 1, 1}, {4, 1, 4},   {16, 1, 16}, {20, 1, 16}, {1, 3, 3},
                   {4, 3, 4}, {40, 2, 32}, {33, 2, 32}, {17, 16, 17}};

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        int n = vectors[i].shards, sum = 0;

        for (int k = 0; k < n; k++) {
            int one = engine_threads(&engine_keydb, vectors[i].cpus, k, n);

            assert_in_range(one, 1, engine_keydb.most_threads);
            sum += one;
        }
        assert_int_equal(sum, vectors[i].threads);
    }
    assert_int_equal(engine_threads(&engine_floor, 64, 0, 1), 64);
    /* all that run on a node, whoever they belong to */
    assert_int_equal(engine_node_threads(&engine_keydb, 20, 4, 1), 16);
    assert_int_equal(engine_node_threads(&engine_keydb, 17, 4, 16), 17);
    assert_int_equal(engine_node_threads(&engine_redis, 20, 4, 3), 12);
    assert_int_equal(engine_node_threads(&engine_null, 20, 4, 3), 0);
    assert_int_equal(engine_node_threads(&ranks, 20, 4, 3), 3);
}

/* A member's line in nodes.conf, up to its flags. */
#define ID "0123456789abcdef000000000000000000000001"
#define AT ID " 10.0.0.3:6781@16781"
static const struct {
    const struct engine *engine;
    const char *version, *member;
} members[] = {
    {&engine_redis, "6.2.16", AT " "},
    {&engine_redis, "7.0.15", AT " "},
    {&engine_redis, "7.2.6", AT ",,shard-id=" ID " "},
    {&engine_redis, "8.0.6", AT ",,shard-id=" ID " "},
    {&engine_valkey, "7.2.7", AT ",,shard-id=" ID " "},
    {&engine_valkey, "9.1.2", AT ",,shard-id=" ID " "},
    {&engine_keydb, "6.3.4", AT " "},
};

static void clusters_by_version(void **state)
{
    static const struct line line = {
        {"throughput_standard", "--db_shards_per_node=3"}};
    struct scene s;

    (void)state;
    scene_open(&s, &line);
    for (size_t i = 0; i < COUNT(members); i++) {
        struct shard_spec spec = spec_of(&s, 1);
        char *text, wanted[256];

        spec.version = members[i].version;
        text = print(members[i].engine->cluster, &spec);
        snprintf(wanted, sizeof wanted,
                 "\n%smyself,master - 0 0 2 connected 5461-10921\n",
                 members[i].member);
        if (!strstr(text, wanted))
            fail_msg("%s %s:%s is not in\n%s", members[i].engine->name,
                     members[i].version, wanted, text);
        free(text);
    }
    scene_close(&s);
}

/* Directives of one server only that it must not be given. */
static const struct {
    const char *name;
    bool redis, valkey, keydb; /* whether it may */
} directives[] = {
    {"maxmemory", true, true, true},
    {"masterauth", false, false, false},
    {"port", false, false, false},
    {"primaryauth", true, false, true},
    {"PrimaryUser", true, false, true},
    {"rdma-bind", true, false, true},
    {"server-thread-affinity", true, true, false},
    {"storage-provider", true, true, false},
    {"version-override", true, true, false},
    {"min-clients-per-thread", true, true, true},
};

static void some_are_one_servers_own_business(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(directives); i++) {
        const bool may[] = {directives[i].redis, directives[i].valkey,
                            directives[i].keydb};
        char name[64], one[] = "1";
        struct pair pair = {.name = name, .value = one};
        struct value args = {.pairs = &pair, .npairs = 1};
        struct error err;

        snprintf(name, sizeof name, "%s", directives[i].name);
        for (size_t k = 0; k < COUNT(family); k++)
            if ((family[k]->check_args(&args, &err) == 0) != may[k])
                fail_msg("%s with %s", family[k]->name, name);
    }
}

/* The spelling that old and new ones take, whichever the user chose. */
static void cpu_lists_are_spelt_for_all(void **state)
{
    static const struct line lines[] = {
        {{"throughput_colocated", "--db_args={server-cpulist: '0-1', "
                                  "BIO-cpulist: '2'}"}},
        {{"throughput_colocated", "--db_args={server_cpulist: '0-1', "
                                  "bio_cpulist: '2'}"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++)
        for (size_t k = 0; k < COUNT(family); k++) {
            struct shard_spec spec;
            struct scene s;
            char *text;

            scene_open(&s, &lines[i]);
            spec = spec_of(&s, 0);
            text = print(family[k]->configure, &spec);
            assert_int_equal(lines_of(text, "server_cpulist 0-1"), 1);
            assert_int_equal(lines_of(text, "bio_cpulist 2"), 1);
            free(text);
            scene_close(&s);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_one_engines),
        cmocka_unit_test(servers_that_run_are_recognised),
        cmocka_unit_test(versions_are_compared),
        cmocka_unit_test(threads_are_each_servers_own),
        cmocka_unit_test(threads_of_a_node),
        cmocka_unit_test(clusters_by_version),
        cmocka_unit_test(some_are_one_servers_own_business),
        cmocka_unit_test(cpu_lists_are_spelt_for_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
