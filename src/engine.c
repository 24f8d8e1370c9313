#include "srb/engine.h"

#include <stdlib.h>
#include <string.h>

#include "srb/proc.h"
#include "srb_version.h"

#define VERSION_SECONDS 20.0

static const struct engine *const engines[] = {&engine_redis, &engine_floor,
                                               &engine_null};
#define ENGINES (sizeof engines / sizeof engines[0])

const struct engine *engine_named(const char *name)
{
    for (size_t i = 0; i < ENGINES; i++)
        if (strcmp(engines[i]->name, name) == 0)
            return engines[i];
    return NULL;
}

/* The engine, or NULL for a server of before users and passwords. */
static const struct engine *check_age(const struct engine *engine,
                                      const char *exe, const char *version,
                                      struct error *err)
{
    if (strtol(version, NULL, 10) >= engine->oldest)
        return engine;
    error_set(err,
              "db_exe: '%s' is %s %s, which is too old: the databases of a run "
              "have users and passwords of their own (ACL), which needs %s %d",
              exe, engine->name, version, engine->name, engine->oldest);
    return NULL;
}

const struct engine *engine_find(const char *exe, char version[SRB_VERSION_MAX],
                                 struct error *err)
{
    char name[4096], flag[] = "--version", printed[1024];
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
        if (engines[i]->recognise(printed, version))
            return check_age(engines[i], exe, version, err);
    printed[strcspn(printed, "\n")] = '\0';
    error_set(err,
              "db_exe: '%s' is no server that srbench knows (redis-server is): "
              "it calls itself '%.100s'",
              exe, printed);
    return NULL;
}
