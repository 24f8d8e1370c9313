/* connect.h - what the clients that talk to a server share. */
#ifndef SRB_CLIENT_CONNECT_H
#define SRB_CLIENT_CONNECT_H

#include <hiredis/hiredis.h>

#include "srb/client.h"

#define SRB_WHERE_MAX 128

/* Connect as p says, over TCP (with TCP_NODELAY; from p->source, which is read
 * back) or a Unix socket, and log in; it takes at most p->op_timeout, and every
 * later wait on the connection ends after p->op_timeout. `where` gets the
 * server's name for messages. NULL on failure. Local. */
redisContext *client_connect(const struct client_params *p,
                             char where[SRB_WHERE_MAX], struct error *err);

/* Its buffers, as the kernel has them; -1 where they cannot be told. Local. */
void client_buffers_of(int fd, int bytes[2]);

/* This end of a connected socket: a numeric address, "unix", or "". Local. */
void client_address_of(int fd, char address[SRB_ADDRESS_MAX]);

#endif
