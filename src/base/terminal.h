/* terminal.h - the terminal that somebody watches, and its bottom line.
 *
 * A rank's standard error is mostly a pipe, while that of the launcher which
 * reads it is a terminal. On the launcher's own node it is found by walking the
 * parents: as long as one of them reads the pipe that the child before it
 * writes, what is written ends where that parent's own standard error goes (a
 * file or `| tee` ends the walk). A step daemon (slurmstepd, ...) ends it too,
 * since it may have been started in somebody's terminal, and so does another
 * user's process.
 *
 * A line is written so that the cursor stands at its begin: what else comes to
 * the terminal begins there. All functions are local; one thread.
 */
#ifndef SRB_TERMINAL_H
#define SRB_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Find it: standard error itself or the launcher's. Nothing is found where TERM
 * is not set or "dumb", or NO_COLOR is set (no-color.org). It is opened anew,
 * never becomes the controlling one, and no write to it waits. */
void terminal_open(void);
void terminal_close(void);

/* Whether there is one, which is also there now: not hung up, and its launcher
 * not in the background of a shell. */
bool terminal_there(void);

/* Whether it was the launcher's, and has hung up. Then nobody reads what is
 * written to standard error, and a launcher may end the job whose words it
 * cannot pass on (Hydra 4.0.2 does). */
bool terminal_lost(void);

/* Whether what is written to standard output comes there, too. */
bool terminal_output(void);

/* How wide it is now; 80 where it does not say. */
int terminal_columns(void);

/* Write the bottom line in the place of the last one, cut to the width at a
 * blank (bytes; escape sequences "\033[...m" count as nothing; text_fit() makes
 * one that need not be cut); "" takes it away. Errors end
 * the terminal or lose the line, no more. What went to standard error before
 * has arrived by then, as far as that can be seen. */
void terminal_line(const char *text);

/* To be called after a line was written to standard error. */
void terminal_spoken(void);

/* Take the bottom line away, from a handler of a signal that is going to write
 * to standard error. */
void terminal_interrupt(void);

/* Whether it is standard error itself, on which colours may be used. */
bool terminal_own(void);

/* The walk alone: the process, of `pid` and its parents, whose standard error
 * is the terminal to which the pipe of inode `pipe` leads, or 0. */
int terminal_launcher(int pid, unsigned long pipe);

#endif
