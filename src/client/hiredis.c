/* The client that SmartRedis and most programs build on: hiredis formats the
 * command (a copy of the tensor), reads the reply into a buffer of its own and
 * copies it out; unpacking into the caller's tensor is one more copy. */
#include <stdbool.h>
#include <string.h>

#include "client/hiredis_parts.h"

static struct hiredis_client *self(struct client *c)
{
    return (struct hiredis_client *)(void *)c;
}

static const redisReply *plain_payload(const struct connection *c,
                                       const redisReply *r)
{
    (void)c;
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

/* The shape that is expected: of a model's output, else (1 N). */
static bool is_shape(const struct connection *c, const redisReply *r)
{
    const struct tensor_shape plain = {
        .n = 2, .dim = {1, (int64_t)(c->bytes / sizeof(float))}};
    const struct tensor_shape *want = c->runs ? &c->runs->out : &plain;

    if (r->type != REDIS_REPLY_ARRAY || r->elements != (size_t)want->n)
        return false;
    for (int k = 0; k < want->n; k++)
        if (!is_number(r->element[k], (size_t)want->dim[k]))
            return false;
    return true;
}

/* dtype FLOAT shape (…) blob TENSOR */
static const redisReply *tensor_payload(const struct connection *c,
                                        const redisReply *r)
{
    redisReply *const *part = r->element;

    if (r->type != REDIS_REPLY_ARRAY || r->elements != 6 ||
        !is_word(part[0], "dtype") || !is_word(part[1], "FLOAT") ||
        !is_word(part[2], "shape") || !is_shape(c, part[3]) ||
        !is_word(part[4], "blob") || part[5]->type != REDIS_REPLY_STRING)
        return NULL;
    return part[5];
}

/* What is the same for every operation. */
static void prepare(struct connection *at)
{
    struct hiredis_client *c = (struct hiredis_client *)(void *)at;
    const struct command_set *s = at->commands;

    command_set_put(s, at->key, at->bytes, &c->put);
    command_set_expire(s, &c->put, at->expire_ms);
    if (at->runs)
        command_set_shape(&at->runs->in, &c->put);
    c->place = command_set_with_payload(&c->put, at->bytes);
    command_set_get(s, at->key, at->bytes, &c->get);
    c->payload = s == &command_plain ? plain_payload : tensor_payload;
}

static struct client *open_client(const struct client_params *p,
                                  struct error *err)
{
    return connection_open(sizeof(struct hiredis_client), &client_hiredis,
                           prepare, p, err);
}

static int put(struct client *base, const void *data, struct error *err)
{
    struct hiredis_client *c = self(base);
    void *r = NULL;
    int rc;

    c->put.word[c->place] = data;
    if (redisAppendCommandArgv(c->at.redis, c->put.n, c->put.word,
                               c->put.length) != REDIS_OK ||
        hiredis_append_notice(c, c->at.behind) != REDIS_OK ||
        redisGetReply(c->at.redis, &r) != REDIS_OK)
        return connection_no_reply(&c->at, "put_tensor", err);
    rc = hiredis_put_reply(c, r, err);
    freeReplyObject(r);
    return rc;
}

static int get(struct client *base, void *data, struct error *err)
{
    struct hiredis_client *c = self(base);
    redisReply *r =
        redisCommandArgv(c->at.redis, c->get.n, c->get.word, c->get.length);
    int rc;

    if (!r)
        return connection_no_reply(&c->at, "unpack_tensor", err);
    rc = hiredis_get_reply(c, r, data, err);
    freeReplyObject(r);
    return rc;
}

static int run(struct client *base, const struct client_run *run,
               struct error *err)
{
    struct hiredis_client *c = self(base);
    void *got = NULL;
    const redisReply *r;
    int rc = 0;

    if (redisAppendFormattedCommand(c->at.redis, run->request, run->n) !=
            REDIS_OK ||
        redisGetReply(c->at.redis, &got) != REDIS_OK)
        return connection_no_reply(&c->at, run->name, err);
    r = got;
    if (r->type == REDIS_REPLY_ERROR)
        rc = connection_refused(&c->at, run->name, r->str, (size_t)r->len, err);
    else if (r->type != REDIS_REPLY_STATUS || strcmp(r->str, "OK") != 0)
        rc = connection_not_run(&c->at, run->name, r->str ? r->str : "",
                                (size_t)r->len, err);
    freeReplyObject(got);
    return rc;
}

/* Resident at most, as RESP_MEMORY of resp.h: 5.06 tensors, since it copies
 * what it sends once and reads into a buffer that doubles, of which it makes
 * the reply (hiredis 0.14). */
const struct client_ops client_hiredis = {
    .name = "hiredis",
    .help = "through that library",
    .serves = true,
    .tls = true,
    .memory = {.eighths = 42},
    .open = open_client,
    .rebind = connection_rebind,
    .put = put,
    .get = get,
    .put_many = hiredis_put_many,
    .get_many = hiredis_get_many,
    .want = hiredis_want,
    .run = run,
    .copy = connection_copy,
    .forget = connection_forget,
    .remove = hiredis_remove,
    .tell = hiredis_tell,
    .poll = hiredis_poll,
    .ask = connection_ask,
    .announce = connection_announce,
    .announced = hiredis_announced,
    .block = hiredis_block,
    .close = connection_close,
};
