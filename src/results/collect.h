/* collect.h - from the ranks to the file: a permutation's arrays.
 *
 * The table of arrays (names, units, dimensions) is here; rows travel to world
 * rank 0 in blocks of bounded memory and go to the sinks as they come.
 */
#ifndef SRB_COLLECT_H
#define SRB_COLLECT_H

#include "measure/load.h"
#include "ranks/team.h"
#include "servers/db.h"
#include "servers/pin.h"
#include "sink/sink.h"

/* One loop of a search: a rate that was offered, and what came of it. */
struct probe {
    double rate;              /* NaN: none was, a closed loop */
    double value;             /* the figure that the search goes by */
    double offered, achieved; /* steps a second of a client */
    int64_t unsent, behind;   /* see struct step_figures */
    int64_t held;             /* 1, 0; -1: not asked */
};

/* What this rank has of a permutation. */
struct collection {
    size_t index;      /* of the permutation */
    size_t warmup;     /* untimed pairs of a client */
    size_t kept;       /* timings of an operation that a client kept at
                          most; both the same on every rank */
    bool steps, paced; /* they compute or have a schedule; the latter */
    bool phases;       /* so have gets of their own */
    bool lists;        /* readers await and get lists */
    /* Requests of each shard by its clients' count, [nshards], less than 0
     * where nobody knows; NULL: as rows have it. Rank 0's. */
    const int64_t *requests;
    const struct probe *probes; /* [nprobes], rank 0's; none elsewhere */
    size_t nprobes;
    int64_t zero; /* instant that starts are counted from */
    const struct tensors_rules *tensors; /* of its steps */
    int runs; /* between a put and a get; 2: a script's and a model's */
    const struct load *load; /* NULL where this rank is no client */
    const struct client_attributes *attributes;
    const struct db *db;             /* NULL where it is no steward of shards */
    const struct shard_work *work;   /* one entry a shard, or NULL */
    const struct shard_work *served; /* of a rank that serves one; NULL */
    const struct client_attributes *serves_at; /* and where that is */
    double lead; /* s from when servers began to be watched to zero */
};

/* What all rows together say, on rank 0. */
struct collected {
    bool agree; /* every shard that counts its operations counted as many as its
                   clients did */
    int64_t memory[2]; /* of the shard that had most in use at the end; -1 */
    int64_t bytes;     /* on the sockets of all shards; -1: one does not tell */
    struct shard_work
        busiest; /* by its busiest thread; NaN: none was watched */
};

/* Start the permutation in the sinks (rank 0) and bring it all clients' and all
 * shards' rows. Only rank 0 fails, by the sinks. Called by the clients, those
 * stewards, ranks that serve, and rank 0. */
int collect(const struct team *t, const struct placement *pl,
            struct sinks *sinks, const struct collection *c,
            struct collected *out, struct error *err);

#endif
