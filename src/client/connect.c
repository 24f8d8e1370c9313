#include "connect.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

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
    if (r && !r->err && redisSetTimeout(r, tv) == REDIS_OK)
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
