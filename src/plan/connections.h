/* connections.h - who connects to which shard.
 *
 * A client connects to the shard that owns its key; a reader (pattern:
 * exchange, and aggregate) to each of those that own what it reads; and a
 * writer to that of the list that it appends to, which has what its first
 * reads. Local and pure.
 */
#ifndef SRB_CONNECTIONS_H
#define SRB_CONNECTIONS_H

#include "plan/place.h"

/* Add to clients[nshards] how many clients connect to each shard. */
void connections_count(const struct placement *pl, int *clients);

/* Which clients connect to a shard, into clients[nclients]: those that keep
 * their tensors there, *keepers, and then those that only read. How many these
 * are together. */
int connections_of(const struct placement *pl, int shard, int *clients,
                   int *keepers);

#endif
