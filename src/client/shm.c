/* A client that copies into memory which all clients of its node share, and out
 * of it (engine/shm.c): it puts into its own area, and gets out of all. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <stdbool.h>
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

/* Who polls lets others run after so many looks in vain, which it would do by
 * itself if it asked a server. */
#define PATIENT_LOOKS 256

struct shm_client {
    struct serverless base;
    struct places places;
    struct shm_hello hello;
    unsigned char *at; /* the memory, */
    size_t mapped;     /* of so many bytes */
    size_t slot_bytes;
    bool *here;            /* [places.clients]: its pages were brought in */
    struct shm_slot *slot; /* what it is bound to; NULL: no place of these */
    int client;            /* whose that is, from 0 */
    int64_t number;        /* of the tensor there */
    bool mine;             /* it is its own */
    unsigned vain;         /* polls in a row that have not found theirs */
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

/* The area of one of the clients, from 0. */
static unsigned char *area(const struct shm_client *c, int client)
{
    return c->at + (size_t)client * c->hello.area_bytes;
}

/* The places of a client: no page is missing when time is taken. */
static int bring_in(struct shm_client *c, int client)
{
    size_t bytes = (size_t)c->places.kept * c->slot_bytes;

    if (c->here[client])
        return 0;
    if (shm_bring_in(area(c, client), bytes) < 0)
        return -1;
    c->here[client] = true;
    return 0;
}

/* Its place among the clients. */
static int own_place(const struct shm_client *c)
{
    return c->base.client - c->places.first;
}

/* All that is behind the descriptor. Of what others keep nothing is brought in
 * yet: these are to have it near to them. */
static int map(struct shm_client *c, bool reads, int fd)
{
    const struct shm_hello *h = &c->hello;
    int mine = own_place(c);
    struct stat st;
    void *at;

    c->slot_bytes = shm_slot_size(c->base.bytes);
    c->mapped = h->areas * h->area_bytes;
    if (mine < 0 || mine >= c->places.clients || c->places.kept < 1 ||
        (uint64_t)c->places.clients > h->areas ||
        (uint64_t)c->places.kept > h->area_bytes / c->slot_bytes ||
        fstat(fd, &st) != 0 || (uint64_t)st.st_size < c->mapped) {
        errno = ERANGE;
        return -1;
    }
    at = mmap(NULL, c->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        return -1;
    c->at = at;
    c->here = calloc((size_t)c->places.clients, sizeof *c->here);
    if (!c->here)
        return -1;
    return reads ? 0 : bring_in(c, mine);
}

static int reach(struct shm_client *c, const struct client_params *p,
                 struct error *err)
{
    int from = connect_to(p->store, p->op_timeout), fd = -1, rc = -1;

    if (from >= 0)
        fd = receive(from, &c->hello);
    if (fd >= 0)
        rc = map(c, p->reads, fd);
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

    if (c->at)
        munmap(c->at, c->mapped);
    free(c->here);
    free(c);
}

static void rebind(struct client *base, const char *key, size_t bytes)
{
    struct shm_client *c = self(base);
    struct tensor_place to;

    serverless_bind(&c->base, key, bytes);
    c->slot = NULL;
    if (!places_find(&c->places, key, &to) || bring_in(c, to.client) < 0 ||
        shm_slot_size(bytes) > c->slot_bytes)
        return;
    c->client = to.client;
    c->number = to.number;
    c->mine = to.client == own_place(c);
    c->slot = (void *)(area(c, to.client) +
                       (size_t)(to.number % c->places.kept) * c->slot_bytes);
}

static struct client *open_client(const struct client_params *p,
                                  struct error *err)
{
    struct shm_client *c = serverless_open(sizeof *c, &client_shm, p, err);

    if (!c)
        return NULL;
    c->places = p->places;
    if (reach(c, p, err) < 0) {
        close_client(&c->base.base);
        return NULL;
    }
    if (!p->reads) /* it is bound before it gets anything */
        rebind(&c->base.base, p->key, p->bytes);
    return &c->base.base;
}

/* Each slot has one writer. */
static int check_mine(const struct shm_client *c, const char *what,
                      struct error *err)
{
    return c->slot && c->mine
               ? 0
               : serverless_error(&c->base, what, err,
                                  "it has no place among this client's");
}

static int put(struct client *base, const void *data, struct error *err)
{
    struct shm_client *c = self(base);

    if (check_mine(c, "put_tensor", err) < 0)
        return -1;
    shm_slot_put(c->slot, c->number, data, c->base.bytes);
    return 0;
}

/* The writer was at it: again, for as long as an operation may take. */
static enum shm_got insist(struct shm_client *c, void *data)
{
    int64_t deadline = tick_deadline(c->base.op_timeout), now;
    enum shm_got got;

    do { /* who was stopped meanwhile looks once more */
        now = tick_now();
        got = shm_slot_get(c->slot, c->number, data, c->base.bytes);
    } while (got == SHM_AGAIN && now < deadline && !signals_state()->cut);
    return got;
}

static int get(struct client *base, void *data, struct error *err)
{
    struct shm_client *c = self(base);
    enum shm_got got = SHM_NOTHING;

    if (c->slot)
        got = shm_slot_get(c->slot, c->number, data, c->base.bytes);
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
        c->base.base.absent = c->slot != NULL;
        return serverless_error(&c->base, "unpack_tensor", err,
                                "there is no such tensor");
    case SHM_OTHER:
    default:
        return serverless_error(&c->base, "unpack_tensor", err,
                                "the tensor is not of %zu bytes",
                                c->base.bytes);
    }
}

static int remove_keys(struct client *base, const struct srb_tensor *tensors,
                       size_t n, struct error *err)
{
    struct shm_client *c = self(base);

    for (size_t i = 0; i < n; i++) {
        client_bind(base, &tensors[i]);
        if (check_mine(c, "remove", err) < 0)
            return -1;
        if (shm_slot_has(c->slot, c->number) != SHM_GOT)
            return serverless_error(&c->base, "remove", err,
                                    "there is no such tensor");
        shm_slot_remove(c->slot);
    }
    return 0;
}

static int tell(struct client *base, const char *key, size_t length,
                int64_t steps, struct error *err)
{
    struct shm_client *c = self(base);

    (void)key; /* the counter has a place of its own */
    (void)length;
    if (check_mine(c, "tell", err) < 0)
        return -1;
    shm_slot_tell((void *)area(c, c->client), steps);
    return 0;
}

static int poll_step(struct client *base, struct client_poll *p,
                     struct error *err)
{
    struct shm_client *c = self(base);

    serverless_bind_poll(base, p);
    if (!c->slot)
        return serverless_error(&c->base, "poll", err,
                                "it has no place among these clients'");
    p->steps = shm_slot_told((void *)area(c, c->client));
    p->there = shm_slot_has(c->slot, c->number) == SHM_GOT;
    c->vain = p->there ? 0 : c->vain + 1;
    if (c->vain > 0 && c->vain % PATIENT_LOOKS == 0)
        sched_yield();
    return 0;
}

const struct client_ops client_shm = {
    .name = "shm",
    .help = "copies into memory that the clients of a node share",
    .own = true,
    .memory = {.eighths = 16},
    .open = open_client,
    .rebind = rebind,
    .put = put,
    .get = get,
    .remove = remove_keys,
    .tell = tell,
    .poll = poll_step,
    .close = close_client,
};
