/* last_words.h - why a server ended, out of what it printed.
 *
 * The reason is often not the last line: Redis wraps it into a report, with
 * advice behind it. Local, pure.
 */
#ifndef SRB_LAST_WORDS_H
#define SRB_LAST_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* The lines of a log that say that memory ran out, an assertion failed, a
 * signal came or a module could not be loaded, the first ones that have room;
 * where there is none, the last lines that have room. Of a server that a signal
 * ended these are none of Redis's own, which are of its good health. On one
 * line, with '|' between those of the log; "" of an empty log. */
void last_words(const char *log, bool killed, char *out, size_t n);

#endif
