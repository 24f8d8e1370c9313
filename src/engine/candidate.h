/* candidate.h - what srbench tune may try with a server.
 *
 * Each engine's file has a table of them. A candidate is settings that may make
 * the databases faster, with the line by which the server says that it took
 * them. Those that any server has whose clients come over sockets stand here.
 * All functions are local and pure.
 */
#ifndef SRB_CANDIDATE_H
#define SRB_CANDIDATE_H

#include "options/options.h"
#include "plan/sweep.h"

/* How a value is made of what the base has. */
enum candidate_how {
    CANDIDATE_IS,    /* as it stands */
    CANDIDATE_JOINS, /* a map: its pairs are put to the base's, in their place;
                        what allocators read is put to what they read already */
    CANDIDATE_TWICE, /* a number: twice the base's */
    CANDIDATE_CPUS,  /* a number: db_cpus, this candidate's included */
};

struct candidate_set {
    enum option_id option;
    enum candidate_how how;
    const char *value; /* as one would write it; NULL: none is needed */
};

enum { CANDIDATE_SETS = 3 };

struct candidate {
    const char *name; /* "memory_kept"; NULL ends a table */
    const char *what; /* one line */
    struct candidate_set set[CANDIDATE_SETS];
    int nsets;
    /* A line of the effective configuration (struct engine) that proves that it
     * took effect; % stands for the value that was set last. NULL: it is
     * srbench that does it, and a run without fails. */
    const char *proof;
    const char *since; /* version of the server that has it; NULL: all */
};

/* Nodes give their databases one CPU by default; servers whose threads all
 * serve have as many threads as CPUs. */
#define CANDIDATE_DB_CPUS                                                      \
    {                                                                          \
        .name = "db_cpus", .what = "twice the CPUs for a node's databases",    \
        .set = {{OPT_DB_CPUS, CANDIDATE_TWICE, NULL}}, .nsets = 1              \
    }

/* A server of one thread is one CPU's work: several share it. */
#define CANDIDATE_SHARDS                                                       \
    {                                                                          \
        .name = "shards", .what = "twice the servers on a node, and the CPUs", \
        .set = {{OPT_DB_SHARDS_PER_NODE, CANDIDATE_TWICE, NULL},               \
                {OPT_DB_CPUS, CANDIDATE_TWICE, NULL}},                         \
        .nsets = 2                                                             \
    }
#define CANDIDATE_SHARDS_ALONE                                                 \
    {                                                                          \
        .name = "shards_alone", .what = "twice the servers on a node",         \
        .set = {{OPT_DB_SHARDS_PER_NODE, CANDIDATE_TWICE, NULL}}, .nsets = 1   \
    }

/* Unix sockets copy once less and know no segments (unix(7)); 607 against
 * 1,020 us for 4 MB. */
#define CANDIDATE_UNIX                                                         \
    {                                                                          \
        .name = "unix_socket", .what = "clients come by Unix sockets",         \
        .set = {{OPT_TRANSPORT, CANDIDATE_IS, "unix"}}, .nsets = 1             \
    }

/* The kernel begins with 16 KiB to send and 128 KiB to receive, and grows them
 * up to tcp_wmem and tcp_rmem (tcp(7)). */
#define CANDIDATE_BUFFERS(x, size)                                             \
    {                                                                          \
        .name = "socket_buffer_" #x,                                           \
        .what = "buffers of " size " for each client's socket",                \
        .set = {{OPT_SOCKET_BUFFER, CANDIDATE_IS, size}}, .nsets = 1           \
    }

/* A client that moves to another core finds its caches empty, and a server's
 * core is not free for it: sched_setaffinity(2). */
#define CANDIDATE_PINNED                                                       \
    {                                                                          \
        .name = "pinned", .what = "each client stays on a CPU of its own",     \
        .set = {{OPT_PIN_APP_CPUS, CANDIDATE_IS, "true"}}, .nsets = 1          \
    }

#define CANDIDATES_ANY                                                         \
    CANDIDATE_DB_CPUS, CANDIDATE_SHARDS, CANDIDATE_SHARDS_ALONE,               \
        CANDIDATE_UNIX, CANDIDATE_BUFFERS(1m, "1MiB"),                         \
        CANDIDATE_BUFFERS(4m, "4MiB"), CANDIDATE_PINNED

/* What it sets on a base. */
struct candidate_values {
    enum option_id option[CANDIDATE_SETS];
    struct value value[CANDIDATE_SETS];
    int n;
};

/* The values, to be released by candidate_free(). False with no values where
 * the base's placement or server (of that version, NULL: not known) has no such
 * option, a number
 * is at its limit, or the base has all of it already. */
bool candidate_values(const struct candidate *c, const struct permutation *base,
                      const char *version, struct candidate_values *out);
void candidate_free(struct candidate_values *v);

/* The line that proves it with these values; allocated, NULL: none. */
char *candidate_proof(const struct candidate *c,
                      const struct candidate_values *v);

/* Whether an effective configuration has that line. */
bool candidate_proven(const char *effective, const char *proof);

#endif
