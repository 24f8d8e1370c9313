/* options_commands.c - whether what is said of command sets fits together. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "options/options_internal.h"

/* As RedisAI spells its argument. */
#define TPQ_WORD "THREADS_PER_QUEUE"

bool options_names_redisai(const char *module)
{
    size_t n = strcspn(module, " ");
    const char *name = module;

    for (size_t i = 0; i < n; i++)
        if (module[i] == '/')
            name = module + i + 1;
    for (; name + 7 <= module + n; name++)
        if (strncasecmp(name, "redisai", 7) == 0)
            return true;
    return false;
}

static bool speaks(const struct options *o, const char *commands)
{
    const struct setting *set = options_get(o, OPT_COMMAND_SET);

    for (size_t k = 0; k < set->nvalues; k++)
        if (strcmp(set->values[k].text, commands) == 0)
            return true;
    return false;
}

bool options_redisai(const struct options *o)
{
    return speaks(o, "redisai");
}

/* Whether some of the study's databases are started for it. */
static bool starts_any(const struct options *o)
{
    return options_has_placement(o, options_placement(o, OPT_DB_MODULES));
}

/* Servers that are no programs, and load no modules: how many, of db_exe. */
size_t options_count_builtin(const struct options *o)
{
    const struct setting *set = options_get(o, OPT_DB_EXE);
    size_t n = 0;

    for (size_t k = 0; k < set->nvalues; k++)
        n += options_handed(OPT_DB_EXE, set->values[k].text) != NULL;
    return n;
}

/* Whether nobody of this study speaks RedisAI's commands, or somebody should
 * who has no others to speak either: where there are some, it is left with
 * these, as those are with whom nobody speaks. */
static bool speaks_in_vain(const struct options *o)
{
    const struct setting *set = options_get(o, OPT_DB_EXE);
    bool plain = speaks(o, "plain");

    for (size_t k = 0; k < set->nvalues; k++) {
        const struct options_word *w =
            options_handed(OPT_DB_EXE, set->values[k].text);

        if (w && w->plain && !plain)
            return true;
    }
    return options_count_builtin(o) == set->nvalues;
}

/* "floor and null": all such servers. Returns buf. */
static const char *name_builtin(char *buf, size_t n)
{
    const struct options_word *w = options_words(&option_table[OPT_DB_EXE]);

    buf[0] = '\0';
    for (; w->name; w++)
        text_join(buf, n, w[1].name ? ", " : " and ", "%s", w->name);
    return buf;
}

int options_refuse_builtin(const struct options *o, enum option_id id,
                           const char *what, const char *rest,
                           struct error *err)
{
    char names[256], words[512];

    snprintf(words, sizeof words, "%s %s %s", what,
             name_builtin(names, sizeof names), rest);
    return options_refuse(o, id, words, err);
}

/* Whether a value is said of an option whose default is auto. */
static bool says(const struct options *o, enum option_id id)
{
    const struct setting *set = options_get(o, id);

    for (size_t k = 0; k < set->nvalues; k++)
        if (!set->values[k].is_auto)
            return true;
    return false;
}

/* The value of db_modules that is RedisAI, or NULL. */
static const char *find_redisai(const struct options *o)
{
    const struct setting *set = options_get(o, OPT_DB_MODULES);

    for (size_t k = 0; k < set->nvalues; k++)
        if (!set->values[k].is_auto &&
            options_names_redisai(set->values[k].text))
            return set->values[k].text;
    return NULL;
}

/* What modules say, and what says it again. RAI_PATH may name RedisAI, where
 * db_modules does not. */
static int check_modules(const struct options *o, struct error *err)
{
    const char *module = find_redisai(o);
    bool infers = options_infers(o), threads = says(o, OPT_DB_TPQ);
    bool named = infers && options_auto(o, OPT_DB_MODULES);
    const struct refusal list[] = {
        {module && infers && strcasestr(module, "INTRA_OP_PARALLELISM"),
         OPT_DB_MODULES,
         "says INTRA_OP_PARALLELISM, which is intra_op where models are run; "
         "expected that option instead"},
        {threads && !module && !named, OPT_DB_TPQ,
         "is RedisAI's number of threads, expected db_modules with RedisAI (a "
         "file with redisai in its name) with it"},
        {threads && module && strcasestr(module, TPQ_WORD), OPT_DB_TPQ,
         "is said by db_modules too (" TPQ_WORD "), expected one of the two"},
    };

    return options_refuse_any(o, list, sizeof list / sizeof *list, err);
}

static int check_redisai(const struct options *o, struct error *err)
{
    enum option_id by = options_infers(o) ? OPT_EXPERIMENT : OPT_COMMAND_SET;
    bool none = options_auto(o, OPT_DB_MODULES);
    const struct refusal list[] = {
        {options_infers(o) && !none && !find_redisai(o), OPT_DB_MODULES,
         "names no RedisAI, which runs the models; expected a file with "
         "redisai in its name among them"},
        {!options_infers(o) && none, OPT_COMMAND_SET,
         "redisai needs RedisAI in the servers, expected its path with it: "
         "db_modules: /path/redisai.so"},
    };

    if (!starts_any(o))
        return 0; /* servers that run are asked */
    if (options_infers(o) ? options_count_builtin(o) > 0 : speaks_in_vain(o))
        return options_refuse_builtin(
            o, by,
            by == OPT_COMMAND_SET ? "redisai is what the servers"
                                  : "models are what the servers",
            by == OPT_COMMAND_SET ? "do not speak, expected another db_exe, or "
                                    "a study of their own for these"
                                  : "do not run, expected another db_exe, or a "
                                    "study of their own for these",
            err);
    return options_refuse_any(o, list, sizeof list / sizeof *list, err);
}

int options_check_commands(const struct options *o, struct error *err)
{
    bool redisai = options_redisai(o);

    if (!redisai && !options_infers(o) && says(o, OPT_DEVICE))
        return options_refuse(o, OPT_DEVICE,
                              "says where RedisAI runs models, and SET and GET "
                              "have no such thing; expected command_set: "
                              "redisai with it",
                              err);
    if ((redisai || options_infers(o)) && check_redisai(o, err) < 0)
        return -1;
    if (!options_auto(o, OPT_DB_MODULES) && starts_any(o) &&
        options_count_builtin(o) == options_get(o, OPT_DB_EXE)->nvalues)
        return options_refuse_builtin(
            o, OPT_DB_MODULES, "is for servers that load modules, and",
            "do not; expected another db_exe with it", err);
    return check_modules(o, err);
}
