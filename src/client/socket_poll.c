/* Writers and readers through the straight client: what a writer tells, and a
 * reader asks, in one send each. Their replies are a few bytes. */
#include <string.h>

#include "client/socket_parts.h"

#define TELL "tell"
#define POLL "poll"

static int send_request(struct socket_client *c, struct small_request *r)
{
    struct iovec out = {r->text, r->used};

    c->deadline = 0;
    return socket_send(c, &out, 1);
}

/* Until n bytes are there at least, or the first of them is of an error. */
static int hear(struct socket_client *c, char text[WORDS_MAX], size_t *have,
                size_t n)
{
    while (*have < n && (*have == 0 || text[0] != '-')) {
        struct iovec in = {.iov_len = n - *have};
        ssize_t got;

        in.iov_base = text + *have;
        got = socket_receive(c, &in, 1);
        if (got < 0 || (*have > 0 && socket_late(c)))
            return -1;
        *have += (size_t)got;
    }
    return 0;
}

int socket_tell(struct client *base, const char *key, size_t length,
                int64_t steps, struct error *err)
{
    static const char ok[] = "+OK\r\n";
    struct socket_client *c = (struct socket_client *)(void *)base;
    struct small_request r = {.used = 0};
    char text[WORDS_MAX], counter[CONNECTION_COUNTER];
    size_t have = 0, want = sizeof ok - 1;

    connection_pack(steps, counter);
    request_begin(&r, "*3\r\n$3\r\nSET\r\n");
    request_word(&r, key, length);
    request_word(&r, counter, sizeof counter);
    if (send_request(c, &r) < 0)
        return socket_refused(c, TELL, err);
    if (hear(c, text, &have, want) < 0)
        return socket_fail(c, TELL, err);
    return have == want && memcmp(text, ok, want) == 0
               ? 0
               : socket_hear_out(c, TELL, text, have, err);
}

/* ---- asking ---- */

#define NONE "$-1\r\n"
#define SOME "$8\r\n"
#define NUMBER ":1\r\n"

/* The line that stands where the counter would, while it is written. */
static int hear_busy(struct socket_client *c, char text[WORDS_MAX],
                     size_t *have)
{
    while (!memchr(text, '\n', *have)) {
        struct iovec in = {text + *have, 1};

        if (*have == WORDS_MAX || socket_receive(c, &in, 1) < 0)
            return -1;
        ++*have;
    }
    return connection_says_busy(text + 1, *have - 1) ? 0 : -1;
}

/* The counter's reply, of which *have bytes are in text: how many it takes, 0
 * where it is none. */
static size_t counter_reply(struct socket_client *c, char text[WORDS_MAX],
                            size_t *have, struct client_poll *p)
{
    size_t some = sizeof SOME - 1;

    p->steps = 0;
    if (text[0] == '-')
        return hear_busy(c, text, have) < 0 ? 0 : *have;
    if (*have < sizeof NONE - 1)
        return 0;
    if (memcmp(text, NONE, sizeof NONE - 1) == 0)
        return sizeof NONE - 1;
    if (memcmp(text, SOME, some) != 0 ||
        hear(c, text, have, some + CONNECTION_COUNTER + TAIL) < 0 ||
        memcmp(text + some + CONNECTION_COUNTER, "\r\n", TAIL) != 0)
        return 0;
    p->steps = connection_unpack(text + some);
    return some + CONNECTION_COUNTER + TAIL;
}

static int exists_reply(struct socket_client *c, char text[WORDS_MAX],
                        size_t have, struct client_poll *p, struct error *err)
{
    if (hear(c, text, &have, sizeof NUMBER - 1) < 0)
        return socket_fail(c, POLL, err);
    if (have < sizeof NUMBER - 1 || text[0] != ':' ||
        memcmp(text + 2, "\r\n", TAIL) != 0)
        return socket_hear_out(c, POLL, text, have, err);
    p->there = text[1] != '0';
    return 0;
}

int socket_poll(struct client *base, struct client_poll *p, struct error *err)
{
    struct socket_client *c = (struct socket_client *)(void *)base;
    struct small_request r = {.used = 0};
    char text[WORDS_MAX];
    size_t have = 0, used;

    connection_bind_poll(&c->at, p);
    request_begin(&r, "*2\r\n$3\r\nGET\r\n");
    request_word(&r, p->counter, p->counter_length);
    request_begin(&r, "*2\r\n$6\r\nEXISTS\r\n");
    request_word(&r, p->tensor, p->tensor_length);
    if (send_request(c, &r) < 0)
        return socket_refused(c, POLL, err);
    if (hear(c, text, &have, sizeof NONE - 1) < 0)
        return socket_fail(c, POLL, err);
    used = counter_reply(c, text, &have, p);
    if (used == 0)
        return socket_hear_out(c, POLL, text, have, err);
    memmove(text, text + used, have - used);
    return exists_reply(c, text, have - used, p, err);
}

/* ---- notices ---- */

int socket_announced(struct client *base, struct error *err)
{
    struct socket_client *c = (struct socket_client *)(void *)base;
    const struct notice *x = &c->at.notice;
    char text[WORDS_MAX] = "";
    size_t have = 0;

    c->deadline = 0;
    if (hear(c, text, &have, x->reply_n) < 0)
        return socket_fail(c, TELL, err);
    if (have != x->reply_n || memcmp(text, x->reply, have) != 0)
        return socket_hear_out(c, TELL, text, have, err);
    connection_said(&c->at);
    return 0;
}

int socket_block(struct client *base, struct client_poll *p, struct error *err)
{
    static const size_t nothing = sizeof CONNECTION_NOTHING - 1;
    struct socket_client *c = (struct socket_client *)(void *)base;
    struct small_request r;
    char text[WORDS_MAX] = "", entry[WORDS_MAX];
    size_t have = 0, n = connection_print_entry(p, entry, sizeof entry);

    connection_bind_poll(&c->at, p);
    connection_print_block(p, &r);
    if (send_request(c, &r) < 0)
        return socket_refused(c, POLL, err);
    if (hear(c, text, &have, nothing) < 0)
        return socket_fail(c, POLL, err);
    p->there = have < nothing || memcmp(text, CONNECTION_NOTHING, nothing) != 0;
    if (!p->there)
        return 0;
    if (memcmp(text, entry, have) == 0 && hear(c, text, &have, n) < 0)
        return socket_fail(c, POLL, err);
    return have == n && memcmp(text, entry, n) == 0
               ? 0
               : socket_hear_out(c, POLL, text, have, err);
}
