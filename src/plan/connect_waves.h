/* connect_waves.h - when a client connects, so that thousands do not at once.
 *
 * A server takes its connections one by one, and what waits for it is bounded
 * by its backlog (listen(2)): a connection beyond it is dropped by the kernel
 * and tried again after a second (tcp(7)), or refused on a Unix socket. Clients
 * of a shard therefore connect in waves, each half of its backlog, in the order
 * of their numbers. When a client's turn comes it knows from its number alone:
 * no message is sent, and the first wave, which is all there is unless a shard
 * has hundreds of clients, does not wait. All functions are local and pure.
 */
#ifndef SRB_CONNECT_WAVES_H
#define SRB_CONNECT_WAVES_H

#include <stdint.h>

#include "plan/place.h"

/* The number of a client among those of its shard, from 0. Exact where all its
 * node's clients (colocated) or every so-manieth client (balanced keys) go to
 * the shard; for other keys what it would be if the keys were spread evenly,
 * which CRC16 does within what half a backlog leaves. A reader, which may
 * connect to every shard, comes behind the writers. */
int connect_waves_turn(const struct placement *pl, int client);

/* How many may connect to a server at once whose backlog is this (0 or less:
 * it has none): at least 1, INT_MAX without backlog. */
int connect_waves_size(int64_t backlog);

/* How long after everybody may begin to connect the client with this turn does,
 * in ns. */
int64_t connect_waves_delay(int64_t backlog, int turn);

#endif
