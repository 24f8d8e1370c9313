/* A STAND-IN for RedisAI, for tests: a Redis module that has AI.TENSORSET and
 * AI.TENSORGET of matrices of floats, and nothing else of RedisAI. It stores
 * what it is given and answers as RedisAI does; how fast it is says nothing of
 * RedisAI.
 *
 *   loadmodule redisai_stand_in.so [THREADS_PER_QUEUE n] [WITHOUT_COMMANDS]
 *                                  [STATUS_WORDS]
 *
 * THREADS_PER_QUEUE is reported by INFO modules, as RedisAI does.
 * WITHOUT_COMMANDS: it loads, and brings no commands. STATUS_WORDS: the words
 * of a reply are status strings, which RedisAI never sends.
 *
 * What is used of the server is declared here, as its redismodule.h does
 * ("Redis modules API"; REDISMODULE_APIVER_1, the same in Redis, Valkey and
 * KeyDB): a context begins with the address of GetApi, which fills pointers to
 * the functions by their names. */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define OK 0
#define FAILED 1
#define APIVER 1
#define MODE_READ 1
#define MODE_WRITE 2
#define TYPE_EMPTY 0
#define TYPE_STRING 1

struct ctx;
struct string;
struct key;
struct info;
typedef int command_fn(struct ctx *ctx, struct string **argv, int argc);
typedef void info_fn(struct info *info, int for_crash_report);

static struct {
    void (*SetModuleAttribs)(struct ctx *, const char *, int, int);
    int (*CreateCommand)(struct ctx *, const char *, command_fn *, const char *,
                         int, int, int);
    int (*WrongArity)(struct ctx *);
    const char *(*StringPtrLen)(const struct string *, size_t *);
    int (*StringToLongLong)(const struct string *, long long *);
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
} api;

static long long threads_per_queue = 1;
static bool without_commands, status_words;

/* What a key holds: this, and behind it the floats. */
struct matrix {
    long long rows, columns;
};

static bool is_word(const struct string *s, const char *word)
{
    size_t n;
    const char *text = api.StringPtrLen(s, &n);

    return n == strlen(word) && strncasecmp(text, word, n) == 0;
}

static bool read_dims(struct string **argv, struct matrix *m)
{
    return api.StringToLongLong(argv[0], &m->rows) == OK &&
           api.StringToLongLong(argv[1], &m->columns) == OK && m->rows > 0 &&
           m->columns > 0;
}

static int store(struct ctx *ctx, struct key *key, const struct matrix *m,
                 const char *blob, size_t n)
{
    int type = api.KeyType(key);
    size_t len;
    char *to;

    if (type != TYPE_EMPTY && type != TYPE_STRING)
        return api.ReplyWithError(ctx, "WRONGTYPE Operation against a key "
                                       "holding the wrong kind of value");
    if (api.StringTruncate(key, sizeof *m + n) != OK)
        return api.ReplyWithError(ctx, "ERR the tensor is too long");
    to = api.StringDMA(key, &len, MODE_WRITE);
    memcpy(to, m, sizeof *m);
    memcpy(to + sizeof *m, blob, n);
    return api.ReplyWithSimpleString(ctx, "OK");
}

/* AI.TENSORSET key FLOAT rows columns BLOB bytes */
static int tensor_set(struct ctx *ctx, struct string **argv, int argc)
{
    struct matrix m;
    struct key *key;
    const char *blob;
    size_t n;

    if (argc != 7)
        return api.WrongArity(ctx);
    if (!is_word(argv[2], "FLOAT") || !is_word(argv[5], "BLOB"))
        return api.ReplyWithError(ctx, "ERR the stand-in has FLOAT and BLOB");
    if (!read_dims(argv + 3, &m))
        return api.ReplyWithError(
            ctx, "ERR invalid or negative value found in tensor shape");
    blob = api.StringPtrLen(argv[6], &n);
    if (n / sizeof(float) / (size_t)m.rows != (size_t)m.columns ||
        n != (size_t)m.rows * (size_t)m.columns * sizeof(float))
        return api.ReplyWithError(ctx,
                                  "ERR data length does not match tensor shape "
                                  "and type");
    key = api.OpenKey(ctx, argv[1], MODE_READ | MODE_WRITE);
    store(ctx, key, &m, blob, n);
    api.CloseKey(key);
    return OK;
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
    struct matrix m;

    memcpy(&m, held, sizeof m);
    api.ReplyWithArray(ctx, 6);
    reply_word(ctx, "dtype");
    reply_word(ctx, "FLOAT");
    reply_word(ctx, "shape");
    api.ReplyWithArray(ctx, 2);
    api.ReplyWithLongLong(ctx, m.rows);
    api.ReplyWithLongLong(ctx, m.columns);
    reply_word(ctx, "blob");
    api.ReplyWithStringBuffer(ctx, held + sizeof m, n - sizeof m);
}

/* AI.TENSORGET key META BLOB */
static int tensor_get(struct ctx *ctx, struct string **argv, int argc)
{
    struct key *key;
    const char *held = NULL;
    size_t n = 0;

    if (argc != 4)
        return api.WrongArity(ctx);
    if (!is_word(argv[2], "META") || !is_word(argv[3], "BLOB"))
        return api.ReplyWithError(ctx, "ERR the stand-in has META BLOB");
    key = api.OpenKey(ctx, argv[1], MODE_READ);
    /* KeyType() takes a key that is not there, the others do not */
    if (api.KeyType(key) == TYPE_STRING)
        held = api.StringDMA(key, &n, MODE_READ);
    if (held && n > sizeof(struct matrix))
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
        if (is_word(argv[k], "WITHOUT_COMMANDS"))
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
                           1) != OK))
        return FAILED;
    return api.RegisterInfoFunc(ctx, tell);
}
