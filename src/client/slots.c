/* CLUSTER SLOTS (https://redis.io/commands/cluster-slots), which Redis 3 to 8,
 * KeyDB and Valkey have: an array of [first, last, [host, port, …], replica …].
 */
#include "client/slots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/connect.h"

static bool is_slot(const redisReply *r)
{
    return r->type == REDIS_REPLY_INTEGER && r->integer >= 0 &&
           r->integer < SRB_SLOTS;
}

/* Of a range: [first, last, [host, port, …], …]. */
static bool is_range(const redisReply *r)
{
    const redisReply *master;

    if (r->type != REDIS_REPLY_ARRAY || r->elements < 3 ||
        !is_slot(r->element[0]) || !is_slot(r->element[1]) ||
        r->element[0]->integer > r->element[1]->integer)
        return false;
    master = r->element[2];
    return master->type == REDIS_REPLY_ARRAY && master->elements >= 2 &&
           (master->element[0]->type == REDIS_REPLY_STRING ||
            master->element[0]->type == REDIS_REPLY_NIL) &&
           master->element[1]->type == REDIS_REPLY_INTEGER &&
           master->element[1]->integer > 0 &&
           master->element[1]->integer <= UINT16_MAX;
}

/* The number of that server, one more if it is new. There is room for it. */
static int number_of(struct client_slots *s, const char *host, int port)
{
    struct slots_shard *new = &s->shard[s->nshards];

    for (int i = 0; i < s->nshards; i++)
        if (s->shard[i].port == port && strcmp(s->shard[i].host, host) == 0)
            return i;
    snprintf(new->host, sizeof new->host, "%s", host);
    new->port = port;
    return s->nshards++;
}

static int take_range(struct client_slots *s, const redisReply *r,
                      const char *asked, struct error *err)
{
    const redisReply *host;
    const char *name = asked;
    int shard;

    if (!is_range(r))
        return error_set(err, "CLUSTER SLOTS: the reply is not what Redis has "
                              "for it");
    /* no name, or "": the one that was asked; "?": it does not know either */
    host = r->element[2]->element[0];
    if (host->type == REDIS_REPLY_STRING && host->len > 0)
        name = host->str;
    if (!name[0] || strlen(name) >= SRB_HOST_MAX || strcmp(name, "?") == 0)
        return error_set(err, "CLUSTER SLOTS: '%.64s' is no server", name);
    shard = number_of(s, name, (int)r->element[2]->element[1]->integer);
    for (long long k = r->element[0]->integer; k <= r->element[1]->integer; k++)
        s->of[k] = (uint16_t)shard;
    return 0;
}

static int take_cluster(struct client_slots *s, const redisReply *r,
                        const char *asked, struct error *err)
{
    int rc = 0;

    s->cluster = true;
    for (size_t k = 0; k < SRB_SLOTS; k++)
        s->of[k] = SRB_SLOT_NOBODY;
    if (r->elements == 0 || r->elements > SRB_SLOTS)
        return error_set(err, "the cluster has no server with slots");
    s->shard = calloc(r->elements, sizeof *s->shard);
    if (!s->shard)
        return error_set(err, "not enough memory for %zu shards", r->elements);
    for (size_t i = 0; i < r->elements && rc == 0; i++)
        rc = take_range(s, r->element[i], asked, err);
    return rc;
}

static int take_one(struct client_slots *s, const struct client_params *p,
                    struct error *err)
{
    s->shard = calloc(1, sizeof *s->shard);
    if (!s->shard)
        return error_set(err, "not enough memory for a shard");
    s->nshards = 1;
    s->shard->port = p->port;
    snprintf(s->shard->host, sizeof s->shard->host, "%s",
             p->address ? p->address : "");
    return 0;
}

/* ERR is what a server says that knows no clusters, or is in none. Anything
 * else (NOAUTH, NOPERM, LOADING) is not about that. */
static bool in_none(const redisReply *r)
{
    return r->type == REDIS_REPLY_ERROR && strncmp(r->str, "ERR ", 4) == 0;
}

static int take(struct client_slots *s, const redisReply *r,
                const struct client_params *p, struct error *err)
{
    if (in_none(r))
        return take_one(s, p, err);
    if (r->type == REDIS_REPLY_ERROR)
        return error_set(err, "CLUSTER SLOTS: the server says: %s", r->str);
    if (r->type != REDIS_REPLY_ARRAY)
        return error_set(err, "CLUSTER SLOTS: the reply is no array");
    return take_cluster(s, r, p->address ? p->address : "", err);
}

int client_slots_ask(const struct client_params *p, struct client_slots *s,
                     struct error *err)
{
    char where[SRB_WHERE_MAX];
    redisContext *redis = client_connect(p, where, NULL, err);
    redisReply *r;
    int rc;

    if (!redis)
        return -1;
    memset(s, 0, sizeof *s);
    r = redisCommand(redis, "CLUSTER SLOTS");
    if (r)
        rc = take(s, r, p, err);
    else
        rc = error_set(err, "CLUSTER SLOTS: no answer: %s", redis->errstr);
    if (rc < 0) {
        error_prefix(err, "%s", where);
        client_slots_free(s);
    }
    freeReplyObject(r);
    redisFree(redis);
    return rc;
}

void client_slots_free(struct client_slots *s)
{
    free(s->shard);
    s->shard = NULL;
    s->nshards = 0;
}
