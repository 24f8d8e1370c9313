#include "srb/load.h"

#include <stdlib.h>
#include <string.h>

#include "srb/team.h"
#include "srb/tensor.h"
#include "srb/tick.h"

static float *allocate(size_t count)
{
    void *data = NULL;

    /* page-aligned: every client's tensor lies alike */
    if (posix_memalign(&data, 4096, count * sizeof(float)) != 0)
        return NULL;
    memset(data, 0, count * sizeof(float));
    return data;
}

int load_open(struct load *l, const struct client_ops *ops,
              const struct client_params *p, enum verify verify, size_t warmup,
              size_t iterations, struct error *err)
{
    int64_t start;

    memset(l, 0, sizeof *l);
    l->number = p->client;
    l->count = p->bytes / sizeof(float);
    l->verify = verify;
    if (samples_open(&l->samples, warmup, iterations, err) < 0)
        return -1;
    l->out = allocate(l->count);
    l->in = allocate(l->count);
    if (!l->out || !l->in)
        return error_set(err,
                         "client %d: not enough memory for two tensors of "
                         "%zu bytes",
                         p->client, p->bytes);
    tensor_fill(l->out, l->count, p->client);
    start = tick_now();
    l->samples.main_start = start;
    l->client = ops->open(p, err);
    l->samples.connect_ns = tick_now() - start;
    return l->client ? 0 : -1;
}

static bool verified(const struct load *l, size_t pair)
{
    size_t last = l->samples.warmup + l->samples.iterations - 1;

    if (l->verify == VERIFY_ALL)
        return true;
    return l->verify == VERIFY_ENDS && (pair == 0 || pair == last);
}

static void verify(struct load *l, size_t pair)
{
    struct error wrong;

    if (tensor_check(l->in, l->count, l->number, (int64_t)pair, &wrong) == 0)
        return;
    if (l->samples.verify_errors++ == 0)
        l->wrong = wrong;
}

/* One put and one get: what is between the instants is what is measured. */
static int one_pair(struct load *l, size_t pair, struct error *err)
{
    const struct client_ops *ops = l->client->ops;
    struct samples *s = &l->samples;
    int rc;

    s->put_start[pair] = tick_now();
    rc = ops->put(l->client, l->out, err);
    s->put_end[pair] = tick_now();
    if (rc < 0)
        return -1;
    if (verified(l, pair))
        tensor_spoil(l->in, l->count);
    s->unpack_start[pair] = tick_now();
    rc = ops->get(l->client, l->in, err);
    s->unpack_end[pair] = tick_now();
    return rc;
}

static int interrupted(const struct load *l, size_t pair, struct error *err)
{
    return error_set(err, "client %d: broken off at pair %zu by signal %d (%s)",
                     l->number, pair, (int)*l->signal,
                     strsignal((int)*l->signal));
}

int load_run(struct load *l, MPI_Comm clients, struct error *err)
{
    struct samples *s = &l->samples;
    size_t pairs = s->warmup + s->iterations;

    /* whoever slept here would start late */
    team_start_together(clients);
    s->loop_start = tick_now();
    for (size_t pair = 0; pair < pairs; pair++) {
        if (pair == s->warmup)
            s->loop_start = tick_now();
        if (l->signal && *l->signal)
            return interrupted(l, pair, err);
        tensor_stamp(l->out, l->count, l->number, (int64_t)pair);
        if (one_pair(l, pair, err) < 0)
            return -1;
        if (pair + 1 == pairs)
            s->loop_end = tick_now(); /* the last check is not the loop's */
        if (verified(l, pair))
            verify(l, pair);
    }
    return 0;
}

void load_disconnect(struct load *l)
{
    if (l->client)
        l->client->ops->close(l->client);
    l->client = NULL;
    l->samples.main_end = tick_now();
}

void load_close(struct load *l)
{
    if (l->client)
        l->client->ops->close(l->client);
    free(l->out);
    free(l->in);
    samples_free(&l->samples);
    memset(l, 0, sizeof *l);
}
