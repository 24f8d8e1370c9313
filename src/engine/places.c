#include "engine/places.h"

#include "protocol/keys.h"

bool places_find(const struct places *p, const char *key,
                 struct tensor_place *out)
{
    struct key_of of;

    if (!keys_read(key, &of) || of.client < p->first ||
        of.client - p->first >= p->clients || of.i >= p->tensors)
        return false;
    out->client = of.client - p->first;
    out->number = of.step * (int64_t)p->tensors + (int64_t)of.i;
    return true;
}
