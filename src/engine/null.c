/* No server at all: the harness by itself, for tests with the null client. */
#include "srb/engine.h"

static bool recognise(const char *printed, char version[SRB_VERSION_MAX])
{
    (void)printed;
    version[0] = '\0';
    return false;
}

static int check_args(const struct value *args, struct error *err)
{
    if (args->npairs == 0)
        return 0;
    return error_set(err, "db_args: the null database has no directives");
}

const struct engine engine_null = {
    .name = "null",
    .serves = false,
    .recognise = recognise,
    .check_args = check_args,
};
