/* KeyDB 6.3, which grew out of Redis 6.2 and serves with all its threads. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/engine.h"
#include "engine/resp.h"

/* MAX_EVENT_LOOPS in its server.h */
#define MOST_THREADS 16

/* By these it would take other CPUs than it was given, store what it is sent,
 * or call itself another version (its keydb.conf and config.cpp). */
static const char *const reserved[] = {"server-thread-affinity",
                                       "storage-provider",
                                       "scratch-file-path",
                                       "version-override",
                                       "active-replica",
                                       "multi-master",
                                       NULL};

static bool recognise(const char *printed, char version[SRB_VERSION_MAX])
{
    return resp_recognise(printed, "keydb server", version);
}

/* It calls itself a Redis of its own version, and has a section of its own. */
static bool answers(const char *info, char version[SRB_VERSION_MAX])
{
    return resp_answers(info, "mvcc_depth", version) &&
           resp_answers(info, "redis_version", version);
}

static int check_args(const struct value *args, struct error *err)
{
    return resp_check_args(args, reserved, err);
}

/* io-threads would be another word for the same (its keydb.conf). */
static void threads(FILE *out, const struct shard_spec *s)
{
    fprintf(out, "server-threads %d\n", s->threads);
}

static void configure(FILE *out, const struct shard_spec *s)
{
    resp_configure(out, s, threads);
}

/* CONFIG GET does not know its threads; INFO does. */
static int effective(struct control *c, const struct shard_spec *s, char **text,
                     struct error *err)
{
    char *info, *shared, *all;
    int64_t threads;
    int n;

    if (control_say(c, &info, err, "INFO", "cpu", NULL) < 0)
        return -1;
    threads = control_number(info, "server_threads", -1);
    free(info);
    if (resp_effective(c, s, &shared, err) < 0)
        return -1;
    n = asprintf(&all, "%sserver-threads %" PRId64 "\n", shared, threads);
    free(shared);
    if (n < 0)
        return error_set(err, "not enough memory for a configuration");
    *text = all;
    return 0;
}

/* All its threads serve. */
static const enum option_id lacks[] = {OPT_DB_IO_THREADS, OPT_COUNT};

static const struct candidate candidates[] = {
    RESP_CANDIDATES, RESP_CLUSTER, CANDIDATES_ANY, {.name = NULL}};

const struct engine engine_keydb = {
    .name = "keydb",
    RESP_ENGINE,
    .lacks = lacks,
    .oldest = "6.3", /* INFO's section of its own */
    .most_threads = MOST_THREADS,
    .configure = configure,
    .cluster = resp_cluster_unnamed,
    .effective = effective,
};
