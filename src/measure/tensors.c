#include "measure/tensors.h"

#include <stdlib.h>
#include <string.h>

struct tensors_rules tensors_rules_of(const struct permutation *p)
{
    const struct value *after = p->value[OPT_EXPIRE_AFTER];
    enum retire retire =
        (enum retire)permutation_count(p, OPT_RETIRE, RETIRE_OVERWRITE);
    bool expires = retire == RETIRE_EXPIRE;

    if (p->infers) /* an input, and what is made of it */
        return (struct tensors_rules){.n = 1, .history = 1};
    return (struct tensors_rules){
        .n = (size_t)p->value[OPT_TENSORS]->count,
        .pipelined = p->value[OPT_TENSORS]->count > 1 &&
                     permutation_count(p, OPT_PIPELINED, 0) != 0,
        .history = p->value[OPT_HISTORY]->word == HISTORY_ALL
                       ? 0
                       : p->value[OPT_HISTORY]->count,
        .retire = retire,
        .expire_ms = expires ? (int64_t)(after->seconds * 1e3 + 0.5) : 0,
    };
}

bool tensors_plain(const struct tensors_rules *r)
{
    return r->n == 1 && r->history == 1 && r->retire == RETIRE_OVERWRITE;
}

bool tensors_removes(const struct tensors_rules *r)
{
    return r->retire == RETIRE_DELETE && r->history > 0;
}

int64_t tensors_key_step(const struct tensors_rules *r, int64_t step)
{
    return r->retire == RETIRE_OVERWRITE && r->history > 0 ? step % r->history
                                                           : step;
}

int64_t tensors_oldest(const struct tensors_rules *r, int64_t steps)
{
    if (r->retire == RETIRE_EXPIRE || r->history == 0 || steps < r->history)
        return 0;
    return steps - r->history;
}

int64_t tensors_get_step(const struct tensors_rules *r, int64_t steps,
                         int64_t k)
{
    int64_t oldest = tensors_oldest(r, steps);

    return oldest + k % (steps - oldest);
}

int64_t tensors_kept(const struct tensors_rules *r, int64_t steps)
{
    int64_t kept = steps;

    /* the step that is put is there before the one that goes is removed */
    if (r->retire != RETIRE_EXPIRE && r->history > 0)
        kept = r->history + tensors_removes(r);
    return (int64_t)r->n * (kept < steps ? kept : steps);
}

/* ---- of a client ---- */

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
    t->put = calloc(3 * n, sizeof *t->put);
    t->keys = calloc(3 * n, sizeof *t->keys);
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
    for (size_t k = 0; k < 3 * r->n; k++) {
        size_t i = k % r->n;
        float *data = k < r->n ? t->out[i] : k < 2 * r->n ? t->in[i] : NULL;

        memcpy(t->keys[k], stem, t->stem);
        t->put[k] = (struct srb_tensor){t->keys[k], 0, data, count};
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

void tensors_name(struct tensors *t, struct srb_tensor *list, int64_t step)
{
    int64_t number = tensors_key_step(&t->rules, step);

    for (size_t i = 0; i < t->rules.n; i++)
        list[i].key_length = keys_of_step(t->keys[list - t->put + (ptrdiff_t)i],
                                          t->stem, number, i);
}
