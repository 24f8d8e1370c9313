/* roster.h - who serves where: databases that this job does not run.
 *
 * `srbench serve` writes its roster into a file that others read
 * (--db_address), as does a database job for the job that submitted it
 * (run_db_as_batch); for a server of somebody else's it is made of what the
 * server says of itself. The file is YAML, a flat mapping; lists have one entry
 * a shard. All functions are local, and pure but for what they print.
 */
#ifndef SRB_ROSTER_H
#define SRB_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "plan/machine.h"
#include "protocol/keys.h"
#include "protocol/secret.h"

#define SRB_ROSTER_TEXT 128
#define SRB_ROSTER_CPUS 256

struct roster_shard {
    char address[SRB_ADDRESS_MAX]; /* numeric */
    int port;
    char host[SRB_NAME_MAX];    /* "" unknown */
    char cpus[SRB_ROSTER_CPUS]; /* that it may use, "0-3,8"; "" unknown */
    int numa;                   /* NUMA domain that holds these, or -1 */
};

/* A shard's slots, first … last. */
struct roster_range {
    int first, last, shard;
};

struct tls;

struct roster {
    bool served;  /* srbench serve started it for this purpose: its data may be
                   thrown away, and its slots are divided as keys.h says */
    bool cluster; /* the shards form one Redis Cluster */
    char engine[32];               /* name in the table of servers */
    char server[SRB_ROSTER_TEXT];  /* "redis 7.0.15" */
    char exe[SRB_ROSTER_TEXT * 8]; /* as db_exe named it, "" unknown */
    char args[1024], env[1024];    /* db_args, db_env they have, "" unknown */
    char job[SRB_ROSTER_TEXT];     /* id of the batch job that serves, or "" */
    char interface[16];            /* that it listens on, "" unknown */
    int db_cpus, db_io_threads;    /* -1 unknown */
    char prefix[48];               /* of all keys, so that those of somebody
                                      else's server are not touched; or "" */
    int64_t max_bytes;             /* longest value it takes; -1 unknown */
    int nshards, nhosts;           /* hosts: different names, or addresses */
    struct roster_shard *shard;    /* [nshards] */
    int nranges;                   /* 0: slots divided as keys.h says */
    struct roster_range *range;    /* [nranges], ascending */
    struct secret *secret;         /* by which one gets in; NULL: they ask
                                      for no password */
    const struct tls *tls;         /* by which they are spoken to; NULL: plain.
                                      Not the roster's own */
};

/* Make it one of nshards shards of which nothing is known. Dies when there is
 * no memory. */
void roster_alloc(struct roster *r, int nshards);

void roster_free(struct roster *r);

/* By what name a shard is known, else its address. */
const char *roster_host(const struct roster_shard *s);

/* Count nhosts, after the shards' addresses are known. */
void roster_count_hosts(struct roster *r);

/* The file's text but for the passwords, and back. Reading fails with words
 * that name the place and leaves nothing to release; `name` is only used in
 * these. */
void roster_print(const struct roster *r, FILE *out);
int roster_read(struct roster *r, const char *name, const char *text,
                size_t length, struct error *err);

/* "host:port,[::1]:port,…" of 1 to SRB_SLOTS entries: addresses and ports of
 * shards that are otherwise unknown; blanks beside a comma do not count, and
 * one that stands twice, however it is spelt, is refused. Host names stay as
 * they are written, in `host`, with an empty address. */
int roster_parse(struct roster *r, const char *text, struct error *err);

/* Make it the masters of a cluster by one server's answer to CLUSTER NODES
 * (redis.io): "<id> <ip:port@bus[,name]> <flags> <master> … <slots>" a line.
 * r->shard[0] is the server that answered. Refuses what is being resharded or
 * does not serve every slot. On failure *r is unchanged. */
int roster_take_nodes(struct roster *r, const char *nodes, struct error *err);

/* Whether the text is the address of a server that lacks its port. */
bool roster_lacks_port(const char *text);

/* Whether the text names servers rather than a file: it ends in a port, and
 * names no folder. */
bool roster_names_servers(const char *text);

/* The shard that owns a key, and a client's key as keys_make() has it, for
 * slots that are divided in any way. A key for `balanced` is one of shard
 * client % nshards; shards without slots get none: see roster_check(). */
int roster_shard_of(const struct roster *r, const char *key);
void roster_key(const struct roster *r, enum keys_scheme scheme, int client,
                char key[SRB_KEY_MAX]);

/* The smallest number that, as a hash tag, belongs to the shard. */
void roster_tag(const struct roster *r, int shard, char tag[SRB_TAG_MAX]);

/* Refuses ranges that overlap, leave a slot or leave a shard without any. */
int roster_check(const struct roster *r, struct error *err);

#endif
