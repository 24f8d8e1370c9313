/* Axes that servers lack: what is left of a sweep, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lib/options_line.h"
#include "servers/collapse.h"

/* An engine that is no process, with a client of its own. */
static const enum option_id lacks[] = {OPT_COMMAND_SET, OPT_TRANSPORT,
                                       OPT_COUNT};
static const struct engine shelf = {.name = "shelf",
                                    .help = "made up",
                                    .kind = ENGINE_NOBODY,
                                    .client = "ladder",
                                    .lacks = lacks};

#define SHELF                                                                  \
    {                                                                          \
        .engine = &shelf, .label = "shelf 1"                                   \
    }
#define SHM                                                                    \
    {                                                                          \
        .engine = &engine_shm, .label = "shm"                                  \
    }
#define FILES                                                                  \
    {                                                                          \
        .engine = &engine_files, .label = "files"                              \
    }
#define REDIS                                                                  \
    {                                                                          \
        .engine = &engine_redis, .label = "redis 7"                            \
    }
#define FLOOR                                                                  \
    {                                                                          \
        .engine = &engine_floor, .label = "floor 1"                            \
    }

static const struct {
    struct line line;
    struct server servers[2];
    const char *clients; /* of all permutations in turn */
    const char *words;   /* the notes, or the refusal */
    bool refused;
} studies[] = {
    {{{"--tensor_bytes=4", "--db_exe=[a,b]", "--client=[socket,hiredis]"}},
     {REDIS, SHELF},
     "socket hiredis ladder",
     "client (2 values) collapses with shelf 1, which has no such axis\n",
     false},
    {{{"--tensor_bytes=4", "--db_exe=[a,b]", "--client=[socket,hiredis]"}},
     {SHELF, REDIS},
     "ladder socket hiredis",
     "client (2 values) collapses with shelf 1, which has no such axis\n",
     false},
    {{{"--tensor_bytes=4", "--db_exe=[a,b]", "--client=[socket,hiredis]",
       "--transport=[tcp,unix]"}},
     {REDIS, SHELF},
     "socket socket hiredis hiredis ladder",
     "client (2 values) collapses with shelf 1, which has no such axis\n"
     "transport (2 values) collapses with shelf 1, which has no such axis\n",
     false},
    /* as many keys as anybody likes */
    {{{"--tensor_bytes=4", "--db_exe=[a,b]", "--tensors=2"}},
     {REDIS, FILES},
     "socket files",
     "",
     false},
    {{{"--tensor_bytes=4", "--db_exe=[a,b]", "--history=[1,2]"}},
     {REDIS, SHM},
     "socket socket shm shm",
     "",
     false},
    /* who has one way to be spoken to, has no choice of ways */
    {{{"--tensor_bytes=4", "--db_exe=[a,b]", "--command_set=[plain,redisai]",
       "--db_modules=/x/redisai.so"}},
     {REDIS, FLOOR},
     "socket socket socket",
     "command_set (2 values) collapses with floor 1, which has no such axis\n",
     false},
    {{{"--tensor_bytes=4", "--db_exe=[a,b]", "--command_set=[plain,redisai]",
       "--db_modules=/x/redisai.so"}},
     {SHM, REDIS},
     "shm socket socket",
     "command_set (2 values) collapses with shm, which has no such axis\n",
     false},
    /* its client without a word about it */
    {{{"--tensor_bytes=4", "--db_exe=[a,b]"}},
     {REDIS, SHELF},
     "socket ladder",
     "",
     false},
    {{{"--tensor_bytes=4", "--db_exe=b"}}, {SHELF}, "ladder", "", false},
    {{{"--tensor_bytes=4", "--db_exe=a", "--client=[socket,hiredis]"}},
     {REDIS},
     "socket hiredis",
     "",
     false},
    /* one that a placement does not have */
    {{{"throughput_standard,throughput_colocated", "--tensor_bytes=4",
       "--db_exe=[a,b]"}},
     {SHM, REDIS},
     "socket shm socket",
     "db_exe shm is left out in throughput_standard, which has nothing like "
     "it\n",
     false},
    {{{"throughput_standard", "--tensor_bytes=4", "--db_exe=b"}},
     {SHM},
     "",
     "db_exe: no permutation is left, since shm is for throughput_colocated "
     "alone; add that experiment, or another db_exe",
     true},
    {{{"--tensor_bytes=4", "--db_exe=b", "--client=socket"}},
     {SHELF},
     "",
     "client: no server of this study (shelf 1) has such a choice; leave out "
     "client, or give another db_exe with it",
     true},
    {{{"--tensor_bytes=4", "--db_exe=b", "--db_io_threads=2", "--db_cpus=2"}},
     {FLOOR},
     "",
     "db_io_threads: no server of this study (floor 1) has I/O threads: all "
     "their threads serve, one for each of db_cpus; leave out db_io_threads, "
     "or give another db_exe with it",
     true},
};

static void check_left(size_t i, const struct sweep *s)
{
    char clients[256] = "", notes[512];

    for (size_t k = 0; k < s->count; k++) {
        size_t used = strlen(clients);
        struct permutation p;

        sweep_at(s, k, &p);
        if (strcmp(permutation_text(&p, OPT_CLIENT), "ladder") == 0)
            assert_true(!p.value[OPT_COMMAND_SET] && !p.value[OPT_TRANSPORT]);
        snprintf(clients + used, sizeof clients - used, "%s%s", used ? " " : "",
                 permutation_text(&p, OPT_CLIENT));
        assert_int_equal(
            sweep_sibling(s, &p, OPT_DB_EXE,
                          p.value[OPT_DB_EXE] !=
                              options_get(s->options, OPT_DB_EXE)->values),
            k);
    }
    if (strcmp(clients, studies[i].clients) != 0)
        fail_msg("study %zu: '%s' instead of '%s'", i, clients,
                 studies[i].clients);
    assert_string_equal(sweep_notes(s, notes, sizeof notes), studies[i].words);
}

static void what_is_left(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(studies); i++) {
        struct options o;
        struct sweep s;
        struct error err;

        if (parse(&o, &studies[i].line, NULL, 0, &err) < 0 ||
            sweep_open(&s, &o, &err) < 0)
            fail_msg("study %zu: %s", i, err.text);
        if (collapse(&s, studies[i].servers, &err) == 0) {
            assert_false(studies[i].refused);
            check_left(i, &s);
            sweep_close(&s);
        } else {
            assert_string_equal(err.text, studies[i].words);
        }
        options_free(&o);
    }
}

/* A word that one of two servers lacks: where the other word is a value as
 * well, it stands for both. */
static const struct {
    const char *wait, *left;
    size_t sibling[5]; /* of each, with the other server */
} words[] = {
    {"--wait=[1ms,block]", "0.001s block 0.001s spin", {2, 3, 0, 1}},
    {"--wait=[spin,1ms,block]",
     "spin 0.001s block spin 0.001s",
     {3, 4, 3, 0, 1}},
    {"--wait=[block,spin]", "block spin spin", {2, 2, 1}},
    {"--wait=block", "block spin", {1, 0}},
};

static void words_that_are_lacked(void **state)
{
    static const struct server servers[2] = {REDIS, FLOOR};

    (void)state;
    for (size_t i = 0; i < COUNT(words); i++) {
        const struct line line = {{"--pattern=exchange", "--tensor_bytes=4",
                                   "--db_exe=[a,b]", words[i].wait}};
        struct options o;
        struct sweep s;
        struct error err;
        char left[256] = "", notes[512];

        assert_int_equal(parse(&o, &line, NULL, 0, &err), 0);
        assert_int_equal(sweep_open(&s, &o, &err), 0);
        assert_int_equal(collapse(&s, servers, &err), 0);
        for (size_t k = 0; k < s.count; k++) {
            const struct value *exes = options_get(&o, OPT_DB_EXE)->values;
            size_t used = strlen(left);
            struct permutation p;

            sweep_at(&s, k, &p);
            snprintf(left + used, sizeof left - used, "%s%s", used ? " " : "",
                     permutation_text(&p, OPT_WAIT));
            assert_int_equal(
                sweep_sibling(&s, &p, OPT_DB_EXE, p.value[OPT_DB_EXE] == exes),
                words[i].sibling[k]);
        }
        assert_string_equal(left, words[i].left);
        assert_string_equal(sweep_notes(&s, notes, sizeof notes),
                            "wait: block comes to spin with floor 1, which has "
                            "no streams\n");
        sweep_close(&s);
        options_free(&o);
    }
}

/* Engines without sockets. */
static const struct engine *const socketless[] = {&engine_shm, &engine_files,
                                                  &engine_mpi, &engine_null};

/* What is no axis, and nothing to them: as it was given, what it is called in
 * the refusal, and the default as a file has it. */
static const struct {
    const char *given, *refusal, *file;
} vain[] = {
    {"--db_port=7000", "db_port: no server of this study (%s) has a port",
     "db_port: auto\n"},
    {"--db_port=0", "db_port: no server of this study (%s) has a port", ""},
    {"--db_max_clients=5",
     "db_max_clients: no server of this study (%s) has connections",
     "db_max_clients: auto\n"},
    {"--net_ifname=ib0",
     "net_ifname: no server of this study (%s) has an address on an interface",
     "net_ifname: auto\n"},
};

/* What comes of it; a file of no length is none. */
static int with_servers(const char *given, const char *exes, const char *file,
                        const struct engine *e, struct error *err)
{
    const struct server servers[2] = {{.engine = e, .label = "one"}, REDIS};
    struct line line = {{exes, "--tensor_bytes=4"}};
    struct options o;
    struct sweep s;
    int rc;

    line.arg[2] = given;
    if (strlen(file) > 0)
        line.arg[given ? 3 : 2] = "--config=study.yaml";
    assert_int_equal(parse(&o, &line, file, strlen(file), err), 0);
    assert_int_equal(sweep_open(&s, &o, err), 0);
    rc = collapse(&s, servers, err);
    sweep_close(&s);
    options_free(&o);
    return rc;
}

static void what_is_nothing_to_them(void **state)
{
    struct error err;
    char said[256];

    (void)state;
    for (size_t k = 0; k < COUNT(socketless); k++)
        for (size_t i = 0; i < COUNT(vain); i++) {
            const struct engine *e = socketless[k];

            snprintf(said, sizeof said, vain[i].refusal, "one");
            if (with_servers(vain[i].given, "--db_exe=a", "", e, &err) == 0 ||
                strncmp(err.text, said, strlen(said)) != 0)
                fail_msg("%s with %s: '%s'", vain[i].given, e->name, err.text);
            /* one that has it is enough, and a default is nobody's wish */
            if (with_servers(vain[i].given, "--db_exe=[a,b]", "", e, &err) < 0)
                fail_msg("%s with %s: %s", vain[i].given, e->name, err.text);
            if (with_servers(NULL, "--db_exe=a", vain[i].file, e, &err) < 0)
                fail_msg("%s with %s: %s", vain[i].file, e->name, err.text);
        }
}

/* Of databases and nodes they have nothing else that would be read in vain: a
 * new option says here what it is to them, or is among those they lack. */
static void what_is_something_to_them(void **state)
{
    static const enum option_id something[] = {
        OPT_DB_EXE,
        OPT_DB_NODES,           /* where folders are, and serving ranks */
        OPT_DB_SHARDS_PER_NODE, /* how many */
        OPT_DB_CPUS, /* those of serving ranks; free of clients in any case, so
                        that these run where they would beside a server */
        OPT_DB_MODULES, /* refused before (options_commands.c) */
        OPT_DB_TIMEOUT, /* how long a rank that makes a folder may be silent */
        OPT_DB_PATH,    /* to `files` */
        OPT_DB_HOSTS,
        OPT_NODE_FEATURE,
        OPT_DB_NODE_FEATURE,
        OPT_ROLE,
        OPT_LAUNCHER,
        OPT_VIRTUAL_NODES,
        OPT_MACHINE,
    };

    (void)state;
    for (size_t k = 0; k < COUNT(socketless); k++)
        for (int id = 0; id < OPT_COUNT; id++) {
            size_t i = 0;

            if (option_table[id].group != GROUP_DATABASE &&
                option_table[id].group != GROUP_NODES)
                continue;
            while (i < COUNT(something) && (int)something[i] != id)
                i++;
            if (i == COUNT(something) &&
                engine_has(socketless[k], (enum option_id)id) &&
                !(socketless[k] == &engine_null && id == OPT_DB_CLUSTER))
                fail_msg("%s: what is it to %s?", option_table[id].name,
                         socketless[k]->name);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left),
        cmocka_unit_test(words_that_are_lacked),
        cmocka_unit_test(what_is_nothing_to_them),
        cmocka_unit_test(what_is_something_to_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
