#include "servers/guard_wire.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/tick.h"

static int send_all(int fd, const void *data, size_t n)
{
    const char *p = data;

    while (n > 0) {
        ssize_t put = send(fd, p, n, MSG_NOSIGNAL);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return -1;
        p += put;
        n -= (size_t)put;
    }
    return 0;
}

int guard_wire_send(int fd, enum wire_type type, int64_t value,
                    const void *payload, uint32_t bytes)
{
    struct wire head = {.type = (int32_t)type, .bytes = bytes, .value = value};

    if (send_all(fd, &head, sizeof head) < 0)
        return -1;
    return bytes ? send_all(fd, payload, bytes) : 0;
}

/* Returns 1, 0 at the deadline, -1 at the end of the stream. */
static int receive_all(int fd, int64_t deadline, void *data, size_t n)
{
    char *p = data;

    while (n > 0) {
        struct pollfd w = {.fd = fd, .events = POLLIN};
        int rc = poll(&w, 1, deadline < 0 ? -1 : tick_left_ms(deadline));
        ssize_t got;

        if (rc < 0 && errno == EINTR)
            continue;
        if (rc == 0)
            return 0;
        got = rc < 0 ? -1 : recv(fd, p, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return -1;
        p += got;
        n -= (size_t)got;
    }
    return 1;
}

int guard_wire_receive(int fd, int64_t deadline, struct wire *head,
                       char **payload)
{
    int rc = receive_all(fd, deadline, head, sizeof *head);

    *payload = NULL;
    if (rc <= 0)
        return rc;
    if (head->bytes > WIRE_MAX)
        return -1;
    *payload = malloc((size_t)head->bytes + 1);
    if (!*payload)
        return -1;
    (*payload)[head->bytes] = '\0';
    /* once begun a message comes whole, or its sender is gone */
    if (head->bytes && receive_all(fd, -1, *payload, head->bytes) <= 0) {
        free(*payload);
        *payload = NULL;
        return -1;
    }
    return 1;
}
