/* The rules of the timed loop for steps of several tensors, and keys that
 * change (loop.h). */
#include "base/tick.h"
#include "client/tensor_client_wrap.h"
#include "measure/loop_parts.h"
#include "measure/tensor.h"

void loop_stamp_all(struct load *l)
{
    struct tensors *t = &l->tensors;

    if (l->inference.runs) {
        inference_stamp(l);
        return;
    }
    for (size_t i = 0; i < t->rules.n; i++)
        tensor_stamp_of(t->out[i], l->count, l->number, l->pair, i);
    tensors_name(t, t->put, l->pair++);
    if (l->rules.exchange.lists.lists)
        aggregate_stamp(l);
    if (l->rules.exchange.writes)
        exchange_announce(l);
}

/* A get that follows its put brings that; those of a phase of their own bring
 * what is there. */
void loop_spoil_all(struct load *l)
{
    struct tensors *t = &l->tensors;
    bool phase = l->phase.counted == &l->samples.unpack;
    int64_t k = l->samples.unpack.count;

    if (l->rules.exchange.reads) {
        exchange_spoil(l);
        return;
    }
    if (l->inference.runs) {
        inference_spoil(l);
        return;
    }
    t->get_step = phase ? tensors_get_step(&t->rules, l->pair, k) : l->pair - 1;
    tensors_name(t, t->get, t->get_step);
    for (size_t i = 0; i < t->rules.n && loop_checks(l); i++)
        tensor_spoil(t->in[i], l->count);
}

int loop_retire(struct load *l)
{
    struct tensors *t = &l->tensors;
    struct series *s = &l->samples.retire;
    int64_t gone = l->pair - 1 - t->rules.history, start, end;
    size_t n = tensors_each(&t->rules);
    int rc;

    if (gone < 0)
        return 0;
    tensors_name_gone(t, gone);
    if (l->rules.exchange.lists.lists)
        n += aggregate_retire(l, t->gone + n, gone);
    exchange_go_on(l);
    start = tick_now();
    rc = tensor_client_remove(l->wrapped, t->gone, n);
    end = tick_now();
    if (rc < 0)
        return loop_fail(l);
    if (!l->phase.counted) { /* of the warm-up none is kept */
        l->phase.latest = end;
        return 0;
    }
    l->samples.loop_end = end;
    return loop_note(l, s, s->warmup, start, end);
}
