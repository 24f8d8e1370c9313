/* Bytes out and in of the straight client, and words on what came instead. */
#include <errno.h>
#include <string.h>

#include "base/tick.h"
#include "client/socket_parts.h"

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
        ssize_t put = sendmsg(c->at.base.socket, &m, MSG_NOSIGNAL);

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
        got = recvmsg(c->at.base.socket, &m, 0);
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
                            "%s: '%s'",
                            c->at.bytes / sizeof(float),
                            connection_expected(&c->at), line);
}

/* What a reply said instead of what was asked for. text: its first n bytes,
 * more may follow. */
static int unexpected(struct socket_client *c, const char *what,
                      const char *text, size_t n, struct error *err)
{
    struct connection *at = &c->at;
    char kind = n > 0 ? text[0] : '\0';
    const char *words = text + 1; /* of the line, behind that */
    size_t line = 0;

    while (line < n && text[line] != '\r' && text[line] != '\n')
        line++;
    at->base.absent = line == 3 && memcmp(text, "$-1", 3) == 0;
    if (at->base.absent)
        return connection_error(at, what, err, "the server has no such key");
    if (kind == '-') {
        at->base.absent = connection_says_absent(words, line - 1);
        return connection_refused(at, what, words, line - 1, err);
    }
    if (kind == '+' && at->runs)
        return connection_not_run(at, what, words, line - 1, err);
    if (kind == '$')
        return connection_error(at, what, err,
                                "the reply has %.*s bytes instead of %zu",
                                (int)line - 1, words, at->bytes);
    if (kind == '*' && c->head[0] == '*')
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
    ssize_t got = recv(c->at.base.socket, text, sizeof text, MSG_DONTWAIT);

    if (got > 0)
        return unexpected(c, what, text, (size_t)got, err);
    errno = failure;
    return socket_fail(c, what, err);
}
