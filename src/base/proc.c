#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/tick.h"

/* Between looks at a child: most end at once, and one that takes long is not
 * asked all the time. */
#define FIRST_NAP_NS INT64_C(100000)
#define LAST_NAP_NS INT64_C(5000000)

/* MPI leaves some 26 descriptors inheritable, the launcher's among them: a
 * child that kept those would keep mpiexec from ever ending. */
static void close_all_on_exec(void)
{
    long max = sysconf(_SC_OPEN_MAX);

    if (max < 0 || max > 65536)
        max = 65536;
    for (int fd = 3; fd < max; fd++) {
        int flags = fcntl(fd, F_GETFD);

        if (flags >= 0 && !(flags & FD_CLOEXEC))
            fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
    }
}

/* A child's standard streams by number; -1 is /dev/null. */
struct streams {
    int fd[3];
};

static int set_files(posix_spawn_file_actions_t *files,
                     const struct streams *streams)
{
    int rc = posix_spawn_file_actions_init(files);

    for (int fd = 0; fd <= 2 && rc == 0; fd++) {
        if (streams->fd[fd] >= 0)
            rc = posix_spawn_file_actions_adddup2(files, streams->fd[fd], fd);
        else
            rc = posix_spawn_file_actions_addopen(
                files, fd, "/dev/null", fd == 0 ? O_RDONLY : O_WRONLY, 0);
    }
    return rc;
}

static pid_t spawn(char *const argv[], char *const env[],
                   const struct streams *streams, struct error *err)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, usual;
    pid_t pid = -1;
    int rc;

    close_all_on_exec();
    rc = set_files(&files, streams);
    if (rc == 0)
        rc = posix_spawnattr_init(&attr);
    if (rc != 0)
        return error_set(err, "cannot start %s: %s", argv[0], strerror(rc));
    sigemptyset(&none);
    sigfillset(&usual);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &usual);
    posix_spawnattr_setflags(&attr, (short)(POSIX_SPAWN_SETSID |
                                            POSIX_SPAWN_SETSIGMASK |
                                            POSIX_SPAWN_SETSIGDEF));
    rc = posix_spawnp(&pid, argv[0], &files, &attr, argv, env);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    if (rc == ENOENT)
        return error_set(err, "'%s' was not found%s", argv[0],
                         strchr(argv[0], '/') ? "" : " in PATH");
    if (rc != 0)
        return error_set(err, "cannot start '%s': %s", argv[0], strerror(rc));
    return pid;
}

pid_t proc_spawn(char *const argv[], int input, int output, struct error *err)
{
    struct streams streams = {{input, output, output}};

    return spawn(argv, environ, &streams, err);
}

int proc_wait(pid_t pid, int64_t deadline)
{
    int status = 0;

    for (int64_t nap = FIRST_NAP_NS;;) {
        pid_t got = waitpid(pid, &status, WNOHANG);

        if (got == pid || (got < 0 && errno != EINTR))
            return status;
        if (tick_now() >= deadline)
            break;
        tick_sleep(nap);
        if (nap < LAST_NAP_NS)
            nap *= 2;
    }
    /* it leads a group of its own: what it started goes with it */
    if (kill(-pid, SIGKILL) != 0)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

char *proc_print_status(int status, char *buf, size_t n)
{
    if (WIFSIGNALED(status))
        snprintf(buf, n, "was killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(buf, n, "exited with status %d", WEXITSTATUS(status));
    return buf;
}

/* Read until the end of file or the deadline; what does not fit is dropped. */
static void drain(int fd, int64_t deadline, char *buf, size_t n)
{
    size_t used = 0;
    char spill[512];

    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        bool room = used + 1 < n;
        ssize_t got = poll(&p, 1, tick_left_ms(deadline));

        if (got > 0)
            got = read(fd, room ? buf + used : spill,
                       room ? n - 1 - used : sizeof spill);
        if (got < 0 && errno == EINTR)
            continue; /* of a signal to end the next agreement hears */
        if (got <= 0)
            break;
        if (room)
            used += (size_t)got;
    }
    buf[used] = '\0';
}

/* Run argv to its end; what it prints on `out` goes to buf, and `err` to
 * `errors` or, if that is -1, there too. Returns 0, 1 when it failed with *how
 * to be said, or -1 with words when it was not started. */
static int capture(char *const argv[], char *const env[], int input, int errors,
                   double seconds, char *buf, size_t n, char how[64],
                   struct error *err)
{
    int64_t deadline = tick_deadline(seconds);
    struct streams streams;
    int ends[2], status;
    pid_t pid;

    buf[0] = '\0';
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_set(err, "cannot create a pipe: %s", strerror(errno));
    streams = (struct streams){{input, ends[1], errors < 0 ? ends[1] : errors}};
    pid = spawn(argv, env, &streams, err);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return -1;
    }
    drain(ends[0], deadline, buf, n);
    close(ends[0]);
    status = proc_wait(pid, deadline);
    if (status == 0)
        return 0;
    if (WIFSIGNALED(status) && tick_now() >= deadline)
        snprintf(how, 64, "did not end within %g s", seconds);
    else
        proc_print_status(status, how, 64);
    return 1;
}

int proc_capture(char *const argv[], double seconds, char *buf, size_t n,
                 struct error *err)
{
    char how[64];
    int rc = capture(argv, environ, -1, -1, seconds, buf, n, how, err);

    if (rc <= 0)
        return rc;
    buf[strcspn(buf, "\n")] = '\0';
    return error_set(err, "'%s' %s: %.200s", argv[0], how,
                     buf[0] ? buf : "(it printed nothing)");
}

/* A file in memory with a text, to be read from its start. */
static int memory_file(const char *text, struct error *err)
{
    size_t n = strlen(text), done = 0;
    int fd = memfd_create("srbench", MFD_CLOEXEC);

    while (fd >= 0 && done < n) {
        ssize_t put = write(fd, text + done, n - done);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            break;
        done += (size_t)put;
    }
    if (fd >= 0 && done == n && lseek(fd, 0, SEEK_SET) == 0)
        return fd;
    error_set(err, "cannot keep %zu bytes in memory: %s", n, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* The start of such a file as one line, in place of what is in buf; that stays
 * where the file is empty. */
static void one_line(int fd, char *buf, size_t n)
{
    char text[2048];
    ssize_t got = pread(fd, text, sizeof text - 1, 0);

    if (got > 0) {
        text[got] = '\0';
        snprintf(buf, n, "%s", text);
    }
    for (char *end = buf + strlen(buf); end > buf && end[-1] == '\n';)
        *--end = '\0';
    for (char *c = buf; *c; c++)
        if (*c == '\n')
            *c = ' ';
}

int proc_ask(char *const argv[], const char *input, char *const env[],
             double seconds, char *buf, size_t n, struct error *err)
{
    int in, errors, rc = -1;
    char how[64];

    buf[0] = '\0';
    in = memory_file(input ? input : "", err);
    errors = in < 0 ? -1 : memory_file("", err);
    if (errors < 0)
        goto out;
    rc = capture(argv, env ? env : environ, in, errors, seconds, buf, n, how,
                 err);
    if (rc > 0) {
        one_line(errors, buf, n);
        rc = error_set(err, "'%s' %s: %.500s", argv[0], how,
                       buf[0] ? buf : "(it printed nothing)");
    }
    close(errors);
out:
    if (in >= 0)
        close(in);
    return rc;
}
