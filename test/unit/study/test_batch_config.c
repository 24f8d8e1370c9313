/* What the databases' own job is told is what the option table says that it is
 * told, and reads back to the study's values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/options_line.h"
#include "plan/place.h"
#include "study/batch_config.h"

/* A study whose databases' values are none of them the defaults, where they can
 * be another. */
static const char study[] = "experiment: throughput_standard\n"
                            "run_db_as_batch: true\n"
                            "db_exe: [/opt/valkey-server, keydb-server]\n"
                            "db_nodes: [2, 1]\n"
                            "db_shards_per_node: [3, 2]\n"
                            "db_cluster: [false, true]\n"
                            "db_cpus: [4, 2]\n"
                            "db_io_threads: [3, 2]\n"
                            "db_tpq: [5, 6]\n"
                            "db_port: 7000\n"
                            "db_args: {maxmemory: 100mb}\n"
                            "db_modules: [/opt/redisai.so A 1, /opt/other.so]\n"
                            "net_ifname: ib0\n"
                            "op_timeout: 7s\n"
                            "db_timeout: 77s\n"
                            "db_node_feature: {C: V100}\n"
                            "command_set: redisai\n"
                            "tensor_bytes: [4KiB, 8KiB]\n";

struct scene {
    struct options options, told;
    struct prepared plan;
    struct permutation p;
    struct placement pl;
    char *text;
};

static void tell(struct scene *s)
{
    const struct line serve = {{"serve", "--db_address=a"}};
    const struct batch_terms terms = {
        .plan = &s->plan, .p = &s->p, .pl = &s->pl, .redisai = true};
    struct error err;
    size_t n;
    FILE *out;

    memset(s, 0, sizeof *s);
    if (parse(&s->options, NULL, study, sizeof study - 1, &err) < 0 ||
        sweep_open(&s->plan.sweep, &s->options, &err) < 0)
        fail_msg("%s", err.text);
    sweep_at(&s->plan.sweep, 0, &s->p);
    s->plan.max_clients = 17;
    s->plan.max_bytes = 8192;
    s->pl.db_nodes = 2;
    out = open_memstream(&s->text, &n);
    assert_non_null(out);
    batch_config_print(out, &terms);
    fclose(out);
    if (parse(&s->told, &serve, s->text, n, &err) < 0)
        fail_msg("%s\n%s", err.text, s->text);
}

static void forget(struct scene *s)
{
    sweep_close(&s->plan.sweep);
    options_free(&s->options);
    options_free(&s->told);
    free(s->text);
}

static void what_is_told_is_what_the_table_says(void **state)
{
    struct scene s;

    (void)state;
    tell(&s);
    for (int i = 0; i < OPT_COUNT; i++) {
        enum option_id id = (enum option_id)i;
        /* what its experiment has */
        bool has = (option_placement((enum option_id)id) &
                    experiment_bit(s.p.value[OPT_EXPERIMENT]->count)) != 0;
        bool told = has && (option_table[id].told == TOLD_SAME ||
                            option_table[id].told == TOLD_ANEW);

        if (id != OPT_DB_ADDRESS && options_get(&s.told, id)->given != told)
            fail_msg("%s is %stold\n%s", option_table[id].name,
                     told ? "not " : "", s.text);
    }
    forget(&s);
}

/* Where the study above says another than the default, so that one that was not
 * handed on would show. */
static void the_same_is_the_same(void **state)
{
    struct scene s;

    (void)state;
    tell(&s);
    for (int i = 0; i < OPT_COUNT; i++) {
        enum option_id id = (enum option_id)i;
        const struct setting *is = options_get(&s.told, id);
        const struct setting *was = options_get(&s.options, id);
        size_t n = id < OPT_AXES ? 1 : was->nvalues;

        if (option_table[id].told != TOLD_SAME)
            continue;
        assert_int_equal(is->nvalues, n);
        for (size_t k = 0; k < n; k++)
            assert_string_equal(is->values[k].text, was->values[k].text);
    }
    assert_int_equal(options_one(&s.told, OPT_DB_NODES)->count, 2);
    assert_int_equal(options_one(&s.told, OPT_DB_MAX_CLIENTS)->count, 17);
    assert_int_equal(options_one(&s.told, OPT_TENSOR_BYTES)->count, 8192);
    assert_string_equal(options_one(&s.told, OPT_COMMAND_SET)->text, "redisai");
    forget(&s);
}

/* An axis that the set-up's server lacks is not among what it is told. */
static void what_the_server_lacks_is_left_out(void **state)
{
    struct scene s;
    const struct batch_terms terms = {.plan = &s.plan, .p = &s.p, .pl = &s.pl};
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    (void)state;
    tell(&s);
    s.p.value[OPT_DB_IO_THREADS] = NULL;
    assert_non_null(out);
    batch_config_print(out, &terms);
    fclose(out);
    assert_null(strstr(text, "db_io_threads"));
    assert_non_null(strstr(text, "\ndb_cpus: 4\n"));
    free(text);
    forget(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_told_is_what_the_table_says),
        cmocka_unit_test(the_same_is_the_same),
        cmocka_unit_test(what_the_server_lacks_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
