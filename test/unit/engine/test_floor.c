/* The built-in server: its parser over streams cut anywhere, its store, and the
 * server itself on a port of its own, in a thread of the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/tick.h"
#include "engine/floor_parse.h"
#include "engine/floor_server.h"
#include "engine/floor_store.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MAX_BYTES (INT64_C(64) * 1024 * 1024)
#define SECONDS 20 /* the longest wait for anything */

/* ---- the parser ---- */

/* A stream and the events it gives: C command, V a value (whose bytes and \r\n
 * the test then takes), W wrong; "" where it only wants more. */
static const struct {
    const char *stream;
    const char *events;
    const char *words; /* of the last request, each after a blank */
} streams[] = {
    {"*1\r\n$4\r\nPING\r\n", "C", " PING"},
    {"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "C", " GET k"},
    {"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\nabc\r\n", "V", " SET k"},
    {"*3\r\n$3\r\nset\r\n$1\r\nk\r\n$0\r\n\r\n", "V", " set k"},
    {"*3\r\n$3\r\nSET\r\n$0\r\n\r\n$1\r\na\r\n", "V", " SET "},
    {"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n*\r\n*1\r\n$4\r\nPING\r\n", "VC",
     " PING"},
    {"*2\r\n$3\r\nSET\r\n$1\r\nk\r\n", "C", " SET k"},
    {"*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n$2\r\nNX\r\n", "C",
     " SET k v NX"},
    {"*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n*2\r\n$8\r\nFLUSHALL\r\n$4\r\nSYNC"
     "\r\n",
     "CC", " FLUSHALL SYNC"},
    {"*2\r\n$3\r\nGET\r\n$4\r\na\r\nb\r\n", "C", " GET a\r\nb"},
    {"*1\r\n$4\r\nPING", "", NULL},
    {"*1\r\n$4\r\nPING\r", "", NULL},
    {"", "", NULL},
    /* not requests */
    {"PING\r\n", "W", NULL},
    {"\r\n", "W", NULL},
    {"*0\r\n", "W", NULL},
    {"*-1\r\n", "W", NULL},
    {"*\r\n", "W", NULL},
    {"*17\r\n", "W", NULL},
    {"*1\n$4", "W", NULL},
    {"*1\rx", "W", NULL},
    {"*01\r\n", "W", NULL},
    {"*+1\r\n", "W", NULL},
    {"* 1\r\n", "W", NULL},
    {"*1\r\n:4\r\n", "W", NULL},
    {"*1\r\n$-1\r\n", "W", NULL},
    {"*1\r\n$\r\n", "W", NULL},
    {"*1\r\n$4x\r\n", "W", NULL},
    {"*1\r\n$4\r\nPINGS\r\n", "W", NULL},
    {"*1\r\n$4\r\nPING\n", "W", NULL},
    {"*1\r\n$4\r\nPING\rx", "W", NULL},
    {"*1\r\n$1025\r\n", "W", NULL},
    {"*2\r\n$3\r\nGET\r\n$1022\r\n", "W", NULL},
    {"*1\r\n$9223372036854775807\r\n", "W", NULL},
    /* beyond 64 bits, and where a product would wrap to something small */
    {"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$9223372036854775808\r\n", "W", NULL},
    {"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$18446744073709551617\r\n", "W", NULL},
    {"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$99999999999999999999999\r\n", "W", NULL},
    {"*18446744073709551617\r\n", "W", NULL},
    {"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$-1\r\n", "W", NULL},
    {"*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\nx", "CCW", NULL},
};

struct seen {
    char events[8];
    size_t n;
    char words[128];
    size_t skip; /* bytes of a value still to come, its \r\n too */
};

static void note(struct seen *s, enum floor_event event,
                 const struct floor_parser *p)
{
    size_t at = 0;

    assert_true(s->n + 1 < sizeof s->events);
    s->events[s->n++] = event == FLOOR_COMMAND ? 'C'
                        : event == FLOOR_VALUE ? 'V'
                                               : 'W';
    for (int k = 0; k < p->len; k++)
        at += (size_t)snprintf(s->words + at, sizeof s->words - at, " %.*s",
                               (int)p->word[k].bytes, p->word[k].text);
    if (event == FLOOR_VALUE)
        s->skip = (size_t)p->number + 2;
    if (event == FLOOR_WRONG)
        assert_true(p->why && p->why[0]);
}

/* Feed the stream in pieces of a size. Each piece is a copy on the heap of just
 * its size, so that a read beyond it is seen. */
static void feed(const char *stream, size_t piece, struct seen *s)
{
    struct floor_parser p = {0};
    size_t len = strlen(stream);
    bool wrong = false;

    for (size_t at = 0; at < len && !wrong; at += piece) {
        size_t n = len - at < piece ? len - at : piece, used, done = 0;
        char *copy = malloc(n);

        assert_non_null(copy);
        memcpy(copy, stream + at, n);
        while (done < n && !wrong) {
            if (s->skip > 0) {
                size_t k = s->skip < n - done ? s->skip : n - done;

                s->skip -= k;
                done += k;
                continue;
            }
            switch (floor_parse(&p, copy + done, n - done, &used)) {
            case FLOOR_MORE:
                assert_int_equal(used, n - done);
                break;
            case FLOOR_COMMAND:
                note(s, FLOOR_COMMAND, &p);
                break;
            case FLOOR_VALUE:
                note(s, FLOOR_VALUE, &p);
                break;
            case FLOOR_WRONG:
                note(s, FLOOR_WRONG, &p);
                wrong = true;
                break;
            }
            done += used;
        }
        free(copy);
    }
    if (wrong) { /* for good */
        size_t used;

        assert_int_equal(floor_parse(&p, "*1\r\n", 4, &used), FLOOR_WRONG);
        assert_int_equal(used, 0);
    }
}

static void streams_cut_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(streams); i++)
        for (size_t piece = 1; piece <= strlen(streams[i].stream) + 1;
             piece++) {
            struct seen s = {.n = 0};

            feed(streams[i].stream, piece, &s);
            if (strcmp(s.events, streams[i].events) != 0)
                fail_msg("'%s' in pieces of %zu: '%s' instead of '%s'",
                         streams[i].stream, piece, s.events, streams[i].events);
            if (streams[i].words && strcmp(s.words, streams[i].words) != 0)
                fail_msg("'%s' in pieces of %zu: words '%s'", streams[i].stream,
                         piece, s.words);
        }
}

/* ---- the store ---- */

static struct floor_word word(const char *text)
{
    return (struct floor_word){text, strlen(text)};
}

static void storage_is_kept(void **state)
{
    struct floor_store *s = floor_store_open();
    struct floor_value *v, *w, *r;
    bool busy;

    (void)state;
    assert_non_null(s);
    assert_null(floor_store_get(s, word("k"), &busy));
    assert_false(busy);
    v = floor_store_take(s, word("k"), 100);
    assert_non_null(v);
    assert_int_equal(floor_store_put(s, word("k"), v), 0);
    /* the same or smaller: the same storage; larger: another */
    w = floor_store_take(s, word("k"), 60);
    assert_ptr_equal(w, v);
    assert_int_equal(w->bytes, 60);
    assert_null(floor_store_get(s, word("k"), &busy));
    assert_true(busy);
    assert_int_equal(floor_store_put(s, word("k"), w), 0);
    w = floor_store_take(s, word("k"), 100);
    assert_ptr_equal(w, v);
    floor_store_put(s, word("k"), w);
    r = floor_store_get(s, word("k"), &busy);
    assert_ptr_equal(r, v);
    /* being sent: a put gets its own, and the reader keeps what it has */
    w = floor_store_take(s, word("k"), 100);
    assert_ptr_not_equal(w, v);
    memset(r->data, 'r', 100);
    memset(w->data, 'w', 100);
    floor_store_put(s, word("k"), w);
    assert_int_equal(r->data[99], 'r');
    floor_value_drop(r);
    r = floor_store_get(s, word("k"), &busy);
    assert_int_equal(r->data[99], 'w');
    floor_value_drop(r);
    floor_store_close(s);
}

static long faults(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return u.ru_minflt;
}

/* Whether programs may have huge pages. */
static bool has_huge_pages(void)
{
    FILE *f = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "r");
    char line[64] = "";

    if (f && !fgets(line, sizeof line, f))
        line[0] = '\0';
    if (f)
        fclose(f);
    return strstr(line, "[always]") || strstr(line, "[madvise]");
}

/* A page is brought in once: not again with the next put, and few where the
 * kernel has huge ones (it may be out of them; memcheck and sanitizers allocate
 * for themselves). */
static void large_values_fault_once(void **state)
{
    enum { BYTES = 16 * 1024 * 1024, PAGES = BYTES / 4096, ROUNDS = 8 };
    struct floor_store *s = floor_store_open();
    long least = PAGES;

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        struct floor_value *v;
        long before = faults(), first;

        v = floor_store_take(s, word("k"), BYTES);
        assert_non_null(v);
        memset(v->data, i, BYTES);
        first = faults() - before;
        floor_store_put(s, word("k"), v);
        v = floor_store_take(s, word("k"), BYTES);
        before = faults();
        memset(v->data, i + 1, BYTES);
        assert_true(faults() - before < PAGES / 64);
        floor_store_put(s, word("k"), v);
        least = first < least ? first : least;
        floor_store_clear(s);
    }
    if (has_huge_pages() && !getenv("SRB_MEMCHECK") &&
        !getenv("SRBENCH_TEST_SANITIZED"))
        assert_true(least < PAGES / 4);
    floor_store_close(s);
}

static void a_broken_put_leaves_no_value(void **state)
{
    struct floor_store *s = floor_store_open();
    struct floor_value *v, *w;
    bool busy;

    (void)state;
    v = floor_store_take(s, word("k"), 8);
    floor_store_put(s, word("k"), v);
    v = floor_store_take(s, word("k"), 8);
    floor_store_spoil(s, word("k"), v);
    assert_null(floor_store_get(s, word("k"), &busy));
    assert_false(busy);
    /* two at once: the one that is complete stays */
    v = floor_store_take(s, word("k"), 8);
    floor_store_put(s, word("k"), v);
    v = floor_store_take(s, word("k"), 8);
    w = floor_store_take(s, word("k"), 8);
    assert_ptr_not_equal(v, w);
    memset(w->data, 'w', 8);
    floor_store_put(s, word("k"), w);
    floor_store_spoil(s, word("k"), v);
    w = floor_store_get(s, word("k"), &busy);
    assert_non_null(w);
    assert_int_equal(w->data[7], 'w');
    floor_value_drop(w);
    /* emptied in between */
    v = floor_store_take(s, word("k"), 4);
    floor_store_clear(s);
    assert_null(floor_store_get(s, word("k"), &busy));
    assert_int_equal(floor_store_put(s, word("k"), v), 0);
    w = floor_store_get(s, word("k"), &busy);
    assert_ptr_equal(w, v);
    floor_value_drop(w);
    assert_null(floor_store_take(s, word("k"), SIZE_MAX));
    floor_store_close(s);
}

/* ---- the server ---- */

struct scene {
    struct floor *floor;
    pthread_t thread;
    int port;
};

static void *serve(void *arg)
{
    floor_serve(arg);
    return NULL;
}

static void scene_open(struct scene *s, int threads)
{
    struct floor_config c = {.address = "127.0.0.1",
                             .threads = threads,
                             .backlog = 16,
                             .max_bytes = MAX_BYTES};
    struct error err = {.text = ""};

    s->floor = floor_open(&c, &err);
    if (!s->floor)
        fail_msg("%s", err.text);
    s->port = floor_port(s->floor);
    assert_true(s->port > 0);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s->floor), 0);
}

static int dial(const struct scene *s)
{
    struct sockaddr_in sa = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)s->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval tv = {.tv_sec = SECONDS};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    return fd;
}

static void say(int fd, const char *data, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t put = send(fd, data + at, n - at, MSG_NOSIGNAL);

        if (put <= 0)
            fail_msg("the server took %zu of %zu bytes", at, n);
        at += (size_t)put;
    }
}

/* Exactly these bytes come. */
static void hear(int fd, const char *want, size_t n)
{
    char got[256];

    for (size_t at = 0; at < n;) {
        size_t most = n - at < sizeof got ? n - at : sizeof got;
        ssize_t k = recv(fd, got, most, 0);

        if (k <= 0)
            fail_msg("%zu bytes instead of %zu", at, n);
        if (memcmp(got, want + at, (size_t)k) != 0)
            fail_msg("at byte %zu: '%.*s' instead of '%.*s'", at, (int)k, got,
                     (int)k, want + at);
        at += (size_t)k;
    }
}

static void ask(int fd, const char *request, const char *reply)
{
    say(fd, request, strlen(request));
    hear(fd, reply, strlen(reply));
}

static void scene_close(struct scene *s)
{
    static const char bye[] = "*2\r\n$8\r\nSHUTDOWN\r\n$6\r\nNOSAVE\r\n";
    int fd = dial(s);
    int64_t begin = tick_now();

    say(fd, bye, sizeof bye - 1);
    pthread_join(s->thread, NULL);
    assert_true(tick_seconds(tick_now() - begin) < 60);
    close(fd);
    floor_close(s->floor);
}

#define PING "*1\r\n$4\r\nPING\r\n"
#define GET_K "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"
#define UNLINK_KX "*3\r\n$6\r\nUNLINK\r\n$1\r\nk\r\n$1\r\nx\r\n"
#define SET_K(n, value) "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$" #n "\r\n" value "\r\n"

/* Requests one behind the other, and all that comes back. */
static const struct {
    const char *requests, *replies;
    bool ends; /* the server then hangs up */
} talks[] = {
    {PING, "+PONG\r\n", false},
    {GET_K, "$-1\r\n", false},
    {SET_K(3, "abc") GET_K, "+OK\r\n$3\r\nabc\r\n", false},
    {SET_K(3, "a\r\n") GET_K SET_K(0, "") GET_K PING,
     "+OK\r\n$3\r\na\r\n\r\n+OK\r\n$0\r\n\r\n+PONG\r\n", false},
    {SET_K(1, "a") "*2\r\n$8\r\nFLUSHALL\r\n$4\r\nSYNC\r\n" GET_K,
     "+OK\r\n+OK\r\n$-1\r\n", false},
    {SET_K(1, "a") UNLINK_KX GET_K UNLINK_KX SET_K(1, "b") GET_K,
     "+OK\r\n:1\r\n$-1\r\n:0\r\n+OK\r\n$1\r\nb\r\n", false},
    {"*1\r\n$3\r\nGET\r\n" PING, "-ERR GET takes one key\r\n+PONG\r\n", false},
    {"*2\r\n$3\r\nSET\r\n$1\r\nk\r\n" PING,
     "-ERR SET takes a key and a value\r\n+PONG\r\n", false},
    {"*1\r\n$5\r\nEVAL!\r\n" PING,
     "-ERR unknown command: this server carries tensors and knows AUTH, "
     "SET, GET, EXISTS, UNLINK, PING, INFO, FLUSHALL and SHUTDOWN\r\n+PONG\r\n",
     false},
    {PING "nonsense\r\n" PING,
     "+PONG\r\n-ERR that is no RESP array of bulk strings\r\n", true},
    {SET_K(3, "abcd") PING,
     "-ERR a value does not end where its length says\r\n", true},
    {SET_K(67108865, "abc"),
     "-ERR a value of 67108865 bytes, this server holds 67108864 at most\r\n",
     true},
    {SET_K(9223372036854775807, ""),
     "-ERR a value of 9223372036854775807 bytes, this server holds 67108864 at "
     "most\r\n",
     true},
    {SET_K(18446744073709551617, ""), "-ERR a length is beyond all bounds\r\n",
     true},
    {"*2\r\n$3\r\nGET\r\n$4000\r\n", "-ERR a key or word is too long\r\n",
     true},
};

static void requests_cut_anywhere(void **state)
{
    struct scene s;
    int control;

    (void)state;
    scene_open(&s, 2);
    control = dial(&s);
    for (size_t i = 0; i < COUNT(talks); i++) {
        size_t len = strlen(talks[i].requests);

        for (size_t piece = 1; piece <= len; piece++) {
            int fd = dial(&s), one = 1;
            char rest;

            ask(control, "*1\r\n$8\r\nFLUSHALL\r\n", "+OK\r\n");
            setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &one, sizeof one);
            for (size_t at = 0; at < len; at += piece)
                say(fd, talks[i].requests + at,
                    len - at < piece ? len - at : piece);
            hear(fd, talks[i].replies, strlen(talks[i].replies));
            if (talks[i].ends)
                assert_int_equal(recv(fd, &rest, 1, 0), 0);
            else
                ask(fd, PING, "+PONG\r\n");
            close(fd);
        }
    }
    close(control);
    scene_close(&s);
}

/* A whole SET or reply with its payload, allocated. */
static char *frame(const char *head, char fill, size_t bytes, size_t *n)
{
    size_t len = (size_t)snprintf(NULL, 0, "%s$%zu\r\n", head, bytes);
    char *text = malloc(len + bytes + 3);

    assert_non_null(text);
    snprintf(text, len + 1, "%s$%zu\r\n", head, bytes);
    for (size_t i = 0; i < bytes; i++)
        text[len + i] = (char)(fill + (char)(i % 61));
    memcpy(text + len + bytes, "\r\n", 3);
    *n = len + bytes + 2;
    return text;
}

#define SET_HEAD "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n"

/* Sizes around those of the server's buffers and pieces. */
static void payloads_of_all_sizes(void **state)
{
    static const size_t sizes[] = {
        0,    1,     4,     4040,  4063,  4064,  4065,  4066,    4067,    4068,
        4096, 65535, 65536, 65537, 69597, 69600, 69601, 1048576, 3000001, 1000};
    struct scene s;
    int fd;

    (void)state;
    scene_open(&s, 1);
    fd = dial(&s);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        size_t n, m;
        char *set = frame(SET_HEAD, (char)('!' + i), sizes[i], &n);
        char *reply = frame("", (char)('!' + i), sizes[i], &m);

        for (int again = 0; again < 2; again++) {
            say(fd, set, n);
            hear(fd, "+OK\r\n", 5);
            say(fd, GET_K, sizeof GET_K - 1);
            hear(fd, reply, m);
        }
        free(set);
        free(reply);
    }
    close(fd);
    scene_close(&s);
}

/* A reader that does not read keeps nobody waiting, what it is sent is what was
 * there when it asked, and what it asked for behind that is answered too. */
static void slow_readers_wait_alone(void **state)
{
    const size_t bytes = 16 * 1024 * 1024;
    struct scene s;
    size_t n, m;
    char *set = frame(SET_HEAD, 'A', bytes, &n);
    char *reply = frame("", 'A', bytes, &m);
    int slow, other;

    (void)state;
    scene_open(&s, 1);
    slow = dial(&s);
    other = dial(&s);
    say(slow, set, n);
    hear(slow, "+OK\r\n", 5);
    say(slow, GET_K PING GET_K, sizeof GET_K + sizeof PING + sizeof GET_K - 3);
    hear(slow, reply, 1); /* it is under way, and does not fit any buffer */
    for (int i = 0; i < 100; i++)
        ask(other, PING, "+PONG\r\n");
    ask(other, SET_K(3, "new") GET_K, "+OK\r\n$3\r\nnew\r\n");
    hear(slow, reply + 1, m - 1);
    hear(slow, "+PONG\r\n$3\r\nnew\r\n", 16);
    free(set);
    free(reply);
    close(slow);
    close(other);
    scene_close(&s);
}

/* A number after `key:` in what INFO says. */
static long long info(int fd, const char *key)
{
    char text[2048];
    size_t n = 0;
    char *at, *line;

    say(fd, "*1\r\n$4\r\nINFO\r\n", 14);
    do {
        ssize_t got = recv(fd, text + n, sizeof text - 1 - n, 0);

        assert_true(got > 0);
        n += (size_t)got;
        text[n] = '\0';
        line = strchr(text, '\n');
    } while (!line ||
             n < (size_t)(line + 1 - text) + strtoul(text + 1, NULL, 10) + 2);
    at = strstr(text, key);
    if (!at)
        fail_msg("INFO has no %s: '%s'", key, text);
    return strtoll(at + strlen(key), NULL, 10);
}

/* Say something that has no reply yet, and wait until the server, which has one
 * thread, has dealt with it, by what it tells another connection. */
static void say_part(int fd, const char *data, size_t n, int other)
{
    enum { REQUEST = 14 }; /* bytes of an INFO */
    int64_t deadline = tick_deadline(SECONDS);
    long long want = info(other, "total_net_input_bytes:") + (long long)n;

    say(fd, data, n);
    do {
        assert_true(tick_now() < deadline);
        want += REQUEST;
    } while (info(other, "total_net_input_bytes:") != want);
}

/* Nor does a writer that pauses; whoever asks for its key is told. */
static void two_on_one_key(void **state)
{
    static const char half[] = SET_HEAD "$6\r\nuvw",
                      busy[] = "-BUSY a put writes this key right now\r\n";
    char reply[64] = "";
    struct scene s;
    int a, b, c;

    (void)state;
    scene_open(&s, 1);
    a = dial(&s);
    b = dial(&s);
    c = dial(&s);
    /* the first put of a key: nothing is there meanwhile */
    say_part(a, half, sizeof half - 1, b);
    ask(b, GET_K, "$-1\r\n");
    ask(a, "xyz\r\n", "+OK\r\n");
    ask(b, GET_K, "$6\r\nuvwxyz\r\n");
    /* in place: half of it, then the others */
    say_part(a, half, sizeof half - 1, b);
    ask(b, GET_K, busy);
    ask(b, SET_K(3, "bbb") GET_K, "+OK\r\n$3\r\nbbb\r\n");
    ask(a, "xyz\r\n" GET_K, "+OK\r\n$6\r\nuvwxyz\r\n");
    ask(b, GET_K, "$6\r\nuvwxyz\r\n");
    /* gone in the middle: no value, and no trace */
    say_part(c, half, sizeof half - 1, b);
    ask(b, GET_K, busy);
    close(c);
    for (int64_t deadline = tick_deadline(SECONDS); reply[0] != '$';) {
        say(b, GET_K, sizeof GET_K - 1);
        assert_true(recv(b, reply, sizeof reply - 1, 0) > 0);
        assert_true(tick_now() < deadline);
    }
    assert_memory_equal(reply, "$-1\r\n", 5);
    ask(b, SET_K(1, "x") GET_K, "+OK\r\n$1\r\nx\r\n");
    close(a);
    close(b);
    scene_close(&s);
}

/* Writers and readers of one key from several threads at once: a value is
 * always whole. */
struct racer {
    const struct scene *scene;
    char fill;
    int busy, whole, torn;
};

static void *race(void *arg)
{
    enum { BYTES = 300000 };
    struct racer *r = arg;
    int fd = dial(r->scene);
    char *got = malloc(BYTES + 64);
    size_t n;
    char *set = frame(SET_HEAD, r->fill, BYTES, &n);

    for (int i = 0; got && i < 150; i++) {
        size_t have = 0, want = BYTES + 2 + 9;

        say(fd, set, n);
        hear(fd, "+OK\r\n", 5);
        say(fd, GET_K, sizeof GET_K - 1);
        while (have < want) {
            ssize_t k = recv(fd, got + have, want - have, 0);

            if (k <= 0)
                goto out;
            have += (size_t)k;
            if (got[0] == '-' && got[have - 1] == '\n')
                break;
        }
        if (got[0] == '-') {
            r->busy++;
            continue;
        }
        for (size_t b = 0; b < BYTES; b++)
            if (got[9 + b] != (char)(got[9] + (char)(b % 61))) {
                r->torn++; /* only the test's own thread may fail it */
                break;
            }
        r->whole++;
    }
out:
    free(got);
    free(set);
    close(fd);
    return NULL;
}

static void many_on_one_key(void **state)
{
    struct scene s;
    struct racer racers[3];
    pthread_t threads[3];
    int whole = 0;

    (void)state;
    scene_open(&s, 3);
    for (size_t i = 0; i < COUNT(racers); i++) {
        racers[i] = (struct racer){.scene = &s, .fill = (char)('!' + 5 * i)};
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]),
                         0);
    }
    for (size_t i = 0; i < COUNT(racers); i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(racers[i].whole + racers[i].busy, 150);
        assert_int_equal(racers[i].torn, 0);
        whole += racers[i].whole;
    }
    assert_true(whole > 0);
    scene_close(&s);
}

static void counters_count(void **state)
{
    struct scene s;
    int a, b;
    long long in, out;

    (void)state;
    scene_open(&s, 2);
    a = dial(&s);
    b = dial(&s);
    assert_int_equal(info(a, "process_id:"), getpid());
    assert_int_equal(info(a, "threads:"), 2);
    assert_int_equal(info(a, "max_value_bytes:"), MAX_BYTES);
    for (int i = 0; i < 7; i++)
        ask(a, SET_K(3, "abc"), "+OK\r\n");
    for (int i = 0; i < 5; i++)
        ask(b, GET_K, "$3\r\nabc\r\n");
    ask(b, PING, "+PONG\r\n");
    assert_int_equal(info(a, "cmdstat_set:calls="), 7);
    assert_int_equal(info(b, "cmdstat_get:calls="), 5);
    in = info(a, "total_net_input_bytes:");
    assert_int_equal(info(b, "total_net_input_bytes:") - in, 14);
    out = info(a, "total_net_output_bytes:");
    ask(b, GET_K, "$3\r\nabc\r\n");
    /* that reply, and that of the INFO that was asked for first */
    assert_true(info(a, "total_net_output_bytes:") - out > 9);
    close(a);
    close(b);
    scene_close(&s);
}

/* ---- the configuration ---- */

/* Of "abc". */
#define HASH "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void configurations(void **state)
{
    static const struct {
        const char *text;
        const char *words; /* NULL: it is good */
    } vectors[] = {
        {"bind 10.0.0.1\nport 21000\nunixsocket floor.sock\nthreads 4\n"
         "tcp-backlog 511\nmax-value-bytes 4294967296\n",
         NULL},
        {"", "not told where to listen (bind)"},
        {"port\n", "'port '"},
        {"port 70000\n", "'port 70000'"},
        {"port 21000x\n", "'port 21000x'"},
        {"threads 0\n", "'threads 0'"},
        {"max-value-bytes -1\n", "'max-value-bytes -1'"},
        {"max-value-bytes 99999999999999999999\n", "99999999999999999999"},
        {"bind \n", "'bind '"},
        {"save 60 1\n", "'save 60 1'"},
        {"bind ::1\nclient-password " HASH "\nsteward-password " HASH "\n",
         NULL},
        {"bind ::1\nclient-password " HASH "\n", "told one password"},
        {"bind ::1\nsteward-password " HASH "\n", "told one password"},
        {"client-password abc\n", "'client-password abc'"},
        {"client-password " HASH "a\n", "'client-password "},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct floor_config c;
        struct error err = {.text = ""};
        FILE *in = tmpfile();
        int rc;

        assert_non_null(in);
        fputs(vectors[i].text, in);
        rewind(in);
        rc = floor_read_config(in, &c, &err);
        fclose(in);
        if (rc != (vectors[i].words ? -1 : 0) ||
            (vectors[i].words && !strstr(err.text, vectors[i].words)))
            fail_msg("'%s': %d, '%s'", vectors[i].text, rc, err.text);
        if (i == 0) {
            assert_string_equal(c.address, "10.0.0.1");
            assert_string_equal(c.unix_socket, "floor.sock");
            assert_int_equal(c.port, 21000);
            assert_int_equal(c.threads, 4);
            assert_int_equal(c.backlog, 511);
            assert_true(c.max_bytes == INT64_C(4294967296));
        }
    }
}

static void ports_that_are_taken(void **state)
{
    struct floor_config c = {
        .address = "127.0.0.1", .threads = 1, .backlog = 1, .max_bytes = 1};
    struct error err = {.text = ""};
    struct scene s;
    char words[64];

    (void)state;
    scene_open(&s, 1);
    c.port = s.port;
    assert_null(floor_open(&c, &err));
    snprintf(words, sizeof words,
             "cannot listen on port %d of 127.0.0.1: ", s.port);
    assert_int_equal(strncmp(err.text, words, strlen(words)), 0);
    snprintf(c.address, sizeof c.address, "localhost");
    assert_null(floor_open(&c, &err));
    assert_string_equal(err.text, "'localhost' is no numeric address");
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_cut_anywhere),
        cmocka_unit_test(storage_is_kept),
        cmocka_unit_test(large_values_fault_once),
        cmocka_unit_test(a_broken_put_leaves_no_value),
        cmocka_unit_test(requests_cut_anywhere),
        cmocka_unit_test(payloads_of_all_sizes),
        cmocka_unit_test(slow_readers_wait_alone),
        cmocka_unit_test(two_on_one_key),
        cmocka_unit_test(many_on_one_key),
        cmocka_unit_test(counters_count),
        cmocka_unit_test(configurations),
        cmocka_unit_test(ports_that_are_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
