/* utf8.h - one character of a text. Local and pure. */
#ifndef SRB_UTF8_H
#define SRB_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The code point at s (n bytes are left) into *point; its length in bytes, or 0
 * where there is no valid UTF-8. */
size_t utf8_decode(const char *s, size_t n, uint32_t *point);

#endif
