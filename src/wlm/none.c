/* No batch system: a workstation, or a job whose own is not to be asked. */
#include "wlm/wlm.h"

static void describe(struct job *j)
{
    (void)j; /* there is nothing to say */
}

const struct wlm wlm_none = {
    .name = "none",
    .people = "no batch system",
    .describe = describe,
};
