/* output.h - standard output: what was written to it arrived, or is known not
 * to have. All functions are local.
 */
#ifndef SRB_OUTPUT_H
#define SRB_OUTPUT_H

#include <stdbool.h>

/* Before any file is opened: a standard stream that is closed gets a descriptor
 * that cannot be written, so that no file takes its number and the lines that
 * are meant for people. Gives standard output its buffer. */
void output_open(void);

/* Bring what was printed to its reader, instead of fflush(stdout). The first
 * failure is said on standard error, and remembered. */
void output_flush(void);

/* Whether something did not arrive so far. */
bool output_lost(void);

#endif
