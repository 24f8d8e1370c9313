/* options_steps.c - whether what is said of steps fits together: compute, rate,
 * arrivals and sustain.
 *
 * The sweep is a product: a value of one axis that contradicts a value of
 * another is refused by both names.
 */
#include <stdio.h>
#include <string.h>

#include "options/options_internal.h"

/* Steps of a client in a time, begun or left: as many as iterations may be. */
#define STEPS_MAX 1e9

static int check_rate(const struct options *o, struct error *err)
{
    const struct refusal list[] = {
        {options_computes(o), OPT_RATE,
         "contradicts compute: steps come by a schedule or after computing; "
         "expected one of the two (rate: max with compute)"},
        {options_has(o, OPT_SYNC, SYNC_NONE), OPT_RATE,
         "contradicts sync: none, since a schedule begins for all clients at "
         "one instant; expected sync: start with a rate"},
        {options_has(o, OPT_SYNC, SYNC_ITERATION), OPT_RATE,
         "contradicts sync: iteration, since a schedule waits for no other "
         "client; expected sync: start with a rate"},
    };

    return options_refuse_any(o, list, sizeof list / sizeof *list, err);
}

/* Of rates that are numbers beside a duration, the lowest and the highest. */
static int check_numbers(const struct options *o, struct error *err)
{
    const struct setting *set = options_get(o, OPT_RATE);
    const struct value *duration = options_one(o, OPT_DURATION);
    double seconds = options_has(o, OPT_PATTERN, PATTERN_PHASES)
                         ? duration->seconds / 2
                         : duration->seconds;
    char what[160];

    for (size_t k = 0; k < set->nvalues && !duration->is_auto; k++) {
        const struct value *v = &set->values[k];

        if (v->word ||
            (v->rate * seconds >= 1 && v->rate * seconds <= STEPS_MAX))
            continue;
        snprintf(what, sizeof what,
                 "found %s with duration: %s, which is %s, expected 1 to "
                 "1000000000 steps of a client in that time%s",
                 v->text, duration->text,
                 v->rate * seconds < 1 ? "not a step" : "too many",
                 seconds < duration->seconds ? ", of which phases have half"
                                             : "");
        return options_refuse(o, OPT_RATE, what, err);
    }
    return 0;
}

/* Only a search has sustain, and probes no iterations. */
static int check_search(const struct options *o, struct error *err)
{
    bool search = options_says(o, OPT_RATE, RATE_SEARCH);
    size_t limits = options_one(o, OPT_SUSTAIN)->npairs;
    const struct refusal list[] = {
        {!search && limits > 0, OPT_SUSTAIN,
         "is what a search goes by, expected rate: search with it"},
        {search && limits > 1, OPT_SUSTAIN,
         "has more than one limit, and a search goes by one; expected such as "
         "{put_response_p99: \"< 5ms\"}"},
        {search && limits == 0, OPT_RATE,
         "searches for the rate at which a limit still holds, expected "
         "sustain: {put_response_p99: \"< 5ms\"} with it"},
        {search && options_get(o, OPT_ITERATIONS)->given &&
             options_get(o, OPT_RATE)->nvalues == 1,
         OPT_ITERATIONS,
         "does nothing with rate: search, whose probes last a duration (10 s), "
         "expected duration instead"},
    };

    return options_refuse_any(o, list, sizeof list / sizeof *list, err);
}

int options_check_steps(const struct options *o, struct error *err)
{
    if (options_paced(o) && check_rate(o, err) < 0)
        return -1;
    return check_search(o, err) < 0 ? -1 : check_numbers(o, err);
}
