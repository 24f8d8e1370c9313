/* The timed loop in C. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/tick.h"
#include "measure/loop.h"

struct tensors {
    size_t bytes; /* of each */
    float *out, *in;
};

/* New pages, which malloc() does not promise. */
static float *map(size_t bytes)
{
    void *data = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (data == MAP_FAILED)
        return NULL;
    memset(data, 0, bytes); /* this brings them here */
    return data;
}

static void release(void *own)
{
    struct tensors *t = own;

    if (t->out)
        munmap(t->out, t->bytes);
    if (t->in)
        munmap(t->in, t->bytes);
    free(t);
}

static void *allocate(size_t count, float **out, float **in)
{
    struct tensors *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->bytes = count * sizeof(float);
    *out = t->out = map(t->bytes);
    *in = t->in = map(t->bytes);
    if (t->out && t->in)
        return t;
    release(t);
    return NULL;
}

static int put(const struct loop_task *t, const float *out)
{
    int64_t start, end;
    int rc;

    loop_stamp(t->load);
    start = tick_now();
    rc = srb_put_tensor_n(t->client, t->key, t->key_length, out, t->count);
    end = tick_now();
    return loop_put(t->load, rc, start, end);
}

static int get(const struct loop_task *t, float *in)
{
    int64_t start, end;
    int rc;

    loop_spoil(t->load);
    start = tick_now();
    rc = srb_unpack_tensor_n(t->client, t->key, t->key_length, in, t->count);
    end = tick_now();
    return loop_got(t->load, rc, start, end);
}

static int put_each(const struct loop_task *t)
{
    const struct srb_tensor *x = t->put, *end = x + t->tensors;
    int rc = 0;

    if (t->pipelined)
        return srb_put_tensors(t->client, t->put, t->tensors);
    for (; x < end && rc == 0; x++)
        rc = srb_put_tensor_n(t->client, x->key, x->key_length, x->data,
                              x->count);
    return rc;
}

static int get_each(const struct loop_task *t)
{
    const struct srb_tensor *x = t->get, *end = x + t->tensors;
    int rc = 0;

    if (t->pipelined)
        return srb_unpack_tensors(t->client, t->get, t->tensors);
    for (; x < end && rc == 0; x++)
        rc = srb_unpack_tensor_n(t->client, x->key, x->key_length, x->data,
                                 x->count);
    return rc;
}

static int put_set(const struct loop_task *t)
{
    return loop_describe(t->load) < 0 || put_each(t) < 0 ? -1
                                                         : loop_append(t->load);
}

static int get_set(const struct loop_task *t)
{
    return loop_describe(t->load) < 0 ? -1 : get_each(t);
}

static int put_all(const struct loop_task *t)
{
    int64_t start, end;
    int rc;

    loop_stamp_all(t->load);
    start = tick_now();
    rc = t->lists ? put_set(t) : put_each(t);
    end = tick_now();
    return loop_put(t->load, rc, start, end);
}

static int get_all(const struct loop_task *t)
{
    int64_t start, end;
    int rc;

    loop_spoil_all(t->load);
    start = tick_now();
    rc = t->lists ? get_set(t) : get_each(t);
    end = tick_now();
    return loop_got(t->load, rc, start, end);
}

static void run_all(const struct loop_task *t)
{
    while (loop_more(t->load)) {
        if (t->puts && put_all(t) < 0)
            return;
        if (t->infers && loop_infer(t->load) < 0)
            return;
        if (t->gets && get_all(t) < 0)
            return;
        if (t->puts && t->retires && loop_retire(t->load) < 0)
            return;
    }
}

static void run(const struct loop_task *t)
{
    const struct tensors *own = t->own;

    if (t->tensors > 0) {
        run_all(t);
        return;
    }

    while (loop_more(t->load)) {
        if (t->puts && put(t, own->out) < 0)
            return;
        if (t->gets && get(t, own->in) < 0)
            return;
    }
}

const struct loop_language loop_c = {
    .name = "c",
    .allocate = allocate,
    .release = release,
    .run = run,
};
