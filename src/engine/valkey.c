/* Valkey 7.2 and later, which grew out of Redis 7.2. */
#include <stddef.h>

#include "base/version.h"
#include "engine/engine.h"
#include "engine/resp.h"

/* Other names of what is reserved, and another way to listen (its valkey.conf).
 */
static const char *const reserved[] = {"primaryauth", "primaryuser",
                                       "rdma-bind", "rdma-port", NULL};

static bool recognise(const char *printed, char version[SRB_VERSION_MAX])
{
    if (resp_recognise(printed, "valkey server", version))
        return true;
    /* 7.2 says no name (version() in its server.c) */
    return resp_recognise(printed, "server", version) &&
           version_since(version, "7.2") && !version_since(version, "7.3");
}

/* redis_version is 7.2.4 in all of them. */
static bool answers(const char *info, char version[SRB_VERSION_MAX])
{
    return resp_answers(info, "valkey_version", version);
}

static int check_args(const struct value *args, struct error *err)
{
    return resp_check_args(args, reserved, err);
}

/* Its I/O threads read unless they are told not to, since 8.0; later ones
 * cannot be told any more (its config.c). */
static void io_threads(FILE *out, const struct shard_spec *s)
{
    resp_io_threads(out, s, "8.0");
}

static void configure(FILE *out, const struct shard_spec *s)
{
    resp_configure(out, s, io_threads);
}

static void cluster(FILE *out, const struct shard_spec *s)
{
    resp_cluster(out, s, "7.2");
}

/* A string is freed at once whatever lazyfree-lazy-server-del says, but since
 * 8.0 an I/O thread frees one that is replaced, where one is awake
 * (tryOffloadFreeObjToIOThreads() in its io_threads.c, from dbSetValue() in its
 * db.c): one for each event that comes, not for every second. */
static const struct candidate candidates[] = {
    RESP_CANDIDATES,
    RESP_IO_THREADS,
    {.name = "lazy_freeing",
     .what = "more I/O threads awake, which free what is replaced",
     .set = {{OPT_DB_ARGS, CANDIDATE_JOINS, "{events-per-io-thread: \"1\"}"},
             {OPT_DB_CPUS, CANDIDATE_TWICE, NULL},
             {OPT_DB_IO_THREADS, CANDIDATE_CPUS, NULL}},
     .nsets = 3,
     .proof = "events-per-io-thread 1",
     .since = "8.0"},
    RESP_CLUSTER,
    CANDIDATES_ANY,
    {.name = NULL}};

const struct engine engine_valkey = {
    .name = "valkey",
    .kind = ENGINE_PROCESS,
    .candidates = candidates,
    .streams = true,
    .memory = RESP_MEMORY,
    .memory_redisai = RESP_MEMORY_REDISAI,
    .oldest = "7.2", /* its first */
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
