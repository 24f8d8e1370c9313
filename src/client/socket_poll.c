/* Writers and readers through the straight client: what a writer tells, and a
 * reader asks, in one send each. Their replies are a few bytes. */
#include <string.h>

#include "client/socket_parts.h"

#define TELL "tell"
#define POLL "poll"
#define REQUEST_MAX (2 * (SRB_KEY_MAX + 32) + CONNECTION_COUNTER)

/* A request that grows; it has room for what is here. */
struct message {
    char text[REQUEST_MAX];
    size_t used;
};

static void add(struct message *r, const char *text, size_t n)
{
    memcpy(r->text + r->used, text, n);
    r->used += n;
}

static void add_key(struct message *r, const char *key, size_t length)
{
    r->used += command_set_print_key(key, length, r->text + r->used,
                                     sizeof r->text - r->used);
}

#define ADD(r, literal) add((r), (literal), sizeof(literal) - 1)

static int send_request(struct socket_client *c, struct message *r)
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
    struct message r = {.used = 0};
    char text[WORDS_MAX], counter[CONNECTION_COUNTER];
    size_t have = 0, want = sizeof ok - 1;

    connection_pack(steps, counter);
    ADD(&r, "*3\r\n$3\r\nSET\r\n");
    add_key(&r, key, length);
    add_key(&r, counter, sizeof counter);
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
    struct message r = {.used = 0};
    char text[WORDS_MAX];
    size_t have = 0, used;

    connection_bind_poll(&c->at, p);
    ADD(&r, "*2\r\n$3\r\nGET\r\n");
    add_key(&r, p->counter, p->counter_length);
    ADD(&r, "*2\r\n$6\r\nEXISTS\r\n");
    add_key(&r, p->tensor, p->tensor_length);
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
