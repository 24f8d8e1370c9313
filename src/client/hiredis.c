/* The client that SmartRedis and most programs build on: hiredis formats the
 * command (a copy of the tensor), reads the reply into a buffer of its own and
 * copies it out; unpacking into the caller's tensor is one more copy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connect.h"
#include "srb/tls.h"

struct hiredis_client {
    struct client base;
    redisContext *redis;
    size_t bytes;
    struct ssl_st *ssl; /* of redis; NULL: no TLS */
    double op_timeout;
    char key[SRB_KEY_MAX];
    char where[SRB_WHERE_MAX];
};

static struct hiredis_client *self(struct client *c)
{
    return (struct hiredis_client *)(void *)c;
}

static void close_client(struct client *c)
{
    redisFree(self(c)->redis);
    free(c);
}

static void rebind(struct client *base, const char *key, size_t bytes)
{
    struct hiredis_client *c = self(base);

    c->bytes = bytes;
    snprintf(c->key, sizeof c->key, "%s", key);
}

static struct client *open_client(const struct client_params *p,
                                  struct error *err)
{
    struct hiredis_client *c = calloc(1, sizeof *c);

    if (!c) {
        error_set(err, "not enough memory for a client");
        return NULL;
    }
    c->base.ops = &client_hiredis;
    c->bytes = p->bytes;
    c->op_timeout = p->op_timeout;
    snprintf(c->key, sizeof c->key, "%s", p->key);
    c->redis = client_connect(p, c->where, &c->ssl, err);
    if (!c->redis) {
        free(c);
        return NULL;
    }
    return &c->base;
}

/* Why there is no reply. hiredis reports a timeout as EAGAIN's words. */
static int no_reply(const struct hiredis_client *c, const char *what,
                    struct error *err)
{
    const redisContext *r = c->redis;
    const char *why;

    if (r->err == REDIS_ERR_IO &&
        strstr(r->errstr, "Resource temporarily unavailable"))
        return error_set(err, "%s of %s at %s: no reply within %g s", what,
                         c->key, c->where, c->op_timeout);
    why = c->ssl ? tls_last(c->ssl) : NULL;
    return error_set(err, "%s of %s at %s: %s", what, c->key, c->where,
                     why ? why : r->errstr);
}

static int put(struct client *base, const void *data, struct error *err)
{
    struct hiredis_client *c = self(base);
    const char *argv[3] = {"SET", c->key, data};
    size_t lengths[3] = {3, strlen(c->key), c->bytes};
    redisReply *r = redisCommandArgv(c->redis, 3, argv, lengths);
    int rc = 0;

    if (!r)
        return no_reply(c, "put_tensor", err);
    if (r->type != REDIS_REPLY_STATUS || strcmp(r->str, "OK") != 0)
        rc = error_set(err, "put_tensor of %s at %s: the server says: %s",
                       c->key, c->where,
                       r->type == REDIS_REPLY_ERROR ? r->str
                                                    : "something else than OK");
    freeReplyObject(r);
    return rc;
}

static int get(struct client *base, void *data, struct error *err)
{
    struct hiredis_client *c = self(base);
    const char *argv[2] = {"GET", c->key};
    size_t lengths[2] = {3, strlen(c->key)};
    redisReply *r = redisCommandArgv(c->redis, 2, argv, lengths);
    int rc = 0;

    if (!r)
        return no_reply(c, "unpack_tensor", err);
    if (r->type == REDIS_REPLY_STRING && (size_t)r->len == c->bytes)
        memcpy(data, r->str, c->bytes);
    else if (r->type == REDIS_REPLY_ERROR)
        rc = error_set(err, "unpack_tensor of %s at %s: the server says: %s",
                       c->key, c->where, r->str);
    else if (r->type == REDIS_REPLY_STRING)
        rc = error_set(err,
                       "unpack_tensor of %s at %s: the reply has %zu bytes "
                       "instead of %zu",
                       c->key, c->where, (size_t)r->len, c->bytes);
    else
        rc = error_set(err, "unpack_tensor of %s at %s: %s", c->key, c->where,
                       r->type == REDIS_REPLY_NIL ? "the server has no such key"
                                                  : "the reply is no string");
    freeReplyObject(r);
    return rc;
}

static void address(const struct client *base, char text[SRB_ADDRESS_MAX])
{
    const struct hiredis_client *c =
        (const struct hiredis_client *)(const void *)base;

    client_address_of(c->redis->fd, text);
}

static void buffers(const struct client *base, int bytes[2])
{
    const struct hiredis_client *c =
        (const struct hiredis_client *)(const void *)base;

    client_buffers_of(c->redis->fd, bytes);
}

static int socket_of(const struct client *base)
{
    const struct hiredis_client *c =
        (const struct hiredis_client *)(const void *)base;

    return c->redis->fd;
}

const struct client_ops client_hiredis = {
    .name = "hiredis",
    .serves = true,
    .open = open_client,
    .rebind = rebind,
    .put = put,
    .get = get,
    .address = address,
    .buffers = buffers,
    .socket = socket_of,
    .close = close_client,
};
