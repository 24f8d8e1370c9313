#include "protocol/command_set.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "base/text.h"

/* Words that are not the same for all tensors, known by their addresses. */
static const char KEY[] = "key", COUNT[] = "count";

/* Behind the payload of a SET, and before the time. */
#define EXPIRE "PX"

static const char *const plain_put[] = {"SET", KEY, NULL};
static const char *const plain_get[] = {"GET", KEY, NULL};
static const char *const redisai_put[] = {"AI.TENSORSET", KEY,    "FLOAT", "1",
                                          COUNT,          "BLOB", NULL};
static const char *const redisai_get[] = {"AI.TENSORGET", KEY, "META", "BLOB",
                                          NULL};

static size_t elements(size_t bytes)
{
    return bytes / sizeof(float);
}

static size_t plain_head(size_t bytes, char head[SRB_REPLY_HEAD])
{
    return (size_t)snprintf(head, SRB_REPLY_HEAD, "$%zu\r\n", bytes);
}

/* What the tensor is, and then the tensor. Every version of RedisAI that has
 * META spells the words as bulk strings (RedisModule_ReplyWithCString). */
static size_t redisai_head(size_t bytes, char head[SRB_REPLY_HEAD])
{
    return (size_t)snprintf(head, SRB_REPLY_HEAD,
                            "*6\r\n$5\r\ndtype\r\n$5\r\nFLOAT\r\n"
                            "$5\r\nshape\r\n*2\r\n:1\r\n:%zu\r\n"
                            "$4\r\nblob\r\n$%zu\r\n",
                            elements(bytes), bytes);
}

const struct command_set command_plain = {.name = "plain",
                                          .put = "set",
                                          .get = "get",
                                          .put_words = plain_put,
                                          .get_words = plain_get,
                                          .head = plain_head};
const struct command_set command_redisai = {.name = "redisai",
                                            .put = "ai.tensorset",
                                            .get = "ai.tensorget",
                                            .put_words = redisai_put,
                                            .get_words = redisai_get,
                                            .head = redisai_head};

const struct command_set *command_set_find(const char *name)
{
    if (strcmp(name, command_plain.name) == 0)
        return &command_plain;
    if (strcmp(name, command_redisai.name) == 0)
        return &command_redisai;
    die("the option table has a command set '%s' that no code speaks", name);
}

static void fill(const char *const *words, const char *key, size_t bytes,
                 struct tensor_request *r)
{
    r->n = 0;
    r->expires[0] = '\0';
    for (; words[r->n]; r->n++) {
        const char *word = words[r->n];

        if (word == COUNT)
            snprintf(r->count, sizeof r->count, "%zu", elements(bytes));
        r->word[r->n] = word == KEY ? key : word == COUNT ? r->count : word;
        r->length[r->n] = strlen(r->word[r->n]);
    }
}

void command_set_put(const struct command_set *s, const char *key, size_t bytes,
                     struct tensor_request *r)
{
    fill(s->put_words, key, bytes, r);
}

void command_set_get(const struct command_set *s, const char *key, size_t bytes,
                     struct tensor_request *r)
{
    fill(s->get_words, key, bytes, r);
}

static int64_t shape_elements(const struct tensor_shape *shape)
{
    int64_t n = 1;

    for (int k = 0; k < shape->n; k++)
        n *= shape->dim[k];
    return n;
}

void command_set_shape(const struct tensor_shape *shape,
                       struct tensor_request *r)
{
    int at = 3; /* behind AI.TENSORSET, key and FLOAT */

    for (int k = 0; k < shape->n; k++, at++) {
        r->word[at] = shape->word[k];
        r->length[at] = strlen(shape->word[k]);
    }
    r->word[at] = "BLOB";
    r->length[at++] = 4;
    r->n = at;
}

size_t command_set_shaped_head(const struct tensor_shape *shape,
                               char head[SRB_REPLY_HEAD])
{
    size_t n = SRB_REPLY_HEAD;

    head[0] = '\0';
    text_add(head, n,
             "*6\r\n$5\r\ndtype\r\n$5\r\nFLOAT\r\n$5\r\nshape\r\n*%d\r\n",
             shape->n);
    for (int k = 0; k < shape->n; k++)
        text_add(head, n, ":%" PRId64 "\r\n", shape->dim[k]);
    return text_add(head, n, "$4\r\nblob\r\n$%zu\r\n",
                    (size_t)shape_elements(shape) * sizeof(float));
}

void command_set_expire(const struct command_set *s, struct tensor_request *r,
                        int64_t ms)
{
    if (ms > 0 && s != &command_plain)
        die("keys of the command set %s do not go by themselves", s->name);
    if (ms > 0)
        snprintf(r->expires, sizeof r->expires, "%" PRId64, ms);
}

static void add_word(struct tensor_request *r, const char *word, size_t length)
{
    r->word[r->n] = word;
    r->length[r->n++] = length;
}

int command_set_with_payload(struct tensor_request *r, size_t bytes)
{
    int payload = r->n;

    add_word(r, NULL, bytes);
    if (r->expires[0]) {
        add_word(r, EXPIRE, strlen(EXPIRE));
        add_word(r, r->expires, strlen(r->expires));
    }
    return payload;
}

/* ---- on the wire ---- */

/* Text that grows; requests of other keys are made in timed spans, where
 * snprintf() would be felt. */
struct line {
    char *buf;
    size_t used, room;
};

static struct line line_in(char *buf, size_t room)
{
    struct line l = {.room = room};

    l.buf = buf;
    return l;
}

static void add(struct line *l, const char *text, size_t n)
{
    if (n >= l->room - l->used)
        die("a request takes more than %zu bytes", l->room);
    memcpy(l->buf + l->used, text, n);
    l->used += n;
}

/* "$17\r\n": what it is, and a length. */
static void add_length(struct line *l, char what, size_t number)
{
    char text[32], *at = text + sizeof text;

    *--at = '\n';
    *--at = '\r';
    do
        *--at = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    *--at = what;
    add(l, at, (size_t)(text + sizeof text - at));
}

static void add_bulk(struct line *l, const char *word, size_t n)
{
    add_length(l, '$', n);
    add(l, word, n);
    add(l, "\r\n", 2);
}

size_t command_set_print(const struct tensor_request *r, size_t payload,
                         char *buf, size_t n)
{
    struct line l = line_in(buf, n);
    size_t behind = payload == 0 ? 0 : r->expires[0] ? 3 : 1;

    add_length(&l, '*', (size_t)r->n + behind);
    for (int k = 0; k < r->n; k++)
        add_bulk(&l, r->word[k], r->length[k]);
    if (payload > 0)
        add_length(&l, '$', payload);
    return l.used;
}

size_t command_set_print_tail(const struct tensor_request *r,
                              char tail[SRB_REQUEST_TAIL])
{
    struct line l = line_in(tail, SRB_REQUEST_TAIL);

    add(&l, "\r\n", 2);
    if (r->expires[0]) {
        add_bulk(&l, EXPIRE, strlen(EXPIRE));
        add_bulk(&l, r->expires, strlen(r->expires));
    }
    return l.used;
}

size_t command_set_print_remove(size_t keys, char *buf, size_t n)
{
    struct line l = line_in(buf, n);

    add_length(&l, '*', keys + 1);
    add_bulk(&l, SRB_REMOVE_WORD, strlen(SRB_REMOVE_WORD));
    return l.used;
}

size_t command_set_print_key(const char *key, size_t length, char *buf,
                             size_t n)
{
    struct line l = line_in(buf, n);

    add_bulk(&l, key, length);
    return l.used;
}
