/* Signals: each case is a process of its own, since what a signal did stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/signals.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* The clock by which one wish is told from two, in place of that of libc; it
 * stands still, however long this process is kept from running. */
static int64_t clock_ns = 1000000000;

int clock_gettime(clockid_t id, struct timespec *ts)
{
    if (id != CLOCK_MONOTONIC)
        return (int)syscall(SYS_clock_gettime, id, ts);
    ts->tv_sec = clock_ns / 1000000000;
    ts->tv_nsec = clock_ns % 1000000000;
    return 0;
}

static void pass(double seconds)
{
    clock_ns += (int64_t)(seconds * 1e9);
}

/* In the child: what is not so is its exit status, a number of the line. */
#define EXPECT(condition)                                                      \
    do {                                                                       \
        if (!(condition))                                                      \
            _exit(__LINE__ % 128 + 100);                                       \
    } while (0)

static void flags_are(int asked, int urgent, int cut)
{
    const struct signals *e = signals_state();

    EXPECT(e->asked == asked);
    EXPECT(e->urgent == urgent);
    EXPECT(e->cut == cut);
}

static void begin(double grace)
{
    signals_catch();
    signals_grace(grace, false);
}

static void nothing_at_first(void)
{
    begin(1);
    flags_are(0, 0, 0);
}

static void usr1_only_asks(void)
{
    begin(0);
    raise(SIGUSR1);
    raise(SIGUSR1);
    flags_are(SIGUSR1, 0, 0);
}

static void without_grace(void)
{
    begin(0);
    raise(SIGTERM);
    flags_are(SIGTERM, SIGTERM, SIGTERM);
}

static void before_a_grace_is_known(void)
{
    signals_catch();
    raise(SIGHUP);
    flags_are(SIGHUP, SIGHUP, SIGHUP);
}

static void with_grace(void)
{
    begin(3600);
    raise(SIGINT);
    flags_are(SIGINT, SIGINT, 0);
}

static void a_grace_ends(void)
{
    begin(0.1);
    raise(SIGINT);
    while (!signals_state()->cut)
        usleep(1000);
    flags_are(SIGINT, SIGINT, SIGINT);
}

static void the_urgent_one_counts(void)
{
    begin(3600);
    raise(SIGUSR1);
    raise(SIGTERM);
    flags_are(SIGTERM, SIGTERM, 0);
    raise(SIGUSR1);
    flags_are(SIGTERM, SIGTERM, 0);
}

/* A launcher and a batch system at once. */
static void one_wish_twice(void)
{
    begin(3600);
    raise(SIGTERM);
    raise(SIGTERM);
    raise(SIGINT);
    flags_are(SIGTERM, SIGTERM, 0);
}

static void a_second_one_ends(void)
{
    begin(3600);
    raise(SIGTERM);
    pass(0.3);
    raise(SIGINT);
    EXPECT(false);
}

static void what_others_heard_is_not_the_first(void)
{
    begin(3600);
    signals_hear(SIGTERM);
    pass(0.3);
    raise(SIGTERM);
    raise(SIGTERM);
    flags_are(SIGTERM, SIGTERM, 0);
    pass(0.3);
    raise(SIGTERM);
    EXPECT(false);
}

/* A wait for a reply, with a time limit as clients have it. */
static void a_wait_ends(void)
{
    const struct timeval most = {.tv_sec = 400};
    int ends[2];
    ssize_t got;
    char c;

    begin(0.1);
    EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
    signals_watch(ends[0]);
    raise(SIGTERM);
    do
        got = recv(ends[0], &c, 1, 0);
    while (got < 0 && errno == EINTR);
    EXPECT(got == 0);
    EXPECT(signals_state()->cut == SIGTERM);
}

static void a_later_wait_does_not_begin(void)
{
    int ends[2];
    char c;

    begin(0);
    raise(SIGTERM);
    EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    signals_watch(ends[0]);
    EXPECT(recv(ends[0], &c, 1, 0) == 0);
}

/* Its number may be another's by then. */
static void what_is_given_up_stays(void)
{
    int ends[2];

    begin(0);
    EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    signals_watch(ends[0]);
    signals_unwatch();
    signals_watch(-1);
    raise(SIGTERM);
    EXPECT(send(ends[0], "x", 1, MSG_NOSIGNAL) == 1);
}

static const struct {
    const char *name;
    void (*run)(void);
    int signal; /* that it dies of; 0: it does not */
} cases[] = {
    {"nothing at first", nothing_at_first, 0},
    {"SIGUSR1 only asks", usr1_only_asks, 0},
    {"without grace", without_grace, 0},
    {"before a grace is known", before_a_grace_is_known, 0},
    {"with grace", with_grace, 0},
    {"a grace ends", a_grace_ends, 0},
    {"the urgent one counts", the_urgent_one_counts, 0},
    {"one wish twice", one_wish_twice, 0},
    {"a second one ends", a_second_one_ends, SIGINT},
    {"what others heard is not the first", what_others_heard_is_not_the_first,
     SIGTERM},
    {"a wait ends", a_wait_ends, 0},
    {"a later wait does not begin", a_later_wait_does_not_begin, 0},
    {"what is given up stays", what_is_given_up_stays, 0},
};

static void each_in_a_process(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int status;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
            cases[i].run();
            _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (cases[i].signal
                ? !WIFSIGNALED(status) || WTERMSIG(status) != cases[i].signal
                : status != 0)
            fail_msg("%s: wait status %#x", cases[i].name, (unsigned)status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_in_a_process)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
