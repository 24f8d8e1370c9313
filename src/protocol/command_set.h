/* command_set.h - the table of command sets: with which words a client puts and
 * gets its tensor, and what stands before the tensor in the answer.
 *
 * plain is SET and GET. redisai is AI.TENSORSET and AI.TENSORGET of the module
 * RedisAI, with the words that SmartRedis sends for SmartSim-Scaling's tensor,
 * which has the shape {1, N} (RedisAI's page "Commands"; its
 * src/redis_ai_objects/tensor.c). Clients ask here once, when they open: what
 * is sent and what is to come is then bytes. All functions are local and pure.
 */
#ifndef SRB_COMMAND_SET_H
#define SRB_COMMAND_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options/options.h"

#define SRB_REQUEST_WORDS 16
#define SRB_REPLY_HEAD 256
#define SRB_REQUEST_TAIL 64

/* A tensor's dimensions, and as words of AI.TENSORSET. */
struct tensor_shape {
    int n;
    int64_t dim[SRB_DIMS_MAX];
    char word[SRB_DIMS_MAX][12];
};

/* The words of a request, as hiredis takes them; of a put the payload comes
 * behind, and what stands behind that again. Points into itself: not to be
 * copied. */
struct tensor_request {
    int n;
    const char *word[SRB_REQUEST_WORDS];
    size_t length[SRB_REQUEST_WORDS];
    char count[24];   /* elements of the tensor */
    char expires[24]; /* ms until the key goes by itself; "": never */
};

struct command_set {
    const char *name;      /* as the option command_set spells it */
    const char *put, *get; /* the commands, as servers name them */
    const char *const *put_words, *const *get_words; /* NULL at the end */
    /* What precedes the payload in a good reply to a get; its length. */
    size_t (*head)(size_t bytes, char head[SRB_REPLY_HEAD]);
};

extern const struct command_set command_plain;
extern const struct command_set command_redisai;

/* The set of that name (a choice of the option command_set); never NULL. */
const struct command_set *command_set_find(const char *name);

/* The words of a put or get of a tensor of so many bytes. The key must outlive
 * *r. */
void command_set_put(const struct command_set *s, const char *key, size_t bytes,
                     struct tensor_request *r);
void command_set_get(const struct command_set *s, const char *key, size_t bytes,
                     struct tensor_request *r);

/* Of redisai: a put of a tensor of that shape, which must outlive *r, where
 * command_set_put() has {1, N}; and what precedes the payload of one in a good
 * reply to a get. */
void command_set_shape(const struct tensor_shape *shape,
                       struct tensor_request *r);
size_t command_set_shaped_head(const struct tensor_shape *shape,
                               char head[SRB_REPLY_HEAD]);

/* Have a put's key go by itself after so many ms (0: never): words that stand
 * behind its payload. Only plain has such words. */
void command_set_expire(const struct command_set *s, struct tensor_request *r,
                        int64_t ms);

/* Make the payload, and what stands behind it, words of a put. Returns the
 * place of the payload among them. */
int command_set_with_payload(struct tensor_request *r, size_t bytes);

/* The request on the wire (RESP2), up to where a payload of so many bytes
 * follows, or with `payload` 0 all of it. Returns its length, which is below n;
 * dies where there is no room. */
size_t command_set_print(const struct tensor_request *r, size_t payload,
                         char *buf, size_t n);

/* What follows the payload. Returns its length. */
size_t command_set_print_tail(const struct tensor_request *r,
                              char tail[SRB_REQUEST_TAIL]);

/* Removing keys: at most so many in one request, the beginning of which this
 * prints, and each of its keys. Both return the length. */
#define SRB_REMOVE_MOST 8
#define SRB_REMOVE_WORD "UNLINK"
size_t command_set_print_remove(size_t keys, char *buf, size_t n);
size_t command_set_print_key(const char *key, size_t length, char *buf,
                             size_t n);

#endif
