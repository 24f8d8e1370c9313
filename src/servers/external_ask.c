#include "servers/external_ask.h"

#include <math.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/tick.h"
#include "engine/engine.h"
#include "protocol/redisai.h"

#define ASK_SECONDS 5.0
/* The least that a step is given, however late it is. */
#define LEAST_SECONDS 0.1

/* ---- a shard ---- */

/* What is left until then, and a little where nothing is: in whole tenths, as
 * it may come to be read. */
static double left_until(int64_t deadline)
{
    double left = ceil(tick_seconds(deadline - tick_now()) * 10) / 10;

    return left > LEAST_SECONDS ? left : LEAST_SECONDS;
}

struct control *external_enter(const struct roster *r, int shard,
                               double seconds, struct error *err)
{
    const struct roster_shard *at = &r->shard[shard];
    const struct login *login = r->secret ? &r->secret->steward : NULL;
    int64_t deadline = tick_deadline(seconds);
    struct control *c =
        control_open(at->address, at->port, left_until(deadline), err);

    if (!c)
        return NULL;
    if (control_secure(c, r->tls, roster_host(at), left_until(deadline), err) <
            0 ||
        control_login(c, login, left_until(deadline), err) < 0) {
        control_close(c);
        return NULL;
    }
    control_timeout(c, left_until(deadline));
    return c;
}

/* ---- servers that say themselves what they are ---- */

static bool has_both(const struct addrinfo *found)
{
    for (const struct addrinfo *ai = found; ai; ai = ai->ai_next)
        if (ai->ai_family != found->ai_family)
            return true;
    return false;
}

/* A name as a numeric address, which is what the file records. */
static int resolve(struct roster_shard *s, struct error *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    int rc = getaddrinfo(s->host, NULL, &hints, &found);

    if (rc != 0)
        return error_set(err, "db_address: '%s' is no host: %s", s->host,
                         gai_strerror(rc));
    rc = getnameinfo(found->ai_addr, found->ai_addrlen, s->address,
                     sizeof s->address, NULL, 0, NI_NUMERICHOST);
    if (rc == 0 && has_both(found))
        diag_note("note: db_address: '%s' has addresses of IPv4 and of IPv6; "
                  "%s is taken",
                  s->host, s->address);
    freeaddrinfo(found);
    return rc == 0 ? 0
                   : error_set(err, "db_address: '%s' has no address", s->host);
}

/* What a server calls itself, until it ends; "" for one that does not say. */
typedef char run_id[48];

/* Whether it is none of those before it: two names may be of one host, and two
 * addresses of one server. */
static int check_new(const struct roster *r, int s, const run_id *ids,
                     struct error *err)
{
    const struct roster_shard *is = &r->shard[s];

    for (int k = 0; k < s; k++) {
        if (ids[s][0] && strcmp(ids[k], ids[s]) == 0)
            return error_set(err,
                             "db_address: '%s' port %d and '%s' port %d are "
                             "the same server, by its own word (run_id), "
                             "expected every server once",
                             r->shard[k].host, r->shard[k].port, is->host,
                             is->port);
        if (r->shard[k].port == is->port &&
            strcmp(r->shard[k].address, is->address) == 0)
            return error_set(err,
                             "db_address: '%s' and '%s' port %d are the same "
                             "server, %s, expected every server once",
                             r->shard[k].host, is->host, is->port, is->address);
    }
    return 0;
}

static void copy_field(const char *info, const char *key, char *buf, size_t n)
{
    size_t len;
    const char *at = control_field(info, key, &len);

    snprintf(buf, n, "%.*s", at ? (int)len : 0, at ? at : "");
}

/* What the server is, and whether it is one of a Redis Cluster. */
static int recognise(struct control *c, struct roster *r, bool *clustered,
                     run_id id, struct error *err)
{
    char *info, version[SRB_VERSION_MAX], mode[32];
    const struct engine *engine;
    struct error why;

    /* all of it: what sets one apart is in different sections */
    if (control_say(c, &info, err, "INFO", NULL) < 0) {
        why = *err;
        return error_set(err, "db_address: %s%s", why.text,
                         strstr(why.text, "NOAUTH")
                             ? "; give its password in a file, --db_auth=FILE"
                             : "");
    }
    engine = engine_answers(info, "db_address: what answers", version, err);
    copy_field(info, "run_id", id, sizeof(run_id));
    copy_field(info, "redis_mode", mode, sizeof mode);
    if (!mode[0]) /* Valkey's word for it, since 8.0 */
        copy_field(info, "server_mode", mode, sizeof mode);
    free(info);
    if (!engine)
        return -1;
    snprintf(r->engine, sizeof r->engine, "%s", engine->name);
    snprintf(r->server, sizeof r->server, "%s %s", engine->name, version);
    *clustered = strcmp(mode, "cluster") == 0;
    return 0;
}

/* The longest value that all of them take. A server may keep that to itself
 * (CONFIG is often forbidden): then an operation that it refuses says so. */
static void find_limit(struct control *c, struct roster *r)
{
    struct error ignored;
    int64_t limit;
    char *answer, *value;

    if (control_say(c, &answer, &ignored, "CONFIG", "GET", "proto-max-bulk-len",
                    NULL) < 0)
        return;
    value = strchr(answer, '\n'); /* its name, then its value */
    limit = value ? strtoll(value + 1, NULL, 10) : 0;
    free(answer);
    if (limit > 0 && (r->max_bytes < 0 || limit < r->max_bytes))
        r->max_bytes = limit;
}

static struct control *enter(const struct roster *r, int s, struct error *err)
{
    struct control *c = external_enter(r, s, ASK_SECONDS, err);

    if (c)
        control_timeout(c, ASK_SECONDS);
    else
        error_prefix(err, "db_address");
    return c;
}

static int ask_seed(struct roster *r, int s, bool *clustered, run_id id,
                    char **nodes, struct error *err)
{
    struct control *c = enter(r, s, err);
    int rc;

    if (!c)
        return -1;
    rc = recognise(c, r, clustered, id, err);
    if (rc == 0)
        find_limit(c, r);
    if (rc == 0 && *clustered)
        rc = control_say(c, nodes, err, "CLUSTER", "NODES", NULL);
    control_close(c);
    return rc;
}

/* A cluster is named whole by any of its servers: the first that answers
 * becomes the first of the list, and *nodes is what it says. Of others each
 * must answer. */
static int ask_seeds_as(struct roster *r, run_id *ids, char **nodes,
                        struct error *err)
{
    bool answered = false, clustered = false;
    struct error why = {.text = ""};

    for (int s = 0; s < r->nshards; s++) {
        if (resolve(&r->shard[s], err) < 0 ||
            ask_seed(r, s, &clustered, ids[s], nodes, err) < 0) {
            if (!why.text[0])
                why = *err;
            continue;
        }
        if (clustered && answered)
            return error_set(err,
                             "db_address: %s:%d is one of a Redis Cluster, "
                             "unlike the server before it",
                             r->shard[s].host, r->shard[s].port);
        if (clustered) {
            if (why.text[0])
                diag_say("srbench: another server of the cluster is asked: %s",
                         why.text);
            r->shard[0] = r->shard[s];
            return 0;
        }
        answered = true;
        if (check_new(r, s, ids, err) < 0)
            return -1;
    }
    if (!why.text[0])
        return 0;
    *err = why;
    return -1;
}

static int ask_seeds(struct roster *r, char **nodes, struct error *err)
{
    run_id *ids = mem_new((size_t)r->nshards, sizeof *ids);
    int rc = ask_seeds_as(r, ids, nodes, err);

    free(ids);
    return rc;
}

/* ---- what a study will need of each ---- */

/* What the server said instead of doing it: no right, or no such command. A key
 * of another shard, or a server that is full, is no matter of rights. */
static bool is_refusal(const struct error *err)
{
    return strstr(err->text, "NOPERM") || strstr(err->text, "unknown command");
}

static bool needs_redisai(const struct options *o)
{
    return options_redisai(o) || options_infers(o);
}

struct command {
    bool needed;
    const char *words[8];
};

static int try_commands(struct control *c, const struct command *list, size_t n,
                        struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        const char *const *words = list[i].words;
        int nwords = 0;

        while (words[nwords])
            nwords++;
        if (list[i].needed &&
            control_command(c, NULL, err, nwords, words) < 0 && is_refusal(err))
            return error_prefix(
                err, "db_address: a study needs %s of every server", words[0]);
    }
    return 0;
}

/* Rights are looked at before arguments: with a word too much FLUSHALL empties
 * nothing. */
static int try_redis(struct control *c, const struct options *o, bool cluster,
                     const char *key, struct error *err)
{
    bool lists = options_lists(o), hashes = lists && needs_redisai(o);
    const struct command commands[] = {
        {true, {"PING"}},
        {true, {"SET", key, "1"}},
        {true, {"GET", key}},
        {true, {"DEL", key}},
        {options_removes(o), {"UNLINK", key}},
        {options_polls(o), {"EXISTS", key}},
        {lists, {"RPUSH", key, "1"}},
        {lists, {"LLEN", key}},
        {lists, {"LRANGE", key, "0", "-1"}},
        {lists, {"DEL", key}},
        {hashes, {"HMSET", key, "of", "1"}},
        {hashes, {"HGETALL", key}},
        {hashes, {"DEL", key}},
        /* which add nothing, and find nothing */
        {options_blocks(o), {"XADD", key, "NOMKSTREAM", "1", "s", ""}},
        {options_blocks(o), {"XREAD", "COUNT", "1", "STREAMS", key, "0"}},
        {cluster, {"CLUSTER", "SLOTS"}},
        {options_one(o, OPT_FLUSH)->count, {"FLUSHALL", "SYNC", "not"}},
    };

    return try_commands(c, commands, sizeof commands / sizeof commands[0], err);
}

/* By which commands scripts come to be, and are run: by those of the set, by
 * those of the store, or by none. */
static int try_redisai(struct control *c, const struct options *o,
                       const char *key, struct error *err)
{
    bool infers = options_infers(o), scripted = infers && options_scripted(o);
    bool set = options_one(o, OPT_SCRIPT_CALL)->count == (int64_t)CALL_SET;
    bool sets = set || options_has(o, OPT_MODEL_KEYS, MODEL_KEYS_COPIED);
    bool stores = !set && options_has(o, OPT_MODEL_KEYS, MODEL_KEYS_ALIGNED);
    const struct command commands[] = {
        {true, {"AI.TENSORSET", key, "FLOAT", "1", "1", "BLOB", "once"}},
        {true, {"AI.TENSORGET", key, "META", "BLOB"}},
        {true, {"DEL", key}},
        /* all of these lack an argument */
        {infers, {"AI.MODELSTORE", key}},
        {infers, {"AI.MODELGET", key}},
        {infers, {"AI.MODELEXECUTE", key}},
        {scripted && sets, {"AI.SCRIPTSET", key}},
        {scripted && sets, {"AI.SCRIPTRUN", key}},
        {scripted && stores, {"AI.SCRIPTSTORE", key}},
        {scripted && stores, {"AI.SCRIPTEXECUTE", key}},
        {scripted && (sets || stores), {"AI.SCRIPTGET", key}},
        {infers, {"AI.INFO", key}},
    };

    return try_commands(c, commands, sizeof commands / sizeof commands[0], err);
}

/* Slots on their way are known to the two servers alone that they concern. */
static int check_moving(struct control *c, const struct roster_shard *at,
                        struct error *err)
{
    char *nodes, *own;
    bool moving;

    if (control_say(c, &nodes, err, "CLUSTER", "NODES", NULL) < 0)
        return error_prefix(err, "db_address");
    own = strstr(nodes, "myself");
    moving = own && memchr(own, '[', strcspn(own, "\n"));
    free(nodes);
    return moving
               ? error_set(err,
                           "db_address: the cluster is being resharded (%s:%d "
                           "says so); wait until it is done",
                           at->address, at->port)
               : 0;
}

static int ask_master(struct control *c, const struct roster *r, int s,
                      const struct options *o, struct error *err)
{
    char key[sizeof r->prefix + 8];

    snprintf(key, sizeof key, "%scheck", r->prefix);
    if (r->cluster && check_moving(c, &r->shard[s], err) < 0)
        return -1;
    if (needs_redisai(o) && redisai_check(c, err) < 0)
        return error_prefix(err, "db_address");
    if (try_redis(c, o, r->cluster, key, err) < 0)
        return -1;
    return needs_redisai(o) ? try_redisai(c, o, key, err) : 0;
}

static int ask_masters(struct roster *r, const struct options *o,
                       struct error *err)
{
    int rc = 0;

    for (int s = 0; s < r->nshards && rc == 0; s++) {
        struct control *c = enter(r, s, err);

        if (!c)
            return -1;
        find_limit(c, r);
        rc = ask_master(c, r, s, o, err);
        control_close(c);
    }
    return rc;
}

int external_ask(struct roster *r, const struct options *o, struct error *err)
{
    char *nodes = NULL;
    int rc = ask_seeds(r, &nodes, err);

    if (rc == 0 && nodes)
        rc = roster_take_nodes(r, nodes, err);
    free(nodes);
    if (rc == 0)
        rc = ask_masters(r, o, err);
    if (rc < 0) {
        roster_free(r);
        return -1;
    }
    roster_count_hosts(r);
    return 0;
}

int external_ask_redisai(const struct roster *r, struct error *err)
{
    int rc = 0;

    for (int s = 0; s < r->nshards && rc == 0; s++) {
        struct control *c = enter(r, s, err);

        if (!c)
            return -1;
        rc = redisai_check(c, err);
        control_close(c);
    }
    return rc < 0 ? error_prefix(err, "db_address") : 0;
}
