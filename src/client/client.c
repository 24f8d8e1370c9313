#include "client/client.h"

#include <string.h>

#include "base/diag.h"

#define ADDRESS(x) &client_##x,
static const struct client_ops *const clients[] = {SRB_CLIENTS(ADDRESS)};
#define CLIENTS (sizeof clients / sizeof clients[0])

const struct client_ops *client_find(const char *name)
{
    for (size_t i = 0; i < CLIENTS; i++)
        if (strcmp(clients[i]->name, name) == 0)
            return clients[i];
    die("there is no client '%s' in the table of clients", name);
}

const struct client_ops *client_secured(void)
{
    for (size_t i = 0; i < CLIENTS; i++)
        if (clients[i]->serves && clients[i]->tls)
            return clients[i];
    die("no client in the table of clients speaks TLS");
}

const struct options_word *client_words(void)
{
    static struct options_word words[CLIENTS + 1];
    size_t n = 0;

    for (size_t i = 0; i < CLIENTS; i++)
        if (!clients[i]->own)
            words[n++] =
                (struct options_word){.name = clients[i]->name,
                                      .help = clients[i]->help,
                                      .faults = clients[i]->check != NULL};
    return words;
}
