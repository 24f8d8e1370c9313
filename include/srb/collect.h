/* collect.h - from the ranks to the file: a permutation's arrays.
 *
 * The table of arrays (names, units, dimensions) is here; rows travel to world
 * rank 0 in blocks of bounded memory and go to the sink as they come.
 */
#ifndef SRB_COLLECT_H
#define SRB_COLLECT_H

#include "srb/db.h"
#include "srb/load.h"
#include "srb/sink.h"
#include "srb/team.h"

/* What a client knows beside its timings. */
struct client_facts {
    char cpus[128];
    char address[SRB_ADDRESS_MAX];
};

/* Start permutation `index` in the sink (rank 0) and bring it all clients' and
 * all shards' rows. load and facts: NULL where this rank is no client; work:
 * one entry a shard where it is a steward of shards, else NULL, as is db. Only
 * rank 0 fails, by the sink. Called by the clients, those stewards, and rank 0.
 */
int collect(const struct team *t, const struct placement *pl, struct sink *sink,
            size_t index, const struct load *load,
            const struct client_facts *facts, const struct db *db,
            const struct shard_work *work, size_t warmup, size_t iterations,
            struct error *err);

/* The shard of every client, counted: clients[nshards]. Local. */
void collect_shard_clients(const struct placement *pl, int64_t *clients);

#endif
