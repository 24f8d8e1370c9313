/* What a server is asked besides tensors, in one send, and what it answers: a
 * few bytes, for which hiredis is good enough whatever the client. Nothing else
 * is under way on the connection then. */
#include <stdio.h>
#include <string.h>

#include "client/connection.h"

/* Requests leave in one send up to so many bytes of words: hiredis writes all
 * before it reads, and so much fits in what lies between, even where a server
 * would not read on before somebody takes what it answered. */
#define TOGETHER ((size_t)16 * 1024)

/* Words on it are of the key that was asked for; the client stays bound. */
static struct connection *speak_of(struct connection *c,
                                   const struct client_question *q)
{
    snprintf(c->key, sizeof c->key, "%.*s", (int)q->length[1], q->word[1]);
    return c;
}

static int take_text(const struct client_question *q, const redisReply *r,
                     struct error *err)
{
    return q->take ? q->take(q->ctx, r->str, (size_t)r->len, err) : 0;
}

/* -1 with words of who takes it, 1: something else came. */
static int take_list(struct client_question *q, const redisReply *r,
                     struct error *err)
{
    for (size_t k = 0; k < r->elements; k++) {
        if (r->element[k]->type != REDIS_REPLY_STRING)
            return 1;
        if (take_text(q, r->element[k], err) < 0)
            return -1;
    }
    q->number = (int64_t)r->elements;
    return 0;
}

static int take(struct client_question *q, const redisReply *r,
                struct error *err)
{
    if (q->answer == ANSWER_OK && r->type == REDIS_REPLY_STATUS &&
        strcmp(r->str, "OK") == 0)
        return 0;
    if (q->answer == ANSWER_NUMBER && r->type == REDIS_REPLY_INTEGER) {
        q->number = r->integer;
        return 0;
    }
    if (q->answer == ANSWER_TEXT && r->type == REDIS_REPLY_NIL)
        return 0;
    if (q->answer == ANSWER_TEXT && r->type == REDIS_REPLY_STRING)
        return take_text(q, r, err);
    if (q->answer == ANSWER_LIST && r->type == REDIS_REPLY_ARRAY)
        return take_list(q, r, err);
    return 1;
}

static int hear(struct connection *c, struct client_question *q,
                struct error *err)
{
    void *at = NULL;
    const redisReply *r;
    int rc;

    if (redisGetReply(c->redis, &at) != REDIS_OK)
        return connection_no_reply(speak_of(c, q), q->what, err);
    r = at;
    rc = take(q, r, err);
    if (rc > 0)
        rc = r->type == REDIS_REPLY_ERROR
                 ? connection_refused(speak_of(c, q), q->what, r->str,
                                      (size_t)r->len, err)
                 : connection_error(speak_of(c, q), q->what, err,
                                    "the reply is not what was asked for");
    freeReplyObject(at);
    return rc;
}

static int append(struct connection *c, struct client_question *q,
                  size_t *bytes, struct error *err)
{
    for (int k = 0; k < q->n; k++)
        *bytes += q->length[k];
    return redisAppendCommandArgv(c->redis, q->n, q->word, q->length) ==
                   REDIS_OK
               ? 0
               : connection_no_reply(speak_of(c, q), q->what, err);
}

int connection_ask(struct client *c, struct client_question *q, size_t n,
                   struct error *err)
{
    struct connection *at = (struct connection *)(void *)c;
    size_t asked = 0, heard = 0;

    while (heard < n) {
        for (size_t bytes = 0; asked < n && bytes < TOGETHER; asked++)
            if (append(at, &q[asked], &bytes, err) < 0)
                return -1;
        for (; heard < asked; heard++)
            if (hear(at, &q[heard], err) < 0)
                return -1;
    }
    return 0;
}
