/* options_asks.c - what a study asks for, by the values of its options. */
#include <string.h>

#include "options/options_internal.h"

bool options_says(const struct options *o, enum option_id id, int word)
{
    const struct setting *set = options_get(o, id);

    for (size_t k = 0; k < set->nvalues; k++)
        if (set->values[k].word == word)
            return true;
    return false;
}

bool options_paced(const struct options *o)
{
    return options_says(o, OPT_RATE, RATE_NUMBER) ||
           options_says(o, OPT_RATE, RATE_SEARCH);
}

bool options_has(const struct options *o, enum option_id id, int64_t choice)
{
    const struct setting *set = options_get(o, id);

    for (size_t k = 0; k < set->nvalues; k++)
        if (set->values[k].count == choice)
            return true;
    return false;
}

bool options_above(const struct options *o, enum option_id id, int64_t count)
{
    const struct setting *set = options_get(o, id);

    for (size_t k = 0; k < set->nvalues; k++)
        if (set->values[k].count > count)
            return true;
    return false;
}

bool options_exchanges(const struct options *o)
{
    return options_has(o, OPT_PATTERN, PATTERN_EXCHANGE) ||
           options_aggregates(o);
}

bool options_aggregates(const struct options *o)
{
    return options_has(o, OPT_PATTERN, PATTERN_AGGREGATE);
}

const char *options_exchange_name(const struct options *o)
{
    return options_has(o, OPT_PATTERN, PATTERN_EXCHANGE) ? "exchange"
                                                         : "aggregate";
}

bool options_polls(const struct options *o)
{
    return o->serve || options_exchanges(o);
}

bool options_lists(const struct options *o)
{
    return o->serve || options_aggregates(o);
}

bool options_blocks(const struct options *o)
{
    return o->serve ||
           (options_says(o, OPT_WAIT, WAIT_BLOCK) && options_polls(o));
}

bool options_controls(const struct options *o)
{
    return options_above(o, OPT_CONTROL_BYTES, 0) && options_exchanges(o);
}

bool options_only_exchanges(const struct options *o)
{
    return !options_has(o, OPT_PATTERN, PATTERN_PAIR) &&
           !options_has(o, OPT_PATTERN, PATTERN_PHASES);
}

bool options_computes(const struct options *o)
{
    const struct setting *set = options_get(o, OPT_COMPUTE);

    for (size_t k = 0; k < set->nvalues; k++)
        if (set->values[k].seconds > 0)
            return true;
    return false;
}

bool options_draw(const struct options *o)
{
    return o->tune || options_one(o, OPT_ORDER)->count == ORDER_RANDOM ||
           (options_paced(o) && options_has(o, OPT_ARRIVALS, ARRIVALS_POISSON));
}

bool options_takes_faults(const struct options *o)
{
    const struct setting *set = options_get(o, OPT_CLIENT);

    for (size_t i = 0; i < set->nvalues; i++)
        if (options_handed(OPT_CLIENT, set->values[i].text)->faults)
            return true;
    return false;
}

bool options_external(const struct options *o)
{
    return !o->serve && !options_one(o, OPT_DB_ADDRESS)->is_auto;
}

bool options_secured(const struct options *o)
{
    return options_external(o) &&
           strncmp(options_one(o, OPT_DB_ADDRESS)->text, SRB_TLS_SCHEME,
                   strlen(SRB_TLS_SCHEME)) == 0;
}

bool options_batch(const struct options *o)
{
    return !o->serve && options_one(o, OPT_RUN_DB_AS_BATCH)->count != 0;
}
