/* No server at all: the harness by itself, for tests with the null client. */
#include "engine/engine.h"

static bool recognise(const char *printed, char version[SRB_VERSION_MAX])
{
    (void)printed;
    version[0] = '\0';
    return false;
}

const struct engine engine_null = {
    .name = "null",
    .serves = false,
    .recognise = recognise,
};
