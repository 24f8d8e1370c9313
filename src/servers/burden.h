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

/* How many clients connect to each shard, and how many keep their tensors
 * there, which readers do not: [nshards], to be freed. None where clients keep
 * them themselves, or shards belong to another job. */
int *burden_clients(const struct permutation *p, const struct placement *pl);
int *burden_keepers(const struct permutation *p, const struct placement *pl);

/* Memory of one server with so many clients, of which so many keep tensors
 * there, and of one client that keeps the timings of so many pairs, with
 * tensors of so many bytes; what scripts and models take and give among them.
 */
int64_t burden_server_bytes(const struct permutation *p, int64_t clients,
                            int64_t keepers, int64_t tensor);
int64_t burden_client_bytes(const struct permutation *p, int64_t tensor,
                            int64_t pairs);

/* Memory that a server takes for a model whose file has so many bytes: they
 * arrive in a buffer, RedisAI keeps them, its back end reads a copy and makes
 * as many of it for each device (437 MB of ResNet-50's 103, some 40 of which
 * are the libraries'). What a run takes, only the model knows. */
int64_t burden_model_bytes(const struct permutation *p, const struct options *o,
                           int64_t file);

/* Of the bytes that clients keep in a server those that it must have room for,
 * and what it may use by its directives (db_args' maxmemory; 0: no limit). */
int64_t burden_kept_bytes(const struct permutation *p, int64_t clients,
                          int64_t bytes);
int64_t burden_maxmemory(const struct permutation *p);

/* Room in the result file for a permutation of so many clients. */
int64_t burden_file_bytes(const struct permutation *p, int64_t clients,
                          int64_t pairs);

/* The pairs whose timings a client keeps, with those of the warm-up. */
int64_t burden_pairs(const struct options *o);

/* What a client keeps of so many pairs of that placement, counted in such: a
 * reader has the gets of all its writers, and more to say of each. */
int64_t burden_rows(const struct placement *pl, int64_t pairs);

#endif
