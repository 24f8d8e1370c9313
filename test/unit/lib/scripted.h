/* scripted.h - a server that says what a test wrote down.
 *
 * It serves one connection after the other, in a thread. A step is a request,
 * compared byte by byte, and what is answered; NEXT waits for the client to
 * close and takes the next connection. What goes otherwise is told by
 * scripted_end(). Every wait ends after five seconds.
 */
#ifndef SRB_TEST_SCRIPTED_H
#define SRB_TEST_SCRIPTED_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define NEXT                                                                   \
    {                                                                          \
        NULL, NULL                                                             \
    }
/* The answer of a server that closes instead. */
#define HANGS_UP NULL

struct step {
    const char *request; /* NULL: the next connection, see NEXT */
    const char *reply;   /* NULL: it closes */
};

struct scripted {
    int listener, fd, port;
    const struct step *steps; /* of the first connection on, without NEXT */
    size_t n;
    pthread_t thread;
    char why[512]; /* what went otherwise, or "" */
};

static bool scripted_take(struct scripted *s)
{
    struct timeval tv = {.tv_sec = 5};

    s->fd = accept(s->listener, NULL, NULL);
    if (s->fd < 0) {
        snprintf(s->why, sizeof s->why, "nobody connected");
        return false;
    }
    setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    return true;
}

/* Wait until the client closes; anything it says is one request too many. */
static bool scripted_leave(struct scripted *s)
{
    char text[200] = "";
    ssize_t got;

    if (s->fd < 0)
        return true;
    got = recv(s->fd, text, sizeof text - 1, 0);
    close(s->fd);
    s->fd = -1;
    if (got > 0)
        snprintf(s->why, sizeof s->why, "nobody expected '%s'", text);
    else if (got < 0)
        snprintf(s->why, sizeof s->why, "the client kept the connection");
    return got == 0;
}

static bool scripted_answer(struct scripted *s, const struct step *step)
{
    char text[300] = "";
    size_t n = strlen(step->request), got = 0;
    ssize_t more = 1;

    while (got < n && got < sizeof text - 1 && more > 0) {
        more = recv(s->fd, text + got, n - got, 0);
        got += more > 0 ? (size_t)more : 0;
    }
    if (strcmp(text, step->request) != 0) {
        snprintf(s->why, sizeof s->why, "got '%s' instead of '%s'", text,
                 step->request);
        return false;
    }
    if (step->reply) {
        send(s->fd, step->reply, strlen(step->reply), MSG_NOSIGNAL);
    } else {
        close(s->fd); /* what is said from now on nobody hears */
        s->fd = -1;
    }
    return true;
}

static void *scripted_serve(void *arg)
{
    struct scripted *s = arg;
    bool right = scripted_take(s);

    for (size_t i = 0; i < s->n && right; i++) {
        if (s->steps[i].request)
            right = scripted_answer(s, &s->steps[i]);
        else
            right = scripted_leave(s) && scripted_take(s);
    }
    if (right)
        scripted_leave(s);
    else if (s->fd >= 0)
        close(s->fd);
    return NULL;
}

/* Listen on 127.0.0.1; who connects waits for scripted_start(). */
static void scripted_listen(struct scripted *s)
{
    struct sockaddr_in sa = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval tv = {.tv_sec = 5};
    socklen_t len = sizeof sa;

    memset(s, 0, sizeof *s);
    s->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&sa, len), 0);
    assert_int_equal(listen(s->listener, 4), 0);
    getsockname(s->listener, (struct sockaddr *)&sa, &len);
    setsockopt(s->listener, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    s->port = ntohs(sa.sin_port);
}

static void scripted_start(struct scripted *s, const struct step *steps,
                           size_t n)
{
    s->steps = steps;
    s->n = n;
    assert_int_equal(pthread_create(&s->thread, NULL, scripted_serve, s), 0);
}

/* All steps must have been taken, and the last connection closed. */
static void scripted_end(struct scripted *s)
{
    pthread_join(s->thread, NULL);
    close(s->listener);
    if (s->why[0])
        fail_msg("the server on %d: %s", s->port, s->why);
}

#endif
