#include "figures/step_figures.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/tick.h"

enum { STEP, PUT, UNPACK, RESPONSE, LATE, SETS };

#define DRIFT_LIMIT 0.05
#define EXCESS_LIMIT 0.1
#define BELOW_LIMIT 0.01

/* Sums over clients. */
enum {
    LOOP,
    COMPUTED,
    ALONE,  /* of as many steps */
    BEFORE, /* of one each, */
    AFTER,
    ALONE_STEPS, /* in the mean, */
    WAITED,      /* of these, without a CPU, */
    ASKED,       /* and as it was asked for */
    OFFERED,
    ACHIEVED,
    UNSENT,
    CLIENTS,
    SUMS
};

void step_figures_none(struct step_figures *out)
{
    out->step = out->put_response = out->unpack_response = out->response =
        out->pace_late = FIGURES_NONE;
    out->compute_alone = out->alone[0] = out->alone[1] = NAN;
    out->alone_excess = out->alone_waited = NAN;
    out->exchange_overhead = out->compute_slowdown = out->overhead = NAN;
    out->offered_rate = out->achieved_rate = NAN;
    out->sustained = out->sustained_low = out->sustained_high = NAN;
    out->unsent = out->behind = -1;
}

/* ---- durations ---- */

static void add(struct spans *d, int64_t ns)
{
    d->ns[d->n++] = ns;
}

/* Late and the operation's own time, or that of the whole step (op NULL); and
 * what was left, as sparse as that. */
static void add_responses(struct spans *d, const struct step_series *x,
                          const struct series *op)
{
    const struct series *s = &x->span;
    size_t skip =
        x->left_stride > s->stride ? (size_t)(x->left_stride / s->stride) : 1;

    for (size_t k = 0; k < s->kept; k += skip)
        add(d,
            s->start[k] - x->due[k] + (op ? op->ns[op->warmup + k] : s->ns[k]));
    for (size_t k = 0; k < x->nleft; k++)
        add(d, x->ends - x->left[k]);
}

static void add_lengths(struct spans *d, const struct step_series *x)
{
    for (size_t k = 0; k < x->span.kept; k++)
        add(d, x->span.ns[k]);
}

/* What is the client's own: begun later than it could have been. */
static void add_lateness(struct spans *d, const struct step_series *x)
{
    for (size_t k = 0; k < x->span.kept; k++)
        add(d, x->span.start[k] - x->ready[k]);
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* This client's. In phases puts have steps of their own, and so have gets. */
static void fill(struct spans d[SETS], const struct figures_of *x)
{
    const struct samples *s = x->samples;
    const struct step_series *puts = &s->step[0];
    const struct step_series *gets = &s->step[x->phases ? 1 : 0];
    size_t room = 0;

    for (int k = 0; k < 2; k++)
        room += s->step[k].span.kept + s->step[k].nleft;
    for (int k = 0; k < SETS; k++)
        d[k] = (struct spans){.ns = mem_new(room, sizeof *d->ns)};
    for (int k = 0; k < (x->phases ? 2 : 1); k++) {
        add_lengths(&d[STEP], &s->step[k]);
        d[STEP].longest = larger(d[STEP].longest, s->step[k].span.longest);
        if (!x->paced)
            continue;
        add_lateness(&d[LATE], &s->step[k]);
        add_responses(&d[RESPONSE], &s->step[k], NULL);
        d[RESPONSE].longest =
            larger(d[RESPONSE].longest, s->step[k].longest_step);
    }
    if (!x->paced)
        return;
    add_responses(&d[PUT], puts, &s->put);
    d[PUT].longest = puts->longest_put;
    if (x->exchange) /* what others get has no schedule */
        return;
    add_responses(&d[UNPACK], gets, &s->unpack);
    d[UNPACK].longest = gets->longest_unpack;
}

/* ---- rates ---- */

/* Of a client and phase: steps a second that were due, and that were begun.
 * With so many iterations the time is from the first to the last; one alone has
 * no rate, and is not behind. */
static void rates_of(const struct step_series *x, double *offered,
                     double *achieved)
{
    double n = (double)x->span.count;

    if (x->seconds > 0) {
        *offered = (n + (double)x->unsent) / x->seconds;
        *achieved = n / x->seconds;
        return;
    }
    *offered = (n - 1) / tick_seconds(x->last_due - x->first_due);
    *achieved = (n - 1) / tick_seconds(x->last_begun - x->first_begun);
    if (x->span.count < 2 || x->last_due == x->first_due)
        *offered = *achieved = NAN;
}

/* Means over phases. */
static void add_rates(const struct figures_of *x, double sum[SUMS])
{
    int n = x->phases ? 2 : 1;

    for (int k = 0; k < n; k++) {
        double offered, achieved;

        rates_of(&x->samples->step[k], &offered, &achieved);
        sum[OFFERED] += offered / n;
        sum[ACHIEVED] += achieved / n;
        sum[UNSENT] += (double)x->samples->step[k].unsent;
    }
}

static void one_client(const struct figures_of *x, double sum[SUMS])
{
    const struct samples *s = x->samples;
    double steps = (double)(s->step[0].span.count + s->step[1].span.count);

    if (!s->step[0].span.start)
        return; /* a reader's loop has none */
    sum[LOOP] = tick_seconds(samples_loop(s));
    sum[COMPUTED] = tick_seconds(s->computed);
    sum[ALONE] = steps * x->compute_alone;
    sum[BEFORE] = x->alone[0];
    sum[AFTER] = x->alone[1];
    sum[ALONE_STEPS] = x->compute_alone;
    sum[WAITED] = x->compute_alone * x->alone_waited;
    sum[ASKED] = x->compute_asked;
    sum[CLIENTS] = 1;
    if (x->paced)
        add_rates(x, sum);
}

static void take_overhead(const double sum[SUMS], struct step_figures *out)
{
    out->compute_alone = sum[ALONE_STEPS] / sum[CLIENTS];
    out->alone[0] = sum[BEFORE] / sum[CLIENTS];
    out->alone[1] = sum[AFTER] / sum[CLIENTS];
    if (sum[ASKED] > 0)
        out->alone_excess = sum[ALONE_STEPS] / sum[ASKED] - 1;
    out->alone_waited = sum[WAITED] / sum[ALONE_STEPS];
    out->exchange_overhead = sum[LOOP] / sum[COMPUTED] - 1;
    out->compute_slowdown = sum[COMPUTED] / sum[ALONE] - 1;
    out->overhead = sum[LOOP] / sum[ALONE] - 1;
}

double step_figures_overhead_by(const struct step_figures *x, int which)
{
    return (1 + x->overhead) * x->compute_alone / x->alone[which] - 1;
}

/* What is NaN was not measured, and says nothing. */
bool step_figures_unsteady(const struct step_figures *x)
{
    double most =
        fmax(step_figures_overhead_by(x, 0), step_figures_overhead_by(x, 1));

    return most < -BELOW_LIMIT || x->alone_excess > EXCESS_LIMIT ||
           fabs(x->alone[1] - x->alone[0]) > DRIFT_LIMIT * x->compute_alone;
}

/* Of uniform arrivals nothing is left where the servers keep up; of others at a
 * high load something nearly always. */
static void take_rates(const double sum[SUMS], bool poisson,
                       struct step_figures *out)
{
    out->offered_rate = sum[OFFERED] / sum[CLIENTS];
    out->achieved_rate = sum[ACHIEVED] / sum[CLIENTS];
    out->unsent = (int64_t)sum[UNSENT];
    out->behind = sum[ACHIEVED] < STEP_ACHIEVED * sum[OFFERED] ||
                  (!poisson && sum[UNSENT] > 0);
}

void step_figures_reduce(const struct team *t, MPI_Comm clients,
                         const struct figures_of *x, struct step_figures *out)
{
    struct figures *const of[SETS] = {&out->step, &out->put_response,
                                      &out->unpack_response, &out->response,
                                      &out->pace_late};
    struct spans d[SETS];
    double sum[SUMS] = {0};

    step_figures_none(out);
    if (!x->computes && !x->paced)
        return;
    fill(d, x);
    figures_quantiles(t, clients, d, SETS, of);
    one_client(x, sum);
    team_allreduce(t, clients, sum, SUMS, MPI_DOUBLE, MPI_SUM);
    if (x->computes)
        take_overhead(sum, out);
    if (x->paced)
        take_rates(sum, x->poisson, out);
    for (int k = 0; k < SETS; k++)
        free(d[k].ns);
}
