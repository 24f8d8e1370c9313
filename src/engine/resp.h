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
        20, INT64_C(16) * 1024 * 1024                                          \
    }
#define RESP_MEMORY_REDISAI                                                    \
    {                                                                          \
        28, INT64_C(16) * 1024 * 1024                                          \
    }

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

/* io-threads, for a server that reads by them when it is told to, and one that
 * does so in any case from version `reads` on. */
void resp_io_threads(FILE *out, const struct shard_spec *s, const char *reads);

/* nodes.conf; a server knows shards from version `shards` on, NULL: never. */
void resp_cluster(FILE *out, const struct shard_spec *s, const char *shards);

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
