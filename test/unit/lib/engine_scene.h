/* engine_scene.h - a shard of a placement, and what an engine prints for it.
 */
#ifndef SRB_TEST_ENGINE_SCENE_H
#define SRB_TEST_ENGINE_SCENE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "lib/options_line.h"

/* A placement of four nodes on as many hosts. */
struct scene {
    struct options options;
    struct sweep sweep;
    struct permutation p;
    struct machine machine;
    struct placement placement;
};

static void scene_open(struct scene *s, const struct line *line)
{
    static const int rank_node[4] = {0, 1, 2, 3};
    struct node nodes[4];
    struct error err;

    memset(nodes, 0, sizeof nodes);
    for (int n = 0; n < 4; n++) {
        nodes[n].host = n;
        snprintf(nodes[n].loopback, sizeof nodes[n].loopback, "127.0.0.1");
        snprintf(nodes[n].address, sizeof nodes[n].address, "10.0.0.%d", n);
    }
    if (parse(&s->options, line, NULL, 0, &err) < 0 ||
        sweep_open(&s->sweep, &s->options, &err) < 0 ||
        machine_build(&s->machine, 4, rank_node, 4, nodes, &err) < 0)
        fail_msg("%s", err.text);
    sweep_at(&s->sweep, 0, &s->p);
    if (place_solve(&s->machine, &s->p, &s->placement, &err) < 0)
        fail_msg("%s", err.text);
}

static void scene_close(struct scene *s)
{
    place_free(&s->placement);
    machine_free(&s->machine);
    options_free(&s->options);
}

static const struct secret secret = {.client = {.password = "abc"},
                                     .steward = {.password = "def"},
                                     .reader = {.password = "ghi"}};

/* Its users, by the hashes of their passwords. */
#define SCENE_CLIENT                                                           \
    "user srbench-client on "                                                  \
    "#ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad "       \
    "~throughput_rank_* +set +get +ping"
#define SCENE_STEWARD                                                          \
    "user srbench-steward on "                                                 \
    "#cb8379ac2098aa165029e3938a51da0bcecfc008fd6795f401178647f96c5b34 "       \
    "+ping +info +flushall +shutdown +cluster|info +cluster|nodes"
#define SCENE_READER                                                           \
    "user srbench-reader on "                                                  \
    "#50ae61e841fac4e8f9e40baf2ad36ec868922ea48368c18f9535e47db56dd7fb "       \
    "+config|get +memory|malloc-stats"

static struct shard_spec spec_of(const struct scene *s, int shard)
{
    return (struct shard_spec){
        .placement = &s->placement,
        .shard = shard,
        .run = UINT64_C(0x0123456789abcdef),
        .version = "7.0.15",
        .address = place_shard_address(&s->placement, shard),
        .port = s->placement.shard_port[shard],
        .io_threads = 1,
        .max_clients = 10,
        .max_bytes = 1024,
        .op_timeout = 30,
        .args = options_one(&s->options, OPT_DB_ARGS),
        .secret = &secret,
    };
}

/* What an engine prints, to be freed. */
static char *print(void (*to)(FILE *, const struct shard_spec *),
                   const struct shard_spec *spec)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    assert_non_null(out);
    to(out, spec);
    fclose(out);
    assert_true(n == strlen(text) && n > 0 && text[n - 1] == '\n');
    return text;
}

/* How many lines of the text are this one. */
static int lines_of(const char *text, const char *line)
{
    size_t len = strlen(line);
    int n = 0;

    for (const char *at = text; *at; at += strcspn(at, "\n") + 1)
        n += strncmp(at, line, len) == 0 && at[len] == '\n';
    return n;
}

/* How many lines begin with the directive. */
static int given(const char *text, const char *name)
{
    size_t len = strlen(name);
    int n = 0;

    for (const char *at = text; *at; at += strcspn(at, "\n") + 1)
        n += strncmp(at, name, len) == 0 && at[len] == ' ';
    return n;
}

#endif
