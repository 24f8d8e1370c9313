#include "measure/inference_figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/tick.h"

/* Sums of a client's spans, and of its loop. */
enum { PUT, SCRIPT, MODEL, UNPACK, LOOP, SUMS };

static void copy_spans(const struct series *s, struct spans *d)
{
    d->n = s->kept;
    d->longest = s->longest;
    d->ns = mem_new(d->n, sizeof *d->ns);
    memcpy(d->ns, s->ns + s->warmup, d->n * sizeof *d->ns);
}

void inference_figures_reduce(const struct team *t, MPI_Comm clients,
                              const struct samples *s, double window_ops,
                              struct inference_figures *out)
{
    int model = s->nruns - 1;
    struct figures *const of[2] = {model > 0 ? &out->script : &out->model,
                                   &out->model};
    double sum[SUMS] = {tick_seconds(s->put.sum), NAN, NAN,
                        tick_seconds(s->unpack.sum),
                        tick_seconds(samples_loop(s) - s->computed - s->paced)};
    struct spans d[2];

    *out = (struct inference_figures){
        FIGURES_NONE, FIGURES_NONE, NAN, NAN, NAN, NAN, NAN, NAN,
    };
    if (s->nruns == 0)
        return;
    for (int k = 0; k < s->nruns; k++)
        copy_spans(&s->run[k], &d[k]);
    figures_quantiles(t, clients, d, s->nruns, of);
    for (int k = 0; k < s->nruns; k++)
        free(d[k].ns);
    if (model > 0)
        sum[SCRIPT] = tick_seconds(s->run[0].sum);
    sum[MODEL] = tick_seconds(s->run[model].sum);
    team_allreduce(t, clients, sum, SUMS, MPI_DOUBLE, MPI_SUM);
    out->put_share = sum[PUT] / sum[LOOP];
    out->script_share = sum[SCRIPT] / sum[LOOP];
    out->model_share = sum[MODEL] / sum[LOOP];
    out->unpack_share = sum[UNPACK] / sum[LOOP];
    out->rate = window_ops / 2; /* a put and a get each */
}
