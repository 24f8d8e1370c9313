/* Axes that servers lack: what is left of a sweep, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left),
        cmocka_unit_test(words_that_are_lacked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
