/* diag.h - messages for a person, on standard error.
 *
 * World rank 0 speaks for the job; other ranks speak only when they die, and
 * are then named. No MPI in here: how a job is ended is a hook.
 */
#ifndef SRB_DIAG_H
#define SRB_DIAG_H

#include <stdbool.h>

/* Say which rank this process is; only rank 0 prints diag_say(). Before this
 * call the process counts as rank 0. Local. */
void diag_rank(int rank);

/* How much a person wants to read; DIAG_NORMAL at first. Local. */
enum diag_level { DIAG_QUIET, DIAG_NORMAL, DIAG_VERBOSE };
void diag_set_level(enum diag_level level);
enum diag_level diag_level(void);

/* One line to standard error, written in one piece: always (problems), unless
 * quiet (news), only when verbose (reasons). Rank 0 only. Local. */
void diag_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void diag_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void diag_detail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The escape sequence that starts a colour, such as DIAG_RED; "" where there
 * are no colours: elsewhere than on a terminal (terminal.h). Local. */
#define DIAG_RED "\033[31m"
#define DIAG_GREEN "\033[32m"
#define DIAG_YELLOW "\033[33m"
#define DIAG_PLAIN "\033[0m"
const char *diag_colour(const char *sequence);

/* The line at the bottom of the terminal that is rewritten in place, below all
 * that is said; NULL takes it away. Nothing happens where there is no terminal
 * (terminal_open()), or on another rank than 0. Local. */
void diag_live(const char *line);

/* The hook that die() calls last, e.g. one that calls MPI_Abort(). Local. */
void diag_die_hook(void (*hook)(void));

/* For what cannot be agreed on between ranks (MPI failing, a broken
 * invariant): print the sentence, call the hook, leave. Never returns. */
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
