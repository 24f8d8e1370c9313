/* What hiredis brought, and words on what it did not. */
#include <string.h>

#include "client/hiredis_parts.h"

int hiredis_put_reply(const struct hiredis_client *c, const redisReply *r,
                      struct error *err)
{
    if (r->type == REDIS_REPLY_ERROR)
        return connection_refused(&c->at, "put_tensor", r->str, (size_t)r->len,
                                  err);
    if (r->type != REDIS_REPLY_STATUS || strcmp(r->str, "OK") != 0)
        return connection_error(&c->at, "put_tensor", err,
                                "the server says: something else than OK");
    return 0;
}

/* What a get brought instead of its tensor; `tensor` has another length, or is
 * NULL. */
static int wrong_reply(struct hiredis_client *c, const redisReply *r,
                       const redisReply *tensor, struct error *err)
{
    static const char what[] = "unpack_tensor";
    struct connection *at = &c->at;

    at->base.absent = r->type == REDIS_REPLY_NIL;
    if (r->type == REDIS_REPLY_ERROR) {
        at->base.absent = connection_says_absent(r->str, (size_t)r->len);
        return connection_refused(at, what, r->str, (size_t)r->len, err);
    }
    if (tensor)
        return connection_error(at, what, err,
                                "the reply has %zu bytes instead of %zu",
                                (size_t)tensor->len, at->bytes);
    if (r->type == REDIS_REPLY_NIL)
        return connection_error(at, what, err, "the server has no such key");
    if (c->at.commands != &command_plain)
        return connection_error(at, what, err,
                                "the reply is not the FLOAT tensor of %zu "
                                "elements %s",
                                at->bytes / sizeof(float),
                                connection_expected(at));
    return connection_error(at, what, err, "the reply is no string");
}

int hiredis_get_reply(struct hiredis_client *c, const redisReply *r, void *data,
                      struct error *err)
{
    size_t bytes = c->at.bytes;
    const redisReply *tensor = c->payload(&c->at, r);

    if (!tensor || (size_t)tensor->len != bytes)
        return wrong_reply(c, r, tensor, err);
    memcpy(data, tensor->str, bytes);
    return 0;
}
