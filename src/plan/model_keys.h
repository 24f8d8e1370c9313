/* model_keys.h - the keys of a client's tensors where models are run, and their
 * shards.
 *
 * Aligned, all of them are on the client's shard, beside the model that it
 * runs. Copied, each is on the shard of its own slot, as SmartRedis has it: a
 * run takes place on the shard of what goes into it, between copies that have
 * that shard's hash tag (its rediscluster.cpp). All functions are local and
 * pure.
 */
#ifndef SRB_MODEL_KEYS_H
#define SRB_MODEL_KEYS_H

#include "plan/place.h"
#include "protocol/model.h"

/* The key of that tensor of client c, and its shard. */
void model_keys_part(const struct placement *pl, int client, enum key_part part,
                     char key[SRB_KEY_MAX]);
int model_keys_shard(const struct placement *pl, int client,
                     enum key_part part);

/* The key of a model or script on a shard, for one of several devices; -1: for
 * the one. */
void model_keys_program(const struct placement *pl, int shard,
                        enum model_part part, int device,
                        char key[SRB_KEY_MAX]);

/* The key of the copy of client c's tensor on a shard. */
void model_keys_copy(const struct placement *pl, int client, enum key_part part,
                     int shard, char key[SRB_KEY_MAX]);

/* The shards of all tensors of client c, each once, that of its input first.
 * Returns how many. */
int model_keys_shards(const struct placement *pl, int client,
                      int shards[KEY_PARTS]);

/* Add the tensors that client c puts on and gets from each shard in so many
 * iterations, copies among them: ops[nshards]. */
void model_keys_count(const struct placement *pl, int client, int64_t n,
                      int64_t *ops);

#endif
