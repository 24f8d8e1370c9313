/* tensor.h - contents of the tensors, and their verification.
 *
 * A tensor is `count` float32 elements, all finite. Its contents are a pure
 * function of (client, iteration, element): a body that differs by client, and
 * a stamp at the start of every 4096-byte page that differs by client and
 * iteration. So each pair moves other bytes, at the cost of a few stores a page
 * instead of a refill. All functions are local.
 */
#ifndef SRB_TENSOR_H
#define SRB_TENSOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Elements of a tensor of `bytes` bytes: rounded down to whole ones. */
size_t tensor_count(int64_t bytes);

/* Fill data[count] with the body of this client's tensor. */
void tensor_fill(float *data, size_t count, int client);

/* Stamp a filled tensor for an iteration (warm-up pairs count, from 0). */
void tensor_stamp(float *data, size_t count, int client, int64_t iteration);

/* The same for tensor `index` of a step that has several; 0 is the above. */
void tensor_stamp_of(float *data, size_t count, int client, int64_t iteration,
                     size_t index);
int tensor_check_of(const float *data, size_t count, int client,
                    int64_t iteration, size_t index, struct error *err);

/* Make sure that nothing of an earlier tensor can pass for a new one. */
void tensor_spoil(float *data, size_t count);

/* Compare with what tensor_fill() and tensor_stamp() make, bit by bit. Returns
 * 0, or -1 with the first wrong element and how many there are. */
int tensor_check(const float *data, size_t count, int client, int64_t iteration,
                 struct error *err);

#endif
