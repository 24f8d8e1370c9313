/* One connection: bytes in, replies out, never waiting.
 *
 * A request is received into a small buffer; the rest of a SET's payload from
 * there on straight into the storage of its key. A reply goes out in one
 * gathered send. One reply is under way at a time: while it does not go out,
 * the connection takes no further request. */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "engine/floor_parts.h"

/* Small: what of a payload comes with its header is copied once more. */
#define IN_MAX ((size_t)4096)
#define OUT_MAX ((size_t)1024)
/* A payload is received in pieces of this size: they stay in the cache. */
#define PIECE ((size_t)64 * 1024)
/* One connection's share before others of its loop have their turn: what it
 * receives, and one send of what its socket takes. (Sending on for as long as
 * the reader makes room, and receiving less, kept puts waiting: with 4 clients
 * and 4 MB these took 2.3 times as long as gets, and longer than a Redis's.) */
#define TURN ((size_t)4 * 1024 * 1024)
#define TAIL ((size_t)2) /* \r\n behind a payload */

/* What a user may do, as bits. */
enum {
    MAY_CARRY = 1,   /* tensors */
    MAY_CONTROL = 2, /* the server */
    MAY_ALL = MAY_CARRY | MAY_CONTROL,
};

struct floor_conn {
    struct floor_loop *loop;
    struct floor_conn *next, **link; /* of the loop's list */
    int fd;
    uint32_t events; /* it waits for */
    bool drained;    /* the last receive left nothing behind */
    bool ending;     /* wrong: say the words, then only listen */
    unsigned may;    /* what its user may do */
    size_t turn;     /* bytes received in this turn */

    struct floor_parser parser;
    size_t at, end; /* of in: bytes not yet used */

    struct floor_value *value; /* of the SET under way */
    size_t got;                /* of its payload and tail */

    struct iovec out[3]; /* what is left of the reply */
    int first, nout;
    struct floor_value *sent; /* the reply's payload */

    char tail[TAIL];
    char in[IN_MAX];
    char text[OUT_MAX]; /* of the reply */
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Only this thread writes it, so this needs no locked instruction. */
static void count(_Atomic int64_t *counter, int64_t more)
{
    atomic_store_explicit(
        counter, atomic_load_explicit(counter, memory_order_relaxed) + more,
        memory_order_relaxed);
}

/* ---- replies ---- */

static void reply(struct floor_conn *c, const char *text, size_t n)
{
    /* sendmsg() takes plain pointers but changes nothing */
    c->out[0] = (struct iovec){(void *)(uintptr_t)text, n};
    c->first = 0;
    c->nout = 1;
}

static void reply_text(struct floor_conn *c, const char *text)
{
    reply(c, text, strlen(text));
}

static void reply_value(struct floor_conn *c, struct floor_value *v)
{
    static const char crlf[] = "\r\n";
    int n = snprintf(c->text, sizeof c->text, "$%zu\r\n", v->bytes);

    reply(c, c->text, (size_t)n);
    c->out[1] = (struct iovec){v->data, v->bytes};
    c->out[2] = (struct iovec){(void *)(uintptr_t)crlf, 2};
    c->nout = 3;
    c->sent = v;
}

/* The stream makes no sense from here on. */
static void refuse(struct floor_conn *c, const char *words)
{
    int n = snprintf(c->text, sizeof c->text, "-ERR %s\r\n", words);

    reply(c, c->text, (size_t)n);
    c->ending = true;
}

/* ---- commands ---- */

static void ping(struct floor_conn *c)
{
    reply_text(c, "+PONG\r\n");
}

static void get(struct floor_conn *c)
{
    bool busy;
    struct floor_value *v;

    if (c->parser.len != 2) {
        reply_text(c, "-ERR GET takes one key\r\n");
        return;
    }
    v = floor_store_get(c->loop->floor->store, c->parser.word[1], &busy);
    count(&c->loop->tally.gets, 1);
    if (v)
        reply_value(c, v);
    else
        reply_text(c, busy ? "-BUSY a put writes this key right now\r\n"
                           : "$-1\r\n");
}

/* What is being written is not there yet. */
static void exists(struct floor_conn *c)
{
    struct floor_value *v;
    bool busy;

    if (c->parser.len != 2) {
        reply_text(c, "-ERR EXISTS takes one key\r\n");
        return;
    }
    v = floor_store_get(c->loop->floor->store, c->parser.word[1], &busy);
    reply_text(c, v ? ":1\r\n" : ":0\r\n");
    floor_value_drop(v);
}

static void unlink_keys(struct floor_conn *c)
{
    int gone = 0, n;

    for (int k = 1; k < c->parser.len; k++)
        gone += floor_store_remove(c->loop->floor->store, c->parser.word[k]);
    n = snprintf(c->text, sizeof c->text, ":%d\r\n", gone);
    reply(c, c->text, (size_t)n);
}

/* One of three words is not a command but a payload, see begin_value(). */
static void set(struct floor_conn *c)
{
    reply_text(c, "-ERR SET takes a key and a value\r\n");
}

static int64_t sum(const struct floor *f, size_t offset)
{
    int64_t total = 0;

    for (int i = 0; i < f->config.threads; i++) {
        const char *tally = (const char *)&f->loop[i].tally;

        total += atomic_load_explicit(
            (const _Atomic int64_t *)(const void *)(tally + offset),
            memory_order_relaxed);
    }
    return total;
}

#define SUM(f, field) sum(f, offsetof(struct floor_tally, field))

/* Under the names that Redis has for them. */
static int print_info(const struct floor *f, char *text, size_t n)
{
    return snprintf(text, n,
                    "# Server\r\nprocess_id:%ld\r\nthreads:%d\r\n"
                    "max_value_bytes:%" PRId64 "\r\n"
                    "# Stats\r\ntotal_net_input_bytes:%" PRId64 "\r\n"
                    "total_net_output_bytes:%" PRId64 "\r\n"
                    "# Commandstats\r\ncmdstat_set:calls=%" PRId64 "\r\n"
                    "cmdstat_get:calls=%" PRId64 "\r\n",
                    (long)getpid(), f->config.threads, f->config.max_bytes,
                    SUM(f, bytes_in), SUM(f, bytes_out), SUM(f, sets),
                    SUM(f, gets));
}

/* All sections, whichever was asked for. */
static void info(struct floor_conn *c)
{
    char body[OUT_MAX - 64];
    int n = print_info(c->loop->floor, body, sizeof body);

    n = snprintf(c->text, sizeof c->text, "$%d\r\n%s\r\n", n, body);
    reply(c, c->text, (size_t)n);
}

static void flush_all(struct floor_conn *c)
{
    floor_store_clear(c->loop->floor->store);
    reply_text(c, "+OK\r\n");
}

void floor_end(struct floor *f)
{
    atomic_store(&f->ending, true);
    eventfd_write(f->end_event, 1);
}

/* No reply: the end of the connection is one. */
static void shut_down(struct floor_conn *c)
{
    floor_end(c->loop->floor);
}

/* In Redis's words. */
static void deny(struct floor_conn *c)
{
    reply_text(c, c->may ? "-NOPERM this user has no permissions to do that\r\n"
                         : "-NOAUTH Authentication required.\r\n");
}

/* Whether the request AUTH names this user and the password with this hash. The
 * time that a comparison of hashes takes tells nothing of the password. */
static bool is_user(const struct floor_parser *p, const char *user,
                    const char *hash)
{
    char hex[SRB_SHA256_HEX];

    sha256_hex(p->word[2].text, p->word[2].bytes, hex);
    return floor_says(p, 1, user) && strcmp(hex, hash) == 0;
}

static void auth(struct floor_conn *c)
{
    const struct floor_config *f = &c->loop->floor->config;
    unsigned may = 0;

    if (c->parser.len != 3) {
        reply_text(c, "-ERR AUTH takes a user and a password\r\n");
        return;
    }
    if (is_user(&c->parser, SRB_USER_CLIENT, f->client_password))
        may = MAY_CARRY;
    else if (is_user(&c->parser, SRB_USER_STEWARD, f->steward_password))
        may = MAY_CONTROL;
    if (may)
        c->may = may;
    reply_text(c, may ? "+OK\r\n"
                      : "-WRONGPASS invalid username-password pair or user is "
                        "disabled.\r\n");
}

static void command(struct floor_conn *c)
{
    static const struct {
        const char *name;
        void (*obey)(struct floor_conn *c);
        unsigned by; /* those who may this */
    } commands[] = {
        {"GET", get, MAY_CARRY},
        {"SET", set, MAY_CARRY},
        {"EXISTS", exists, MAY_CARRY},
        {"UNLINK", unlink_keys, MAY_CARRY},
        {"PING", ping, MAY_ALL},
        {"INFO", info, MAY_CONTROL},
        {"FLUSHALL", flush_all, MAY_CONTROL},
        {"SHUTDOWN", shut_down, MAY_CONTROL},
    };

    if (floor_says(&c->parser, 0, "AUTH")) {
        auth(c);
        return;
    }

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (floor_says(&c->parser, 0, commands[i].name)) {
            (c->may & commands[i].by ? commands[i].obey : deny)(c);
            return;
        }
    reply_text(c, "-ERR unknown command: this server carries tensors and "
                  "knows AUTH, SET, GET, EXISTS, UNLINK, PING, INFO, "
                  "FLUSHALL and SHUTDOWN\r\n");
}

/* ---- a SET's payload ---- */

static void begin_value(struct floor_conn *c)
{
    const struct floor *f = c->loop->floor;
    int64_t bytes = c->parser.number;
    char words[128];

    if (!(c->may & MAY_CARRY)) {
        /* its payload, of any size, is not even received */
        deny(c);
        c->ending = true;
        return;
    }
    if (bytes > f->config.max_bytes) {
        snprintf(words, sizeof words,
                 "a value of %" PRId64 " bytes, this server holds %" PRId64
                 " at most",
                 bytes, f->config.max_bytes);
        refuse(c, words);
        return;
    }
    c->got = 0;
    c->value = floor_store_take(f->store, c->parser.word[1], (size_t)bytes);
    if (!c->value)
        refuse(c, "not enough memory for the value");
}

static void end_value(struct floor_conn *c)
{
    struct floor_store *store = c->loop->floor->store;
    struct floor_value *v = c->value;

    c->value = NULL;
    if (memcmp(c->tail, "\r\n", TAIL) != 0) {
        floor_store_spoil(store, c->parser.word[1], v);
        refuse(c, "a value does not end where its length says");
    } else if (floor_store_put(store, c->parser.word[1], v) < 0) {
        refuse(c, "not enough memory for the key");
    } else {
        count(&c->loop->tally.sets, 1);
        reply_text(c, "+OK\r\n");
    }
}

/* Where the payload's next bytes go: at most a piece of it, and behind the last
 * one the tail. */
static int value_buffers(struct floor_conn *c, struct iovec in[2])
{
    size_t bytes = c->value->bytes;
    size_t in_data = least(c->got, bytes), in_tail = c->got - in_data;
    size_t left = bytes - in_data;
    int n = 0;

    if (left > 0)
        in[n++] = (struct iovec){c->value->data + in_data, least(left, PIECE)};
    if (left <= PIECE)
        in[n++] = (struct iovec){c->tail + in_tail, TAIL - in_tail};
    return n;
}

/* ---- bytes in ---- */

/* Use bytes of the small buffer. Whether that got anywhere. */
static bool use_buffered(struct floor_conn *c)
{
    size_t have = c->end - c->at, used = 0;
    enum floor_event event;

    if (have == 0)
        return false;
    if (c->ending) {
        used = have;
    } else if (c->value) {
        struct iovec in[2];
        int n = value_buffers(c, in);

        for (int i = 0; i < n; i++) {
            size_t k = least(in[i].iov_len, have - used);

            memcpy(in[i].iov_base, c->in + c->at + used, k);
            used += k;
        }
        c->got += used;
    } else {
        event = floor_parse(&c->parser, c->in + c->at, have, &used);
        if (event == FLOOR_COMMAND)
            command(c);
        else if (event == FLOOR_VALUE)
            begin_value(c);
        else if (event == FLOOR_WRONG)
            refuse(c, c->parser.why);
    }
    c->at += used;
    if (c->value && c->got == c->value->bytes + TAIL)
        end_value(c);
    return true;
}

/* Receive once, into the payload or the empty buffer. 1: some bytes; 0: there
 * are none, or it is the turn of others; -1: no more will come. */
static int receive(struct floor_conn *c)
{
    struct iovec in[2] = {{c->in, IN_MAX}};
    struct msghdr m = {.msg_iov = in, .msg_iovlen = 1};
    size_t asked = 0;
    ssize_t got;

    if (c->drained || c->turn >= TURN)
        return 0;
    if (c->value)
        m.msg_iovlen = (size_t)value_buffers(c, in);
    for (size_t i = 0; i < m.msg_iovlen; i++)
        asked += in[i].iov_len;
    got = recvmsg(c->fd, &m, 0);
    if (got < 0 && errno == EINTR)
        return 1;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return 0;
    if (got <= 0)
        return -1;
    /* less than was asked for: a stream has no more, see epoll(7) */
    c->drained = (size_t)got < asked;
    c->turn += (size_t)got;
    count(&c->loop->tally.bytes_in, got);
    if (!c->value) {
        c->at = 0;
        c->end = (size_t)got;
        return 1;
    }
    c->got += (size_t)got;
    if (c->got == c->value->bytes + TAIL)
        end_value(c);
    return 1;
}

/* ---- bytes out ---- */

static void advance(struct floor_conn *c, size_t n)
{
    while (c->nout > 0 && n >= c->out[c->first].iov_len) {
        n -= c->out[c->first].iov_len;
        c->first++;
        c->nout--;
    }
    if (c->nout > 0) {
        struct iovec *o = &c->out[c->first];

        o->iov_base = (char *)o->iov_base + n;
        o->iov_len -= n;
    }
}

/* Once. 1: the reply is gone, 0: there is more of it, for the next turn or a
 * reader that is slow, -1: it is away. */
static int send_reply(struct floor_conn *c)
{
    struct msghdr m = {.msg_iov = c->out + c->first,
                       .msg_iovlen = (size_t)c->nout};
    ssize_t put;

    do
        put = sendmsg(c->fd, &m, MSG_NOSIGNAL);
    while (put < 0 && errno == EINTR);
    if (put < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
    count(&c->loop->tally.bytes_out, put);
    advance(c, (size_t)put);
    if (c->nout > 0)
        return 0;
    floor_value_drop(c->sent);
    c->sent = NULL;
    /* whoever talks nonsense hears the words, then the end; what it still
     * sends is dropped, since a close in its face could lose the words */
    if (c->ending)
        shutdown(c->fd, SHUT_WR);
    return 1;
}

/* Level-triggered, and changed only around a reply that does not go out at
 * once: no system call in the steady state. */
static int wait_for(struct floor_conn *c, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = c};

    if (c->events == events)
        return 0;
    c->events = events;
    return epoll_ctl(c->loop->epoll, EPOLL_CTL_MOD, c->fd, &e);
}

/* As far as it goes without waiting; -1 when the connection is over. */
static int proceed(struct floor_conn *c)
{
    for (;;) {
        int rc = c->nout > 0 ? send_reply(c) : 1;

        if (rc <= 0)
            return rc < 0 ? -1 : wait_for(c, EPOLLOUT);
        if (use_buffered(c))
            continue;
        rc = receive(c);
        if (rc <= 0)
            return rc < 0 ? -1 : wait_for(c, EPOLLIN);
    }
}

void floor_conn_serve(struct floor_conn *c)
{
    c->drained = false;
    c->turn = 0;
    if (proceed(c) < 0)
        floor_conn_close(c);
}

/* ---- beginning and end ---- */

int floor_conn_open(struct floor_loop *loop, int fd)
{
    struct floor_conn *c = calloc(1, sizeof *c);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    int one = 1;

    if (!c) {
        close(fd);
        return -1;
    }
    c->loop = loop;
    c->fd = fd;
    c->events = EPOLLIN;
    c->may = loop->floor->config.client_password[0] ? 0 : MAY_ALL;
    /* fails on a Unix socket, which knows no delay */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    pthread_mutex_lock(&loop->lock);
    c->next = loop->first;
    c->link = &loop->first;
    if (c->next)
        c->next->link = &c->next;
    loop->first = c;
    pthread_mutex_unlock(&loop->lock);
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &e) != 0) {
        floor_conn_close(c);
        return -1;
    }
    return 0; /* from here on it is another thread's */
}

void floor_conn_close(struct floor_conn *c)
{
    pthread_mutex_lock(&c->loop->lock);
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    pthread_mutex_unlock(&c->loop->lock);
    close(c->fd);
    if (c->value)
        floor_store_spoil(c->loop->floor->store, c->parser.word[1], c->value);
    floor_value_drop(c->sent);
    free(c);
}
