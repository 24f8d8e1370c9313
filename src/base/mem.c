#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#include "base/diag.h"

void *mem_new(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);

    if (!p)
        die("not enough memory for %zu objects of %zu bytes", n, size);
    return p;
}

void *mem_grow(void *old, size_t n, size_t size)
{
    void *p = reallocarray(old, n, size);

    if (!p)
        die("not enough memory for %zu objects of %zu bytes", n, size);
    return p;
}

void *mem_more(void *old, size_t n, size_t *room, size_t size)
{
    if (n < *room)
        return old;
    *room = 2 * n + 8;
    old = mem_grow(old, *room, size);
    memset((char *)old + n * size, 0, (*room - n) * size);
    return old;
}

char *mem_copy_n(const char *text, size_t n)
{
    size_t length = strnlen(text, n);

    return memcpy(mem_new(length + 1, 1), text, length);
}

char *mem_copy(const char *text)
{
    return mem_copy_n(text, strlen(text));
}

FILE *mem_stream(char **text, size_t *n)
{
    FILE *stream = open_memstream(text, n);

    if (!stream)
        die("not enough memory for a text");
    return stream;
}
