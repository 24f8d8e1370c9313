#include "srb/auth.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "srb/ending.h"
#include "srb/tick.h"

#define ANSWER_MAX 256
/* Between two looks whether a signal wants an end. */
#define LOOK_MS 1000

/* What hinders it is told by the answer, or by its absence: a server that
 * refuses says why before it closes. */
static void send_request(int fd, const struct login *l)
{
    char text[SRB_USER_MAX + SRB_PASSWORD_MAX + 64];
    size_t len = strlen(l->password), n, done = 0;
    ssize_t put = 0;

    if (l->user[0])
        n = (size_t)snprintf(text, sizeof text,
                             "*3\r\n$4\r\nAUTH\r\n$%zu\r\n%s\r\n$%zu\r\n%s\r\n",
                             strlen(l->user), l->user, len, l->password);
    else
        n = (size_t)snprintf(text, sizeof text,
                             "*2\r\n$4\r\nAUTH\r\n$%zu\r\n%s\r\n", len,
                             l->password);
    while (done < n) {
        put = send(fd, text + done, n - done, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            break;
        done += (size_t)put;
    }
    explicit_bzero(text, sizeof text);
}

/* 1 when there is something to read, 0 when time or grace is over. */
static int await(int fd, int64_t deadline)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    while (!ending_state()->cut && tick_now() < deadline) {
        int left = tick_left_ms(deadline);

        if (poll(&p, 1, left < LOOK_MS ? left : LOOK_MS) > 0)
            return 1;
    }
    return 0;
}

/* The line that answers, without its end; it is all that may come. */
static int receive_line(int fd, double seconds, char line[ANSWER_MAX],
                        struct error *err)
{
    int64_t deadline = tick_deadline(seconds);
    size_t n = 0;

    while (n + 1 < ANSWER_MAX) {
        ssize_t got;

        if (!await(fd, deadline))
            return error_set(err, "AUTH: no reply within %g s", seconds);
        got = recv(fd, line + n, ANSWER_MAX - 1 - n, MSG_DONTWAIT);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got <= 0)
            return error_set(err, "AUTH: %s",
                             got < 0 ? strerror(errno)
                                     : "the server closed the connection");
        n += (size_t)got;
        if (line[n - 1] == '\n')
            break;
    }
    line[n] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    return 0;
}

/* A server that knows no AUTH repeats what it was sent. */
static int refused(const struct login *l, const char *line, struct error *err)
{
    bool repeats = strstr(line, "with args") || strstr(line, l->password);

    return error_set(err, "AUTH%s%s: the server says: %s",
                     l->user[0] ? " as " : "", l->user,
                     repeats ? "it does not understand (an ERR that repeats "
                               "the request)"
                     : line[0] == '-' ? line + 1
                                      : "something else than OK");
}

int auth_say(int fd, const struct login *login, double seconds,
             struct error *err)
{
    char line[ANSWER_MAX];

    if (!login || !login->password[0])
        return 0;
    send_request(fd, login);
    if (receive_line(fd, seconds, line, err) < 0)
        return -1;
    return strcmp(line, "+OK") == 0 ? 0 : refused(login, line, err);
}
