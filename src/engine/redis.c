/* Redis 6.2 and later. */
#include <stddef.h>

#include "engine/engine.h"
#include "engine/resp.h"

static bool recognise(const char *printed, char version[SRB_VERSION_MAX])
{
    return resp_recognise(printed, "redis server", version);
}

static bool answers(const char *info, char version[SRB_VERSION_MAX])
{
    return resp_answers(info, "redis_version", version);
}

static int check_args(const struct value *args, struct error *err)
{
    return resp_check_args(args, NULL, err);
}

/* Redis 8 has no choice any more (deprecated_configs in its config.c). */
static void io_threads(FILE *out, const struct shard_spec *s)
{
    resp_io_threads(out, s, "8.0");
}

static void configure(FILE *out, const struct shard_spec *s)
{
    resp_configure(out, s, io_threads);
}

/* 7.0 knows no more of them than CLUSTER SHARDS. */
static void cluster(FILE *out, const struct shard_spec *s)
{
    resp_cluster(out, s, "7.2");
}

static const struct candidate candidates[] = {RESP_CANDIDATES,
                                              RESP_IO_THREADS,
                                              RESP_CLUSTER,
                                              CANDIDATES_ANY,
                                              {.name = NULL}};

const struct engine engine_redis = {
    .name = "redis",
    .kind = ENGINE_PROCESS,
    .candidates = candidates,
    .streams = true,
    .memory = RESP_MEMORY,
    .memory_redisai = RESP_MEMORY_REDISAI,
    .oldest = "6.2", /* users and passwords (6.0), FLUSHALL SYNC */
    .lists = true,
    .recognise = recognise,
    .answers = answers,
    .check_args = check_args,
    .configure = configure,
    .cluster_file = SRB_RESP_NODES,
    .cluster = cluster,
    .unix_socket = SRB_RESP_SOCKET,
    .ready = resp_ready,
    .empty = resp_empty,
    .counters = resp_counters,
    .effective = resp_effective,
    .shutdown = resp_shutdown,
};
