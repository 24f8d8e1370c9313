/* Modules in a server's configuration, the rights to what they bring, and
 * servers that lack it. No server is started. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "engine/engine.h"
#include "lib/engine_scene.h"
#include "protocol/redisai.h"

#define AI_RIGHTS " +ai.tensorset +ai.tensorget"

/* Modules, each with its arguments, and what clients may do with them. */
static const struct {
    struct line line;
    int64_t tpq;
    bool redisai;
    const char *lines[3]; /* up to the first NULL */
    int loads;
} modules[] = {
    {{{"throughput_standard"}}, 0, false, {SCENE_CLIENT}, 0},
    {{{"throughput_standard"}}, 0, true, {SCENE_CLIENT AI_RIGHTS}, 0},
    {{{"throughput_standard", "--db_modules=/none/redisai.so"}},
     0,
     false,
     {"loadmodule \"/none/redisai.so\"", SCENE_CLIENT},
     1},
    {{{"throughput_standard", "--db_modules=/none/redisai.so TF t.so"}},
     4,
     true,
     {"loadmodule \"/none/redisai.so\" \"TF\" \"t.so\" THREADS_PER_QUEUE 4",
      SCENE_CLIENT AI_RIGHTS},
     1},
    {{{"throughput_standard",
       "--db_modules=[/none/bloom.so  SIZE 9, /none/redisai.so]"}},
     2,
     true,
     {"loadmodule \"/none/bloom.so\" \"SIZE\" \"9\"",
      "loadmodule \"/none/redisai.so\" THREADS_PER_QUEUE 2",
      SCENE_CLIENT AI_RIGHTS},
     2},
    /* as sdssplitargs() takes it apart again */
    {{{"throughput_standard", "--db_modules=/none/a\"b\\c.so d\"e \\"}},
     0,
     false,
     {"loadmodule \"/none/a\\\"b\\\\c.so\" \"d\\\"e\" \"\\\\\""},
     1},
};

static void modules_are_loaded(void **state)
{
    static const struct engine *const engines[] = {
        &engine_redis, &engine_valkey, &engine_keydb};

    (void)state;
    for (size_t i = 0; i < COUNT(modules) * COUNT(engines); i++) {
        size_t m = i / COUNT(engines);
        const struct engine *e = engines[i % COUNT(engines)];
        struct shard_spec spec;
        struct scene s;
        char *text;

        scene_open(&s, &modules[m].line);
        spec = spec_of(&s, 0);
        spec.modules = options_get(&s.options, OPT_DB_MODULES);
        spec.tpq = modules[m].tpq;
        spec.redisai = modules[m].redisai;
        text = print(e->configure, &spec);
        for (size_t k = 0; k < COUNT(modules[m].lines); k++)
            if (modules[m].lines[k] && lines_of(text, modules[m].lines[k]) != 1)
                fail_msg("%s, modules %zu: not one '%s':\n%s", e->name, m,
                         modules[m].lines[k], text);
        if (given(text, "loadmodule") != modules[m].loads)
            fail_msg("%s, modules %zu: not %d of them:\n%s", e->name, m,
                     modules[m].loads, text);
        /* the steward's rights are the same */
        assert_int_equal(lines_of(text, SCENE_STEWARD), 1);
        free(text);
        scene_close(&s);
    }
}

/* However a server's want of RedisAI was seen, it is said and known alike. */
static void a_server_without_redisai_is_known(void **state)
{
    struct error err = {.text = "unknown command 'AI.TENSORGET'"};

    (void)state;
    assert_false(redisai_is_missing(&err));
    assert_int_equal(redisai_missing(&err), -1);
    error_prefix(&err, "rank 3 on nid0001");
    assert_true(redisai_is_missing(&err));
    assert_string_equal(err.text,
                        "rank 3 on nid0001: command_set redisai: the server "
                        "has no AI.TENSORGET; load RedisAI into it "
                        "(db_modules), or measure command_set: plain (unknown "
                        "command 'AI.TENSORGET')");
}

/* Nor one whose readers neither ask for what is there nor wait for streams. */
static void waiting_is_a_right(void **state)
{
    static const struct line line = {{"throughput_standard"}};
    static const char *const rights[] = {SCENE_CLIENT, SCENE_CLIENT " +exists",
                                         SCENE_CLIENT " +xadd +xread",
                                         SCENE_CLIENT " +exists +xadd +xread"};

    (void)state;
    for (size_t i = 0; i < COUNT(rights); i++) {
        struct shard_spec spec;
        struct scene s;
        char *text;

        scene_open(&s, &line);
        spec = spec_of(&s, 0);
        spec.polls = i % 2;
        spec.blocks = i >= 2;
        text = print(engine_redis.configure, &spec);
        for (size_t k = 0; k < COUNT(rights); k++)
            assert_int_equal(lines_of(text, rights[k]), k == i);
        free(text);
        scene_close(&s);
    }
}

/* A study that removes nothing gives nobody the right to. */
static void removal_is_a_right(void **state)
{
    static const struct engine *const engines[] = {
        &engine_redis, &engine_valkey, &engine_keydb};
    static const struct line line = {{"throughput_standard"}};

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(engines); i++) {
        struct shard_spec spec;
        struct scene s;
        char *text;

        scene_open(&s, &line);
        spec = spec_of(&s, 0);
        spec.removes = i % 2;
        text = print(engines[i / 2]->configure, &spec);
        assert_int_equal(lines_of(text, SCENE_CLIENT), !spec.removes);
        assert_int_equal(lines_of(text, SCENE_CLIENT " +unlink"), spec.removes);
        free(text);
        scene_close(&s);
    }
}

/* Who runs models may run those, and who stores them store them, by the names
 * of commands and of keys; who copies tensors may delete copies. */
static void models_are_rights(void **state)
{
    static const struct line line = {{"throughput_standard"}};
    static const char keys[] = " ~{*}.model* ~{*}.script*";
    char client[512], steward[512];

    (void)state;
    for (int copies = 0; copies < 2; copies++) {
        struct shard_spec spec;
        struct scene s;
        char *text;

        scene_open(&s, &line);
        spec = spec_of(&s, 0);
        spec.redisai = spec.infers = true;
        spec.copies = copies;
        text = print(engine_redis.configure, &spec);
        snprintf(client, sizeof client,
                 "%s%s%s +ai.modelexecute +ai.scriptexecute +ai.scriptrun%s",
                 SCENE_CLIENT, AI_RIGHTS, keys,
                 copies ? " ~{*}.throughput_rank_*.TMP +del" : "");
        snprintf(steward, sizeof steward,
                 "%s%s +ai.modelstore +ai.modelget +ai.scriptstore "
                 "+ai.scriptset +ai.scriptget +ai.info",
                 SCENE_STEWARD, keys);
        assert_int_equal(lines_of(text, client), 1);
        assert_int_equal(lines_of(text, steward), 1);
        free(text);
        scene_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modules_are_loaded),
        cmocka_unit_test(a_server_without_redisai_is_known),
        cmocka_unit_test(removal_is_a_right),
        cmocka_unit_test(waiting_is_a_right),
        cmocka_unit_test(models_are_rights),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
