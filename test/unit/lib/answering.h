/* answering.h - a server that answers whatever it is asked.
 *
 * It serves one connection, in a thread. After cmocka.h.
 */
#ifndef SRB_TEST_ANSWERING_H
#define SRB_TEST_ANSWERING_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/tick.h"

/* One connection's server: to each request its answer, until there is none;
 * then it is silent. */
struct server {
    int fd, port;
    int64_t delay_ns; /* before each */
    const char *const *answers;
    pthread_t thread;
};

static void *serve(void *of)
{
    const struct server *s = of;
    int fd = accept(s->fd, NULL, NULL);
    char request[512];

    for (const char *const *a = s->answers;
         recv(fd, request, sizeof request, 0) > 0; a += *a != NULL) {
        tick_sleep(s->delay_ns);
        if (*a)
            send(fd, *a, strlen(*a), MSG_NOSIGNAL);
    }
    close(fd);
    return NULL;
}

static void begin(struct server *s, const char *const *answers,
                  int64_t delay_ns)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;

    s->answers = answers;
    s->delay_ns = delay_ns;
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(s->fd, 1), 0);
    getsockname(s->fd, (struct sockaddr *)&at, &n);
    s->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

/* After the connection is closed. */
static void end(struct server *s)
{
    pthread_join(s->thread, NULL);
    close(s->fd);
}

#endif
