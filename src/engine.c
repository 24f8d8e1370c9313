#include "srb/engine.h"

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
            return engines[i];
    printed[strcspn(printed, "\n")] = '\0';
    error_set(err,
              "db_exe: '%s' is no server that srbench knows (redis-server is): "
              "it calls itself '%.100s'",
              exe, printed);
    return NULL;
}
