#include "client/client.h"

#include <string.h>

#include "base/diag.h"

static const struct client_ops *const clients[] = {
    &client_socket,
    &client_hiredis,
    &client_null,
};

const struct client_ops *client_find(const char *name)
{
    for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++)
        if (strcmp(clients[i]->name, name) == 0)
            return clients[i];
    die("the option table has a client '%s' that no code serves", name);
}
