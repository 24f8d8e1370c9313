/* The built-in server (floor_server.h). What it understands of the protocol it
 * understands as Redis does (resp.h). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "engine/floor_server.h"
#include "engine/resp.h"

#define UNIX_SOCKET "floor.sock"
#define LEAST_BACKLOG 511 /* as of Redis */

static int64_t backlog(const struct shard_spec *s)
{
    return s->max_clients > LEAST_BACKLOG ? s->max_clients : LEAST_BACKLOG;
}

static void configure(FILE *out, const struct shard_spec *s)
{
    char hash[SRB_SHA256_HEX];

    fprintf(out, "bind %s\nport %d\n", s->address, s->port);
    secret_hash(&s->secret->client, hash);
    fprintf(out, "client-password %s\n", hash);
    secret_hash(&s->secret->steward, hash);
    fprintf(out, "steward-password %s\n", hash);
    /* a relative path: it runs in its own folder, which is nobody else's */
    if (s->placement->experiment == EXPERIMENT_COLOCATED)
        fprintf(out, "unixsocket " UNIX_SOCKET "\n");
    fprintf(out, "threads %d\n", s->threads);
    fprintf(out, "tcp-backlog %" PRId64 "\n", backlog(s));
    fprintf(out, "max-value-bytes %" PRId64 "\n", s->max_bytes);
}

static int effective(struct control *c, const struct shard_spec *s, char **text,
                     struct error *err)
{
    char *info;
    size_t n;
    FILE *out;

    if (control_say(c, &info, err, "INFO", "server", NULL) < 0)
        return -1;
    out = open_memstream(text, &n);
    if (!out) {
        free(info);
        return error_set(err, "not enough memory for a configuration");
    }
    fprintf(out, "bind %s\nport %d\n", s->address, s->port);
    fprintf(out, "tcp-backlog %" PRId64 "\n", backlog(s));
    fprintf(out, "threads %" PRId64 "\n", control_number(info, "threads", -1));
    fprintf(out, "max-value-bytes %" PRId64 "\n",
            control_number(info, "max_value_bytes", -1));
    fclose(out);
    free(info);
    return 0;
}

/* All its threads serve, and it loads no modules. */
static const enum option_id lacks[] = {OPT_DB_IO_THREADS, OPT_DB_TPQ,
                                       OPT_DB_ARGS, OPT_COUNT};

static const struct candidate candidates[] = {CANDIDATES_ANY, {.name = NULL}};

/* Resident at most (as RESP_MEMORY): 1.04 to 1.2 times the tensors, and 11 MiB
 * of its own. */
const struct engine engine_floor = {
    .name = "floor",
    .help = "srbench's own, which only carries bytes, as the limit of network, "
            "CPUs and client",
    .kind = ENGINE_PROCESS,
    .candidates = candidates,
    .lacks = lacks,
    .rung = "sockets",
    .partner = PARTNER_FLOOR,
    .memory = {.eighths = 10, .fixed = INT64_C(16) * 1024 * 1024},
    .role = SRB_FLOOR_ROLE,
    .most_threads = FLOOR_THREADS_MAX,
    .configure = configure,
    .unix_socket = UNIX_SOCKET,
    .ready = resp_ready,
    .empty = resp_empty,
    .counters = resp_counters,
    .effective = effective,
    .shutdown = resp_shutdown,
};
