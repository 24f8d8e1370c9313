/* text.h - a text that grows in a buffer of fixed size.
 *
 * It stays one that ends, however long what is appended: what has no room is
 * cut off. Local, pure.
 */
#ifndef SRB_TEXT_H
#define SRB_TEXT_H

#include <stddef.h>

/* Append to the text in buf, of size n. Returns its length then, or, where it
 * was cut, n. */
size_t text_add(char *buf, size_t n, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, behind the separator where there is a text already. */
size_t text_join(char *buf, size_t n, const char *separator, const char *fmt,
                 ...) __attribute__((format(printf, 4, 5)));

#endif
