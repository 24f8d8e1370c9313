#include "protocol/model.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *named(const struct options *o, enum option_id id)
{
    const char *text = options_one(o, id)->text;

    return strcmp(text, "none") == 0 ? NULL : text;
}

static void shape_of(const struct options *o, enum option_id id,
                     struct tensor_shape *out)
{
    out->n = options_dims(options_shape(o, id), out->dim);
    for (int k = 0; k < out->n; k++)
        snprintf(out->word[k], sizeof out->word[k], "%d", (int)out->dim[k]);
}

void model_terms(const struct options *o, const struct value *device,
                 int64_t batch, bool copied, struct model_terms *out)
{
    const struct value *function = options_one(o, OPT_SCRIPT_FUNCTION);
    bool gpu = device && !device->is_auto && device->count == DEVICE_GPU;

    *out = (struct model_terms){
        .backend = options_one(o, OPT_MODEL_BACKEND)->text,
        .device = gpu ? "GPU" : "CPU",
        .ndevices = (int)options_one(o, OPT_NUM_DEVICES)->count,
        .input_name = named(o, OPT_MODEL_INPUT),
        .output_name = named(o, OPT_MODEL_OUTPUT),
        .batch = batch,
        .min_batch = options_one(o, OPT_MIN_BATCH_SIZE)->count,
        .min_batch_ms =
            (int64_t)(options_one(o, OPT_MIN_BATCH_TIMEOUT)->seconds * 1e3 +
                      0.5),
        .scripted = options_scripted(o),
        .call = copied
                    ? CALL_SET
                    : (enum script_call)options_one(o, OPT_SCRIPT_CALL)->count,
        .timeout_ms =
            (int64_t)(options_one(o, OPT_OP_TIMEOUT)->seconds * 1e3 + 0.5),
    };
    if (out->timeout_ms < 1)
        out->timeout_ms = 1;
    out->function = !function->is_auto        ? function->text
                    : out->call == CALL_STORE ? "pre_process"
                                              : "pre_process_3ch";
    shape_of(o, OPT_INPUT_SHAPE, &out->in);
    shape_of(o, OPT_OUTPUT_SHAPE, &out->out);
}

void model_key(char key[SRB_KEY_MAX], const char *tag, enum model_part part,
               int k)
{
    int n = snprintf(key, SRB_KEY_MAX, "{%.64s}.%s", tag,
                     part == PART_MODEL ? "model" : "script");

    if (k >= 0)
        snprintf(key + n, SRB_KEY_MAX - (size_t)n, ".GPU:%d", k);
}

void model_device(const struct model_terms *m, int k,
                  char device[SRB_DEVICE_MAX])
{
    if (k < 0)
        snprintf(device, SRB_DEVICE_MAX, "%s", m->device);
    else
        snprintf(device, SRB_DEVICE_MAX, "%s:%d", m->device, k);
}

/* ---- words ---- */

static void add_bytes(struct model_words *w, const void *word, size_t n)
{
    w->word[w->n] = word;
    w->length[w->n++] = n;
}

static void add(struct model_words *w, const char *word)
{
    add_bytes(w, word, strlen(word));
}

static void add_number(struct model_words *w, int64_t number)
{
    char *text = w->number[w->nnumbers++];

    snprintf(text, sizeof w->number[0], "%" PRId64, number);
    add(w, text);
}

/* A list of one. */
static void add_one(struct model_words *w, const char *what, const char *word)
{
    add(w, what);
    add(w, "1");
    add(w, word);
}

static void store_model(const struct model_terms *m, const char *device,
                        struct model_words *w)
{
    add(w, m->backend);
    add(w, device);
    if (m->batch > 0) {
        add(w, "BATCHSIZE");
        add_number(w, m->batch);
        if (m->min_batch > 0) {
            add(w, "MINBATCHSIZE");
            add_number(w, m->min_batch);
        }
        if (m->min_batch > 0 && m->min_batch_ms > 0) {
            add(w, "MINBATCHTIMEOUT");
            add_number(w, m->min_batch_ms);
        }
    }
    if (m->input_name) {
        add_one(w, "INPUTS", m->input_name);
        add_one(w, "OUTPUTS", m->output_name);
    }
    add(w, "BLOB");
}

static void store_script(const struct model_terms *m, const char *device,
                         struct model_words *w)
{
    add(w, device);
    if (m->call == CALL_STORE)
        add_one(w, "ENTRY_POINTS", m->function);
    add(w, "SOURCE");
}

void model_store(const struct model_terms *m, enum model_part part,
                 const char *key, const char *device, const void *file,
                 size_t n, struct model_words *w)
{
    w->n = w->nnumbers = 0;
    add(w, part == PART_MODEL      ? "AI.MODELSTORE"
           : m->call == CALL_STORE ? "AI.SCRIPTSTORE"
                                   : "AI.SCRIPTSET");
    add(w, key);
    if (part == PART_MODEL)
        store_model(m, device, w);
    else
        store_script(m, device, w);
    add_bytes(w, file, n);
}

/* AI.SCRIPTRUN has its lists without their lengths, and its time limit first.
 */
static void run_older(const struct model_terms *m, const char *key,
                      const char *in, const char *out, struct model_words *w)
{
    add(w, "AI.SCRIPTRUN");
    add(w, key);
    add(w, m->function);
    add(w, "TIMEOUT");
    add_number(w, m->timeout_ms);
    add(w, "INPUTS");
    add(w, in);
    add(w, "OUTPUTS");
    add(w, out);
}

void model_run(const struct model_terms *m, enum model_part part,
               const char *key, const char *in, const char *out,
               struct model_words *w)
{
    w->n = w->nnumbers = 0;
    if (part == PART_SCRIPT && m->call == CALL_SET) {
        run_older(m, key, in, out, w);
        return;
    }
    add(w, part == PART_MODEL ? "AI.MODELEXECUTE" : "AI.SCRIPTEXECUTE");
    add(w, key);
    if (part == PART_SCRIPT)
        add(w, m->function);
    add_one(w, "INPUTS", in);
    add_one(w, "OUTPUTS", out);
    add(w, "TIMEOUT");
    add_number(w, m->timeout_ms);
}

size_t model_print(const struct model_words *w, char *buf, size_t n)
{
    size_t used = (size_t)snprintf(buf, n, "*%d\r\n", w->n);

    for (int k = 0; k < w->n && used < n; k++)
        used += (size_t)snprintf(buf + used, n - used, "$%zu\r\n%.*s\r\n",
                                 w->length[k], (int)w->length[k], w->word[k]);
    return used < n ? used : 0;
}
