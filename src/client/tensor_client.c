#include "srb/tensor_client.h"

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "client/client.h"
#include "client/slots.h"
#include "client/tensor_client_wrap.h"
#include "protocol/keys.h"

#define DEFAULT_TIMEOUT 30.0
#define UNIX_PREFIX "unix:"
#define EXPECTED                                                               \
    "host:port or [IPv6]:port, several with commas between them, or "          \
    "unix:/path"

_Static_assert(SRB_TENSOR_KEY_MAX == SRB_KEY_MAX - 1, "keys that clients take");

/* What is bound, a connection for one key and one length, is what the next call
 * is likely to want; another key or length takes a moment more. */
struct srb_tensor_client {
    struct client *bound; /* NULL: none */
    size_t count, key_length;
    char key[SRB_KEY_MAX];
    bool wrapped; /* see tensor_client_wrap.h: bound, or these, is all it has */
    const struct client_runs *runs; /* NULL, but where there are peers */
    struct client *peer[SRB_PEERS];
    struct error err;
    /* the rest is not of wrapped ones */
    const struct client_ops *ops;
    char *addresses;
    double timeout;
    struct login login;
    bool known; /* who serves is */
    struct client_slots slots;
    struct client **client; /* [slots.nshards], NULL: not connected */
};

/* Callers count in elements, clients of the table in bytes: this is where the
 * one becomes the other. */
static size_t bytes_of(size_t count)
{
    return count * sizeof(float);
}

/* ---- addresses ---- */

/* "host:port" or "[::1]:port"; text is cut up. */
static int split(char *text, const char **host, int *port, struct error *err)
{
    char *colon = strrchr(text, ':'), *end = NULL;
    size_t n = colon ? (size_t)(colon - text) : 0;
    long number = colon ? strtol(colon + 1, &end, 10) : 0;
    bool brackets = n > 2 && text[0] == '[' && colon[-1] == ']';

    if (n == 0 || *end || number < 1 || number > UINT16_MAX ||
        (!brackets && memchr(text, ':', n)))
        return error_set(err, "addresses: found '%.64s', expected " EXPECTED,
                         text);
    text[brackets ? n - 1 : n] = '\0';
    *host = text + brackets;
    *port = (int)number;
    return 0;
}

static struct client_params params_of(const struct srb_tensor_client *c)
{
    return (struct client_params){.login = &c->login,
                                  .key = c->key,
                                  .bytes = bytes_of(c->count),
                                  .op_timeout = c->timeout,
                                  .client = -1};
}

/* Try every numeric address of a name. Returns what `step` returned for the
 * first that did. */
static int at_each(const struct client_params *p, const char *host,
                   int (*step)(struct srb_tensor_client *,
                               const struct client_params *),
                   struct srb_tensor_client *c)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct client_params at = *p;
    struct addrinfo *found;
    char numeric[SRB_ADDRESS_MAX];
    int rc = getaddrinfo(host, NULL, &hints, &found);

    if (rc != 0)
        return error_set(&c->err, "'%s' is no host: %s", host,
                         gai_strerror(rc));
    rc = error_set(&c->err, "'%s' has no address", host);
    at.address = numeric;
    for (struct addrinfo *ai = found; ai && rc < 0; ai = ai->ai_next)
        if (getnameinfo(ai->ai_addr, ai->ai_addrlen, numeric, sizeof numeric,
                        NULL, 0, NI_NUMERICHOST) == 0)
            rc = step(c, &at);
    freeaddrinfo(found);
    return rc;
}

/* ---- who serves ---- */

static int ask(struct srb_tensor_client *c, const struct client_params *p)
{
    return client_slots_ask(p, &c->slots, &c->err);
}

static const char *unix_path(const char *text)
{
    size_t n = strlen(UNIX_PREFIX);

    return strncmp(text, UNIX_PREFIX, n) == 0 ? text + n : NULL;
}

static int ask_unix(struct srb_tensor_client *c)
{
    struct client_params p = params_of(c);

    p.unix_socket = unix_path(c->addresses);
    return ask(c, &p);
}

/* Ask the first of a list that answers; words are the last one's. The list is
 * cut up. */
static int ask_list(struct srb_tensor_client *c, char *list)
{
    struct client_params p = params_of(c);
    char *rest, *one = strtok_r(list, ",", &rest);
    const char *host = NULL;
    int rc = -1;

    if (!one)
        return error_set(&c->err,
                         "addresses: found nothing, expected " EXPECTED);
    for (; one && rc < 0; one = strtok_r(NULL, ",", &rest)) {
        if (split(one, &host, &p.port, &c->err) < 0)
            return -1;
        rc = at_each(&p, host, ask, c);
    }
    return rc;
}

static void disconnect(struct srb_tensor_client *c)
{
    for (int i = 0; c->client && i < c->slots.nshards; i++)
        if (c->client[i])
            c->client[i]->ops->close(c->client[i]);
    free(c->client);
    c->client = NULL;
    c->bound = NULL;
    client_slots_free(&c->slots);
    c->known = false;
}

/* From nothing; every connection is a new one afterwards. */
static int find_out(struct srb_tensor_client *c)
{
    char *list = strdup(c->addresses);
    struct error before = c->err; /* tries that failed are no failure */
    int rc;

    disconnect(c);
    if (!list)
        return error_set(&c->err, "not enough memory");
    rc = unix_path(list) ? ask_unix(c) : ask_list(c, list);
    free(list);
    if (rc < 0)
        return -1;
    c->client = calloc((size_t)c->slots.nshards, sizeof(struct client *));
    if (!c->client) {
        disconnect(c);
        return error_set(&c->err, "not enough memory");
    }
    c->known = true;
    c->err = before;
    return 0;
}

/* ---- open and close ---- */

static int take_login(struct login *l,
                      const struct srb_tensor_client_options *o,
                      struct error *err)
{
    const char *user = o->user ? o->user : "";
    const char *password = o->password ? o->password : "";

    if (strlen(user) >= sizeof l->user ||
        strlen(password) >= sizeof l->password)
        return error_set(err, "user or password: longer than %zu or %zu bytes",
                         sizeof l->user - 1, sizeof l->password - 1);
    if (user[0] && !password[0])
        return error_set(err, "user: '%s' needs a password", user);
    snprintf(l->user, sizeof l->user, "%s", user);
    snprintf(l->password, sizeof l->password, "%s", password);
    return 0;
}

static int set_up(struct srb_tensor_client *c,
                  const struct srb_tensor_client_options *o)
{
    c->timeout = o->timeout > 0 ? o->timeout : DEFAULT_TIMEOUT;
    if (o->timeout < 0 || c->timeout > 1e6)
        return error_set(&c->err,
                         "timeout: found %g s, expected 0 (for %g s) to 1e6",
                         o->timeout, DEFAULT_TIMEOUT);
    if (o->kind == SRB_CLIENT_SOCKET)
        c->ops = &client_socket;
    else if (o->kind == SRB_CLIENT_HIREDIS)
        c->ops = &client_hiredis;
    else
        return error_set(&c->err, "kind: there is no client %d", (int)o->kind);
    c->addresses = strdup(o->addresses ? o->addresses : "");
    if (!c->addresses)
        return error_set(&c->err, "not enough memory");
    return take_login(&c->login, o, &c->err) < 0 ? -1 : find_out(c);
}

struct srb_tensor_client *
srb_tensor_client_open(const struct srb_tensor_client_options *o, char *words,
                       size_t n)
{
    struct srb_tensor_client *c = calloc(1, sizeof *c);

    if (words && n > 0)
        snprintf(words, n, "%s", c ? "" : "not enough memory for a client");
    if (!c || set_up(c, o) == 0)
        return c;
    if (words && n > 0)
        snprintf(words, n, "%s", c->err.text);
    srb_tensor_client_close(c);
    return NULL;
}

static void close_peers(struct srb_tensor_client *c)
{
    for (int k = 0; c->runs && k < c->runs->npeers; k++)
        if (c->peer[k])
            c->peer[k]->ops->close(c->peer[k]);
}

/* The first is bound. */
static int open_peers(struct srb_tensor_client *c, const struct client_ops *ops,
                      const struct client_params *p, struct error *err)
{
    struct client_params at = *p;

    c->runs = p->runs && p->runs->npeers > 0 ? p->runs : NULL;
    for (int k = 0; c->runs && k < c->runs->npeers; k++) {
        const struct client_peer *x = &c->runs->peer[k];

        at.address = x->address;
        at.source = x->source;
        at.host = x->host;
        at.port = x->port;
        c->peer[k] = ops->open(&at, err);
        if (!c->peer[k])
            return -1;
    }
    c->bound = c->runs ? c->peer[0] : ops->open(&at, err);
    return c->bound ? 0 : -1;
}

struct srb_tensor_client *
tensor_client_wrap(const struct client_ops *ops, const struct client_params *p,
                   size_t count, struct client **inside, struct error *err)
{
    struct srb_tensor_client *c = calloc(1, sizeof *c);
    struct client_params at = *p;

    *inside = NULL;
    if (!c) {
        error_set(err, "not enough memory for a client");
        return NULL;
    }
    at.bytes = bytes_of(count);
    if (open_peers(c, ops, &at, err) < 0) {
        close_peers(c);
        free(c);
        return NULL;
    }
    *inside = c->bound;
    c->wrapped = true;
    c->count = count;
    c->key_length = strlen(p->key);
    snprintf(c->key, sizeof c->key, "%s", p->key);
    return c;
}

void srb_tensor_client_close(struct srb_tensor_client *c)
{
    if (!c)
        return;
    if (c->runs)
        close_peers(c);
    else if (c->wrapped)
        c->bound->ops->close(c->bound);
    else
        disconnect(c);
    explicit_bzero(&c->login, sizeof c->login);
    free(c->addresses);
    free(c);
}

const char *srb_tensor_client_error(const struct srb_tensor_client *c)
{
    return c->err.text;
}

/* ---- put and unpack ---- */

static bool is_bound(const struct srb_tensor_client *c, const char *key,
                     size_t length, size_t count)
{
    return c->bound && count == c->count && length == c->key_length &&
           memcmp(key, c->key, length) == 0;
}

static int check(struct srb_tensor_client *c, const char *key, size_t length,
                 size_t count)
{
    if (length == 0 || length > SRB_TENSOR_KEY_MAX)
        return error_set(&c->err, "a key has 1 to %d bytes, not %zu",
                         SRB_TENSOR_KEY_MAX, length);
    if (memchr(key, '\0', length))
        return error_set(&c->err, "a key has no NUL in it");
    if (count == 0 || count > SIZE_MAX / sizeof(float))
        return error_set(&c->err, "a tensor has at least one element");
    return 0;
}

/* What comes late must not be taken for the next reply; and what failed may
 * have moved to another server. */
static int give_up(struct srb_tensor_client *c)
{
    if (!c->wrapped)
        disconnect(c);
    return -1;
}

static int connect_shard(struct srb_tensor_client *c,
                         const struct client_params *p)
{
    c->bound = c->ops->open(p, &c->err);
    return c->bound ? 0 : -1;
}

/* The connection to a shard, made when it is first needed. */
static int reach(struct srb_tensor_client *c, int shard)
{
    struct client_params p = params_of(c);
    const struct slots_shard *to = &c->slots.shard[shard];
    struct error before = c->err;
    int rc;

    p.port = to->port;
    if (to->host[0]) {
        rc = at_each(&p, to->host, connect_shard, c);
    } else {
        p.unix_socket = unix_path(c->addresses);
        rc = connect_shard(c, &p);
    }
    c->client[shard] = c->bound;
    if (rc < 0)
        return give_up(c);
    c->err = before;
    return 0;
}

static void be_of(struct srb_tensor_client *c, const char *key, size_t length,
                  size_t count)
{
    memcpy(c->key, key, length);
    c->key[length] = '\0';
    c->key_length = length;
    c->count = count;
}

/* A wrapped one has one server, which has all the keys that it is asked for,
 * or some that have one each. */
static void bind_wrapped(struct srb_tensor_client *c, const char *key,
                         size_t length, size_t count)
{
    be_of(c, key, length, count);
    if (c->runs)
        c->bound =
            c->peer[strcmp(c->key, c->runs->got) == 0 ? c->runs->got_at : 0];
    c->bound->ops->rebind(c->bound, c->key, bytes_of(count));
}

/* From here on the client is bound to this key and count. */
static int bind_to(struct srb_tensor_client *c, const char *key, size_t length,
                   size_t count)
{
    int slot, shard;

    if (check(c, key, length, count) < 0)
        return -1;
    if (c->wrapped) {
        bind_wrapped(c, key, length, count);
        return 0;
    }
    c->bound = NULL;
    if (!c->known && find_out(c) < 0)
        return -1;
    be_of(c, key, length, count);
    slot = keys_slot(c->key);
    if (c->slots.cluster && c->slots.of[slot] == SRB_SLOT_NOBODY) {
        error_set(&c->err, "no server of the cluster has slot %d of %s", slot,
                  c->key);
        return give_up(c); /* it may have one later */
    }
    shard = c->slots.cluster ? c->slots.of[slot] : 0;
    if (!c->client[shard])
        return reach(c, shard);
    c->bound = c->client[shard];
    c->bound->ops->rebind(c->bound, c->key, bytes_of(count));
    return 0;
}

int srb_put_tensor_n(struct srb_tensor_client *c, const char *key,
                     size_t length, const float *data, size_t count)
{
    if (!is_bound(c, key, length, count) && bind_to(c, key, length, count) < 0)
        return -1;
    if (c->bound->ops->put(c->bound, data, &c->err) == 0)
        return 0;
    return give_up(c);
}

int srb_unpack_tensor_n(struct srb_tensor_client *c, const char *key,
                        size_t length, float *data, size_t count)
{
    if (!is_bound(c, key, length, count) && bind_to(c, key, length, count) < 0)
        return -1;
    if (c->bound->ops->get(c->bound, data, &c->err) == 0)
        return 0;
    return give_up(c);
}

/* ---- several ---- */

static int check_all(struct srb_tensor_client *c, const struct srb_tensor *t,
                     size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (check(c, t[i].key, t[i].key_length, t[i].count) < 0)
            return -1;
    return 0;
}

/* Of n tensors, the first of which the client is bound to: how many follow each
 * other on its server. */
static size_t run_of(const struct srb_tensor_client *c,
                     const struct srb_tensor *t, size_t n)
{
    char key[SRB_KEY_MAX];
    size_t i = 1;

    if (c->wrapped || !c->slots.cluster)
        return n;
    for (; i < n; i++) {
        int shard;

        memcpy(key, t[i].key, t[i].key_length);
        key[t[i].key_length] = '\0';
        shard = c->slots.of[keys_slot(key)];
        if (shard == SRB_SLOT_NOBODY || c->client[shard] != c->bound)
            break;
    }
    return i;
}

/* What a call for several leaves the connection bound to, nobody relies on. */
static int call_run(struct srb_tensor_client *c, const struct srb_tensor *t,
                    size_t n, bool puts)
{
    const struct client_ops *ops = c->bound->ops;

    if (n == 1 && !(puts ? c->bound->ahead != NULL : c->bound->wanted > 0))
        return puts ? ops->put(c->bound, t->data, &c->err)
                    : ops->get(c->bound, t->data, &c->err);
    c->key_length = SIZE_MAX; /* no key: the next call binds */
    return puts ? client_put_many(c->bound, t, n, &c->err)
                : client_get_many(c->bound, t, n, &c->err);
}

static int call_all(struct srb_tensor_client *c, const struct srb_tensor *t,
                    size_t n, bool puts)
{
    size_t run;

    if (check_all(c, t, n) < 0)
        return -1;
    for (size_t i = 0; i < n; i += run) {
        if (!is_bound(c, t[i].key, t[i].key_length, t[i].count) &&
            bind_to(c, t[i].key, t[i].key_length, t[i].count) < 0)
            return -1;
        run = run_of(c, t + i, n - i);
        if (call_run(c, t + i, run, puts) < 0)
            return give_up(c);
    }
    return 0;
}

int srb_put_tensors(struct srb_tensor_client *c,
                    const struct srb_tensor *tensors, size_t n)
{
    return call_all(c, tensors, n, true);
}

int srb_unpack_tensors(struct srb_tensor_client *c,
                       const struct srb_tensor *tensors, size_t n)
{
    return call_all(c, tensors, n, false);
}

const char *tensor_client_key(const struct srb_tensor_client *c)
{
    return c->key;
}

void tensor_client_turn(struct srb_tensor_client *c, struct client *other)
{
    c->bound = other;
    c->key_length = SIZE_MAX; /* no key: the next call binds */
}

int tensor_client_remove(struct srb_tensor_client *c,
                         const struct srb_tensor *tensors, size_t n)
{
    c->key_length = SIZE_MAX; /* as call_run() */
    return c->bound->ops->remove(c->bound, tensors, n, &c->err);
}

static int run_copied(struct srb_tensor_client *c, const struct client_run *r)
{
    const struct client_copies *x = &r->copies;
    struct client *at = c->peer[x->at], *to = c->peer[x->to];
    const struct client_ops *ops = at->ops;

    return ops->copy(at, x->in, at, x->in_copy, &c->err) < 0 ||
                   ops->run(at, r, &c->err) < 0 ||
                   ops->copy(at, x->out_copy, to, x->out, &c->err) < 0 ||
                   ops->forget(at, x->out_copy, x->in_copy, &c->err) < 0
               ? -1
               : 0;
}

int tensor_client_run(struct srb_tensor_client *c, const struct client_run *r)
{
    return r->copied ? run_copied(c, r)
                     : c->bound->ops->run(c->bound, r, &c->err);
}

void tensor_client_each(struct srb_tensor_client *c,
                        void (*each)(const struct client *c))
{
    if (!c->runs)
        each(c->bound);
    for (int k = 0; c->runs && k < c->runs->npeers; k++)
        each(c->peer[k]);
}

int srb_put_tensor(struct srb_tensor_client *c, const char *key,
                   const float *data, size_t count)
{
    return srb_put_tensor_n(c, key, strlen(key), data, count);
}

int srb_unpack_tensor(struct srb_tensor_client *c, const char *key, float *data,
                      size_t count)
{
    return srb_unpack_tensor_n(c, key, strlen(key), data, count);
}
