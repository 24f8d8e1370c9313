#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

#include "base/proc.h"
#include "base/version.h"
#include "srb_version.h"

#define VERSION_SECONDS 20.0

/* Those that grew out of Redis first: a server of theirs has Redis's words too,
 * and some of its own. */
static const struct engine *const engines[] = {
    &engine_valkey, &engine_keydb, &engine_redis, &engine_floor, &engine_null};
#define ENGINES (sizeof engines / sizeof engines[0])

const struct engine *engine_named(const char *name)
{
    for (size_t i = 0; i < ENGINES; i++)
        if (strcmp(engines[i]->name, name) == 0)
            return engines[i];
    return NULL;
}

int engine_threads(const struct engine *e, int cpus, int k, int shards)
{
    int n = cpus * (k + 1) / shards - cpus * k / shards;

    if (n > e->most_threads)
        n = e->most_threads;
    return n > 0 ? n : 1;
}

int engine_check_version(const struct engine *e, const char *version,
                         const char *who, struct error *err)
{
    if (!e->oldest || version_since(version, e->oldest))
        return 0;
    return error_set(err,
                     "%s is %s %.40s, which is too old: srbench needs %s or "
                     "later",
                     who, e->name, version, e->oldest);
}

const struct engine *engine_find(const char *exe, char version[SRB_VERSION_MAX],
                                 struct error *err)
{
    char name[4096], flag[] = "--version", printed[1024], who[256];
    char *argv[] = {name, flag, NULL};

    version[0] = '\0';
    if (strcmp(exe, engine_null.name) == 0)
        return &engine_null;
    if (strcmp(exe, engine_floor.name) == 0) {
        snprintf(version, SRB_VERSION_MAX, "%s", SRB_VERSION);
        return &engine_floor;
    }
    snprintf(name, sizeof name, "%s", exe);
    if (proc_capture(argv, VERSION_SECONDS, printed, sizeof printed, err) < 0) {
        error_prefix(err, "db_exe");
        return NULL;
    }
    for (size_t i = 0; i < ENGINES; i++)
        if (engines[i]->recognise(printed, version)) {
            snprintf(who, sizeof who, "db_exe: '%.200s'", exe);
            return engine_check_version(engines[i], version, who, err) == 0
                       ? engines[i]
                       : NULL;
        }
    printed[strcspn(printed, "\n")] = '\0';
    error_set(err,
              "db_exe: '%s' is no server that srbench knows (Redis, Valkey and "
              "KeyDB are): it calls itself '%.100s'",
              exe, printed);
    return NULL;
}

const struct engine *engine_answers(const char *info, const char *who,
                                    char version[SRB_VERSION_MAX],
                                    struct error *err)
{
    for (size_t i = 0; i < ENGINES; i++)
        if (engines[i]->answers && engines[i]->answers(info, version))
            return engine_check_version(engines[i], version, who, err) == 0
                       ? engines[i]
                       : NULL;
    error_set(err,
              "%s is no server that srbench knows: its INFO has no "
              "redis_version",
              who);
    return NULL;
}
