/* diag.h - messages for a person, on standard error.
 *
 * World rank 0 speaks for the job; other ranks speak only when they die, and
 * are then named. No MPI in here: how a job is ended is a hook.
 */
#ifndef SRB_DIAG_H
#define SRB_DIAG_H

/* Say which rank this process is; only rank 0 prints diag_say(). Before this
 * call the process counts as rank 0. Local. */
void diag_rank(int rank);

/* One line to standard error, written in one piece. Rank 0 only. Local. */
void diag_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The hook that die() calls last, e.g. one that calls MPI_Abort(). Local. */
void diag_die_hook(void (*hook)(void));

/* For what cannot be agreed on between ranks (MPI failing, a broken
 * invariant): print the sentence, call the hook, leave. Never returns. */
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
