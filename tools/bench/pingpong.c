/* pingpong.c - two processes that do nothing but exchange the bytes of a put
 * and of a get.
 *
 *   srbench_pingpong tcp|unix BYTES ITERATIONS CLIENT_CPU SERVER_CPU
 *
 * What the socket client is compared with. A put: the client sends a request of
 * REQUEST bytes and the payload in one gathered send, and the server answers
 * five bytes; a get: the client sends the request, and the server answers the
 * payload with REPLY bytes around it. Both sides block, send a payload in one
 * call and receive it in pieces of the client's size (src/client/socket.c).
 * Prints one line with the medians in seconds:
 *
 *   put 1.234567e-04 get 1.234567e-04
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/tick.h"
#include "base/units.h"

#define PIECE ((size_t)64 * 1024)
#define REQUEST 40 /* about what a SET or GET is without its payload */
#define REPLY 12   /* $4000000\r\n and \r\n */
#define OK 5       /* +OK\r\n */
#define WARMUP 5

struct prepared {
    bool over_unix;
    size_t bytes;
    size_t iterations;
    int client_cpu, server_cpu;
    int send_buffer; /* of the client's end; 0: the kernel's choice */
    int64_t linger;  /* ns that the server looks before it sleeps */
};

static void move_to(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) < 0)
        die("CPU %d: %s", cpu, strerror(errno));
}

/* --- bytes -------------------------------------------------------------------
 */

static void send_all(int fd, struct iovec *iov, size_t n)
{
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = n};

    while (m.msg_iovlen > 0) {
        ssize_t sent = sendmsg(fd, &m, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            die("send: %s", strerror(errno));
        while (m.msg_iovlen > 0 && (size_t)sent >= m.msg_iov->iov_len) {
            sent -= (ssize_t)m.msg_iov->iov_len;
            m.msg_iov++;
            m.msg_iovlen--;
        }
        if (m.msg_iovlen > 0) {
            m.msg_iov->iov_base = (char *)m.msg_iov->iov_base + sent;
            m.msg_iov->iov_len -= (size_t)sent;
        }
    }
}

/* What there is within `linger` ns, looked for without sleeping, and then what
 * comes. */
static ssize_t receive(int fd, struct msghdr *m, int64_t linger)
{
    int64_t start = linger > 0 ? tick_now() : 0;

    while (linger > 0 && tick_now() - start < linger) {
        ssize_t got = recvmsg(fd, m, MSG_DONTWAIT);

        if (got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
            return got;
        sched_yield();
    }
    return recvmsg(fd, m, 0);
}

/* `frame` bytes and the payload, in pieces. False when the other side has gone.
 */
static bool receive_all(int fd, size_t frame, char *payload, size_t bytes,
                        int64_t linger)
{
    char framing[REQUEST];
    size_t n = 0, total = frame + bytes;

    while (n < total) {
        size_t in_frame = n < frame ? frame - n : 0;
        size_t at = n > frame ? n - frame : 0;
        size_t piece = bytes - at < PIECE ? bytes - at : PIECE;
        struct iovec iov[2] = {{framing, in_frame}, {payload + at, piece}};
        struct msghdr m = {.msg_iov = iov, .msg_iovlen = 2};
        ssize_t got = receive(fd, &m, linger);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            die("receive: %s", strerror(errno));
        if (got == 0)
            return false;
        n += (size_t)got;
    }
    return true;
}

/* --- the two sides -----------------------------------------------------------
 */

/* Puts, then gets; ends when the client closes. */
static void serve(int fd, const struct prepared *p, char *payload)
{
    char frame[REQUEST] = {0};

    for (size_t i = 0; i < WARMUP + p->iterations; i++) {
        struct iovec ok = {frame, OK};

        if (!receive_all(fd, REQUEST, payload, p->bytes, p->linger))
            return;
        send_all(fd, &ok, 1);
    }
    while (receive_all(fd, REQUEST, payload, 0, p->linger)) {
        struct iovec out[2] = {{frame, REPLY}, {payload, p->bytes}};

        send_all(fd, out, 2);
    }
}

static void put(int fd, const struct prepared *p, char *payload)
{
    char frame[REQUEST] = {0};
    struct iovec out[2] = {{frame, REQUEST}, {payload, p->bytes}};

    send_all(fd, out, 2);
    if (!receive_all(fd, OK, payload, 0, 0))
        die("the server closed the connection");
}

static void get(int fd, const struct prepared *p, char *payload)
{
    char frame[REQUEST] = {0};
    struct iovec out = {frame, REQUEST};

    send_all(fd, &out, 1);
    if (!receive_all(fd, REPLY, payload, p->bytes, 0))
        die("the server closed the connection");
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* The median of the timed ones, s. */
static double measure(void (*exchange)(int, const struct prepared *, char *),
                      int fd, const struct prepared *p, char *payload,
                      int64_t *spans)
{
    for (size_t i = 0; i < WARMUP + p->iterations; i++) {
        int64_t start = tick_now();

        exchange(fd, p, payload);
        if (i >= WARMUP)
            spans[i - WARMUP] = tick_now() - start;
    }
    qsort(spans, p->iterations, sizeof *spans, ascending);
    return tick_seconds(spans[(p->iterations - 1) / 2] +
                        spans[p->iterations / 2]) /
           2;
}

/* --- connected ends ----------------------------------------------------------
 */

static void pair_over_tcp(int ends[2])
{
    struct sockaddr_in sa = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof sa;
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || ends[0] < 0 ||
        bind(listener, (struct sockaddr *)&sa, len) < 0 ||
        listen(listener, 1) < 0 ||
        getsockname(listener, (struct sockaddr *)&sa, &len) < 0 ||
        connect(ends[0], (struct sockaddr *)&sa, len) < 0)
        die("loopback: %s", strerror(errno));
    ends[1] = accept(listener, NULL, NULL);
    if (ends[1] < 0)
        die("accept: %s", strerror(errno));
    close(listener);
    for (int i = 0; i < 2; i++)
        if (setsockopt(ends[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
            die("TCP_NODELAY: %s", strerror(errno));
}

static void connect_ends(const struct prepared *p, int ends[2])
{
    if (!p->over_unix)
        pair_over_tcp(ends);
    else if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        die("socketpair: %s", strerror(errno));
    if (p->send_buffer > 0 &&
        setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &p->send_buffer,
                   sizeof p->send_buffer) < 0)
        die("SO_SNDBUF: %s", strerror(errno));
}

static char *new_payload(size_t bytes)
{
    char *payload = malloc(bytes);

    if (!payload)
        die("not enough memory for %zu bytes", bytes);
    memset(payload, 0x5a, bytes); /* pages of its own, not the zero page */
    return payload;
}

/* The server; returns its process. It ends with this one, whatever happens. */
static pid_t start_server(const struct prepared *p, const int ends[2])
{
    pid_t parent = getpid(), pid = fork();
    char *payload;

    if (pid < 0)
        die("fork: %s", strerror(errno));
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    close(ends[0]);
    move_to(p->server_cpu);
    payload = new_payload(p->bytes);
    serve(ends[1], p, payload);
    free(payload);
    _exit(0);
}

static void run(const struct prepared *p)
{
    int64_t *spans = calloc(p->iterations, sizeof *spans);
    double put_time, get_time;
    char *payload;
    int ends[2], status;
    pid_t server;

    if (!spans)
        die("not enough memory for %zu timings", p->iterations);
    connect_ends(p, ends);
    server = start_server(p, ends);
    close(ends[1]);
    move_to(p->client_cpu);
    payload = new_payload(p->bytes);
    put_time = measure(put, ends[0], p, payload, spans);
    get_time = measure(get, ends[0], p, payload, spans);
    close(ends[0]);
    if (waitpid(server, &status, 0) != server || status != 0)
        die("the server did not end well");
    printf("put %.6e get %.6e\n", put_time, get_time);
    free(payload);
    free(spans);
}

/* A whole number from least to most, or the end. */
static int64_t number(const char *what, const char *text, int64_t least,
                      int64_t most)
{
    struct error err = {.text = ""};
    int64_t n;

    if (units_parse_bytes(text, &n, &err) < 0 || n < least || n > most)
        die("%s: found '%s', expected a number from %lld to %lld", what, text,
            (long long)least, (long long)most);
    return n;
}

int main(int argc, char *argv[])
{
    struct prepared p;

    if (argc != 8 ||
        (strcmp(argv[1], "tcp") != 0 && strcmp(argv[1], "unix") != 0)) {
        fprintf(stderr,
                "usage: %s tcp|unix BYTES ITERATIONS CLIENT_CPU SERVER_CPU "
                "CLIENT_SEND_BUFFER SERVER_LINGER_NS\n",
                argv[0]);
        return 2;
    }
    p.over_unix = strcmp(argv[1], "unix") == 0;
    p.bytes = (size_t)number("BYTES", argv[2], 1, INT64_C(1) << 32);
    p.iterations = (size_t)number("ITERATIONS", argv[3], 1, 100000000);
    p.client_cpu = (int)number("CLIENT_CPU", argv[4], 0, CPU_SETSIZE - 1);
    p.server_cpu = (int)number("SERVER_CPU", argv[5], 0, CPU_SETSIZE - 1);
    p.send_buffer = (int)number("CLIENT_SEND_BUFFER", argv[6], 0, 1 << 30);
    p.linger = number("SERVER_LINGER_NS", argv[7], 0, 1000000000);
    run(&p);
    return 0;
}
