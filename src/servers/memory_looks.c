#include "servers/memory_looks.h"

#define FIRST_PAUSE_NS INT64_C(10000000)

void memory_looks_begin(struct memory_looks *x)
{
    x->n = 0;
    x->pause = FIRST_PAUSE_NS;
}

int64_t memory_looks_due(const struct memory_looks *x)
{
    return x->n > 0 ? x->when[x->n - 1] + x->pause : 0;
}

static void thin(struct memory_looks *x)
{
    x->n /= 2;
    x->pause *= 2;
    for (int64_t k = 1; k < x->n; k++) {
        x->when[k] = x->when[2 * k];
        x->bytes[k] = x->bytes[2 * k];
    }
}

void memory_looks_add(struct memory_looks *x, int64_t when, int64_t bytes)
{
    if (x->n == SRB_MEMORY_LOOKS)
        thin(x);
    x->when[x->n] = when;
    x->bytes[x->n++] = bytes;
}
