#include "srb/client.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#include "srb/diag.h"

static const struct client_ops *const clients[] = {
    &client_socket,
    &client_hiredis,
    &client_null,
};

void client_address_of(int fd, char address[SRB_ADDRESS_MAX])
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof sa;

    address[0] = '\0';
    if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0 ||
        getnameinfo((struct sockaddr *)&sa, len, address, SRB_ADDRESS_MAX, NULL,
                    0, NI_NUMERICHOST) != 0)
        address[0] = '\0';
}

const struct client_ops *client_find(const char *name)
{
    for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++)
        if (strcmp(clients[i]->name, name) == 0)
            return clients[i];
    die("the option table has a client '%s' that no code serves", name);
}
