/* burden.h - what a permutation asks of servers and nodes, before anything of
 * it has run. Local; pure but for what it allocates.
 */
#ifndef SRB_BURDEN_H
#define SRB_BURDEN_H

#include "engine/engine.h"
#include "plan/place.h"

/* Whether two permutations put the same load on every node, but for the length
 * of the tensor. */
bool burden_same(const struct permutation *a, const struct permutation *b);

/* The server, by its name alone: what a program is, it tells only when it is
 * run. */
const struct engine *burden_server(const struct permutation *p);

/* How many clients have their tensors in each shard: [nshards], to be freed.
 * None where these keep them themselves, or shards belong to another job. */
int *burden_clients(const struct permutation *p, const struct placement *pl);

/* What a server takes of its node's memory. */
const struct footprint *burden_memory(const struct permutation *p);

/* The pairs whose timings a client keeps, with those of the warm-up. */
int64_t burden_pairs(const struct options *o);

#endif
