/* text.h - a text that grows in a buffer of fixed size, and one that others
 * wrote.
 *
 * It stays one that ends, however long what is appended: what has no room is
 * cut off. Local, pure.
 */
#ifndef SRB_TEXT_H
#define SRB_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Append to the text in buf, of size n. Returns its length then, or, where it
 * was cut, n. */
size_t text_add(char *buf, size_t n, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, behind the separator where there is a text already. */
size_t text_join(char *buf, size_t n, const char *separator, const char *fmt,
                 ...) __attribute__((format(printf, 4, 5)));

/* Columns that a text takes: characters of UTF-8, each one; escape sequences
 * "\033[...m" none. */
int text_columns(const char *text);

/* A part of a line, all of which or nothing is to be seen. */
struct text_field {
    const char *gap;  /* before it, where something stands there */
    const char *text; /* "": none */
    int weight;       /* the lightest goes first, of equals the last one */
};

/* A line of n fields in so many columns: what has no room goes. Sets the text
 * of those to "". Returns buf. */
char *text_fit(struct text_field *field, int n, int columns, char *buf,
               size_t size);

/* What ends a word for n things: "s", or "" of one. */
const char *text_plural(int64_t n);

/* Make other people's text fit for files and terminals, in place: a server's
 * reply, the name of a host or a file. What is no UTF-8 and what would control
 * a terminal becomes a '?' for each byte; line ends and tabs stay. Called where
 * it comes in; the words of errors and the texts of fields have been through
 * it. Returns the text. */
char *text_clean(char *text);

/* Print lines of a text, each broken at blanks so that it takes at most so many
 * columns (bytes); what is broken off is indented by two. The last one gets an
 * end, too. */
void text_wrap(FILE *out, const char *text, int columns);

#endif
