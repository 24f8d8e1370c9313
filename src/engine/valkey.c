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
    RESP_ENGINE,
    .oldest = "7.2", /* its first */
    .configure = resp_configure_io,
    .cluster = resp_cluster,
    .effective = resp_effective,
};
