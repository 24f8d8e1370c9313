#include "client/connection.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/tls.h"

static const struct connection *seen(const struct client *c)
{
    return (const struct connection *)(const void *)c;
}

size_t connection_behind(const struct connection *c, const char *key,
                         size_t length)
{
    const struct notice *x = &c->notice;

    return x->request.used > 0 && length == x->tensor_length &&
                   memcmp(key, x->tensor, length) == 0
               ? x->request.used
               : 0;
}

static void bind_to(struct connection *c, const char *key, size_t bytes)
{
    c->bytes = bytes;
    memcpy(c->key, key, strnlen(key, sizeof c->key - 1) + 1);
    c->key[sizeof c->key - 1] = '\0';
    c->behind = c->notice.request.used > 0
                    ? connection_behind(c, c->key, strlen(c->key))
                    : 0;
    c->prepare(c);
}

struct client *connection_open(size_t size, const struct client_ops *ops,
                               void (*prepare)(struct connection *c),
                               const struct client_params *p, struct error *err)
{
    struct connection *c = calloc(1, size);

    if (!c) {
        error_set(err, "not enough memory for a client");
        return NULL;
    }
    c->base.ops = ops;
    c->prepare = prepare;
    c->op_timeout = p->op_timeout;
    c->expire_ms = p->expire_ms;
    c->runs = p->runs;
    c->commands = p->commands ? p->commands : &command_plain;
    bind_to(c, p->key, p->bytes);
    c->redis = client_connect(p, c->where, ops->tls ? &c->ssl : NULL, err);
    if (!c->redis) {
        free(c);
        return NULL;
    }
    c->base.socket = c->redis->fd;
    return &c->base;
}

int connection_error(const struct connection *c, const char *what,
                     struct error *err, const char *fmt, ...)
{
    va_list ap;
    char why[sizeof err->text];

    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    return error_set(err, "%s of %s at %s: %s", what, c->key, c->where, why);
}

int connection_late(const struct connection *c, const char *what,
                    struct error *err)
{
    return connection_error(c, what, err, "no reply within %g s",
                            c->op_timeout);
}

int connection_refused(const struct connection *c, const char *what,
                       const char *said, size_t n, struct error *err)
{
    return connection_error(c, what, err, "the server says: %.*s", (int)n,
                            said);
}

/* Why there is no reply. hiredis reports a timeout as EAGAIN's words. */
int connection_no_reply(const struct connection *c, const char *what,
                        struct error *err)
{
    const redisContext *r = c->redis;
    const char *why;

    if (r->err == REDIS_ERR_IO &&
        strstr(r->errstr, "Resource temporarily unavailable"))
        return connection_late(c, what, err);
    why = c->ssl ? tls_last(c->ssl) : NULL;
    return connection_error(c, what, err, "%s", why ? why : r->errstr);
}

static bool begins(const char *said, size_t n, const char *word)
{
    return n >= strlen(word) && memcmp(said, word, strlen(word)) == 0;
}

/* RedisAI says so of a request that it did not come to (its dag.c). */
int connection_not_run(const struct connection *c, const char *what,
                       const char *said, size_t n, struct error *err)
{
    if (begins(said, n, "TIMEDOUT"))
        return connection_error(c, what, err,
                                "TIMEDOUT: the server did not come to it "
                                "within op_timeout; fewer clients, more db_tpq "
                                "or a longer op_timeout help");
    return connection_refused(c, what, said, n, err);
}

void connection_bind(struct connection *c, const struct srb_tensor *t)
{
    char key[SRB_KEY_MAX];

    snprintf(key, sizeof key, "%.*s", (int)t->key_length, t->key);
    bind_to(c, key, t->count * sizeof(float));
}

int connection_removed(struct connection *c, const struct srb_tensor *t,
                       size_t n, long long removed, struct error *err)
{
    connection_bind(c, t);
    return connection_error(c, "remove", err,
                            "the server had %lld of %zu keys, the first of "
                            "which this is",
                            removed, n);
}

void connection_rebind(struct client *c, const char *key, size_t bytes)
{
    bind_to((struct connection *)(void *)c, key, bytes);
}

void connection_close(struct client *c)
{
    redisFree(seen(c)->redis);
    free(c);
}

void connection_pack(int64_t steps, char at[CONNECTION_COUNTER])
{
    for (int i = 0; i < CONNECTION_COUNTER; i++)
        at[i] = (char)(steps >> (8 * (CONNECTION_COUNTER - 1 - i)));
}

int64_t connection_unpack(const char at[CONNECTION_COUNTER])
{
    return client_counter(at);
}

/* RedisAI's words (RAI_GetTensorFromKeyspace() in its tensor_struct.c). */
bool connection_says_absent(const char *said, size_t n)
{
    return begins(said, n, "ERR tensor key is empty");
}

bool connection_says_busy(const char *said, size_t n)
{
    return begins(said, n, "BUSY");
}

void connection_bind_poll(struct connection *c, const struct client_poll *p)
{
    const struct srb_tensor t = {.key = p->tensor,
                                 .key_length = p->tensor_length,
                                 .count = c->bytes / sizeof(float)};

    connection_bind(c, &t);
}
