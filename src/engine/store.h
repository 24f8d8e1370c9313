/* store.h - what stewards provide where nobody serves: a place that clients
 * share, and in which they put and get by themselves.
 *
 * An engine of that kind names its struct store_ops; a steward opens a store
 * when it would start servers, empties it between permutations, and closes it
 * when it would stop them. What clients need to find it is one text, in the
 * words of the engine and its own client alone. All functions are local.
 */
#ifndef SRB_STORE_H
#define SRB_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "options/options.h"

/* Longest text by which clients find a store, with its NUL. */
#define SRB_STORE_WHERE_MAX 4096

struct store_terms {
    enum experiment experiment;
    int shards;         /* of all nodes that share it */
    int64_t clients;    /* of any permutation */
    int64_t bytes;      /* longest tensor */
    int64_t kept;       /* tensors of each client at a time, at most */
    const char *folder; /* scratch, which goes with this steward; NULL where
                           the store does without */
    const char *path;   /* db_path; "auto" where that is left open */
};

struct store_ops;
struct store {
    const struct store_ops *ops;
    char where[SRB_STORE_WHERE_MAX];
};

struct store_ops {
    bool scratch; /* needs a scratch folder */
    bool mapped;  /* each client has all of it among its addresses */
    bool shared;  /* with shards on nodes of their own it is one for all nodes,
                     and the first of their stewards has it */
    /* Whether there can be one, and whether its file system has room for so
     * many tensors, that are put and being put: before anything starts. NULL:
     * always. */
    int (*check)(const struct store_terms *terms, int64_t tensors,
                 struct error *err);
    /* What a client of another node sees of it (is it the same place?): -1 with
     * the reason. NULL: no other node does. */
    int (*seen)(const char *where, struct error *err);
    /* NULL on failure. *effective gets what it is, "name value\n" each, to be
     * freed. */
    struct store *(*open)(const struct store_terms *terms, char **effective,
                          struct error *err);
    /* Remove what clients have put; none of them is at it. */
    int (*empty)(struct store *s, struct error *err);
    void (*close)(struct store *s);
};

/* For `lacks` of an engine: what only servers behind sockets have. */
extern const enum option_id store_lacks[];

#endif
