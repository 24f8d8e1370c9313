/* A STAND-IN for RedisAI, for tests: a Redis module that has AI.TENSORSET and
 * AI.TENSORGET of tensors of floats, and what redisai_runs.c has of models and
 * scripts. It stores what it is given and answers as RedisAI does; how fast it
 * is says nothing of RedisAI.
 *
 *   loadmodule redisai_stand_in.so [THREADS_PER_QUEUE n] [TORCH path]
 *                                  [INTRA_OP_PARALLELISM n] [WITHOUT_COMMANDS]
 *                                  [STATUS_WORDS]
 *
 * THREADS_PER_QUEUE is reported by INFO modules, as RedisAI does.
 * WITHOUT_COMMANDS: it loads, and brings no commands. STATUS_WORDS: the words
 * of a reply are status strings, which RedisAI never sends.
 *
 * A context begins with the address of GetApi, which fills pointers to the
 * functions by their names. */
#include "redisai_stand_in.h"

#include <string.h>
#include <strings.h>

#define APIVER 1

struct api api;
long long threads_per_queue = 1;
static bool without_commands, status_words;

bool is_word(const struct string *s, const char *word)
{
    size_t n;
    const char *text = api.StringPtrLen(s, &n);

    return n == strlen(word) && strncasecmp(text, word, n) == 0;
}

int store_tensor(struct ctx *ctx, struct string *name, const struct tensor *t,
                 const void *floats, size_t bytes)
{
    struct key *key = api.OpenKey(ctx, name, MODE_READ | MODE_WRITE);
    int type = api.KeyType(key);
    size_t len;
    char *to;

    if (type != TYPE_EMPTY && type != TYPE_STRING) {
        api.CloseKey(key);
        return api.ReplyWithError(ctx, "WRONGTYPE Operation against a key "
                                       "holding the wrong kind of value");
    }
    if (api.StringTruncate(key, sizeof *t + bytes) != OK) {
        api.CloseKey(key);
        return api.ReplyWithError(ctx, "ERR the tensor is too long");
    }
    to = api.StringDMA(key, &len, MODE_WRITE);
    memcpy(to, t, sizeof *t);
    memcpy(to + sizeof *t, floats, bytes);
    api.CloseKey(key);
    return api.ReplyWithSimpleString(ctx, "OK");
}

/* AI.TENSORSET key FLOAT dim … BLOB bytes */
static int tensor_set(struct ctx *ctx, struct string **argv, int argc)
{
    struct tensor t = {.n = argc - 5};
    size_t n, want = sizeof(float);
    const char *blob;

    if (t.n < 1 || t.n > DIMS_MAX)
        return api.WrongArity(ctx);
    if (!is_word(argv[2], "FLOAT") || !is_word(argv[argc - 2], "BLOB"))
        return api.ReplyWithError(ctx, "ERR the stand-in has FLOAT and BLOB");
    for (int k = 0; k < t.n; k++) {
        if (api.StringToLongLong(argv[3 + k], &t.dim[k]) != OK || t.dim[k] < 1)
            return api.ReplyWithError(
                ctx, "ERR invalid or negative value found in tensor shape");
        want *= (size_t)t.dim[k];
    }
    blob = api.StringPtrLen(argv[argc - 1], &n);
    if (n != want)
        return api.ReplyWithError(ctx,
                                  "ERR data length does not match tensor shape "
                                  "and type");
    return store_tensor(ctx, argv[1], &t, blob, n);
}

const char *held_by(struct ctx *ctx, struct string *name, struct key **key,
                    size_t *n)
{
    *key = api.OpenKey(ctx, name, MODE_READ);
    *n = 0;
    /* KeyType() takes a key that is not there, the others do not */
    return api.KeyType(*key) == TYPE_STRING ? api.StringDMA(*key, n, MODE_READ)
                                            : NULL;
}

static void reply_word(struct ctx *ctx, const char *word)
{
    if (status_words)
        api.ReplyWithSimpleString(ctx, word);
    else
        api.ReplyWithStringBuffer(ctx, word, strlen(word));
}

static void reply_tensor(struct ctx *ctx, const char *held, size_t n)
{
    struct tensor t;

    memcpy(&t, held, sizeof t);
    api.ReplyWithArray(ctx, 6);
    reply_word(ctx, "dtype");
    reply_word(ctx, "FLOAT");
    reply_word(ctx, "shape");
    api.ReplyWithArray(ctx, t.n);
    for (int k = 0; k < t.n; k++)
        api.ReplyWithLongLong(ctx, t.dim[k]);
    reply_word(ctx, "blob");
    api.ReplyWithStringBuffer(ctx, held + sizeof t, n - sizeof t);
}

/* AI.TENSORGET key META BLOB */
static int tensor_get(struct ctx *ctx, struct string **argv, int argc)
{
    struct key *key;
    const char *held;
    size_t n;

    if (argc != 4)
        return api.WrongArity(ctx);
    if (!is_word(argv[2], "META") || !is_word(argv[3], "BLOB"))
        return api.ReplyWithError(ctx, "ERR the stand-in has META BLOB");
    held = held_by(ctx, argv[1], &key, &n);
    if (held && n > sizeof(struct tensor))
        reply_tensor(ctx, held, n);
    else
        api.ReplyWithError(ctx,
                           "ERR tensor key is empty or in a different shard");
    api.CloseKey(key);
    return OK;
}

/* RedisAI's section, of which "ai_" is made by the server. */
static void tell(struct info *info, int for_crash_report)
{
    (void)for_crash_report;
    api.InfoAddSection(info, "load_time_configs");
    api.InfoAddFieldLongLong(info, "threads_per_queue", threads_per_queue);
}

static bool read_arguments(struct string **argv, int argc)
{
    for (int k = 0; k < argc; k++) {
        if (is_word(argv[k], "TORCH") ||
            is_word(argv[k], "INTRA_OP_PARALLELISM"))
            k++;
        else if (is_word(argv[k], "WITHOUT_COMMANDS"))
            without_commands = true;
        else if (is_word(argv[k], "STATUS_WORDS"))
            status_words = true;
        else if (!is_word(argv[k], "THREADS_PER_QUEUE") || ++k == argc ||
                 api.StringToLongLong(argv[k], &threads_per_queue) != OK ||
                 threads_per_queue < 1)
            return false;
    }
    return true;
}

static bool find_api(struct ctx *ctx)
{
    int (*get)(const char *name, void *function);
    bool all = true;

    memcpy(&get, ctx, sizeof get);
#define FIND(name) all = get("RedisModule_" #name, &api.name) == OK && all
    FIND(SetModuleAttribs);
    FIND(CreateCommand);
    FIND(WrongArity);
    FIND(StringPtrLen);
    FIND(StringToLongLong);
    FIND(CreateString);
    FIND(FreeString);
    FIND(OpenKey);
    FIND(CloseKey);
    FIND(KeyType);
    FIND(StringDMA);
    FIND(StringTruncate);
    FIND(ReplyWithError);
    FIND(ReplyWithSimpleString);
    FIND(ReplyWithArray);
    FIND(ReplyWithLongLong);
    FIND(ReplyWithStringBuffer);
    FIND(RegisterInfoFunc);
    FIND(InfoAddSection);
    FIND(InfoAddFieldLongLong);
    FIND(BlockClient);
    FIND(UnblockClient);
    FIND(GetBlockedClientPrivateData);
#undef FIND
    return all;
}

int RedisModule_OnLoad(struct ctx *ctx, struct string **argv, int argc);

int RedisModule_OnLoad(struct ctx *ctx, struct string **argv, int argc)
{
    if (!find_api(ctx))
        return FAILED;
    api.SetModuleAttribs(ctx, "ai", 1, APIVER);
    if (!read_arguments(argv, argc))
        return FAILED;
    if (!without_commands &&
        (api.CreateCommand(ctx, "ai.tensorset", tensor_set, "write deny-oom", 1,
                           1, 1) != OK ||
         api.CreateCommand(ctx, "ai.tensorget", tensor_get, "readonly", 1, 1,
                           1) != OK ||
         !runs_create(ctx)))
        return FAILED;
    return api.RegisterInfoFunc(ctx, tell);
}
