/* The straight client: hiredis connects, and from then on payloads go between
 * socket and tensor without a copy in between. A put is one gathered send of
 * header, tensor and trailer; a reply's header is read into a few bytes of its
 * own and the payload straight into the tensor. One request is outstanding at a
 * time, so every byte that arrives belongs to its reply.
 *
 * Wire format: RESP2, https://redis.io/docs/reference/protocol-spec. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/socket_parts.h"

static struct socket_client *self(struct client *c)
{
    return (struct socket_client *)(void *)c;
}

/* What a put and a run are answered by. What a notice is comes behind that, and
 * stays where it is. */
static int hear_ok(struct socket_client *c, const char *what, struct error *err)
{
    static const char ok[] = "+OK\r\n";
    char text[WORDS_MAX] = "";
    size_t n = 0, want = sizeof ok - 1;
    size_t room = c->at.behind > 0 ? want : sizeof text;

    while (n < want && memcmp(text, ok, n) == 0) {
        struct iovec in = {text + n, room - n};
        ssize_t got = socket_receive(c, &in, 1);

        if (got < 0 || (n > 0 && socket_late(c)))
            return socket_fail(c, what, err);
        n += (size_t)got;
    }
    if (n == want && memcmp(text, ok, want) == 0)
        return 0;
    return socket_hear_out(c, what, text, n, err);
}

static int put(struct client *base, const void *data, struct error *err)
{
    struct socket_client *c = self(base);
    /* sendmsg() takes plain pointers but changes nothing */
    struct iovec out[4] = {{c->set, c->set_len},
                           {(void *)(uintptr_t)data, c->at.bytes},
                           {c->tail, c->tail_len},
                           {c->at.notice.request.text, c->at.behind}};

    c->deadline = 0;
    if (socket_send(c, out, c->at.behind > 0 ? 4 : 3) < 0)
        return socket_refused(c, "put_tensor", err);
    return hear_ok(c, "put_tensor", err);
}

static int run(struct client *base, const struct client_run *r,
               struct error *err)
{
    struct socket_client *c = self(base);
    struct iovec out = {(void *)(uintptr_t)r->request, r->n};

    c->deadline = 0;
    if (socket_send(c, &out, 1) < 0)
        return socket_refused(c, r->name, err);
    return hear_ok(c, r->name, err);
}

/* A reply to a get on its way: what frames the payload, and where that goes. */
struct reply {
    size_t n; /* bytes that have come */
    char head[SRB_REPLY_HEAD], tail[TAIL];
    char *data;
};

/* One that does not begin as it should: its bytes went where those of a good
 * one go. */
static int wrong_head(struct socket_client *c, const struct reply *r,
                      struct error *err)
{
    char text[WORDS_MAX];
    size_t in_head = socket_least(r->n, c->head_len);
    size_t in_data = socket_least(r->n - in_head, c->at.bytes);
    size_t in_tail = r->n - in_head - in_data;
    size_t copied = socket_least(in_data, sizeof text - in_head - TAIL);

    memcpy(text, r->head, in_head);
    memcpy(text + in_head, r->data, copied);
    if (copied == in_data)
        memcpy(text + in_head + copied, r->tail, in_tail);
    else
        in_tail = 0;
    return socket_hear_out(c, "unpack_tensor", text, in_head + copied + in_tail,
                           err);
}

/* Where the next bytes go: what is missing of the head, the next piece of the
 * payload, and behind the last one the tail. */
static size_t next_buffers(const struct socket_client *c, struct reply *r,
                           struct iovec in[3])
{
    size_t after_head = r->n > c->head_len ? r->n - c->head_len : 0;
    size_t in_data = socket_least(after_head, c->at.bytes);
    size_t left = c->at.bytes - in_data, in_tail = after_head - in_data, k = 0;

    if (r->n < c->head_len)
        in[k++] = (struct iovec){r->head + r->n, c->head_len - r->n};
    if (left > 0)
        in[k++] = (struct iovec){r->data + in_data, socket_least(left, PIECE)};
    if (left <= PIECE)
        in[k++] = (struct iovec){r->tail + in_tail, TAIL - in_tail};
    return k;
}

static int get(struct client *base, void *data, struct error *err)
{
    struct socket_client *c = self(base);
    struct iovec out = {c->get, c->get_len}, in[3];
    struct reply r = {.n = 0, .tail = {0, 0}, .data = data};
    size_t total = c->head_len + c->at.bytes + TAIL;
    bool head_seen = false;

    c->deadline = 0;
    if (socket_send(c, &out, 1) < 0)
        return socket_refused(c, "unpack_tensor", err);
    while (r.n < total) {
        size_t k = next_buffers(c, &r, in);
        ssize_t got = socket_receive(c, in, k);

        if (got < 0 || (r.n > 0 && socket_late(c)))
            return socket_fail(c, "unpack_tensor", err);
        r.n += (size_t)got;
        if (head_seen)
            continue;
        if (memcmp(r.head, c->head, socket_least(r.n, c->head_len)) != 0)
            return wrong_head(c, &r, err);
        head_seen = r.n >= c->head_len;
    }
    if (r.tail[0] == '\r' && r.tail[1] == '\n')
        return 0;
    return connection_error(&c->at, "unpack_tensor", err,
                            "the reply does not end where its length says");
}

/* Everything but the payload is the same for every operation. */
static void prepare(struct connection *at)
{
    struct socket_client *c = (struct socket_client *)(void *)at;
    const struct command_set *s = at->commands;
    struct tensor_request r;

    command_set_put(s, at->key, at->bytes, &r);
    command_set_expire(s, &r, at->expire_ms);
    if (at->runs)
        command_set_shape(&at->runs->in, &r);
    c->tail_len = command_set_print_tail(&r, c->tail);
    c->set_len = command_set_print(&r, at->bytes, c->set, sizeof c->set);
    command_set_get(s, at->key, at->bytes, &r);
    c->get_len = command_set_print(&r, 0, c->get, sizeof c->get);
    if (at->runs) {
        c->head_len = at->runs->head_len;
        memcpy(c->head, at->runs->head, c->head_len + 1);
    } else {
        c->head_len = s->head(at->bytes, c->head);
    }
}

static struct client *open_client(const struct client_params *p,
                                  struct error *err)
{
    return connection_open(sizeof(struct socket_client), &client_socket,
                           prepare, p, err);
}

static void close_client(struct client *c)
{
    free(self(c)->wanted.text);
    connection_close(c);
}

/* Resident at most: the tensor that leaves and the one that comes. */
const struct client_ops client_socket = {
    .name = "socket",
    .help = "payload straight between socket and tensor",
    .serves = true,
    .memory = {.eighths = 16},
    .open = open_client,
    .rebind = connection_rebind,
    .put = put,
    .get = get,
    .put_many = socket_put_many,
    .get_many = socket_get_many,
    .want = socket_want,
    .run = run,
    .copy = connection_copy,
    .forget = connection_forget,
    .remove = socket_remove,
    .tell = socket_tell,
    .poll = socket_poll,
    .ask = connection_ask,
    .announce = connection_announce,
    .announced = socket_announced,
    .block = socket_block,
    .close = close_client,
};
