/* connect.h - what the clients that talk to a server share. */
#ifndef SRB_CONNECT_H
#define SRB_CONNECT_H

#include <hiredis/hiredis.h>

#include "client/client.h"

#define SRB_WHERE_MAX 128

struct ssl_st; /* OpenSSL, see tls.h */

/* Connect as p says, over TCP (with TCP_NODELAY; from p->source, which is read
 * back) or a Unix socket, shake hands for TLS, and log in. Each of the three
 * takes at most p->op_timeout, as does every later wait on the connection.
 * `where` gets the server's name for messages, *ssl what p->tls came to, or
 * NULL (a NULL ssl is for a client without TLS). NULL on failure. Local. */
redisContext *client_connect(const struct client_params *p,
                             char where[SRB_WHERE_MAX], struct ssl_st **ssl,
                             struct error *err);

#endif
