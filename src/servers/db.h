/* db.h - the databases of one set-up, as one steward sees them: the shards of
 * its node.
 *
 * Every steward starts its own shards through its guard; those of a standard
 * database of several shards then find themselves members of one cluster
 * (their engine wrote it into a file before the start). Where shards are is
 * computed (place.h), not exchanged: a start costs each steward O(shards) and
 * some agreements among stewards, and nothing that grows with clients. Or
 * shards that run elsewhere, of which one rank of this job takes care: it
 * empties and watches them, and neither starts nor stops them.
 */
#ifndef SRB_DB_H
#define SRB_DB_H

#include <signal.h>

#include "base/procstat.h"
#include "engine/engine.h"
#include "plan/cpus.h"
#include "ranks/team.h"
#include "servers/guard.h"

/* What the databases of a set-up are to be. */
struct db_plan {
    const struct engine *engine;
    const char *exe;
    /* What all shards are asked alike; the most that any permutation needs of
     * clients and bytes. What sets one apart (placement, shard, address, port,
     * threads) is not set. */
    struct shard_spec each;
    int cpus_per_node; /* db_cpus: what a node gives all its shards together */
    const char *path;  /* db_path */
    double db_timeout;
    int64_t max_kept; /* tensors that a client keeps, of any permutation */
    bool flush;       /* somebody else's data is removed all the same */
    const volatile sig_atomic_t *signal; /* ends the waiting when not 0 */
    const struct team *team;     /* looked at while waiting, for its news */
    const struct cpu_mask *cpus; /* [shards of this node] of each server */
    const struct cpu_tree *tree; /* the CPUs of this kernel */
};

struct db;

/* What one shard did between db_before() and db_after(). */
struct shard_work {
    int64_t commands, bytes; /* by the server's own counters; -1: it has none */
    int64_t memory[2];       /* B in use before and after; likewise */
    struct procstat watched; /* by /proc */
    int64_t
        run_calls;   /* of models, by the server's counters; -1: it has none */
    double run_time; /* s that it books for these */
    double fault_share; /* of the interval, see procstat_fault_share() */
    double
        look_time[SRB_MEMORY_LOOKS]; /* s since db_watch(); NaN: not looked */
    double look_bytes[SRB_MEMORY_LOOKS]; /* B resident then; NaN */
};

/* Say that its memory was not looked at. Local. */
void db_no_looks(struct shard_work *work);

/* Start this node's shards and wait until they answer and, if they form one,
 * the cluster does. guard is where *guard is NULL created. Returns 0 on all
 * stewards with *out to be released by db_close(), or -1 on all, nothing left
 * running. Collective over db_stewards. */
int db_open(struct db **out, struct team *t, MPI_Comm db_stewards,
            struct guard **guard, const struct placement *pl,
            const struct db_plan *plan, struct error *err);

/* Take care of all shards of pl->roster. plan: engine, args, the time-outs.
 * Returns 0 with *out to be released by db_close(), which leaves the shards
 * running, or -1 when one does not answer within db_timeout. Local. */
int db_open_external(struct db **out, const struct placement *pl,
                     const struct db_plan *plan, struct error *err);

/* Which keys clients have: each the one of the placement, or those of steps
 * (keys_of_step()). */
struct db_keys {
    size_t tensors;   /* of a step; 0: no steps */
    int64_t from, to; /* steps by the number in their keys, `to` not included */
    bool counters;    /* and what tells of its steps (keys_of_counter(),
                         keys_of_stream()) */
    bool lists;       /* and descriptions of steps, and lists of all of them */
};

/* Remove the keys of all clients of the placement, from shards elsewhere whose
 * data is not ours. Local. */
int db_remove_keys(struct db *db, const struct placement *pl,
                   const struct db_keys *keys, struct error *err);

/* The same once more and much later, over connections of its own, each request
 * within op_timeout s: what a client had on its way when it failed may have
 * come behind the first time. Returns how many keys were there, or -1. Local.
 */
int64_t db_remove_late_keys(const struct placement *pl,
                            const struct db_keys *keys, double op_timeout,
                            struct error *err);

/* Stop the shards (ask, then kill; at once where the grace after a signal is
 * over) and reap them. NULL is allowed. Local. */
void db_close(struct db *db);

/* Remove all keys; of somebody else's shards none, see db_remove_keys(), unless
 * the plan says so. Local. */
int db_empty(struct db *db, struct error *err);

/* -1 with a server's last words when one has ended. Local, does not wait; of
 * shards elsewhere, for an answer of each. */
int db_check(struct db *db, struct error *err);

/* Take the counters before and after a loop; work[] has one entry a shard of
 * this node. Between them db_watch() begins to watch the processes, when all is
 * ready; with `looks` their memory is looked at, too. page_fault: s that the
 * first touch of a page costs here. Local. */
int db_before(struct db *db, struct error *err);
void db_watch(struct db *db, bool looks);
int db_after(struct db *db, double page_fault, struct shard_work *work,
             struct error *err);

/* How many shards this node runs, the CPUs that shard k of them may use by the
 * kernel's own word, as a list ("" unknown), and the NUMA domain that these lie
 * in (-1: in none alone). Local. */
int db_shards(const struct db *db);
const char *db_cpus(const struct db *db, int k);
int db_numa(const struct db *db, int k);

/* The Unix socket of the node's first shard, "" where it has none or its path
 * is longer than a socket's may be. */
const char *db_unix_socket(const struct db *db);

/* Where clients find what this steward provides in place of servers; "" where
 * it provides nothing. */
const char *db_store(const struct db *db);

/* The directives in force, of the node's first shard: "name value\n" each. */
const char *db_effective(const struct db *db);

#endif
