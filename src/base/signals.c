#include "base/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/terminal.h"
#include "base/tick.h"

/* What comes within this time is the same wish: scancel --full tells the tasks
 * and also srun (scancel(1)), which forwards SIGUSR1 and others to the tasks
 * (srun(1), SIGNALS; on SIGTERM it ends them itself). */
#define SAME_NS INT64_C(200000000)

static struct signals state;
static volatile sig_atomic_t watched[SIGNALS_WATCHED], nwatched;
static timer_t timer;
static volatile sig_atomic_t have_timer;
static struct itimerspec grace; /* zeros: none */
static volatile int64_t first;  /* tick of the first one that came here */
static volatile sig_atomic_t leave_status, words_fd = -1;
static char last_words[SIGNALS_WORDS_MAX];
static char on_first[192], on_usr1[192]; /* what is then said; "": nothing */

/* From here to catch_with() a handler may run it: nothing that signal-safety(7)
 * does not allow. */

static void say(const char *text)
{
    /* nothing is lost but words */
    if (text[0])
        terminal_interrupt();
    if (text[0] && write(STDERR_FILENO, text, strlen(text)) < 0)
        return;
}

static void cut_off(void)
{
    state.cut = state.urgent;
    for (int k = 0; k < nwatched; k++)
        shutdown(watched[k], SHUT_RDWR);
}

void signals_hear(int number)
{
    if (state.urgent)
        return;
    state.asked = state.urgent = number;
    say(on_first);
    if (!have_timer || (!grace.it_value.tv_sec && !grace.it_value.tv_nsec) ||
        timer_settime(timer, 0, &grace, NULL) != 0)
        cut_off();
}

static void on_end(int number)
{
    int64_t now = tick_now();
    int kept = errno;

    if (first && now - first > SAME_NS) {
        signal(number, SIG_DFL);
        raise(number); /* when this handler is left */
    } else if (!first) {
        first = now;
        signals_hear(number);
    }
    errno = kept;
}

static void on_grace_over(int number)
{
    int kept = errno;

    (void)number;
    if (state.urgent)
        cut_off();
    errno = kept;
}

static void on_time_to_leave(int number)
{
    ssize_t sent = send(words_fd, last_words, strlen(last_words),
                        MSG_NOSIGNAL | MSG_DONTWAIT);

    (void)number;
    (void)sent; /* nobody hears them, or there is none to tell */
    _exit(leave_status);
}

static void on_last_one(int number)
{
    int kept = errno;

    if (!state.asked) {
        state.asked = number;
        say(on_usr1);
    }
    errno = kept;
}

/* System calls go on (SA_RESTART), but for those with a time limit, which
 * signal(7) excepts. */
static void catch_with(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    static const int all[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGALRM};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        sigaddset(&action.sa_mask, all[i]);
    sigaction(number, &action, NULL);
}

const struct signals *signals_state(void)
{
    return &state;
}

void signals_catch(void)
{
    struct sigevent alarm = {.sigev_notify = SIGEV_SIGNAL,
                             .sigev_signo = SIGALRM};

    if (timer_create(CLOCK_MONOTONIC, &alarm, &timer) != 0)
        die("no timer can be had for term_grace");
    have_timer = 1;
    catch_with(SIGALRM, on_grace_over);
    catch_with(SIGTERM, on_end);
    catch_with(SIGINT, on_end);
    catch_with(SIGHUP, on_end);
    catch_with(SIGUSR1, on_last_one);
    signal(SIGPIPE, SIG_IGN);
}

void signals_grace(double seconds, bool speaks)
{
    int64_t ns = (int64_t)(seconds * 1e9);

    grace.it_value.tv_nsec = ns % 1000000000;
    grace.it_value.tv_sec = ns / 1000000000;
    if (!speaks)
        return;
    snprintf(on_usr1, sizeof on_usr1,
             "srbench: asked to end after the running permutation\n");
    snprintf(on_first, sizeof on_first,
             "srbench: told to end; the running permutation is broken off in "
             "%g s (term_grace), a second signal ends srbench at once\n",
             seconds);
}

void signals_leave(unsigned seconds, int status)
{
    const struct itimerspec none = {.it_value = {0}};

    leave_status = status;
    grace = none;
    if (have_timer)
        timer_settime(timer, 0, &none, NULL);
    catch_with(SIGALRM, on_time_to_leave);
    alarm(seconds);
}

void signals_last_words(int fd, const char *words)
{
    snprintf(last_words, sizeof last_words, "%s", words);
    words_fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

void signals_watch(int fd)
{
    if (fd >= 0 && nwatched < SIGNALS_WATCHED) {
        watched[nwatched] = fd;
        nwatched++;
    }
    /* what came between opening and here did not see it */
    if (state.cut && fd >= 0)
        shutdown(fd, SHUT_RDWR);
}

void signals_unwatch(void)
{
    nwatched = 0;
}
