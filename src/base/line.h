/* line.h - the small files in which a kernel tells of itself (proc(5)).
 * What has no room is cut off. Local.
 */
#ifndef SRB_LINE_H
#define SRB_LINE_H

#include <stdbool.h>
#include <stddef.h>

/* The first line of a file, without its end; false with "" where there is none.
 */
bool line_first(const char *path, char *buf, size_t n);

/* What the first line "key: value" or "key value" of a file has behind the key;
 * false with "" where there is none. */
bool line_named(const char *path, const char *key, char *buf, size_t n);

#endif
