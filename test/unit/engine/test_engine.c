/* Engines: whose --version it is, what may be asked for, and what a Redis is
 * configured to. No server is started. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/engine.h"
#include "lib/engine_scene.h"

/* What servers and others print. */
static const struct {
    const char *printed;
    const char *version; /* NULL: no Redis */
} answers[] = {
    {"Redis server v=6.2.7 sha=00000000:0 malloc=jemalloc-5.1.0 bits=64 "
     "build=b61f6f2e8f2b1b0d\n",
     "6.2.7"},
    {"Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 "
     "build=ae4d7c971a948f0\n",
     "7.0.15"},
    {"Redis server v=7.2.4 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 "
     "build=6c4bfae5c8e42c1e\n",
     "7.2.4"},
    {"Redis server v=8.0.0 sha=00000000:1 malloc=jemalloc-5.3.0 bits=64 "
     "build=f6cb4a7e3b4ed6b7\n",
     "8.0.0"},
    {"Redis server v=7.4-rc1 sha=00000000:0 malloc=libc bits=64 build=1\n",
     "7.4-rc1"},
    {"Redis server v=255.255.255\n", "255.255.255"},
    {"Valkey server v=8.0.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 "
     "build=2dd2a5c7f8fb7e8\n",
     NULL},
    {"KeyDB server v=6.3.4 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64 "
     "build=6e2b1e0a3b8f4e6\n",
     NULL},
    {"redis-cli 7.0.15\n", NULL},
    {"Redis server\n", NULL},
    {"memcached 1.6.18\n", NULL},
    {"bash: v=7.0 is no Redis server\n", NULL},
    {"", NULL},
};

static void servers_are_recognised(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        char version[SRB_VERSION_MAX] = "";
        bool ours = engine_redis.recognise(answers[i].printed, version);

        if (ours != (answers[i].version != NULL))
            fail_msg("'%s' is %s Redis", answers[i].printed,
                     ours ? "taken for" : "not seen as");
        if (ours && strcmp(version, answers[i].version) != 0)
            fail_msg("'%s' has version '%s'", answers[i].printed, version);
    }
}

static void a_long_version_is_cut(void **state)
{
    char printed[3 * SRB_VERSION_MAX], version[SRB_VERSION_MAX];

    (void)state;
    snprintf(printed, sizeof printed, "Redis server v=%0*d sha=0\n",
             2 * SRB_VERSION_MAX, 7);
    assert_true(engine_redis.recognise(printed, version));
    assert_int_equal(strlen(version), SRB_VERSION_MAX - 1);
}

static void engines_by_name(void **state)
{
    (void)state;
    assert_ptr_equal(engine_named("redis"), &engine_redis);
    assert_ptr_equal(engine_named("null"), &engine_null);
    assert_ptr_equal(engine_named("valkey"), &engine_valkey);
    assert_ptr_equal(engine_named("keydb"), &engine_keydb);
    assert_null(engine_named("dragonfly"));
    assert_null(engine_named(""));
    assert_ptr_equal(engine_named("floor"), &engine_floor);
}

/* A value of db_exe before it is run: some are names, the others programs. */
static void engines_by_word(void **state)
{
    static const struct {
        const char *word;
        const struct engine *builtin, *expected;
    } words[] = {
        {"floor", &engine_floor, &engine_floor},
        {"null", &engine_null, &engine_null},
        {"keydb", NULL, &engine_redis}, /* a program of that name */
        {"redis-server", NULL, &engine_redis},
        {"", NULL, &engine_redis},
    };
    const struct options_word *handed = engine_words();
    size_t nbuiltin = 0, nhanded = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(words); i++) {
        assert_ptr_equal(engine_builtin(words[i].word), words[i].builtin);
        assert_ptr_equal(engine_expected(words[i].word), words[i].expected);
        for (size_t k = 0; handed[k].name && words[i].builtin; k++)
            nbuiltin += strcmp(handed[k].name, words[i].word) == 0;
    }
    assert_int_equal(nbuiltin, 2);
    for (; handed[nhanded].name; nhanded++)
        assert_true(engine_builtin(handed[nhanded].name) &&
                    handed[nhanded].help);
    assert_true(nhanded >= nbuiltin);
}

#define MIB (INT64_C(1024) * 1024)

/* Not below what was measured (VmHWM), and not above twice of it. */
static const struct {
    const struct engine *engine;
    bool redisai;
    int64_t clients, bytes, measured;
} resident[] = {
    {&engine_redis, false, 1, MIB, 15 * MIB},
    {&engine_redis, false, 8, MIB, 36 * MIB},
    {&engine_redis, false, 1, 64 * MIB, 140 * MIB},
    {&engine_redis, false, 8, 64 * MIB, 1011 * MIB},
    {&engine_redis, true, 1, 64 * MIB, 204 * MIB},
    {&engine_floor, false, 1, MIB, 11 * MIB},
    {&engine_floor, false, 8, MIB, 18 * MIB},
    {&engine_floor, false, 1, 64 * MIB, 74 * MIB},
    {&engine_floor, false, 8, 64 * MIB, 530 * MIB},
};

static void servers_take_what_they_took(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(resident); i++) {
        const struct engine *e = resident[i].engine;
        int64_t need = footprint_server(resident[i].redisai ? &e->memory_redisai
                                                            : &e->memory,
                                        resident[i].clients, resident[i].bytes);

        if (need < resident[i].measured || need > 2 * resident[i].measured)
            fail_msg("%s, %lld clients of %lld B: %lld B, measured were %lld",
                     e->name, (long long)resident[i].clients,
                     (long long)resident[i].bytes, (long long)need,
                     (long long)resident[i].measured);
    }
    assert_int_equal(footprint_server(&engine_null.memory, 8, 1024 * MIB), 0);
    assert_true(footprint_server(&engine_redis.memory, 0, 4096 * MIB) <
                64 * MIB);
}

static void axes_that_engines_lack(void **state)
{
    static const struct {
        const struct engine *engine;
        bool io_threads, tpq;
    } have[] = {{&engine_redis, true, true},
                {&engine_valkey, true, true},
                {&engine_keydb, false, true},
                {&engine_floor, false, false},
                {&engine_null, false, false}};

    (void)state;
    for (size_t i = 0; i < COUNT(have); i++) {
        const struct engine *e = have[i].engine;

        assert_int_equal(engine_has(e, OPT_DB_IO_THREADS), have[i].io_threads);
        assert_int_equal(engine_has(e, OPT_DB_TPQ), have[i].tpq);
        assert_true(engine_has(e, OPT_CLIENT));
    }
}

/* Executables by their own answer: little scripts. */
static void engines_by_executable(void **state)
{
    static const struct {
        const char *script;
        const char *version; /* NULL: refused */
        const char *words;   /* how the message ends */
    } vectors[] = {
        {"echo 'Redis server v=6.2.7 sha=0'", "6.2.7", NULL},
        {"test x$1 = x--version && echo 'Redis server v=8.0.0 sha=0'", "8.0.0",
         NULL},
        {"echo 'Redis server v=6.2 sha=0'", "6.2", NULL},
        {"echo 'Redis server v=10.1.0 sha=0'", "10.1.0", NULL},
        {"echo 'Redis server v=6.0.16 sha=0'", NULL,
         "is redis 6.0.16, which is too old: srbench needs 6.2 or later"},
        {"echo 'Redis server v=5.0.7 sha=0'", NULL,
         "is redis 5.0.7, which is too old: srbench needs 6.2 or later"},
        {"echo 'Redis server v=6 sha=0'", NULL,
         "is redis 6, which is too old: srbench needs 6.2 or later"},
        {"echo 'Memcached 1.6'; echo more", NULL,
         "is no server that srbench knows (Redis, Valkey and KeyDB are): it "
         "calls "
         "itself 'Memcached 1.6'"},
        {"echo 'cannot load libfoo.so' >&2; exit 127", NULL,
         "exited with status 127: cannot load libfoo.so"},
    };
    char exe[] = "/tmp/test-engine-XXXXXX", version[SRB_VERSION_MAX];
    int fd = mkstemp(exe);
    struct error err;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, 0700), 0);
    close(fd);
    for (size_t i = 0; i < COUNT(vectors); i++) {
        const struct engine *found;
        FILE *f = fopen(exe, "w");
        size_t tail = vectors[i].words ? strlen(vectors[i].words) : 0;

        assert_non_null(f);
        fprintf(f, "#!/bin/sh\n%s\n", vectors[i].script);
        fclose(f);
        err.text[0] = '\0';
        found = engine_find(exe, version, &err);
        if ((found != NULL) != (vectors[i].version != NULL))
            fail_msg("'%s': %s", vectors[i].script, err.text);
        if (found && (found != &engine_redis ||
                      strcmp(version, vectors[i].version) != 0))
            fail_msg("'%s': %s '%s'", vectors[i].script, found->name, version);
        if (!found &&
            (strncmp(err.text, "db_exe: ", 8) != 0 || !strstr(err.text, exe) ||
             strlen(err.text) < tail ||
             strcmp(strchr(err.text, '\0') - tail, vectors[i].words) != 0))
            fail_msg("'%s': '%s'", vectors[i].script, err.text);
    }
    unlink(exe);
    assert_null(engine_find(exe, version, &err));
    assert_non_null(strstr(err.text, "was not found"));
    assert_null(engine_find("no-such-server", version, &err));
    assert_string_equal(err.text,
                        "db_exe: 'no-such-server' was not found in PATH");
    assert_ptr_equal(engine_find("null", version, &err), &engine_null);
    assert_string_equal(version, "");
}

/* One directive of db_args: name and value, and whether it may be given. */
static const struct {
    const char *name, *value;
    const char *words; /* "" : it may */
} directives[] = {
    {"maxmemory", "2gb", ""},
    {"maxmemory-policy", "noeviction", ""},
    {"hz", "10", ""},
    {"io-threads-do-reads", "no", ""},
    {"client-output-buffer-limit", "normal 0 0 0", ""},
    {"proto-max-bulk-len", "1gb", ""},
    {"activedefrag", NULL, ""},
    {"latency-tracking-info-percentiles", "", ""},
    {"#maxmemory", "1", "db_args: '#maxmemory' is not the name of a directive"},
    {"", "1", "db_args: '' is not the name of a directive"},
    {"max memory", "1", "db_args: 'max memory' is not the name of a directive"},
    {"hz\nport", "1", "db_args: 'hz\nport' is not the name of a directive"},
    {"hz\rport", "1", "db_args: 'hz?port' is not the name of a directive"},
    {"hz\t", "1", "db_args: 'hz\t' is not the name of a directive"},
    {"\"port\"", "1", "db_args: '\"port\"' is not the name of a directive"},
    {"'port'", "1", "db_args: ''port'' is not the name of a directive"},
    {"hz", "10\nport 1", "db_args: the value of 'hz' has a line break"},
    {"hz", "10\n", "db_args: the value of 'hz' has a line break"},
    {"hz", "10\rport 1", "db_args: the value of 'hz' has a line break"},
};

/* By which a server would leave its place, its guard, or keep things. */
static const char *const reserved[] = {
    "bind",
    "port",
    "tls-port",
    "unixsocket",
    "daemonize",
    "supervised",
    "dir",
    "pidfile",
    "logfile",
    "save",
    "appendonly",
    "cluster-enabled",
    "cluster-port",
    "replicaof",
    "slaveof",
    "cluster-config-file",
    "include",
    "aclfile",
    "requirepass",
    "masterauth",
    "masteruser",
    "rename-command",
    "protected-mode",
    "user",
    "bind-source-addr",
};

static int check_one(const char *name, const char *value, struct error *err)
{
    char n[64], v[64];
    struct pair pairs[2] = {{.name = n, .value = value ? v : NULL}};
    char hz[] = "hz", ten[] = "10";
    struct value args = {.pairs = pairs, .npairs = 2};

    snprintf(n, sizeof n, "%s", name);
    snprintf(v, sizeof v, "%s", value ? value : "");
    /* not only the first is looked at */
    pairs[1] = pairs[0];
    pairs[0] = (struct pair){.name = hz, .value = ten};
    err->text[0] = '\0';
    return engine_redis.check_args(&args, err);
}

static void directives_are_checked(void **state)
{
    struct value none = {0};
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT(directives); i++) {
        int rc = check_one(directives[i].name, directives[i].value, &err);

        if ((rc == 0) != (directives[i].words[0] == '\0') ||
            (rc < 0 && strcmp(err.text, directives[i].words) != 0))
            fail_msg("vector %zu (%s): '%s' instead of '%s'", i,
                     directives[i].name, err.text, directives[i].words);
    }
    for (size_t i = 0; i < COUNT(reserved); i++) {
        char upper[64], words[128];

        snprintf(upper, sizeof upper, "%s", reserved[i]);
        for (char *c = upper; *c; c++)
            *c = (char)toupper(*c);
        snprintf(words, sizeof words,
                 "db_args: '%s' is srbench's own business; leave it out",
                 reserved[i]);
        if (check_one(reserved[i], "x", &err) == 0 ||
            strcmp(err.text, words) != 0)
            fail_msg("%s: '%s'", reserved[i], err.text);
        if (check_one(upper, "x", &err) == 0)
            fail_msg("%s is accepted", upper);
    }
    assert_int_equal(engine_redis.check_args(&none, &err), 0);
    assert_null(engine_null.check_args);
}

/* What is asked of a server beyond the plainest, and the lines (up to the first
 * NULL) that must then be there; `not` must not begin any. */
static const struct {
    struct line line;
    int io_threads;
    int64_t max_clients, max_bytes;
    const char *lines[8];
    const char * not ;
} configurations[] = {
    {{{"throughput_colocated"}},
     1,
     10,
     1024,
     {"bind 127.0.0.1", "port 6780", "protected-mode yes", "maxclients 1000",
      "tcp-backlog 511", "proto-max-bulk-len 536870912",
      "client-query-buffer-limit 1073741824", "user default off"},
     "cluster-enabled"},
    {{{"throughput_standard"}},
     1,
     10,
     1024,
     {"bind 10.0.0.3", "protected-mode yes", "io-threads 1", SCENE_CLIENT,
      SCENE_STEWARD, SCENE_READER, "user default off"},
     "cluster-enabled"},
    {{{"throughput_standard", "--db_shards_per_node=2"}},
     1,
     10,
     1024,
     {"bind 10.0.0.3", "port 6780", "cluster-enabled yes",
      "cluster-config-file nodes.conf", "cluster-require-full-coverage yes",
      "cluster-node-timeout 75000", "cluster-announce-ip 10.0.0.3"},
     "io-threads-do-reads"},
    {{{"throughput_standard"}},
     4,
     6528,
     INT64_C(4294967296),
     {"io-threads 4", "io-threads-do-reads yes", "maxclients 6592",
      "tcp-backlog 6528", "proto-max-bulk-len 4294968320",
      "client-query-buffer-limit 4296015872"},
     "appendfilename"},
    /* what the user gives, comes last and so wins; an empty value is seen */
    {{{"throughput_standard", "--db_args={maxclients: 20000, maxmemory: 2gb, "
                              "client-output-buffer-limit: normal 0 0 0, "
                              "notify-keyspace-events: ''}"}},
     1,
     10,
     1024,
     {"maxclients 1000", "maxclients 20000", "maxmemory 2gb",
      "client-output-buffer-limit normal 0 0 0", "notify-keyspace-events \"\""},
     "cluster-enabled"},
};

static void configurations_say_what_is_needed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(configurations); i++) {
        struct shard_spec spec;
        struct scene s;
        char *text;

        scene_open(&s, &configurations[i].line);
        spec = spec_of(&s, 0);
        spec.io_threads = configurations[i].io_threads;
        spec.max_clients = configurations[i].max_clients;
        spec.max_bytes = configurations[i].max_bytes;
        text = print(engine_redis.configure, &spec);
        /* nothing is stored, nothing leaves its guard, whatever the defaults */
        if (lines_of(text, "save \"\"") != 1 || given(text, "save") != 1 ||
            lines_of(text, "appendonly no") != 1 ||
            lines_of(text, "daemonize no") != 1 ||
            lines_of(text, "supervised no") != 1 ||
            lines_of(text, "logfile \"\"") != 1 || given(text, "port") != 1 ||
            given(text, "bind") != 1 || given(text, "user") != 4 ||
            lines_of(text, "user default off") != 1)
            fail_msg("configuration %zu is not confined:\n%s", i, text);
        for (size_t k = 0;
             k < COUNT(configurations[i].lines) && configurations[i].lines[k];
             k++)
            if (lines_of(text, configurations[i].lines[k]) != 1)
                fail_msg("configuration %zu has not one '%s':\n%s", i,
                         configurations[i].lines[k], text);
        if (given(text, configurations[i].not ) > 0)
            fail_msg("configuration %zu has '%s':\n%s", i,
                     configurations[i].not, text);
        free(text);
        scene_close(&s);
    }
}

static void what_the_user_gives_comes_last(void **state)
{
    static const struct line line = {
        {"throughput_standard", "--db_args={maxclients: 20000}"}};
    struct shard_spec spec;
    struct scene s;
    char *text;

    (void)state;
    scene_open(&s, &line);
    spec = spec_of(&s, 0);
    text = print(engine_redis.configure, &spec);
    assert_string_equal(strstr(text, "maxclients 20000"), "maxclients 20000\n");
    free(text);
    scene_close(&s);
}

/* Clusters by their nodes.conf: slots, epochs, addresses, identities. */
static const struct {
    struct line line;
    int nshards;
} clusters[] = {
    {{{"throughput_standard", "--db_nodes=2"}}, 2},
    {{{"throughput_standard", "--db_nodes=3"}}, 3},
    {{{"throughput_standard", "--db_nodes=3", "--db_shards_per_node=5"}}, 15},
    {{{"throughput_standard", "--db_shards_per_node=64"}}, 64},
    {{{"throughput_standard", "--db_nodes=3", "--db_shards_per_node=1000"}},
     3000},
};

/* Check the line of one member; returns whether it is `myself`. */
static bool check_member(const struct scene *s, int k, const char *line)
{
    const struct placement *pl = &s->placement;
    char id[64], address[64], flags[32], want[64];
    int ping, pong, epoch, first, last, used = 0;

    if (sscanf(line, "%63s %63s %31s - %d %d %d connected %d-%d%n", id, address,
               flags, &ping, &pong, &epoch, &first, &last, &used) != 8 ||
        line[used] != '\n')
        fail_msg("member %d: '%.200s'", k, line);
    if (strlen(id) != 40 || strspn(id, "0123456789abcdef") != 40)
        fail_msg("member %d has the name '%s'", k, id);
    snprintf(want, sizeof want, "%s:%d@%d", place_shard_address(pl, k),
             pl->shard_port[k], pl->shard_port[k] + 10000);
    if (strcmp(address, want) != 0)
        fail_msg("member %d is at %s instead of %s", k, address, want);
    if (first != keys_first_slot(k, pl->nshards) ||
        last != keys_first_slot(k + 1, pl->nshards) - 1 || last < first)
        fail_msg("member %d has slots %d-%d", k, first, last);
    if (ping != 0 || pong != 0 || epoch != k + 1)
        fail_msg("member %d: ping %d, pong %d, epoch %d", k, ping, pong, epoch);
    if (strcmp(flags, "master") != 0 && strcmp(flags, "myself,master") != 0)
        fail_msg("member %d is '%s'", k, flags);
    return strcmp(flags, "myself,master") == 0;
}

static void clusters_are_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(clusters); i++) {
        int n = clusters[i].nshards;
        const int shards[] = {0, 1, n / 2, n - 1};
        struct scene s;

        scene_open(&s, &clusters[i].line);
        assert_int_equal(s.placement.nshards, n);
        assert_true(s.placement.cluster);
        for (size_t m = 0; m < COUNT(shards); m++) {
            struct shard_spec spec = spec_of(&s, shards[m]);
            char *text = print(engine_redis.cluster, &spec), *at = text;
            char last[64];

            for (int k = 0; k < n; k++) {
                if (check_member(&s, k, at) != (k == shards[m]))
                    fail_msg("cluster %zu: in the file of shard %d, member %d "
                             "is wrong about who is myself",
                             i, shards[m], k);
                at += strcspn(at, "\n") + 1;
            }
            snprintf(last, sizeof last,
                     "vars currentEpoch %d lastVoteEpoch 0\n", n);
            assert_string_equal(at, last);
            free(text);
        }
        scene_close(&s);
    }
}

/* The names of a member are one and the same in every file of a run, differ
 * within it, and differ from those of any other run. */
static void members_know_each_other_and_nobody_else(void **state)
{
    static const struct line line = {{"throughput_standard", "--db_nodes=3"}};
    struct shard_spec spec;
    struct scene s;
    char *a, *b, *c, *at, *bt, *ct;

    (void)state;
    scene_open(&s, &line);
    spec = spec_of(&s, 0);
    a = at = print(engine_redis.cluster, &spec);
    spec = spec_of(&s, 2);
    b = bt = print(engine_redis.cluster, &spec);
    spec.run++;
    c = ct = print(engine_redis.cluster, &spec);
    for (int k = 0; k < 3; k++) {
        assert_memory_equal(at, bt, 40);
        assert_memory_not_equal(at, ct, 40);
        if (k > 0)
            assert_memory_not_equal(a, at, 40);
        at += strcspn(at, "\n") + 1;
        bt += strcspn(bt, "\n") + 1;
        ct += strcspn(ct, "\n") + 1;
    }
    free(a);
    free(b);
    free(c);
    scene_close(&s);
}

/* It is a name, no program in PATH; it is told its share and nothing else. */
static void the_built_in_server(void **state)
{
    static const struct line line = {
        {"throughput_standard", "--db_shards_per_node=2"}};
    char version[SRB_VERSION_MAX] = "", *text;
    struct shard_spec spec;
    struct error err = {.text = ""};
    struct scene s;

    (void)state;
    assert_ptr_equal(engine_find("floor", version, &err), &engine_floor);
    assert_true(isdigit((unsigned char)version[0]));
    assert_null(engine_find("./floor", version, &err));
    scene_open(&s, &line);
    spec = spec_of(&s, 1);
    spec.threads = 3;
    spec.max_clients = 6528;
    assert_null(engine_floor.check_args);
    text = print(engine_floor.configure, &spec);
    assert_string_equal(text,
                        "bind 10.0.0.3\nport 6781\n"
                        "client-password ba7816bf8f01cfea414140de5dae222"
                        "3b00361a396177a9cb410ff61f20015ad\n"
                        "steward-password cb8379ac2098aa165029e3938a51da"
                        "0bcecfc008fd6795f401178647f96c5b34\n"
                        "threads 3\ntcp-backlog 6528\nmax-value-bytes 1024\n");
    free(text);
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers_are_recognised),
        cmocka_unit_test(a_long_version_is_cut),
        cmocka_unit_test(engines_by_name),
        cmocka_unit_test(engines_by_word),
        cmocka_unit_test(axes_that_engines_lack),
        cmocka_unit_test(servers_take_what_they_took),
        cmocka_unit_test(engines_by_executable),
        cmocka_unit_test(directives_are_checked),
        cmocka_unit_test(configurations_say_what_is_needed),
        cmocka_unit_test(what_the_user_gives_comes_last),
        cmocka_unit_test(clusters_are_whole),
        cmocka_unit_test(members_know_each_other_and_nobody_else),
        cmocka_unit_test(the_built_in_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
