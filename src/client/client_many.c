/* Several tensors with any client. */
#include <string.h>

#include "client/client.h"

void client_bind(struct client *c, const struct srb_tensor *t)
{
    char key[SRB_KEY_MAX];

    memcpy(key, t->key, t->key_length);
    key[t->key_length] = '\0';
    c->ops->rebind(c, key, t->count * sizeof(float));
}

int client_put_many(struct client *c, const struct srb_tensor *tensors,
                    size_t n, struct error *err)
{
    if (c->ops->put_many && (n > 1 || c->ahead))
        return c->ops->put_many(c, tensors, n, err);
    for (size_t i = 0; i < n; i++) {
        client_bind(c, &tensors[i]);
        if (c->ops->put(c, tensors[i].data, err) < 0)
            return -1;
    }
    return 0;
}

int client_get_many(struct client *c, const struct srb_tensor *tensors,
                    size_t n, struct error *err)
{
    if (c->ops->get_many && (n > 1 || c->wanted > 0))
        return c->ops->get_many(c, tensors, n, err);
    for (size_t i = 0; i < n; i++) {
        client_bind(c, &tensors[i]);
        if (c->ops->get(c, tensors[i].data, err) < 0)
            return -1;
    }
    return 0;
}

bool client_absent(struct client *c)
{
    bool absent = c->absent;

    c->absent = false;
    return absent;
}
