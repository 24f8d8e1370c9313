/* The client that SmartRedis and most programs build on: hiredis formats the
 * command (a copy of the tensor), reads the reply into a buffer of its own and
 * copies it out; unpacking into the caller's tensor is one more copy. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/connect.h"
#include "protocol/tls.h"

struct hiredis_client {
    struct client base;
    redisContext *redis;
    size_t bytes;
    struct ssl_st *ssl; /* of redis; NULL: no TLS */
    double op_timeout;
    const struct command_set *commands;
    struct tensor_request put, get; /* the last word of a put is the payload */
    /* Of a reply to a get the string that is the tensor, or NULL. */
    const redisReply *(*payload)(const redisReply *r, size_t bytes);
    char key[SRB_KEY_MAX];
    char where[SRB_WHERE_MAX];
};

static struct hiredis_client *self(struct client *c)
{
    return (struct hiredis_client *)(void *)c;
}

static const redisReply *plain_payload(const redisReply *r, size_t bytes)
{
    (void)bytes;
    return r->type == REDIS_REPLY_STRING ? r : NULL;
}

static bool is_word(const redisReply *r, const char *word)
{
    return r->type == REDIS_REPLY_STRING && (size_t)r->len == strlen(word) &&
           memcmp(r->str, word, (size_t)r->len) == 0;
}

static bool is_number(const redisReply *r, size_t number)
{
    return r->type == REDIS_REPLY_INTEGER && r->integer == (long long)number;
}

/* dtype FLOAT shape (1 N) blob TENSOR */
static const redisReply *tensor_payload(const redisReply *r, size_t bytes)
{
    redisReply *const *part = r->element;

    if (r->type != REDIS_REPLY_ARRAY || r->elements != 6 ||
        !is_word(part[0], "dtype") || !is_word(part[1], "FLOAT") ||
        !is_word(part[2], "shape") || part[3]->type != REDIS_REPLY_ARRAY ||
        part[3]->elements != 2 || !is_number(part[3]->element[0], 1) ||
        !is_number(part[3]->element[1], bytes / sizeof(float)) ||
        !is_word(part[4], "blob") || part[5]->type != REDIS_REPLY_STRING)
        return NULL;
    return part[5];
}

/* What is the same for every operation. */
static void prepare(struct hiredis_client *c)
{
    const struct command_set *s = c->commands;

    command_set_put(s, c->key, c->bytes, &c->put);
    c->put.length[c->put.n++] = c->bytes;
    command_set_get(s, c->key, c->bytes, &c->get);
    c->payload = s == &command_plain ? plain_payload : tensor_payload;
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
    prepare(c);
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
    c->commands = p->commands ? p->commands : &command_plain;
    prepare(c);
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
    redisReply *r;
    int rc = 0;

    c->put.word[c->put.n - 1] = data;
    r = redisCommandArgv(c->redis, c->put.n, c->put.word, c->put.length);
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

/* What a get brought instead of its tensor; `tensor` has another length, or is
 * NULL. */
static int wrong_reply(const struct hiredis_client *c, const redisReply *r,
                       const redisReply *tensor, struct error *err)
{
    const char *what = "the reply is no string";

    if (r->type == REDIS_REPLY_ERROR)
        return error_set(err, "unpack_tensor of %s at %s: the server says: %s",
                         c->key, c->where, r->str);
    if (tensor)
        return error_set(err,
                         "unpack_tensor of %s at %s: the reply has %zu bytes "
                         "instead of %zu",
                         c->key, c->where, (size_t)tensor->len, c->bytes);
    if (r->type == REDIS_REPLY_NIL)
        what = "the server has no such key";
    else if (c->payload == tensor_payload)
        return error_set(err,
                         "unpack_tensor of %s at %s: the reply is not the "
                         "FLOAT tensor of %zu elements that was put",
                         c->key, c->where, c->bytes / sizeof(float));
    return error_set(err, "unpack_tensor of %s at %s: %s", c->key, c->where,
                     what);
}

static int get(struct client *base, void *data, struct error *err)
{
    struct hiredis_client *c = self(base);
    redisReply *r =
        redisCommandArgv(c->redis, c->get.n, c->get.word, c->get.length);
    const redisReply *tensor;
    int rc = 0;

    if (!r)
        return no_reply(c, "unpack_tensor", err);
    tensor = c->payload(r, c->bytes);
    if (tensor && (size_t)tensor->len == c->bytes)
        memcpy(data, tensor->str, c->bytes);
    else
        rc = wrong_reply(c, r, tensor, err);
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
