/* A client that copies into memory which all clients of its node share, and out
 * of it (engine/shm.c): one slot is its own. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/signals.h"
#include "base/tick.h"
#include "client/client.h"
#include "client/serverless.h"
#include "engine/shm_slot.h"

struct shm_client {
    struct serverless base;
    struct shm_slot *slot;
    size_t mapped;
};

static struct shm_client *self(struct client *c)
{
    return (struct shm_client *)(void *)c;
}

/* ---- getting at it ---- */

/* A socket to the one that hands it out. The path may be longer than a socket's
 * name, so it goes by the folder's descriptor. */
static int connect_to(const char *where, double seconds)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct timeval most = {.tv_sec = (time_t)seconds,
                           .tv_usec = (suseconds_t)(1e6 * fmod(seconds, 1))};
    const char *slash = strrchr(where, '/');
    char folder[4096];
    int dir, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc = -1, why;

    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - where) : 0,
             where);
    dir = open(folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/" SHM_SOCKET,
             dir);
    if (fd >= 0 && dir >= 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most) == 0)
        rc = connect(fd, (struct sockaddr *)&at, sizeof at);
    why = errno;
    if (dir >= 0)
        close(dir);
    if (rc < 0 && fd >= 0)
        close(fd);
    errno = why;
    return rc < 0 ? -1 : fd;
}

/* The descriptor, or -1 with errno. */
static int receive(int from, struct shm_hello *hello)
{
    struct iovec into = {hello, sizeof *hello};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &into,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control.room};
    ssize_t n = recvmsg(from, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL);
    struct cmsghdr *head = n < 0 ? NULL : CMSG_FIRSTHDR(&message);
    int fd;

    if (n < 0)
        return -1;
    if (n != (ssize_t)sizeof *hello || !head || head->cmsg_type != SCM_RIGHTS) {
        errno = ECONNRESET;
        return -1;
    }
    memcpy(&fd, CMSG_DATA(head), sizeof fd);
    return fd;
}

/* Its own slot of what is behind the descriptor. */
static int map(struct shm_client *c, int fd, const struct shm_hello *h,
               const struct client_params *p)
{
    struct stat st;
    void *at;

    c->mapped = shm_slot_size(p->bytes);
    if (p->slot < 0 || (uint64_t)p->slot >= h->slots ||
        c->mapped > h->slot_bytes || fstat(fd, &st) != 0 ||
        (uint64_t)st.st_size < h->slots * h->slot_bytes) {
        errno = ERANGE;
        return -1;
    }
    at = mmap(NULL, c->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
              (off_t)((uint64_t)p->slot * h->slot_bytes));
    if (at == MAP_FAILED)
        return -1;
    c->slot = at;
    return shm_bring_in(at, c->mapped);
}

static int reach(struct shm_client *c, const struct client_params *p,
                 struct error *err)
{
    struct shm_hello hello;
    int from = connect_to(p->store, p->op_timeout), fd = -1, rc = -1;

    if (from >= 0)
        fd = receive(from, &hello);
    if (fd >= 0)
        rc = map(c, fd, &hello, p);
    if (rc < 0)
        error_set(err, "client %d: cannot get at the shared memory at %s: %s",
                  p->client, p->store, strerror(errno));
    if (fd >= 0)
        close(fd);
    if (from >= 0)
        close(from);
    return rc;
}

/* ---- the client ---- */

static void close_client(struct client *base)
{
    struct shm_client *c = self(base);

    if (c->slot)
        munmap(c->slot, c->mapped);
    free(c);
}

static struct client *open_client(const struct client_params *p,
                                  struct error *err)
{
    struct shm_client *c = serverless_open(sizeof *c, &client_shm, p, err);

    if (!c || reach(c, p, err) == 0)
        return c ? &c->base.base : NULL;
    close_client(&c->base.base);
    return NULL;
}

static int put(struct client *base, const void *data, struct error *err)
{
    struct shm_client *c = self(base);

    (void)err;
    shm_slot_put(c->slot, data, c->base.bytes);
    return 0;
}

/* The writer was at it: again, for as long as an operation may take. */
static enum shm_got insist(struct shm_client *c, void *data)
{
    int64_t deadline = tick_deadline(c->base.op_timeout);
    enum shm_got got = SHM_AGAIN;

    while (got == SHM_AGAIN && tick_now() < deadline && !signals_state()->cut)
        got = shm_slot_get(c->slot, data, c->base.bytes);
    return got;
}

static int get(struct client *base, void *data, struct error *err)
{
    struct shm_client *c = self(base);
    enum shm_got got = shm_slot_get(c->slot, data, c->base.bytes);

    if (got == SHM_GOT)
        return 0;
    if (got == SHM_AGAIN)
        got = insist(c, data);
    switch (got) {
    case SHM_GOT:
        return 0;
    case SHM_AGAIN:
        return serverless_late(&c->base, "unpack_tensor", err);
    case SHM_NOTHING:
        return serverless_error(&c->base, "unpack_tensor", err,
                                "there is no such tensor");
    case SHM_OTHER:
    default:
        return serverless_error(&c->base, "unpack_tensor", err,
                                "the tensor is not of %zu bytes",
                                c->base.bytes);
    }
}

const struct client_ops client_shm = {
    .name = "shm",
    .help = "copies into memory that the clients of a node share",
    .own = true,
    .memory = {16, 0},
    .open = open_client,
    .put = put,
    .get = get,
    .address = serverless_address,
    .buffers = serverless_buffers,
    .socket = serverless_socket,
    .close = close_client,
};
