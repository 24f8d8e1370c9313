/* Models and scripts of the stand-in for RedisAI: stored, described, run by
 * threads_per_queue threads, several requests for one model together as its
 * BATCHSIZE, MINBATCHSIZE and MINBATCHTIMEOUT say.
 *
 * A file of the stand-in says "stand-in", what comes of a run, how long that
 * takes, and what it takes where that matters: "stand-in out=1x10
 * delay_us=2000 in=1x3x8x4". Element j of the output is element
 * j modulo its length of the input, halved, plus j. Each run of a model is a
 * line of the file that the server's environment names as STAND_IN_RUNS: how
 * many requests it took together. */
#include "redisai_stand_in.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NAME_MAX_BYTES 128
#define BATCH_MAX 64

/* What a key holds of a model or a script. */
struct program {
    char magic[8]; /* "program" */
    bool model;
    char device[16];
    struct tensor out, in; /* in.n 0: anything */
    long long delay_us, batch, min_batch, min_batch_ms;
    long long calls, booked_us; /* as AI.INFO tells them */
};

struct request {
    struct blocked *client;
    struct program program;
    char name[NAME_MAX_BYTES], out[NAME_MAX_BYTES];
    float *input;
    size_t n;
    long long since_ms, late_ms; /* 0: never */
    bool late;
    struct request *next;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct request *first;
    bool runs;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

static long long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- files ---- */

static bool read_shape(const char *text, struct tensor *t)
{
    char *end;

    for (t->n = 0; t->n < DIMS_MAX; text = end + 1) {
        t->dim[t->n++] = strtoll(text, &end, 10);
        if (*end != 'x')
            break;
    }
    return t->dim[0] > 0;
}

static bool read_program(const struct string *file, struct program *p)
{
    size_t n;
    const char *bytes = api.StringPtrLen(file, &n), *at;
    char text[4096];

    n = n < sizeof text ? n : sizeof text - 1;
    memcpy(text, bytes, n);
    text[n] = '\0';
    memcpy(p->magic, "program", 8);
    at = strstr(text, "out=");
    if (!strstr(text, "stand-in") || !at || !read_shape(at + 4, &p->out))
        return false;
    at = strstr(text, "in=");
    if (at && !read_shape(at + 3, &p->in))
        return false;
    at = strstr(text, "delay_us=");
    p->delay_us = at ? strtoll(at + 9, NULL, 10) : 0;
    return true;
}

static int keep_program(struct ctx *ctx, struct string *name,
                        const struct program *p)
{
    struct key *key = api.OpenKey(ctx, name, MODE_READ | MODE_WRITE);
    size_t n;

    api.StringTruncate(key, sizeof *p);
    memcpy(api.StringDMA(key, &n, MODE_WRITE), p, sizeof *p);
    api.CloseKey(key);
    return OK;
}

static bool find_program(struct ctx *ctx, struct string *name,
                         struct program *p)
{
    struct key *key;
    size_t n;
    const char *held = held_by(ctx, name, &key, &n);
    bool found = held && n == sizeof *p && memcmp(held, "program", 8) == 0;

    if (found)
        memcpy(p, held, sizeof *p);
    api.CloseKey(key);
    return found;
}

/* The number behind a word of a command, else 0. */
static long long number_at(struct string **argv, int argc, const char *word)
{
    long long value = 0;

    for (int k = 2; k + 1 < argc; k++)
        if (is_word(argv[k], word))
            api.StringToLongLong(argv[k + 1], &value);
    return value;
}

static int store(struct ctx *ctx, struct string **argv, int argc, bool model)
{
    struct program p = {.model = model};
    size_t n;
    const char *device;

    if (argc < 5)
        return api.WrongArity(ctx);
    device = api.StringPtrLen(argv[model ? 3 : 2], &n);
    snprintf(p.device, sizeof p.device, "%.*s", (int)n, device);
    if (!read_program(argv[argc - 1], &p))
        return api.ReplyWithError(ctx,
                                  "ERR the stand-in cannot read this file");
    p.batch = number_at(argv, argc - 1, "BATCHSIZE");
    p.min_batch = number_at(argv, argc - 1, "MINBATCHSIZE");
    p.min_batch_ms = number_at(argv, argc - 1, "MINBATCHTIMEOUT");
    keep_program(ctx, argv[1], &p);
    return api.ReplyWithSimpleString(ctx, "OK");
}

static int model_store(struct ctx *ctx, struct string **argv, int argc)
{
    return store(ctx, argv, argc, true);
}

static int script_store(struct ctx *ctx, struct string **argv, int argc)
{
    return store(ctx, argv, argc, false);
}

static int reply_text(struct ctx *ctx, const char *text)
{
    return api.ReplyWithStringBuffer(ctx, text, strlen(text));
}

/* AI.MODELGET and AI.SCRIPTGET key META */
static int describe(struct ctx *ctx, struct string **argv, int argc)
{
    struct program p;

    if (argc < 3)
        return api.WrongArity(ctx);
    if (!find_program(ctx, argv[1], &p))
        return api.ReplyWithError(ctx, "ERR model key is empty");
    api.ReplyWithArray(ctx, 4);
    reply_text(ctx, "device");
    reply_text(ctx, p.device);
    reply_text(ctx, "batchsize");
    api.ReplyWithLongLong(ctx, p.batch);
    return OK;
}

/* AI.INFO key */
static int tell_runs(struct ctx *ctx, struct string **argv, int argc)
{
    struct program p;

    if (argc != 2)
        return api.WrongArity(ctx);
    if (!find_program(ctx, argv[1], &p))
        return api.ReplyWithError(ctx, "ERR cannot find run info for key");
    api.ReplyWithArray(ctx, 4);
    reply_text(ctx, "duration");
    api.ReplyWithLongLong(ctx, p.booked_us);
    reply_text(ctx, "calls");
    api.ReplyWithLongLong(ctx, p.calls);
    return OK;
}

/* ---- runs ---- */

/* Of the same model, up to n, out of the queue. */
static int take_like(const struct request *like, struct request **taken, int n)
{
    struct request **at = &queue.first;
    int k = 0;

    while (*at && k < n) {
        if (strcmp((*at)->name, like->name) != 0) {
            at = &(*at)->next;
            continue;
        }
        taken[k++] = *at;
        *at = (*at)->next;
    }
    return k;
}

/* The next batch; waits for a first request, and for as many as it needs. */
static int take(struct request **taken)
{
    struct request *first;
    int most, n;

    pthread_mutex_lock(&queue.lock);
    while (!queue.first)
        pthread_cond_wait(&queue.more, &queue.lock);
    first = queue.first;
    queue.first = first->next;
    taken[0] = first;
    most = first->program.batch > 1 ? (int)first->program.batch : 1;
    most = most < BATCH_MAX ? most : BATCH_MAX;
    n = 1 + take_like(first, taken + 1, most - 1);
    while (n < first->program.min_batch) {
        long long until = first->since_ms + first->program.min_batch_ms;
        struct timespec t = {until / 1000, until % 1000 * 1000000};

        if (pthread_cond_timedwait(&queue.more, &queue.lock, &t) != 0)
            break;
        n += take_like(first, taken + n, most - n);
    }
    pthread_mutex_unlock(&queue.lock);
    return n;
}

static void note_run(const struct request *r, int n)
{
    const char *path = getenv("STAND_IN_RUNS");
    int fd = path && r->program.model
                 ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600)
                 : -1;

    if (fd < 0)
        return;
    dprintf(fd, "%d\n", n);
    close(fd);
}

static void *work(void *unused)
{
    struct request *taken[BATCH_MAX];

    for (;;) {
        int n = take(taken);
        long long now = now_ms(), us = taken[0]->program.delay_us;
        const struct timespec delay = {us / 1000000, us % 1000000 * 1000};

        for (int k = 0; k < n; k++)
            taken[k]->late = taken[k]->late_ms && now > taken[k]->late_ms;
        if (!taken[0]->late) {
            nanosleep(&delay, NULL);
            note_run(taken[0], n);
        }
        for (int k = 0; k < n; k++)
            api.UnblockClient(taken[k]->client, taken[k]);
    }
    return unused;
}

static void free_request(struct ctx *ctx, void *data)
{
    struct request *r = data;

    (void)ctx;
    free(r->input);
    free(r);
}

/* Count the request where AI.INFO looks. */
static void book(struct ctx *ctx, const struct request *r)
{
    struct string *name = api.CreateString(ctx, r->name, strlen(r->name));
    struct program p;

    if (find_program(ctx, name, &p)) {
        p.calls++;
        p.booked_us += p.delay_us;
        keep_program(ctx, name, &p);
    }
    api.FreeString(ctx, name);
}

static int answer(struct ctx *ctx, struct string **argv, int argc)
{
    const struct request *r = api.GetBlockedClientPrivateData(ctx);
    struct string *out;
    size_t n = 1;
    float *floats;

    (void)argv;
    (void)argc;
    if (r->late)
        return api.ReplyWithSimpleString(ctx, "TIMEDOUT");
    for (int k = 0; k < r->program.out.n; k++)
        n *= (size_t)r->program.out.dim[k];
    floats = malloc(n * sizeof *floats);
    for (size_t j = 0; floats && j < n; j++)
        floats[j] = r->input[j % r->n] / 2 + (float)j;
    book(ctx, r);
    out = api.CreateString(ctx, r->out, strlen(r->out));
    store_tensor(ctx, out, &r->program.out, floats, n * sizeof *floats);
    api.FreeString(ctx, out);
    free(floats);
    return OK;
}

static void start_threads(void)
{
    pthread_t thread;

    for (long long k = 0; k < threads_per_queue && !queue.runs; k++)
        if (pthread_create(&thread, NULL, work, NULL) == 0)
            pthread_detach(thread);
    queue.runs = true;
}

static void enqueue(struct request *r)
{
    struct request **at;

    pthread_mutex_lock(&queue.lock);
    for (at = &queue.first; *at; at = &(*at)->next)
        ;
    *at = r;
    start_threads();
    pthread_cond_broadcast(&queue.more);
    pthread_mutex_unlock(&queue.lock);
}

/* The key behind INPUTS or OUTPUTS, and behind a number that may stand there.
 */
static struct string *key_behind(struct string **argv, int argc,
                                 const char *word)
{
    for (int k = 2; k + 1 < argc; k++)
        if (is_word(argv[k], word))
            return is_word(argv[k + 1], "1") && k + 2 < argc ? argv[k + 2]
                                                             : argv[k + 1];
    return NULL;
}

static void copy_name(char name[NAME_MAX_BYTES], const struct string *s)
{
    size_t n;
    const char *text = api.StringPtrLen(s, &n);

    snprintf(name, NAME_MAX_BYTES, "%.*s", (int)n, text);
}

static bool takes(const struct program *p, const char *held)
{
    struct tensor t;

    memcpy(&t, held, sizeof t);
    return p->in.n == 0 ||
           (p->in.n == t.n &&
            memcmp(p->in.dim, t.dim, (size_t)t.n * sizeof t.dim[0]) == 0);
}

/* AI.MODELEXECUTE, AI.SCRIPTEXECUTE, AI.SCRIPTRUN */
static int execute(struct ctx *ctx, struct string **argv, int argc)
{
    struct string *in = key_behind(argv, argc, "INPUTS");
    struct string *out = key_behind(argv, argc, "OUTPUTS");
    long long wait = number_at(argv, argc, "TIMEOUT");
    struct request *r;
    struct program p;
    struct key *key;
    const char *held;
    size_t n;

    if (!in || !out)
        return api.WrongArity(ctx);
    if (!find_program(ctx, argv[1], &p))
        return api.ReplyWithError(ctx, "ERR model key is empty");
    held = held_by(ctx, in, &key, &n);
    if (!held || n <= sizeof(struct tensor)) {
        api.CloseKey(key);
        return api.ReplyWithError(
            ctx, "ERR tensor key is empty or in a different shard");
    }
    if (!takes(&p, held)) {
        api.CloseKey(key);
        return api.ReplyWithError(ctx, "ERR the stand-in's model takes inputs "
                                       "of another shape");
    }
    r = calloc(1, sizeof *r);
    r->program = p;
    r->n = (n - sizeof(struct tensor)) / sizeof(float);
    r->input = malloc(r->n * sizeof(float));
    memcpy(r->input, held + sizeof(struct tensor), r->n * sizeof(float));
    api.CloseKey(key);
    copy_name(r->name, argv[1]);
    copy_name(r->out, out);
    r->since_ms = now_ms();
    r->late_ms = wait > 0 ? r->since_ms + wait : 0;
    r->client = api.BlockClient(ctx, answer, NULL, free_request, 0);
    enqueue(r);
    return OK;
}

bool runs_create(struct ctx *ctx)
{
    static const struct {
        const char *name;
        command_fn *call;
        const char *flags;
    } commands[] = {
        {"ai.modelstore", model_store, "write deny-oom"},
        {"ai.scriptstore", script_store, "write deny-oom"},
        {"ai.scriptset", script_store, "write deny-oom"},
        {"ai.modelget", describe, "readonly"},
        {"ai.scriptget", describe, "readonly"},
        {"ai.info", tell_runs, "readonly"},
        {"ai.modelexecute", execute, "write deny-oom"},
        {"ai.scriptexecute", execute, "write deny-oom"},
        {"ai.scriptrun", execute, "write deny-oom"},
    };

    for (size_t k = 0; k < sizeof commands / sizeof commands[0]; k++)
        if (api.CreateCommand(ctx, commands[k].name, commands[k].call,
                              commands[k].flags, 1, 1, 1) != OK)
            return false;
    return true;
}
