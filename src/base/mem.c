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

char *mem_copy(const char *text)
{
    size_t n = strlen(text) + 1;

    return memcpy(mem_new(n, 1), text, n);
}
