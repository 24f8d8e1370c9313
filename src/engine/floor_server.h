/* floor.h - the built-in server: it carries bytes and does nothing else.
 *
 * `db_exe: floor` starts it in place of a database: srbench itself in a hidden
 * role, a child of the guard like any server. It understands what srbench sends
 * (AUTH, SET, GET, PING, INFO, FLUSHALL, SHUTDOWN) and keeps values in memory,
 * so that what is measured with it is the network, the CPUs and the client: the
 * limit that no server can pass. One loop of epoll(7) a thread; connections are
 * given to the loops in turn. All functions are local.
 */
#ifndef SRB_FLOOR_SERVER_H
#define SRB_FLOOR_SERVER_H

#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "protocol/secret.h"

/* argv[1] of the hidden role. */
#define SRB_FLOOR_ROLE "--floor-server"

#define FLOOR_THREADS_MAX 4096

struct floor_config {
    char address[64];      /* numeric, to listen on */
    int port;              /* 0: one that is free */
    char unix_socket[108]; /* path to listen on too, "" for none */
    int threads;
    int backlog;
    int64_t max_bytes; /* of a value */
    /* SHA-256 of the passwords of secret.h's two users, each of whom may do
     * what it may with Redis; "" for both: everybody may do everything. Nothing
     * but tensors is kept, so that keys need no watching. */
    char client_password[SRB_SHA256_HEX];
    char steward_password[SRB_SHA256_HEX];
};

struct floor;

/* Read a configuration: lines of a directive and its value, "bind",
 * "port", "unixsocket", "threads", "tcp-backlog", "max-value-bytes",
 * "client-password", "steward-password" (both or none). Returns 0
 * or -1 with the line that is wrong. */
int floor_read_config(FILE *in, struct floor_config *c, struct error *err);

/* Listen, and start the threads but one. NULL on failure. */
struct floor *floor_open(const struct floor_config *c, struct error *err);

/* The port it listens on. */
int floor_port(const struct floor *f);

/* Serve until a SHUTDOWN; the caller's thread is one of the server's. */
void floor_serve(struct floor *f);

/* After floor_serve(). NULL is allowed. */
void floor_close(struct floor *f);

/* The server's own main(), its configuration on standard input. Returns exit
 * status. */
int floor_main(void);

#endif
