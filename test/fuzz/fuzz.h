/* fuzz.h - what the fuzz targets share.
 *
 * A target is libFuzzer's LLVMFuzzerTestOneInput(): it must return for every
 * input, and it ends the process where a promise of a header is broken.
 * libFuzzer then prints the input and leaves it in a file.
 * https://llvm.org/docs/LibFuzzer.html
 */
#ifndef SRB_TEST_FUZZ_H
#define SRB_TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libFuzzer's, which has no header of its own in C. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Unlike assert() it stays in optimised builds. */
#define PROMISE(condition, ...)                                                \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf(stderr, "%s:%d: broken: %s: ", __FILE__, __LINE__,         \
                    #condition);                                               \
            fprintf(stderr, __VA_ARGS__);                                      \
            fputc('\n', stderr);                                               \
            abort();                                                           \
        }                                                                      \
    } while (0)

/* A copy that ends where the memory does, so that reading on is noticed. */
static inline char *copy_exactly(const void *from, size_t n)
{
    char *copy = malloc(n ? n : 1);

    PROMISE(copy, "not enough memory");
    if (n)
        memcpy(copy, from, n);
    return copy;
}

/* The same, as a string; a NUL within ends it early. */
static inline char *copy_text(const void *from, size_t n)
{
    char *copy = malloc(n + 1);

    PROMISE(copy, "not enough memory");
    if (n)
        memcpy(copy, from, n);
    copy[n] = '\0';
    return copy;
}

#endif
