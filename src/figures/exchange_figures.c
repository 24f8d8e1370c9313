#include "figures/exchange_figures.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

#define TIMES_TAG 1

/* ---- times of the puts ---- */

/* Begins and ends of a writer's timed puts, in the order of its steps. */
struct puts {
    int64_t *begin, *end;
    size_t n;
};

static struct puts room_for(size_t n)
{
    int64_t *both = mem_new(2 * n, sizeof *both);

    return (struct puts){.begin = both, .end = both + n, .n = n};
}

/* So many are kept as there were: a loop of iterations thins nothing. */
static struct puts own_puts(const struct series *s)
{
    struct puts x = room_for(s->kept);

    for (size_t k = 0; k < s->kept; k++) {
        x.begin[k] = s->start[s->warmup + k];
        x.end[k] = x.begin[k] + s->ns[s->warmup + k];
    }
    return x;
}

static void send_times(const struct team *t, MPI_Comm clients,
                       const struct placement *pl, const struct load *l)
{
    struct place_range to = place_readers_of(pl, place_writer(pl, l->number));
    struct puts x = own_puts(&l->samples.put);
    MPI_Request *out = mem_new((size_t)to.n, sizeof *out);

    for (int k = 0; k < to.n; k++)
        MPI_Isend(x.begin, (int)(2 * x.n), MPI_INT64_T,
                  place_reader_client(pl, to.first + k), TIMES_TAG, clients,
                  &out[k]);
    for (int k = 0; k < to.n; k++)
        team_wait(t, &out[k]);
    free(out);
    free(x.begin);
}

/* How many puts had ended by then. */
static size_t ended(const struct puts *x, int64_t instant)
{
    return samples_below(x->end, x->n, instant + 1);
}

static void apply(struct load *l, size_t from, const struct puts *x)
{
    struct exchange *e = &l->exchange;
    const struct series *s = &l->samples.unpack;

    for (size_t k = 0; k < s->kept; k++) {
        struct exchange_get *g = &e->get[k];
        size_t step = (size_t)g->step - s->warmup;
        int64_t start = s->start[s->warmup + k];
        int64_t has = start + s->ns[s->warmup + k], lag;

        if (g->from != from)
            continue;
        g->delivery = has - x->begin[step];
        g->visible = start - g->seen - x->end[step];
        lag = (int64_t)ended(x, has) - (int64_t)step - 1;
        if (lag > e->lag_max)
            e->lag_max = lag;
    }
}

static void receive_times(const struct team *t, MPI_Comm clients,
                          struct load *l)
{
    struct exchange *e = &l->exchange;
    struct puts x = room_for((size_t)e->rules.steps - l->rules.warmup);

    for (size_t k = 0; k < e->rules.nfrom; k++) {
        MPI_Request in;

        MPI_Irecv(x.begin, (int)(2 * x.n), MPI_INT64_T, e->source[k].of.client,
                  TIMES_TAG, clients, &in);
        team_wait(t, &in);
        apply(l, k, &x);
    }
    free(x.begin);
}

void exchange_times(const struct team *t, MPI_Comm clients,
                    const struct placement *pl, struct load *l)
{
    if (l->exchange.rules.writes)
        send_times(t, clients, pl, l);
    else
        receive_times(t, clients, l);
}

/* ---- what they come to ---- */

enum { DELIVERY, VISIBLE, CONTROL_PUT, CONTROL_GET, SETS };

/* Those of a series, to be sorted. */
static struct spans copy(const struct series *s, bool mine)
{
    size_t n = mine ? s->kept : 0;
    struct spans d = {.ns = mem_new(n, sizeof *d.ns),
                      .n = n,
                      .longest = mine ? s->longest : 0};

    for (size_t k = 0; k < n; k++)
        d.ns[k] = s->ns[s->warmup + k];
    return d;
}

static void fill(struct spans d[SETS], const struct exchange *x,
                 const struct series *control, size_t gets)
{
    d[CONTROL_PUT] = copy(control, x->rules.writes);
    d[CONTROL_GET] = copy(control, x->rules.reads);
    for (int k = 0; k < CONTROL_PUT; k++)
        d[k] = (struct spans){.ns = mem_new(gets, sizeof *d->ns),
                              .n = gets,
                              .longest = INT64_MIN};
    for (size_t k = 0; k < gets; k++) {
        d[DELIVERY].ns[k] = x->get[k].delivery;
        d[VISIBLE].ns[k] = x->get[k].visible;
    }
}

void exchange_figures_reduce(const struct team *t, MPI_Comm clients,
                             const struct load *l, struct exchange_figures *out)
{
    const struct exchange *x = &l->exchange;
    struct figures *const of[SETS] = {&out->delivery, &out->visible,
                                      &out->control_put, &out->control_get};
    const bool controls = l->rules.tensors.control > 0;
    struct spans d[SETS];
    int64_t sum[3] = {x->polls, x->missed, x->control.missed};

    fill(d, x, &l->samples.control,
         x->rules.reads ? l->samples.unpack.kept : 0);
    figures_quantiles(t, clients, d, controls ? SETS : CONTROL_PUT, of);
    out->lag_max = x->lag_max;
    team_allreduce(t, clients, sum, 3, MPI_INT64_T, MPI_SUM);
    team_allreduce(t, clients, &out->lag_max, 1, MPI_INT64_T, MPI_MAX);
    out->polls = sum[0];
    out->missed = sum[1];
    out->control_missed = controls ? sum[2] : -1;
    for (int k = 0; k < SETS; k++)
        free(d[k].ns);
}

void exchange_figures_none(struct exchange_figures *out)
{
    *out = (struct exchange_figures){.delivery = FIGURES_NONE,
                                     .visible = FIGURES_NONE,
                                     .polls = -1,
                                     .lag_max = -1,
                                     .missed = -1,
                                     .control_put = FIGURES_NONE,
                                     .control_get = FIGURES_NONE,
                                     .control_missed = -1};
}
