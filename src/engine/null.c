/* No server at all: the harness by itself, for tests with the null client. */
#include "engine/engine.h"

/* Axes of clients it has, though they change nothing there: the harness is
 * tested with them. */
static const enum option_id lacks[] = {
    OPT_DB_IO_THREADS, OPT_DB_TPQ,         OPT_DB_ARGS,    OPT_DB_ENV,
    OPT_DB_PORT,       OPT_DB_MAX_CLIENTS, OPT_NET_IFNAME, OPT_COUNT};

const struct engine engine_null = {
    .name = "null",
    .help = "no server at all, to test the harness",
    .kind = ENGINE_NOBODY,
    .rung = "nothing",
    .lacks = lacks,
};
