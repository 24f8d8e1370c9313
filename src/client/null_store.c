#include "client/null_store.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PAGE ((size_t)4096)
#define FIRST_BUCKETS 16

struct null_entry {
    struct null_entry *next;
    char *kept;
    size_t bytes, length;
    char key[];
};

/* FNV-1a, as floor_store.c. */
static size_t hash_of(const char *key, size_t length)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)key[i]) * UINT64_C(1099511628211);
    return (size_t)(hash ^ hash >> 32);
}

/* The link to the entry of a key, or to where it would come. */
static struct null_entry **link_of(const struct null_store *s, const char *key,
                                   size_t length)
{
    struct null_entry **at = &s->bucket[hash_of(key, length) % s->buckets];

    while (*at &&
           ((*at)->length != length || memcmp((*at)->key, key, length) != 0))
        at = &(*at)->next;
    return at;
}

/* As many buckets as entries, so that a search takes a step or two. */
static bool grow(struct null_store *s)
{
    size_t n = s->buckets ? 2 * s->buckets : FIRST_BUCKETS;
    struct null_store more = {calloc(n, sizeof(struct null_entry *)), n,
                              s->entries};

    if (!more.bucket)
        return false;
    for (size_t k = 0; k < s->buckets; k++) {
        struct null_entry *e = s->bucket[k], *next;

        for (; e; e = next) {
            next = e->next;
            e->next = NULL;
            *link_of(&more, e->key, e->length) = e;
        }
    }
    free(s->bucket);
    *s = more;
    return true;
}

/* From a page on, as the loops have their tensors: copies of 64 KiB took 1.2 us
 * between pages, and 1.3 to 1.8 us with what the heap happened to give. */
static char *new_pages(size_t bytes)
{
    return aligned_alloc(PAGE, (bytes + PAGE - 1) / PAGE * PAGE);
}

static struct null_entry *add(struct null_store *s, const char *key,
                              size_t length)
{
    struct null_entry *e;

    if (s->entries == s->buckets && !grow(s))
        return NULL;
    e = calloc(1, sizeof *e + length);
    if (!e)
        return NULL;
    e->length = length;
    memcpy(e->key, key, length);
    *link_of(s, key, length) = e;
    s->entries++;
    return e;
}

char *null_store_find(struct null_store *s, const char *key, size_t length,
                      size_t bytes)
{
    struct null_entry *e = s->buckets ? *link_of(s, key, length) : NULL;

    if (!e)
        e = add(s, key, length);
    if (e && e->bytes != bytes) {
        free(e->kept);
        e->kept = new_pages(bytes);
        e->bytes = e->kept ? bytes : 0;
    }
    return e ? e->kept : NULL;
}

bool null_store_drop(struct null_store *s, const char *key, size_t length)
{
    struct null_entry **at = s->buckets ? link_of(s, key, length) : NULL;
    struct null_entry *e = at ? *at : NULL;

    if (!e)
        return false;
    *at = e->next;
    free(e->kept);
    free(e);
    s->entries--;
    return true;
}

void null_store_free(struct null_store *s)
{
    for (size_t k = 0; k < s->buckets; k++) {
        struct null_entry *e = s->bucket[k], *next;

        for (; e; e = next) {
            next = e->next;
            free(e->kept);
            free(e);
        }
    }
    free(s->bucket);
    *s = (struct null_store){0};
}
