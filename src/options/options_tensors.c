/* options_tensors.c - whether what is said of a step's tensors, and of how long
 * they stay, fits together. */
#include <math.h>

#include "options/options_internal.h"

bool options_retire(const struct options *o, enum retire retire)
{
    if (!options_get(o, OPT_RETIRE)->given && retire == RETIRE_DELETE &&
        options_exchanges(o))
        return true;
    return options_has(o, OPT_RETIRE, retire);
}

bool options_keeps_all(const struct options *o)
{
    if (!options_get(o, OPT_HISTORY)->given && options_exchanges(o))
        return true;
    return options_says(o, OPT_HISTORY, HISTORY_ALL);
}

bool options_removes(const struct options *o)
{
    return o->serve || options_retire(o, RETIRE_DELETE);
}

bool options_keeps(const struct options *o)
{
    return options_says(o, OPT_HISTORY, HISTORY_ALL) ||
           options_above(o, OPT_HISTORY, 1) ||
           options_above(o, OPT_TENSORS, 1) || options_exchanges(o) ||
           options_retire(o, RETIRE_DELETE) || options_retire(o, RETIRE_EXPIRE);
}

static bool whole_ms(double seconds)
{
    double ms = round(seconds * 1e3);

    return ms >= 1 && fabs(seconds * 1e3 - ms) < 1e-6;
}

/* Keys that go by themselves. */
static int check_expiry(const struct options *o, struct error *err)
{
    const struct setting *after = options_get(o, OPT_EXPIRE_AFTER);
    bool expires = options_retire(o, RETIRE_EXPIRE);

    for (size_t k = 0; k < after->nvalues; k++) {
        const struct value *v = &after->values[k];
        const struct refusal list[] = {
            {!expires && !v->is_auto, OPT_EXPIRE_AFTER,
             "does nothing where keys do not expire, expected retire: expire "
             "with it"},
            {expires && v->is_auto,
             after->given ? OPT_EXPIRE_AFTER : OPT_RETIRE,
             "expire needs to know when, expected expire_after with it, such "
             "as 10s"},
            {expires && !whole_ms(v->seconds), OPT_EXPIRE_AFTER,
             "is counted in whole milliseconds by servers, expected 1ms or "
             "more, and no parts of one"},
            {expires && options_redisai(o), OPT_RETIRE,
             "expire is a word of SET (PX), which command_set: redisai does "
             "not use; expected plain, or overwrite or delete"},
        };

        if (options_refuse_any(o, list, sizeof list / sizeof *list, err) < 0)
            return -1;
    }
    if (expires && options_has_placement(o, options_placement(o, OPT_DB_EXE)) &&
        options_count_builtin(o) > 0)
        return options_refuse_builtin(o, OPT_RETIRE,
                                      "expire is what the servers",
                                      "do not know, expected another db_exe, "
                                      "or a study of their own for these",
                                      err);
    return 0;
}

static bool has_one(const struct setting *set)
{
    return set->given && set->nvalues == 1;
}

/* Of loops without an end, of one tensor, and of what all of the study makes
 * vain. */
static int check_vain(const struct options *o, struct error *err)
{
    const struct setting *pipelined = options_get(o, OPT_PIPELINED);
    const struct setting *history = options_get(o, OPT_HISTORY);
    const struct setting *retire = options_get(o, OPT_RETIRE);
    bool unpaced = options_says(o, OPT_RATE, RATE_MAX) ||
                   options_says(o, OPT_RATE, RATE_SEARCH);
    bool several = options_above(o, OPT_TENSORS, 1) ||
                   (options_aggregates(o) && options_redisai(o));
    const struct refusal list[] = {
        {options_keeps_all(o) && !options_auto(o, OPT_DURATION) && unpaced,
         OPT_HISTORY,
         "all has no end in a loop that lasts a duration and goes as fast as "
         "it can, expected iterations with it, or a number of steps"},
        {has_one(pipelined) && pipelined->values[0].count && !several,
         OPT_PIPELINED,
         "is for several tensors of a step, expected tensors of 2 or more with "
         "it"},
        {history->given && has_one(retire) && options_retire(o, RETIRE_EXPIRE),
         OPT_HISTORY,
         "does nothing where all keys expire, expected retire: overwrite or "
         "delete with it"},
        {retire->given && has_one(history) && options_keeps_all(o), OPT_RETIRE,
         "does nothing where all steps stay, expected a number of steps for "
         "history with it"},
    };

    return options_refuse_any(o, list, sizeof list / sizeof *list, err);
}

int options_check_tensors(const struct options *o, struct error *err)
{
    return check_expiry(o, err) < 0 ? -1 : check_vain(o, err);
}
