/* inference_figures.h - what the timings of runs come to, over all clients.
 */
#ifndef SRB_INFERENCE_FIGURES_H
#define SRB_INFERENCE_FIGURES_H

#include "figures/figures.h"

/* The last of a client's runs is the model's, one before it the script's.
 * Without runs all is NaN. Collective over clients. */
void inference_figures_reduce(const struct team *t, MPI_Comm clients,
                              const struct samples *s, double window_ops,
                              struct inference_figures *out);

#endif
