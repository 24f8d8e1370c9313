/* Several tensors back to back, through every client that talks to a server:
 * the bytes on the wire, replies cut anywhere, what is said of one that is
 * wrong, and that no sizes make both sides wait for each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "client/client.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct client_ops *const clients[] = {&client_socket,
                                                   &client_hiredis};

/* ---- a server of one connection ---- */

/* It reads `want`, answers with `reply` in pieces, then listens until the
 * client closes. */
struct server {
    int listener, port;
    const char *want, *reply;
    size_t piece;
    char *heard;
    pthread_t thread;
};

static int listen_anywhere(int *port, int buffer)
{
    struct sockaddr_in sa = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof sa;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (buffer > 0) {
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    }
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
    assert_int_equal(listen(fd, 1), 0);
    getsockname(fd, (struct sockaddr *)&sa, &len);
    *port = ntohs(sa.sin_port);
    return fd;
}

static bool read_whole(int fd, char *into, size_t n)
{
    size_t got = 0;

    while (got < n) {
        ssize_t more = recv(fd, into + got, n - got, 0);

        if (more <= 0)
            return false;
        got += (size_t)more;
    }
    return true;
}

static bool write_whole(int fd, const char *from, size_t n)
{
    while (n > 0) {
        ssize_t put = send(fd, from, n, MSG_NOSIGNAL);

        if (put <= 0)
            return false;
        from += put;
        n -= (size_t)put;
    }
    return true;
}

static void *serve(void *arg)
{
    struct server *s = arg;
    int fd = accept(s->listener, NULL, NULL), one = 1;
    size_t n = strlen(s->want);
    char byte;

    setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &one, sizeof one);
    s->heard = calloc(1, n + 1);
    if (read_whole(fd, s->heard, n))
        for (size_t at = 0; at < strlen(s->reply); at += s->piece) {
            struct timespec pause = {.tv_nsec = 100000};
            size_t left = strlen(s->reply) - at;

            write_whole(fd, s->reply + at, left < s->piece ? left : s->piece);
            if (left > s->piece)
                nanosleep(&pause, NULL);
        }
    while (recv(fd, &byte, 1, 0) > 0)
        ;
    close(fd);
    return NULL;
}

static struct client *open_client(const struct client_ops *ops,
                                  const struct client_params *more, int port,
                                  double timeout, int buffer)
{
    struct client_params p = *more;
    struct error err = {.text = ""};
    struct client *c;

    p.address = "127.0.0.1";
    p.port = port;
    p.key = "first";
    p.bytes = 40;
    p.op_timeout = timeout;
    p.client = -1;
    p.socket_buffer = buffer;
    c = ops->open(&p, &err);
    if (!c)
        fail_msg("%s: %s", ops->name, err.text);
    return c;
}

/* ---- what is said, and what is understood ---- */

static float letters[3][4] = {{0}, {0}, {0}}; /* "abcd", "ABCDEFGH", … */

/* Three tensors of 1, 2 and 3 elements; keys do not end in NUL. */
static const char keys[] = "abbccc";
static void make_tensors(struct srb_tensor t[3])
{
    static const char text[3][13] = {"abcd", "ABCDEFGH", "123456789012"};

    for (size_t i = 0; i < 3; i++) {
        memcpy(letters[i], text[i], 4 * (i + 1));
        t[i] = (struct srb_tensor){.key = keys + i * (i + 1) / 2,
                                   .key_length = i + 1,
                                   .data = letters[i],
                                   .count = i + 1};
    }
}

#define SETS                                                                   \
    "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$4\r\nabcd\r\n"                             \
    "*3\r\n$3\r\nSET\r\n$2\r\nbb\r\n$8\r\nABCDEFGH\r\n"                        \
    "*3\r\n$3\r\nSET\r\n$3\r\nccc\r\n$12\r\n123456789012\r\n"
#define PX "$2\r\nPX\r\n$4\r\n1500\r\n"
#define SETS_PX                                                                \
    "*5\r\n$3\r\nSET\r\n$1\r\na\r\n$4\r\nabcd\r\n" PX                          \
    "*5\r\n$3\r\nSET\r\n$2\r\nbb\r\n$8\r\nABCDEFGH\r\n" PX                     \
    "*5\r\n$3\r\nSET\r\n$3\r\nccc\r\n$12\r\n123456789012\r\n" PX
#define GETS                                                                   \
    "*2\r\n$3\r\nGET\r\n$1\r\na\r\n*2\r\n$3\r\nGET\r\n$2\r\nbb\r\n"            \
    "*2\r\n$3\r\nGET\r\n$3\r\nccc\r\n"
#define TENSORS "$4\r\nabcd\r\n$8\r\nABCDEFGH\r\n$12\r\n123456789012\r\n"
#define REMOVE "*4\r\n$6\r\nUNLINK\r\n$1\r\na\r\n$2\r\nbb\r\n$3\r\nccc\r\n"
#define AI_SETS                                                                \
    "*7\r\n$12\r\nAI.TENSORSET\r\n$1\r\na\r\n$5\r\nFLOAT\r\n$1\r\n1\r\n"       \
    "$1\r\n1\r\n$4\r\nBLOB\r\n$4\r\nabcd\r\n"                                  \
    "*7\r\n$12\r\nAI.TENSORSET\r\n$2\r\nbb\r\n$5\r\nFLOAT\r\n$1\r\n1\r\n"      \
    "$1\r\n2\r\n$4\r\nBLOB\r\n$8\r\nABCDEFGH\r\n"                              \
    "*7\r\n$12\r\nAI.TENSORSET\r\n$3\r\nccc\r\n$5\r\nFLOAT\r\n$1\r\n1\r\n"     \
    "$1\r\n3\r\n$4\r\nBLOB\r\n$12\r\n123456789012\r\n"

enum what { PUT, EXPIRING, GET, TAKE_AWAY, AI_PUT };
static const struct {
    enum what what;
    const char *reply, *words; /* NULL: it succeeds */
} vectors[] = {
    {PUT, "+OK\r\n+OK\r\n+OK\r\n", NULL},
    {AI_PUT, "+OK\r\n+OK\r\n+OK\r\n", NULL},
    {EXPIRING, "+OK\r\n+OK\r\n+OK\r\n", NULL},
    {PUT, "+OK\r\n-OOM no memory\r\n+OK\r\n",
     "put_tensor of bb at 127.0.0.1:PORT: the server says: OOM no memory"},
    {PUT, "-NOPERM none\r\n", "put_tensor of a at"},
    {PUT, "+OK\r\n+OK\r\n:7\r\n", "put_tensor of ccc at"},
    {PUT, "+OK\r\n+OK\r\n",
     "put_tensor of ccc at 127.0.0.1:PORT: no reply "
     "within"},
    {GET, TENSORS, NULL},
    {GET, "$4\r\nabcd\r\n$-1\r\n$12\r\n123456789012\r\n",
     "unpack_tensor of bb at 127.0.0.1:PORT: the server has no such key"},
    {GET, "$4\r\nabcd\r\n$8\r\nABCDEFGH\r\n$16\r\n1234567890123456\r\n",
     "unpack_tensor of ccc at 127.0.0.1:PORT: the reply has 16 bytes instead "
     "of 12"},
    {GET, "$4\r\nabcd\r\n-WRONGTYPE it is a list\r\n",
     "unpack_tensor of bb at 127.0.0.1:PORT: the server says: WRONGTYPE it is "
     "a list"},
    {GET, "$4\r\nabcd\r\n$8\r\nABCD",
     "unpack_tensor of bb at 127.0.0.1:PORT: "
     "no reply within"},
    {TAKE_AWAY, ":3\r\n", NULL},
    {TAKE_AWAY, ":2\r\n",
     "remove of a at 127.0.0.1:PORT: the server had 2 of "
     "3 keys, the first of which this is"},
    {TAKE_AWAY, "-NOPERM this user\r\n", "the server says: NOPERM this user"},
};

static int do_it(struct client *c, enum what what, const struct srb_tensor *t,
                 struct error *err)
{
    if (what == TAKE_AWAY)
        return c->ops->remove(c, t, 3, err);
    return what == GET ? client_get_many(c, t, 3, err)
                       : client_put_many(c, t, 3, err);
}

/* Whether a vector is about waiting in vain; others get all the time there is.
 */
static bool is_late(size_t v)
{
    return vectors[v].words && strstr(vectors[v].words, "no reply within");
}

static void try_vector(const struct client_ops *ops, size_t v, size_t piece)
{
    static const char *const want[] = {[PUT] = SETS,
                                       [EXPIRING] = SETS_PX,
                                       [GET] = GETS,
                                       [TAKE_AWAY] = REMOVE,
                                       [AI_PUT] = AI_SETS};
    enum what what = vectors[v].what;
    const struct client_params p = {
        .expire_ms = what == EXPIRING ? 1500 : 0,
        .commands = what == AI_PUT ? &command_redisai : NULL};
    struct server s = {
        .want = want[what], .reply = vectors[v].reply, .piece = piece};
    float in[3][4] = {{0}};
    struct srb_tensor t[3];
    struct error err = {.text = ""};
    char words[300], port[16], *at;
    struct client *c;
    int rc;

    s.listener = listen_anywhere(&s.port, 0);
    assert_int_equal(pthread_create(&s.thread, NULL, serve, &s), 0);
    c = open_client(ops, &p, s.port, is_late(v) ? 1 : 60, 0);
    make_tensors(t);
    for (size_t i = 0; i < 3 && what == GET; i++)
        t[i].data = in[i];
    rc = do_it(c, what, t, &err);
    c->ops->close(c);
    pthread_join(s.thread, NULL);
    close(s.listener);
    if (strcmp(s.heard, s.want) != 0)
        fail_msg("%s, vector %zu: '%s' instead of '%s'", ops->name, v, s.heard,
                 s.want);
    free(s.heard);
    if (rc == 0 && what == GET)
        assert_memory_equal(in, letters, sizeof in);
    snprintf(words, sizeof words, "%s",
             vectors[v].words ? vectors[v].words : "");
    snprintf(port, sizeof port, ":%d", s.port);
    at = strstr(err.text, port);
    if (at) { /* ":PORT" is as long as any port */
        memmove(at + 5, at + strlen(port), strlen(at + strlen(port)) + 1);
        memcpy(at, ":PORT", 5);
    }
    if ((rc == 0) != !vectors[v].words || !strstr(err.text, words))
        fail_msg("%s, vector %zu by %zu: %d, '%s' instead of '%s'", ops->name,
                 v, piece, rc, err.text, words);
}

static void bytes_and_words(void **state)
{
    static const size_t pieces[] = {1, 2, 3, 7, 1000};

    (void)state;
    for (size_t k = 0; k < COUNT(clients); k++)
        for (size_t v = 0; v < COUNT(vectors); v++)
            for (size_t i = is_late(v) ? 3 : 0; i < COUNT(pieces); i++)
                try_vector(clients[k], v, pieces[i]);
}

/* ---- nobody waits for each other ---- */

/* It reads one request, answers it, and only then reads the next, as floor
 * does; with small buffers. */
struct strict {
    int listener, port;
    size_t request, reply; /* bytes of each */
    size_t n;
    char *answer;
    size_t served;
    pthread_t thread;
};

static void *serve_strictly(void *arg)
{
    struct strict *s = arg;
    int fd = accept(s->listener, NULL, NULL);
    char *room = malloc(s->request);

    while (s->served < s->n && read_whole(fd, room, s->request) &&
           write_whole(fd, s->answer, s->reply))
        s->served++;
    read_whole(fd, room, 1);
    free(room);
    close(fd);
    return NULL;
}

/* All are asked for, and then come a few at a time. */
static int get_wanted(struct client *c, const struct srb_tensor *t, size_t n,
                      struct error *err)
{
    size_t each;

    for (size_t i = 0; i < n; i += each) {
        each = n - i < 7 ? n - i : 7;
        if (c->ops->want(c, t + i, each, err) < 0)
            return -1;
    }
    if (c->wanted != n || c->ops->want(c, NULL, 0, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i += each) {
        each = n - i < 1 + i % 5 ? n - i : 1 + i % 5;
        if (client_get_many(c, t + i, each, err) < 0)
            return -1;
    }
    return c->wanted == 0 ? 0 : error_set(err, "%zu left", c->wanted);
}

enum how { MANY_PUT, MANY_GET, MANY_WANT };
static const char *const how_words[] = {"put", "get", "want"};

/* n tensors of `count` elements, all of the same key length. */
static void exchange_strictly(const struct client_ops *ops, enum how how,
                              size_t n, size_t count, int buffer)
{
    const struct client_params p = {.op_timeout = 0};
    size_t bytes = count * sizeof(float);
    struct srb_tensor *t = calloc(n, sizeof *t);
    struct strict s = {.n = n};
    struct error err = {.text = ""};
    char length[32];
    struct client *c;
    float *data = calloc(n, bytes);
    bool puts = how == MANY_PUT;
    int rc;

    snprintf(length, sizeof length, "$%zu\r\n", bytes);
    s.request = strlen("*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n") +
                (puts ? strlen(length) + bytes + 2 : 0);
    s.reply = puts ? 5 : strlen(length) + bytes + 2;
    s.answer = malloc(s.reply + 8);
    memset(s.answer, 'x', s.reply);
    memcpy(s.answer, puts ? "+OK\r\n" : length, puts ? 5 : strlen(length));
    memcpy(s.answer + s.reply - 2, "\r\n", 2);
    for (size_t i = 0; i < n; i++)
        t[i] = (struct srb_tensor){"key", 3, data + i * count, count};
    s.listener = listen_anywhere(&s.port, buffer);
    assert_int_equal(pthread_create(&s.thread, NULL, serve_strictly, &s), 0);
    c = open_client(ops, &p, s.port, 20, buffer);
    rc = how == MANY_PUT   ? client_put_many(c, t, n, &err)
         : how == MANY_GET ? client_get_many(c, t, n, &err)
                           : get_wanted(c, t, n, &err);
    c->ops->close(c);
    pthread_join(s.thread, NULL);
    if (rc < 0 || s.served != n)
        fail_msg("%s: %s of %zu x %zu bytes: %s; %zu served", ops->name,
                 how_words[how], n, bytes, err.text, s.served);
    for (size_t i = 0; i < n * bytes && !puts; i++)
        assert_int_equal(((char *)data)[i], 'x');
    close(s.listener);
    free(s.answer);
    free(data);
    free(t);
}

static void sizes_do_not_matter(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT(clients); k++) {
        exchange_strictly(clients[k], MANY_PUT, 16, 1000000, 0);
        /* requests alone are more than all buffers hold */
        exchange_strictly(clients[k], MANY_PUT, 40000, 1, 32768);
        for (enum how how = MANY_GET; how <= MANY_WANT; how++) {
            exchange_strictly(clients[k], how, 16, 1000000, 0);
            exchange_strictly(clients[k], how, 20000, 100, 32768);
            exchange_strictly(clients[k], how, 17, 20000, 65536);
        }
    }
}

/* ---- without a server ---- */

static void the_null_client_keeps_all(void **state)
{
    const struct client_params p = {.key = "first", .bytes = 4, .client = 0};
    struct error err = {.text = ""};
    struct client *c = client_null.open(&p, &err);
    float in[3][4] = {{0}};
    struct srb_tensor t[3];

    (void)state;
    assert_non_null(c);
    make_tensors(t);
    assert_int_equal(client_put_many(c, t, 3, &err), 0);
    for (size_t i = 0; i < 3; i++)
        t[i].data = in[i];
    assert_int_equal(client_get_many(c, t, 3, &err), 0);
    assert_memory_equal(in, letters, sizeof in);
    assert_int_equal(c->ops->remove(c, t, 2, &err), 0);
    assert_int_equal(c->ops->remove(c, t, 1, &err), -1);
    assert_string_equal(err.text, "client 0 has no 'a' to remove");
    c->ops->close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_and_words),
        cmocka_unit_test(sizes_do_not_matter),
        cmocka_unit_test(the_null_client_keeps_all),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
