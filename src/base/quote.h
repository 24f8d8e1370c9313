/* quote.h - a text as one word of the shell. */
#ifndef SRB_QUOTE_H
#define SRB_QUOTE_H

#include <stdio.h>

/* Print it in single quotes, so that a POSIX shell takes it as it is (XCU
 * 2.2.2). Local. */
void quote_print(FILE *out, const char *text);

/* A command line as one would type it: what the shell would not take as it is
 * stands in quotes. To be freed; dies when there is no memory. Local. */
char *quote_line(int argc, char *const argv[]);

#endif
