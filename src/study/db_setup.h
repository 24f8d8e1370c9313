/* db_setup.h - the databases of one set-up after the other, as all ranks see
 * them: started when a permutation needs another set-up, emptied when it shares
 * the one that runs, started anew when that is not healthy.
 */
#ifndef SRB_DB_SETUP_H
#define SRB_DB_SETUP_H

#include "study/batch.h"
#include "study/prepare.h"

struct db_setup {
    struct guard *guard; /* of this rank, once it was a steward of shards */
    struct db *db;       /* the shards of this steward, if any run */
    bool up;             /* the same on every rank, as is all below */
    size_t number;       /* of the set-up that runs, or failed last */
    int *failures;       /* [nfailures] of each set-up to start, in a row */
    size_t nfailures;    /* none of those beyond */
    struct error lacks;  /* how its servers were seen to lack what command_set:
                            redisai needs; "" while nothing is known of it */
    char start_time[32]; /* ISO 8601 */
    double start_seconds;
    struct batch *batch;  /* rank 0, where databases are a batch job */
    struct roster roster; /* of that; empty where there is none */
    struct roster theirs; /* somebody else's servers as they were asked last */
    const struct roster *found; /* and first, */
    struct team *finder;        /* whose machine has these */
    int *ports;                 /* that were found free for it, or NULL */
    bool said_ports;       /* that some are not where they were looked for */
    char *config;          /* directives in force, of the first shard */
    int64_t backlog;       /* connections that can wait for any shard, whatever
                              it and its host allow; -1: there is none */
    char unix_socket[128]; /* of this node's database, "" for none */
    char *store; /* where clients find what is there in place of servers; NULL:
                    nothing */
};

/* What a permutation needs. */
struct setup_terms {
    const struct prepared *plan;
    const struct discovery *discovery;
    const struct permutation *p;
    struct placement *pl; /* learns where a batch job's databases are,
                             and which ports were found free */
    MPI_Comm db_stewards; /* MPI_COMM_NULL where this rank is none */
    bool all_sets; /* for others, who may speak every command set of the study:
                      fail where servers lack one that p does not need */
};

/* Provide empty, healthy databases. All ranks fail alike; nothing runs then.
 * Collective over the world. */
int db_setup_provide(struct db_setup *s, struct team *t,
                     const struct setup_terms *terms, struct error *err);

/* Threads of all servers of a node that runs shards. Local. */
int db_setup_threads(const struct prepared *plan, const struct permutation *p,
                     const struct placement *pl);

/* How often in a row set-up `number` failed to start. After so many times its
 * remaining permutations are better skipped than made to wait db_timeout each.
 * Local. */
#define DB_SETUP_TRIES 2
int db_setup_failures(const struct db_setup *s, size_t number);

/* Why the permutation cannot run on the databases of its set-up, which serve
 * other command sets, or NULL: nothing is known against it. Local. */
const struct error *db_setup_lacks(const struct db_setup *s,
                                   const struct permutation *p);

/* Stop what runs on this node; then also end the guard. Local. */
void db_setup_stop(struct db_setup *s);
void db_setup_close(struct db_setup *s);

#endif
