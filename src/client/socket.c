/* The straight client: hiredis connects, and from then on payloads go between
 * socket and tensor without a copy in between. A put is one gathered send of
 * header, tensor and trailer; a reply's header is read into a few bytes of its
 * own and the payload straight into the tensor. One request is outstanding at a
 * time, so every byte that arrives belongs to its reply.
 *
 * Wire format: RESP2, https://redis.io/docs/reference/protocol-spec. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/tick.h"
#include "client/socket_parts.h"

static struct socket_client *self(struct client *c)
{
    return (struct socket_client *)(void *)c;
}

int socket_fail(const struct socket_client *c, const char *what,
                struct error *err)
{
    int failure = errno;

    if (failure == EAGAIN || failure == EWOULDBLOCK)
        return connection_late(&c->at, what, err);
    return connection_error(&c->at, what, err, "%s",
                            failure ? strerror(failure)
                                    : "the server closed the connection");
}

/* A wait ends by the socket's own timeout; an operation that trickles ends by
 * this, which is only asked when it did not come in one. */
bool socket_late(struct socket_client *c)
{
    int64_t now = tick_now();

    if (c->deadline == 0)
        c->deadline = now + (int64_t)(c->at.op_timeout * 1e9);
    if (now < c->deadline)
        return false;
    errno = EAGAIN;
    return true;
}

/* Drop n bytes from the front of a list of buffers. */
void socket_advance(struct msghdr *m, size_t n)
{
    while (m->msg_iovlen > 0 && n >= m->msg_iov->iov_len) {
        n -= m->msg_iov->iov_len;
        m->msg_iov++;
        m->msg_iovlen--;
    }
    if (m->msg_iovlen > 0) {
        m->msg_iov->iov_base = (char *)m->msg_iov->iov_base + n;
        m->msg_iov->iov_len -= n;
    }
}

int socket_send(struct socket_client *c, struct iovec *iov, size_t n)
{
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = n};

    for (;;) {
        ssize_t put = sendmsg(c->fd, &m, MSG_NOSIGNAL);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        socket_advance(&m, (size_t)put);
        if (m.msg_iovlen == 0)
            return 0;
        if (socket_late(c))
            return -1;
    }
}

/* Some bytes; 0 with errno 0 becomes -1: the server closed. */
ssize_t socket_receive(struct socket_client *c, struct iovec *iov, size_t n)
{
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = n};
    ssize_t got;

    do
        got = recvmsg(c->fd, &m, 0);
    while (got < 0 && errno == EINTR);
    if (got == 0)
        errno = 0;
    return got > 0 ? got : -1;
}

/* A reply of RedisAI's that describes another tensor, on one line. */
static int no_tensor(const struct socket_client *c, const char *what,
                     const char *text, size_t n, struct error *err)
{
    char line[SRB_REPLY_HEAD];
    size_t used = 0;

    for (size_t i = 0; i < n && used + 1 < sizeof line; i++)
        if (text[i] == '\n')
            line[used++] = ' ';
        else if (text[i] != '\r')
            line[used++] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    line[used] = '\0';
    return connection_error(&c->at, what, err,
                            "the reply is not the FLOAT tensor of %zu elements "
                            "that was put: '%s'",
                            c->at.bytes / sizeof(float), line);
}

/* What a reply said instead of what was asked for. text: its first n bytes,
 * more may follow. */
static int unexpected(const struct socket_client *c, const char *what,
                      const char *text, size_t n, struct error *err)
{
    const struct connection *at = &c->at;
    size_t line = 0;

    while (line < n && text[line] != '\r' && text[line] != '\n')
        line++;
    if (n > 0 && text[0] == '-')
        return connection_refused(at, what, text + 1, line - 1, err);
    if (line == 3 && memcmp(text, "$-1", 3) == 0)
        return connection_error(at, what, err, "the server has no such key");
    if (n > 0 && text[0] == '+' && at->runs)
        return connection_not_run(at, what, text + 1, line - 1, err);
    if (n > 0 && text[0] == '$')
        return connection_error(at, what, err,
                                "the reply has %.*s bytes instead of %zu",
                                (int)line - 1, text + 1, at->bytes);
    if (n > 0 && text[0] == '*' && c->head[0] == '*')
        return no_tensor(c, what, text, n, err);
    return connection_error(at, what, err,
                            "the reply is not what RESP has for it: '%.*s'",
                            (int)(line < 40 ? line : 40), text);
}

/* The rest of a reply's first line, after n bytes of it; for its words only. */
int socket_hear_out(struct socket_client *c, const char *what, char *text,
                    size_t n, struct error *err)
{
    while (n < WORDS_MAX && !memchr(text, '\n', n)) {
        struct iovec in = {text + n, WORDS_MAX - n};
        ssize_t got = socket_receive(c, &in, 1);

        if (got < 0 || socket_late(c))
            return socket_fail(c, what, err);
        n += (size_t)got;
    }
    return unexpected(c, what, text, n, err);
}

/* Sending failed: a server that refuses says why before it closes. */
int socket_refused(struct socket_client *c, const char *what, struct error *err)
{
    char text[WORDS_MAX];
    int failure = errno;
    ssize_t got = recv(c->fd, text, sizeof text, MSG_DONTWAIT);

    if (got > 0)
        return unexpected(c, what, text, (size_t)got, err);
    errno = failure;
    return socket_fail(c, what, err);
}

/* What a put and a run are answered by. */
static int hear_ok(struct socket_client *c, const char *what, struct error *err)
{
    static const char ok[] = "+OK\r\n";
    char text[WORDS_MAX] = "";
    size_t n = 0, want = sizeof ok - 1;

    while (n < want && memcmp(text, ok, n) == 0) {
        struct iovec in = {text + n, sizeof text - n};
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
    struct iovec out[3] = {{c->set, c->set_len},
                           {(void *)(uintptr_t)data, c->at.bytes},
                           {c->tail, c->tail_len}};

    c->deadline = 0;
    if (socket_send(c, out, 3) < 0)
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
    struct client *c = connection_open(sizeof(struct socket_client),
                                       &client_socket, prepare, p, err);

    if (c)
        self(c)->fd = connection_socket(c);
    return c;
}

/* Resident at most: the tensor that leaves and the one that comes. */
const struct client_ops client_socket = {
    .name = "socket",
    .help = "payload straight between socket and tensor",
    .serves = true,
    .memory = {16, 0},
    .open = open_client,
    .rebind = connection_rebind,
    .put = put,
    .get = get,
    .put_many = socket_put_many,
    .get_many = socket_get_many,
    .run = run,
    .remove = socket_remove,
    .address = connection_address,
    .buffers = connection_buffers,
    .socket = connection_socket,
    .close = connection_close,
};
