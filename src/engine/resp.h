/* resp.h - what Redis and the servers that grew out of it have in common.
 *
 * A server's own file has the rest: how it names itself, its threads,
 * directives it must not be given. All functions are local.
 */
#ifndef SRB_RESP_H
#define SRB_RESP_H

#include "engine/engine.h"

#define SRB_RESP_NODES "nodes.conf"
#define SRB_RESP_SOCKET "redis.sock"

/* What they had resident at most (VmHWM), at 1 MiB and 64 MiB with 1 and 8
 * clients: redis 7.0.15 from 2.0 to 2.2 times the tensors at 64 MiB, 2.9 at
 * 1 MiB, and 13 MiB of its own (a value stays while the next one arrives, and
 * is copied into the reply); redis 8.0.6, valkey 8.1.1 and 9.1.2, keydb 6.3.4
 * no more than that. RedisAI copies what came into a tensor of its own: 204 MiB
 * at 64 MiB with one client. */
#define RESP_MEMORY                                                            \
    {                                                                          \
        .eighths = 20, .fixed = INT64_C(16) * 1024 * 1024                      \
    }
#define RESP_MEMORY_REDISAI                                                    \
    {                                                                          \
        .eighths = 28, .fixed = INT64_C(16) * 1024 * 1024                      \
    }

/* ---- what may make them faster, for srbench tune ---- */

/* jemalloc gives pages back some time after they were freed, and brings them in
 * again for the next value: 13 times at 16 MiB with four clients (jemalloc's
 * TUNING.md, "dirty_decay_ms"). The second one also keeps what is larger than 8
 * MiB, which has an arena of its own ("oversize_threshold"). */
#define RESP_KEPT "dirty_decay_ms:-1,muzzy_decay_ms:-1"
#define RESP_JEMALLOC(words)                                                   \
    "{MALLOC_CONF: \"" words "\", JE_MALLOC_CONF: \"" words "\"}"
/* glibc's of the same: values from 128 KiB on are mapped and unmapped
 * (mallopt(3), M_MMAP_MAX and M_TRIM_THRESHOLD). */
#define RESP_GLIBC                                                             \
    "{GLIBC_TUNABLES: \"glibc.malloc.mmap_max=0:"                              \
    "glibc.malloc.trim_threshold=1099511627776\"}"
/* A page of 2 MiB is one fault instead of 512. Redis turns them off for itself
 * (disable-thp of its redis.conf) since a fork would copy them; nothing forks
 * here. With the kernel's setting `madvise` jemalloc must ask for them. */
#define RESP_CANDIDATES                                                        \
    {.name = "memory_kept",                                                    \
     .what = "the allocator keeps freed memory",                               \
     .set = {{OPT_DB_ENV, CANDIDATE_JOINS, RESP_JEMALLOC(RESP_KEPT)}},         \
     .nsets = 1,                                                               \
     .proof = "opt.dirty_decay_ms -1"},                                        \
        {.name = "memory_kept_all",                                            \
         .what = "the allocator keeps freed memory, large values too",         \
         .set = {{OPT_DB_ENV, CANDIDATE_JOINS,                                 \
                  RESP_JEMALLOC(RESP_KEPT ",oversize_threshold:0")}},          \
         .nsets = 1,                                                           \
         .proof = "opt.oversize_threshold 0"},                                 \
        {.name = "memory_kept_glibc",                                          \
         .what = "glibc's allocator keeps freed memory",                       \
         .set = {{OPT_DB_ENV, CANDIDATE_JOINS, RESP_GLIBC}},                   \
         .nsets = 1,                                                           \
         .proof = "mem_allocator libc"},                                       \
        {.name = "huge_pages",                                                 \
         .what = "huge pages as the kernel gives them",                        \
         .set = {{OPT_DB_ARGS, CANDIDATE_JOINS, "{disable-thp: \"no\"}"}},     \
         .nsets = 1,                                                           \
         .proof = "disable-thp no"},                                           \
    {                                                                          \
        .name = "huge_pages_asked",                                            \
        .what = "huge pages, asked for by jemalloc",                           \
        .set = {{OPT_DB_ARGS, CANDIDATE_JOINS, "{disable-thp: \"no\"}"},       \
                {OPT_DB_ENV, CANDIDATE_JOINS, RESP_JEMALLOC("thp:always")}},   \
        .nsets = 2, .proof = "opt.thp \"always\""                              \
    }

/* Several clients' bytes are read and written beside each other, commands are
 * not (redis.conf, "THREADED I/O"). */
#define RESP_IO_THREADS                                                        \
    {.name = "io_threads",                                                     \
     .what = "as many I/O threads as CPUs",                                    \
     .set = {{OPT_DB_IO_THREADS, CANDIDATE_CPUS, NULL}},                       \
     .nsets = 1,                                                               \
     .proof = "io-threads %"},                                                 \
        {.name = "io_threads_twice",                                           \
         .what = "twice the I/O threads",                                      \
         .set = {{OPT_DB_IO_THREADS, CANDIDATE_TWICE, NULL}},                  \
         .nsets = 1,                                                           \
         .proof = "io-threads %"},                                             \
    {                                                                          \
        .name = "io_threads_and_cpus",                                         \
        .what = "twice the CPUs, and as many I/O threads",                     \
        .set = {{OPT_DB_CPUS, CANDIDATE_TWICE, NULL},                          \
                {OPT_DB_IO_THREADS, CANDIDATE_CPUS, NULL}},                    \
        .nsets = 2, .proof = "io-threads %"                                    \
    }

/* Members of a cluster check slots and talk to each other; clients find the
 * server of a key themselves either way (Redis Cluster specification). */
#define RESP_CLUSTER                                                           \
    {.name = "independent",                                                    \
     .what = "servers that form no cluster",                                   \
     .set = {{OPT_DB_CLUSTER, CANDIDATE_IS, "false"}},                         \
     .nsets = 1,                                                               \
     .proof = "cluster-enabled no"},                                           \
    {                                                                          \
        .name = "cluster", .what = "servers that form a cluster",              \
        .set = {{OPT_DB_CLUSTER, CANDIDATE_IS, "true"}}, .nsets = 1,           \
        .proof = "cluster-enabled yes"                                         \
    }

/* What is the same in all their tables: functions and candidates of the
 * server's own file are static, and have these names. */
#define RESP_ENGINE                                                            \
    .kind = ENGINE_PROCESS, .candidates = candidates, .streams = true,         \
    .lists = true, .memory = RESP_MEMORY,                                      \
    .memory_redisai = RESP_MEMORY_REDISAI, .recognise = recognise,             \
    .answers = answers, .check_args = check_args,                              \
    .cluster_file = SRB_RESP_NODES, .unix_socket = SRB_RESP_SOCKET,            \
    .ready = resp_ready, .empty = resp_empty, .counters = resp_counters,       \
    .shutdown = resp_shutdown

/* Whether it is "<title> v=<version> …", in whatever case, as these servers
 * print it (version() in their server.c). */
bool resp_recognise(const char *printed, const char *title,
                    char version[SRB_VERSION_MAX]);

/* Whether INFO has the field; its value is the version. */
bool resp_answers(const char *info, const char *field,
                  char version[SRB_VERSION_MAX]);

/* db_args against the directives that are srbench's own business in all of
 * them, and a list of further ones, NULL at its end. */
int resp_check_args(const struct value *args, const char *const *more,
                    struct error *err);

/* The whole configuration, but that of its threads, which `threads` prints. */
void resp_configure(FILE *out, const struct shard_spec *s,
                    void (*threads)(FILE *out, const struct shard_spec *s));

/* The same with io-threads. */
void resp_configure_io(FILE *out, const struct shard_spec *s);

/* nodes.conf: of servers that know names of shards since 7.2, and of such as
 * know none. */
void resp_cluster(FILE *out, const struct shard_spec *s);
void resp_cluster_unnamed(FILE *out, const struct shard_spec *s);

/* As struct engine has them. */
int resp_ready(struct control *c, const struct shard_spec *s, pid_t *pid,
               bool whole_cluster, struct error *err);
int resp_empty(struct control *c, struct error *err);
int resp_counters(struct control *c, struct shard_counters *now,
                  struct error *err);
void resp_shutdown(struct control *c);

/* The directives of all of them as the server has them: see struct engine. */
int resp_effective(struct control *c, const struct shard_spec *s, char **text,
                   struct error *err);

#endif
