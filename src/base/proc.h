/* proc.h - short-lived children with a deadline.
 *
 * A child gets nothing of this process: standard streams of its own, no other
 * descriptor, an empty signal mask. posix_spawn, not fork: memory registered
 * with a network card does not survive a fork. All functions are local.
 */
#ifndef SRB_PROC_H
#define SRB_PROC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* Run argv (argv[0] is looked up in PATH) in a session of its own, with fd
 * `input` as standard input and the others on /dev/null or, if output >= 0,
 * there. Returns its pid, to be waited for, or -1. */
pid_t proc_spawn(char *const argv[], int input, int output, struct error *err);

/* Wait until pid ends, at most until the deadline (tick.h), then SIGKILL it.
 * Returns its wait status. */
int proc_wait(pid_t pid, int64_t deadline);

/* Run argv to its end and put the start of what it printed into buf (a string).
 * Returns 0 when it exited with status 0, else -1: not found, killed at the
 * deadline, or its status and words. */
int proc_capture(char *const argv[], double seconds, char *buf, size_t n,
                 struct error *err);

/* The same of what it printed on its standard output alone, with a text as its
 * standard input (NULL: none) and another environment (NULL: this process's).
 * When it failed, buf and the words have, on one line, what it said on its
 * standard error or else on its standard output. */
int proc_ask(char *const argv[], const char *input, char *const env[],
             double seconds, char *buf, size_t n, struct error *err);

/* "exited with status 1", "was killed by signal 9 (Killed)". Returns buf. */
char *proc_print_status(int status, char *buf, size_t n);

#endif
