/* serverless.h - the base of clients that have no socket to a server.
 *
 * Such a client is a struct that begins with a struct serverless. All functions
 * are local.
 */
#ifndef SRB_SERVERLESS_H
#define SRB_SERVERLESS_H

#include "client/client.h"

struct serverless {
    struct client base;
    size_t bytes; /* of the tensor */
    double op_timeout;
    int client; /* its number */
    char key[SRB_KEY_MAX];
    char where[256]; /* for messages */
};

/* `size` bytes of zeros, the first of which are this, filled in. NULL without
 * memory. */
void *serverless_open(size_t size, const struct client_ops *ops,
                      const struct client_params *p, struct error *err);

/* From now on for this key and length. */
void serverless_bind(struct serverless *c, const char *key, size_t bytes);

/* Bind it to the tensor that a poll asks for. */
void serverless_bind_poll(struct client *c, const struct client_poll *p);

/* "unpack_tensor of KEY at WHERE: …"; returns -1. what: "put_tensor". */
int serverless_error(const struct serverless *c, const char *what,
                     struct error *err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The same where an operation took op_timeout. */
int serverless_late(const struct serverless *c, const char *what,
                    struct error *err);

#endif
