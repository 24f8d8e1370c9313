#include "results/record.h"

#include "base/text.h"
#include "figures/step_figures.h"
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A loop that spends more than this outside its spans measures itself. */
#define BETWEEN_LIMIT 0.01
/* A loop must last so many times as long as its start is ragged. */
#define SKEW_LIMIT 100
/* Clocks may be apart by this share of a loop. */
#define CLOCK_LIMIT 0.01
/* And of what is between an instant here and one there. */
#define DELIVERY_CLOCK_LIMIT 0.05
/* Times shorter than so many times what reading the clock costs are that, too.
 */
#define CLOCK_READS 10
/* One repetition that is faster by more than this factor beats the floor. */
#define FLOOR_LIMIT 1.1
/* Clients that work for a larger share of the loop are measured themselves. */
#define CLIENT_LIMIT 0.5

/* Clients may be late by themselves by this share of the median response. */
#define PACING_LIMIT 0.1

/* What others took of the CPU while clients computed alone makes the overhead
 * too low by about this share. */
#define DISTURBED_LIMIT 0.01

static const char *const status_names[] = {
    [STATUS_PLANNED] = "planned", [STATUS_COMPLETED] = "completed",
    [STATUS_FAILED] = "failed",   [STATUS_SKIPPED] = "skipped",
    [STATUS_SPARED] = "spared",
};

const char *record_status(enum status s)
{
    return status_names[s];
}

void record_clear(struct outcome *o, unsigned scope)
{
    struct summary *s = &o->summary;

    memset(o, 0, sizeof *o);
    o->scope = scope;
    record_no_figures(o);
    o->failed_rank = -1;
    o->db_start_seconds = o->model_store_seconds = s->clock_error =
        s->clock_drift = NAN;
    s->between_share = s->shortest_loop = s->start_skew = NAN;
}

/* NaN, of few steps, is larger than nothing. */
static bool paced_badly(const struct step_figures *s)
{
    double late = isnan(s->pace_late.p99) ? s->pace_late.p95 : s->pace_late.p99;

    return late > PACING_LIMIT * s->response.median;
}

bool record_clock_bound(const struct summary *s, double clock_read_cost)
{
    return s->put.median < CLOCK_READS * clock_read_cost ||
           s->unpack.median < CLOCK_READS * clock_read_cost;
}

char *record_flags(const struct outcome *o, char *buf, size_t n)
{
    const struct summary *s = &o->summary;
    const bool disturbed = s->steps.alone_waited > DISTURBED_LIMIT;
    /* what is NaN was not measured and raises nothing */
    const struct {
        const char *name;
        bool raised;
    } flags[] = {
        {"between_time", s->between_share > BETWEEN_LIMIT},
        {"verify", s->verify_errors > 0},
        {"ops_mismatch", o->disagree},
        {"oversubscribed", o->oversubscribed},
        {"client_bound", s->cpu_share > CLIENT_LIMIT},
        {"too_short", s->shortest_loop < SKEW_LIMIT * s->start_skew},
        {"clock_bound", o->clock_bound},
        {"env_ignored", o->env_ignored},
        {"clock_error", s->clock_error > CLOCK_LIMIT * s->shortest_loop ||
                            s->clock_error > DELIVERY_CLOCK_LIMIT *
                                                 s->exchange.delivery.median},
        {"behind", s->steps.behind > 0},
        {"pacing", paced_badly(&s->steps)},
        {"compute_disturbed", disturbed},
        {"compute_unsteady", !disturbed && step_figures_unsteady(&s->steps)},
    };

    buf[0] = '\0';
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (flags[i].raised)
            text_join(buf, n, ",", "%s", flags[i].name);
    return buf;
}

bool record_shared(const struct of_partner *x)
{
    for (int k = 0; k < PARTNERS; k++)
        if (!isnan(x->share[k][HEADLINE_PUT].centre))
            return true;
    return false;
}

bool record_floor_beaten(const struct of_partner *x)
{
    for (int k = 0; k < HEADLINES; k++) {
        const struct across *a = &x->share[PARTNER_FLOOR][k];

        if (isnan(a->low) ? a->centre > FLOOR_LIMIT : a->low > 1)
            return true;
    }
    return false;
}

char *record_now(char *buf, size_t n)
{
    time_t now = time(NULL);
    struct tm tm;

    if (!gmtime_r(&now, &tm) ||
        strftime(buf, n, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        buf[0] = '\0';
    return buf;
}

char *record_mpi_version(char *buf, size_t n)
{
    char text[MPI_MAX_LIBRARY_VERSION_STRING];
    size_t used = 0;
    int len;

    MPI_Get_library_version(text, &len); /* may be many lines: the first */
    text[strcspn(text, "\n")] = '\0';
    for (const char *c = text; *c && used + 1 < n; c++) {
        bool blank = *c == ' ' || *c == '\t';

        if (!blank || (used > 0 && buf[used - 1] != ' '))
            buf[used++] = blank ? ' ' : *c;
    }
    buf[used] = '\0';
    return buf;
}
