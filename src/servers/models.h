/* models.h - models and scripts on the shards that a steward minds.
 *
 * They are stored before a loop, on every shard (a FLUSHALL before has taken
 * those of another permutation), each where the hash tag of its shard puts it,
 * and the server is asked for what it has. All functions are local.
 */
#ifndef SRB_MODELS_H
#define SRB_MODELS_H

#include "protocol/model.h"
#include "servers/db.h"

/* The files, as this rank reads them; script "" where there is none. */
struct models_files {
    const char *model, *script;
};

/* Store and ask; `seconds` is what one answer may take, *took what the slowest
 * shard took, in s. -1 with the file and what the server says of it. */
int models_store(struct db *db, const struct placement *pl, int first_shard,
                 const struct model_terms *m, const struct models_files *files,
                 double seconds, double *took, struct error *err);

/* Take them out of databases that are somebody else's. */
int models_remove(struct db *db, const struct placement *pl, int first_shard,
                  const struct model_terms *m, struct error *err);

/* What RedisAI's own counters tell of the models of a shard since it was
 * stored, by AI.INFO: requests that were served and µs that runs took, which
 * it books once for every request of a batch. -1 where it does not tell. */
struct models_work {
    int64_t calls, run_us;
};
void models_count(struct db *db, const struct placement *pl, int first_shard,
                  const struct model_terms *m, struct models_work *work);

#endif
