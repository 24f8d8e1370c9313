/* socket_parts.h - what the files of the straight client share: socket.c has
 * one tensor, socket_many.c several, socket_wire.c what both need. All
 * functions are local. */
#ifndef SRB_SOCKET_PARTS_H
#define SRB_SOCKET_PARTS_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "client/connection.h"

/* A payload is received in pieces of this size: they stay in the cache. */
#define PIECE ((size_t)64 * 1024)
#define WORDS_MAX 512    /* of a server's error */
#define TAIL ((size_t)2) /* \r\n behind a payload */

struct socket_client {
    struct connection at;
    int64_t deadline; /* of the running operation; 0: not asked for yet */
    size_t set_len, get_len, head_len, tail_len;
    char set[SRB_KEY_MAX + 320]; /* all of a put before its payload */
    char tail[SRB_REQUEST_TAIL]; /* and behind it */
    char get[SRB_KEY_MAX + 96];  /* a whole get */
    char head[SRB_REPLY_HEAD];   /* what precedes the payload in its reply */
    struct {                     /* requests of want(), some of which are out */
        char *text;
        size_t used, room, sent;
    } wanted;
};

static inline size_t socket_least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Whether the running operation has lasted op_timeout; then errno is EAGAIN.
 * The first that asks sets its deadline. */
bool socket_late(struct socket_client *c);

/* Drop n bytes from the front of a list of buffers. */
void socket_advance(struct msghdr *m, size_t n);

/* Send all of it, waiting; -1 with errno. The list is used up. Receive some
 * bytes, waiting; -1 with errno, which is 0 where the server closed. */
int socket_send(struct socket_client *c, struct iovec *iov, size_t n);
ssize_t socket_receive(struct socket_client *c, struct iovec *iov, size_t n);

/* Words on a failure, all return -1: of the system (errno, 0: the server
 * closed); of a send, before which a server that refuses said why; the rest of
 * a reply's first line, of which there are n bytes in text[WORDS_MAX]. */
int socket_fail(const struct socket_client *c, const char *what,
                struct error *err);
int socket_refused(struct socket_client *c, const char *what,
                   struct error *err);
int socket_hear_out(struct socket_client *c, const char *what, char *text,
                    size_t n, struct error *err);

/* As struct client_ops has them. */
int socket_put_many(struct client *c, const struct srb_tensor *tensors,
                    size_t n, struct error *err);
int socket_get_many(struct client *c, const struct srb_tensor *tensors,
                    size_t n, struct error *err);
int socket_want(struct client *c, const struct srb_tensor *tensors, size_t n,
                struct error *err);
int socket_remove(struct client *base, const struct srb_tensor *tensors,
                  size_t n, struct error *err);
int socket_tell(struct client *base, const char *key, size_t length,
                int64_t steps, struct error *err);
int socket_poll(struct client *base, struct client_poll *p, struct error *err);
int socket_announced(struct client *base, struct error *err);
int socket_block(struct client *base, struct client_poll *p, struct error *err);

#endif
