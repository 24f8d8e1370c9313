/* Options: what is accepted and what it means, and that --show_config reads
 * back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/options_line.h"
#include "options/options.h"

/* The values of an option in one text: "[20, 40]" or "20". */
static void join(const struct options *o, enum option_id id, char *buf,
                 size_t n)
{
    const struct setting *set = options_get(o, id);
    size_t used = 0;

    for (size_t i = 0; i < set->nvalues && used < n; i++)
        used += (size_t)snprintf(buf + used, n - used, "%s%s", i ? "|" : "",
                                 set->values[i].text);
}

/* ---- what is accepted ---- */

struct good {
    struct line line;
    const char *file;
    enum option_id id;
    const char *text; /* the values, with | between */
    bool is_auto;
};

static const struct good good[] = {
    /* defaults */
    {{{NULL}}, NULL, OPT_EXPERIMENT, "throughput_colocated", false},
    {{{NULL}}, NULL, OPT_DB_EXE, "redis-server", false},
    {{{NULL}}, NULL, OPT_CLIENT_NODES, "auto", true},
    {{{NULL}},
     NULL,
     OPT_TENSOR_BYTES,
     "1024|8192|16384|32769|65538|131076|262152|524304|1024000|2048000|"
     "4096000",
     false},
    {{{NULL}}, NULL, OPT_DB_ARGS, "{}", false},
    {{{NULL}}, NULL, OPT_OP_TIMEOUT, "30s", false},
    {{{NULL}}, NULL, OPT_MACHINE, "auto", true},
    {{{NULL}}, "", OPT_ITERATIONS, "100", false},
    {{{NULL}}, "# nothing\n", OPT_WARMUP, "1", false},
    {{{NULL}}, "---\n", OPT_VERIFY, "ends", false},
    {{{NULL}}, "{}\n", OPT_KEYS, "smartsim", false},

    /* a map, or a list of maps: a value each */
    {{{NULL}}, NULL, OPT_EXPECT, "{}", false},
    {{{"--expect=None"}}, NULL, OPT_EXPECT, "{}", false},
    {{{"--expect=[]"}}, NULL, OPT_EXPECT, "{}", false},
    {{{"--expect={window: '> 1GB/s'}"}},
     NULL,
     OPT_EXPECT,
     "{window: \"> 1GB/s\"}",
     false},
    {{{"--expect=[{window: '> 1GB/s'}]"}},
     NULL,
     OPT_EXPECT,
     "{window: \"> 1GB/s\"}",
     false},
    {{{"--expect=[{a: 1, b: null}, {a: 2}]"}},
     NULL,
     OPT_EXPECT,
     "{a: 1, b: null}|{a: 2}",
     false},
    {{{NULL}},
     "expect:\n- a: 1\n  b: < 2\n- {c: 3}\n",
     OPT_EXPECT,
     "{a: 1, b: \"< 2\"}|{c: 3}",
     false},
    {{{"--summary_json=null.json"}},
     NULL,
     OPT_SUMMARY_JSON,
     "null.json",
     false},
    {{{NULL}}, NULL, OPT_SUMMARY_JSON, "none", false},
    {{{"--quiet"}}, NULL, OPT_QUIET, "true", false},

    /* names and choices */
    {{{"throughput_scaling"}},
     NULL,
     OPT_EXPERIMENT,
     "throughput_standard",
     false},
    {{{"[throughput_scaling, throughput_colocated]"}},
     NULL,
     OPT_EXPERIMENT,
     "throughput_standard|throughput_colocated",
     false},
    {{{"--experiment=throughput_standard"}},
     NULL,
     OPT_EXPERIMENT,
     "throughput_standard",
     false},
    {{{"--nodes=[20,40,60]"}}, NULL, OPT_CLIENT_NODES, "20|40|60", false},
    {{{"--client-nodes", "4"}}, NULL, OPT_CLIENT_NODES, "4", false},
    {{{NULL}}, "nodes: 4\n", OPT_CLIENT_NODES, "4", false},
    {{{NULL}}, "nodes:\n  - 4\n  - 8\n", OPT_CLIENT_NODES, "4|8", false},
    {{{"--client=null"}}, NULL, OPT_CLIENT, "null", false},
    {{{"--client=[hiredis, null]"}}, NULL, OPT_CLIENT, "hiredis|null", false},
    {{{NULL}}, "client: \"null\"\n", OPT_CLIENT, "null", false},
    {{{NULL}}, "db_exe: null\n", OPT_DB_EXE, "null", false},
    {{{NULL}},
     "db_exe: [redis-server, /opt/valkey]\n",
     OPT_DB_EXE,
     "redis-server|/opt/valkey",
     false},
    {{{NULL}}, "\"verify\": 'all'\n", OPT_VERIFY, "all", false},

    /* lists without brackets, of axes */
    {{{"--tensor_bytes=64KiB,1MiB"}},
     NULL,
     OPT_TENSOR_BYTES,
     "65536|1048576",
     false},
    {{{"--tensor_bytes", "4, 8 ,16"}}, NULL, OPT_TENSOR_BYTES, "4|8|16", false},
    {{{NULL}}, "nodes: 20, 40\n", OPT_CLIENT_NODES, "20|40", false},
    {{{"--client=hiredis,null"}}, NULL, OPT_CLIENT, "hiredis|null", false},
    {{{"--db_exe=redis-server,null"}},
     NULL,
     OPT_DB_EXE,
     "redis-server|null",
     false},
    {{{"--db_exe='/opt/a,b'"}}, NULL, OPT_DB_EXE, "/opt/a,b", false},
    {{{"throughput_standard,throughput_colocated"}},
     NULL,
     OPT_EXPERIMENT,
     "throughput_standard|throughput_colocated",
     false},
    {{{"--db_hosts=a,b"}}, NULL, OPT_DB_HOSTS, "a,b", false},

    /* texts that begin with a bracket */
    {{{"--db_address=[::1]:6780"}}, NULL, OPT_DB_ADDRESS, "[::1]:6780", false},
    {{{"--db_address=[::1]"}}, NULL, OPT_DB_ADDRESS, "[::1]", false},
    {{{"--db_address=[fe80::a%eth0]"}},
     NULL,
     OPT_DB_ADDRESS,
     "[fe80::a%eth0]",
     false},
    {{{"--db_address=[::1:6780"}}, NULL, OPT_DB_ADDRESS, "[::1:6780", false},
    {{{"--db_address=[::1]:6780,[::2]:6781"}},
     NULL,
     OPT_DB_ADDRESS,
     "[::1]:6780,[::2]:6781",
     false},
    {{{"--db_hosts=[1-2]n"}}, NULL, OPT_DB_HOSTS, "[1-2]n", false},
    {{{"--db_hosts=[1-2]n[3-4]"}}, NULL, OPT_DB_HOSTS, "[1-2]n[3-4]", false},
    {{{"--db_hosts=[a,b]"}}, NULL, OPT_DB_HOSTS, "a|b", false},
    {{{"--db_hosts= [a] "}}, NULL, OPT_DB_HOSTS, "a", false},
    {{{"--output={a}.h5"}}, NULL, OPT_OUTPUT, "{a}.h5", false},

    /* auto in all its spellings */
    {{{"--nodes=auto"}}, NULL, OPT_CLIENT_NODES, "auto", true},
    {{{"--nodes=null"}}, NULL, OPT_CLIENT_NODES, "auto", true},
    {{{"--nodes=None"}}, NULL, OPT_CLIENT_NODES, "auto", true},
    {{{"--nodes=~"}}, NULL, OPT_CLIENT_NODES, "auto", true},
    {{{"--nodes="}}, NULL, OPT_CLIENT_NODES, "auto", true},
    {{{"--nodes=[]"}}, NULL, OPT_CLIENT_NODES, "auto", true},
    {{{"--nodes={}"}}, NULL, OPT_CLIENT_NODES, "auto", true},
    {{{"--nodes=[20,auto]"}}, NULL, OPT_CLIENT_NODES, "20|auto", false},
    {{{NULL}}, "nodes:\noutput: a.h5\n", OPT_CLIENT_NODES, "auto", true},
    {{{NULL}}, "output: None\n", OPT_OUTPUT, "auto", true},
    {{{NULL}}, "output: []\n", OPT_OUTPUT, "auto", true},
    {{{NULL}}, "output: none\n", OPT_OUTPUT, "none", false},
    {{{NULL}}, "output: \"auto\"\n", OPT_OUTPUT, "auto", false},
    {{{NULL}}, "output: 'None'\n", OPT_OUTPUT, "None", false},

    /* texts that are not YAML */
    {{{"--output=a: b"}}, NULL, OPT_OUTPUT, "a: b", false},
    {{{"--output=@x"}}, NULL, OPT_OUTPUT, "@x", false},
    {{{"--output=%x"}}, NULL, OPT_OUTPUT, "%x", false},
    {{{"--output=*x"}}, NULL, OPT_OUTPUT, "*x", false},
    {{{"--output=&x"}}, NULL, OPT_OUTPUT, "&x", false},
    {{{"--output=a #b"}}, NULL, OPT_OUTPUT, "a #b", false},
    {{{"--output=#b"}}, NULL, OPT_OUTPUT, "#b", false},
    {{{"--output=- b"}}, NULL, OPT_OUTPUT, "- b", false},
    {{{"--output=a=b"}}, NULL, OPT_OUTPUT, "a=b", false},
    {{{"--output='a b'"}}, NULL, OPT_OUTPUT, "a b", false},
    {{{"--output=\"a\\u00e9\""}}, NULL, OPT_OUTPUT, "a\xc3\xa9", false},
    {{{"--output='tis"}}, NULL, OPT_OUTPUT, "'tis", false},
    {{{"--output=\"a\"b"}}, NULL, OPT_OUTPUT, "\"a\"b", false},
    {{{"--output", " a b "}}, NULL, OPT_OUTPUT, "a b", false},
    {{{"--output", "./-"}}, NULL, OPT_OUTPUT, "./-", false},
    {{{"--output=caf\xc3\xa9.h5"}}, NULL, OPT_OUTPUT, "caf\xc3\xa9.h5", false},
    {{{"--exp_name=2024"}}, NULL, OPT_EXP_NAME, "2024", false},
    {{{"--exp_name=..."}}, NULL, OPT_EXP_NAME, "...", false},

    /* numbers, sizes, times, flags, shapes */
    {{{"--tensor_bytes=[4, 32769, 1MiB, 1.5 MiB, 4GiB]"}},
     NULL,
     OPT_TENSOR_BYTES,
     "4|32769|1048576|1572864|4294967296",
     false},
    {{{NULL}}, "tensor_bytes: \"64KiB\"\n", OPT_TENSOR_BYTES, "65536", false},
    {{{"--db_nodes=[4,8,16]"}}, NULL, OPT_DB_NODES, "4|8|16", false},
    {{{"--iterations=+7"}}, NULL, OPT_ITERATIONS, "7", false},
    {{{"--warmup", "0"}}, NULL, OPT_WARMUP, "0", false},
    {{{"--db_port=55535"}}, NULL, OPT_DB_PORT, "55535", false},
    {{{"--db_port=0"}}, NULL, OPT_DB_PORT, "0", false},
    {{{"--op_timeout=05:00:00"}}, NULL, OPT_OP_TIMEOUT, "18000s", false},
    {{{"--wall_time=05:00:00"}}, NULL, OPT_WALL_TIME, "18000s", false},
    {{{NULL}}, NULL, OPT_WALL_TIME, "auto", true},
    {{{"--term_grace=0"}}, NULL, OPT_TERM_GRACE, "0s", false},
    {{{"--op_timeout=200ms"}}, NULL, OPT_OP_TIMEOUT, "0.2s", false},
    {{{"--op_timeout=1d"}}, NULL, OPT_OP_TIMEOUT, "86400s", false},
    {{{"--op_timeout=1us"}}, NULL, OPT_OP_TIMEOUT, "1e-06s", false},
    {{{"--compute=0s"}}, NULL, OPT_COMPUTE, "0s", false},
    {{{"--compute=0,31.47ms"}}, NULL, OPT_COMPUTE, "0s|0.03147s", false},
    {{{NULL}}, NULL, OPT_RATE, "max", false},
    {{{"--rate=[max, 100, 100.5/s, 0.1 /s, 1e3]"}},
     NULL,
     OPT_RATE,
     "max|100|100.5|0.1|1000",
     false},
    {{{NULL}}, "rate: 100/s\n", OPT_RATE, "100", false},
    {{{"--rate=max,search", "--sustain={put_response_p99: < 5ms}"}},
     NULL,
     OPT_RATE,
     "max|search",
     false},
    {{{"--rate=5", "--arrivals=[poisson, uniform]", "--seed=3"}},
     NULL,
     OPT_ARRIVALS,
     "poisson|uniform",
     false},
    {{{"--overwrite"}}, NULL, OPT_OVERWRITE, "true", false},
    {{{"--overwrite=False"}}, NULL, OPT_OVERWRITE, "false", false},
    {{{"--overwrite", "throughput_standard"}},
     NULL,
     OPT_OVERWRITE,
     "true",
     false},
    {{{NULL}}, "overwrite: yes\n", OPT_OVERWRITE, "true", false},
    {{{NULL}}, "overwrite: True\n", OPT_OVERWRITE, "true", false},
    {{{NULL}}, "overwrite: no\n", OPT_OVERWRITE, "false", false},
    {{{"--dry_run", "--machine=136x48"}}, NULL, OPT_MACHINE, "136x48", false},
    {{{"--machine", "1X2", "--dry-run"}}, NULL, OPT_MACHINE, "1x2", false},
    {{{"--machine=auto"}}, NULL, OPT_MACHINE, "auto", true},

    /* maps */
    {{{"--db_args={save: \"\"}"}}, NULL, OPT_DB_ARGS, "{save: \"\"}", false},
    {{{"--db_args={\"C\":\"V100\",\"exclusive\":null}"}},
     NULL,
     OPT_DB_ARGS,
     "{C: V100, exclusive: null}",
     false},
    {{{"--db_args={a, b: ~, c: 'null', d: no, e: 1 2}"}},
     NULL,
     OPT_DB_ARGS,
     "{a: null, b: null, c: \"null\", d: \"no\", e: \"1 2\"}",
     false},
    {{{"--db_args=None"}}, NULL, OPT_DB_ARGS, "{}", false},
    {{{"--db_args="}}, NULL, OPT_DB_ARGS, "{}", false},
    {{{NULL}},
     "db_args:\n  save: ''\n  maxmemory: 100mb\n",
     OPT_DB_ARGS,
     "{maxmemory: 100mb, save: \"\"}", /* in one order, as values of an axis */
     false},
    {{{"--null_client={fail_at: 3}", "--client=null"}},
     NULL,
     OPT_NULL_CLIENT,
     "{fail_at: 3}",
     false},

    /* the command line wins */
    {{{"--iterations=7"}}, "iterations: 5\n", OPT_ITERATIONS, "7", false},
    {{{"--nodes=7"}}, "client_nodes: [1, 2]\n", OPT_CLIENT_NODES, "7", false},
    {{{"throughput_standard"}},
     "experiment: throughput_colocated\n",
     OPT_EXPERIMENT,
     "throughput_standard",
     false},
    {{{"--config", "x.yaml"}}, "iterations: 5\n", OPT_ITERATIONS, "5", false},
    {{{"--config=x.yaml", "--warmup=2"}},
     "iterations: 5\n",
     OPT_ITERATIONS,
     "5",
     false},

    /* a byte order mark, Windows' line ends, directives */
    {{{NULL}},
     "\xef\xbb\xbfiterations: 5\r\nwarmup: 2\r\n",
     OPT_ITERATIONS,
     "5",
     false},
    {{{NULL}},
     "%YAML 1.1\n---\niterations: 5 # five\n...\n",
     OPT_ITERATIONS,
     "5",
     false},
};

static void good_ones_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        const struct good *g = &good[i];
        size_t length = g->file ? strlen(g->file) : 0;
        struct options o;
        struct error err;
        char text[512];

        if (parse(&o, &g->line, g->file, length, &err) < 0)
            fail_msg("vector %zu (%s, %s) is refused: %s", i,
                     g->line.arg[0] ? g->line.arg[0] : "",
                     g->file ? g->file : "", err.text);
        join(&o, g->id, text, sizeof text);
        if (strcmp(text, g->text) != 0)
            fail_msg("vector %zu (%s, %s) is '%s', expected '%s'", i,
                     g->line.arg[0] ? g->line.arg[0] : "",
                     g->file ? g->file : "", text, g->text);
        if (options_one(&o, g->id)->is_auto != g->is_auto)
            fail_msg("vector %zu: '%s' is %sauto", i, text,
                     g->is_auto ? "not " : "");
        options_free(&o);
    }
}

static void values_are_numbers_too(void **state)
{
    const struct line line = {{"--op_timeout=2m", "--machine=136x48",
                               "--dry_run", "--verify=all", "--overwrite",
                               "--db_args={a: 1, b: null}"}};
    const struct value *v;
    struct options o;
    struct error err;

    (void)state;
    assert_int_equal(parse(&o, &line, NULL, 0, &err), 0);
    assert_true(options_one(&o, OPT_OP_TIMEOUT)->seconds == 120);
    assert_int_equal(options_one(&o, OPT_MACHINE)->count, 136);
    assert_int_equal(options_one(&o, OPT_MACHINE)->count2, 48);
    assert_int_equal(options_one(&o, OPT_VERIFY)->count, VERIFY_ALL);
    assert_int_equal(options_one(&o, OPT_OVERWRITE)->count, 1);
    assert_int_equal(options_one(&o, OPT_EXPERIMENT)->count,
                     EXPERIMENT_COLOCATED);
    assert_int_equal(options_one(&o, OPT_KEYS)->count, KEYS_SMARTSIM);
    assert_int_equal(options_get(&o, OPT_TENSOR_BYTES)->values[1].count, 8192);
    v = options_one(&o, OPT_DB_ARGS);
    assert_int_equal(v->npairs, 2);
    assert_string_equal(v->pairs[0].name, "a");
    assert_string_equal(v->pairs[0].value, "1");
    assert_string_equal(v->pairs[1].name, "b");
    assert_null(v->pairs[1].value);
    options_free(&o);
    options_free(&o);
    assert_null(o.set[OPT_KEYS].values);
}

static void origins_are_told(void **state)
{
    const struct line line = {{"throughput_standard", "--client-nodes=2"}};
    const char *file = "warmup: 3\ndb_nodes: [1,\n  2]\niterations:   5\n";
    struct options o;
    struct error err;

    (void)state;
    assert_int_equal(parse(&o, &line, file, strlen(file), &err), 0);
    assert_string_equal(options_get(&o, OPT_WARMUP)->origin, "study.yaml:1:9");
    assert_string_equal(options_get(&o, OPT_DB_NODES)->origin,
                        "study.yaml:2:11");
    assert_string_equal(options_get(&o, OPT_ITERATIONS)->origin,
                        "study.yaml:4:15");
    assert_string_equal(options_get(&o, OPT_CLIENT_NODES)->origin,
                        "--client-nodes");
    assert_string_equal(options_get(&o, OPT_EXPERIMENT)->origin, "EXPERIMENT");
    assert_string_equal(options_get(&o, OPT_KEYS)->origin, "default");
    assert_true(options_get(&o, OPT_WARMUP)->given);
    assert_false(options_get(&o, OPT_KEYS)->given);
    options_free(&o);
}

/* ---- requests and --config ---- */

static void requests_are_seen(void **state)
{
    static const struct {
        struct line line;
        enum request request;
    } vectors[] = {
        {{{NULL}}, REQUEST_RUN},
        {{{"--help"}}, REQUEST_HELP},
        {{{"-h"}}, REQUEST_HELP},
        {{{"--version"}}, REQUEST_VERSION},
        {{{"--version", "-h"}}, REQUEST_HELP},
        {{{"--show_config"}}, REQUEST_SHOW_CONFIG},
        {{{"--show-config"}}, REQUEST_SHOW_CONFIG},
        {{{"--dry-run"}}, REQUEST_DRY_RUN},
        {{{"--dry_run=True"}}, REQUEST_DRY_RUN},
        {{{"--dry_run=false"}}, REQUEST_RUN},
        {{{"--dry_run", "--show_config"}}, REQUEST_SHOW_CONFIG},
        {{{"--show_config", "--dry_run"}}, REQUEST_SHOW_CONFIG},
        /* whatever else is wrong */
        {{{"--iterations=abc", "--help"}}, REQUEST_HELP},
        {{{"--nonsense", "--version"}}, REQUEST_VERSION},
        {{{"--config", "--help"}}, REQUEST_HELP},
        {{{"--exp_name", "-h"}}, REQUEST_HELP},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct options o;
        struct error err;

        if (parse(&o, &vectors[i].line, NULL, 0, &err) < 0)
            fail_msg("vector %zu is refused: %s", i, err.text);
        assert_int_equal(o.request, vectors[i].request);
        options_free(&o);
    }
}

/* By the command line alone, whatever is wrong with it or stands in a file. */
static void requests_are_found_early(void **state)
{
    static const struct {
        struct line line;
        enum request request;
        bool imaginary;
    } vectors[] = {
        {{{NULL}}, REQUEST_RUN, false},
        {{{"--nonsense", "--dry_run"}}, REQUEST_DRY_RUN, false},
        {{{"--dry-run=true"}}, REQUEST_DRY_RUN, false},
        {{{"--dry_run=no"}}, REQUEST_RUN, false},
        {{{"--dry_run", "--machine=4x4"}}, REQUEST_DRY_RUN, true},
        {{{"--machine", "4x4", "--dry_run"}}, REQUEST_DRY_RUN, true},
        {{{"--machine=auto", "--dry_run"}}, REQUEST_DRY_RUN, false},
        {{{"--machine", "auto", "--dry_run"}}, REQUEST_DRY_RUN, false},
        {{{"machine", "--dry_run"}}, REQUEST_DRY_RUN, false},
        {{{"--output", "dry_run"}}, REQUEST_RUN, false},
        {{{"--dry_run", "--show_config=on"}}, REQUEST_SHOW_CONFIG, false},
        {{{"--show_config", "-h"}}, REQUEST_HELP, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        char *argv[ARGS_MAX + 1] = {"srbench"};
        bool imaginary = true;
        int argc = 1;

        for (; vectors[i].line.arg[argc - 1]; argc++)
            argv[argc] = strdup(vectors[i].line.arg[argc - 1]);
        if (options_find_request(argc, argv, &imaginary) !=
                vectors[i].request ||
            imaginary != vectors[i].imaginary)
            fail_msg("vector %zu: found another request", i);
        while (--argc > 0)
            free(argv[argc]);
    }
}

/* ---- the parts of a job ---- */

/* What another part says beside a first one of two nodes and 7 iterations;
 * words NULL: it fits. */
static const struct {
    struct line line;
    enum role role;
    const char *words;
} parts[] = {
    {{{NULL}}, ROLE_AUTO, NULL},
    {{{"--role=db"}}, ROLE_DB, NULL},
    {{{"--role=client", "--iterations=7"}}, ROLE_CLIENT, NULL},
    {{{"--nodes=[2]", "throughput_standard"}}, ROLE_AUTO, NULL},
    {{{"--warmup=1"}}, ROLE_AUTO, NULL}, /* as it is by default */
    {{{"--role=dbs"}},
     ROLE_AUTO,
     "--role: found 'dbs', expected auto, db or client"},
    {{{"--nonsense=1"}},
     ROLE_AUTO,
     "--nonsense: unknown option (srbench --help lists all)"},
    {{{"--iterations=8"}},
     ROLE_AUTO,
     "--iterations: found 8, but the first part of the job says 7; expected "
     "the same, or nothing (only --role is each part's own)"},
    {{{"--tensor-bytes=[4,8]"}},
     ROLE_AUTO,
     "--tensor-bytes: found [4, 8], but the first part of the job says 1024; "
     "expected the same, or nothing (only --role is each part's own)"},
    {{{"throughput_colocated"}},
     ROLE_AUTO,
     "EXPERIMENT: experiment: found throughput_colocated, but the first part "
     "of the job says throughput_standard; expected the same, or nothing "
     "(only --role is each part's own)"},
    {{{"serve"}},
     ROLE_AUTO,
     "found serve, which the first part of the job does not say"},
    {{{"--dry_run"}},
     ROLE_AUTO,
     "found --dry_run, which the first part of the job does not say"},
};

static void parts_say_the_same(void **state)
{
    const struct line first = {{"throughput_standard", "--role=client",
                                "--nodes=2", "--tensor_bytes=1KiB"}};
    static const char file[] = "iterations: 7\n";
    struct options o;
    struct error err;

    (void)state;
    assert_int_equal(parse(&o, &first, file, sizeof file - 1, &err), 0);
    for (size_t i = 0; i < COUNT(parts); i++) {
        char *argv[ARGS_MAX + 1] = {"srbench"};
        enum role role = ROLE_AUTO;
        int argc = 1, rc;

        for (; parts[i].line.arg[argc - 1]; argc++)
            argv[argc] = strdup(parts[i].line.arg[argc - 1]);
        err.text[0] = '\0';
        rc = options_parse_part(&o, argc, argv, &role, &err);
        if (rc != (parts[i].words ? -1 : 0))
            fail_msg("part %zu: %d '%s'", i, rc, err.text);
        if (parts[i].words)
            assert_string_equal(err.text, parts[i].words);
        assert_int_equal(role, parts[i].role);
        while (--argc > 0)
            free(argv[argc]);
    }
    options_free(&o);
}

static void the_file_is_found(void **state)
{
    static char *const spaced[] = {"srbench", "--nodes", "2", "--config",
                                   "a.yaml"};
    static char *const joined[] = {"srbench", "--config=a=b.yaml", "--nodes"};
    static char *const none[] = {"srbench", "--configs=3", "config"};
    static char *const help[] = {"srbench", "--config=a.yaml", "--help"};
    static char *const twice[] = {"srbench", "--config=a", "--config", "b"};
    static char *const last[] = {"srbench", "--config"};
    static char *const empty[] = {"srbench", "--config="};
    const char *file;
    struct error err;

    (void)state;
    assert_int_equal(options_find_config(5, spaced, &file, &err), 0);
    assert_ptr_equal(file, spaced[4]);
    assert_int_equal(options_find_config(3, joined, &file, &err), 0);
    assert_string_equal(file, "a=b.yaml");
    assert_int_equal(options_find_config(3, none, &file, &err), 0);
    assert_null(file);
    assert_int_equal(options_find_config(3, help, &file, &err), 0);
    assert_null(file);
    assert_int_equal(options_find_config(4, twice, &file, &err), -1);
    assert_string_equal(err.text, "--config: given twice ('a' and 'b'), "
                                  "expected one file");
    assert_int_equal(options_find_config(2, last, &file, &err), -1);
    assert_string_equal(err.text, "--config: found nothing, expected the name "
                                  "of a file");
    assert_int_equal(options_find_config(2, empty, &file, &err), -1);
}

static void long_lists_are_read(void **state)
{
    char *text = malloc(200000), *end;
    struct options o;
    struct error err;

    (void)state;
    assert_non_null(text);
    end = stpcpy(text, "nodes: [1");
    for (int i = 2; i <= 10000; i++)
        end += sprintf(end, ", %d", i);
    end = stpcpy(end, "]\n");
    assert_int_equal(parse(&o, NULL, text, (size_t)(end - text), &err), 0);
    assert_int_equal(options_get(&o, OPT_CLIENT_NODES)->nvalues, 10000);
    options_free(&o);
    free(text);
}

/* ---- show -> parse ---- */

static char *show(const struct options *o)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    assert_non_null(out);
    options_show(o, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void assert_same_value(const struct value *a, const struct value *b)
{
    assert_string_equal(a->text, b->text);
    assert_int_equal(a->is_auto, b->is_auto);
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->count2, b->count2);
    assert_memory_equal(&a->seconds, &b->seconds, sizeof a->seconds);
    assert_memory_equal(&a->share, &b->share, sizeof a->share);
    assert_memory_equal(&a->rate, &b->rate, sizeof a->rate);
    assert_int_equal(a->word, b->word);
    assert_int_equal(a->npairs, b->npairs);
    for (size_t i = 0; i < a->npairs; i++) {
        assert_string_equal(a->pairs[i].name, b->pairs[i].name);
        assert_int_equal(!a->pairs[i].value, !b->pairs[i].value);
        if (a->pairs[i].value)
            assert_string_equal(a->pairs[i].value, b->pairs[i].value);
    }
}

static void shown_configurations_read_back(void **state)
{
    static const struct line lines[] = {
        {{NULL}},
        {{"throughput_standard", "--nodes=[20,auto]", "--db_nodes=[4,8,16]"}},
        {{"[throughput_standard, throughput_colocated]", "--client=null",
          "--null_client={fail_at: 3, delay: 1ms}", "--db_exe=null"}},
        {{"--output=a: b #c", "--exp_name='auto'", "--net_ifname='None'",
          "--db_exe=[redis-server, '~', x y]"}},
        {{"--output=\"\\u00e9\\u2028\\u0085\\ufffe\\ufeff\\U0001F600\\\\\\\"\"",
          "--exp_name=- x", "--db_exe=['yes', No, 'null', \"a'b\"]"}},
        {{"--db_args={save: '', a: null, b: 'null', 'c:': 'd, e', f: \"{}\"}",
          "--op_timeout=0.1", "--db_timeout=12345.678901234567"}},
        {{"--op_timeout=1us", "--db_timeout=333us", "--overwrite=yes",
          "--tensor_bytes=[1.5KiB,4GiB]", "--verify=none", "--output=none"}},
        {{"--dry_run", "--machine=136x48", "--exp_name=#1", "--output=%x@y"}},
        {{"throughput_standard", "--keys=[smartsim,balanced]",
          "--db_shards_per_node=[1,2]", "--db_io_threads=4", "--exp_name='-'"}},
        {{"--duration=1.5s", "--max_samples=64", "--until_interval=2.5%",
          "--repetitions=9", "--order=random", "--seed=7"}},
        {{"--socket_buffer=[auto,64KiB]", "--sync=[none,iteration]",
          "--pattern=[phases,pair]", "--pin_app_cpus=[yes,no]",
          "--db_cpus=[1,4]"}},
        {{"--compute=[0s, 20ms]", "--compute_kind=[spin, sleep, stream]"}},
        {{"--rate=[max, 0.3, 123456.789]", "--arrivals=poisson", "--seed=1"}},
        {{"--rate=search", "--sustain={step_response_median: <= 2ms}",
          "--max_samples=100000"}},
        {{"--rate=[7, search]", "--sustain={put_tensor_p95: < 2ms}",
          "--iterations=7"}},
    };
    const struct line plain = {{NULL}}, planned = {{"--dry_run"}};

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct options a, b;
        struct error err;
        char *text, *again;

        if (parse(&a, &lines[i], NULL, 0, &err) < 0)
            fail_msg("line %zu is refused: %s", i, err.text);
        text = show(&a);
        if (parse(&b, a.request == REQUEST_DRY_RUN ? &planned : &plain, text,
                  strlen(text), &err) < 0)
            fail_msg("%s\nis refused: %s", text, err.text);
        for (int id = 0; id < OPT_COUNT; id++) {
            assert_int_equal(a.set[id].nvalues, b.set[id].nvalues);
            for (size_t k = 0; k < a.set[id].nvalues; k++)
                assert_same_value(&a.set[id].values[k], &b.set[id].values[k]);
        }
        again = show(&b);
        assert_string_equal(text, again);
        free(again);
        free(text);
        options_free(&a);
        options_free(&b);
    }
}

/* What no placement of the study has must not come back as if it were given. */
static void defaults_without_use_are_comments(void **state)
{
    struct options o;
    struct error err;
    char *text;

    (void)state;
    assert_int_equal(parse(&o, NULL, NULL, 0, &err), 0);
    text = show(&o);
    assert_true(text[0] == '#');
    assert_non_null(strstr(text, "\n# db_nodes: auto\n"));
    assert_non_null(strstr(text, "\n# keys: smartsim\n"));
    assert_non_null(strstr(text, "\ndb_io_threads: 1\n"));
    assert_non_null(strstr(text, "\nclient_nodes: auto\n"));
    assert_non_null(strstr(text, "\ntensor_bytes: [1024, 8192, "));
    free(text);
    options_free(&o);
}

/* ---- the table and --help ---- */

static void the_table_is_whole(void **state)
{
    (void)state;
    for (int id = 0; id < OPT_COUNT; id++) {
        const struct option *d = &option_table[id];

        assert_non_null(d->name);
        assert_non_null(d->def);
        assert_non_null(d->help);
        assert_null(strchr(d->help, '\n'));
        assert_true(d->only < IN_BOTH);
        if (option_starts((enum option_id)id) && d->told == TOLD_UNSAID)
            fail_msg("%s shapes databases, and does not say (.told) what their "
                     "own job is told of it",
                     d->name);
        assert_false(d->starts && id < OPT_AXES);
        assert_true(id < OPT_AXES || !d->setup);
        assert_true((d->type == OPTION_CHOICE) ==
                    (d->choices || d->handed == HANDED_CLIENTS));
        assert_true(id >= OPT_AXES || id == OPT_EXPERIMENT || d->tag);
    }
}

static void placements_are_known(void **state)
{
    const struct line standard = {{"throughput_standard"}};
    const struct line both = {{"[throughput_standard, throughput_colocated]"}};
    struct options o;
    struct error err;

    (void)state;
    assert_int_equal(parse(&o, NULL, NULL, 0, &err), 0);
    assert_false(options_has_placement(&o, IN_STANDARD));
    assert_true(options_has_placement(&o, IN_COLOCATED));
    assert_true(options_has_placement(&o, IN_BOTH));
    options_free(&o);
    assert_int_equal(parse(&o, &standard, NULL, 0, &err), 0);
    assert_true(options_has_placement(&o, IN_STANDARD));
    assert_false(options_has_placement(&o, IN_COLOCATED));
    options_free(&o);
    assert_int_equal(parse(&o, &both, NULL, 0, &err), 0);
    assert_true(options_has_placement(&o, IN_STANDARD));
    assert_true(options_has_placement(&o, IN_COLOCATED));
    options_free(&o);
}

/* What --help prints of a topic, to be freed. */
static char *help_of(const char *topic)
{
    const struct line line = {{"--help", topic}};
    struct options o;
    struct error err;
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    assert_non_null(out);
    assert_int_equal(parse(&o, &line, NULL, 0, &err), 0);
    options_help(out, &o);
    options_free(&o);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void no_wider_than(const char *text, size_t columns)
{
    for (const char *line = text; *line;) {
        size_t width = strcspn(line, "\n");

        if (width > columns)
            fail_msg("wider than %zu columns: %.*s", columns, (int)width, line);
        line += width + (line[width] == '\n');
    }
}

static void help_names_everything(void **state)
{
    static const char *const words[] = {"--help",
                                        "--version",
                                        "--show_config",
                                        "--dry_run",
                                        "--config FILE",
                                        "(or --nodes)",
                                        "hiredis: through that library",
                                        "floor: srbench's own"};
    char *text = help_of("all"), name[64];

    (void)state;
    for (size_t i = 0; i < COUNT(words); i++)
        assert_non_null(strstr(text, words[i]));
    for (int id = 0; id < OPT_COUNT; id++) {
        snprintf(name, sizeof name, "\n  --%s", option_table[id].name);
        assert_non_null(strstr(text, name));
    }
    no_wider_than(text, 100);
    free(text);
}

/* Also of what is no option and stands beside them. */
static void help_of_a_flag(void **state)
{
    char *text = help_of("dry_run"), *config = help_of("config");

    (void)state;
    assert_non_null(strstr(text, "--dry_run         print the plan"));
    assert_null(strstr(text, "--version"));
    assert_non_null(strstr(config, "--config FILE"));
    free(text);
    free(config);
}

/* One line an option, but for those of tests. */
static void help_is_brief(void **state)
{
    char *text = help_of(NULL), name[64], *at, *examples;

    (void)state;
    for (int id = 0; id < OPT_COUNT; id++) {
        const struct option *d = &option_table[id];

        snprintf(name, sizeof name, "\n  --%s ", d->name);
        at = strstr(text, name);
        if (!at != d->for_tests)
            fail_msg("--help has %s: %d", d->name, at != NULL);
        if (at && strstr(at + 1, name))
            fail_msg("--help has %s twice", d->name);
    }
    assert_null(strstr(text, "--null_client"));
    examples = strstr(text, "Examples:");
    assert_non_null(examples);
    for (int i = 0; i < 3; i++) {
        examples = strstr(examples, "\n  # ");
        assert_non_null(examples++);
    }
    assert_non_null(strstr(text, "\nThe databases:\n"));
    no_wider_than(text, 80);
    free(text);
}

static void help_with_one_option(void **state)
{
    static const char *const ways[] = {"client_nodes", "client-nodes", "nodes"};

    (void)state;
    for (size_t i = 0; i < COUNT(ways); i++) {
        char *text = help_of(ways[i]);

        assert_ptr_equal(strstr(text, "  --client_nodes (or --nodes)\n"), text);
        assert_non_null(strstr(text, "default: auto"));
        assert_null(strstr(text, "--clients_per_node"));
        free(text);
    }
}

static void help_with_nothing_is_refused(void **state)
{
    static const struct {
        struct line line;
        const char *words;
    } vectors[] = {
        {{{"--help", "tensor_byte"}},
         "--help: found 'tensor_byte', which is no option (did you mean "
         "'tensor_bytes'?); expected one, all, man, bash, zsh or nothing"},
        {{{"--help=zzzzz"}},
         "--help: found 'zzzzz', which is no option; expected one, all, man, "
         "bash, zsh or nothing"},
        {{{"--help=true"}}, NULL},
        {{{"--help", "--tensor_byte"}}, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct options o;
        struct error err;
        int rc = parse(&o, &vectors[i].line, NULL, 0, &err);

        assert_int_equal(rc, vectors[i].words ? -1 : 0);
        if (vectors[i].words)
            assert_string_equal(err.text, vectors[i].words);
        else
            options_free(&o);
    }
}

/* Made of the table: every option is there. test_pages.py has them read by what
 * they are for. */
static void pages_have_every_option(void **state)
{
    static const char *const topics[] = {"man", "bash", "zsh"};

    (void)state;
    for (size_t i = 0; i < COUNT(topics); i++) {
        char *text = help_of(topics[i]);

        for (int id = 0; id < OPT_COUNT; id++)
            if (!strstr(text, option_table[id].name))
                fail_msg("%s lacks %s", topics[i], option_table[id].name);
        free(text);
    }
}

static void studies_are_resumed_when_the_same(void **state)
{
    static const struct {
        struct line was, is;
        const char *words; /* NULL: may be resumed */
    } vectors[] = {
        {{{NULL}}, {{NULL}}, NULL},
        {{{"--tensor_bytes=1KiB"}}, {{"--tensor_bytes=1024"}}, NULL},
        {{{"--iterations=100"}}, {{NULL}}, NULL},
        {{{"--client_nodes=[20,40]"}},
         {{"--client_nodes=[20,60]"}},
         "client_nodes was [20, 40], is [20, 60]"},
        {{{"--client_nodes=[20,40]"}},
         {{"--client_nodes=[40,20]"}},
         "client_nodes was [20, 40], is [40, 20]"},
        {{{NULL}}, {{"--nodes=4"}}, "client_nodes was auto, is 4"},
        {{{"--db_args={save: ''}"}},
         {{NULL}},
         "db_args was {save: \"\"}, is {}"},
        {{{NULL}},
         {{"--warmup=2", "--verify=all", "--iterations=3", "--keys=balanced",
           "--sync=none", "throughput_standard"}},
         "experiment was throughput_colocated, is throughput_standard; keys "
         "was smartsim, is balanced; sync was start, is none; and 3 more"},
        /* what shapes no permutation */
        {{{"--output=a.h5", "--overwrite", "--wall_time=1h", "--quiet"}},
         {{"--output=b.h5", "--resume", "--term_grace=1s", "--verbose"}},
         NULL},
        {{{"--op_timeout=1s", "--summary_json=x"}},
         {{"--op_timeout=9s", "--db_timeout=9s", "--db_port=7000"}},
         NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct options was, is;
        struct error err = {.text = ""};

        assert_int_equal(parse(&was, &vectors[i].was, NULL, 0, &err), 0);
        assert_int_equal(parse(&is, &vectors[i].is, NULL, 0, &err), 0);
        assert_int_equal(options_resumable(&was, &is, &err),
                         vectors[i].words ? -1 : 0);
        assert_string_equal(err.text, vectors[i].words ? vectors[i].words : "");
        options_free(&was);
        options_free(&is);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones_are_read),
        cmocka_unit_test(values_are_numbers_too),
        cmocka_unit_test(origins_are_told),
        cmocka_unit_test(requests_are_seen),
        cmocka_unit_test(requests_are_found_early),
        cmocka_unit_test(parts_say_the_same),
        cmocka_unit_test(the_file_is_found),
        cmocka_unit_test(long_lists_are_read),
        cmocka_unit_test(shown_configurations_read_back),
        cmocka_unit_test(defaults_without_use_are_comments),
        cmocka_unit_test(the_table_is_whole),
        cmocka_unit_test(placements_are_known),
        cmocka_unit_test(help_names_everything),
        cmocka_unit_test(help_of_a_flag),
        cmocka_unit_test(help_is_brief),
        cmocka_unit_test(help_with_one_option),
        cmocka_unit_test(help_with_nothing_is_refused),
        cmocka_unit_test(pages_have_every_option),
        cmocka_unit_test(studies_are_resumed_when_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
