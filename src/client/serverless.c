#include "client/serverless.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *serverless_open(size_t size, const struct client_ops *ops,
                      const struct client_params *p, struct error *err)
{
    struct serverless *c = calloc(1, size);

    if (!c) {
        error_set(err, "not enough memory for a client");
        return NULL;
    }
    c->base.ops = ops;
    c->base.socket = -1;
    c->bytes = p->bytes;
    c->op_timeout = p->op_timeout;
    c->client = p->client;
    snprintf(c->key, sizeof c->key, "%s", p->key);
    snprintf(c->where, sizeof c->where, "%s", p->store ? p->store : ops->name);
    return c;
}

void serverless_bind(struct serverless *c, const char *key, size_t bytes)
{
    memccpy(c->key, key, '\0', sizeof c->key - 1);
    c->bytes = bytes;
}

void serverless_bind_poll(struct client *c, const struct client_poll *p)
{
    const struct srb_tensor t = {
        .key = p->tensor,
        .key_length = p->tensor_length,
        .count = ((struct serverless *)(void *)c)->bytes / sizeof(float)};

    client_bind(c, &t);
}

int serverless_error(const struct serverless *c, const char *what,
                     struct error *err, const char *fmt, ...)
{
    va_list ap;
    char why[sizeof err->text];

    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    return error_set(err, "%s of %s at %s: %s", what, c->key, c->where, why);
}

int serverless_late(const struct serverless *c, const char *what,
                    struct error *err)
{
    return serverless_error(c, what, err, "no reply within %g s",
                            c->op_timeout);
}
