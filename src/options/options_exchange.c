/* options_exchange.c - whether what is said of writers and readers fits
 * together, and to the rest.
 *
 * The sweep is a product: a value of one axis that contradicts a value of
 * another is refused by both names.
 */
#include <inttypes.h>
#include <stdio.h>

#include "options/options_internal.h"

/* It contradicts the pattern, whose readers … */
static int contradicts(const struct options *o, enum option_id id,
                       const char *what, const char *why, struct error *err)
{
    char words[256];

    snprintf(words, sizeof words, "%scontradicts pattern: %s, %s", what,
             options_exchange_name(o), why);
    return options_refuse(o, id, words, err);
}

/* A reader must tell what is new from what was there before. */
static int check_keys(const struct options *o, struct error *err)
{
    if (options_get(o, OPT_RETIRE)->given &&
        options_has(o, OPT_RETIRE, RETIRE_OVERWRITE))
        return contradicts(o, OPT_RETIRE, "overwrite ",
                           options_aggregates(o)
                               ? "whose readers would take an old step for the "
                                 "one that they await; expected delete with it"
                               : "whose readers would take an old step for the "
                                 "one that they await; expected delete or "
                                 "expire with it",
                           err);
    return 0;
}

/* Of whole elements, or two sizes would be one. Where tensors lie in slots,
 * those of a step are all as long as the longest. */
static int check_control(const struct options *o, struct error *err)
{
    const struct setting *control = options_get(o, OPT_CONTROL_BYTES);
    const struct setting *tensors = options_get(o, OPT_TENSOR_BYTES);
    int64_t least = INT64_MAX;
    char words[160];

    for (size_t k = 0; k < tensors->nvalues; k++)
        if (tensors->values[k].count < least)
            least = tensors->values[k].count;
    for (size_t k = 0; k < control->nvalues; k++) {
        int64_t bytes = control->values[k].count;

        snprintf(words, sizeof words,
                 "found %" PRId64 ", expected 0, or a multiple of 4 (bytes of "
                 "an element) that is no longer than the shortest tensor, "
                 "%" PRId64,
                 bytes, least);
        if (bytes % (int64_t)sizeof(float) != 0 || bytes > least)
            return options_refuse(o, OPT_CONTROL_BYTES, words, err);
    }
    return 0;
}

/* Readers get as many steps as were put, at the pace of these. */
static int check_loop(const struct options *o, struct error *err)
{
    if (!options_auto(o, OPT_DURATION))
        return contradicts(o, OPT_DURATION, "",
                           "whose readers must know how many steps there will "
                           "be; expected iterations with it",
                           err);
    if (options_says(o, OPT_RATE, RATE_SEARCH))
        return contradicts(o, OPT_RATE, "search ",
                           "whose readers must know how many steps there will "
                           "be; expected numbers with it",
                           err);
    if (options_has(o, OPT_SYNC, SYNC_ITERATION))
        return contradicts(o, OPT_SYNC, "iteration ",
                           "where readers are held together with writers by "
                           "what these put, and by nothing else; expected "
                           "start or none with it",
                           err);
    return 0;
}

/* What is gone of data sets goes with the list that names it, which a server
 * cannot be told to let go with what was put before. */
static int check_lists(const struct options *o, struct error *err)
{
    const struct refusal list[] = {
        {options_has(o, OPT_RETIRE, RETIRE_EXPIRE), OPT_RETIRE,
         "expire contradicts pattern: aggregate, whose lists do not go by "
         "themselves; expected delete with it, or pattern: exchange"},
        {options_controls(o), OPT_CONTROL_BYTES,
         "contradicts pattern: aggregate, whose lists say that the rest is "
         "there; expected 0 with it, or pattern: exchange"},
        {options_says(o, OPT_WAIT, WAIT_BLOCK), OPT_WAIT,
         "block contradicts pattern: aggregate, whose readers ask how long a "
         "list is; expected a time or spin with it, or pattern: exchange"},
    };

    if (!options_aggregates(o))
        return 0;
    return options_refuse_any(o, list, sizeof list / sizeof *list, err);
}

int options_check_exchange(const struct options *o, struct error *err)
{
    if (!options_exchanges(o))
        return 0;
    if (check_keys(o, err) < 0 || check_lists(o, err) < 0 ||
        check_control(o, err) < 0)
        return -1;
    return check_loop(o, err);
}
