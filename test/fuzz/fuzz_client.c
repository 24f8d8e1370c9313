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
 *   [0]  p: a put; P: one of RedisAI's; G: a get of RedisAI's; m: gets of
 *        several tensors back to back; M: puts; a, A: of RedisAI's; else a get
 *   [1]  size of a tensor, from sizes[], and how many there are
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
/* Of tensor i the key is this and a letter; of a single one this alone. */
#define KEY "k"
#define MOST ((size_t)20)

/* Around the client's own pieces (64 KiB) and buffers (512 bytes). */
static const size_t sizes[] = {8,    4,     12,    64,    500,    508,   512,
                               4096, 65532, 65536, 65540, 131072, 131076};
static const size_t cuts[] = {
    1,   2,   3,   4,    5,     6,     7,     9,     13,    64,     99,
    511, 512, 513, 4096, 65534, 65535, 65536, 65537, 99999, 131071, SIZE_MAX};

/* The operation, by what its requests and right replies are: what stands before
 * the payload of those that have one. Written out here, not taken from
 * commands.c. */
struct operation {
    bool is_put, is_many;
    size_t n, bytes; /* tensors, and of each */
    const struct command_set *set;
    char key[MOST][4];
    char request[MOST][192], reply[128];
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
    struct iovec out[64];
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

/* The contents of tensor i: all are made once, and overlap. */
static const char *pattern(size_t i, size_t bytes)
{
    static char made[256 * 1024];

    PROMISE(bytes + 8 * i <= sizeof made, "a tensor of %zu bytes", bytes);
    for (size_t k = 0; made[1] == 0 && k < sizeof made; k++)
        made[k] = (char)(k * 2654435761u >> 13 | 1);
    return made + 8 * i;
}

/* PREFIX, the payload of tensor i with `bytes`, and "\r\n", put to *at. */
static void frame(char **at, const char *prefix, size_t i, size_t bytes)
{
    size_t head = strlen(prefix);

    memcpy(*at, prefix, head);
    memcpy(*at + head, pattern(i, bytes), bytes);
    memcpy(*at + head + bytes, "\r\n", 2);
    *at += head + bytes + 2;
}

/* All requests, or all right replies; *n gets their length. */
static char *framed(const struct operation *o, bool requests, size_t *n)
{
    size_t bytes = requests == o->is_put ? o->bytes : 0;
    char *all = malloc(o->n * (sizeof o->request[0] + bytes + 2)), *at = all;

    PROMISE(all, "not enough memory");
    for (size_t i = 0; i < o->n; i++)
        frame(&at,
              requests    ? o->request[i]
              : o->is_put ? "+OK"
                          : o->reply,
              i, bytes);
    *n = (size_t)(at - all);
    return all;
}

static void plain_request(struct operation *o, size_t i)
{
    const char *key = o->key[i];

    if (o->is_put)
        snprintf(o->request[i], sizeof o->request[i],
                 "*3\r\n$3\r\nSET\r\n$%zu\r\n%s\r\n$%zu\r\n", strlen(key), key,
                 o->bytes);
    else
        snprintf(o->request[i], sizeof o->request[i],
                 "*2\r\n$3\r\nGET\r\n$%zu\r\n%s", strlen(key), key);
}

static void redisai_request(struct operation *o, size_t i)
{
    const char *key = o->key[i];
    char count[24];
    int digits = snprintf(count, sizeof count, "%zu", o->bytes / sizeof(float));

    if (o->is_put)
        snprintf(o->request[i], sizeof o->request[i],
                 "*7\r\n$12\r\nAI.TENSORSET\r\n$%zu\r\n%s\r\n$5\r\nFLOAT"
                 "\r\n$1\r\n1\r\n$%d\r\n%s\r\n$4\r\nBLOB\r\n$%zu\r\n",
                 strlen(key), key, digits, count, o->bytes);
    else
        snprintf(o->request[i], sizeof o->request[i],
                 "*4\r\n$12\r\nAI.TENSORGET\r\n$%zu\r\n%s"
                 "\r\n$4\r\nMETA\r\n$4\r\nBLOB",
                 strlen(key), key);
}

static void plain_reply(struct operation *o)
{
    snprintf(o->reply, sizeof o->reply, "$%zu\r\n", o->bytes);
}

static void redisai_reply(struct operation *o)
{
    snprintf(o->reply, sizeof o->reply,
             "*6\r\n$5\r\ndtype\r\n$5\r\nFLOAT\r\n$5\r\nshape\r\n*2\r\n"
             ":1\r\n:%zu\r\n$4\r\nblob\r\n$%zu\r\n",
             o->bytes / sizeof(float), o->bytes);
}

/* Of large tensors there are few: an input is to take some ms. */
static void read_operation(struct operation *o, char kind, uint8_t which)
{
    bool redisai = kind && strchr("PGaA", kind);
    size_t more = which / COUNT(sizes);

    memset(o, 0, sizeof *o);
    o->bytes = sizes[which % COUNT(sizes)];
    o->is_put = kind && strchr("pPMA", kind);
    o->is_many = kind && strchr("mMaA", kind);
    o->n = !o->is_many ? 1 : 2 + more % (o->bytes > 4096 ? 3 : MOST - 1);
    o->set = redisai ? &command_redisai : &command_plain;
    for (size_t i = 0; i < o->n; i++) {
        snprintf(o->key[i], sizeof o->key[i], o->is_many ? KEY "%c" : KEY,
                 'a' + (int)i);
        (redisai ? redisai_request : plain_request)(o, i);
    }
    (redisai ? redisai_reply : plain_reply)(o);
}

static void read_script(struct server *s, const char *text, size_t size,
                        const struct operation *o)
{
    s->after = text[2];
    s->send_most = cuts[(unsigned char)text[3] % COUNT(cuts)];
    s->script = text + 4;
    s->end = text + size;
    s->right = framed(o, false, &s->nright);
    s->said = malloc(s->nright + size);
    /* more than any request, so that what is too much is heard as well */
    s->room = o->n * (o->bytes + 256);
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

/* Whether the server has heard all requests and nothing else. */
static bool heard_all(const struct server *s, const struct operation *o)
{
    size_t n;
    char *request = framed(o, true, &n);
    bool same;

    same = s->nheard == n && memcmp(s->heard, request, n) == 0;
    PROMISE(s->nheard <= n && memcmp(s->heard, request, s->nheard) == 0,
            "a wrong request of %zu bytes", s->nheard);
    free(request);
    return same;
}

/* Where in replies the payload of tensor i begins; each has as many bytes. */
static size_t payload_at(const struct server *s, const struct operation *o,
                         size_t i)
{
    size_t payload = o->is_put ? 0 : o->bytes, each = s->nright / o->n;

    return (i + 1) * each - payload - 2;
}

/* Whether the client has taken right replies and nothing else. Any payload of
 * the right length is right. */
static bool took_right(const struct server *s, const struct operation *o)
{
    size_t payload = o->is_put ? 0 : o->bytes, at = 0;

    if (s->taken != s->nright)
        return false;
    for (size_t i = 0; i < o->n; i++) {
        size_t begin = payload_at(s, o, i);

        if (memcmp(s->said + at, s->right + at, begin - at) != 0 ||
            memcmp(s->said + begin + payload, "\r\n", 2) != 0)
            return false;
        at = begin + payload + 2;
    }
    return true;
}

static void judge_failure(const struct error *err, const char *what)
{
    PROMISE(memchr(err->text, '\0', sizeof err->text), "words without an end");
    PROMISE(strncmp(err->text, what, strlen(what)) == 0, "it says '%s'",
            err->text);
    PROMISE(strlen(err->text) > strlen(what) + 4, "it says '%s'", err->text);
}

static void judge(const struct server *s, const struct operation *o, int rc,
                  const struct error *err, char *const tensor[])
{
    bool whole = heard_all(s, o), right = took_right(s, o);

    PROMISE(rc == 0 || rc == -1, "returned %d", rc);
    if (rc < 0) {
        judge_failure(err, o->is_put ? "put_tensor of " KEY
                                     : "unpack_tensor of " KEY);
        PROMISE(!(whole && right), "refused the right reply: %s", err->text);
        return;
    }
    PROMISE(whole, "done before the request was sent");
    PROMISE(right, "took %zu bytes for a reply of %zu", s->taken, s->nright);
    for (size_t i = 0; i < o->n && !o->is_put; i++)
        PROMISE(memcmp(tensor[i], s->said + payload_at(s, o, i), o->bytes) == 0,
                "tensor %zu of %zu bytes came wrong", i, o->bytes);
}

static int operate(struct client *c, const struct operation *o,
                   char *const tensor[], struct error *err)
{
    struct srb_tensor list[MOST];

    for (size_t i = 0; i < o->n; i++)
        list[i] = (struct srb_tensor){.key = o->key[i],
                                      .key_length = strlen(o->key[i]),
                                      .data = (float *)(void *)tensor[i],
                                      .count = o->bytes / sizeof(float)};
    if (o->is_many)
        return o->is_put ? client_put_many(c, list, o->n, err)
                         : client_get_many(c, list, o->n, err);
    return o->is_put ? client_socket.put(c, tensor[0], err)
                     : client_socket.get(c, tensor[0], err);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    const char *text = (const char *)input;
    struct operation o;
    struct client_params p = {.unix_socket = server.at.sun_path,
                              .key = KEY,
                              .op_timeout = 3600}; /* silence is EAGAIN */
    struct error err = {.text = ""};
    char *tensor[MOST];
    struct client *c;

    if (size < 4)
        return 0;
    if (server.listener < 0)
        open_shop(&server);
    read_operation(&o, text[0], input[1]);
    p.bytes = o.bytes;
    p.commands = o.set;
    read_script(&server, text, size, &o);
    c = client_socket.open(&p, &err);
    PROMISE(c, "%s", err.text);
    server.fd = accept(server.listener, NULL, NULL);
    PROMISE(server.fd >= 0, "accept: %s", strerror(errno));

    for (size_t i = 0; i < o.n; i++) {
        /* a block of its own, of exactly this size */
        tensor[i] = copy_exactly(pattern(i, o.bytes), o.bytes);
        if (!o.is_put)
            memset(tensor[i], 0x55, o.bytes);
    }
    judge(&server, &o, operate(c, &o, tensor, &err), &err, tensor);
    client_socket.close(c);
    forget_script(&server);
    for (size_t i = 0; i < o.n; i++)
        free(tensor[i]);
    return 0;
}
