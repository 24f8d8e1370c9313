/* Several tensors through hiredis, back to back. Its blocking calls write all
 * before they read, so that both sides of a large exchange could wait for each
 * other; here its buffers are filled and emptied by redisBufferWrite() and
 * redisBufferRead() on a socket that does not block, as its asynchronous
 * interface does (hiredis 0.14 and later). A request is appended when those
 * before it are out: one tensor at a time is copied, and is moved up by what
 * each write takes. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>

#include "base/tick.h"
#include "client/hiredis_parts.h"

/* Small requests leave together. */
#define TOGETHER ((size_t)64 * 1024)
/* What redisBufferRead() asks for: where it got that, there may be more. */
#define READ ((size_t)16 * 1024)

struct many {
    struct hiredis_client *c;
    const char *what;
    const struct srb_tensor *tensors;
    size_t n;
    bool puts;
    size_t next;    /* tensor whose request has yet to be appended */
    size_t waiting; /* bytes appended since all was out */
    int out;        /* all that was appended is out */
    bool ahead;     /* that of what goes before them is */
    size_t at;      /* reply that is awaited, else */
    bool wanted;    /* these were asked for, and others may be */
    int64_t deadline;
};

static void set_blocking(redisContext *r, bool blocks)
{
    int flags = fcntl(r->fd, F_GETFL);

    if (flags >= 0)
        fcntl(r->fd, F_SETFL,
              blocks ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
    if (blocks)
        r->flags |= REDIS_BLOCK;
    else
        r->flags &= ~REDIS_BLOCK;
}

static int append_ahead(struct many *x)
{
    struct client *base = &x->c->at.base;
    const char *request = base->ahead;

    if (!x->puts || !request)
        return REDIS_OK;
    base->ahead = NULL;
    x->ahead = true;
    x->waiting = base->ahead_length;
    x->out = 0;
    return redisAppendFormattedCommand(x->c->at.redis, request,
                                       base->ahead_length);
}

/* The client is bound to a tensor for its request, and again for its reply. */
static int append(struct many *x)
{
    struct hiredis_client *c = x->c;
    const struct srb_tensor *t = &x->tensors[x->next++];

    connection_bind(&c->at, t);
    x->waiting += c->at.bytes;
    x->out = 0;
    if (!x->puts)
        return redisAppendCommandArgv(c->at.redis, c->get.n, c->get.word,
                                      c->get.length);
    c->put.word[c->place] = (const char *)t->data;
    return redisAppendCommandArgv(c->at.redis, c->put.n, c->put.word,
                                  c->put.length) == REDIS_OK
               ? hiredis_append_notice(c, c->at.behind)
               : REDIS_ERR;
}

static int write_some(struct many *x)
{
    while (!x->out || x->next < x->n) {
        while (x->next < x->n && x->waiting < TOGETHER)
            if (append(x) != REDIS_OK)
                return -1;
        if (redisBufferWrite(x->c->at.redis, &x->out) != REDIS_OK)
            return -1;
        if (!x->out)
            return 0; /* it takes no more for now */
        x->waiting = 0;
    }
    return 0;
}

static int take(struct many *x, const redisReply *r, struct error *err)
{
    const struct srb_tensor *t = &x->tensors[x->at];

    connection_bind(&x->c->at, t);
    if (x->ahead) {
        x->ahead = false;
        return hiredis_put_reply(x->c, r, err);
    }
    x->at++;
    x->deadline = tick_deadline(x->c->at.op_timeout);
    return x->puts ? hiredis_put_reply(x->c, r, err)
                   : hiredis_get_reply(x->c, r, t->data, err);
}

static int no_reply(struct many *x, struct error *err)
{
    connection_bind(&x->c->at, &x->tensors[x->at]);
    return connection_no_reply(&x->c->at, x->what, err);
}

/* All that is whole of what was read. */
static int take_replies(struct many *x, struct error *err)
{
    while (x->at < x->n) {
        void *r = NULL;
        int rc;

        if (redisGetReplyFromReader(x->c->at.redis, &r) != REDIS_OK)
            return no_reply(x, err);
        if (!r)
            return 0;
        rc = take(x, r, err);
        freeReplyObject(r);
        if (rc < 0)
            return -1;
    }
    return 0;
}

/* Until nothing is there: what TLS has taken from the socket, poll(2) would not
 * tell of. */
static int read_all(struct many *x, struct error *err)
{
    redisContext *r = x->c->at.redis;
    size_t more;

    do {
        more = r->reader->len;
        if (redisBufferRead(r) != REDIS_OK)
            return no_reply(x, err);
        more = r->reader->len - more;
        if (take_replies(x, err) < 0)
            return -1;
    } while (x->at < x->n && (more >= READ || (x->c->at.ssl && more > 0)));
    return 0;
}

/* 1: there is something to read, 0: to write alone, -1: time is over. */
static int await(struct many *x)
{
    struct pollfd p = {.fd = x->c->at.redis->fd, .events = POLLIN};
    int rc;

    if (!x->out)
        p.events |= POLLOUT;
    do {
        if (tick_now() >= x->deadline)
            return -1;
        rc = poll(&p, 1, tick_left_ms(x->deadline));
    } while (rc < 0 && errno == EINTR);
    if (rc <= 0)
        return -1;
    return (p.revents & ~POLLOUT) != 0;
}

static int exchange(struct many *x, struct error *err)
{
    while (x->at < x->n) {
        int rc;

        if (write_some(x) < 0)
            return no_reply(x, err);
        rc = await(x);
        if (rc < 0) {
            connection_bind(&x->c->at, &x->tensors[x->at]);
            return connection_late(&x->c->at, x->what, err);
        }
        if (rc > 0 && read_all(x, err) < 0)
            return -1;
    }
    return 0;
}

static int run(struct many *x, struct error *err)
{
    redisContext *r = x->c->at.redis;
    int rc;

    x->out = !x->wanted;
    x->deadline = tick_deadline(x->c->at.op_timeout);
    if (append_ahead(x) != REDIS_OK)
        return no_reply(x, err);
    set_blocking(r, false);
    rc = x->wanted ? take_replies(x, err) : 0; /* some came with others */
    if (rc == 0)
        rc = exchange(x, err);
    set_blocking(r, true);
    return rc;
}

static struct hiredis_client *self(struct client *c)
{
    return (struct hiredis_client *)(void *)c;
}

int hiredis_put_many(struct client *c, const struct srb_tensor *tensors,
                     size_t n, struct error *err)
{
    struct many x = {.c = self(c),
                     .what = "put_tensor",
                     .tensors = tensors,
                     .n = n,
                     .puts = true};

    return run(&x, err);
}

int hiredis_get_many(struct client *c, const struct srb_tensor *tensors,
                     size_t n, struct error *err)
{
    struct many x = {.c = self(c),
                     .what = "unpack_tensor",
                     .tensors = tensors,
                     .n = n,
                     .wanted = c->wanted > 0};

    if (x.wanted)
        x.next = n;
    if (run(&x, err) < 0)
        return -1;
    c->wanted -= x.wanted ? n : 0;
    return 0;
}

int hiredis_want(struct client *c, const struct srb_tensor *tensors, size_t n,
                 struct error *err)
{
    struct many x = {
        .c = self(c), .what = "unpack_tensor", .tensors = tensors, .n = n};
    redisContext *r = x.c->at.redis;
    int rc = REDIS_OK;

    while (x.next < n && rc == REDIS_OK)
        rc = append(&x);
    c->wanted += n;
    if (n == 0) {
        set_blocking(r, false);
        rc = redisBufferWrite(r, &x.out);
        set_blocking(r, true);
    }
    return rc == REDIS_OK ? 0 : connection_no_reply(&x.c->at, x.what, err);
}

/* ---- removal ---- */

#define REMOVE "remove"

static int append_removal(redisContext *r, const struct srb_tensor *t, size_t n)
{
    const char *word[1 + SRB_REMOVE_MOST] = {SRB_REMOVE_WORD};
    size_t length[1 + SRB_REMOVE_MOST] = {sizeof SRB_REMOVE_WORD - 1};

    for (size_t i = 0; i < n; i++) {
        word[i + 1] = t[i].key;
        length[i + 1] = t[i].key_length;
    }
    return redisAppendCommandArgv(r, (int)n + 1, word, length);
}

static int take_number(struct hiredis_client *c, long long *removed,
                       struct error *err)
{
    void *at = NULL;
    const redisReply *r;
    int rc = 0;

    if (redisGetReply(c->at.redis, &at) != REDIS_OK)
        return connection_no_reply(&c->at, REMOVE, err);
    r = at;
    if (r->type == REDIS_REPLY_INTEGER)
        *removed += r->integer;
    else if (r->type == REDIS_REPLY_ERROR)
        rc = connection_refused(&c->at, REMOVE, r->str, (size_t)r->len, err);
    else
        rc = connection_error(&c->at, REMOVE, err, "the reply is no number");
    freeReplyObject(at);
    return rc;
}

/* Requests and replies are small enough to wait in buffers: hiredis may write
 * them all before it reads. */
int hiredis_remove(struct client *base, const struct srb_tensor *tensors,
                   size_t n, struct error *err)
{
    struct hiredis_client *c = self(base);
    long long removed = 0;

    for (size_t i = 0; i < n; i += SRB_REMOVE_MOST)
        if (append_removal(c->at.redis, tensors + i,
                           n - i < SRB_REMOVE_MOST ? n - i : SRB_REMOVE_MOST) !=
            REDIS_OK)
            return connection_no_reply(&c->at, REMOVE, err);
    for (size_t i = 0; i < n; i += SRB_REMOVE_MOST)
        if (take_number(c, &removed, err) < 0)
            return -1;
    return removed == (long long)n
               ? 0
               : connection_removed(&c->at, tensors, n, removed, err);
}
