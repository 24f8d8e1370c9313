/* error.h - a failure as a value.
 *
 * Whoever first detects a failure words it, in one sentence that says what
 * failed, where, and what to do; callers hand it up unchanged or put the place
 * in front. Nothing is printed on the way.
 */
#ifndef SRB_ERROR_H
#define SRB_ERROR_H

#include <stdarg.h>

#define SRB_ERROR_MAX 2048

/* The words of one failure; "" while there is none. Once ranks have agreed on
 * it (team.h), `ranks` is how many failed and `rank` the lowest of them, else
 * both are 0. */
struct error {
    char text[SRB_ERROR_MAX];
    int rank, ranks;
};

/* Format the words into *err (which may be NULL: then they are dropped) and
 * return -1, so that failing is one line. Too long a text is cut, and what
 * others wrote is cleaned (text_clean()). */
int error_set(struct error *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Put formatted words and ": " in front of those already in *err; returns -1.
 */
int error_prefix(struct error *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
