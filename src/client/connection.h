/* connection.h - the base of clients that talk to a server.
 *
 * Such a client is a struct that begins with a connection. Its file has how it
 * puts and gets; what it must write for a key and a length it prepares when it
 * is bound to these. All functions are local.
 */
#ifndef SRB_CONNECTION_H
#define SRB_CONNECTION_H

#include "client/connect.h"
#include "client/request.h"

/* What goes behind the put of a tensor (struct client_notice), and what it must
 * be answered. Without a request there is none. */
struct notice {
    char tensor[SRB_KEY_MAX];
    size_t tensor_length;
    struct small_request request;
    char reply[64];
    size_t reply_n;
};

struct connection {
    struct client base;
    redisContext *redis; /* owns the socket */
    struct ssl_st *ssl;  /* of redis; NULL: no TLS */
    size_t bytes;        /* of the tensor */
    const struct command_set *commands;
    double op_timeout;
    int64_t expire_ms;
    const struct client_runs *runs; /* NULL: tensors of a shape of their own */
    void (*prepare)(struct connection *c); /* key or bytes are others */
    char key[SRB_KEY_MAX];
    struct notice notice;
    size_t behind; /* bytes of its request that go behind a put of that key */
    char where[SRB_WHERE_MAX]; /* the server's name, for messages */
};

/* Words on why hiredis has no reply; returns -1. */
int connection_no_reply(const struct connection *c, const char *what,
                        struct error *err);

/* What each client's own open() does: `size` bytes, the first of which are the
 * connection; prepare() is called before it connects. */
struct client *connection_open(size_t size, const struct client_ops *ops,
                               void (*prepare)(struct connection *c),
                               const struct client_params *p,
                               struct error *err);

/* "unpack_tensor of KEY at WHERE: …"; returns -1. what: "put_tensor". */
int connection_error(const struct connection *c, const char *what,
                     struct error *err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The same where a reply did not come in time; and where it is an error of the
 * server's, n bytes. */
int connection_late(const struct connection *c, const char *what,
                    struct error *err);
int connection_refused(const struct connection *c, const char *what,
                       const char *said, size_t n, struct error *err);

/* Of a run that was not answered by OK but by these n bytes. */
int connection_not_run(const struct connection *c, const char *what,
                       const char *said, size_t n, struct error *err);

/* Of a tensor that a get expects, for words on another one. */
static inline const char *connection_expected(const struct connection *c)
{
    return c->runs ? "as output_shape says" : "that was put";
}

/* Bind it to a tensor of a list, for the words on what came of that one. */
void connection_bind(struct connection *c, const struct srb_tensor *t);

/* "remove of KEY at WHERE: …" where a server removed other than all n keys. */
int connection_removed(struct connection *c, const struct srb_tensor *t,
                       size_t n, long long removed, struct error *err);

/* As struct client_ops has them. */
void connection_rebind(struct client *c, const char *key, size_t bytes);
int connection_copy(struct client *from, const char *key, struct client *to,
                    const char *as, struct error *err);
int connection_forget(struct client *c, const char *one, const char *other,
                      struct error *err);
int connection_ask(struct client *c, struct client_question *q, size_t n,
                   struct error *err);
void connection_close(struct client *c);

/* A counter of steps, see client_counter(). */
#define CONNECTION_COUNTER CLIENT_COUNTER
void connection_pack(int64_t steps, char at[CONNECTION_COUNTER]);
int64_t connection_unpack(const char at[CONNECTION_COUNTER]);

/* Whether a server's error, n bytes, says that there is no such key; and that
 * somebody writes it right now (floor). */
bool connection_says_absent(const char *said, size_t n);
bool connection_says_busy(const char *said, size_t n);

/* Bind it to the tensor that a poll asked for, for the words on it. */
void connection_bind_poll(struct connection *c, const struct client_poll *p);

/* ---- notices ---- */

/* As struct client_ops has it. */
void connection_announce(struct client *base, const struct client_notice *n);

/* How many bytes of the notice go behind a put of this key: all or none. */
size_t connection_behind(const struct connection *c, const char *key,
                         size_t length);

/* It was said and answered. */
void connection_said(struct connection *c);

/* What block() sends; and all of the reply that tells of the step, since ids
 * have no gaps. Returns its length. Where there was none in time, the reply is
 * CONNECTION_NOTHING. */
#define CONNECTION_NOTHING "*-1\r\n"
void connection_print_block(const struct client_poll *p,
                            struct small_request *r);
size_t connection_print_entry(const struct client_poll *p, char *text,
                              size_t n);

#endif
