/* inference.h - an iteration in which the server runs a model: what is put and
 * got, and whether it is what the model makes of it.
 *
 * Between put and get come the runs that the client was opened with
 * (client_runs), each timed by itself. A client has two inputs, which it puts
 * in turn, and knows outputs by what came first of each: a stamp in an input
 * would make another picture of it. All functions are local.
 */
#ifndef SRB_INFERENCE_H
#define SRB_INFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "client/client.h"

/* By how much an output may differ from its first one, of its size or of 1:
 * servers sum in any order, and batches in another. */
#define SRB_OUTPUT_TOLERANCE 1e-3

/* What a permutation says. */
struct inference_rules {
    int runs;         /* before the get; 0: no model is run */
    size_t out_count; /* elements of the output */
    uint64_t seed;    /* of inputs */
    /* The output for the first input of client 0, out_count elements that
     * outlive the load; NULL: unknown. */
    const float *reference;
};

/* A client's. Zeros where no model is run. */
struct inference {
    struct inference_rules rules;
    const struct client_runs *runs;
    float *input[2]; /* the language's */
    void *other;     /* what it allocated for the second */
    float *first[2]; /* [out_count], what came for each; of no meaning before */
    bool came[2];
    char in_key[SRB_KEY_MAX], out_key[SRB_KEY_MAX];
    struct srb_tensor put, get;
};

#endif
