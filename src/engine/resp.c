#include "engine/resp.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/version.h"
#include "protocol/command_set.h"
#include "protocol/db_modules.h"
#include "protocol/model.h"
#include "protocol/redisai.h"

/* Redis's own connections, the steward's, and room for a person's. */
#define SPARE_CLIENTS 64
/* Redis's default for both, kept as the least. */
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
    "loadmodule", /* db_modules */
};

/* CPU lists are spelt with an underscore by the older ones and with a hyphen by
 * those since Redis 7.4 and Valkey 8.0, which still take the other (their
 * config.c). */
static const char *const underscored[][2] = {
    {"server-cpulist", "server_cpulist"},
    {"bio-cpulist", "bio_cpulist"},
    {"aof-rewrite-cpulist", "aof_rewrite_cpulist"},
    {"bgsave-cpulist", "bgsave_cpulist"},
};

bool resp_recognise(const char *printed, const char *title,
                    char version[SRB_VERSION_MAX])
{
    size_t n = strlen(title);

    if (strncasecmp(printed, title, n) != 0 ||
        strncmp(printed + n, " v=", 3) != 0)
        return false;
    printed += n + 3;
    snprintf(version, SRB_VERSION_MAX, "%.*s", (int)strcspn(printed, " \n"),
             printed);
    return version[0] != '\0';
}

bool resp_answers(const char *info, const char *field,
                  char version[SRB_VERSION_MAX])
{
    size_t len = 0;
    const char *at = control_field(info, field, &len);

    snprintf(version, SRB_VERSION_MAX, "%.*s", (int)len, at ? at : "");
    return version[0] != '\0';
}

static bool is_reserved(const char *name, const char *const *more)
{
    for (size_t k = 0; k < sizeof reserved / sizeof reserved[0]; k++)
        if (strcasecmp(name, reserved[k]) == 0)
            return true;
    for (; more && *more; more++)
        if (strcasecmp(name, *more) == 0)
            return true;
    return false;
}

int resp_check_args(const struct value *args, const char *const *more,
                    struct error *err)
{
    for (size_t i = 0; i < args->npairs; i++) {
        const char *name = args->pairs[i].name;

        if (is_reserved(name, more))
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

/* A directive as all of them know it. */
static const char *spelt(const char *name)
{
    for (size_t k = 0; k < sizeof underscored / sizeof underscored[0]; k++)
        if (strcasecmp(name, underscored[k][0]) == 0)
            return underscored[k][1];
    return name;
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

/* Nobody gets in but these users, each with what it needs and no more (Redis's
 * "ACL" page): a steward keeps its connection, and is the reader for an instant
 * (resp_effective()). A user of the configuration begins with nothing,
 * `default` too: without a password of its own it does not count as open, and
 * protected mode need not turn everybody away. */
static void let_in(FILE *out, const struct shard_spec *s)
{
    const struct secret *secret = s->secret;
    char client[SRB_SHA256_HEX], steward[SRB_SHA256_HEX];
    char reader[SRB_SHA256_HEX];

    secret_hash(&secret->client, client);
    secret_hash(&secret->steward, steward);
    secret_hash(&secret->reader, reader);
    fprintf(out, "protected-mode yes\nuser default off\n");
    fprintf(out,
            "user " SRB_USER_CLIENT " on #%s ~" SRB_KEY_STEM "* +set +get "
            "+ping%s%s%s%s%s%s%s%s\n",
            client, s->redisai ? " +ai.tensorset +ai.tensorget" : "",
            s->infers ? " " SRB_MODEL_PATTERNS " +ai.modelexecute "
                        "+ai.scriptexecute +ai.scriptrun"
                      : "",
            s->copies ? " " SRB_COPY_PATTERNS " +del" : "",
            s->removes ? " +unlink" : "", s->polls ? " +exists" : "",
            s->blocks ? " +xadd +xread" : "",
            s->lists ? " +rpush +llen +lrange" : "",
            s->lists && s->redisai ? " +hmset +hgetall" : "");
    fprintf(out,
            "user " SRB_USER_STEWARD " on #%s +ping +info +flushall +shutdown "
            "+cluster|info +cluster|nodes%s\n",
            steward,
            s->infers ? " " SRB_MODEL_PATTERNS " +ai.modelstore +ai.modelget "
                        "+ai.scriptstore +ai.scriptset +ai.scriptget +ai.info"
                      : "");
    fprintf(out,
            "user " SRB_USER_READER " on #%s +config|get "
            "+memory|malloc-stats\n",
            reader);
}

/* An empty value must be seen as one; others are as the user wrote them. */
static void print_args(FILE *out, const struct value *args)
{
    for (size_t i = 0; i < args->npairs; i++) {
        const struct pair *p = &args->pairs[i];

        fprintf(out, "%s %s\n", spelt(p->name),
                !p->value     ? ""
                : p->value[0] ? p->value
                              : "\"\"");
    }
}

void resp_configure(FILE *out, const struct shard_spec *s,
                    void (*threads)(FILE *out, const struct shard_spec *s))
{
    fprintf(out, "bind %s\nport %d\n", s->address, s->port);
    /* users get rights to what modules bring once these are loaded, wherever
     * the lines stand (main() in Redis's server.c) */
    db_modules_print(out, s->modules, s->tpq, s->intra_op);
    let_in(out, s);
    /* a relative path: it runs in its own folder, which is nobody else's */
    if (s->placement->experiment == EXPERIMENT_COLOCATED)
        fprintf(out, "unixsocket " SRB_RESP_SOCKET "\nunixsocketperm 700\n");
    fprintf(out, "daemonize no\nsupervised no\npidfile \"\"\nlogfile \"\"\n");
    /* one that crashes ends at once, and its last words are the reason: no test
     * of all its memory, no pages of report */
    fprintf(out, "crash-memcheck-enabled no\ncrash-log-enabled no\n");
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
    threads(out, s);
    if (s->placement->cluster)
        fprintf(out,
                "cluster-enabled yes\ncluster-config-file " SRB_RESP_NODES "\n"
                "cluster-node-timeout %" PRId64 "\n"
                "cluster-require-full-coverage yes\n"
                /* others would take it for moved where its messages leave
                 * through another interface of the host */
                "cluster-announce-ip %s\n",
                node_timeout_ms(s), s->address);
    print_args(out, s->args);
}

/* Since 8.0 I/O threads read in any case: Redis has no choice any more
 * (deprecated_configs in its config.c), Valkey's do unless they are told not
 * to, and later ones cannot be told (its config.c). */
static void io_threads(FILE *out, const struct shard_spec *s)
{
    fprintf(out, "io-threads %d\n", s->io_threads);
    if (s->io_threads > 1 && !version_since(s->version, "8.0"))
        fprintf(out, "io-threads-do-reads yes\n");
}

void resp_configure_io(FILE *out, const struct shard_spec *s)
{
    resp_configure(out, s, io_threads);
}

/* A cluster node's name is any 40 hexadecimal digits. They differ from run to
 * run: members of two clusters that meet on a port must not know each other. */
static void print_id(FILE *out, const struct shard_spec *s, int shard)
{
    fprintf(out, "%016" PRIx64 "%024x", s->run, (unsigned)shard);
}

/* nodes.conf as a running cluster would have written it: all members with their
 * slots, so that they know each other from the start. A line of it:
 *   <id> <ip>:<port>@<bus port>[,<hostname>[,<name>=<value>]…] <flags> <master>
 *   <ping> <pong> <epoch> <link> <slots>
 * Servers that know of shards (a master and its replicas) draw a name for one
 * that has none in their file, each another, and then write their files until
 * they agree: so the shard has its master's name, which is as long. Others take
 * no such field (clusterLoadConfig() in their cluster.c). */
static void print_cluster(FILE *out, const struct shard_spec *s, bool named)
{
    const struct placement *pl = s->placement;

    for (int k = 0; k < pl->nshards; k++) {
        int port = pl->shard_port[k];

        print_id(out, s, k);
        fprintf(out, " %s:%d@%d", place_shard_address(pl, k), port,
                port + SRB_BUS_OFFSET);
        if (named) {
            fprintf(out, ",,shard-id=");
            print_id(out, s, k);
        }
        fprintf(out, " %smaster - 0 0 %d connected %d-%d\n",
                k == s->shard ? "myself," : "", k + 1,
                keys_first_slot(k, pl->nshards),
                keys_first_slot(k + 1, pl->nshards) - 1);
    }
    fprintf(out, "vars currentEpoch %d lastVoteEpoch 0\n", pl->nshards);
}

/* 7.0 knows no more of shards than CLUSTER SHARDS. */
void resp_cluster(FILE *out, const struct shard_spec *s)
{
    print_cluster(out, s, version_since(s->version, "7.2"));
}

void resp_cluster_unnamed(FILE *out, const struct shard_spec *s)
{
    print_cluster(out, s, false);
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
                     "port %d of %s is " SRB_PORT_TAKEN ": process %" PRId64
                     ", which is not the one that was started, answers there; "
                     "end it, " SRB_PORT_ADVICE,
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

int resp_ready(struct control *c, const struct shard_spec *s, pid_t *pid,
               bool whole_cluster, struct error *err)
{
    char *pong;

    if (whole_cluster)
        return cluster_ready(c, s, err);
    if (control_say(c, &pong, err, "PING", NULL) < 0)
        return strstr(err->text, "LOADING") ? 0 : -1;
    free(pong);
    if (check_pid(c, s, pid, err) < 0)
        return -1;
    return s->redisai && redisai_check(c, err) < 0 ? -1 : 1;
}

int resp_empty(struct control *c, struct error *err)
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

/* Those of every command set: a run may use several. */
static int64_t tensor_commands(const char *info)
{
    static const struct command_set *const sets[] = {&command_plain,
                                                     &command_redisai};
    int64_t n = 0;
    char key[64];

    for (size_t k = 0; k < sizeof sets / sizeof sets[0]; k++) {
        snprintf(key, sizeof key, "cmdstat_%s", sets[k]->put);
        n += calls(info, key);
        snprintf(key, sizeof key, "cmdstat_%s", sets[k]->get);
        n += calls(info, key);
    }
    return n;
}

static double real(const char *info, const char *key)
{
    size_t len;
    const char *at = control_field(info, key, &len);

    return at ? strtod(at, NULL) : NAN;
}

int resp_counters(struct control *c, struct shard_counters *now,
                  struct error *err)
{
    char *info;

    if (control_say(c, &info, err, "INFO", "commandstats", NULL) < 0)
        return -1;
    now->commands = tensor_commands(info);
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
    if (control_say(c, &info, err, "INFO", "memory", NULL) < 0)
        return -1;
    now->memory = control_number(info, "used_memory", -1);
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

/* What was loaded, by the server's own word: "module:name=ai,ver=…", and what
 * RedisAI adds to it. */
static void print_modules(struct control *c, FILE *out)
{
    struct error ignored;
    char *info, *line, *rest;

    if (control_say(c, &info, &ignored, "INFO", "modules", NULL) < 0)
        return;
    for (line = strtok_r(info, "\r\n", &rest); line;
         line = strtok_r(NULL, "\r\n", &rest))
        if (strncmp(line, "module:", 7) == 0)
            fprintf(out, "module %s\n", line + 7);
        else if (strncmp(line, "ai_threads_per_queue:", 21) == 0)
            fprintf(out, "ai_threads_per_queue %s\n", line + 21);
    free(info);
}

static void print_option(FILE *out, const char *line, const char *colon)
{
    const char *value = colon + 1 + strspn(colon + 1, " ");

    fprintf(out, "%.*s %.*s\n", (int)(colon - line), line,
            (int)strcspn(value, " "), value);
}

/* What the allocator made of its environment, "opt.dirty_decay_ms -1": jemalloc
 * tells it, and in parentheses what holds by now. */
static void print_allocator(struct control *c, FILE *out)
{
    struct error ignored;
    char *text, *line, *rest;

    if (control_say(c, &text, &ignored, "MEMORY", "MALLOC-STATS", NULL) < 0)
        return;
    for (line = strtok_r(text, "\r\n", &rest); line;
         line = strtok_r(NULL, "\r\n", &rest)) {
        char *colon = strchr(line, ':');

        line += strspn(line, " ");
        if (strncmp(line, "opt.", 4) == 0 && colon)
            print_option(out, line, colon);
    }
    free(text);
}

static void print_memory(struct control *c, FILE *out)
{
    struct error ignored;
    char *info;
    const char *at;
    size_t len;

    if (control_say(c, &info, &ignored, "INFO", "memory", NULL) < 0)
        return;
    at = control_field(info, "mem_allocator", &len);
    if (at)
        fprintf(out, "mem_allocator %.*s\n", (int)len, at);
    free(info);
}

/* All of it that has a name; as the reader, who may nothing else. */
static int read_config(struct control *c, FILE *out, const struct shard_spec *s,
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
        "lazyfree-lazy-server-del",
        "protected-mode",
    };
    const struct secret *users = s->secret;

    if (users && control_login(c, &users->reader, s->op_timeout, err) < 0)
        return -1;
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++)
        print_effective(c, out, asked[i]);
    for (size_t i = 0; i < s->args->npairs; i++)
        print_effective(c, out, spelt(s->args->pairs[i].name));
    /* of servers that others started nobody here knows the environment */
    if (s->env->npairs > 0 || !s->placement)
        print_allocator(c, out);
    return users ? control_login(c, &users->steward, s->op_timeout, err) : 0;
}

int resp_effective(struct control *c, const struct shard_spec *s, char **text,
                   struct error *err)
{
    size_t n;
    FILE *out = mem_stream(text, &n);
    int rc;

    rc = read_config(c, out, s, err);
    if (rc == 0)
        print_modules(c, out);
    if (rc == 0)
        print_memory(c, out);
    fclose(out);
    if (rc < 0)
        free(*text);
    return rc;
}

void resp_shutdown(struct control *c)
{
    struct error ignored;

    /* a server that obeys does not answer */
    control_say(c, NULL, &ignored, "SHUTDOWN", "NOSAVE", NULL);
}
