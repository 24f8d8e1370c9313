/* Several tensors through the straight client, back to back: requests go out as
 * fast as the socket takes them, and whenever it takes none what has come is
 * read, so that a server which answers before it has read everything never
 * waits for us while we wait for it. Payloads lie where they lie, as in
 * socket.c. */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/tick.h"
#include "client/socket_parts.h"

/* Requests that are made, and replies that are received, at a time. */
#define BATCH ((size_t)16)
#define REQUEST_MAX (SRB_KEY_MAX + 128)
#define PARTS 3  /* of a request, or a reply: before, the payload, behind */
#define AHEAD 1  /* request that goes before all of them */
#define BEHIND 1 /* notice that goes behind one of them */

static const char ok[] = "+OK\r\n";
#define OK_BYTES (sizeof ok - 1)

struct many {
    struct socket_client *c;
    const char *what;
    const struct srb_tensor *tensors;
    size_t n;
    /* going out: the batch that is under way, and the tensor after it */
    size_t (*request)(const struct many *x, const struct srb_tensor *t,
                      char text[REQUEST_MAX]);
    bool puts;
    size_t next;
    struct iovec out[PARTS * BATCH + AHEAD + BEHIND];
    struct msghdr batch;
    bool announces; /* a notice goes behind one of them, and its reply stays */
    char text[BATCH][REQUEST_MAX];
    /* coming in: the reply that is awaited, and how much of it has come */
    size_t at;
    size_t got;
    bool ahead;  /* that of what goes before them is awaited first */
    bool wanted; /* these were asked for, and others may be */
    /* of gets, for reply k those of k % BATCH; and what the head must be */
    char head[BATCH][SRB_REPLY_HEAD], tail[BATCH][TAIL];
    char right[SRB_REPLY_HEAD];
    size_t right_len, right_count;
};

static size_t bytes_of(const struct srb_tensor *t)
{
    return t->count * sizeof(float);
}

/* ---- going out ---- */

/* A key that ends in NUL, as command sets have it. */
static const char *copy_key(const struct srb_tensor *t, char key[SRB_KEY_MAX])
{
    memcpy(key, t->key, t->key_length);
    key[t->key_length] = '\0';
    return key;
}

static size_t request_put(const struct many *x, const struct srb_tensor *t,
                          char text[REQUEST_MAX])
{
    const struct connection *at = &x->c->at;
    struct tensor_request r;
    char key[SRB_KEY_MAX];

    command_set_put(at->commands, copy_key(t, key), bytes_of(t), &r);
    command_set_expire(at->commands, &r, at->expire_ms);
    return command_set_print(&r, bytes_of(t), text, REQUEST_MAX);
}

static size_t request_get(const struct many *x, const struct srb_tensor *t,
                          char text[REQUEST_MAX])
{
    struct tensor_request r;
    char key[SRB_KEY_MAX];

    command_set_get(x->c->at.commands, copy_key(t, key), bytes_of(t), &r);
    return command_set_print(&r, 0, text, REQUEST_MAX);
}

static size_t add_ahead(struct many *x)
{
    struct client *base = &x->c->at.base;

    x->out[0].iov_base = (void *)(uintptr_t)base->ahead; /* is not changed */
    x->out[0].iov_len = base->ahead_length;
    base->ahead = NULL;
    x->ahead = true;
    return AHEAD;
}

/* There is one for the last of a step, so that one more part is enough. */
static size_t add_notice(struct many *x, const struct srb_tensor *t, size_t k)
{
    struct connection *at = &x->c->at;
    size_t n = connection_behind(at, t->key, t->key_length);

    if (n == 0)
        return k;
    x->announces = true;
    x->out[k] = (struct iovec){at->notice.request.text, n};
    return k + 1;
}

static void make_batch(struct many *x)
{
    size_t k = 0, n = 0;

    if (x->puts && x->c->at.base.ahead)
        k = add_ahead(x);
    for (; n < BATCH && x->next < x->n; n++, x->next++) {
        const struct srb_tensor *t = &x->tensors[x->next];

        x->out[k++] = (struct iovec){x->text[n], x->request(x, t, x->text[n])};
        if (!x->puts)
            continue;
        x->out[k++] = (struct iovec){t->data, bytes_of(t)};
        x->out[k++] = (struct iovec){x->c->tail, x->c->tail_len};
        k = add_notice(x, t, k);
    }
    x->batch = (struct msghdr){.msg_iov = x->out, .msg_iovlen = k};
}

static bool is_sent(const struct many *x)
{
    return x->batch.msg_iovlen == 0 && x->next == x->n;
}

/* As much as the socket takes; -1 with errno. */
static int send_some(struct many *x)
{
    while (!is_sent(x)) {
        ssize_t put;

        if (x->batch.msg_iovlen == 0)
            make_batch(x);
        put = sendmsg(x->c->at.base.socket, &x->batch,
                      MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
        socket_advance(&x->batch, (size_t)put);
    }
    return 0;
}

/* ---- coming in ---- */

/* Bind the connection to the tensor whose reply is the matter: words on it are
 * those of a single operation. */
static struct socket_client *speak_of(struct many *x)
{
    connection_bind(&x->c->at, &x->tensors[x->at < x->n ? x->at : x->n - 1]);
    return x->c;
}

/* The next reply is another's: it has a time of its own. */
static void next_reply(struct many *x)
{
    x->at += !x->ahead;
    x->ahead = false;
    x->got = 0;
    x->c->deadline = 0;
}

/* Look at n bytes of replies to puts. */
static int take_oks(struct many *x, const char *text, size_t n,
                    struct error *err)
{
    char words[WORDS_MAX];
    size_t i = 0, rest;

    while (i < n && x->at < x->n && text[i] == ok[x->got]) {
        i++;
        if (++x->got == OK_BYTES)
            next_reply(x);
    }
    if (i == n)
        return 0;
    rest = socket_least(n - i, sizeof words - x->got);
    memcpy(words, ok, x->got);
    memcpy(words + x->got, text + i, rest);
    return socket_hear_out(speak_of(x), x->what, words, x->got + rest, err);
}

static ssize_t receive(struct many *x, struct iovec *in, size_t n, bool wait)
{
    struct msghdr m = {.msg_iov = in, .msg_iovlen = n};
    ssize_t got;

    if (wait)
        return socket_receive(x->c, in, n);
    do
        got = recvmsg(x->c->at.base.socket, &m, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got == 0)
        errno = 0;
    return got > 0 ? got : -1;
}

/* What receiving came to: -1 with words, 0 where nothing is there yet. */
static int nothing(struct many *x, bool wait, struct error *err)
{
    if (!wait && (errno == EAGAIN || errno == EWOULDBLOCK))
        return 0;
    return socket_fail(speak_of(x), x->what, err);
}

static int receive_oks(struct many *x, bool wait, struct error *err)
{
    char text[WORDS_MAX];
    struct iovec in = {text, sizeof text};
    ssize_t got;

    if (x->announces)
        in.iov_len =
            socket_least(in.iov_len, (x->n - x->at) * OK_BYTES - x->got);
    got = receive(x, &in, 1, wait);

    if (got < 0)
        return nothing(x, wait, err);
    return take_oks(x, text, (size_t)got, err) < 0 ? -1 : 1;
}

/* What precedes the payload of reply k. */
static size_t right_head(struct many *x, size_t k)
{
    size_t count = x->tensors[k].count;

    if (count != x->right_count || x->right_len == 0) {
        x->right_len = x->c->at.commands->head(count * sizeof(float), x->right);
        x->right_count = count;
    }
    return x->right_len;
}

/* What of n bytes is behind the first `done` of them, at the end of a list. */
static size_t add_part(struct iovec *in, size_t k, char *data, size_t n,
                       size_t *done, size_t *room)
{
    size_t skip = socket_least(*done, n), take = socket_least(n - skip, *room);

    *done -= skip;
    *room -= take;
    if (take == 0)
        return k;
    in[k].iov_base = data + skip;
    in[k].iov_len = take;
    return k + 1;
}

/* Where the next bytes go: replies one behind the other, a piece of them. */
static size_t next_buffers(struct many *x, struct iovec in[PARTS * BATCH])
{
    size_t room = PIECE, done = x->got, k = 0;

    for (size_t i = x->at; i < x->n && i < x->at + BATCH && room > 0; i++) {
        char *data = (char *)x->tensors[i].data;

        k = add_part(in, k, x->head[i % BATCH], right_head(x, i), &done, &room);
        k = add_part(in, k, data, bytes_of(&x->tensors[i]), &done, &room);
        k = add_part(in, k, x->tail[i % BATCH], TAIL, &done, &room);
    }
    return k;
}

/* The text of a reply that is no tensor: n bytes that were received as if it
 * were one, and as if others followed. */
static size_t gather(struct many *x, size_t n, char text[WORDS_MAX])
{
    size_t used = 0;

    n = socket_least(n, WORDS_MAX);
    for (size_t i = x->at; used < n; i++) {
        const char *part[PARTS] = {x->head[i % BATCH],
                                   (const char *)x->tensors[i].data,
                                   x->tail[i % BATCH]};
        const size_t bytes[PARTS] = {right_head(x, i), bytes_of(&x->tensors[i]),
                                     TAIL};

        for (size_t k = 0; k < PARTS; k++) {
            size_t take = socket_least(bytes[k], n - used);

            memcpy(text + used, part[k], take);
            used += take;
        }
    }
    return used;
}

/* rest: bytes behind what was looked at. */
static int wrong(struct many *x, size_t rest, struct error *err)
{
    char text[WORDS_MAX];
    size_t n = gather(x, x->got + rest, text);

    return socket_hear_out(speak_of(x), x->what, text, n, err);
}

/* Look at n bytes that lie where next_buffers() had them go. */
static int take_tensors(struct many *x, size_t n, struct error *err)
{
    while (n > 0) {
        size_t slot = x->at % BATCH, head = right_head(x, x->at);
        size_t total = head + bytes_of(&x->tensors[x->at]) + TAIL;
        size_t more = socket_least(n, total - x->got);

        x->got += more;
        n -= more;
        if (memcmp(x->head[slot], x->right, socket_least(x->got, head)) != 0)
            return wrong(x, n, err);
        if (x->got < total)
            continue;
        if (memcmp(x->tail[slot], "\r\n", TAIL) != 0)
            return connection_error(&speak_of(x)->at, x->what, err,
                                    "the reply does not end where its length "
                                    "says");
        next_reply(x);
    }
    return 0;
}

static int receive_tensors(struct many *x, bool wait, struct error *err)
{
    struct iovec in[PARTS * BATCH];
    ssize_t got = receive(x, in, next_buffers(x, in), wait);

    if (got < 0)
        return nothing(x, wait, err);
    return take_tensors(x, (size_t)got, err) < 0 ? -1 : 1;
}

/* ---- both ---- */

/* Until the socket takes or has something; -1 with errno. */
static int await(struct many *x)
{
    struct pollfd p = {.fd = x->c->at.base.socket, .events = POLLIN | POLLOUT};
    int rc;

    do {
        if (socket_late(x->c))
            return -1;
        rc = poll(&p, 1, tick_left_ms(x->c->deadline));
    } while (rc < 0 && errno == EINTR);
    if (rc == 0)
        errno = EAGAIN;
    return rc > 0 ? 0 : -1;
}

static int receive_some(struct many *x, bool wait, struct error *err)
{
    return x->puts ? receive_oks(x, wait, err) : receive_tensors(x, wait, err);
}

/* So many of what was asked for have come. */
static void got_wanted(struct many *x)
{
    struct socket_client *c = x->c;

    c->wanted.sent =
        c->wanted.used - (is_sent(x) ? 0 : x->batch.msg_iov->iov_len);
    c->at.base.wanted -= x->n;
    if (c->at.base.wanted == 0)
        c->wanted.used = c->wanted.sent = 0;
}

/* All was answered before the last of a notice was out. */
static int finish(struct many *x, struct error *err)
{
    x->c->deadline = 0;
    if (x->wanted) {
        got_wanted(x);
        return 0;
    }
    return is_sent(x) ||
                   socket_send(x->c, x->batch.msg_iov, x->batch.msg_iovlen) == 0
               ? 0
               : socket_refused(speak_of(x), x->what, err);
}

static int exchange(struct many *x, struct error *err)
{
    int rc;

    x->c->deadline = 0;
    while (x->at < x->n) {
        if (send_some(x) < 0)
            return socket_refused(speak_of(x), x->what, err);
        rc = receive_some(x, is_sent(x), err);
        if (rc < 0)
            return -1;
        if (rc == 0 ? await(x) < 0 : x->got > 0 && socket_late(x->c))
            return socket_fail(speak_of(x), x->what, err);
    }
    return finish(x, err);
}

/* All requests are there, and some of them out. */
static void go_on_sending(struct many *x)
{
    const struct socket_client *c = x->c;

    x->next = x->n;
    x->out[0] = (struct iovec){c->wanted.text + c->wanted.sent,
                               c->wanted.used - c->wanted.sent};
    x->batch =
        (struct msghdr){.msg_iov = x->out, .msg_iovlen = x->out[0].iov_len > 0};
}

static struct socket_client *self(struct client *c)
{
    return (struct socket_client *)(void *)c;
}

int socket_put_many(struct client *c, const struct srb_tensor *tensors,
                    size_t n, struct error *err)
{
    struct many x;

    x.c = self(c);
    x.what = "put_tensor";
    x.tensors = tensors;
    x.n = n;
    x.request = request_put;
    x.puts = true;
    x.ahead = x.announces = x.wanted = false;
    x.next = x.at = x.got = x.batch.msg_iovlen = 0;
    return exchange(&x, err);
}

int socket_get_many(struct client *c, const struct srb_tensor *tensors,
                    size_t n, struct error *err)
{
    struct many x;

    x.c = self(c);
    x.what = "unpack_tensor";
    x.tensors = tensors;
    x.n = n;
    x.request = request_get;
    x.puts = x.ahead = x.announces = false;
    x.next = x.at = x.got = x.batch.msg_iovlen = x.right_len = 0;
    x.wanted = c->wanted > 0;
    if (x.wanted)
        go_on_sending(&x);
    return exchange(&x, err);
}

/* Room for n bytes more of requests; NULL: there is no memory. */
static char *room_for(struct socket_client *c, size_t n)
{
    if (c->wanted.used + n > c->wanted.room) {
        size_t room = 2 * (c->wanted.used + n);
        char *text = realloc(c->wanted.text, room);

        if (!text)
            return NULL;
        c->wanted.text = text;
        c->wanted.room = room;
    }
    return c->wanted.text + c->wanted.used;
}

/* As much as the socket takes; get_many goes on with the rest. */
static int send_wanted(struct many *x, struct error *err)
{
    struct socket_client *c = x->c;

    go_on_sending(x);
    if (send_some(x) < 0)
        return socket_refused(c, x->what, err);
    c->wanted.sent =
        c->wanted.used - (is_sent(x) ? 0 : x->batch.msg_iov->iov_len);
    return 0;
}

int socket_want(struct client *c, const struct srb_tensor *tensors, size_t n,
                struct error *err)
{
    struct many x;

    x.c = self(c);
    x.what = "unpack_tensor";
    x.n = 0;
    x.batch.msg_iovlen = 0;
    if (n == 0)
        return send_wanted(&x, err);
    for (size_t i = 0; i < n; i++) {
        char *text = room_for(x.c, REQUEST_MAX);

        if (!text)
            return connection_error(&x.c->at, x.what, err,
                                    "not enough memory for its request");
        x.c->wanted.used += request_get(&x, &tensors[i], text);
    }
    c->wanted += n;
    return 0;
}

/* ---- removal ---- */

#define REMOVE "remove"

/* One request for these keys, of which there are at most SRB_REMOVE_MOST. */
static int send_removal(struct socket_client *c, const struct srb_tensor *t,
                        size_t n)
{
    char text[64 + SRB_REMOVE_MOST * (SRB_KEY_MAX + 16)];
    size_t used = command_set_print_remove(n, text, sizeof text);
    struct iovec out = {text, 0};

    for (size_t i = 0; i < n; i++)
        used += command_set_print_key(t[i].key, t[i].key_length, text + used,
                                      sizeof text - used);
    out.iov_len = used;
    return socket_send(c, &out, 1);
}

/* A number, ":8\r\n", at the front of text, which has *n bytes and may have
 * more behind it afterwards. */
static int take_number(struct socket_client *c, char text[WORDS_MAX], size_t *n,
                       long long *number, struct error *err)
{
    char *end;

    while (!memchr(text, '\n', *n) && *n < WORDS_MAX) {
        struct iovec in = {text + *n, WORDS_MAX - *n};
        ssize_t got = socket_receive(c, &in, 1);

        if (got < 0 || (*n > 0 && socket_late(c)))
            return socket_fail(c, REMOVE, err);
        *n += (size_t)got;
    }
    end = memchr(text, '\n', *n);
    if (!end || text[0] != ':')
        return socket_hear_out(c, REMOVE, text, *n, err);
    *number = strtoll(text + 1, NULL, 10);
    *n -= (size_t)(end + 1 - text);
    memmove(text, end + 1, *n);
    return 0;
}

/* The replies, of a few bytes each, wait in the sockets' buffers while all
 * requests go out. */
int socket_remove(struct client *base, const struct srb_tensor *tensors,
                  size_t n, struct error *err)
{
    struct socket_client *c = self(base);
    char text[WORDS_MAX];
    size_t have = 0;
    long long removed = 0, some = 0;

    text[0] = '\0';
    c->deadline = 0;
    for (size_t i = 0; i < n; i += SRB_REMOVE_MOST)
        if (send_removal(c, tensors + i, socket_least(n - i, SRB_REMOVE_MOST)) <
            0)
            return socket_refused(c, REMOVE, err);
    for (size_t i = 0; i < n; i += SRB_REMOVE_MOST, removed += some)
        if (take_number(c, text, &have, &some, err) < 0)
            return -1;
    return removed == (long long)n
               ? 0
               : connection_removed(&c->at, tensors, n, removed, err);
}
