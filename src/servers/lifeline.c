#include "servers/lifeline.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

/* A silent host is given up after 10 + 3 x 5 s. */
#define IDLE_SECONDS 10
#define PROBE_SECONDS 5
#define PROBES 3
/* More database jobs than that at once there are none. */
#define BACKLOG 16

struct lifeline {
    int fd;
};

static struct lifeline *make(int fd)
{
    struct lifeline *l = mem_new(1, sizeof *l);

    l->fd = fd;
    return l;
}

/* A socket for host and port, bound or connected; words begin with `what`. */
static int make_socket(const char *host, const char *port, int flags,
                       int (*use)(int, const struct sockaddr *, socklen_t),
                       const char *what, struct error *err)
{
    struct addrinfo hints = {.ai_flags = flags | AI_NUMERICHOST,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *ai;
    int fd;

    if (getaddrinfo(host, port, &hints, &ai) != 0)
        return error_set(err, "%s: '%s' is no numeric address", what, host);
    fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || use(fd, ai->ai_addr, ai->ai_addrlen) != 0) {
        error_set(err, "%s: %s port %s: %s", what, host, port, strerror(errno));
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    freeaddrinfo(ai);
    return fd;
}

int lifeline_open(const char *address, struct lifeline **out,
                  char at[SRB_LIFELINE_MAX], struct error *err)
{
    int fd = make_socket(address, "0", AI_PASSIVE, bind,
                         "cannot listen for the databases' job", err);
    struct sockaddr_storage sa;
    socklen_t len = sizeof sa;
    char host[64], port[8];

    if (fd < 0)
        return -1;
    if (listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&sa, &len) != 0 ||
        getnameinfo((struct sockaddr *)&sa, len, host, sizeof host, port,
                    sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        close(fd);
        return error_set(err, "cannot listen for the databases' job: %s",
                         strerror(errno));
    }
    snprintf(at, SRB_LIFELINE_MAX, strchr(host, ':') ? "[%s]:%s" : "%s:%s",
             host, port);
    *out = make(fd);
    return 0;
}

static void keep_alive(int fd)
{
    const int on = 1, idle = IDLE_SECONDS, probe = PROBE_SECONDS, n = PROBES;

    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &probe, sizeof probe);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &n, sizeof n);
}

int lifeline_reach(const struct value *at, struct lifeline **out,
                   struct error *err)
{
    char host[128], *colon;
    int fd;

    *out = NULL;
    if (at->is_auto)
        return 0;
    snprintf(host, sizeof host, "%s", at->text + (at->text[0] == '['));
    colon = strrchr(host, ':');
    if (!colon)
        return error_set(err, "lifeline: found '%s', expected address:port",
                         at->text);
    *colon = '\0';
    if (colon > host && colon[-1] == ']')
        colon[-1] = '\0';
    fd = make_socket(host, colon + 1, 0, connect,
                     "lifeline: the job of the clients is not there", err);
    if (fd < 0)
        return -1;
    keep_alive(fd);
    *out = make(fd);
    return 0;
}

bool lifeline_holds(struct lifeline *l)
{
    char byte;
    ssize_t n = recv(l->fd, &byte, 1, MSG_DONTWAIT);

    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK ||
                               errno == EINTR));
}

void lifeline_close(struct lifeline *l)
{
    if (!l)
        return;
    close(l->fd);
    free(l);
}
