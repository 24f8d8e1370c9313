/* Where tensors lie that models take and give. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lib/study.h"
#include "plan/model_keys.h"

#define SHARDS 5

/* A node of clients, and SHARDS with a database each. */
static void build(struct machine *m)
{
    struct node nodes[1 + SHARDS];
    int rank_node[8 * (1 + SHARDS)];
    struct error err;

    memset(nodes, 0, sizeof nodes);
    for (int n = 0; n <= SHARDS; n++) {
        nodes[n].host = n;
        snprintf(nodes[n].name, sizeof nodes[n].name, "n%d", n);
        snprintf(nodes[n].address, sizeof nodes[n].address, "10.0.0.%d", n);
    }
    for (int r = 0; r < 8 * (1 + SHARDS); r++)
        rank_node[r] = r / 8;
    if (machine_build(m, 8 * (1 + SHARDS), rank_node, 1 + SHARDS, nodes, &err) <
        0)
        fail_msg("%s", err.text);
}

struct scene {
    struct study study;
    struct machine machine;
    struct placement placement;
};

static void open_scene(struct scene *x, const char *keys, const char *script)
{
    const struct line line = {
        {"inference_standard", "--db_nodes=5", "--model=m", "--input_shape=8",
         "--output_shape=2", "--db_modules=/m/redisai.so", keys, script}};
    struct error err;

    study_open(&x->study, &line);
    build(&x->machine);
    if (place_solve(&x->machine, &x->study.p, &x->placement, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(x->placement.nshards, SHARDS);
}

static void close_scene(struct scene *x)
{
    place_free(&x->placement);
    machine_free(&x->machine);
    study_close(&x->study);
}

/* Aligned, all is on the client's shard. */
static void aligned(void **state)
{
    struct scene x;

    (void)state;
    open_scene(&x, "--model_keys=aligned", "--script=s");
    for (int c = 0; c < x.placement.nclients; c++)
        for (int part = KEY_IN; part < KEY_PARTS; part++) {
            int shard = place_client_shard(&x.placement, c);
            char key[SRB_KEY_MAX];

            model_keys_part(&x.placement, c, (enum key_part)part, key);
            assert_int_equal(keys_shard(key, SHARDS), shard);
            assert_int_equal(
                model_keys_shard(&x.placement, c, (enum key_part)part), shard);
        }
    close_scene(&x);
}

/* Copied, each is where its own name leads, and its copy where it is to be. */
static void copied(void **state)
{
    struct scene x;
    bool apart = false;

    (void)state;
    open_scene(&x, "--model_keys=copied", "--script=s");
    for (int c = 0; c < x.placement.nclients; c++) {
        int shards[KEY_PARTS], n = model_keys_shards(&x.placement, c, shards);

        assert_int_equal(shards[0], place_client_shard(&x.placement, c));
        for (int part = KEY_IN; part < KEY_PARTS; part++) {
            char key[SRB_KEY_MAX];
            int found = 0, shard;

            model_keys_part(&x.placement, c, (enum key_part)part, key);
            shard = keys_shard(key, SHARDS);
            assert_int_equal(
                model_keys_shard(&x.placement, c, (enum key_part)part), shard);
            for (int k = 0; k < n; k++)
                found += shards[k] == shard;
            assert_int_equal(found, 1);
            apart = apart || shard != shards[0];
            for (int s = 0; s < SHARDS; s++) {
                model_keys_copy(&x.placement, c, (enum key_part)part, s, key);
                assert_int_equal(keys_shard(key, SHARDS), s);
            }
        }
    }
    assert_true(apart);
    close_scene(&x);
}

/* A put and a get, and around each run four tensors that move. */
static void counts(void **state)
{
    static const struct {
        const char *keys, *script;
        int64_t each;
    } cases[] = {{"--model_keys=aligned", "--script=s", 2},
                 {"--model_keys=aligned", "--script=none", 2},
                 {"--model_keys=copied", "--script=none", 6},
                 {"--model_keys=copied", "--script=s", 10}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ops[SHARDS] = {0}, sum = 0;
        struct scene x;

        open_scene(&x, cases[i].keys, cases[i].script);
        for (int c = 0; c < x.placement.nclients; c++)
            model_keys_count(&x.placement, c, 3, ops);
        for (int s = 0; s < SHARDS; s++)
            sum += ops[s];
        assert_int_equal(sum, 3 * cases[i].each * x.placement.nclients);
        close_scene(&x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aligned),
        cmocka_unit_test(copied),
        cmocka_unit_test(counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
