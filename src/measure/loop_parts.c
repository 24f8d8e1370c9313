/* What the files of the timed loop share (loop_parts.h). */
#include "measure/loop_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/tick.h"

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

void loop_look(struct load *l, int64_t now)
{
    struct load_phase *x = &l->phase;

    if (now <= x->look)
        return;
    team_look(x->with->team);
    x->look = now + LOOK_NS;
    if (exchange_any(&l->rules.exchange) && team_work_failed(x->with->team))
        x->over = true;
}

/* ---- one operation ---- */

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

/* Whether the get that comes, number l->got, is looked at. */
bool loop_checks(const struct load *l)
{
    bool last = l->phase.counted && l->phase.last;

    return l->rules.verify == VERIFY_ALL ||
           (l->rules.verify == VERIFY_ENDS && (last || l->got == 0));
}
