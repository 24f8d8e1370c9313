#include "protocol/command_set.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "base/text.h"

/* Words that are not the same for all tensors, known by their addresses. */
static const char KEY[] = "key", COUNT[] = "count";

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
    snprintf(r->count, sizeof r->count, "%zu", elements(bytes));
    for (; words[r->n]; r->n++) {
        const char *word = words[r->n];

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
        snprintf(r->dim[k], sizeof r->dim[k], "%" PRId64, shape->dim[k]);
        r->word[at] = r->dim[k];
        r->length[at] = strlen(r->dim[k]);
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

size_t command_set_print(const struct tensor_request *r, size_t payload,
                         char *buf, size_t n)
{
    size_t used = (size_t)snprintf(buf, n, "*%d\r\n", r->n + (payload > 0));

    for (int k = 0; k < r->n && used < n; k++)
        used += (size_t)snprintf(buf + used, n - used, "$%zu\r\n%s\r\n",
                                 r->length[k], r->word[k]);
    if (payload > 0 && used < n)
        used += (size_t)snprintf(buf + used, n - used, "$%zu\r\n", payload);
    if (used >= n)
        die("a request of %d words takes more than %zu bytes", r->n, n);
    return used;
}
