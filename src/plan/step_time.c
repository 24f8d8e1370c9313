#include "plan/step_time.h"

#include <math.h>

/* What computing alone takes, before the loop and after it
 * (measure/steps.c). */
#define ALONE_STEPS 6
#define ALONE_SECONDS 0.2

static double computing(const struct permutation *p, double steps)
{
    double compute = p->value[OPT_COMPUTE]->seconds;

    return compute > 0
               ? steps * compute + fmax(ALONE_STEPS * compute, ALONE_SECONDS)
               : 0;
}

/* Of iterations; puts and gets of phases have their own steps. */
static double by_steps(const struct permutation *p)
{
    double phases =
        permutation_count(p, OPT_PATTERN, PATTERN_PAIR) == PATTERN_PHASES ? 2
                                                                          : 1;
    double steps = phases * (double)p->value[OPT_ITERATIONS]->count;
    const struct value *rate = p->value[OPT_RATE];

    return rate->word ? computing(p, steps) : (steps - phases) / rate->rate;
}

double step_time_least(const struct permutation *p)
{
    double duration = permutation_duration(p);

    if (permutation_searches(p))
        return STEP_TIME_LEAST_PROBES * duration;
    return duration > 0 ? duration + computing(p, 0) : by_steps(p);
}

double step_time_known(const struct permutation *p)
{
    double duration = permutation_duration(p);

    if (permutation_searches(p))
        return STEP_TIME_PROBES * duration;
    return duration > 0 ? 0 : by_steps(p);
}
