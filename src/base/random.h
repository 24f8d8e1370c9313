/* random.h - numbers that look like chance, the same on every machine.
 *
 * splitmix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number
 * generators", OOPSLA): one word of state, any of which will do. Streams of
 * different states do not resemble each other, as the output mixes every bit of
 * it. Not for secrets. Local and pure.
 */
#ifndef SRB_RANDOM_H
#define SRB_RANDOM_H

#include <stdint.h>

/* The next of 2^64 numbers. */
static inline uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* The next number in [0, 1), of 53 bits. */
static inline double random_share(uint64_t *state)
{
    return (double)(random_next(state) >> 11) * 0x1p-53;
}

/* The state of stream k of a seed. */
static inline uint64_t random_stream(uint64_t seed, uint64_t k)
{
    uint64_t state = seed;
    uint64_t mixed = random_next(&state) + k;

    return random_next(&mixed);
}

#endif
