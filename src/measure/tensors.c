#include "measure/tensors.h"

#include <stdlib.h>
#include <string.h>

static int no_memory(size_t n, size_t count, struct error *err)
{
    return error_set(err, "not enough memory for %zu tensors of %zu elements",
                     2 * n, count);
}

/* Texts and lists; the first tensor is there. */
static int make_lists(struct tensors *t, float *out, float *in)
{
    size_t n = t->rules.n;

    t->own = calloc(n, sizeof *t->own);
    t->out = calloc(n, sizeof *t->out);
    t->in = calloc(n, sizeof *t->in);
    t->put = calloc(3 * n + TENSORS_MORE, sizeof *t->put);
    t->keys = calloc(3 * n + TENSORS_MORE, sizeof *t->keys);
    if (!t->own || !t->out || !t->in || !t->put || !t->keys)
        return -1;
    t->get = t->put + n;
    t->gone = t->get + n;
    t->out[0] = out;
    t->in[0] = in;
    return 0;
}

int tensors_open(struct tensors *t, const struct tensors_rules *r,
                 const struct loop_language *language, const char *key,
                 size_t count, float *out, float *in, struct error *err)
{
    char stem[SRB_KEY_MAX];
    int length = keys_stem(stem, key);

    t->rules = *r;
    if (length < 0)
        return error_set(err, "'%s' is too long for keys of steps", key);
    t->stem = (size_t)length;
    if (make_lists(t, out, in) < 0)
        return no_memory(r->n, count, err);
    for (size_t i = 1; i < r->n; i++) {
        t->own[i] = language->allocate(count, &t->out[i], &t->in[i]);
        if (!t->own[i])
            return no_memory(r->n, count, err);
    }
    for (size_t i = 0; i < r->n; i++) {
        t->put[i].data = t->out[i];
        t->get[i].data = t->in[i];
    }
    for (size_t k = 0; k < 3 * r->n + TENSORS_MORE; k++) {
        memcpy(t->keys[k], stem, t->stem);
        t->put[k].key = t->keys[k];
        t->put[k].count = count;
    }
    return 0;
}

void tensors_close(struct tensors *t, const struct loop_language *language)
{
    for (size_t i = 1; t->own && i < t->rules.n; i++)
        if (t->own[i])
            language->release(t->own[i]);
    free(t->own);
    free(t->out);
    free(t->in);
    free(t->put);
    free(t->keys);
    memset(t, 0, sizeof *t);
}

static void name(struct tensors *t, struct srb_tensor *list, size_t n,
                 int64_t step)
{
    int64_t number = tensors_key_step(&t->rules, step);

    for (size_t i = 0; i < n; i++)
        list[i].key_length = keys_of_step(t->keys[list - t->put + (ptrdiff_t)i],
                                          t->stem, number, i);
}

void tensors_name(struct tensors *t, struct srb_tensor *list, int64_t step)
{
    name(t, list, t->rules.n, step);
}

void tensors_name_gone(struct tensors *t, int64_t step)
{
    name(t, t->gone, tensors_each(&t->rules), step);
}
