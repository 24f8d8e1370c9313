/* Children with a deadline: what they print, how they end, what they get. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/proc.h"
#include "base/tick.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Run a line of shell. */
static int shell(const char *line, double seconds, char *buf, size_t n,
                 struct error *err)
{
    char sh[] = "/bin/sh", c[] = "-c", text[1024];
    char *argv[] = {sh, c, text, NULL};

    err->text[0] = '\0';
    snprintf(text, sizeof text, "%s", line);
    return proc_capture(argv, seconds, buf, n, err);
}

static int set_up(void **state)
{
    (void)state;
    alarm(500); /* nothing here may hang for long */
    return 0;
}

static const struct {
    const char *line;
    size_t room;
    const char *printed; /* NULL: it fails */
    const char *words;   /* then, the whole message */
} captured[] = {
    {"echo hello", 100, "hello\n", NULL},
    {"echo hello >&2", 100, "hello\n", NULL},
    {"echo one; echo two >&2; echo three", 100, "one\ntwo\nthree\n", NULL},
    {"true", 100, "", NULL},
    {"echo hello", 6, "hello", NULL},
    {"echo hello", 5, "hell", NULL},
    {"echo hello", 1, "", NULL},
    /* more than a pipe holds; the rest is dropped, and nobody blocks */
    {"i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done", 12,
     "0123456789\n", NULL},
    {"exec cat", 100, "", NULL}, /* there is nothing to read */
    {"exit 1", 100, NULL,
     "'/bin/sh' exited with status 1: (it printed nothing)"},
    {"echo no such option; echo usage; exit 2", 100, NULL,
     "'/bin/sh' exited with status 2: no such option"},
    {"kill -TERM $$", 100, NULL,
     "'/bin/sh' was killed by signal 15 (Terminated): (it printed nothing)"},
    {"echo oh; kill -KILL $$", 100, NULL,
     "'/bin/sh' was killed by signal 9 (Killed): oh"},
};

static void output_is_captured(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(captured); i++) {
        char *buf = malloc(captured[i].room);
        struct error err;
        int rc;

        assert_non_null(buf);
        rc = shell(captured[i].line, 30, buf, captured[i].room, &err);
        if ((rc == 0) != (captured[i].printed != NULL))
            fail_msg("'%s' %s: %s", captured[i].line,
                     rc == 0 ? "succeeded" : "failed", err.text);
        if (rc == 0 && strcmp(buf, captured[i].printed) != 0)
            fail_msg("'%s' printed '%s'", captured[i].line, buf);
        if (rc < 0 && strcmp(err.text, captured[i].words) != 0)
            fail_msg("'%s': '%s' instead of '%s'", captured[i].line, err.text,
                     captured[i].words);
        free(buf);
    }
}

static void questions_have_input_and_environment(void **state)
{
    static const struct {
        const char *line, *input, *printed;
        int rc;
        const char *words;
    } vectors[] = {
        {"cat", "one\ntwo\n", "one\ntwo\n", 0, NULL},
        {"cat", NULL, "", 0, NULL},
        {"echo warning >&2; echo 5", NULL, "5\n", 0, NULL},
        {"echo $A-$B", NULL, "1-\n", 0, NULL},
        {"echo out; echo bad >&2; echo worse >&2; exit 3", NULL, "bad worse",
         -1, "'/bin/sh' exited with status 3: bad worse"},
        {"echo out; exit 3", NULL, "out", -1,
         "'/bin/sh' exited with status 3: out"},
        {"exit 3", NULL, "", -1,
         "'/bin/sh' exited with status 3: (it printed nothing)"},
    };
    char sh[] = "/bin/sh", c[] = "-c", a[] = "A=1",
         path[] = "PATH=/usr/bin:/bin";
    char *env[] = {a, path, NULL};

    (void)state;
    setenv("B", "2", 1);
    for (size_t i = 0; i < COUNT(vectors); i++) {
        char line[128], buf[64];
        char *argv[] = {sh, c, line, NULL};
        struct error err = {.text = ""};

        snprintf(line, sizeof line, "%s", vectors[i].line);
        assert_int_equal(
            proc_ask(argv, vectors[i].input, env, 30, buf, sizeof buf, &err),
            vectors[i].rc);
        assert_string_equal(buf, vectors[i].printed);
        if (vectors[i].words)
            assert_string_equal(err.text, vectors[i].words);
    }
    unsetenv("B");
}

/* More input than a pipe holds, to one that reads nothing, and a deadline. */
static void questions_do_not_hang(void **state)
{
    char sh[] = "/bin/sh", c[] = "-c", none[] = "true", *text, buf[64];
    char sleep[] = "echo slow >&2; sleep 600";
    char *argv[] = {sh, c, none, NULL};
    struct error err;

    (void)state;
    text = malloc(1000001);
    assert_non_null(text);
    memset(text, 'x', 1000000);
    text[1000000] = '\0';
    assert_int_equal(proc_ask(argv, text, NULL, 30, buf, sizeof buf, &err), 0);
    free(text);
    argv[2] = sleep;
    assert_int_equal(proc_ask(argv, NULL, NULL, 0.3, buf, sizeof buf, &err),
                     -1);
    assert_string_equal(err.text, "'/bin/sh' did not end within 0.3 s: slow");
}

static void programs_that_are_not_there(void **state)
{
    static const struct {
        const char *name, *words;
    } vectors[] = {
        {"no-such-program-anywhere",
         "'no-such-program-anywhere' was not found in PATH"},
        {"/no/such/program", "'/no/such/program' was not found"},
        {"/etc/passwd", "cannot start '/etc/passwd': Permission denied"},
        {"/tmp", "cannot start '/tmp': Permission denied"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        char name[64], buf[10] = "before";
        char *argv[] = {name, NULL};
        struct error err;

        snprintf(name, sizeof name, "%s", vectors[i].name);
        assert_int_equal(proc_capture(argv, 30, buf, sizeof buf, &err), -1);
        assert_string_equal(err.text, vectors[i].words);
        assert_int_equal(proc_spawn(argv, -1, -1, &err), -1);
        assert_string_equal(err.text, vectors[i].words);
    }
}

/* Whether a process is no more; one that nobody reaps counts as gone. */
static bool gone(long pid)
{
    char path[64], line[512], state = 'X';
    const char *at;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    f = fopen(path, "r");
    if (!f)
        return true;
    if (fgets(line, sizeof line, f) && (at = strrchr(line, ')')))
        state = at[2];
    fclose(f);
    return state == 'Z' || state == 'X';
}

static bool gone_within(long pid, double seconds)
{
    int64_t deadline = tick_deadline(seconds);

    while (!gone(pid)) {
        if (tick_now() > deadline)
            return false;
        tick_sleep(1000000);
    }
    return true;
}

/* What does not end in time is killed, with all that it started, whether it is
 * silent, talks, holds its output open or has closed it. */
static void late_ones_are_killed(void **state)
{
    static const struct {
        const char *line, *words;
    } vectors[] = {
        {"sleep 600 & echo $!; wait", "$!"},
        {"sleep 600 & echo $!; exec >/dev/null 2>&1; wait", "$!"},
        {"trap '' TERM INT HUP; sleep 600 & echo $!; wait; wait", "$!"},
        {"echo $$; exec sleep 600", "$!"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        int64_t start = tick_now();
        struct error err;
        char buf[4096], words[128];
        double took;
        long pid;

        if (shell(vectors[i].line, 0.3, buf, sizeof buf, &err) == 0)
            fail_msg("'%s' succeeded", vectors[i].line);
        took = tick_seconds(tick_now() - start);
        if (took < 0.3 || took > 60)
            fail_msg("'%s' took %g s", vectors[i].line, took);
        pid = strtol(buf, NULL, 10);
        snprintf(words, sizeof words, "'/bin/sh' did not end within 0.3 s: %ld",
                 pid);
        if (pid <= 0 || strcmp(err.text, words) != 0)
            fail_msg("'%s': %s", vectors[i].line, err.text);
        if (!gone_within(pid, 60)) {
            kill((pid_t)pid, SIGKILL);
            fail_msg("'%s': what it started lives on", vectors[i].line);
        }
    }
}

/* Descriptors as MPI leaves them: inheritable, high ones too. */
static void no_descriptor_is_inherited(void **state)
{
    static const int fds[] = {10, 27, 500, 1000};
    int fd = open("/etc/passwd", O_RDONLY);
    char buf[4096];
    struct error err;
    int lines = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(fds); i++)
        assert_int_equal(dup2(fd, fds[i]), fds[i]);
    if (shell("ls -l /proc/self/fd", 30, buf, sizeof buf, &err) < 0)
        fail_msg("%s", err.text);
    for (const char *at = buf; (at = strstr(at, " -> ")); at++)
        lines++;
    /* the three streams, and the folder that ls reads */
    if (lines != 4 || strstr(buf, "passwd"))
        fail_msg("a child has %d descriptors:\n%s", lines, buf);
    if (!strstr(buf, " 0 -> /dev/null"))
        fail_msg("a child's standard input is not empty:\n%s", buf);
    for (size_t i = 0; i < COUNT(fds); i++)
        close(fds[i]);
    close(fd);
}

/* A mask of /proc/PID/status, without the two signals that the C library keeps
 * for itself: they stay as whoever started the test had them. */
static uint64_t bits_of(const char *line, const char *key)
{
    if (strncmp(line, key, strlen(key)) != 0)
        fail_msg("'%s' has no %s", line, key);
    return strtoull(line + strlen(key), NULL, 16) & ~(UINT64_C(3) << 31);
}

/* A rank may have blocked or ignored what its children must hear. */
static void signals_are_as_new(void **state)
{
    char blocked[256], ignored[256];
    sigset_t all, old;
    struct error err;
    void (*was)(int);

    (void)state;
    sigfillset(&all);
    was = signal(SIGUSR1, SIG_IGN);
    sigprocmask(SIG_BLOCK, &all, &old);
    assert_int_equal(shell("grep SigBlk /proc/self/status", 30, blocked,
                           sizeof blocked, &err),
                     0);
    assert_int_equal(shell("grep SigIgn /proc/self/status", 30, ignored,
                           sizeof ignored, &err),
                     0);
    sigprocmask(SIG_SETMASK, &old, NULL);
    signal(SIGUSR1, was);
    assert_int_equal(bits_of(blocked, "SigBlk:"), 0);
    assert_int_equal(bits_of(ignored, "SigIgn:"), 0);
}

static void a_session_of_its_own(void **state)
{
    char buf[128];
    struct error err;
    long pid, group, session;
    char *rest;

    (void)state;
    assert_int_equal(shell("read -r pid name state parent group session rest "
                           "</proc/self/stat; echo $pid $group $session",
                           30, buf, sizeof buf, &err),
                     0);
    pid = strtol(buf, &rest, 10);
    group = strtol(rest, &rest, 10);
    session = strtol(rest, &rest, 10);
    assert_int_equal(pid, group);
    assert_int_equal(pid, session);
    assert_int_not_equal(session, getsid(0));
}

static void streams_can_be_given(void **state)
{
    char name[] = "cat", buf[32] = "";
    char *argv[] = {name, NULL};
    int in[2], out[2], status;
    struct error err;
    pid_t pid;

    (void)state;
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    pid = proc_spawn(argv, in[0], out[1], &err);
    if (pid < 0)
        fail_msg("%s", err.text);
    close(in[0]);
    close(out[1]);
    assert_int_equal(write(in[1], "there and back", 14), 14);
    close(in[1]);
    status = proc_wait(pid, tick_deadline(600));
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(read(out[0], buf, sizeof buf - 1), 14);
    assert_string_equal(buf, "there and back");
    close(out[0]);
}

static void waiting_reaps(void **state)
{
    static const struct {
        const char *line, *how;
        double seconds;
    } vectors[] = {
        {"exit 7", "exited with status 7", 600},
        {"kill -USR1 $$", "was killed by signal 10 (User defined signal 1)",
         600},
        {"sleep 600", "was killed by signal 9 (Killed)", 0.05},
        {"sleep 600", "was killed by signal 9 (Killed)", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        char sh[] = "sh", c[] = "-c", line[64], how[64];
        char *argv[] = {sh, c, line, NULL};
        int64_t start = tick_now();
        struct error err;
        pid_t pid;

        snprintf(line, sizeof line, "%s", vectors[i].line);
        pid = proc_spawn(argv, -1, -1, &err);
        if (pid < 0)
            fail_msg("%s", err.text);
        proc_print_status(proc_wait(pid, tick_deadline(vectors[i].seconds)),
                          how, sizeof how);
        if (strcmp(how, vectors[i].how) != 0)
            fail_msg("'%s' %s", line, how);
        if (tick_seconds(tick_now() - start) > 60)
            fail_msg("'%s' took too long", line);
        if (waitpid(pid, NULL, WNOHANG) != -1 || errno != ECHILD)
            fail_msg("'%s' was not reaped", line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_is_captured),
        cmocka_unit_test(questions_have_input_and_environment),
        cmocka_unit_test(questions_do_not_hang),
        cmocka_unit_test(programs_that_are_not_there),
        cmocka_unit_test(late_ones_are_killed),
        cmocka_unit_test(no_descriptor_is_inherited),
        cmocka_unit_test(signals_are_as_new),
        cmocka_unit_test(a_session_of_its_own),
        cmocka_unit_test(streams_can_be_given),
        cmocka_unit_test(waiting_reaps),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
