/* Redis 6 and later. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "srb/engine.h"

/* Redis's own connections, the steward's, and room for a person's. */
#define SPARE_CLIENTS 64
/* Redis's default for both, kept as the least. */
#define UNIX_SOCKET "redis.sock"
#define LEAST_BACKLOG 511
#define LEAST_CLIENTS 1000
#define LEAST_BULK (INT64_C(512) * 1024 * 1024)
#define LEAST_QUERY (INT64_C(1024) * 1024 * 1024)

/* Directives by which a server would leave its place, its guard, or the rule
 * that nothing is stored: not to be had through db_args. */
static const char *const reserved[] = {
    "bind",
    "port",
    "tls-port",
    "unixsocket",
    "unixsocketperm",
    "daemonize",
    "supervised",
    "dir",
    "pidfile",
    "logfile",
    "save",
    "appendonly",
    "cluster-enabled",
    "replicaof",
    "slaveof",
    "cluster-config-file",
    "include",
    "cluster-port",
    "requirepass",
    "rename-command",
    "dbfilename",
    "bind-source-addr",
    "protected-mode",
    "aclfile",
    "user",
    "masteruser",
    "masterauth",
};

static bool recognise(const char *printed, char version[SRB_VERSION_MAX])
{
    const char *at = strstr(printed, " v=");
    size_t len;

    if (strncasecmp(printed, "redis server", 12) != 0 || !at)
        return false;
    len = strcspn(at + 3, " \n");
    snprintf(version, SRB_VERSION_MAX, "%.*s", (int)len, at + 3);
    return true;
}

static int check_args(const struct value *args, struct error *err)
{
    for (size_t i = 0; i < args->npairs; i++) {
        const char *name = args->pairs[i].name;

        for (size_t k = 0; k < sizeof reserved / sizeof reserved[0]; k++)
            if (strcasecmp(name, reserved[k]) == 0)
                return error_set(err,
                                 "db_args: '%s' is srbench's own business; "
                                 "leave it out",
                                 name);
        if (name[0] == '\0' || strpbrk(name, " \t\r\n\"'#"))
            return error_set(
                err, "db_args: '%s' is not the name of a directive", name);
        if (args->pairs[i].value && strpbrk(args->pairs[i].value, "\r\n"))
            return error_set(err, "db_args: the value of '%s' has a line break",
                             name);
    }
    return 0;
}

static int64_t at_least(int64_t x, int64_t least)
{
    return x > least ? x : least;
}

/* A saturated shard is not a dead one: no failover vote sooner than a client
 * gives up. */
static int64_t node_timeout_ms(const struct shard_spec *s)
{
    return (int64_t)(s->op_timeout * 2e3) + 15000;
}

/* Nobody gets in but two users, each with what it needs and no more (Redis's
 * "ACL" page). A user of the configuration begins with nothing, `default` too:
 * without a password of its own it does not count as open, and protected mode
 * need not turn everybody away. */
static void let_in(FILE *out, const struct secret *secret)
{
    char client[SRB_SHA256_HEX], steward[SRB_SHA256_HEX];

    secret_hash(&secret->client, client);
    secret_hash(&secret->steward, steward);
    fprintf(out, "protected-mode yes\nuser default off\n");
    fprintf(out,
            "user " SRB_USER_CLIENT " on #%s ~" SRB_KEY_STEM "* +set +get "
            "+ping\n",
            client);
    fprintf(out,
            "user " SRB_USER_STEWARD " on #%s +ping +info +flushall +shutdown "
            "+config|get +cluster|info +cluster|nodes\n",
            steward);
}

static void configure(FILE *out, const struct shard_spec *s)
{
    fprintf(out, "bind %s\nport %d\n", s->address, s->port);
    let_in(out, s->secret);
    /* a relative path: it runs in its own folder, which is nobody else's */
    if (s->placement->experiment == EXPERIMENT_COLOCATED)
        fprintf(out, "unixsocket " UNIX_SOCKET "\nunixsocketperm 700\n");
    fprintf(out, "daemonize no\nsupervised no\npidfile \"\"\nlogfile \"\"\n");
    /* without a save line Redis keeps its default snapshots: a fork in the
     * middle of a loop */
    fprintf(out, "save \"\"\nappendonly no\n");
    fprintf(out, "maxclients %" PRId64 "\n",
            at_least(s->max_clients + SPARE_CLIENTS, LEAST_CLIENTS));
    fprintf(out, "tcp-backlog %" PRId64 "\n",
            at_least(s->max_clients, LEAST_BACKLOG));
    fprintf(out, "proto-max-bulk-len %" PRId64 "\n",
            at_least(s->max_bytes + 1024, LEAST_BULK));
    /* a value arrives in the query buffer, and Redis closes the connection of
     * one that is longer */
    fprintf(out, "client-query-buffer-limit %" PRId64 "\n",
            at_least(s->max_bytes + 1024 * 1024, LEAST_QUERY));
    fprintf(out, "io-threads %d\n", s->io_threads);
    if (s->io_threads > 1)
        fprintf(out, "io-threads-do-reads yes\n");
    if (s->placement->cluster)
        fprintf(out,
                "cluster-enabled yes\ncluster-config-file nodes.conf\n"
                "cluster-node-timeout %" PRId64 "\n"
                "cluster-require-full-coverage yes\n"
                /* others would take it for moved where its messages leave
                 * through another interface of the host */
                "cluster-announce-ip %s\n",
                node_timeout_ms(s), s->address);
    for (size_t i = 0; i < s->args->npairs; i++) {
        const struct pair *p = &s->args->pairs[i];

        /* an empty value must be seen as one; others as the user wrote them */
        fprintf(out, "%s %s\n", p->name,
                !p->value     ? ""
                : p->value[0] ? p->value
                              : "\"\"");
    }
}

/* A cluster node's name is any 40 hexadecimal digits. They differ from run to
 * run: members of two clusters that meet on a port must not know each other. */
static void print_id(FILE *out, const struct shard_spec *s, int shard)
{
    fprintf(out, "%016" PRIx64 "%024x", s->run, (unsigned)shard);
}

/* nodes.conf as a running cluster would have written it: all members with their
 * slots, so that they know each other from the start. A line of it:
 *   <id> <ip>:<port>@<bus port> <flags> <master> <ping> <pong> <epoch> <link>
 *   <slots> */
static void cluster(FILE *out, const struct shard_spec *s)
{
    const struct placement *pl = s->placement;

    for (int k = 0; k < pl->nshards; k++) {
        int port = pl->shard_port[k];

        print_id(out, s, k);
        fprintf(out, " %s:%d@%d %smaster - 0 0 %d connected %d-%d\n",
                place_shard_address(pl, k), port, port + 10000,
                k == s->shard ? "myself," : "", k + 1,
                keys_first_slot(k, pl->nshards),
                keys_first_slot(k + 1, pl->nshards) - 1);
    }
    fprintf(out, "vars currentEpoch %d lastVoteEpoch 0\n", pl->nshards);
}

/* Whether the process that answers is the one that was started, or of its
 * process group: another server may sit on the port. */
static int check_pid(struct control *c, const struct shard_spec *s, pid_t *pid,
                     struct error *err)
{
    char *info;
    int64_t answered;

    if (control_say(c, &info, err, "INFO", "server", NULL) < 0)
        return -1;
    answered = control_number(info, "process_id", -1);
    free(info);
    if (answered == *pid ||
        (answered > 0 && getpgid((pid_t)answered) == *pid)) {
        *pid = (pid_t)answered;
        return 0;
    }
    return error_set(err,
                     "port %d of %s is taken: process %" PRId64 ", which is "
                     "not the server that was started, answers there; end it, "
                     "or choose another --db_port",
                     s->port, s->address, answered);
}

static int cluster_ready(struct control *c, const struct shard_spec *s,
                         struct error *err)
{
    size_t len;
    const char *state;
    char *info;
    bool ok;

    if (control_say(c, &info, err, "CLUSTER", "INFO", NULL) < 0)
        return -1;
    state = control_field(info, "cluster_state", &len);
    ok =
        state && len == 2 && strncmp(state, "ok", 2) == 0 &&
        control_number(info, "cluster_slots_ok", 0) == SRB_SLOTS &&
        control_number(info, "cluster_known_nodes", 0) == s->placement->nshards;
    free(info);
    return ok;
}

static int ready(struct control *c, const struct shard_spec *s, pid_t *pid,
                 bool whole_cluster, struct error *err)
{
    char *pong;

    if (whole_cluster)
        return cluster_ready(c, s, err);
    if (control_say(c, &pong, err, "PING", NULL) < 0)
        return strstr(err->text, "LOADING") ? 0 : -1;
    free(pong);
    return check_pid(c, s, pid, err) < 0 ? -1 : 1;
}

static int empty(struct control *c, struct error *err)
{
    /* SYNC: freed now, not by a thread in the middle of the next loop */
    return control_say(c, NULL, err, "FLUSHALL", "SYNC", NULL);
}

/* Calls of one command in INFO commandstats: "cmdstat_set:calls=40,…". */
static int64_t calls(const char *info, const char *key)
{
    size_t len;
    const char *at = control_field(info, key, &len);

    if (!at || strncmp(at, "calls=", 6) != 0)
        return 0;
    return strtoll(at + 6, NULL, 10);
}

static double real(const char *info, const char *key)
{
    size_t len;
    const char *at = control_field(info, key, &len);

    return at ? strtod(at, NULL) : NAN;
}

static int counters(struct control *c, struct shard_counters *now,
                    struct error *err)
{
    char *info;

    if (control_say(c, &info, err, "INFO", "commandstats", NULL) < 0)
        return -1;
    now->commands = calls(info, "cmdstat_set") + calls(info, "cmdstat_get");
    free(info);
    if (control_say(c, &info, err, "INFO", "stats", NULL) < 0)
        return -1;
    now->bytes = control_number(info, "total_net_input_bytes", 0) +
                 control_number(info, "total_net_output_bytes", 0);
    free(info);
    if (control_say(c, &info, err, "INFO", "cpu", NULL) < 0)
        return -1;
    now->cpu_time = real(info, "used_cpu_user") + real(info, "used_cpu_sys");
    free(info);
    return 0;
}

/* One directive's value as the server has it; a name it does not know (not all
 * can be asked for) is left out. */
static void print_effective(struct control *c, FILE *out, const char *name)
{
    struct error ignored;
    char *reply, *line, *rest;

    if (control_say(c, &reply, &ignored, "CONFIG", "GET", name, NULL) < 0)
        return;
    /* name and value, each on a line */
    line = strtok_r(reply, "\n", &rest);
    if (line) {
        const char *value = strtok_r(NULL, "\n", &rest);

        fprintf(out, "%s %s\n", line, value ? value : "\"\"");
    }
    free(reply);
}

static int effective(struct control *c, const struct shard_spec *s, char **text,
                     struct error *err)
{
    static const char *const asked[] = {
        "bind",
        "port",
        "save",
        "appendonly",
        "maxclients",
        "maxmemory",
        "tcp-backlog",
        "proto-max-bulk-len",
        "io-threads",
        "io-threads-do-reads",
        "hz",
        "cluster-enabled",
        "activedefrag",
        "cluster-node-timeout",
        "lazyfree-lazy-user-del",
        "protected-mode",
    };
    size_t n;
    FILE *out = open_memstream(text, &n);

    if (!out)
        return error_set(err, "not enough memory for a configuration");
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++)
        print_effective(c, out, asked[i]);
    for (size_t i = 0; i < s->args->npairs; i++)
        print_effective(c, out, s->args->pairs[i].name);
    fclose(out);
    return 0;
}

static void shut_down(struct control *c)
{
    struct error ignored;

    /* a server that obeys does not answer */
    control_say(c, NULL, &ignored, "SHUTDOWN", "NOSAVE", NULL);
}

const struct engine engine_redis = {
    .name = "redis",
    .serves = true,
    .oldest = "6.2", /* users and passwords (6.0), FLUSHALL SYNC */
    .recognise = recognise,
    .check_args = check_args,
    .configure = configure,
    .cluster_file = "nodes.conf",
    .cluster = cluster,
    .unix_socket = UNIX_SOCKET,
    .ready = ready,
    .empty = empty,
    .counters = counters,
    .effective = effective,
    .shutdown = shut_down,
};
