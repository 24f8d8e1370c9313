/* options_idle.c - what another option leaves nothing to do. */
#include "options/options_internal.h"

static bool searches(const struct options *o)
{
    return options_says(o, OPT_RATE, RATE_SEARCH);
}

/* Whether a time ends all loops; beside a search those of other rates count. */
static bool counts_nothing(const struct options *o)
{
    return !options_auto(o, OPT_DURATION) ||
           (searches(o) && options_get(o, OPT_RATE)->nvalues == 1);
}

static bool keeps_all_samples(const struct options *o)
{
    return options_auto(o, OPT_DURATION) && !searches(o);
}

static bool serves(const struct options *o)
{
    return o->serve;
}

static bool tunes(const struct options *o)
{
    return o->tune;
}

/* These options are idle where this holds, or does not, and refused with these
 * words when they are given; NULL: there are better ones elsewhere, or they may
 * be given all the same. */
static const struct {
    enum option_id first, last;
    bool (*holds)(const struct options *o);
    bool where;
    const char *what;
} idle[] = {
    {OPT_ITERATIONS, OPT_ITERATIONS, counts_nothing, true, NULL},
    {OPT_SUSTAIN, OPT_SUSTAIN, searches, false, NULL},
    {OPT_READERS_PER_NODE, OPT_FAN, options_exchanges, false,
     "is for clients that read what others write, expected pattern: exchange "
     "or aggregate with it"},
    /* what stands there by default is another one's */
    {OPT_HISTORY, OPT_RETIRE, options_exchanges, true, NULL},
    {OPT_PIPELINED, OPT_PIPELINED, options_aggregates, true, NULL},
    {OPT_COMPUTE_KIND, OPT_COMPUTE_KIND, options_computes, false,
     "does nothing where nothing is computed, expected compute: 10ms with it"},
    {OPT_ARRIVALS, OPT_ARRIVALS, options_paced, false,
     "spreads the steps of a rate, expected rate: 100 with it"},
    {OPT_MAX_SAMPLES, OPT_MAX_SAMPLES, keeps_all_samples, true,
     "does nothing without a duration (all iterations are kept), expected "
     "duration with it"},
    {OPT_LIFELINE, OPT_LIFELINE, serves, false, "is for srbench serve"},
    {OPT_BATCH_ARGS, OPT_BATCH_TIMEOUT, options_batch, false,
     "does nothing without run_db_as_batch"},
    {OPT_DB_TLS_CA, OPT_DB_TLS_NAME, options_secured, false, NULL},
    {OPT_DB_AUTH, OPT_DB_AUTH, options_external, false, NULL},
    {OPT_FLUSH, OPT_FLUSH, options_external, false, NULL},
    {OPT_OBJECTIVE, OPT_TUNED, tunes, false, "is for srbench tune"},
    {OPT_REPETITIONS, OPT_REPETITIONS, tunes, true,
     "is srbench's own in a search, which runs pairs until it knows; expected "
     "none in srbench tune"},
    {OPT_UNTIL_INTERVAL, OPT_UNTIL_INTERVAL, tunes, true,
     "has no part in a search: who stops when an interval is narrow enough "
     "finds what is not there; expected none in srbench tune"},
    {OPT_ORDER, OPT_ORDER, tunes, true,
     "is drawn in a search (seed), expected none in srbench tune"},
    {OPT_EXPECT, OPT_EXPECT, tunes, true,
     "judges one configuration, and a search tries many; expected it in the "
     "study with what was found"},
    {OPT_DB_ADDRESS, OPT_DB_ADDRESS, tunes, true,
     "names databases that run already, which srbench tune cannot start anew; "
     "expected none in srbench tune"},
    {OPT_RUN_DB_AS_BATCH, OPT_RUN_DB_AS_BATCH, tunes, true,
     "would be a batch job for every run of a search, expected databases in "
     "this job in srbench tune"},
};
#define IDLE (sizeof idle / sizeof *idle)

bool options_idle(const struct options *o, enum option_id id)
{
    for (size_t i = 0; i < IDLE; i++)
        if (id >= idle[i].first && id <= idle[i].last)
            return idle[i].holds(o) == idle[i].where;
    return false;
}

int options_check_idle(const struct options *o, struct error *err)
{
    for (size_t i = 0; i < IDLE; i++)
        for (int id = (int)idle[i].first; id <= (int)idle[i].last; id++)
            if (idle[i].what && options_get(o, (enum option_id)id)->given &&
                idle[i].holds(o) == idle[i].where)
                return options_refuse(o, (enum option_id)id, idle[i].what, err);
    return 0;
}
