/* options_inference.c - whether what is said of models fits together. */
#include <stdio.h>
#include <string.h>

#include "options/options_internal.h"

static bool is_none(const struct options *o, enum option_id id)
{
    return strcmp(options_one(o, id)->text, "none") == 0;
}

/* A model of one's own says what it takes and gives. TensorFlow's graphs have
 * names, the others' have none that are asked for. */
static int check_model(const struct options *o, struct error *err)
{
    static const char shape[] = "is not known of a model of your own, expected "
                                "a shape such as 224x224x3 with it";
    static const char unnamed[] = "is not said, and a model of TF is run by "
                                  "the names of its nodes; expected one";
    static const char named[] =
        "is for model_backend TF, expected none with another";
    bool own = !options_auto(o, OPT_MODEL);
    bool tf = options_has(o, OPT_MODEL_BACKEND, BACKEND_TF);
    const struct refusal list[] = {
        {own && options_auto(o, OPT_INPUT_SHAPE), OPT_INPUT_SHAPE, shape},
        {own && options_auto(o, OPT_OUTPUT_SHAPE), OPT_OUTPUT_SHAPE, shape},
        {tf && is_none(o, OPT_MODEL_INPUT), OPT_MODEL_INPUT, unnamed},
        {tf && is_none(o, OPT_MODEL_OUTPUT), OPT_MODEL_OUTPUT, unnamed},
        {!tf && !is_none(o, OPT_MODEL_INPUT), OPT_MODEL_INPUT, named},
        {!tf && !is_none(o, OPT_MODEL_OUTPUT), OPT_MODEL_OUTPUT, named},
    };

    return options_refuse_any(o, list, sizeof list / sizeof *list, err);
}

/* Of SmartRedis a script is called in one way. */
static int check_script(const struct options *o, struct error *err)
{
    static const char vain[] = "is of a script, expected script: FILE with it";
    const struct setting *function = options_get(o, OPT_SCRIPT_FUNCTION);
    const struct setting *call = options_get(o, OPT_SCRIPT_CALL);
    bool scripted = options_scripted(o);
    bool lists = options_has(o, OPT_SCRIPT_CALL, CALL_STORE);
    bool copied = options_has(o, OPT_MODEL_KEYS, MODEL_KEYS_COPIED);
    bool aligned = options_has(o, OPT_MODEL_KEYS, MODEL_KEYS_ALIGNED);
    const struct refusal list[] = {
        {!scripted && function->given, OPT_SCRIPT_FUNCTION, vain},
        {!scripted && call->given, OPT_SCRIPT_CALL, vain},
        {copied && lists && call->given, OPT_SCRIPT_CALL,
         "store is not what model_keys: copied sends, expected set with it"},
        {copied && lists && aligned && !options_auto(o, OPT_SCRIPT_FUNCTION),
         OPT_SCRIPT_FUNCTION,
         "is called with lists by model_keys: aligned and with a tensor by "
         "copied, expected script_call: set with it"},
    };

    return options_refuse_any(o, list, sizeof list / sizeof *list, err);
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
    const struct refusal list[] = {
        {least == 0 && wait > 0, OPT_MIN_BATCH_TIMEOUT,
         "is how long min_batch_size is waited for, expected that with it"},
        {least > rows_of(o) && wait <= 0, OPT_MIN_BATCH_SIZE,
         "is more than one client brings, and without a time limit the last "
         "ones of a loop would wait for ever; expected min_batch_timeout with "
         "it"},
        {wait > 0 && wait < 1e-3, OPT_MIN_BATCH_TIMEOUT,
         "is in whole milliseconds, expected at least 1ms"},
    };
    char what[256];

    for (size_t k = 0; k < sizes->nvalues && least > 0; k++) {
        if (sizes->values[k].count >= least)
            continue;
        snprintf(what, sizeof what,
                 "%lld is more than batch_size %lld, in which runs take "
                 "inputs together; expected at most that",
                 (long long)least, (long long)sizes->values[k].count);
        return options_refuse(o, OPT_MIN_BATCH_SIZE, what, err);
    }
    return options_refuse_any(o, list, sizeof list / sizeof *list, err);
}

static bool all_gpus(const struct options *o)
{
    const struct setting *set = options_get(o, OPT_DEVICE);

    for (size_t k = 0; k < set->nvalues; k++)
        if (set->values[k].is_auto || set->values[k].count != DEVICE_GPU)
            return false;
    return true;
}

/* A client of no server runs no model, and what is compared must be the same in
 * every run. */
static int check_runs(const struct options *o, struct error *err)
{
    bool compares = !is_none(o, OPT_REFERENCE);
    const struct refusal list[] = {
        {options_one(o, OPT_NUM_DEVICES)->count > 1 && !all_gpus(o),
         OPT_NUM_DEVICES, "counts GPUs, expected device: gpu with it"},
        {options_takes_faults(o), OPT_CLIENT,
         "talks to no server, which is to run models; expected another client"},
        {compares && options_auto(o, OPT_SEED), OPT_REFERENCE,
         "is the output for an input that seed draws, expected seed with it"},
        {compares && options_has(o, OPT_VERIFY, VERIFY_NONE), OPT_REFERENCE,
         "is compared where outputs are verified, expected verify: ends or all "
         "with it"},
    };

    return options_refuse_any(o, list, sizeof list / sizeof *list, err);
}

int options_check_inference(const struct options *o, struct error *err)
{
    if (!options_infers(o))
        return 0; /* what is said in vain is refused with the rest */
    if (check_script(o, err) < 0 || check_model(o, err) < 0 ||
        check_batches(o, err) < 0)
        return -1;
    return check_runs(o, err);
}
