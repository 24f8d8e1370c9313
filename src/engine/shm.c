/* Memory that the clients of a node share, without a server: what a database
 * beside them is held against.
 *
 * The steward makes it, without a name (memfd_create(2)), so that nothing of it
 * can be left behind; who asks at a socket in the scratch folder gets its
 * descriptor. Pages come to be when a client brings its slot in, near to where
 * that client runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "engine/engine.h"
#include "engine/shm_slot.h"

/* How many clients may be waiting for a descriptor. */
#define BACKLOG 4096

struct memory {
    struct store base;
    struct shm_hello hello;
    int64_t slots; /* of the longest tensors, and their length */
    size_t slot_bytes;
    int fd;      /* the memory */
    int socket;  /* at which it is handed out; shut down, the thread ends */
    int quit[2]; /* a pipe whose closing does that */
    pthread_t thread;
    bool serves; /* the thread runs */
};

static struct memory *self(struct store *s)
{
    return (struct memory *)(void *)s;
}

/* ---- handing it out ---- */

/* Only to processes of this user. */
static bool is_ours(int peer)
{
    struct ucred who;
    socklen_t n = sizeof who;

    return getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 &&
           who.uid == geteuid();
}

/* It fits any socket's buffer: no wait. */
static void hand_out(struct memory *m, int peer)
{
    struct iovec hello = {&m->hello, sizeof m->hello};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.room = {0}};
    struct msghdr message = {.msg_iov = &hello,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control.room};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);

    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(head), &m->fd, sizeof m->fd);
    /* one that has gone meanwhile needs none */
    (void)!sendmsg(peer, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void *serve(void *arg)
{
    struct memory *m = arg;
    struct pollfd p[2] = {{.fd = m->socket, .events = POLLIN},
                          {.fd = m->quit[0], .events = POLLIN}};

    for (;;) {
        struct sockaddr_un from;
        socklen_t length = sizeof from;
        int peer;

        if (poll(p, 2, -1) < 0 && errno != EINTR)
            return NULL;
        if (p[1].revents)
            return NULL;
        if (!p[0].revents)
            continue;
        peer =
            accept4(m->socket, (struct sockaddr *)&from, &length, SOCK_CLOEXEC);
        if (peer < 0)
            continue;
        if (is_ours(peer))
            hand_out(m, peer);
        close(peer);
    }
}

/* Signals are for the thread that talks MPI. */
static int start_thread(struct memory *m)
{
    sigset_t all, before;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&m->thread, NULL, serve, m);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    m->serves = rc == 0;
    errno = rc;
    return rc == 0 ? 0 : -1;
}

/* ---- the store ---- */

static void close_memory(struct store *s)
{
    struct memory *m = self(s);
    int fds[] = {m->fd, m->socket, m->quit[0]};

    if (m->quit[1] >= 0)
        close(m->quit[1]);
    if (m->serves)
        pthread_join(m->thread, NULL);
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    if (m->base.where[0])
        unlink(m->base.where);
    free(m);
}

static int64_t size_of(const struct memory *m)
{
    return footprint_product((int64_t)m->hello.areas,
                             (int64_t)m->hello.area_bytes);
}

/* Nobody can make it shorter under those who have it mapped. */
static int make_memory(struct memory *m)
{
    m->fd = memfd_create("srbench", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return m->fd < 0 || ftruncate(m->fd, size_of(m)) != 0 ||
                   fcntl(m->fd, F_ADD_SEALS,
                         F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0
               ? -1
               : 0;
}

/* By the folder's descriptor: a path may be longer than a socket's name. */
static int make_socket(struct memory *m, const char *folder)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int dir = open(folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int rc = -1, why;

    snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/" SHM_SOCKET,
             dir);
    m->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (dir >= 0 && m->socket >= 0 &&
        bind(m->socket, (struct sockaddr *)&at, sizeof at) == 0) {
        snprintf(m->base.where, sizeof m->base.where, "%s/" SHM_SOCKET, folder);
        rc = listen(m->socket, BACKLOG);
    }
    why = errno;
    if (dir >= 0)
        close(dir);
    errno = why;
    return rc;
}

static int make(struct memory *m, const char *folder, struct error *err)
{
    if (make_memory(m) < 0)
        return error_set(err,
                         "cannot make shared memory for %" PRId64
                         " tensors of %zu bytes: %s",
                         m->slots, m->slot_bytes - SHM_PAGE, strerror(errno));
    if (make_socket(m, folder) < 0 || pipe2(m->quit, O_CLOEXEC) != 0 ||
        start_thread(m) < 0)
        return error_set(err, "cannot hand out shared memory in %s: %s", folder,
                         strerror(errno));
    return 0;
}

static void describe(const struct memory *m, char **effective)
{
    size_t n;
    FILE *out = mem_stream(effective, &n);

    fprintf(out, "slots %" PRId64 "\nslot-bytes %zu\n", m->slots,
            m->slot_bytes);
    fclose(out);
}

static const struct store_ops memory_ops;

static struct store *open_memory(const struct store_terms *terms,
                                 char **effective, struct error *err)
{
    struct memory *m = mem_new(1, sizeof *m);
    size_t slot_bytes = shm_slot_size((size_t)terms->bytes);

    *m =
        (struct memory){.base.ops = &memory_ops,
                        .fd = -1,
                        .socket = -1,
                        .quit = {-1, -1},
                        .slots = footprint_product(terms->clients, terms->kept),
                        .slot_bytes = slot_bytes,
                        .hello = {(uint64_t)terms->clients,
                                  (uint64_t)footprint_product(
                                      terms->kept, (int64_t)slot_bytes)}};
    if (make(m, terms->folder, err) < 0) {
        close_memory(&m->base);
        return NULL;
    }
    describe(m, effective);
    return &m->base;
}

/* The pages go, so that the next clients get theirs near to them. */
static int empty(struct store *s, struct error *err)
{
    struct memory *m = self(s);

    if (fallocate(m->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                  size_of(m)) == 0)
        return 0;
    return error_set(err, "cannot empty the shared memory: %s",
                     strerror(errno));
}

static const struct store_ops memory_ops = {
    .scratch = true,
    .mapped = true,
    .open = open_memory,
    .empty = empty,
    .close = close_memory,
};

/* Of a tensor there is one, in whole pages, and a page before it. */
const struct engine engine_shm = {
    .name = "shm",
    .help = "no server: memory that the clients of a node share, as the limit "
            "of the machine (colocated)",
    .kind = ENGINE_NOBODY,
    .rung = "memory",
    .partner = PARTNER_SHM,
    .only = IN_COLOCATED,
    .client = "shm",
    .lacks = store_lacks,
    .memory = {.eighths = 8,
               .fixed = INT64_C(4) * 1024 * 1024,
               .each = 2 * SHM_PAGE},
    .store = &memory_ops,
};
