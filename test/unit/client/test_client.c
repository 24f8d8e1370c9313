/* The clients against a scripted server: it answers every request with given
 * bytes, in pieces of a given size, and may then close. Both clients must agree
 * on what is an error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/tick.h"
#include "client/client.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A server for one connection and one request. */
struct script {
    int listener, port;
    size_t request; /* bytes to read before it answers */
    const char *reply;
    size_t length, piece; /* of the reply, and of each send */
    bool hang;            /* keep the connection open, silently */
    pthread_t thread;
    char *heard; /* the request, allocated */
};

static void *serve(void *arg)
{
    struct script *s = arg;
    int fd = accept(s->listener, NULL, NULL);
    size_t n = 0;
    char byte;

    while (n < s->request) {
        ssize_t got = recv(fd, s->heard + n, s->request - n, 0);

        if (got <= 0)
            break;
        n += (size_t)got;
    }
    for (size_t at = 0; at < s->length; at += s->piece) {
        size_t left = s->length - at;

        send(fd, s->reply + at, left < s->piece ? left : s->piece,
             MSG_NOSIGNAL);
        if (s->piece < s->length && s->length < 64)
            tick_sleep(200000);
    }
    if (s->hang)
        while (recv(fd, &byte, 1, 0) > 0)
            ;
    close(fd);
    return NULL;
}

static void script_start(struct script *s)
{
    struct sockaddr_in sa = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof sa;

    s->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&sa, len), 0);
    assert_int_equal(listen(s->listener, 1), 0);
    getsockname(s->listener, (struct sockaddr *)&sa, &len);
    s->port = ntohs(sa.sin_port);
    s->heard = calloc(1, s->request + 1);
    assert_non_null(s->heard);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void script_end(struct script *s)
{
    pthread_join(s->thread, NULL);
    close(s->listener);
    free(s->heard);
}

static struct client *connect_with(const struct client_ops *ops,
                                   const struct command_set *commands, int port,
                                   size_t bytes, double timeout)
{
    const struct client_params p = {.address = "127.0.0.1",
                                    .port = port,
                                    .key = "k",
                                    .bytes = bytes,
                                    .commands = commands,
                                    .op_timeout = timeout};
    struct error err = {.text = ""};
    struct client *c = ops->open(&p, &err);

    if (!c)
        fail_msg("%s: %s", ops->name, err.text);
    return c;
}

static struct client *connect_to(const struct client_ops *ops, int port,
                                 size_t bytes, double timeout)
{
    return connect_with(ops, NULL, port, bytes, timeout);
}

#define PUT_8 "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$8\r\nabcdefgh\r\n"
#define GET "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"

struct vector {
    const char *reply;
    bool hang;
    const char *words; /* NULL: succeeds; else part of the error */
};

static const struct vector puts_[] = {
    {"+OK\r\n", true, NULL},
    {"-OOM command not allowed\r\n", true, "OOM command not allowed"},
    {"-MOVED 5 10.0.0.1:6379\r\n", true, "MOVED 5 10.0.0.1:6379"},
    {"-LOADING Redis is loading\r\n", true, "LOADING Redis is loading"},
    {"-CLUSTERDOWN Hash slot not served\r\n", true, "CLUSTERDOWN"},
    {"+QUEUED\r\n", true, ""},
    {":1\r\n", true, ""},
    {"", false, "closed"},
    {"+O", false, "closed"},
    {"", true, "no reply within"},
    {"+OK", true, "no reply within"},
};

static const struct vector gets[] = {
    {"$8\r\nabcdefgh\r\n", true, NULL},
    {"-ERR unknown\r\n", true, "ERR unknown"},
    {"-MOVED 5 10.0.0.1:6379\r\n", true, "MOVED 5 10.0.0.1:6379"},
    {"$-1\r\n", true, "no such key"},
    {"$7\r\nabcdefg\r\n", true, "7 bytes instead of 8"},
    {"$80\r\n"
     "01234567890123456789012345678901234567890123456789012345678901234567890"
     "123456789\r\n",
     true, "80 bytes instead of 8"},
    {":8\r\n", true, ""},
    {"", false, "closed"},
    {"$8\r", false, "closed"},
    {"$8\r\nabcd", false, "closed"},
    {"$8\r\nabcdefgh\r", false, "closed"},
    {"", true, "no reply within"},
    {"$8\r\nabcd", true, "no reply within"},
    {"$8\r\nabcdefgh", true, "no reply within"},
};

static void check(const struct client_ops *ops, const char *what,
                  const struct vector *v, size_t piece, int rc,
                  const struct error *err, const char *data)
{
    if (!v->words && rc != 0)
        fail_msg("%s: %s '%s' by %zu: %s", ops->name, what, v->reply, piece,
                 err->text);
    if (v->words && rc == 0)
        fail_msg("%s: %s took '%s' by %zu", ops->name, what, v->reply, piece);
    if (v->words && !strstr(err->text, v->words))
        fail_msg("%s: %s '%s' by %zu: '%s' does not say '%s'", ops->name, what,
                 v->reply, piece, err->text, v->words);
    if (!v->words && data && memcmp(data, "abcdefgh", 8) != 0)
        fail_msg("%s: %s by %zu brought '%.8s'", ops->name, what, piece, data);
}

/* What a tensor of RedisAI's of 8 bytes is asked for with, and is. */
#define TENSOR_PUT_8                                                           \
    "*7\r\n$12\r\nAI.TENSORSET\r\n$1\r\nk\r\n$5\r\nFLOAT\r\n$1\r\n1\r\n"       \
    "$1\r\n2\r\n$4\r\nBLOB\r\n$8\r\nabcdefgh\r\n"
#define TENSOR_GET                                                             \
    "*4\r\n$12\r\nAI.TENSORGET\r\n$1\r\nk\r\n$4\r\nMETA\r\n$4\r\nBLOB\r\n"
#define DTYPE "$5\r\ndtype\r\n$5\r\nFLOAT\r\n"
#define SHAPE "$5\r\nshape\r\n*2\r\n:1\r\n:2\r\n"
#define BLOB "$4\r\nblob\r\n$8\r\nabcdefgh\r\n"
#define NOT_IT "not the FLOAT tensor of 2 elements that was put"

static const struct vector tensors[] = {
    {"*6\r\n" DTYPE SHAPE BLOB, true, NULL},
    {"-ERR tensor key is empty or in a different shard\r\n", true,
     "tensor key is empty"},
    {"-WRONGTYPE Operation against a key\r\n", true, "WRONGTYPE"},
    {"-ERR unknown command 'AI.TENSORGET'\r\n", true, "unknown command"},
    {"$-1\r\n", true, "no such key"},
    {"*6\r\n$5\r\ndtype\r\n$6\r\nDOUBLE\r\n" SHAPE BLOB, true, NOT_IT},
    {"*6\r\n" DTYPE "$5\r\nshape\r\n*2\r\n:1\r\n:3\r\n" BLOB, true, NOT_IT},
    {"*6\r\n" DTYPE "$5\r\nshape\r\n*2\r\n:2\r\n:2\r\n" BLOB, true, NOT_IT},
    {"*6\r\n" DTYPE "$5\r\nshape\r\n*1\r\n:2\r\n" BLOB, true, NOT_IT},
    {"*4\r\n" DTYPE SHAPE, true, NOT_IT},
    {"*6\r\n" DTYPE SHAPE "$4\r\nblob\r\n$7\r\nabcdefg\r\n", true, ""},
    {"*6\r\n" DTYPE SHAPE "$6\r\nvalues\r\n$8\r\nabcdefgh\r\n", true, NOT_IT},
    /* words in types that no RedisAI sends: an error at once, no wait for the
     * bytes that strings would have had more */
    {"*6\r\n+dtype\r\n+FLOAT\r\n+shape\r\n*2\r\n:1\r\n:2\r\n+blob\r\n"
     "$8\r\nabcdefgh\r\n",
     true, NOT_IT},
    {"*6\r\n$5\r\ndtype\r\n+FLOAT\r\n" SHAPE BLOB, true, NOT_IT},
    {"*6\r\n" DTYPE "$5\r\nshape\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n" BLOB, true,
     NOT_IT},
    {"*6\r\n" DTYPE SHAPE "+blob\r\n$8\r\nabcdefgh\r\n", true, NOT_IT},
    {"*6\r\n" DTYPE SHAPE "$4\r\nblob\r\n+abcdefgh\r\n", true, NOT_IT},
    {"*6\r\n" DTYPE SHAPE "$4\r\nblob\r\n$-1\r\n", true, NOT_IT},
    {"*-1\r\n", true, ""},
    {"+OK\r\n", true, ""},
    {"*6\r\n" DTYPE, false, "closed"},
    {"*6\r\n" DTYPE SHAPE "$4\r\nblob\r\n$8\r\nabc", false, "closed"},
    {"*6\r\n" DTYPE SHAPE "$4\r\nblob\r\n$8\r\nabc", true, "no reply within"},
    {"", true, "no reply within"},
};

/* The requests of a command set. */
struct set_vector {
    const struct command_set *commands;
    const char *put, *get;
};

static const struct set_vector plain = {&command_plain, PUT_8, GET};
static const struct set_vector redisai = {&command_redisai, TENSOR_PUT_8,
                                          TENSOR_GET};

static void one(const struct client_ops *ops, const struct set_vector *set,
                const struct vector *v, bool is_put, size_t piece)
{
    const char *request = is_put ? set->put : set->get;
    struct script s = {.request = strlen(request),
                       .reply = v->reply,
                       .length = strlen(v->reply),
                       .piece = piece,
                       .hang = v->hang};
    /* who is to wait in vain need not wait long */
    bool vain = v->words && strstr(v->words, "no reply");
    struct error err = {.text = ""};
    char in[8] = "", out[] = "abcdefgh";
    struct client *c;
    int rc;

    script_start(&s);
    c = connect_with(ops, set->commands, s.port, 8, vain ? 0.2 : 600);
    rc = is_put ? ops->put(c, out, &err) : ops->get(c, in, &err);
    check(ops, is_put ? "put" : "get", v, piece, rc, &err, is_put ? NULL : in);
    ops->close(c);
    pthread_join(s.thread, NULL);
    if (strcmp(s.heard, request) != 0)
        fail_msg("%s sent '%s'", ops->name, s.heard);
    close(s.listener);
    free(s.heard);
}

/* One that is waited for until the client gives up is not tried with every
 * piece. */
static bool takes_time(const struct vector *v)
{
    return v->words && strcmp(v->words, "no reply within") == 0;
}

static void all(const struct client_ops *ops)
{
    static const size_t pieces[] = {1, 2, 3, 5, 7, 1000};

    for (size_t i = 0; i < COUNT(puts_); i++)
        for (size_t k = takes_time(&puts_[i]) ? COUNT(pieces) - 2 : 0;
             k < COUNT(pieces); k++)
            one(ops, &plain, &puts_[i], true, pieces[k]);
    for (size_t i = 0; i < COUNT(gets); i++)
        for (size_t k = takes_time(&gets[i]) ? COUNT(pieces) - 2 : 0;
             k < COUNT(pieces); k++)
            one(ops, &plain, &gets[i], false, pieces[k]);
}

static void all_tensors(const struct client_ops *ops)
{
    static const size_t pieces[] = {1, 3, 7, 1000};

    for (size_t k = 0; k < COUNT(pieces); k++)
        one(ops, &redisai, &puts_[0], true, pieces[k]);
    for (size_t i = 0; i < COUNT(tensors); i++)
        for (size_t k = takes_time(&tensors[i]) ? COUNT(pieces) - 2 : 0;
             k < COUNT(pieces); k++)
            one(ops, &redisai, &tensors[i], false, pieces[k]);
}

static void both_understand_tensors_of_redisai(void **state)
{
    (void)state;
    all_tensors(&client_socket);
    all_tensors(&client_hiredis);
}

static void socket_understands_every_reply(void **state)
{
    (void)state;
    all(&client_socket);
}

static void hiredis_agrees(void **state)
{
    (void)state;
    all(&client_hiredis);
}

/* A payload of many pieces, cut by the server at odd places. */
static void socket_receives_long_payloads(void **state)
{
    static const size_t sizes[] = {4,      65534,  65535,  65536,   65537,
                                   131070, 131072, 200000, 1000000, 3000004};
    static const size_t pieces[] = {999, 65536, 100003, 4000000};

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++)
        for (size_t k = 0; k < COUNT(pieces); k++) {
            size_t n = sizes[i];
            char *reply = malloc(n + 64), *in = calloc(1, n);
            size_t head = (size_t)sprintf(reply, "$%zu\r\n", n);
            struct script s = {.request = strlen(GET),
                               .reply = reply,
                               .piece = pieces[k],
                               .length = head + n + 2,
                               .hang = true};
            struct error err = {.text = ""};
            struct client *c;

            for (size_t b = 0; b < n; b++)
                reply[head + b] = (char)(b * 2654435761u >> 13);
            memcpy(reply + head + n, "\r\n", 2);
            script_start(&s);
            c = connect_to(&client_socket, s.port, n, 10);
            if (client_socket.get(c, in, &err) < 0)
                fail_msg("%zu by %zu: %s", n, pieces[k], err.text);
            if (memcmp(in, reply + head, n) != 0)
                fail_msg("%zu by %zu came wrong", n, pieces[k]);
            client_socket.close(c);
            script_end(&s);
            free(reply);
            free(in);
        }
}

/* A server that refuses in the middle of a long put and closes. */
static void socket_hears_why_a_put_is_refused(void **state)
{
    struct script s = {.request = 100,
                       .reply = "-ERR Protocol error: invalid bulk length\r\n",
                       .length = 42,
                       .piece = 42};
    size_t n = 32 * 1024 * 1024;
    struct error err = {.text = ""};
    char *out = calloc(1, n);
    struct client *c;

    (void)state;
    script_start(&s);
    c = connect_to(&client_socket, s.port, n, 5);
    assert_int_equal(client_socket.put(c, out, &err), -1);
    /* the reset may overtake the words */
    if (!strstr(err.text, "invalid bulk length") &&
        !strstr(err.text, "reset") && !strstr(err.text, "Broken pipe"))
        fail_msg("it says '%s'", err.text);
    client_socket.close(c);
    script_end(&s);
    free(out);
}

/* ---- from where clients come ---- */

/* A socket that listens and is never asked for its connections. */
static int deaf_server(const char *address, int backlog, int *port)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    struct sockaddr_in four = {.sin_family = AF_INET};
    bool v6 = strchr(address, ':') != NULL;
    struct sockaddr *sa =
        v6 ? (struct sockaddr *)&six : (struct sockaddr *)&four;
    socklen_t len = v6 ? sizeof six : sizeof four;
    int fd = socket(sa->sa_family, SOCK_STREAM, 0);

    inet_pton(sa->sa_family, address,
              v6 ? (void *)&six.sin6_addr : (void *)&four.sin_addr);
    if (fd < 0 || bind(fd, sa, len) != 0 || listen(fd, backlog) != 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    getsockname(fd, sa, &len);
    *port = ntohs(v6 ? six.sin6_port : four.sin_port);
    return fd;
}

static const struct {
    const char *address, *source;
    const char *seen;  /* the client's own address; NULL: it fails */
    const char *words; /* of the failure, behind the server's port */
} sources[] = {
    {"127.0.0.1", NULL, "127.0.0.1", NULL},
    {"127.0.0.1", "127.0.0.1", "127.0.0.1", NULL},
    {"127.0.0.1", "127.0.0.9", "127.0.0.9", NULL},
    {"127.0.0.7", NULL, "127.0.0.1", NULL}, /* as the kernel likes */
    {"127.0.0.7", "127.0.0.9", "127.0.0.9", NULL},
    {"::1", NULL, "::1", NULL},
    {"::1", "::1", "::1", NULL},
    /* nobody's: reserved, and for packets to discard (RFC 1112, RFC 6666) */
    {"127.0.0.1", "240.0.0.1", NULL,
     " from 240.0.0.1: cannot use that address: Cannot assign requested "
     "address"},
    {"::1", "100::1", NULL,
     " from 100::1: cannot use that address: Cannot assign requested "
     "address"},
    {"127.0.0.1", "ib0", NULL, " from ib0: 'ib0' is no numeric address"},
    {"127.0.0.1", "", NULL, " from : '' is no numeric address"},
};

static void check_source(const struct client_ops *ops, size_t i)
{
    char where[128], wanted[256], got[SRB_ADDRESS_MAX];
    struct client_params p = {.address = sources[i].address,
                              .source = sources[i].source,
                              .key = "k",
                              .bytes = 8,
                              .client = 7,
                              .op_timeout = 5};
    struct error err = {.text = ""};
    int fd = deaf_server(p.address, 1, &p.port);
    struct client *c;

    if (fd < 0 && strchr(p.address, ':'))
        return; /* a machine without IPv6 */
    assert_true(fd >= 0);
    c = ops->open(&p, &err);
    if (c && sources[i].seen) {
        client_address(c, got);
        assert_string_equal(got, sources[i].seen);
    } else if (c || sources[i].seen) {
        fail_msg("vector %zu: %s", i, c ? "it connected" : err.text);
    } else {
        snprintf(where, sizeof where,
                 strchr(p.address, ':') ? "[%s]:%d" : "%s:%d", p.address,
                 p.port);
        snprintf(wanted, sizeof wanted, "client 7: cannot connect to %s%s",
                 where, sources[i].words);
        assert_string_equal(err.text, wanted);
    }
    if (c)
        ops->close(c);
    close(fd);
}

static void clients_leave_from_their_address(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sources); i++) {
        check_source(&client_socket, i);
        check_source(&client_hiredis, i);
    }
}

/* A queue that is full drops who comes: as if the server were cut off. */
static void connecting_has_a_time_limit(void **state)
{
    struct client_params p = {
        .address = "127.0.0.1", .key = "k", .bytes = 8, .op_timeout = 0.3};
    int fd = deaf_server(p.address, 0, &p.port), n = 0;
    struct error err = {.text = ""};
    struct client *filling[8];
    int64_t start;

    (void)state;
    do {
        start = tick_now();
        assert_true(n < (int)COUNT(filling));
        filling[n] = client_socket.open(&p, &err);
    } while (filling[n] && ++n);
    assert_in_range(tick_now() - start, INT64_C(300000000),
                    INT64_C(60000000000));
    assert_non_null(strstr(err.text, ": no answer within 0.3 s (op_timeout)"));
    while (n-- > 0)
        client_socket.close(filling[n]);
    close(fd);
    assert_null(client_socket.open(&p, &err));
    assert_non_null(strstr(err.text, ": Connection refused"));
}

/* What a client says first, and what comes of the answer to it. */
#define AUTH "*3\r\n$4\r\nAUTH\r\n$14\r\nsrbench-client\r\n$6\r\nSesaMe\r\n"

static void check_login(const struct client_ops *ops, const char *reply,
                        double op_timeout, const char *words)
{
    const struct login login = {SRB_USER_CLIENT, "SesaMe"};
    struct script s = {.request = strlen(AUTH),
                       .reply = reply,
                       .piece = 2,
                       .length = strlen(reply),
                       .hang = true};
    struct client_params p = {.address = "127.0.0.1",
                              .login = &login,
                              .key = "k",
                              .bytes = 8,
                              .op_timeout = op_timeout};
    struct error err = {.text = ""};
    struct client *c;

    script_start(&s);
    p.port = s.port;
    c = ops->open(&p, &err);
    if (!c != (words != NULL) || (words && !strstr(err.text, words)) ||
        strstr(err.text, login.password))
        fail_msg("%s: '%s'", ops->name, err.text);
    if (c)
        ops->close(c);
    pthread_join(s.thread, NULL);
    assert_string_equal(s.heard, AUTH);
    close(s.listener);
    free(s.heard);
}

static void clients_log_in(void **state)
{
    static const struct {
        const char *reply;
        double op_timeout;
        const char *words;
    } vectors[] = {
        {"+OK\r\n", 600, NULL},
        {"-WRONGPASS invalid username-password pair\r\n", 600,
         "AUTH as srbench-client: the server says: WRONGPASS"},
        {"", 0.3, "AUTH: no reply within 0.3 s"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        check_login(&client_socket, vectors[i].reply, vectors[i].op_timeout,
                    vectors[i].words);
        check_login(&client_hiredis, vectors[i].reply, vectors[i].op_timeout,
                    vectors[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(socket_understands_every_reply),
        cmocka_unit_test(hiredis_agrees),
        cmocka_unit_test(both_understand_tensors_of_redisai),
        cmocka_unit_test(socket_receives_long_payloads),
        cmocka_unit_test(socket_hears_why_a_put_is_refused),
        cmocka_unit_test(clients_leave_from_their_address),
        cmocka_unit_test(connecting_has_a_time_limit),
        cmocka_unit_test(clients_log_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
