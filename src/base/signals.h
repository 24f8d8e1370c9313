/* signals.h - the signals that ask this process to end.
 *
 * SIGUSR1 ends the study after the running permutation. SIGTERM, SIGINT and
 * SIGHUP give that permutation a grace, then it is cut off; a second one of
 * them ends the process at once, by that signal. Nothing here asks the kernel
 * anything while a loop runs: handlers set flags, a timer that the first signal
 * arms ends the grace, and then the connection of this process is shut down, so
 * that a client that waits for a reply goes on. All functions are local; a
 * process has one of these, as it has one set of handlers.
 */
#ifndef SRB_SIGNALS_H
#define SRB_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* Numbers of signals, 0: none. */
struct signals {
    volatile sig_atomic_t asked;  /* the study is to end */
    volatile sig_atomic_t urgent; /* within the grace; what has not begun to
                                     measure ends now */
    volatile sig_atomic_t cut;    /* the grace is over: everything ends now */
};

/* The flags, which change at any time. */
const struct signals *signals_state(void);

/* From now on the signals are caught; SIGPIPE is ignored. There is no grace
 * until one is given. */
void signals_catch(void);

/* What the running permutation has after the first of SIGTERM, SIGINT and
 * SIGHUP; 0: nothing. With `speaks` a signal is acknowledged on standard error,
 * where somebody may be waiting. */
void signals_grace(double seconds, bool speaks);

/* As if the signal had come here: another rank was told. It does not count as
 * the first of two. */
void signals_hear(int number);

/* If the process has not left after so many seconds, it leaves with this
 * status: at once, whatever it waits for. What it prints is to be flushed
 * before. Ends the grace. */
void signals_leave(unsigned seconds, int status);

/* What it then says first on this socket, which stays open for it even where
 * its owner closes it. A negative fd is none. */
#define SIGNALS_WORDS_MAX 64
void signals_last_words(int fd, const char *words);

/* Shut this connection down when the grace is over, or at once if it is; so
 * many at a time. Give all of them up before one is closed. A negative fd is
 * none. */
#define SIGNALS_WATCHED 3
void signals_watch(int fd);
void signals_unwatch(void);

#endif
