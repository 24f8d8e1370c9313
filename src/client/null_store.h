/* null_store.h - what a client without a server keeps: tensors by their keys.
 * A struct of zeros is empty. All functions are local. */
#ifndef SRB_NULL_STORE_H
#define SRB_NULL_STORE_H

#include <stdbool.h>
#include <stddef.h>

struct null_entry;
struct null_store {
    struct null_entry **bucket; /* [buckets]; NULL: none yet */
    size_t buckets, entries;
};

/* The place of a key's tensor, of so many bytes: the one it had where that is
 * as long, else a new one, from a page on; it stays until the key is dropped.
 * NULL: no memory. */
char *null_store_find(struct null_store *s, const char *key, size_t length,
                      size_t bytes);

/* Whether there was such a key; it is gone. */
bool null_store_drop(struct null_store *s, const char *key, size_t length);

void null_store_free(struct null_store *s);

#endif
