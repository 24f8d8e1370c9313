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

/* It is chosen by name; no program is it. */
static bool recognise(const char *printed, char version[SRB_VERSION_MAX])
{
    (void)printed;
    version[0] = '\0';
    return false;
}

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

const struct engine engine_floor = {
    .name = "floor",
    .serves = true,
    .role = SRB_FLOOR_ROLE,
    .most_threads = FLOOR_THREADS_MAX,
    .recognise = recognise,
    .configure = configure,
    .unix_socket = UNIX_SOCKET,
    .ready = resp_ready,
    .empty = resp_empty,
    .counters = resp_counters,
    .effective = effective,
    .shutdown = resp_shutdown,
};
