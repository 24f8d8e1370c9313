/* options_inference.c - whether what is said of models fits together. */
#include <stdio.h>
#include <string.h>

#include "options/options_internal.h"

static bool is_none(const struct options *o, enum option_id id)
{
    return strcmp(options_one(o, id)->text, "none") == 0;
}

/* A model of one's own says what it takes and gives. */
static int check_shapes(const struct options *o, struct error *err)
{
    static const enum option_id shapes[] = {OPT_INPUT_SHAPE, OPT_OUTPUT_SHAPE};

    if (options_one(o, OPT_MODEL)->is_auto)
        return 0;
    for (size_t k = 0; k < 2; k++)
        if (options_one(o, shapes[k])->is_auto)
            return options_refuse(o, shapes[k],
                                  "is not known of a model of your own, "
                                  "expected a shape such as 224x224x3 with it",
                                  err);
    return 0;
}

static int check_script(const struct options *o, struct error *err)
{
    static const enum option_id its[] = {OPT_SCRIPT_FUNCTION, OPT_SCRIPT_CALL};

    for (size_t k = 0; k < 2 && !options_scripted(o); k++)
        if (options_get(o, its[k])->given)
            return options_refuse(o, its[k],
                                  "is of a script, expected script: FILE with "
                                  "it",
                                  err);
    return 0;
}

/* Of SmartRedis a script is called in one way. */
static int check_calls(const struct options *o, struct error *err)
{
    bool set = options_one(o, OPT_SCRIPT_CALL)->count == (int64_t)CALL_SET;

    if (!options_has(o, OPT_MODEL_KEYS, MODEL_KEYS_COPIED) || set)
        return 0;
    if (options_get(o, OPT_SCRIPT_CALL)->given)
        return options_refuse(o, OPT_SCRIPT_CALL,
                              "store is not what model_keys: copied sends, "
                              "expected set with it",
                              err);
    if (!options_one(o, OPT_SCRIPT_FUNCTION)->is_auto &&
        options_has(o, OPT_MODEL_KEYS, MODEL_KEYS_ALIGNED))
        return options_refuse(o, OPT_SCRIPT_FUNCTION,
                              "is called with lists by model_keys: aligned and "
                              "with a tensor by copied, expected script_call: "
                              "set with it",
                              err);
    return 0;
}

/* TensorFlow's graphs have names, the others' have none that are asked for. */
static int check_names(const struct options *o, struct error *err)
{
    bool named =
        options_one(o, OPT_MODEL_BACKEND)->count == (int64_t)BACKEND_TF;
    static const enum option_id names[] = {OPT_MODEL_INPUT, OPT_MODEL_OUTPUT};

    for (size_t k = 0; k < 2; k++) {
        if (named && is_none(o, names[k]))
            return options_refuse(o, names[k],
                                  "is not said, and a model of TF is run by "
                                  "the names of its nodes; expected one",
                                  err);
        if (!named && !is_none(o, names[k]))
            return options_refuse(o, names[k],
                                  "is for model_backend TF, expected none with "
                                  "another",
                                  err);
    }
    return 0;
}

/* How many inputs one client brings: the model's first dimension, which of a
 * script's input is none. */
static int64_t rows_of(const struct options *o)
{
    int64_t dims[SRB_DIMS_MAX];

    options_dims(options_shape(o, OPT_INPUT_SHAPE), dims);
    return options_scripted(o) ? 1 : dims[0];
}

/* RedisAI nests the three: one means something within the one before. */
static int check_batches(const struct options *o, struct error *err)
{
    const struct setting *sizes = options_get(o, OPT_BATCH_SIZE);
    int64_t least = options_one(o, OPT_MIN_BATCH_SIZE)->count;
    double wait = options_one(o, OPT_MIN_BATCH_TIMEOUT)->seconds;
    char what[256];

    if (least == 0 && wait > 0)
        return options_refuse(o, OPT_MIN_BATCH_TIMEOUT,
                              "is how long min_batch_size is waited for, "
                              "expected that with it",
                              err);
    for (size_t k = 0; k < sizes->nvalues && least > 0; k++) {
        if (sizes->values[k].count >= least)
            continue;
        snprintf(what, sizeof what,
                 "%lld is more than batch_size %lld, in which runs take "
                 "inputs together; expected at most that",
                 (long long)least, (long long)sizes->values[k].count);
        return options_refuse(o, OPT_MIN_BATCH_SIZE, what, err);
    }
    if (least > rows_of(o) && wait <= 0)
        return options_refuse(o, OPT_MIN_BATCH_SIZE,
                              "is more than one client brings, and without a "
                              "time limit the last ones of a loop would wait "
                              "for ever; expected min_batch_timeout with it",
                              err);
    if (wait > 0 && wait < 1e-3)
        return options_refuse(o, OPT_MIN_BATCH_TIMEOUT,
                              "is in whole milliseconds, expected at least 1ms",
                              err);
    return 0;
}

static int check_devices(const struct options *o, struct error *err)
{
    const struct setting *set = options_get(o, OPT_DEVICE);

    if (options_one(o, OPT_NUM_DEVICES)->count == 1)
        return 0;
    for (size_t k = 0; k < set->nvalues; k++)
        if (set->values[k].is_auto || set->values[k].count != DEVICE_GPU)
            return options_refuse(o, OPT_NUM_DEVICES,
                                  "counts GPUs, expected device: gpu with it",
                                  err);
    return 0;
}

/* A client of no server runs no model. */
static int check_client(const struct options *o, struct error *err)
{
    if (!options_takes_faults(o))
        return 0;
    return options_refuse(o, OPT_CLIENT,
                          "talks to no server, which is to run models; "
                          "expected another client",
                          err);
}

/* What is compared must be the same in every run. */
static int check_reference(const struct options *o, struct error *err)
{
    if (is_none(o, OPT_REFERENCE))
        return 0;
    if (options_one(o, OPT_SEED)->is_auto)
        return options_refuse(o, OPT_REFERENCE,
                              "is the output for an input that seed draws, "
                              "expected seed with it",
                              err);
    if (options_one(o, OPT_VERIFY)->count == VERIFY_NONE)
        return options_refuse(o, OPT_REFERENCE,
                              "is compared where outputs are verified, "
                              "expected verify: ends or all with it",
                              err);
    return 0;
}

int options_check_inference(const struct options *o, struct error *err)
{
    if (!options_infers(o))
        return 0; /* what is said in vain is refused with the rest */
    if (check_shapes(o, err) < 0 || check_script(o, err) < 0 ||
        check_calls(o, err) < 0 || check_names(o, err) < 0 ||
        check_batches(o, err) < 0 || check_devices(o, err) < 0 ||
        check_client(o, err) < 0)
        return -1;
    return check_reference(o, err);
}
