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

static const struct candidate candidates[] = {RESP_CANDIDATES,
                                              RESP_IO_THREADS,
                                              RESP_CLUSTER,
                                              CANDIDATES_ANY,
                                              {.name = NULL}};

const struct engine engine_redis = {
    .name = "redis",
    RESP_ENGINE,
    .oldest = "6.2", /* users and passwords (6.0), FLUSHALL SYNC */
    .configure = resp_configure_io,
    .cluster = resp_cluster,
    .effective = resp_effective,
};
