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

/* Input 0 or 1 of a client: splitmix64's numbers, of which 24 bits are a float
 * in [0, 1) (srbench-model makes the same). */
void inference_input(float *data, size_t count, uint64_t seed, int client,
                     int which);

/* Whether output `which` of a client is as it came first, and the first ones as
 * they should be: another for each input, and the reference for the first of
 * client 0. 0, or -1 with words. */
int inference_check(struct inference *x, const float *output, int client,
                    int which, struct error *err);

#endif
