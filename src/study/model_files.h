/* model_files.h - the files that models are run from, and where they are.
 *
 * A model, its script and RedisAI itself need not be named: then they are where
 * people who ran SmartSim have them. World rank 0 looks, and what it finds is
 * everybody's; whether a database's node has the file too, its steward says
 * (preflight.h).
 */
#ifndef SRB_MODEL_FILES_H
#define SRB_MODEL_FILES_H

#include <limits.h>

#include "options/options.h"
#include "ranks/team.h"

struct model_files {
    char model[2][PATH_MAX];  /* of each enum device; "": none is run there */
    char script[PATH_MAX];    /* "": none */
    char module[PATH_MAX];    /* RedisAI, where db_modules does not say; "" */
    char reference[PATH_MAX]; /* "": none */
    int64_t bytes;            /* of the longest model */
};

/* Look on this rank. -1 with one sentence: what was looked for where, and what
 * to do. Local. */
int model_files_find(const struct options *o, struct model_files *out,
                     struct error *err);

/* The same, by world rank 0 for all; all fail alike. Collective over the
 * world. */
int model_files_share(struct team *t, const struct options *o,
                      struct model_files *out, struct error *err);

/* Whether this node has what it is to run: files, the back end that RedisAI
 * would load, the devices; node-local reasons why not, up to n texts. How many
 * there are. Local. */
#define MODEL_FILES_REASON 400
int model_files_lacks(const struct options *o, const struct model_files *f,
                      char reason[][MODEL_FILES_REASON], int n);

/* The value of a permutation: the model for its device. Local. */
const char *model_files_model(const struct model_files *f,
                              const struct value *device);

#endif
