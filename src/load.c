#include "srb/load.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "srb/ending.h"
#include "srb/tensor.h"
#include "srb/tick.h"

/* What a client tells the others when they meet. */
enum { LAST = 1, BROKEN = 2 };

/* Between two looks whether another rank was told to end. They are outside the
 * timed spans, and take some 200 ns each: two millionths of the loop. */
#define LOOK_NS INT64_C(100000000)

/* A loop under way. */
struct loop {
    struct load *load;
    const struct load_company *with;
    bool over; /* somebody failed and everybody knows: nobody waits any more */
};

/* Page-aligned, so that every client's tensor lies alike, and of new pages:
 * malloc() may give some that were touched before the client was pinned to
 * where it is now, in another NUMA domain. */
static float *allocate(size_t count)
{
    void *data = mmap(NULL, count * sizeof(float), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (data == MAP_FAILED)
        return NULL;
    memset(data, 0, count * sizeof(float)); /* this brings them here */
    return data;
}

static void release(float *data, size_t count)
{
    if (data)
        munmap(data, count * sizeof(float));
}

static void await(int64_t instant)
{
    int64_t left = instant - tick_now();

    if (left > 0)
        tick_sleep(left);
}

int load_open(struct load *l, const struct client_ops *ops,
              const struct client_params *p, const struct load_rules *rules,
              struct error *err)
{
    int64_t start;

    memset(l, 0, sizeof *l);
    l->number = p->client;
    l->count = p->bytes / sizeof(float);
    l->rules = *rules;
    if (samples_open(&l->samples, rules->warmup, rules->iterations, err) < 0)
        return -1;
    l->out = allocate(l->count);
    l->in = allocate(l->count);
    if (!l->out || !l->in)
        return error_set(err,
                         "client %d: not enough memory for two tensors of "
                         "%zu bytes",
                         p->client, p->bytes);
    tensor_fill(l->out, l->count, p->client);
    await(rules->connect_at);
    start = tick_now();
    l->samples.main_start = start;
    l->client = ops->open(p, err);
    l->samples.connect_ns = tick_now() - start;
    if (!l->client)
        return -1;
    ending_watch(ops->socket(l->client));
    return 0;
}

/* ---- one operation: what is between the instants is what is measured ---- */

static int put(struct load *l, struct error *err)
{
    struct series *s = &l->samples.put;
    size_t k = (size_t)l->pair;
    int64_t start, end;
    int rc;

    tensor_stamp(l->out, l->count, l->number, l->pair++);
    start = tick_now();
    rc = l->client->ops->put(l->client, l->out, err);
    end = tick_now();
    if (rc < 0)
        return -1;
    if (k < s->warmup)
        series_warm(s, k, start, end);
    else
        series_add(s, start, end);
    return 0;
}

/* The tensor must be the one that was put last. */
static void verify(struct load *l)
{
    struct error wrong;

    if (tensor_check(l->in, l->count, l->number, l->pair - 1, &wrong) == 0)
        return;
    if (l->samples.verify_errors++ == 0)
        l->wrong = wrong;
}

static int get(struct load *l, bool check, struct error *err)
{
    struct series *s = &l->samples.unpack;
    size_t k = (size_t)l->got++;
    int64_t start, end;
    int rc;

    if (check)
        tensor_spoil(l->in, l->count);
    start = tick_now();
    rc = l->client->ops->get(l->client, l->in, err);
    end = tick_now();
    if (rc < 0)
        return -1;
    if (k < s->warmup)
        series_warm(s, k, start, end);
    else
        series_add(s, start, end);
    l->samples.loop_end = end; /* the last check is not the loop's */
    if (check)
        verify(l);
    return 0;
}

static bool checked(const struct load *l, bool last)
{
    return l->rules.verify == VERIFY_ALL ||
           (l->rules.verify == VERIFY_ENDS && (last || l->got == 0));
}

/* ---- what a phase repeats ---- */

static int put_one(struct load *l, bool last, struct error *err)
{
    (void)last;
    return put(l, err);
}

static int get_one(struct load *l, bool last, struct error *err)
{
    return get(l, checked(l, last), err);
}

static int put_and_get(struct load *l, bool last, struct error *err)
{
    return put(l, err) < 0 ? -1 : get(l, checked(l, last), err);
}

/* ---- together ---- */

/* Wait for the others. Returns what any of them has to tell. */
static int meet(struct loop *x, int bits)
{
    int64_t start = tick_now();

    bits = team_meet(x->with->team, x->with->cast->clients, bits);
    x->over = (bits & BROKEN) != 0;
    x->load->samples.waited += tick_now() - start;
    return bits;
}

/* Go on together, at one agreed instant, unless somebody failed. */
static void start_together(struct loop *x, int rc)
{
    struct load *l = x->load;
    int64_t start;

    meet(x, rc < 0 ? BROKEN : 0);
    if (x->over || l->rules.sync == SYNC_NONE)
        return;
    start = tick_now();
    l->agreed = clock_agree_start(x->with->cast->clients, NULL, x->with->line);
    clock_await(NULL, x->with->line, l->agreed, x->with->crowded);
    l->samples.waited += tick_now() - start;
}

static int interrupted(const struct load *l, struct error *err)
{
    return error_set(
        err, "client %d: broken off at pair %lld by signal %d (%s)", l->number,
        (long long)l->pair, (int)*l->signal, strsignal((int)*l->signal));
}

static bool cut_off(const struct load *l)
{
    return l->signal && *l->signal;
}

/* One step; -1 also when the grace after a signal is over, before it or in the
 * midst of it. */
static int step(struct load *l,
                int (*what)(struct load *, bool, struct error *), bool last,
                struct error *err)
{
    if (!cut_off(l) && what(l, last, err) == 0)
        return 0;
    return cut_off(l) ? interrupted(l, err) : -1;
}

/* ---- phases ---- */

/* One more is the last one: of so many, or when the time is over. */
static bool is_last(const struct load *l, const struct series *s,
                    double seconds, int64_t begin)
{
    if (seconds > 0)
        return s->count > 0 && s->last_end - begin >= (int64_t)(seconds * 1e9);
    return s->count + 1 >= (int64_t)l->rules.iterations;
}

static int repeat(struct loop *x,
                  int (*what)(struct load *, bool, struct error *),
                  const struct series *counted, double seconds,
                  struct error *err)
{
    struct load *l = x->load;
    bool each = l->rules.sync == SYNC_ITERATION, last = false;
    int64_t begin = tick_now(), look = begin + LOOK_NS;

    while (!last) {
        if (counted->last_end > look) {
            team_look(x->with->team);
            look = counted->last_end + LOOK_NS;
        }
        last = is_last(l, counted, seconds, begin);
        if (each)
            last = (meet(x, last ? LAST : 0) & LAST) != 0;
        if (x->over)
            return 0; /* who failed has the words */
        if (step(l, what, last, err) < 0) {
            if (each && !last)
                meet(x, BROKEN);
            return -1;
        }
    }
    return 0;
}

static double cpu_seconds(const struct rusage *u)
{
    return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) +
           1e-6 * (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec);
}

/* A phase, with what it costs this process. */
static int phase(struct loop *x,
                 int (*what)(struct load *, bool, struct error *),
                 const struct series *counted, double seconds,
                 struct error *err)
{
    struct load_usage *sum = &x->load->usage;
    struct rusage before, after;
    int rc;

    getrusage(RUSAGE_SELF, &before);
    rc = repeat(x, what, counted, seconds, err);
    getrusage(RUSAGE_SELF, &after);
    sum->cpu_time += cpu_seconds(&after) - cpu_seconds(&before);
    sum->voluntary_switches += after.ru_nvcsw - before.ru_nvcsw;
    sum->involuntary_switches += after.ru_nivcsw - before.ru_nivcsw;
    sum->peak_memory = after.ru_maxrss * 1024;
    return rc;
}

static int warm_up(struct loop *x, struct error *err)
{
    struct load *l = x->load;
    int64_t look = tick_now() + LOOK_NS;

    for (size_t k = 0; k < l->rules.warmup; k++) {
        if (step(l, put_and_get, false, err) < 0)
            return -1;
        if (l->samples.loop_end > look) {
            team_look(x->with->team);
            look = l->samples.loop_end + LOOK_NS;
        }
    }
    return 0;
}

/* All puts, and when everybody has done theirs, all gets. */
static int phases(struct loop *x, struct error *err)
{
    struct load *l = x->load;
    struct samples *s = &l->samples;
    double half = l->rules.duration / 2;
    int64_t agreed = l->agreed;
    int rc = phase(x, put_one, &s->put, half, err);

    if (!x->over)
        start_together(x, rc);
    l->agreed = agreed;
    if (rc < 0 || x->over)
        return rc;
    return phase(x, get_one, &s->unpack, half, err);
}

int load_run(struct load *l, const struct load_company *with, struct error *err)
{
    struct loop x = {.load = l, .with = with};
    struct samples *s = &l->samples;
    bool alone = l->rules.sync == SYNC_NONE;
    int rc = warm_up(&x, err);

    if (!alone)
        start_together(&x, rc);
    if (rc < 0 && alone && l->rules.pattern == PATTERN_PHASES)
        start_together(&x, rc); /* the others come there between the phases */
    if (rc < 0 || x.over)
        return rc;
    s->waited = 0;
    s->loop_start = tick_now();
    if (l->agreed)
        l->start_skew = clock_common(with->line, s->loop_start) - l->agreed;
    if (l->rules.pattern == PATTERN_PHASES)
        return phases(&x, err);
    return phase(&x, put_and_get, &s->put, l->rules.duration, err);
}

void load_disconnect(struct load *l)
{
    ending_unwatch();
    if (l->client) {
        l->client->ops->buffers(l->client, l->buffers);
        l->client->ops->close(l->client);
    }
    l->client = NULL;
    l->samples.main_end = tick_now();
}

void load_close(struct load *l)
{
    ending_unwatch();
    if (l->client)
        l->client->ops->close(l->client);
    release(l->out, l->count);
    release(l->in, l->count);
    samples_free(&l->samples);
    memset(l, 0, sizeof *l);
}
