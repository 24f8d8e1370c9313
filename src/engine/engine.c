#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

#include "base/proc.h"
#include "base/text.h"
#include "base/version.h"
#include "srb_version.h"

#define VERSION_SECONDS 20.0

#define ADDRESS(x) &engine_##x,
static const struct engine *const engines[] = {SRB_ENGINES(ADDRESS)};
#define ENGINES (sizeof engines / sizeof engines[0])

const struct engine *engine_named(const char *name)
{
    for (size_t i = 0; i < ENGINES; i++)
        if (strcmp(engines[i]->name, name) == 0)
            return engines[i];
    return NULL;
}

const struct engine *engine_builtin(const char *exe)
{
    const struct engine *e = engine_named(exe);

    return e && e->help ? e : NULL;
}

const struct engine *engine_expected(const char *exe)
{
    const struct engine *e = engine_builtin(exe);

    return e ? e : &engine_redis;
}

const struct options_word *engine_words(void)
{
    static struct options_word words[ENGINES + 1];
    size_t n = 0;

    for (size_t i = 0; i < ENGINES; i++)
        if (engines[i]->help)
            words[n++] = (struct options_word){
                .name = engines[i]->name,
                .help = engines[i]->help,
                .ranks = engines[i]->kind == ENGINE_RANKS,
                .plain = engine_has(engines[i], OPT_COMMAND_SET)};
    return words;
}

const struct engine *engine_partner(enum partner partner)
{
    size_t i = 0;

    while (engines[i]->partner != partner)
        i++;
    return engines[i];
}

const char *engine_rung(const struct engine *e)
{
    return e->rung ? e->rung : "server";
}

static bool among(const enum option_id *list, enum option_id axis)
{
    for (; list && *list != OPT_COUNT; list++)
        if (*list == axis)
            return true;
    return false;
}

/* Whether there are engines that have it and others that do not name it. */
static bool is_some_engines(enum option_id axis)
{
    for (size_t i = 0; i < ENGINES; i++)
        if (among(engines[i]->alone, axis))
            return true;
    return false;
}

bool engine_speaks_redisai(const struct engine *e)
{
    return e->memory_redisai.eighths > 0;
}

bool engine_has(const struct engine *e, enum option_id id)
{
    if (id == OPT_CLIENT && e->client)
        return false;
    return !among(e->lacks, id) &&
           (among(e->alone, id) || !is_some_engines(id));
}

int engine_threads(const struct engine *e, int cpus, int k, int shards)
{
    int n = cpus * (k + 1) / shards - cpus * k / shards;

    if (n > e->most_threads)
        n = e->most_threads;
    return n > 0 ? n : 1;
}

int engine_node_threads(const struct engine *e, int cpus, int io_threads,
                        int shards)
{
    int n = 0;

    if (e->kind != ENGINE_PROCESS)
        return e->kind == ENGINE_RANKS ? shards : 0;
    if (e->most_threads == 0)
        return shards * io_threads;
    for (int k = 0; k < shards; k++)
        n += engine_threads(e, cpus, k, shards);
    return n;
}

/* Refuse a version that is older than the engine's oldest. who: what is
 * refused, "db_exe: 'redis-server'". */
static int check_version(const struct engine *e, const char *version,
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
    const struct engine *e = engine_builtin(exe);

    snprintf(version, SRB_VERSION_MAX, "%s",
             e && e->kind != ENGINE_NOBODY ? SRB_VERSION : "");
    if (e)
        return e;
    snprintf(name, sizeof name, "%s", exe);
    if (proc_capture(argv, VERSION_SECONDS, printed, sizeof printed, err) < 0) {
        error_prefix(err, "db_exe");
        return NULL;
    }
    text_clean(printed);
    for (size_t i = 0; i < ENGINES; i++)
        if (engines[i]->recognise && engines[i]->recognise(printed, version)) {
            snprintf(who, sizeof who, "db_exe: '%.200s'", exe);
            return check_version(engines[i], version, who, err) == 0
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
            return check_version(engines[i], version, who, err) == 0
                       ? engines[i]
                       : NULL;
    error_set(err,
              "%s is no server that srbench knows: its INFO has no "
              "redis_version",
              who);
    return NULL;
}
