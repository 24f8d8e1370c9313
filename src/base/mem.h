/* mem.h - memory that is there: without it the program ends, with words on
 * standard error (diag.h).
 *
 * For what is small against a node's memory, where nothing could be done
 * instead. Tensors are not: who allocates one reports the failure. Local.
 */
#ifndef SRB_MEM_H
#define SRB_MEM_H

#include <stddef.h>
#include <stdio.h>

/* n zeroed objects of size bytes, to be freed; of none at least one. */
void *mem_new(size_t n, size_t size);

/* The same objects and room for n of them all in all; what is new is not set.
 * old may be NULL. */
void *mem_grow(void *old, size_t n, size_t size);

/* A list of n objects with room for one more at least, which is zero; *room is
 * how many it has room for, 0 with old NULL at first. */
void *mem_more(void *old, size_t n, size_t *room, size_t size);

/* A copy of a text, to be freed; of at most n bytes of it. */
char *mem_copy(const char *text);
char *mem_copy_n(const char *text, size_t n);

/* A stream into a text that grows, see open_memstream(3). */
FILE *mem_stream(char **text, size_t *n);

#endif
