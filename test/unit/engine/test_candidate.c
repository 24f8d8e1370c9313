/* What candidates set on a base, and what proves them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "engine/candidate.h"
#include "engine/engine.h"
#include "lib/study.h"

static const struct candidate *find(const char *engine, const char *name)
{
    const struct candidate *c = engine_named(engine)->candidates;

    while (strcmp(c->name, name) != 0)
        c++;
    return c;
}

/* Base and candidate, and what that sets: options in the candidate's order, ""
 * where it has nothing to give. */
static const struct {
    struct line line;
    const char *engine, *candidate, *version, *set;
} cases[] = {
    {{{"throughput_colocated"}},
     "redis",
     "unix_socket",
     "7.0.15",
     "transport unix"},
    {{{"throughput_colocated", "--transport=unix"}},
     "redis",
     "unix_socket",
     "7.0.15",
     ""},
    {{{"throughput_standard"}}, "redis", "unix_socket", "7.0.15", ""},
    {{{"throughput_colocated"}}, "redis", "shards", "7.0.15", ""},
    {{{"throughput_standard", "--db_cpus=3"}},
     "redis",
     "shards",
     "7.0.15",
     "db_shards_per_node 2, db_cpus 6"},
    {{{"throughput_standard"}}, "redis", "io_threads", "7.0.15", ""},
    {{{"throughput_standard", "--db_cpus=3"}},
     "redis",
     "io_threads",
     "7.0.15",
     "db_io_threads 3"},
    {{{"throughput_standard", "--db_cpus=3"}},
     "redis",
     "io_threads_and_cpus",
     "7.0.15",
     "db_cpus 6, db_io_threads 6"},
    {{{"throughput_standard", "--db_cpus=4096"}},
     "redis",
     "db_cpus",
     "7.0.15",
     ""},
    {{{"throughput_standard"}}, "redis", "cluster", "7.0.15", ""},
    {{{"throughput_standard"}},
     "redis",
     "independent",
     "7.0.15",
     "db_cluster false"},
    {{{"throughput_standard"}},
     "redis",
     "huge_pages",
     "7.0.15",
     "db_args {disable-thp: \"no\"}"},
    {{{"throughput_standard", "--db_args={hz: 10}"}},
     "redis",
     "huge_pages",
     "7.0.15",
     "db_args {disable-thp: \"no\", hz: 10}"},
    {{{"throughput_standard", "--db_args={disable-thp: \"no\"}"}},
     "redis",
     "huge_pages",
     "7.0.15",
     ""},
    {{{"throughput_standard"}},
     "redis",
     "memory_kept_glibc",
     "7.0.15",
     "db_env {GLIBC_TUNABLES: \"glibc.malloc.mmap_max=0:"
     "glibc.malloc.trim_threshold=1099511627776\"}"},
    {{{"throughput_standard", "--db_env={GLIBC_TUNABLES: "
                              "\"glibc.malloc.mmap_max=9:glibc.rtld.nns=4\"}"}},
     "redis",
     "memory_kept_glibc",
     "7.0.15",
     "db_env {GLIBC_TUNABLES: \"glibc.malloc.mmap_max=0:glibc.rtld.nns=4:"
     "glibc.malloc.trim_threshold=1099511627776\"}"},
    /* of an allocator's words those of the same name are replaced, in place */
    {{{"throughput_standard",
       "--db_env={A: b, JE_MALLOC_CONF: \"thp:never,narenas:1\"}"}},
     "valkey",
     "huge_pages_asked",
     "8.1.1",
     "db_args {disable-thp: \"no\"}, db_env {A: b, JE_MALLOC_CONF: "
     "\"thp:always,narenas:1\", MALLOC_CONF: \"thp:always\"}"},
    /* and nothing new is no candidate */
    {{{"throughput_standard",
       "--db_env={MALLOC_CONF: \"oversize_threshold:0,muzzy_decay_ms:-1,"
       "dirty_decay_ms:-1\", JE_MALLOC_CONF: "
       "\"muzzy_decay_ms:-1,dirty_decay_ms:-1\"}"}},
     "redis",
     "memory_kept",
     "7.0.15",
     ""},
    {{{"throughput_standard"}}, "valkey", "lazy_freeing", "7.2.9", ""},
    {{{"throughput_standard"}},
     "valkey",
     "lazy_freeing",
     "8.0.1",
     "db_args {events-per-io-thread: 1}, db_cpus 2, db_io_threads 2"},
    {{{"throughput_standard"}},
     "valkey",
     "lazy_freeing",
     NULL,
     "db_args {events-per-io-thread: 1}, db_cpus 2, db_io_threads 2"},
    {{{"throughput_colocated"}}, "floor", "pinned", "1", "pin_app_cpus true"},
};

static void print(const struct candidate_values *v, char *buf, size_t n)
{
    size_t used = 0;

    buf[0] = '\0';
    for (int i = 0; i < v->n && used < n; i++)
        used +=
            (size_t)snprintf(buf + used, n - used, "%s%s %s", i > 0 ? ", " : "",
                             option_table[v->option[i]].name, v->value[i].text);
}

static void values(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct candidate_values v;
        struct study s;
        char set[512];

        study_open(&s, &cases[i].line);
        assert_int_equal(
            candidate_values(find(cases[i].engine, cases[i].candidate), &s.p,
                             cases[i].version, &v),
            cases[i].set[0] != '\0');
        print(&v, set, sizeof set);
        if (strcmp(set, cases[i].set) != 0)
            fail_msg("case %zu, %s: %s", i, cases[i].candidate, set);
        candidate_free(&v);
        study_close(&s);
    }
}

static void proofs(void **state)
{
    static const struct line line = {{"throughput_standard", "--db_cpus=3"}};
    const struct candidate *c = find("redis", "io_threads");
    struct candidate_values v;
    struct study s;
    char *proof;

    (void)state;
    study_open(&s, &line);
    assert_true(candidate_values(c, &s.p, "7.0.15", &v));
    proof = candidate_proof(c, &v);
    assert_string_equal(proof, "io-threads 3");
    assert_true(candidate_proven("io-threads 3", proof));
    assert_true(candidate_proven("hz 10\nio-threads 3\nbind x\n", proof));
    assert_false(candidate_proven("hz 10\nio-threads 33\n", proof));
    assert_false(candidate_proven("hz 10\nno-io-threads 3\n", proof));
    assert_false(candidate_proven("", proof));
    assert_false(candidate_proven(NULL, proof));
    free(proof);
    candidate_free(&v);
    study_close(&s);
}

/* Each is told from the others, says what it is, and sets what its engine has.
 */
static void tables(void **state)
{
    static const char *const engines[] = {"redis", "valkey", "keydb", "floor"};

    (void)state;
    for (size_t e = 0; e < COUNT(engines); e++) {
        const struct engine *engine = engine_named(engines[e]);
        const struct candidate *list = engine->candidates;

        for (const struct candidate *c = list; c->name; c++) {
            assert_true(c->nsets >= 1 && c->nsets <= CANDIDATE_SETS);
            assert_non_null(c->what);
            for (int i = 0; i < c->nsets; i++) {
                assert_true(engine_has(engine, c->set[i].option));
                assert_int_equal(!c->set[i].value,
                                 c->set[i].how == CANDIDATE_TWICE ||
                                     c->set[i].how == CANDIDATE_CPUS);
            }
            for (const struct candidate *other = list; other < c; other++)
                assert_string_not_equal(c->name, other->name);
        }
    }
    assert_null(engine_named("null")->candidates);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(proofs),
        cmocka_unit_test(tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
