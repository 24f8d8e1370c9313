/* options_exchange.c - whether what is said of writers and readers fits
 * together, and to the rest.
 *
 * The sweep is a product: a value of one axis that contradicts a value of
 * another is refused by both names.
 */
#include "options/options_internal.h"

#include <inttypes.h>
#include <stdio.h>

/* Nobody reads. */
static int check_idle(const struct options *o, struct error *err)
{
    for (int id = OPT_READERS_PER_NODE; id <= OPT_FAN; id++)
        if (options_get(o, (enum option_id)id)->given)
            return options_refuse(o, (enum option_id)id,
                                  "is for clients that read what others write, "
                                  "expected pattern: exchange with it",
                                  err);
    return 0;
}

/* A reader must tell what is new from what was there before. */
static int check_keys(const struct options *o, struct error *err)
{
    if (options_get(o, OPT_RETIRE)->given &&
        options_has(o, OPT_RETIRE, RETIRE_OVERWRITE))
        return options_refuse(o, OPT_RETIRE,
                              "overwrite contradicts pattern: exchange, whose "
                              "readers would take an old step for the one that "
                              "they await; expected delete or expire with it",
                              err);
    return 0;
}

/* Where tensors lie in slots, those of a step are all as long as the longest.
 */
static int check_control(const struct options *o, struct error *err)
{
    const struct setting *control = options_get(o, OPT_CONTROL_BYTES);
    const struct setting *tensors = options_get(o, OPT_TENSOR_BYTES);
    int64_t least = INT64_MAX;
    char words[128];

    for (size_t k = 0; k < tensors->nvalues; k++)
        if (tensors->values[k].count < least)
            least = tensors->values[k].count;
    for (size_t k = 0; k < control->nvalues; k++) {
        int64_t bytes = control->values[k].count;

        snprintf(words, sizeof words,
                 "found %" PRId64 ", expected 0, or a size from 4 on that is "
                 "no longer than the shortest tensor, %" PRId64,
                 bytes, least);
        if (bytes != 0 && (bytes < (int64_t)sizeof(float) || bytes > least))
            return options_refuse(o, OPT_CONTROL_BYTES, words, err);
    }
    return 0;
}

/* Readers get as many steps as were put, at the pace of these. */
static int check_loop(const struct options *o, struct error *err)
{
    if (!options_one(o, OPT_DURATION)->is_auto)
        return options_refuse(o, OPT_DURATION,
                              "contradicts pattern: exchange, whose readers "
                              "must know how many steps there will be; "
                              "expected iterations with it",
                              err);
    if (options_rate(o, RATE_SEARCH))
        return options_refuse(o, OPT_RATE,
                              "search contradicts pattern: exchange, whose "
                              "readers must know how many steps there will be; "
                              "expected numbers with it",
                              err);
    if (options_has(o, OPT_SYNC, SYNC_ITERATION))
        return options_refuse(o, OPT_SYNC,
                              "iteration contradicts pattern: exchange, where "
                              "readers are held together with writers by what "
                              "these put, and by nothing else; expected start "
                              "or none with it",
                              err);
    return 0;
}

int options_check_exchange(const struct options *o, struct error *err)
{
    if (!options_exchanges(o))
        return check_idle(o, err);
    return check_keys(o, err) < 0 || check_control(o, err) < 0
               ? -1
               : check_loop(o, err);
}
