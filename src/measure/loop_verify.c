/* Whether what came back last is what was put, or what a model makes of it. */
#include "measure/loop_parts.h"
#include "measure/tensor.h"

void loop_verify(struct load *l)
{
    const struct tensors *t = &l->tensors;
    size_t n = t->rules.n > 0 ? t->rules.n : 1;
    int64_t step = t->rules.n > 0 ? t->get_step : l->pair - 1;
    struct error wrong;

    if (l->inference.runs) {
        inference_verify(l);
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (tensor_check_of(i > 0 ? t->in[i] : l->in, l->count, l->number, step,
                            i, &wrong) < 0 &&
            l->samples.verify_errors++ == 0)
            l->wrong = wrong;
}
