/* A client without a server: it keeps the tensor itself. With it the harness is
 * tested, and faults come at a chosen place: null_client: {client: 2,
 * fail_at: 5, hang_at: 7, delay: 10us, alter_at: 3}. Counted are pairs (of
 * several tensors each counts), warm-up included, from 0; `client` is the one
 * that misbehaves (all if not given); `delay` is how long every operation of
 * every client takes. */
#include <stdlib.h>
#include <string.h>

#include "base/signals.h"
#include "base/tick.h"
#include "base/units.h"
#include "client/null_store.h"
#include "client/serverless.h"

/* Between two looks whether a client that hangs is cut off: soon enough for a
 * person, and no load on its CPU. */
#define LOOK_NS INT64_C(1000000)

struct null_client {
    struct client base;
    char *kept; /* what it is bound to, one of `store` */
    size_t bytes;
    struct null_store store;
    bool full; /* there was no memory for what it was bound to last */
    int client;
    int64_t pair;                       /* puts so far */
    int64_t fail_at, hang_at, alter_at; /* -1: never */
    int64_t delay_ns;
    double op_timeout;
};

static struct null_client *self(struct client *c)
{
    return (struct null_client *)(void *)c;
}

static int read_fault(struct null_client *c, const struct pair *p,
                      int64_t *only, struct error *err)
{
    const struct {
        const char *name;
        int64_t *into;
    } counts[] = {{"fail_at", &c->fail_at},
                  {"hang_at", &c->hang_at},
                  {"alter_at", &c->alter_at},
                  {"client", only}};
    const char *value = p->value ? p->value : "";
    double seconds;

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        if (strcmp(p->name, counts[i].name) == 0) {
            if (units_parse_count(value, counts[i].into, err) == 0 &&
                *counts[i].into >= 0)
                return 0;
            return error_set(err,
                             "null_client: %s: found '%s', expected a number "
                             "from 0",
                             p->name, value);
        }
    if (strcmp(p->name, "delay") != 0)
        return error_set(err,
                         "null_client: '%s' is no fault; there are fail_at, "
                         "hang_at, alter_at, client and delay",
                         p->name);
    if (units_parse_seconds(value, &seconds, err) < 0)
        return error_prefix(err, "null_client: delay: found '%s'", value);
    c->delay_ns = (int64_t)(seconds * 1e9);
    return 0;
}

static int read_faults(struct null_client *c, const struct value *faults,
                       struct error *err)
{
    int64_t only = -1;

    c->fail_at = c->hang_at = c->alter_at = -1;
    for (size_t i = 0; faults && i < faults->npairs; i++)
        if (read_fault(c, &faults->pairs[i], &only, err) < 0)
            return -1;
    if (only >= 0 && only != c->client)
        c->fail_at = c->hang_at = c->alter_at = -1;
    return 0;
}

static int check(const struct value *faults, struct error *err)
{
    struct null_client ignored = {.client = 0};

    return read_faults(&ignored, faults, err);
}

static void close_client(struct client *c)
{
    null_store_free(&self(c)->store);
    free(c);
}

static void rebind(struct client *base, const char *key, size_t bytes)
{
    struct null_client *c = self(base);

    c->kept = null_store_find(&c->store, key, strlen(key), bytes);
    c->bytes = bytes;
    if (c->kept)
        return;
    /* the next put says so: no other is to ask */
    c->full = true;
    c->fail_at = c->pair;
    c->bytes = 0;
}

static struct client *open_client(const struct client_params *p,
                                  struct error *err)
{
    struct null_client *c = calloc(1, sizeof *c);

    if (c)
        rebind(&c->base, p->key, p->bytes);
    if (!c || c->full) {
        error_set(err, "not enough memory for a client");
        free(c);
        return NULL;
    }
    c->base.ops = &client_null;
    c->base.socket = -1;
    c->client = p->client;
    c->op_timeout = p->op_timeout;
    if (read_faults(c, p->null_client, err) == 0)
        return &c->base;
    close_client(&c->base);
    return NULL;
}

static void hang(double seconds)
{
    int64_t deadline = tick_deadline(seconds);

    while (tick_now() < deadline && !signals_state()->cut)
        tick_sleep(LOOK_NS);
}

static int put(struct client *base, const void *data, struct error *err)
{
    struct null_client *c = self(base);
    int64_t pair = c->pair++;

    if (c->delay_ns)
        tick_sleep(c->delay_ns);
    if (pair == c->fail_at && c->full)
        return error_set(err, "client %d: not enough memory for its tensors",
                         c->client);
    if (pair == c->fail_at)
        return error_set(err, "client %d fails at pair %lld, as it was told",
                         c->client, (long long)pair);
    if (pair == c->hang_at) {
        /* as a socket client hangs: no reply until its time is up */
        hang(c->op_timeout);
        return error_set(err,
                         "client %d hangs at pair %lld, as it was told: no "
                         "reply within %g s",
                         c->client, (long long)pair, c->op_timeout);
    }
    memcpy(c->kept, data, c->bytes);
    if (pair == c->alter_at)
        c->kept[c->bytes / 2] = (char)(c->kept[c->bytes / 2] ^ 1);
    return 0;
}

static int get(struct client *base, void *data, struct error *err)
{
    struct null_client *c = self(base);

    (void)err;
    if (c->delay_ns)
        tick_sleep(c->delay_ns);
    memcpy(data, c->kept, c->bytes);
    return 0;
}

static int remove_keys(struct client *base, const struct srb_tensor *tensors,
                       size_t n, struct error *err)
{
    struct null_client *c = self(base);

    if (c->delay_ns)
        tick_sleep(c->delay_ns);
    for (size_t i = 0; i < n; i++)
        if (!null_store_drop(&c->store, tensors[i].key, tensors[i].key_length))
            return error_set(err, "client %d has no '%.*s' to remove",
                             c->client, (int)tensors[i].key_length,
                             tensors[i].key);
    return 0;
}

const struct client_ops client_null = {
    .name = "null",
    .help = "without a server, to test the harness",
    .memory = {.eighths = 16},
    .check = check,
    .open = open_client,
    .rebind = rebind,
    .put = put,
    .get = get,
    .remove = remove_keys,
    .close = close_client,
};
