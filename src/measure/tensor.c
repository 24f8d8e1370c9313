#include "measure/tensor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PAGE_FLOATS 1024 /* 4096 bytes */
#define STAMP_FLOATS 2

size_t tensor_count(int64_t bytes)
{
    return (size_t)bytes / sizeof(float);
}

/* The finalizer of SplitMix64 (Steele, Lea, Flood 2014): a bijection on 64-bit
 * numbers whose output bits look random. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* 23 bits as a float in [1, 2): finite, and every bit survives. */
static uint32_t as_float_bits(uint64_t x)
{
    return UINT32_C(0x3f800000) | (uint32_t)(x & 0x7fffff);
}

static void store(float *at, uint32_t bits)
{
    memcpy(at, &bits, sizeof bits);
}

static uint32_t load(const float *at)
{
    uint32_t bits;

    memcpy(&bits, at, sizeof bits);
    return bits;
}

/* Element i of the body. One multiplication: filling must not take longer than
 * moving. The high bits of the product are the good ones. */
static uint32_t body_bits(uint64_t seed, size_t i)
{
    return as_float_bits((seed + i * UINT64_C(0x9e3779b97f4a7c15)) >> 40);
}

/* What marks an iteration: one number for all pages, so that stamping is a
 * strided store; its low 23 bits and the next 23 are the stamp's two floats. */
static uint64_t stamp_of(int client, int64_t iteration, size_t index)
{
    uint64_t of = ((uint64_t)(unsigned)client << 40) ^ (uint64_t)iteration;

    return mix(index == 0 ? of : mix(of) + index);
}

static uint64_t seed_of(int client)
{
    return mix((uint64_t)(unsigned)client + 1);
}

void tensor_fill(float *data, size_t count, int client)
{
    uint64_t seed = seed_of(client);

    for (size_t i = 0; i < count; i++)
        store(&data[i], body_bits(seed, i));
}

void tensor_stamp(float *data, size_t count, int client, int64_t iteration)
{
    tensor_stamp_of(data, count, client, iteration, 0);
}

void tensor_stamp_of(float *data, size_t count, int client, int64_t iteration,
                     size_t index)
{
    uint64_t stamp = stamp_of(client, iteration, index);

    for (size_t i = 0; i < count; i += PAGE_FLOATS) {
        store(&data[i], as_float_bits(stamp));
        if (i + 1 < count)
            store(&data[i + 1], as_float_bits(stamp >> 23));
    }
}

void tensor_spoil(float *data, size_t count)
{
    memset(data, 0xff, count * sizeof *data); /* NaNs: no tensor holds one */
}

static uint32_t expected_bits(uint64_t seed, uint64_t stamp, size_t i)
{
    size_t in_page = i % PAGE_FLOATS;

    if (in_page < STAMP_FLOATS)
        return as_float_bits(in_page == 0 ? stamp : stamp >> 23);
    return body_bits(seed, i);
}

int tensor_check(const float *data, size_t count, int client, int64_t iteration,
                 struct error *err)
{
    return tensor_check_of(data, count, client, iteration, 0, err);
}

int tensor_check_of(const float *data, size_t count, int client,
                    int64_t iteration, size_t index, struct error *err)
{
    uint64_t seed = seed_of(client);
    uint64_t stamp = stamp_of(client, iteration, index);
    size_t wrong = 0, first = 0;
    char which[40] = "";

    for (size_t i = 0; i < count; i++) {
        if (load(&data[i]) == expected_bits(seed, stamp, i))
            continue;
        if (wrong++ == 0)
            first = i;
    }
    if (wrong == 0)
        return 0;
    if (index > 0)
        snprintf(which, sizeof which, ", tensor %zu", index);
    return error_set(err,
                     "client %d, pair %" PRId64 "%s: %zu of %zu elements came "
                     "back wrong, the first at %zu: 0x%08" PRIx32
                     " instead of 0x%08" PRIx32,
                     client, iteration, which, wrong, count, first,
                     load(&data[first]), expected_bits(seed, stamp, first));
}
