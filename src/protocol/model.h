/* model.h - what is said to RedisAI of models and scripts: how they are stored,
 * and run.
 *
 * Commands of RedisAI 1.2 (its docs/commands.md): AI.MODELSTORE and
 * MODELEXECUTE; of a script AI.SCRIPTSTORE and SCRIPTEXECUTE, or the older
 * SCRIPTSET and SCRIPTRUN that SmartRedis sends. All keys of a command must be
 * one shard's, so they share a hash tag: a shard has one model, `{TAG}.model`,
 * and its clients' tensors are `throughput_rank_N{TAG}.in`, `.pre` (what the
 * script made of it) and `.out`. All functions are local and pure.
 */
#ifndef SRB_MODEL_H
#define SRB_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options/options.h"
#include "protocol/command_set.h"
#include "protocol/keys.h"

/* What keys of models and scripts are, as a server's list of users has them. */
#define SRB_MODEL_PATTERNS "~{*}.model* ~{*}.script*"

/* And those of tensors that are copied to and from them (model_keys.h). */
#define SRB_COPY_PATTERNS "~{*}." SRB_KEY_STEM "*.TMP"

enum model_part { PART_MODEL, PART_SCRIPT };

/* What a server is to run, and how; texts are the options'. */
struct model_terms {
    const char *backend;                  /* TORCH */
    const char *device;                   /* CPU or GPU */
    int ndevices;                         /* GPUs, from number 0 on */
    const char *input_name, *output_name; /* NULL: it has none */
    int64_t batch, min_batch;             /* 0: none */
    int64_t min_batch_ms;
    bool scripted;
    enum script_call call;
    const char *function; /* of the script */
    int64_t timeout_ms;   /* that a request may wait for its turn */
    struct tensor_shape in, out;
};

/* What the options say, where models are run: with the device (of
 * OPT_DEVICE) and batch_size of one permutation, and whether its tensors are
 * copied to and from models, as SmartRedis does, whose scripts are set. */
void model_terms(const struct options *o, const struct value *device,
                 int64_t batch, bool copied, struct model_terms *out);

/* The key of the model or script for GPU k of several; k -1: there is one
 * device. key: any key with the tag (`{0}`). */
void model_key(char key[SRB_KEY_MAX], const char *tag, enum model_part part,
               int k);

/* The device as RedisAI spells it: "CPU", "GPU", "GPU:1". */
#define SRB_DEVICE_MAX 16
void model_device(const struct model_terms *m, int k,
                  char device[SRB_DEVICE_MAX]);

/* Words of a command; numbers among them lie in it, so it is not to be copied.
 */
#define SRB_MODEL_WORDS 24
struct model_words {
    int n;
    const char *word[SRB_MODEL_WORDS];
    size_t length[SRB_MODEL_WORDS];
    char number[6][24];
    int nnumbers;
};

/* Store the file's n bytes as that part. key, device and file must outlive
 * *w. */
void model_store(const struct model_terms *m, enum model_part part,
                 const char *key, const char *device, const void *file,
                 size_t n, struct model_words *w);

/* Run that part with tensors in and out. */
void model_run(const struct model_terms *m, enum model_part part,
               const char *key, const char *in, const char *out,
               struct model_words *w);

/* The words on the wire (RESP2); their length, or 0 where there is no room. */
size_t model_print(const struct model_words *w, char *buf, size_t n);

#endif
