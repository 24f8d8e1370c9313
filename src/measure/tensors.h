/* tensors.h - the tensors of a client's step and their keys.
 *
 * By default a step has one tensor, under a key that every step overwrites, and
 * nothing here is asked. All functions are local.
 */
#ifndef SRB_TENSORS_H
#define SRB_TENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "measure/loop.h"
#include "plan/tensors_rules.h"
#include "protocol/keys.h"

/* A client's. Zeros where steps are plain. */
struct tensors {
    struct tensors_rules rules;
    size_t stem; /* of the keys */
    void **own;  /* [n], what the language allocated */
    float **out, **in;
    /* [n] each: what is put, got and removed, with keys of those steps; behind
     * the last is room for what is removed with them: the tensor after a step,
     * or what goes with a data set */
    struct srb_tensor *put, *get, *gone;
    char (*keys)[SRB_KEY_MAX]; /* [3 n], and of that room */
    int64_t get_step;          /* whose keys get has */
};

#define TENSORS_MORE ((size_t)2)

/* own, out and in: the first tensor's, which are not the list's. -1 where there
 * is no memory, or the key too long. */
int tensors_open(struct tensors *t, const struct tensors_rules *r,
                 const struct loop_language *language, const char *key,
                 size_t count, float *out, float *in, struct error *err);
void tensors_close(struct tensors *t, const struct loop_language *language);

/* Give a list the keys of a step; and the one of what is removed. */
void tensors_name(struct tensors *t, struct srb_tensor *list, int64_t step);
void tensors_name_gone(struct tensors *t, int64_t step);

#endif
