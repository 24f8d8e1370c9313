#include "measure/pace.h"

#include <math.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/random.h"
#include "base/tick.h"

void pace_open(struct pace *p, const struct pace_rules *rules, int64_t origin)
{
    *p = (struct pace){
        .rate = rules->rate,
        .poisson = rules->poisson,
        .shift = (double)rules->client / (double)rules->clients,
        .state = random_stream(rules->seed, (uint64_t)rules->client),
        .origin = origin,
    };
}

void pace_restart(struct pace *p, int64_t origin)
{
    p->origin = origin;
    p->at = 0;
    p->k = 0;
}

/* By the number of the step, not by adding periods: roundings do not add up. */
int64_t pace_next(struct pace *p)
{
    double k = (double)p->k++;

    if (p->poisson)
        p->at -= log1p(-random_share(&p->state)) / p->rate;
    else
        p->at = (k + p->shift) / p->rate;
    return p->origin + llround(p->at * 1e9);
}

int64_t pace_spin_ns(double rate, bool oversubscribed)
{
    double tenth = 1e8 / rate;

    return oversubscribed && tenth < (double)PACE_SPIN_NS ? (int64_t)tenth
                                                          : PACE_SPIN_NS;
}

int64_t pace_await(int64_t instant, int64_t spin_ns)
{
    int64_t until = instant - spin_ns, now = tick_now();
    const struct timespec ts = {.tv_sec = until / 1000000000,
                                .tv_nsec = until % 1000000000};

    if (now < until &&
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) != 0)
        return tick_now(); /* a signal */
    while ((now = tick_now()) < instant)
        ;
    return now;
}

unsigned long pace_exact_timers(void)
{
    int slack = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);

    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    return slack > 0 ? (unsigned long)slack : 0; /* 0: the default */
}

void pace_restore_timers(unsigned long slack)
{
    prctl(PR_SET_TIMERSLACK, slack, 0, 0, 0);
}
