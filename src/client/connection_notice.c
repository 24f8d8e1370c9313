/* What a writer says of its steps behind the last put of each, in one send with
 * it; and what a reader that blocks asks. */
#include <stdio.h>
#include <string.h>

#include "client/connection.h"

static void print_counter(struct small_request *r,
                          const struct client_notice *n)
{
    char counter[CONNECTION_COUNTER];

    connection_pack(n->steps, counter);
    request_begin(r, "*3\r\n$3\r\nSET\r\n");
    request_word(r, n->key, n->key_length);
    request_word(r, counter, sizeof counter);
}

/* An entry has a field, and all there is to know is its id. */
static void print_entry(struct small_request *r, const struct client_notice *n)
{
    request_begin(r, "*5\r\n$4\r\nXADD\r\n");
    request_word(r, n->key, n->key_length);
    request_number(r, n->steps);
    request_begin(r, "$1\r\ns\r\n$0\r\n\r\n");
}

/* An id of a stream, as its server writes it. */
static int print_id(int64_t steps, char id[32])
{
    return snprintf(id, 32, "%lld-0", (long long)steps);
}

void connection_announce(struct client *base, const struct client_notice *n)
{
    struct connection *c = (struct connection *)(void *)base;
    struct notice *x = &c->notice;
    char id[32];

    memcpy(x->tensor, n->tensor, n->tensor_length);
    x->tensor_length = n->tensor_length;
    x->request.used = 0;
    if (n->stream) {
        print_entry(&x->request, n);
        x->reply_n =
            (size_t)snprintf(x->reply, sizeof x->reply, "$%d\r\n%s\r\n",
                             print_id(n->steps, id), id);
    } else {
        print_counter(&x->request, n);
        x->reply_n = (size_t)snprintf(x->reply, sizeof x->reply, "+OK\r\n");
    }
    c->behind = connection_behind(c, c->key, strlen(c->key));
}

void connection_said(struct connection *c)
{
    c->notice.request.used = c->behind = 0;
}

void connection_print_block(const struct client_poll *p,
                            struct small_request *r)
{
    r->used = 0;
    request_begin(r, "*8\r\n$5\r\nXREAD\r\n$5\r\nCOUNT\r\n$1\r\n1\r\n"
                     "$5\r\nBLOCK\r\n");
    request_number(r, p->ms);
    request_begin(r, "$7\r\nSTREAMS\r\n");
    request_word(r, p->counter, p->counter_length);
    request_number(r, p->step);
}

size_t connection_print_entry(const struct client_poll *p, char *text, size_t n)
{
    char id[32];
    int length = print_id(p->step + 1, id);

    return (size_t)snprintf(text, n,
                            "*1\r\n*2\r\n$%zu\r\n%.*s\r\n*1\r\n*2\r\n$%d\r\n"
                            "%s\r\n*2\r\n$1\r\ns\r\n$0\r\n\r\n",
                            p->counter_length, (int)p->counter_length,
                            p->counter, length, id);
}
