/* engine.h - the table of engines: what may keep the tensors.
 *
 * An engine is one file (src/engine/X.c) and one line of the table below.
 * Its file has all that is particular to it: what it is, which axes it lacks,
 * the memory it takes; of a process its configuration, how a cluster is formed,
 * when it is ready, its counters, how it is emptied and stopped. Nobody else
 * asks for its name. All functions are local.
 */
#ifndef SRB_ENGINE_H
#define SRB_ENGINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "engine/candidate.h"
#include "engine/store.h"
#include "options/options.h"
#include "plan/footprint.h"
#include "plan/place.h"
#include "protocol/control.h"
#include "protocol/secret.h"

#define SRB_VERSION_MAX 64

/* Of a port that a server was to have and another has: the words by which
 * ports_taken() knows it, and what to do. */
#define SRB_PORT_TAKEN "taken by another server"
#define SRB_PORT_ADVICE                                                        \
    "choose another --db_port, or let srbench find free ones (--db_port=0)"

/* What one server is asked to be. */
struct shard_spec {
    const struct placement *placement;
    int shard;
    uint64_t run;        /* a random number, the same for all shards of a run */
    const char *version; /* of the server, as engine_find() gave it */
    const char *address;
    int port;
    int io_threads;
    int threads;         /* of a server whose threads all serve, as
                            engine_threads() has it */
    int64_t max_clients; /* connections it must be able to hold */
    int64_t max_bytes;   /* longest value it must be able to hold */
    double op_timeout;   /* s; a cluster must not give up on a node sooner */
    const struct value *args;      /* further directives, a map; they win */
    const struct value *env;       /* of its environment, a map */
    const struct setting *modules; /* to load (db_modules.h); NULL: none */
    int64_t tpq;                   /* threads of RedisAI's; 0: not said */
    bool redisai;                  /* clients may speak its commands, */
    bool infers;                   /* those that run models too, */
    bool copies;                   /* and copy tensors to and from them */
    int64_t intra_op;              /* threads of one run; 0: not said */
    bool removes;                  /* and remove their keys */
    bool polls;                    /* and ask whether a key is there, */
    bool blocks;                   /* or wait for what a stream tells, */
    bool lists;                    /* or append to lists and read these */
    const struct secret *secret;   /* by which its users get in */
};

/* Counters since the server's start, to be subtracted. */
struct shard_counters {
    int64_t commands; /* that carried a tensor: puts and gets */
    int64_t bytes;    /* read and written on its sockets */
    double cpu_time;  /* s, by its own word; NaN where it has none */
    int64_t memory;   /* B in use now; -1 where it does not say */
};

/* Who serves. */
enum engine_kind {
    ENGINE_NOBODY,  /* no one: clients keep tensors themselves, or share them */
    ENGINE_PROCESS, /* a process that a guard starts, with its configuration on
                       standard input and a control connection */
    ENGINE_RANKS,   /* ranks of this job that run no client, one a shard */
};

/* What others are held against: what they reach of it has columns of its own in
 * the file. */
enum partner {
    PARTNER_NONE,
    PARTNER_FLOOR, /* what sockets allow */
    PARTNER_MPI,   /* what the fabric does */
    PARTNER_SHM,   /* and memory */
    PARTNERS,
};

struct serving_ops; /* serving.h */

struct engine {
    const char *name;
    /* What it is, for --help, where its name is a value of db_exe; NULL: it is
     * a program, which says what it is when it is run. */
    const char *help;
    enum engine_kind kind;
    unsigned
        only; /* the one placement that has it (IN_STANDARD | …); 0: both */
    /* The client that it comes with, which no other may replace: it then lacks
     * the axis `client`. NULL: any that is chosen. */
    const char *client;
    /* What srbench tune may try with it, one without a name at the end; NULL:
     * nothing. */
    const struct candidate *candidates;
    /* Axes that it does not have and which collapse for it, and other options
     * that are nothing to it, OPT_COUNT at the end; NULL: it has all. */
    const enum option_id *lacks;
    /* Axes that only those engines have which name them here, OPT_COUNT at the
     * end; NULL: none. */
    const enum option_id *alone;
    /* Where it stands on the ladder of what is between a client and its tensor:
     * "memory"; NULL: "server". */
    const char *rung;
    enum partner partner;
    struct footprint memory;         /* of one shard */
    struct footprint memory_redisai; /* the same with RedisAI; zeros: it does
                                        not load it */
    /* All its threads serve, one for each CPU of its own and no more than
     * these. 0: one thread serves, which db_io_threads - 1 others help. */
    int most_threads;
    /* It has streams, in which a reader may wait for what comes. */
    bool streams;
    /* What stewards provide in place of servers; NULL: nothing. */
    const struct store_ops *store;
    const struct serving_ops *serving; /* of ENGINE_RANKS: how */

    /* ---- the rest is a process's; zeros in others ---- */

    const char *oldest; /* version that will do, "6.2"; NULL: any */
    /* argv[1] of the hidden role in which srbench itself is the server; NULL:
     * the server is a program, which is given "-". */
    const char *role;
    /* Whether `--version` printed by a program is this engine's; puts the
     * version into `version`. NULL: no program is. */
    bool (*recognise)(const char *printed, char version[SRB_VERSION_MAX]);
    bool lists; /* it has them (RPUSH, LLEN, LRANGE), and hashes */
    /* The same by what a server that runs answers to INFO; NULL: such a server
     * is not for others to use. */
    bool (*answers)(const char *info, char version[SRB_VERSION_MAX]);
    /* Whether further directives may be given; -1 with the one that may not.
     * NULL: it knows no directives. */
    int (*check_args)(const struct value *args, struct error *err);
    /* The configuration, for standard input; of passwords it has hashes. */
    void (*configure)(FILE *out, const struct shard_spec *spec);
    /* The name of the file that makes the shard a member of its cluster and its
     * contents; NULL where there is none: its shards never form a cluster. */
    const char *cluster_file;
    /* The name of the Unix socket that a colocated server makes in its folder;
     * NULL where there is none. */
    const char *unix_socket;
    void (*cluster)(FILE *out, const struct shard_spec *spec);
    /* 1 when it answers (and, with `cluster`, the cluster covers all slots), 0
     * when that may still come, -1 when it will not. *pid is the process that
     * was started; one of its process group may answer in its place (the
     * program was a wrapper), and is then *pid. */
    int (*ready)(struct control *c, const struct shard_spec *spec, pid_t *pid,
                 bool cluster, struct error *err);
    int (*empty)(struct control *c, struct error *err);
    int (*counters)(struct control *c, struct shard_counters *now,
                    struct error *err);
    /* The directives that srbench or the user set, as the server has them:
     * "name value\n" each; allocated, to be freed. */
    int (*effective)(struct control *c, const struct shard_spec *spec,
                     char **text, struct error *err);
    /* Ask it to end at once, saving nothing. */
    void (*shutdown)(struct control *c);
};

/* The table, one line each: engine_X of X.c. Those that grew out of Redis stand
 * before it: a server of theirs has Redis's words too, and some of its own. */
#define SRB_ENGINES(X)                                                         \
    X(valkey)                                                                  \
    X(keydb)                                                                   \
    X(redis)                                                                   \
    X(floor)                                                                   \
    X(shm)                                                                     \
    X(files)                                                                   \
    X(mpi)                                                                     \
    X(null)

#define SRB_ENGINE(x) extern const struct engine engine_##x;
SRB_ENGINES(SRB_ENGINE)
#undef SRB_ENGINE

/* The engine of that name, or NULL. */
const struct engine *engine_named(const char *name);

/* The engine that a value of db_exe is the name of, or NULL: it is a program.
 */
const struct engine *engine_builtin(const char *exe);

/* What a value of db_exe is to count as before it was run: its name's engine,
 * and a program a Redis. */
const struct engine *engine_expected(const char *exe);

/* The names that db_exe may have beside programs, for options_hand_words(). */
const struct options_word *engine_words(void);

/* The engine that is that partner. */
const struct engine *engine_partner(enum partner partner);

/* Where it stands on the ladder. */
const char *engine_rung(const struct engine *e);

/* Whether it may load RedisAI, and be spoken to by its commands. */
bool engine_speaks_redisai(const struct engine *e);

/* Whether it has that axis, or that option is something to it. */
bool engine_has(const struct engine *e, enum option_id id);

/* The threads of shard k of a node's, of a server whose threads all serve: its
 * share of the node's CPUs, at least 1 and no more than most_threads. */
int engine_threads(const struct engine *e, int cpus, int k, int shards);

/* Threads that serve on a node with so many shards, CPUs for them and
 * db_io_threads: of processes, or ranks, which have one each. */
int engine_node_threads(const struct engine *e, int cpus, int io_threads,
                        int shards);

/* The engine of a value of db_exe: by its name, with srbench's own version
 * where anybody serves, else by the program's own answer to --version. NULL
 * when it cannot be run, is no server that srbench knows, or is too old. */
const struct engine *engine_find(const char *exe, char version[SRB_VERSION_MAX],
                                 struct error *err);

/* The engine of a server that runs by its answer to INFO, and its version. NULL
 * when it is none that srbench knows, or too old; the words start with who. */
const struct engine *engine_answers(const char *info, const char *who,
                                    char version[SRB_VERSION_MAX],
                                    struct error *err);

#endif
