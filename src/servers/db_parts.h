/* db_parts.h - what the rooms of the db module share.
 *
 *   db.c            databases that run: emptied, watched, counted, closed
 *   db_start.c      shards of this node's, from nothing to ready
 *   db_external.c  shards that are somebody else's to start and stop
 */
#ifndef SRB_DB_PARTS_H
#define SRB_DB_PARTS_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

#include "servers/db.h"

/* How long a server may take to hear what it is to do, or whether it lives. */
#define DB_HEAR_SECONDS 2.0

struct shard {
    struct shard_spec spec;
    pid_t pid;
    struct control *control;
    char cpus[SRB_CPU_LIST_MAX];
    int numa;
    char unix_socket[sizeof((struct sockaddr_un){0}.sun_path)];
    struct shard_counters before;
    struct procwatch watched;
};

struct db {
    const struct engine *engine;
    struct guard *guard;
    struct store *store; /* of an engine without servers, or NULL */
    struct shard *shards;
    int n;
    char *effective;
    bool looks;      /* at their memory, since */
    int64_t watched; /* tick of db_watch() */
    bool external;   /* they are not this job's to start and stop */
    bool keep_data;  /* nor is their data */
    bool flush;      /* which is removed all the same */
};

/* Close connections to shards elsewhere, and free. Local. */
void db_leave(struct db *db);

/* Whether all shards elsewhere still answer. Local. */
int db_ask_all(struct db *db, struct error *err);

#endif
