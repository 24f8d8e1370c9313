/* What the files of the stand-in for RedisAI share: what is used of the server,
 * declared as its redismodule.h does ("Redis modules API";
 * REDISMODULE_APIVER_1, the same in Redis, Valkey and KeyDB), and tensors as
 * keys hold them. */
#ifndef REDISAI_STAND_IN_H
#define REDISAI_STAND_IN_H

#include <stdbool.h>
#include <stddef.h>

#define OK 0
#define FAILED 1
#define MODE_READ 1
#define MODE_WRITE 2
#define TYPE_EMPTY 0
#define TYPE_STRING 1
#define DIMS_MAX 8

struct ctx;
struct string;
struct key;
struct info;
struct blocked;
typedef int command_fn(struct ctx *ctx, struct string **argv, int argc);
typedef void info_fn(struct info *info, int for_crash_report);
typedef void free_fn(struct ctx *ctx, void *data);

struct api {
    void (*SetModuleAttribs)(struct ctx *, const char *, int, int);
    int (*CreateCommand)(struct ctx *, const char *, command_fn *, const char *,
                         int, int, int);
    int (*WrongArity)(struct ctx *);
    const char *(*StringPtrLen)(const struct string *, size_t *);
    int (*StringToLongLong)(const struct string *, long long *);
    struct string *(*CreateString)(struct ctx *, const char *, size_t);
    void (*FreeString)(struct ctx *, struct string *);
    struct key *(*OpenKey)(struct ctx *, struct string *, int);
    void (*CloseKey)(struct key *);
    int (*KeyType)(struct key *);
    char *(*StringDMA)(struct key *, size_t *, int);
    int (*StringTruncate)(struct key *, size_t);
    int (*ReplyWithError)(struct ctx *, const char *);
    int (*ReplyWithSimpleString)(struct ctx *, const char *);
    int (*ReplyWithArray)(struct ctx *, long);
    int (*ReplyWithLongLong)(struct ctx *, long long);
    int (*ReplyWithStringBuffer)(struct ctx *, const char *, size_t);
    int (*RegisterInfoFunc)(struct ctx *, info_fn *);
    int (*InfoAddSection)(struct info *, const char *);
    int (*InfoAddFieldLongLong)(struct info *, const char *, long long);
    struct blocked *(*BlockClient)(struct ctx *, command_fn *, command_fn *,
                                   free_fn *, long long);
    int (*UnblockClient)(struct blocked *, void *);
    void *(*GetBlockedClientPrivateData)(struct ctx *);
};

extern struct api api;
extern long long threads_per_queue;

/* What a key holds of a tensor: this, and behind it the floats. */
struct tensor {
    int n;
    long long dim[DIMS_MAX];
};

bool is_word(const struct string *s, const char *word);

/* Store a tensor under a key, and reply OK or the reason why not. */
int store_tensor(struct ctx *ctx, struct string *key, const struct tensor *t,
                 const void *floats, size_t bytes);

/* The bytes that a key holds, NULL: none; the key is to be closed. */
const char *held_by(struct ctx *ctx, struct string *name, struct key **key,
                    size_t *n);

/* Bring the commands of redisai_runs.c. */
bool runs_create(struct ctx *ctx);

#endif
