#include "connect.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

/* What `auto` chooses; tools/bench/RESULTS.md has the measurement. Unix sockets
 * do not tune themselves, and with net.core.wmem_default a put of 1 MiB and
 * more waits for the server several times over. TCP tunes itself, also on
 * loopback, where no fixed size won over all tensor sizes and numbers of
 * clients. */
#define UNIX_SEND_BUFFER (256 * 1024)

/* A size that was asked for, and got: the kernel cuts it at net.core.wmem_max
 * and rmem_max without a word, and doubles it (socket(7)). */
static int set_buffer(redisContext *r, int which, int bytes)
{
    int got = 0;
    socklen_t len = sizeof got;

    if (setsockopt(r->fd, SOL_SOCKET, which, &bytes, sizeof bytes) == 0 &&
        getsockopt(r->fd, SOL_SOCKET, which, &got, &len) == 0 &&
        got / 2 >= bytes)
        return 0;
    snprintf(r->errstr, sizeof r->errstr,
             "socket_buffer: a %s buffer of %d bytes is more than the kernel "
             "allows (it gives %d; net.core.%cmem_max)",
             which == SO_SNDBUF ? "send" : "receive", bytes, got / 2,
             which == SO_SNDBUF ? 'w' : 'r');
    r->err = REDIS_ERR_OTHER;
    return -1;
}

static int set_buffers(redisContext *r, const struct client_params *p)
{
    int bytes = (int)p->socket_buffer;

    if (bytes == 0) {
        /* what a smaller limit of the kernel leaves of it is better than
         * nothing */
        bytes = UNIX_SEND_BUFFER;
        if (p->unix_socket)
            setsockopt(r->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
        return 0;
    }
    return set_buffer(r, SO_SNDBUF, bytes) < 0
               ? -1
               : set_buffer(r, SO_RCVBUF, bytes);
}

void client_buffers_of(int fd, int bytes[2])
{
    for (int i = 0; i < 2; i++) {
        socklen_t len = sizeof bytes[i];

        if (getsockopt(fd, SOL_SOCKET, i == 0 ? SO_SNDBUF : SO_RCVBUF,
                       &bytes[i], &len) != 0)
            bytes[i] = -1;
    }
}

redisContext *client_connect(const struct client_params *p,
                             char where[SRB_WHERE_MAX], struct error *err)
{
    struct timeval tv = {.tv_sec = (time_t)p->op_timeout};
    redisContext *r;

    tv.tv_usec = (suseconds_t)((p->op_timeout - (double)tv.tv_sec) * 1e6);
    if (p->unix_socket) {
        snprintf(where, SRB_WHERE_MAX, "%s", p->unix_socket);
        r = redisConnectUnixWithTimeout(p->unix_socket, tv);
    } else {
        snprintf(where, SRB_WHERE_MAX,
                 strchr(p->address, ':') ? "[%s]:%d" : "%s:%d", p->address,
                 p->port);
        r = redisConnectWithTimeout(p->address, p->port, tv);
    }
    if (r && !r->err && redisSetTimeout(r, tv) == REDIS_OK &&
        set_buffers(r, p) == 0)
        return r;
    error_set(err, "client %d: cannot connect to %s: %s", p->client, where,
              r ? r->errstr : "not enough memory");
    if (r)
        redisFree(r);
    return NULL;
}

void client_address_of(int fd, char address[SRB_ADDRESS_MAX])
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
