#include "measure/load.h"

#include <stdio.h>
#include <string.h>

#include "base/signals.h"
#include "base/tick.h"
#include "client/tensor_client_wrap.h"
#include "measure/tensor.h"

static void await(int64_t instant)
{
    int64_t left = instant - tick_now();

    if (left > 0)
        tick_sleep(left);
}

static int allocate(struct load *l, struct error *err)
{
    l->own = l->language->allocate(l->count, &l->out, &l->in);
    if (!l->own)
        return error_set(err,
                         "client %d: not enough memory for two tensors of "
                         "%zu bytes",
                         l->number, l->count * sizeof(float));
    tensor_fill(l->out, l->count, l->number);
    return 0;
}

/* Connect, and hand the client to the loop. */
static int join(struct load *l, const struct client_ops *ops,
                const struct client_params *p, struct error *err)
{
    int64_t start = tick_now();

    l->samples.main_start = start;
    l->client = ops->open(p, err);
    l->samples.connect_ns = tick_now() - start;
    if (!l->client)
        return -1;
    if (l->samples.connect_ns < 0)
        return error_set(err,
                         "client %d: the monotonic clock went back by %lld ns "
                         "while it connected",
                         l->number, (long long)-l->samples.connect_ns);
    l->wrapped = tensor_client_wrap(l->client, p->key, l->count, err);
    if (!l->wrapped)
        return -1;
    signals_watch(ops->socket(l->client));
    return 0;
}

int load_open(struct load *l, const struct loop_language *language,
              const struct client_ops *ops, const struct client_params *p,
              const struct load_rules *rules, struct error *err)
{
    memset(l, 0, sizeof *l);
    l->language = language;
    l->number = p->client;
    l->count = p->bytes / sizeof(float);
    l->rules = *rules;
    snprintf(l->key, sizeof l->key, "%s", p->key);
    if (samples_open(&l->samples, rules->warmup, rules->iterations, err) < 0 ||
        allocate(l, err) < 0)
        return -1;
    await(rules->connect_at);
    return join(l, ops, p, err);
}

static void disconnect(struct load *l)
{
    signals_unwatch();
    srb_tensor_client_close(l->wrapped);
    if (l->client)
        l->client->ops->close(l->client);
    l->wrapped = NULL;
    l->client = NULL;
}

void load_disconnect(struct load *l)
{
    if (l->client)
        l->client->ops->buffers(l->client, l->buffers);
    disconnect(l);
    l->samples.main_end = tick_now();
}

void load_close(struct load *l)
{
    disconnect(l);
    if (l->own)
        l->language->release(l->own);
    samples_free(&l->samples);
    memset(l, 0, sizeof *l);
}
