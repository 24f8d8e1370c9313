#include "srb/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "srb/tick.h"

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

static int set_files(posix_spawn_file_actions_t *files, int input, int output)
{
    int rc = posix_spawn_file_actions_init(files);

    if (rc != 0)
        return rc;
    if (input >= 0)
        rc = posix_spawn_file_actions_adddup2(files, input, 0);
    else
        rc = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY,
                                              0);
    for (int fd = 1; fd <= 2 && rc == 0; fd++) {
        if (output >= 0)
            rc = posix_spawn_file_actions_adddup2(files, output, fd);
        else
            rc = posix_spawn_file_actions_addopen(files, fd, "/dev/null",
                                                  O_WRONLY, 0);
    }
    return rc;
}

pid_t proc_spawn(char *const argv[], int input, int output, struct error *err)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, usual;
    pid_t pid = -1;
    int rc;

    close_all_on_exec();
    rc = set_files(&files, input, output);
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
    rc = posix_spawnp(&pid, argv[0], &files, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    if (rc == ENOENT)
        return error_set(err, "'%s' was not found%s", argv[0],
                         strchr(argv[0], '/') ? "" : " in PATH");
    if (rc != 0)
        return error_set(err, "cannot start '%s': %s", argv[0], strerror(rc));
    return pid;
}

int proc_wait(pid_t pid, int64_t deadline)
{
    int status = 0;

    for (int64_t nap = 100000;;) {
        pid_t got = waitpid(pid, &status, WNOHANG);

        if (got == pid || (got < 0 && errno != EINTR))
            return status;
        if (tick_now() >= deadline)
            break;
        tick_sleep(nap);
        if (nap < 5000000)
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

int proc_capture(char *const argv[], double seconds, char *buf, size_t n,
                 struct error *err)
{
    int64_t deadline = tick_deadline(seconds);
    int ends[2], status;
    char how[64];
    pid_t pid;

    buf[0] = '\0';
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_set(err, "cannot create a pipe: %s", strerror(errno));
    pid = proc_spawn(argv, -1, ends[1], err);
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
    buf[strcspn(buf, "\n")] = '\0';
    if (WIFSIGNALED(status) && tick_now() >= deadline)
        snprintf(how, sizeof how, "did not end within %g s", seconds);
    else
        proc_print_status(status, how, sizeof how);
    return error_set(err, "'%s' %s: %.200s", argv[0], how,
                     buf[0] ? buf : "(it printed nothing)");
}
