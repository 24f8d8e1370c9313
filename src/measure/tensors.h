/* tensors.h - the tensors of a step: which there are, under which keys, and how
 * those of older steps go.
 *
 * By default a step has one tensor, under a key that every step overwrites, and
 * nothing here is asked. Otherwise keys are those of keys.h, of the step modulo
 * history where keys are used again. All functions are local.
 */
#ifndef SRB_TENSORS_H
#define SRB_TENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "measure/loop.h"
#include "plan/sweep.h"
#include "protocol/keys.h"

struct tensors_rules {
    size_t n; /* of a step */
    bool pipelined;
    int64_t history; /* steps that stay; 0: all */
    enum retire retire;
    int64_t expire_ms; /* 0: keys do not expire */
};

/* What a permutation says of them. Pure. */
struct tensors_rules tensors_rules_of(const struct permutation *p);

/* Whether a step is one tensor under a key that stays the same. Pure. */
bool tensors_plain(const struct tensors_rules *r);

/* Whether older steps are removed by an operation of their own. Pure. */
bool tensors_removes(const struct tensors_rules *r);

/* The number in the keys of a step. Pure. */
int64_t tensors_key_step(const struct tensors_rules *r, int64_t step);

/* After so many steps have been put, the first of those that are still there;
 * of keys that expire the first of all. Pure. */
int64_t tensors_oldest(const struct tensors_rules *r, int64_t steps);

/* The step that get k brings where all were put before: the oldest first, and
 * then round. Pure. */
int64_t tensors_get_step(const struct tensors_rules *r, int64_t steps,
                         int64_t k);

/* The tensors that a client keeps at most at a time, when it puts so many
 * steps. Pure. */
int64_t tensors_kept(const struct tensors_rules *r, int64_t steps);

/* A client's. Zeros where steps are plain. */
struct tensors {
    struct tensors_rules rules;
    size_t stem; /* of the keys */
    void **own;  /* [n], what the language allocated */
    float **out, **in;
    /* [n] each: what is put, got and removed, with keys of those steps */
    struct srb_tensor *put, *get, *gone;
    char (*keys)[SRB_KEY_MAX]; /* [3 n] */
    int64_t get_step;          /* whose keys get has */
};

/* own, out and in: the first tensor's, which are not the list's. -1 where there
 * is no memory, or the key too long. */
struct loop_language;
int tensors_open(struct tensors *t, const struct tensors_rules *r,
                 const struct loop_language *language, const char *key,
                 size_t count, float *out, float *in, struct error *err);
void tensors_close(struct tensors *t, const struct loop_language *language);

/* Give a list the keys of a step. */
void tensors_name(struct tensors *t, struct srb_tensor *list, int64_t step);

#endif
