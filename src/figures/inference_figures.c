#include "figures/inference_figures.h"

#include <math.h>

#include "base/tick.h"

/* Sums of a client's spans, and of its loop. */
enum { PUT, SCRIPT, MODEL, UNPACK, LOOP, SUMS };

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
        d[k] = figures_spans(&s->run[k]);
    figures_quantiles(t, clients, d, s->nruns, of);
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
