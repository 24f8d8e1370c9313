/* The rules of the timed loop, once for all languages (srb/loop.h). */
#include "measure/loop.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/tick.h"
#include "measure/load.h"
#include "measure/tensor.h"

/* What a client tells the others when they meet. */
enum { LAST = 1, BROKEN = 2 };

/* Between two looks whether another rank was told to end. They are outside the
 * timed spans, and take some 200 ns each: two millionths of the loop. */
#define LOOK_NS INT64_C(100000000)

/* ---- together ---- */

/* Wait for the others. Returns what any of them has to tell. */
static int meet(struct load *l, int bits)
{
    const struct load_company *with = l->phase.with;
    int64_t start = tick_now();

    bits = team_meet(with->team, with->cast->clients, bits);
    l->phase.over = (bits & BROKEN) != 0;
    l->samples.waited += tick_now() - start;
    return bits;
}

/* Go on together, at one agreed instant, unless somebody failed. */
static void start_together(struct load *l, int rc)
{
    const struct load_company *with = l->phase.with;
    int64_t start;

    meet(l, rc < 0 ? BROKEN : 0);
    if (l->phase.over || l->rules.sync == SYNC_NONE)
        return;
    start = tick_now();
    l->agreed =
        clock_agree_start(with->team, with->cast->clients, NULL, with->line);
    clock_await(NULL, with->line, l->agreed, with->oversubscribed);
    l->samples.waited += tick_now() - start;
}

/* ---- what a loop asks ---- */

static bool cut_off(const struct load *l)
{
    return l->signal && *l->signal;
}

static bool meets(const struct load *l)
{
    return l->phase.counted && l->rules.sync == SYNC_ITERATION;
}

/* This client has failed: the client's words, or that the grace after a signal
 * is over, before an operation or in the midst of it. */
static int fail(struct load *l)
{
    l->phase.failed = true;
    if (!cut_off(l))
        return error_set(l->phase.err, "%s",
                         srb_tensor_client_error(l->wrapped));
    return error_set(l->phase.err,
                     "client %d: broken off at pair %lld by signal %d (%s)",
                     l->number, (long long)l->pair, (int)*l->signal,
                     strsignal((int)*l->signal));
}

/* One more is the last one: of so many, or when the time is over. */
static bool is_last(const struct load *l)
{
    const struct load_phase *x = &l->phase;
    const struct series *s = x->counted;

    if (!s)
        return x->left == 1;
    if (x->seconds > 0)
        return s->count > 0 &&
               s->last_end - x->begin >= (int64_t)(x->seconds * 1e9);
    return s->count + 1 >= (int64_t)l->rules.iterations;
}

int loop_more(struct load *l)
{
    struct load_phase *x = &l->phase;

    if (x->last || x->failed)
        return 0;
    if (x->latest > x->look) {
        team_look(x->with->team);
        x->look = x->latest + LOOK_NS;
    }
    x->last = is_last(l);
    if (meets(l))
        x->last = (meet(l, x->last ? LAST : 0) & LAST) != 0;
    if (x->over)
        return 0; /* who failed has the words */
    if (cut_off(l)) {
        fail(l);
        return 0;
    }
    x->left--;
    return 1;
}

/* ---- one operation ---- */

void loop_stamp(struct load *l)
{
    tensor_stamp(l->out, l->count, l->number, l->pair++);
}

/* The clocks of some virtual machines do that, monotonic as they are called. A
 * sample less than nothing would be counted as a very good one. */
static int went_back(struct load *l, int64_t from, int64_t to)
{
    l->phase.failed = true;
    return error_set(
        l->phase.err,
        "client %d: the monotonic clock went back by %lld ns at pair %lld, and "
        "no time of this permutation can be trusted; choose another clock "
        "source for this machine (/sys/devices/system/clocksource)",
        l->number, (long long)(from - to), (long long)l->pair - 1);
}

/* Operation k of a series, which begins with the warm-up. */
static int note(struct load *l, struct series *s, size_t k, int64_t start,
                int64_t end)
{
    if (start < l->phase.latest)
        return went_back(l, l->phase.latest, start);
    if (end < start)
        return went_back(l, start, end);
    l->phase.latest = end;
    if (k < s->warmup)
        series_warm(s, k, start, end);
    else
        series_add(s, start, end);
    return 0;
}

int loop_put(struct load *l, int rc, int64_t start, int64_t end)
{
    if (rc < 0)
        return fail(l);
    return note(l, &l->samples.put, (size_t)l->pair - 1, start, end);
}

/* Whether the get that comes, number l->got, is looked at. */
static bool checked(const struct load *l)
{
    bool last = l->phase.counted && l->phase.last;

    return l->rules.verify == VERIFY_ALL ||
           (l->rules.verify == VERIFY_ENDS && (last || l->got == 0));
}

void loop_spoil(struct load *l)
{
    if (checked(l))
        tensor_spoil(l->in, l->count);
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

int loop_got(struct load *l, int rc, int64_t start, int64_t end)
{
    bool check = checked(l);

    if (rc < 0)
        return fail(l);
    if (note(l, &l->samples.unpack, (size_t)l->got++, start, end) < 0)
        return -1;
    l->samples.loop_end = end; /* the last check is not the loop's */
    if (check)
        verify(l);
    return 0;
}

int64_t loop_now(void)
{
    return tick_now();
}

void loop_renew(void *pages, size_t bytes)
{
    /* what does not come new is no worse than what an allocator gave */
    if (madvise(pages, bytes, MADV_DONTNEED) != 0)
        memset(pages, 0, bytes);
}

/* ---- phases ---- */

/* Tests that want something to happen in the midst of a loop wait for a line of
 * each client; nothing is said unless they ask for it. */
static void tell_tests(const struct load *l, const char *what)
{
    const char *path = getenv("SRBENCH_TEST_LOOPS");
    int fd = path ? open(path, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;

    if (fd < 0)
        return;
    dprintf(fd, "%d %s\n", l->number, what);
    close(fd);
}

/* Have the language's loop go round. -1 when this client failed. */
static int go_round(struct load *l, bool puts, bool gets)
{
    const struct loop_task task = {.load = l,
                                   .client = l->wrapped,
                                   .key = l->key,
                                   .key_length = strlen(l->key),
                                   .count = l->count,
                                   .own = l->own,
                                   .puts = puts,
                                   .gets = gets};

    l->language->run(&task);
    if (!l->phase.failed)
        return 0;
    if (meets(l) && !l->phase.last)
        meet(l, BROKEN);
    return -1;
}

static void begin(struct load *l, const struct series *counted, double seconds)
{
    struct load_phase *x = &l->phase;

    x->counted = counted;
    x->seconds = seconds;
    x->last = false;
    x->begin = x->latest = tick_now();
    x->look = x->begin + LOOK_NS;
}

static int warm_up(struct load *l)
{
    if (l->rules.warmup == 0)
        return 0;
    tell_tests(l, "warm-up");
    begin(l, NULL, 0);
    l->phase.left = l->rules.warmup;
    return go_round(l, true, true);
}

static double cpu_seconds(const struct rusage *u)
{
    return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) +
           1e-6 * (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec);
}

/* A phase, with what it costs this process. */
static int phase(struct load *l, bool puts, bool gets, double seconds)
{
    const struct samples *s = &l->samples;
    struct load_usage *sum = &l->usage;
    struct rusage before, after;
    int rc;

    begin(l, puts ? &s->put : &s->unpack, seconds);
    getrusage(RUSAGE_SELF, &before);
    rc = go_round(l, puts, gets);
    getrusage(RUSAGE_SELF, &after);
    sum->cpu_time += cpu_seconds(&after) - cpu_seconds(&before);
    sum->voluntary_switches += after.ru_nvcsw - before.ru_nvcsw;
    sum->involuntary_switches += after.ru_nivcsw - before.ru_nivcsw;
    sum->peak_memory = after.ru_maxrss * 1024;
    return rc;
}

/* All puts, and when everybody has done theirs, all gets. */
static int phases(struct load *l)
{
    double half = l->rules.duration / 2;
    int64_t agreed = l->agreed;
    int rc = phase(l, true, false, half);

    if (!l->phase.over)
        start_together(l, rc);
    l->agreed = agreed;
    if (rc < 0 || l->phase.over)
        return rc;
    return phase(l, false, true, half);
}

int load_run(struct load *l, const struct load_company *with, struct error *err)
{
    struct samples *s = &l->samples;
    bool alone = l->rules.sync == SYNC_NONE;
    int rc;

    l->phase = (struct load_phase){.with = with, .err = err};
    rc = warm_up(l);
    if (!alone)
        start_together(l, rc);
    if (rc < 0 && alone && l->rules.pattern == PATTERN_PHASES)
        start_together(l, rc); /* the others come there between the phases */
    if (rc < 0 || l->phase.over)
        return rc;
    tell_tests(l, "loop");
    s->waited = 0;
    s->loop_start = tick_now();
    if (l->agreed)
        l->start_skew = clock_common(with->line, s->loop_start) - l->agreed;
    if (l->rules.pattern == PATTERN_PHASES)
        return phases(l);
    return phase(l, true, true, l->rules.duration);
}
