#include "engine/floor_server.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/tick.h"
#include "engine/floor_parts.h"

#define EVENTS 64
/* What it costs to be woken by an event, on machines where that is dear: tens
 * of microseconds, more through epoll than from a blocking receive, which is
 * what the floor is held against. */
#define LINGER_NS INT64_C(50000)
/* Before the next try to accept when there are no descriptors left. */
#define PAUSE_NS INT64_C(10000000)

/* ---- configuration ---- */

static int read_count(const char *text, int64_t min, int64_t max, int64_t *out)
{
    char *end;
    long long value;

    errno = 0;
    value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end || value < min || value > max)
        return -1;
    *out = value;
    return 0;
}

static int read_int(const char *text, int min, int max, int *out)
{
    int64_t value;

    if (read_count(text, min, max, &value) < 0)
        return -1;
    *out = (int)value;
    return 0;
}

static int read_text(const char *text, size_t room, char *out)
{
    size_t len = strlen(text);

    if (len == 0 || len >= room)
        return -1;
    memcpy(out, text, len + 1);
    return 0;
}

static int read_hash(const char *text, char out[SRB_SHA256_HEX])
{
    return strspn(text, "0123456789abcdef") == SRB_SHA256_HEX - 1
               ? read_text(text, SRB_SHA256_HEX, out)
               : -1;
}

static int read_directive(struct floor_config *c, const char *name,
                          const char *value)
{
    if (strcmp(name, "bind") == 0)
        return read_text(value, sizeof c->address, c->address);
    if (strcmp(name, "port") == 0)
        return read_int(value, 0, 65535, &c->port);
    if (strcmp(name, "unixsocket") == 0)
        return read_text(value, sizeof c->unix_socket, c->unix_socket);
    if (strcmp(name, "threads") == 0)
        return read_int(value, 1, FLOOR_THREADS_MAX, &c->threads);
    if (strcmp(name, "tcp-backlog") == 0)
        return read_int(value, 1, INT_MAX, &c->backlog);
    if (strcmp(name, "max-value-bytes") == 0)
        return read_count(value, 0, INT64_MAX, &c->max_bytes);
    if (strcmp(name, "client-password") == 0)
        return read_hash(value, c->client_password);
    if (strcmp(name, "steward-password") == 0)
        return read_hash(value, c->steward_password);
    return -1;
}

int floor_read_config(FILE *in, struct floor_config *c, struct error *err)
{
    char line[512];

    *c = (struct floor_config){.threads = 1,
                               .backlog = SOMAXCONN,
                               .max_bytes = INT64_C(512) * 1024 * 1024};
    while (fgets(line, sizeof line, in)) {
        char *value;

        line[strcspn(line, "\n")] = '\0';
        value = strchr(line, ' ');
        if (value)
            *value++ = '\0';
        if (read_directive(c, line, value ? value : "") < 0)
            return error_set(err,
                             "the built-in server cannot be told '%s %s': an "
                             "unknown directive, or a value out of range",
                             line, value ? value : "");
    }
    if (!c->address[0])
        return error_set(err, "the built-in server was not told where to "
                              "listen (bind)");
    if (!c->client_password[0] != !c->steward_password[0])
        return error_set(err, "the built-in server was told one password, "
                              "expected two or none");
    return 0;
}

/* ---- listening ---- */

static int listen_tcp(const struct floor_config *c, struct error *err)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *ai;
    char service[16];
    int fd, one = 1;

    snprintf(service, sizeof service, "%d", c->port);
    if (getaddrinfo(c->address, service, &hints, &ai) != 0)
        return error_set(err, "'%s' is no numeric address", c->address);
    fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, ai->ai_addr, ai->ai_addrlen) != 0 ||
        listen(fd, c->backlog) != 0) {
        error_set(err, "cannot listen on port %d of %s: %s", c->port,
                  c->address, strerror(errno));
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    freeaddrinfo(ai);
    return fd;
}

static int listen_unix(const struct floor_config *c, struct error *err)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    snprintf(sa.sun_path, sizeof sa.sun_path, "%s", c->unix_socket);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&sa, sizeof sa) == 0 &&
        chmod(c->unix_socket, 0700) == 0 && listen(fd, c->backlog) == 0)
        return fd;
    error_set(err, "cannot listen on the Unix socket %s: %s", c->unix_socket,
              strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static int listen_all(struct floor *f, struct error *err)
{
    f->listener[0] = listen_tcp(&f->config, err);
    if (f->listener[0] < 0)
        return -1;
    if (!f->config.unix_socket[0])
        return 0;
    f->listener[1] = listen_unix(&f->config, err);
    return f->listener[1] < 0 ? -1 : 0;
}

int floor_port(const struct floor *f)
{
    struct sockaddr_storage sa = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof sa;
    char service[16];

    if (getsockname(f->listener[0], (struct sockaddr *)&sa, &len) != 0 ||
        getnameinfo((struct sockaddr *)&sa, len, NULL, 0, service,
                    sizeof service, NI_NUMERICSERV) != 0)
        return -1;
    return (int)strtol(service, NULL, 10);
}

/* ---- loops ---- */

/* All that wait, to the loops in turn. */
static void accept_all(struct floor *f, int listener)
{
    for (;;) {
        /* cppcheck-suppress nullPointer ; accept(2): nobody asks who it is */
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0) {
            /* no descriptor left: not a busy loop until there is */
            if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR &&
                errno != ECONNABORTED)
                tick_sleep(PAUSE_NS);
            return;
        }
        floor_conn_open(&f->loop[f->next], fd);
        f->next = (f->next + 1) % f->config.threads;
    }
}

static bool is_listener(const struct floor *f, const void *who)
{
    return who == &f->listener[0] || who == &f->listener[1];
}

/* Events; looks for them as long as to be woken may cost before it sleeps. The
 * CPU is handed to whoever else wants it meanwhile. */
static int await_events(const struct floor_loop *loop,
                        struct epoll_event event[EVENTS])
{
    int64_t start = tick_now();

    do {
        int n = epoll_wait(loop->epoll, event, EVENTS, 0);

        if (n != 0)
            return n;
        sched_yield();
    } while (tick_now() - start < LINGER_NS);
    return epoll_wait(loop->epoll, event, EVENTS, -1);
}

static void *run_loop(void *arg)
{
    struct floor_loop *loop = arg;
    struct floor *f = loop->floor;
    struct epoll_event event[EVENTS];

    while (!atomic_load(&f->ending)) {
        int n = await_events(loop, event);

        for (int i = 0; i < n; i++) {
            void *who = event[i].data.ptr;

            if (is_listener(f, who))
                accept_all(f, *(int *)who);
            else if (who != f) /* that is the event of the end */
                floor_conn_serve(who);
        }
    }
    return NULL;
}

static int watch(const struct floor_loop *loop, int fd, void *who)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = who};

    return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &e);
}

static int open_loop(struct floor *f, struct floor_loop *loop)
{
    loop->floor = f;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0 || watch(loop, f->end_event, f) != 0)
        return -1;
    for (int i = 0; i < FLOOR_LISTENERS && loop == f->loop; i++)
        if (f->listener[i] >= 0 &&
            watch(loop, f->listener[i], &f->listener[i]) != 0)
            return -1;
    return 0;
}

static int open_loops(struct floor *f, struct error *err)
{
    for (int i = 0; i < f->config.threads; i++)
        if (open_loop(f, &f->loop[i]) < 0)
            return error_set(err, "cannot create an event loop: %s",
                             strerror(errno));
    /* the caller's thread is that of loop 0 */
    for (int i = 1; i < f->config.threads; i++, f->started++) {
        int rc =
            pthread_create(&f->loop[i].thread, NULL, run_loop, &f->loop[i]);

        if (rc != 0)
            return error_set(err, "cannot start thread %d of %d: %s", i + 1,
                             f->config.threads, strerror(rc));
    }
    return 0;
}

static struct floor *allocate(const struct floor_config *c)
{
    size_t n = (size_t)c->threads;
    struct floor *f = calloc(1, sizeof *f);

    if (!f)
        return NULL;
    f->config = *c;
    f->listener[0] = f->listener[1] = f->end_event = -1;
    f->store = floor_store_open();
    f->loop = aligned_alloc(_Alignof(struct floor_loop), n * sizeof *f->loop);
    if (!f->store || !f->loop) {
        floor_store_close(f->store);
        free(f->loop);
        free(f);
        return NULL;
    }
    memset(f->loop, 0, n * sizeof *f->loop);
    for (size_t i = 0; i < n; i++) {
        f->loop[i].epoll = -1;
        pthread_mutex_init(&f->loop[i].lock, NULL);
    }
    return f;
}

struct floor *floor_open(const struct floor_config *c, struct error *err)
{
    struct floor *f = allocate(c);

    if (!f) {
        error_set(err, "not enough memory for a server of %d threads",
                  c->threads);
        return NULL;
    }
    f->end_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (f->end_event < 0)
        error_set(err, "cannot create an event: %s", strerror(errno));
    if (f->end_event < 0 || listen_all(f, err) < 0 || open_loops(f, err) < 0) {
        floor_close(f);
        return NULL;
    }
    return f;
}

void floor_serve(struct floor *f)
{
    run_loop(&f->loop[0]);
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

void floor_close(struct floor *f)
{
    if (!f)
        return;
    if (f->end_event >= 0)
        floor_end(f);
    for (int i = 1; i <= f->started; i++)
        pthread_join(f->loop[i].thread, NULL);
    for (int i = 0; i < f->config.threads; i++) {
        while (f->loop[i].first)
            floor_conn_close(f->loop[i].first);
        close_fd(f->loop[i].epoll);
        pthread_mutex_destroy(&f->loop[i].lock);
    }
    close_fd(f->listener[0]);
    close_fd(f->listener[1]);
    close_fd(f->end_event);
    floor_store_close(f->store);
    free(f->loop);
    free(f);
}

int floor_main(void)
{
    struct floor_config config;
    struct floor *f = NULL;
    struct error err;

    prctl(PR_SET_NAME, "srbench-floor");
    if (floor_read_config(stdin, &config, &err) == 0)
        f = floor_open(&config, &err);
    if (!f) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    floor_serve(f);
    /* no clean-up of what may be gigabytes: the end of a process is quicker */
    _exit(0);
}
