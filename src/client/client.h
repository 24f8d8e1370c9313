/* client.h - the table of clients: how a rank puts and gets its tensor.
 *
 * A client is one file (src/client/X.c) and one line of the table below;
 * nobody else asks for its name. It counts in bytes, what calls it through
 * tensor_client.h in elements, and so are lists of tensors, which go through it
 * as they are. It is opened for one key and one length, and may be bound to
 * others between operations; what can be decided then is decided then, so that
 * put and get do nothing but the work. All functions are local; put, get and
 * open wait at most op_timeout for a reply.
 */
#ifndef SRB_CLIENT_H
#define SRB_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/places.h"
#include "options/options.h"
#include "plan/footprint.h"
#include "plan/machine.h"
#include "protocol/command_set.h"
#include "protocol/keys.h"
#include "protocol/secret.h"
#include "srb/tensor_client.h"

struct tls;
struct served;

/* What is run with copies of its tensors (model_keys.h): before it the client
 * brings the one under the other key, after it what came of it to where that
 * belongs, and deletes both copies. Numbers of peers. */
struct client_copies {
    char in[SRB_KEY_MAX], in_copy[SRB_KEY_MAX];
    char out_copy[SRB_KEY_MAX], out[SRB_KEY_MAX];
    int at, to; /* where it runs, and where the output goes */
};

/* What a client has a server run between a put and a get: a whole request,
 * which is answered by OK. */
#define SRB_RUNS 2
struct client_run {
    const char *name; /* "run_model" */
    size_t n;
    char request[640];
    bool copied; /* with: */
    struct client_copies copies;
};

/* A server that has some of its tensors. */
struct client_peer {
    const char *address, *source, *host; /* as client_params has them */
    int port;
};

/* Where it does: what is put has the one shape, and what comes back the other,
 * with so many bytes before it. Where tensors are copied, each is on a server
 * of its own, the first of which is that of the params. */
#define SRB_PEERS 3
struct client_runs {
    struct tensor_shape in, out;
    size_t head_len;
    char head[SRB_REPLY_HEAD];
    int n;
    struct client_run run[SRB_RUNS];
    int npeers; /* 0: one server has all */
    struct client_peer peer[SRB_PEERS];
    char got[SRB_KEY_MAX]; /* what is got, */
    int got_at;            /* and from whom */
};

struct client_params {
    const char *address; /* of the shard that owns the key */
    int port;
    /* Leave from this address of the node, and no other; NULL: as the kernel
     * likes. TCP only. */
    const char *source;
    const char *unix_socket;   /* go there instead; NULL: TCP */
    const struct login *login; /* NULL: the server asks for none */
    const struct tls *tls;     /* speak by it; NULL: plain */
    const char *host;          /* the server's name, for tls */
    /* Of a client that belongs to an engine: where it finds what its steward
     * provides (store.h), and where what lies there. */
    const char *store;
    struct places places;
    const struct served *served; /* of one whom a rank serves (serving.h) */
    int shard;                   /* that owns the key, of those of the store */
    bool reads; /* it keeps nothing, and gets what others keep */
    const char *key;
    size_t bytes;                       /* of the tensor */
    const struct command_set *commands; /* NULL: plain */
    int64_t expire_ms; /* after which a key that was put goes by itself; 0:
                          never */
    const struct client_runs *runs; /* must outlive the client; NULL: none */
    double op_timeout;
    int64_t socket_buffer; /* bytes of each direction; 0: choose */
    int client;            /* its number, for words and injected faults; -1:
                              it has none */
    const struct value *null_client; /* faults of the null client, a map */
};

/* What a reader asks at once: how many steps a writer has put, by what it last
 * told under that key, and whether a tensor is there. In this order: a tensor
 * that is missing though its step had been put has been removed, and is not
 * only late. Or it waits until a stream of that key tells of a step. */
struct client_poll {
    const char *counter, *tensor; /* keys, which need not end in NUL */
    size_t counter_length, tensor_length;
    /* the answers */
    int64_t steps; /* 0 also where none was told, or it is being told */
    bool there;
    /* asked by block() alone: for the tensor's step, so many ms, above 0 */
    int64_t step;
    int ms;
};

/* What a writer says with the put of a tensor, the last one of a step: so many
 * steps are there. As a number under a key, or as the id of an entry in a
 * stream, which begins with 1 and then has each number in turn. */
struct client_notice {
    const char *tensor, *key; /* keys, which need not end in NUL */
    size_t tensor_length, key_length;
    int64_t steps;
    bool stream;
};

/* The counter of such steps as it lies under its key: 8 bytes, the highest
 * first. */
#define CLIENT_COUNTER 8
static inline int64_t client_counter(const char at[CLIENT_COUNTER])
{
    uint64_t steps = 0;

    for (int i = 0; i < CLIENT_COUNTER; i++)
        steps = steps << 8 | (unsigned char)at[i];
    return (int64_t)steps;
}

/* What a server is asked besides tensors: a request of few words, which is
 * answered by OK, by a number, by a text of few bytes or none, or by a list of
 * such texts. */
#define SRB_QUESTION_WORDS 8
enum client_answer { ANSWER_OK, ANSWER_NUMBER, ANSWER_TEXT, ANSWER_LIST };
struct client_question {
    const char *what; /* for words: "append_list" */
    int n;
    const char *word[SRB_QUESTION_WORDS]; /* the second is the key */
    size_t length[SRB_QUESTION_WORDS];
    enum client_answer answer; /* that is expected */
    int64_t number;            /* the answer; of a list how long it is */
    /* Takes a text of it, in the order of the list, where it is not NULL; -1
     * with words ends it. */
    int (*take)(void *ctx, const char *text, size_t length, struct error *err);
    void *ctx;
};

struct client_ops;
struct client {
    const struct client_ops *ops;
    int socket;  /* of its connection, -1: none; shut down, every wait for a
                    reply ends */
    bool absent; /* a get failed because there was no such key */
    /* What the next put_many sends before its tensors, in the same send, and is
     * answered by OK, which it then awaits; NULL: nothing. Of clients that have
     * `ask`. It must stay until then. */
    const char *ahead;
    size_t ahead_length;
    /* Tensors that were asked for by want() and not got yet. */
    size_t wanted;
};

struct client_ops {
    const char *name; /* as the option `client` spells it */
    const char *help; /* what it is, for --help */
    bool serves;      /* false: talks to no server */
    bool tls;         /* speaks it, where the server does */
    /* Belongs to the engine that names it, and is no choice of the option. */
    bool own;
    struct footprint memory;
    /* Whether these faults make sense; NULL where there are none to inject. */
    int (*check)(const struct value *faults, struct error *err);
    /* Connect and log in, both of which is connect_time; NULL on failure.
     * params need not outlive the call. */
    struct client *(*open)(const struct client_params *p, struct error *err);
    /* From now on for this key and length, on the same connection; what went
     * wrong on it stays wrong. Of clients that share what keeps their tensors
     * it may be another's, to be got. */
    void (*rebind)(struct client *c, const char *key, size_t bytes);
    /* Store `bytes` bytes from data under the key; done when the server has
     * confirmed it. */
    int (*put)(struct client *c, const void *data, struct error *err);
    /* Bring the value of the key into data, `bytes` bytes. */
    int (*get)(struct client *c, void *data, struct error *err);
    /* Several tensors back to back, which may have any keys and lengths; they
     * read while they write. NULL: client_put_many() does one after another.
     * The client stays bound to what it was. */
    int (*put_many)(struct client *c, const struct srb_tensor *tensors,
                    size_t n, struct error *err);
    int (*get_many)(struct client *c, const struct srb_tensor *tensors,
                    size_t n, struct error *err);
    /* Remove the values of these keys, all of which must be there. NULL: none
     * are ever removed. It is then bound to any of them. */
    int (*remove)(struct client *c, const struct srb_tensor *tensors, size_t n,
                  struct error *err);
    /* Of writers and readers, both or none of them: tell under a key how many
     * steps were put; ask (see struct client_poll), after which it is bound to
     * that tensor. A get then says where a key is absent. */
    int (*tell)(struct client *c, const char *key, size_t length, int64_t steps,
                struct error *err);
    int (*poll)(struct client *c, struct client_poll *p, struct error *err);
    /* Ask so many things in one send (of some 16 KiB; more in several), and
     * take the answers. NULL: nothing is asked that is no tensor. The client
     * stays bound to what it was. */
    int (*ask)(struct client *c, struct client_question *q, size_t n,
               struct error *err);
    /* Of clients that have `ask`: ask for several tensors, which get_many is
     * called for later, in this order and as many at a time as one likes; their
     * keys need not stay. With none (n 0) all that was asked for leaves, as far
     * as the socket takes it, and the rest while what comes is read: however
     * much that is, nobody waits for somebody who waits. Until all were got
     * nothing else may be asked; after a failure nothing at all. */
    int (*want)(struct client *c, const struct srb_tensor *tensors, size_t n,
                struct error *err);
    /* Both or neither; NULL: tell() after the put. Say that behind the put of
     * that tensor, in the same send; and, after the put, whose reply is the
     * first that comes, hear what it was answered. */
    void (*announce)(struct client *c, const struct client_notice *n);
    int (*announced)(struct client *c, struct error *err);
    /* Wait for at most so long until a stream tells that a step was put (there;
     * the tensor may be gone again), bound to the tensor as poll() is. NULL: it
     * has no streams, and no notice may ask for one. */
    int (*block)(struct client *c, struct client_poll *p, struct error *err);
    /* Have the server run it. NULL: no server does. */
    int (*run)(struct client *c, const struct client_run *r, struct error *err);
    /* Bring a tensor of RedisAI's, whatever it is, from one client's server to
     * another's, or the same, under another key; delete two. Where there is
     * run. */
    int (*copy)(struct client *from, const char *key, struct client *to,
                const char *as, struct error *err);
    int (*forget)(struct client *c, const char *one, const char *other,
                  struct error *err);
    /* Of a client that a rank serves, which has failed or not: nothing more
     * comes of it; and whether all that it had under way has ended, before
     * which its tensors must stay. NULL: neither matters. */
    void (*leave)(struct client *c);
    bool (*left)(struct client *c);
    void (*close)(struct client *c);
};

/* The table, one line each: client_X of X.c, the option's default first. */
#define SRB_CLIENTS(X)                                                         \
    X(socket)                                                                  \
    X(hiredis)                                                                 \
    X(shm)                                                                     \
    X(files)                                                                   \
    X(mpi)                                                                     \
    X(null)

#define SRB_CLIENT(x) extern const struct client_ops client_##x;
SRB_CLIENTS(SRB_CLIENT)
#undef SRB_CLIENT

/* The client of that name (a choice of the option `client`, or what an engine
 * names); never NULL. */
const struct client_ops *client_find(const char *name);

/* put_many and get_many of any client: where it has none, and for a single
 * tensor, one after another. It is then bound to any of them. */
int client_put_many(struct client *c, const struct srb_tensor *tensors,
                    size_t n, struct error *err);
int client_get_many(struct client *c, const struct srb_tensor *tensors,
                    size_t n, struct error *err);

/* Bind a client to a tensor's key and length. */
void client_bind(struct client *c, const struct srb_tensor *t);

/* Whether the last get failed because there was no such key, which is forgotten
 * then; of clients that poll. */
bool client_absent(struct client *c);

/* This end of the connection, numeric: "127.0.0.1", "unix", or "" for none. */
void client_address(const struct client *c, char address[SRB_ADDRESS_MAX]);

/* Bytes of the socket's send and receive buffer as the kernel has them now
 * (Linux doubles what it is asked for, socket(7)); -1 for none. */
void client_buffers(const struct client *c, int bytes[2]);

/* The first of the table that talks to servers and speaks TLS. */
const struct client_ops *client_secured(void);

/* The choices of the option `client`, for options_hand_words(). */
const struct options_word *client_words(void);

#endif
