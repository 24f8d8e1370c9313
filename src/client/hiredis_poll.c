/* Writers and readers through hiredis: what a writer tells, and a reader asks,
 * in one send each. */
#include <stdio.h>
#include <string.h>

#include "client/hiredis_parts.h"

#define TELL "tell"
#define POLL "poll"

static struct hiredis_client *self(struct client *c)
{
    return (struct hiredis_client *)(void *)c;
}

int hiredis_tell(struct client *base, const char *key, size_t length,
                 int64_t steps, struct error *err)
{
    struct hiredis_client *c = self(base);
    char counter[CONNECTION_COUNTER];
    const char *words[] = {"SET", key, counter};
    const size_t lengths[] = {3, length, sizeof counter};
    redisReply *r;
    int rc = 0;

    connection_pack(steps, counter);
    r = redisCommandArgv(c->at.redis, 3, words, lengths);
    if (!r)
        return connection_no_reply(&c->at, TELL, err);
    if (r->type == REDIS_REPLY_ERROR)
        rc = connection_refused(&c->at, TELL, r->str, (size_t)r->len, err);
    else if (r->type != REDIS_REPLY_STATUS)
        rc = connection_error(&c->at, TELL, err, "the reply is not OK");
    freeReplyObject(r);
    return rc;
}

/* What the next reply says, by how it is read. */
static int next_reply(struct hiredis_client *c, struct client_poll *p,
                      bool (*read)(const redisReply *r, struct client_poll *p),
                      struct error *err)
{
    void *at = NULL;
    const redisReply *r;
    int rc = 0;

    if (redisGetReply(c->at.redis, &at) != REDIS_OK)
        return connection_no_reply(&c->at, POLL, err);
    r = at;
    if (!read(r, p))
        rc = r->type == REDIS_REPLY_ERROR
                 ? connection_refused(&c->at, POLL, r->str, (size_t)r->len, err)
                 : connection_error(&c->at, POLL, err,
                                    "the reply is not what was asked for");
    freeReplyObject(at);
    return rc;
}

static bool read_counter(const redisReply *r, struct client_poll *p)
{
    p->steps = 0;
    if (r->type == REDIS_REPLY_NIL ||
        (r->type == REDIS_REPLY_ERROR &&
         connection_says_busy(r->str, (size_t)r->len)))
        return true;
    if (r->type != REDIS_REPLY_STRING || r->len != CONNECTION_COUNTER)
        return false;
    p->steps = connection_unpack(r->str);
    return true;
}

static bool read_exists(const redisReply *r, struct client_poll *p)
{
    if (r->type != REDIS_REPLY_INTEGER)
        return false;
    p->there = r->integer != 0;
    return true;
}

static int ask(struct hiredis_client *c, struct client_poll *p,
               struct error *err)
{
    const char *get[] = {"GET", p->counter}, *exists[] = {"EXISTS", p->tensor};
    const size_t get_lengths[] = {3, p->counter_length};
    const size_t exists_lengths[] = {6, p->tensor_length};

    if (redisAppendCommandArgv(c->at.redis, 2, get, get_lengths) != REDIS_OK ||
        redisAppendCommandArgv(c->at.redis, 2, exists, exists_lengths) !=
            REDIS_OK)
        return connection_no_reply(&c->at, POLL, err);
    return next_reply(c, p, read_counter, err) < 0
               ? -1
               : next_reply(c, p, read_exists, err);
}

int hiredis_poll(struct client *base, struct client_poll *p, struct error *err)
{
    struct hiredis_client *c = self(base);

    connection_bind_poll(&c->at, p);
    return ask(c, p, err);
}

/* ---- notices ---- */

int hiredis_append_notice(const struct hiredis_client *c, size_t n)
{
    return n > 0 ? redisAppendFormattedCommand(c->at.redis,
                                               c->at.notice.request.text, n)
                 : REDIS_OK;
}

/* As the wire has it: OK, or the id that was given. */
static bool is_answer(const redisReply *r, const char *wire)
{
    const char *text = wire[0] == '+' ? wire + 1 : strchr(wire, '\n') + 1;

    return (r->type == REDIS_REPLY_STATUS || r->type == REDIS_REPLY_STRING) &&
           (size_t)r->len == strcspn(text, "\r") &&
           memcmp(r->str, text, (size_t)r->len) == 0;
}

int hiredis_announced(struct client *base, struct error *err)
{
    struct hiredis_client *c = self(base);
    const struct notice *x = &c->at.notice;
    void *at = NULL;
    const redisReply *r;
    int rc = 0;

    if (redisGetReply(c->at.redis, &at) != REDIS_OK)
        return connection_no_reply(&c->at, TELL, err);
    r = at;
    if (r->type == REDIS_REPLY_ERROR)
        rc = connection_refused(&c->at, TELL, r->str, (size_t)r->len, err);
    else if (!is_answer(r, x->reply))
        rc = connection_error(&c->at, TELL, err,
                              "the reply is not what was asked for");
    else
        connection_said(&c->at);
    freeReplyObject(at);
    return rc;
}

static const redisReply *element(const redisReply *r, size_t n, size_t k)
{
    return r && r->type == REDIS_REPLY_ARRAY && r->elements == n ? r->element[k]
                                                                 : NULL;
}

/* ((stream ((id fields)))) */
static bool read_entry(const redisReply *r, struct client_poll *p)
{
    const redisReply *id;
    char text[32];

    p->there = r->type != REDIS_REPLY_NIL;
    id = element(element(element(element(r, 1, 0), 2, 1), 1, 0), 2, 0);
    snprintf(text, sizeof text, "%lld-0", (long long)p->step + 1);
    return !p->there ||
           (id && id->type == REDIS_REPLY_STRING && strcmp(id->str, text) == 0);
}

int hiredis_block(struct client *base, struct client_poll *p, struct error *err)
{
    struct hiredis_client *c = self(base);
    struct small_request r;

    connection_bind_poll(&c->at, p);
    connection_print_block(p, &r);
    if (redisAppendFormattedCommand(c->at.redis, r.text, r.used) != REDIS_OK)
        return connection_no_reply(&c->at, POLL, err);
    return next_reply(c, p, read_entry, err);
}
