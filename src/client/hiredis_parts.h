/* hiredis_parts.h - what the files of the client hiredis share: hiredis.c has
 * one tensor, hiredis_many.c several, hiredis_reply.c what both need. All
 * functions are local. */
#ifndef SRB_HIREDIS_PARTS_H
#define SRB_HIREDIS_PARTS_H

#include "client/connection.h"

struct hiredis_client {
    struct connection at;
    struct tensor_request put, get;
    int place; /* of the payload among the words of a put */
    /* Of a reply to a get the string that is the tensor, or NULL. */
    const redisReply *(*payload)(const struct connection *c,
                                 const redisReply *r);
};

/* Whether that is what a put is answered; and a get, whose tensor then goes to
 * data: of the key and length that the client is bound to. */
int hiredis_put_reply(const struct hiredis_client *c, const redisReply *r,
                      struct error *err);
int hiredis_get_reply(struct hiredis_client *c, const redisReply *r, void *data,
                      struct error *err);

/* As struct client_ops has them. */
int hiredis_put_many(struct client *c, const struct srb_tensor *tensors,
                     size_t n, struct error *err);
int hiredis_get_many(struct client *c, const struct srb_tensor *tensors,
                     size_t n, struct error *err);
int hiredis_want(struct client *c, const struct srb_tensor *tensors, size_t n,
                 struct error *err);
int hiredis_remove(struct client *base, const struct srb_tensor *tensors,
                   size_t n, struct error *err);
int hiredis_tell(struct client *base, const char *key, size_t length,
                 int64_t steps, struct error *err);
int hiredis_poll(struct client *base, struct client_poll *p, struct error *err);
int hiredis_announced(struct client *base, struct error *err);
int hiredis_block(struct client *base, struct client_poll *p,
                  struct error *err);

/* Append so many bytes of the notice; REDIS_OK or not. */
int hiredis_append_notice(const struct hiredis_client *c, size_t n);

#endif
