/* The rules of the timed loop, once for all languages (loop.h). */
#include "measure/loop.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/tick.h"
#include "measure/loop_parts.h"
#include "measure/tensor.h"

/* Between two looks whether another rank was told to end. They are outside the
 * timed spans, and take some 200 ns each: two millionths of the loop. */
#define LOOK_NS INT64_C(100000000)

/* ---- together ---- */

int loop_meet(struct load *l, int bits)
{
    const struct load_company *with = l->phase.with;
    int64_t start = tick_now();

    /* who computes leaves the CPUs to the servers meanwhile */
    if (l->steps.rules.compute > 0)
        team_allreduce(with->team, with->cast->clients, &bits, 1, MPI_INT,
                       MPI_BOR);
    else
        bits = team_meet(with->team, with->cast->clients, bits);
    l->phase.over = (bits & LOOP_BROKEN) != 0;
    l->samples.waited += tick_now() - start;
    return bits;
}

/* ---- phases ---- */

void loop_begin(struct load *l, const struct series *counted, double seconds)
{
    struct load_phase *x = &l->phase;

    x->counted = counted;
    x->seconds = seconds;
    x->last = false;
    x->begin = x->latest = tick_now();
    x->look = x->begin + LOOK_NS;
}

/* ---- what a loop asks ---- */

bool loop_cut_off(const struct load *l)
{
    return l->signal && *l->signal;
}

bool loop_meets(const struct load *l)
{
    return l->phase.counted && l->rules.sync == SYNC_ITERATION;
}

/* This client has failed: the client's words, or that the grace after a signal
 * is over, before an operation or in the midst of it. */
int loop_fail(struct load *l)
{
    l->phase.failed = true;
    if (!loop_cut_off(l))
        return error_set(l->phase.err, "%s",
                         srb_tensor_client_error(l->wrapped));
    return error_set(l->phase.err,
                     "client %d: broken off at pair %lld by signal %d (%s)",
                     l->number, (long long)l->pair, (int)*l->signal,
                     strsignal((int)*l->signal));
}

/* One more is the last one: of so many, or when the time is over. */
bool loop_is_last(const struct load *l)
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

static void look(struct load_phase *x, int64_t now)
{
    if (now <= x->look)
        return;
    team_look(x->with->team);
    x->look = now + LOOK_NS;
}

void loop_look(struct load *l)
{
    look(&l->phase, tick_now());
}

int loop_more(struct load *l)
{
    struct load_phase *x = &l->phase;

    if (x->steps)
        steps_end(l);
    if (x->last || x->failed)
        return 0;
    look(x, x->latest);
    x->last = x->steps ? steps_last(l) : loop_is_last(l);
    if (x->steps && !steps_begin(l))
        return 0;
    if (loop_meets(l))
        x->last = (loop_meet(l, x->last ? LOOP_LAST : 0) & LOOP_LAST) != 0;
    if (x->over)
        return 0; /* who failed has the words */
    if (loop_cut_off(l)) {
        loop_fail(l);
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
int loop_note(struct load *l, struct series *s, size_t k, int64_t start,
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
        return loop_fail(l);
    return loop_note(l, &l->samples.put, (size_t)l->pair - 1, start, end);
}

/* Whether the get that comes, number l->got, is looked at. */
bool loop_checks(const struct load *l)
{
    bool last = l->phase.counted && l->phase.last;

    return l->rules.verify == VERIFY_ALL ||
           (l->rules.verify == VERIFY_ENDS && (last || l->got == 0));
}

void loop_spoil(struct load *l)
{
    if (loop_checks(l))
        tensor_spoil(l->in, l->count);
}

/* The tensor must be the one that was put last. */
void loop_verify(struct load *l)
{
    struct error wrong;

    if (tensor_check(l->in, l->count, l->number, l->pair - 1, &wrong) == 0)
        return;
    if (l->samples.verify_errors++ == 0)
        l->wrong = wrong;
}

int loop_got(struct load *l, int rc, int64_t start, int64_t end)
{
    bool check = loop_checks(l);

    if (rc < 0)
        return loop_fail(l);
    if (loop_note(l, &l->samples.unpack, (size_t)l->got++, start, end) < 0)
        return -1;
    l->samples.loop_end = end; /* the last check is not the loop's */
    if (check)
        loop_verify(l);
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
