/* Tensors that are brought from one server to another, and copies that are
 * deleted: as SmartRedis does it around a run in a cluster (its copy_tensors()
 * and _delete_keys()), through hiredis whatever the client. Nothing else is
 * under way on the connection then. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/connection.h"

static struct connection *self(struct client *c)
{
    return (struct connection *)(void *)c;
}

/* The reply is to be freed; NULL with words. */
static redisReply *say(struct connection *c, const char *what, int n,
                       const char *words[], const size_t *lengths,
                       struct error *err)
{
    redisReply *r = redisCommandArgv(c->redis, n, words, lengths);

    if (!r) {
        connection_no_reply(c, what, err);
        return NULL;
    }
    if (r->type != REDIS_REPLY_ERROR)
        return r;
    connection_refused(c, what, r->str, (size_t)r->len, err);
    freeReplyObject(r);
    return NULL;
}

/* The words that put a tensor again which came with META and BLOB. */
struct words {
    int n;
    const char *word[6 + SRB_DIMS_MAX];
    size_t length[6 + SRB_DIMS_MAX];
    char dim[SRB_DIMS_MAX][24];
};

static void add(struct words *w, const char *word, size_t n)
{
    w->word[w->n] = word;
    w->length[w->n++] = n;
}

static bool put_words(struct words *w, const char *as, const redisReply *r)
{
    const redisReply *shape;

    w->n = 0;
    if (r->type != REDIS_REPLY_ARRAY || r->elements != 6 ||
        r->element[1]->type != REDIS_REPLY_STRING ||
        r->element[3]->type != REDIS_REPLY_ARRAY ||
        r->element[3]->elements > SRB_DIMS_MAX ||
        r->element[5]->type != REDIS_REPLY_STRING)
        return false;
    shape = r->element[3];
    add(w, "AI.TENSORSET", 12);
    add(w, as, strlen(as));
    add(w, r->element[1]->str, (size_t)r->element[1]->len);
    for (size_t k = 0; k < shape->elements; k++) {
        snprintf(w->dim[k], sizeof w->dim[k], "%lld",
                 shape->element[k]->integer);
        add(w, w->dim[k], strlen(w->dim[k]));
    }
    add(w, "BLOB", 4);
    add(w, r->element[5]->str, (size_t)r->element[5]->len);
    return true;
}

int connection_copy(struct client *from, const char *key, struct client *to,
                    const char *as, struct error *err)
{
    static const char what[] = "copy";
    const char *get[] = {"AI.TENSORGET", key, "META", "BLOB"};
    redisReply *r = say(self(from), what, 4, get, NULL, err), *put = NULL;
    struct words w;
    int rc;

    if (!r)
        return -1;
    if (put_words(&w, as, r))
        put = say(self(to), what, w.n, w.word, w.length, err);
    else
        connection_error(self(from), what, err, "'%s' is no tensor", key);
    rc = put ? 0 : -1;
    freeReplyObject(put);
    freeReplyObject(r);
    return rc;
}

int connection_forget(struct client *c, const char *one, const char *other,
                      struct error *err)
{
    const char *words[] = {"DEL", one, other};
    redisReply *r = say(self(c), "delete", 3, words, NULL, err);

    freeReplyObject(r);
    return r ? 0 : -1;
}
