#include "measure/inference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/tick.h"
#include "client/tensor_client_wrap.h"
#include "measure/loop_parts.h"
#include "measure/tensor.h"

#define STEP UINT64_C(0x9e3779b97f4a7c15)

static uint64_t mixed(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Input 0 or 1 of a client: splitmix64's numbers, of which 24 bits are a float
 * in [0, 1) (srbench-model makes the same). */
static void make_input(float *data, size_t count, uint64_t seed, int client,
                       int which)
{
    uint64_t number = 2 * (uint64_t)client + (uint64_t)which + 1;
    uint64_t state = mixed(seed + number * STEP);

    for (size_t i = 0; i < count; i++) {
        state += STEP;
        data[i] = (float)(mixed(state) >> 40) * 0x1p-24F;
    }
}

/* The first element that differs by more than it may, or count. */
static size_t first_other(const float *a, const float *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double size = fabs((double)a[i]);
        double most = SRB_OUTPUT_TOLERANCE * (size > 1 ? size : 1);

        /* of a NaN no comparison holds */
        if (!(fabs((double)a[i] - (double)b[i]) <= most))
            return i;
    }
    return count;
}

static int differs(const char *from, const float *output, const float *want,
                   size_t i, int client, int which, struct error *err)
{
    return error_set(err,
                     "client %d: the model's output for input %d is not %s: "
                     "element %zu is %g instead of %g",
                     client, which, from, i, (double)output[i],
                     (double)want[i]);
}

/* The first output for an input. */
static int check_first(struct inference *x, const float *output, int client,
                       int which, struct error *err)
{
    const float *reference =
        client == 0 && which == 0 ? x->rules.reference : NULL;
    size_t n = x->rules.out_count, i = n;

    memcpy(x->first[which], output, n * sizeof *output);
    x->came[which] = true;
    if (reference)
        i = first_other(reference, output, n);
    if (i < n)
        return differs("that of the reference", output, reference, i, client,
                       which, err);
    if (x->came[!which] &&
        memcmp(x->first[0], x->first[1], n * sizeof *output) == 0)
        return error_set(err,
                         "client %d: the model's outputs for two different "
                         "inputs are the same",
                         client);
    return 0;
}

/* Whether output `which` of a client is as it came first, and the first ones as
 * they should be: another for each input, and the reference for the first of
 * client 0. 0, or -1 with words. */
static int check_output(struct inference *x, const float *output, int client,
                        int which, struct error *err)
{
    size_t n = x->rules.out_count, i;

    if (!x->came[which])
        return check_first(x, output, client, which, err);
    i = first_other(x->first[which], output, n);
    return i == n ? 0
                  : differs("what came first", output, x->first[which], i,
                            client, which, err);
}

/* ---- the rules of the loop ---- */

int inference_open(struct load *l, const struct client_runs *runs,
                   struct error *err)
{
    struct inference *x = &l->inference;
    size_t n = l->rules.inference.out_count;
    float *unused;

    x->rules = l->rules.inference;
    x->runs = runs;
    x->input[0] = l->out;
    x->other = l->language->allocate(l->count, &x->input[1], &unused);
    x->first[0] = calloc(2 * n, sizeof *x->first[0]);
    if (!x->other || !x->first[0])
        return error_set(err,
                         "client %d: not enough memory for inputs of %zu "
                         "elements",
                         l->number, l->count);
    x->first[1] = x->first[0] + n;
    for (int k = 0; k < 2; k++)
        make_input(x->input[k], l->rules.count, x->rules.seed, l->number, k);
    keys_of_part(x->in_key, l->key, KEY_IN);
    keys_of_part(x->out_key, l->key, KEY_OUT);
    x->put = (struct srb_tensor){.key = x->in_key,
                                 .key_length = strlen(x->in_key),
                                 .data = x->input[0],
                                 .count = l->rules.count};
    x->get = (struct srb_tensor){.key = x->out_key,
                                 .key_length = strlen(x->out_key),
                                 .data = l->in,
                                 .count = n};
    return 0;
}

void inference_close(struct load *l)
{
    if (l->inference.other)
        l->language->release(l->inference.other);
    free(l->inference.first[0]);
}

/* Which input the iteration under way has. */
static int which_now(const struct load *l)
{
    return (int)((l->pair - 1) & 1);
}

void inference_stamp(struct load *l)
{
    l->pair++;
    l->inference.put.data = l->inference.input[which_now(l)];
}

/* What comes first of an input is looked at in any case: later ones are held
 * against it. */
static bool looks(const struct load *l)
{
    return l->rules.verify != VERIFY_NONE &&
           (loop_checks(l) || !l->inference.came[which_now(l)]);
}

void inference_spoil(struct load *l)
{
    if (looks(l))
        tensor_spoil(l->in, l->inference.rules.out_count);
}

void inference_verify(struct load *l)
{
    struct error wrong;

    if (check_output(&l->inference, l->in, l->number, which_now(l), &wrong) <
            0 &&
        l->samples.verify_errors++ == 0)
        l->wrong = wrong;
}

void inference_got(struct load *l)
{
    if (looks(l))
        inference_verify(l);
}

int loop_infer(struct load *l)
{
    const struct client_runs *runs = l->inference.runs;

    for (int k = 0; k < runs->n; k++) {
        int64_t start = tick_now(), end;
        int rc = tensor_client_run(l->wrapped, &runs->run[k]);

        end = tick_now();
        if (rc < 0)
            return loop_fail(l);
        if (loop_note(l, &l->samples.run[k], (size_t)l->pair - 1, start, end) <
            0)
            return -1;
    }
    return 0;
}
