#include "protocol/auth.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/signals.h"
#include "base/tick.h"

#define ANSWER_MAX 256
/* Between two looks whether a signal wants an end. */
#define LOOK_MS 1000

/* What hinders it is told by the answer, or by its absence: a server that
 * refuses says why before it closes. */
static void send_request(const struct auth_line *line, const struct login *l)
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
        put = line->put(line->of, text + done, n - done);
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

    while (!signals_state()->cut && tick_now() < deadline) {
        int left = tick_left_ms(deadline);

        if (poll(&p, 1, left < LOOK_MS ? left : LOOK_MS) > 0)
            return 1;
    }
    return 0;
}

static int broken(const struct auth_line *line, bool closed, struct error *err)
{
    const char *why = line->why ? line->why(line->of) : NULL;

    return error_set(err, "AUTH: %s",
                     why      ? why
                     : closed ? "the server closed the connection"
                              : strerror(errno));
}

/* The line that answers, without its end; it is all that may come. What has
 * been received, and is not yet taken, poll(2) does not see on every line: take
 * first. */
static int receive_line(const struct auth_line *line, double seconds,
                        char text[ANSWER_MAX], struct error *err)
{
    int64_t deadline = tick_deadline(seconds);
    size_t n = 0;

    while (n + 1 < ANSWER_MAX) {
        ssize_t got = line->take(line->of, text + n, ANSWER_MAX - 1 - n);

        if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
            if (await(line->fd, deadline))
                continue;
            return error_set(err, "AUTH: no reply within %g s", seconds);
        }
        if (got <= 0)
            return broken(line, got == 0, err);
        n += (size_t)got;
        if (text[n - 1] == '\n')
            break;
    }
    text[n] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
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

int auth_over(const struct auth_line *line, const struct login *login,
              double seconds, struct error *err)
{
    char text[ANSWER_MAX];

    if (!login || !login->password[0])
        return 0;
    send_request(line, login);
    if (receive_line(line, seconds, text, err) < 0)
        return -1;
    return strcmp(text, "+OK") == 0 ? 0 : refused(login, text, err);
}

/* ---- a bare socket ---- */

static ssize_t put_bare(void *of, const void *data, size_t n)
{
    return send(*(int *)of, data, n, MSG_NOSIGNAL);
}

static ssize_t take_bare(void *of, void *data, size_t n)
{
    return recv(*(int *)of, data, n, MSG_DONTWAIT);
}

int auth_say(int fd, const struct login *login, double seconds,
             struct error *err)
{
    struct auth_line line = {
        .fd = fd, .of = &fd, .put = put_bare, .take = take_bare};

    return auth_over(&line, login, seconds, err);
}
