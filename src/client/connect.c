#include "client/connect.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/signals.h"
#include "base/tick.h"
#include "protocol/auth.h"
#include "protocol/tls.h"

/* What `auto` chooses; tools/bench/RESULTS.md has the measurement. Unix sockets
 * do not tune themselves, and with net.core.wmem_default a put of 1 MiB and
 * more waits for the server several times over. TCP tunes itself, also on
 * loopback, where no fixed size won over all tensor sizes and numbers of
 * clients. */
#define UNIX_SEND_BUFFER (256 * 1024)

#define NS_PER_MS 1000000
/* While a connection is awaited, between two looks whether the grace after a
 * signal is over: it may end between a look and the wait. */
#define LOOK_MS 1000

/* A size that was asked for, and got: the kernel cuts it at net.core.wmem_max
 * and rmem_max without a word, and doubles it (socket(7)). */
static int set_buffer(int fd, int which, int bytes, struct error *err)
{
    int got = 0;
    socklen_t len = sizeof got;

    if (setsockopt(fd, SOL_SOCKET, which, &bytes, sizeof bytes) == 0 &&
        getsockopt(fd, SOL_SOCKET, which, &got, &len) == 0 && got / 2 >= bytes)
        return 0;
    return error_set(
        err,
        "socket_buffer: a %s buffer of %d bytes is more than the kernel "
        "allows (it gives %d; net.core.%cmem_max)",
        which == SO_SNDBUF ? "send" : "receive", bytes, got / 2,
        which == SO_SNDBUF ? 'w' : 'r');
}

static int set_buffers(int fd, const struct client_params *p, struct error *err)
{
    int bytes = (int)p->socket_buffer;

    if (bytes == 0) {
        /* what a smaller limit of the kernel leaves of it is better than
         * nothing */
        bytes = UNIX_SEND_BUFFER;
        if (p->unix_socket)
            setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
        return 0;
    }
    return set_buffer(fd, SO_SNDBUF, bytes, err) < 0
               ? -1
               : set_buffer(fd, SO_RCVBUF, bytes, err);
}

void client_buffers(const struct client *c, int bytes[2])
{
    for (int i = 0; i < 2; i++) {
        socklen_t len = sizeof bytes[i];

        if (getsockopt(c->socket, SOL_SOCKET, i == 0 ? SO_SNDBUF : SO_RCVBUF,
                       &bytes[i], &len) != 0)
            bytes[i] = -1;
    }
}

/* ---- TCP ---- */

/* This end of it. */
static void address_of(int fd, char address[SRB_ADDRESS_MAX])
{
    struct sockaddr_storage sa = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof sa;

    address[0] = '\0';
    if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
        return;
    if (sa.ss_family == AF_UNIX)
        snprintf(address, SRB_ADDRESS_MAX, "unix");
    else if (getnameinfo((struct sockaddr *)&sa, len, address, SRB_ADDRESS_MAX,
                         NULL, 0, NI_NUMERICHOST) != 0)
        address[0] = '\0';
}

static struct addrinfo *look_up(const char *address, int port,
                                struct error *err)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *ai;
    char service[16];

    snprintf(service, sizeof service, "%d", port);
    if (getaddrinfo(address, service, &hints, &ai) == 0)
        return ai;
    error_set(err, "'%s' is no numeric address", address);
    return NULL;
}

/* The address only: the port is chosen when it is known where to, so that as
 * many connections can be had as without (ip(7), IP_BIND_ADDRESS_NO_PORT; where
 * the kernel has no such thing, it chooses now). */
static int bind_to(int fd, const char *source, struct error *err)
{
    struct addrinfo *ai = look_up(source, 0, err);
    int one = 1, rc = 0;

    if (!ai)
        return -1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) != 0)
        rc = error_set(err, "cannot use that address: %s", strerror(errno));
    freeaddrinfo(ai);
    return rc;
}

/* What became of a connect() that was begun: 0 or errno's number. */
static int await_connection(int fd, int64_t deadline)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int failure = 0, ready;
    socklen_t len = sizeof failure;

    do {
        int64_t left = (deadline - tick_now()) / NS_PER_MS;

        if (left < 0)
            return ETIMEDOUT;
        if (signals_state()->cut)
            return EINTR;
        ready = poll(&p, 1, left < LOOK_MS ? (int)left + 1 : LOOK_MS);
        if (ready < 0 && errno != EINTR)
            return errno;
    } while (ready <= 0);
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len) == 0 ? failure
                                                                     : errno;
}

static int connect_to(int fd, const struct addrinfo *to, double seconds,
                      struct error *err)
{
    int64_t deadline = tick_deadline(seconds);
    int failure = 0;

    if (connect(fd, to->ai_addr, to->ai_addrlen) != 0)
        failure = errno;
    if (failure == EINPROGRESS || failure == EINTR)
        failure = await_connection(fd, deadline);
    if (failure == ETIMEDOUT)
        return error_set(err, "no answer within %g s (op_timeout)", seconds);
    return failure ? error_set(err, "%s", strerror(failure)) : 0;
}

/* A machine may have several rails: bytes on another one are not what is
 * measured. */
static int check_source(int fd, const char *source, struct error *err)
{
    char got[SRB_ADDRESS_MAX];

    address_of(fd, got);
    if (!source || strcmp(got, source) == 0)
        return 0;
    return error_set(err, "the connection leaves from %s", got);
}

/* As hiredis has it: blocking, and small packets are not held back. */
static int settle(int fd, struct error *err)
{
    int flags = fcntl(fd, F_GETFL), one = 1;

    if (flags >= 0 && fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == 0 &&
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0)
        return 0;
    return error_set(err, "cannot set up the socket: %s", strerror(errno));
}

/* A connected socket, or -1. */
static int open_tcp(const struct client_params *p, struct error *err)
{
    struct addrinfo *to = look_up(p->address, p->port, err);
    int fd, rc = -1;

    if (!to)
        return -1;
    fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        error_set(err, "cannot make a socket: %s", strerror(errno));
    else if ((!p->source || bind_to(fd, p->source, err) == 0) &&
             connect_to(fd, to, p->op_timeout, err) == 0 &&
             check_source(fd, p->source, err) == 0)
        rc = settle(fd, err);
    freeaddrinfo(to);
    if (rc == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* hiredis binds to a port as well as to an address, so that it is given a
 * socket that is connected. */
static redisContext *connect_tcp(const struct client_params *p,
                                 struct error *err)
{
    int fd = open_tcp(p, err);
    redisContext *r = fd < 0 ? NULL : redisConnectFd(fd);

    if (fd >= 0 && !r) {
        error_set(err, "not enough memory");
        close(fd);
    }
    return r;
}

/* ---- either ---- */

/* hiredis takes a signal for a failure, and keeps nothing of it but words. */
static bool interrupted(const redisContext *r)
{
    return r && r->err && strstr(r->errstr, strerror(EINTR));
}

static redisContext *connect_any(const struct client_params *p,
                                 struct timeval tv, struct error *err)
{
    redisContext *r;

    if (!p->unix_socket)
        return connect_tcp(p, err);
    r = redisConnectUnixWithTimeout(p->unix_socket, tv);
    /* one that leaves the permutation its time does not end it here */
    while (interrupted(r) && !signals_state()->cut) {
        redisFree(r);
        r = redisConnectUnixWithTimeout(p->unix_socket, tv);
    }
    if (!r || r->err)
        error_set(err, "%s", r ? r->errstr : "not enough memory");
    return r;
}

/* Speak TLS where it is asked for, and log in. */
static int introduce(redisContext *r, const struct client_params *p,
                     struct ssl_st **ssl, struct error *err)
{
    if (!p->tls)
        return auth_say(r->fd, p->login, p->op_timeout, err);
    if (!ssl)
        return error_set(err, "this client does not speak TLS");
    *ssl = tls_shake(p->tls, r, p->host, p->op_timeout, err);
    return *ssl ? tls_login(*ssl, p->login, p->op_timeout, err) : -1;
}

redisContext *client_connect(const struct client_params *p,
                             char where[SRB_WHERE_MAX], struct ssl_st **ssl,
                             struct error *err)
{
    struct timeval tv = {.tv_sec = (time_t)p->op_timeout};
    bool bound = p->source && !p->unix_socket;
    struct error why = {.text = ""};
    redisContext *r;
    char who[32] = "";
    int cut;

    if (ssl)
        *ssl = NULL;
    if (p->client >= 0)
        snprintf(who, sizeof who, "client %d: ", p->client);
    tv.tv_usec = (suseconds_t)((p->op_timeout - (double)tv.tv_sec) * 1e6);
    if (p->unix_socket)
        snprintf(where, SRB_WHERE_MAX, "%s", p->unix_socket);
    else
        snprintf(where, SRB_WHERE_MAX,
                 strchr(p->address, ':') ? "[%s]:%d" : "%s:%d", p->address,
                 p->port);
    r = connect_any(p, tv, &why);
    if (r && !r->err && set_buffers(r->fd, p, &why) == 0) {
        if (redisSetTimeout(r, tv) != REDIS_OK)
            error_set(&why, "%s", r->errstr);
        else if (introduce(r, p, ssl, &why) == 0)
            return r;
    }
    cut = (int)signals_state()->cut;
    if (cut)
        error_set(err, "%sconnecting to %s was broken off by signal %d (%s)",
                  who, where, cut, strsignal(cut));
    else
        error_set(err, "%scannot connect to %s%s%s: %s", who, where,
                  bound ? " from " : "", bound ? p->source : "", why.text);
    if (r)
        redisFree(r);
    return NULL;
}

void client_address(const struct client *c, char address[SRB_ADDRESS_MAX])
{
    address_of(c->socket, address);
}
