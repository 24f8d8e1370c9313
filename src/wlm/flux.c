/* Flux: flux-environment(7), flux-job(1). Its nodes are called as their hosts.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "wlm/call.h"

static void describe(struct job *j)
{
    snprintf(j->id, sizeof j->id, "%s", getenv("FLUX_JOB_ID"));
}

/* Whole seconds, or "infinity". */
static int ask_end(struct job *j, struct error *err)
{
    struct words w = {0};
    char left[256];
    double seconds;

    call_words_add(&w, "flux");
    call_words_add(&w, "job");
    call_words_add(&w, "timeleft");
    call_words_add(&w, "%s", j->id);
    if (call_run(&w, NULL, left, sizeof left, err) < 0)
        return -1;
    seconds = strtod(left, NULL);
    if (seconds > 0 && isfinite(seconds))
        j->end = (double)time(NULL) + seconds;
    return 0;
}

const struct wlm wlm_flux = {
    .name = "flux",
    .mark = "FLUX_JOB_ID",
    .people = "Flux",
    .describe = describe,
    .ask_end = ask_end,
};
