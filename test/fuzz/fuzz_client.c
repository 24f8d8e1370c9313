/* fuzz_client.c - the socket client against a server that says anything.
 *
 * The client connects over a real Unix socket, whose other end this process
 * holds too. The system calls of src/client/socket*.c come through here (the
 * linker's --wrap): whenever the client waits for bytes, the server sends the
 * next piece of its script, so every reply arrives cut exactly where the input
 * wants it, in one thread and without a pause. The bytes go through the kernel,
 * and the sanitizer's own recvmsg() watches where they land. Silence is what
 * SO_RCVTIMEO makes of it: EAGAIN.
 *
 * An input is text:
 *
 *   [0]  p: a put; P: one of RedisAI's; G: a get of RedisAI's; else a get
 *   [1]  size of the tensor, from sizes[]
 *   [2]  at the end of the script the server h: is silent; r: closes, and does
 *        so before it has heard all of the request; else closes
 *   [3]  the most that each of the first sends takes, from cuts[]
 *
 * and then the pieces of the reply:
 *
 *   A..Z   the next bytes of the right reply, as many as cuts[] says
 *   <...>  these bytes
 *   ~      leave out a byte of the right reply
 *   !      a signal interrupts the wait
 *
 * Anything else is nothing. Promised by client.h: it ends, success is the right
 * reply and nothing but it, and a failure has words. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "client/client.h"
#include "fuzz.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define KEY "k"

/* Around the client's own pieces (64 KiB) and buffers (512 bytes). */
static const size_t sizes[] = {8,    4,     12,    64,    500,    508,   512,
                               4096, 65532, 65536, 65540, 131072, 131076};
static const size_t cuts[] = {
    1,   2,   3,   4,    5,     6,     7,     9,     13,    64,     99,
    511, 512, 513, 4096, 65534, 65535, 65536, 65537, 99999, 131071, SIZE_MAX};

/* The operation, by what its request and right reply are: what stands before
 * the payload of those that have one. Written out here, not taken from
 * commands.c. */
struct operation {
    bool is_put;
    const struct command_set *set;
    char request[192], reply[128];
};

/* The server, its script and what has become of it. One client at a time. */
static struct server {
    int listener, fd; /* -1: closed */
    struct sockaddr_un at;
    const char *script, *end; /* pieces not yet sent */
    char after;               /* [2] */
    size_t send_most, sends;  /* [3] */
    char *right, *said;       /* reply that is right; bytes that were sent */
    size_t nright, used, nsaid;
    size_t taken; /* of `said`, by the client */
    char *heard;  /* of the request */
    size_t nheard, room;
} server = {.listener = -1, .fd = -1};

ssize_t __real_recvmsg(int fd, struct msghdr *m, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *m, int flags);
ssize_t __real_recv(int fd, void *into, size_t n, int flags);
ssize_t __wrap_recv(int fd, void *into, size_t n, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *m, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *m, int flags);

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* --- the server --------------------------------------------------------------
 */

static void hang_up(struct server *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

/* What the socket does not take now is left for the next wait. Returns what it
 * took. */
static size_t say(struct server *s, const char *bytes, size_t n)
{
    ssize_t sent =
        send(s->fd, bytes, least(n, 65536), MSG_NOSIGNAL | MSG_DONTWAIT);

    /* full: many small pieces that nobody reads, of a server that refuses */
    if (sent < 0 && errno == EAGAIN && s->after == 'r')
        return 0;
    PROMISE(sent > 0, "send of %zu bytes: %s", n, strerror(errno));
    memcpy(s->said + s->nsaid, bytes, (size_t)sent);
    s->nsaid += (size_t)sent;
    return (size_t)sent;
}

static bool say_right(struct server *s, size_t n)
{
    n = least(n, s->nright - s->used);
    if (n == 0)
        return false;
    s->used += say(s, s->right + s->used, n);
    return true;
}

/* The text in < >; the script goes on behind it. */
static bool say_given(struct server *s)
{
    const char *text = s->script;
    const char *end = memchr(text, '>', (size_t)(s->end - text));
    size_t n = (size_t)((end ? end : s->end) - text);

    s->script = end ? end + 1 : s->end;
    return n > 0 && say(s, text, least(n, 65536)) > 0;
}

enum step { SAID, INTERRUPTED, OVER };

/* The next piece of the script. */
static enum step next_piece(struct server *s)
{
    while (s->script < s->end) {
        char c = *s->script++;

        if (c == '!')
            return INTERRUPTED;
        if (c == '~' && s->used < s->nright)
            s->used++;
        if (c == '<' && say_given(s))
            return SAID;
        if (c >= 'A' && c <= 'Z' &&
            say_right(s, cuts[(size_t)(c - 'A') % COUNT(cuts)]))
            return SAID;
    }
    return OVER;
}

/* The client waits: say something if it has taken all. -1 with errno when the
 * wait fails. */
static int provide(struct server *s)
{
    if (s->fd < 0 || s->taken < s->nsaid)
        return 0;
    switch (next_piece(s)) {
    case SAID:
        return 0;
    case INTERRUPTED:
        errno = EINTR;
        return -1;
    case OVER:
        break;
    }
    if (s->after == 'h') {
        errno = EAGAIN;
        return -1;
    }
    hang_up(s);
    return 0;
}

static void listen_to(struct server *s)
{
    while (s->nheard < s->room) {
        ssize_t got = __real_recv(s->fd, s->heard + s->nheard,
                                  s->room - s->nheard, MSG_DONTWAIT);

        if (got <= 0)
            return;
        s->nheard += (size_t)got;
    }
}

/* --- the client's system calls -----------------------------------------------
 */

ssize_t __wrap_recvmsg(int fd, struct msghdr *m, int flags)
{
    ssize_t got;

    if (provide(&server) < 0)
        return -1;
    got = __real_recvmsg(fd, m, flags);
    if (got > 0)
        server.taken += (size_t)got;
    return got;
}

ssize_t __wrap_recv(int fd, void *into, size_t n, int flags)
{
    struct iovec in = {into, n};
    struct msghdr m = {.msg_iov = &in, .msg_iovlen = 1};

    return __wrap_recvmsg(fd, &m, flags);
}

/* Takes no more than send_most bytes, and as many as fit. */
ssize_t __wrap_sendmsg(int fd, const struct msghdr *m, int flags)
{
    struct iovec out[8];
    struct msghdr part = {.msg_iov = out};
    /* cut often, not a hundred thousand times */
    size_t left = server.sends++ < 64 ? least(server.send_most, 65536) : 65536;
    ssize_t put;

    for (size_t i = 0; i < m->msg_iovlen && left > 0; i++) {
        PROMISE(i < COUNT(out), "a request in %zu parts", m->msg_iovlen);
        out[i] = m->msg_iov[i];
        out[i].iov_len = least(out[i].iov_len, left);
        left -= out[i].iov_len;
        part.msg_iovlen++;
    }
    put = __real_sendmsg(fd, &part, flags);
    if (server.fd >= 0)
        listen_to(&server);
    if (server.after == 'r') {
        while (server.fd >= 0 && next_piece(&server) == SAID &&
               server.nsaid < 65536)
            ;
        hang_up(&server);
    }
    return put;
}

/* --- one client
 * ----------------------------------------------------------------
 */

/* In the working directory, which is a short path for a socket. */
static char folder[] = "srb-fuzz-XXXXXX";

static void remove_folder(void)
{
    unlink(server.at.sun_path);
    rmdir(folder);
}

static void open_shop(struct server *s)
{
    PROMISE(mkdtemp(folder), "mkdtemp %s: %s", folder, strerror(errno));
    s->at.sun_family = AF_UNIX;
    snprintf(s->at.sun_path, sizeof s->at.sun_path, "%s/s", folder);
    s->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    PROMISE(bind(s->listener, (struct sockaddr *)&s->at, sizeof s->at) == 0 &&
                listen(s->listener, 1) == 0,
            "%s: %s", s->at.sun_path, strerror(errno));
    atexit(remove_folder);
}

/* The contents of every tensor, made once. */
static const char *pattern(size_t bytes)
{
    static char made[256 * 1024];

    PROMISE(bytes <= sizeof made, "a tensor of %zu bytes", bytes);
    for (size_t i = 0; made[1] == 0 && i < sizeof made; i++)
        made[i] = (char)(i * 2654435761u >> 13 | 1);
    return made;
}

/* PREFIX, a payload of `bytes`, and "\r\n"; *n gets its length. */
static char *framed(const char *prefix, size_t bytes, size_t *n)
{
    size_t head = strlen(prefix);
    char *all = malloc(head + bytes + 2);

    PROMISE(all, "not enough memory");
    memcpy(all, prefix, head);
    memcpy(all + head, pattern(bytes), bytes);
    memcpy(all + head + bytes, "\r\n", 2);
    *n = head + bytes + 2;
    return all;
}

static void plain_operation(struct operation *o, size_t bytes)
{
    o->set = &command_plain;
    snprintf(o->reply, sizeof o->reply, "$%zu\r\n", bytes);
    if (o->is_put)
        snprintf(o->request, sizeof o->request,
                 "*3\r\n$3\r\nSET\r\n$1\r\n" KEY "\r\n$%zu\r\n", bytes);
    else
        snprintf(o->request, sizeof o->request,
                 "*2\r\n$3\r\nGET\r\n$1\r\n" KEY);
}

static void redisai_operation(struct operation *o, size_t bytes)
{
    char count[24];
    int digits = snprintf(count, sizeof count, "%zu", bytes / sizeof(float));

    o->set = &command_redisai;
    snprintf(o->reply, sizeof o->reply,
             "*6\r\n$5\r\ndtype\r\n$5\r\nFLOAT\r\n$5\r\nshape\r\n*2\r\n"
             ":1\r\n:%s\r\n$4\r\nblob\r\n$%zu\r\n",
             count, bytes);
    if (o->is_put)
        snprintf(o->request, sizeof o->request,
                 "*7\r\n$12\r\nAI.TENSORSET\r\n$1\r\n" KEY "\r\n$5\r\nFLOAT"
                 "\r\n$1\r\n1\r\n$%d\r\n%s\r\n$4\r\nBLOB\r\n$%zu\r\n",
                 digits, count, bytes);
    else
        snprintf(o->request, sizeof o->request,
                 "*4\r\n$12\r\nAI.TENSORGET\r\n$1\r\n" KEY
                 "\r\n$4\r\nMETA\r\n$4\r\nBLOB");
}

static struct operation read_operation(char kind, size_t bytes)
{
    struct operation o = {.is_put = kind == 'p' || kind == 'P'};

    if (kind == 'P' || kind == 'G')
        redisai_operation(&o, bytes);
    else
        plain_operation(&o, bytes);
    return o;
}

static void read_script(struct server *s, const char *text, size_t size,
                        const struct operation *o, size_t bytes)
{
    s->after = text[2];
    s->send_most = cuts[(unsigned char)text[3] % COUNT(cuts)];
    s->script = text + 4;
    s->end = text + size;
    s->right = o->is_put ? framed("+OK", 0, &s->nright)
                         : framed(o->reply, bytes, &s->nright);
    s->said = malloc(s->nright + size);
    /* more than any request, so that what is too much is heard as well */
    s->room = bytes + 256;
    s->heard = malloc(s->room);
    PROMISE(s->said && s->heard, "not enough memory");
    s->used = s->nsaid = s->taken = s->nheard = s->sends = 0;
}

static void forget_script(struct server *s)
{
    hang_up(s);
    free(s->right);
    free(s->said);
    free(s->heard);
}

/* Whether the server has heard the whole request and nothing else. */
static bool heard_all(const struct server *s, const struct operation *o,
                      size_t bytes)
{
    size_t n;
    char *request = framed(o->request, o->is_put ? bytes : 0, &n);
    bool same;

    same = s->nheard == n && memcmp(s->heard, request, n) == 0;
    PROMISE(s->nheard <= n && memcmp(s->heard, request, s->nheard) == 0,
            "a wrong request of %zu bytes", s->nheard);
    free(request);
    return same;
}

/* Whether the client has taken a right reply and nothing else. Any payload of
 * the right length is right. */
static bool took_right(const struct server *s, size_t bytes)
{
    size_t tail = 2, head = s->nright - bytes - tail;

    return s->taken == s->nright && memcmp(s->said, s->right, head) == 0 &&
           memcmp(s->said + head + bytes, "\r\n", tail) == 0;
}

static void judge_failure(const struct error *err, const char *what)
{
    PROMISE(memchr(err->text, '\0', sizeof err->text), "words without an end");
    PROMISE(strncmp(err->text, what, strlen(what)) == 0, "it says '%s'",
            err->text);
    PROMISE(strlen(err->text) > strlen(what) + 4, "it says '%s'", err->text);
}

static void judge(const struct server *s, const struct operation *o,
                  size_t bytes, int rc, const struct error *err,
                  const char *data)
{
    bool is_put = o->is_put;
    size_t payload = is_put ? 0 : bytes;
    bool whole = heard_all(s, o, bytes);
    bool right = took_right(s, payload);

    PROMISE(rc == 0 || rc == -1, "returned %d", rc);
    if (rc < 0) {
        judge_failure(err,
                      is_put ? "put_tensor of " KEY : "unpack_tensor of " KEY);
        PROMISE(!(whole && right), "refused the right reply: %s", err->text);
        return;
    }
    PROMISE(whole, "done before the request was sent");
    PROMISE(right, "took %zu bytes for a reply of %zu", s->taken, s->nright);
    PROMISE(is_put || memcmp(data, s->said + s->nright - bytes - 2, bytes) == 0,
            "a tensor of %zu bytes came wrong", bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    const char *text = (const char *)input;
    struct operation o;
    size_t bytes;
    struct client_params p = {.unix_socket = server.at.sun_path,
                              .key = KEY,
                              .op_timeout = 3600}; /* silence is EAGAIN */
    struct error err = {.text = ""};
    struct client *c;
    char *tensor;
    int rc;

    if (size < 4)
        return 0;
    if (server.listener < 0)
        open_shop(&server);
    p.bytes = bytes = sizes[input[1] % COUNT(sizes)];
    o = read_operation(text[0], bytes);
    p.commands = o.set;
    read_script(&server, text, size, &o, bytes);
    c = client_socket.open(&p, &err);
    PROMISE(c, "%s", err.text);
    server.fd = accept(server.listener, NULL, NULL);
    PROMISE(server.fd >= 0, "accept: %s", strerror(errno));

    /* a block of its own, of exactly this size */
    tensor = copy_exactly(pattern(bytes), bytes);
    if (!o.is_put)
        memset(tensor, 0x55, bytes);
    rc = o.is_put ? client_socket.put(c, tensor, &err)
                  : client_socket.get(c, tensor, &err);
    judge(&server, &o, bytes, rc, &err, tensor);
    client_socket.close(c);
    forget_script(&server);
    free(tensor);
    return 0;
}
