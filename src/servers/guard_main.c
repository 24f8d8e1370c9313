/* The guard's own process: single-threaded, so it may fork. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/proc.h"
#include "base/procstat.h"
#include "base/scratch.h"
#include "base/tick.h"
#include "servers/guard.h"
#include "servers/guard_wire.h"
#include "servers/last_words.h"

#define STEWARD 0 /* the descriptor */
#define LOG_NAME "log"
/* Of its end: a report of a crash stands behind the reason. */
#define LOG_MAX ((size_t)256 * 1024)
#define SAID_MAX 500

struct server {
    pid_t pid; /* 0: ended */
    int number;
    struct memory_looks looks;
};

struct den {
    struct scratch scratch;
    struct server *servers;
    size_t n, room;
    int started;  /* ever, which numbers the folders */
    bool looks;   /* at what they have resident */
    int children; /* signalfd */
};

static void folder_of(const struct den *d, int number, char *path, size_t n)
{
    snprintf(path, n, "%s/server-%d", d->scratch.path, number);
}

/* The end of a server's log; "" if it said nothing. */
static void read_log(const char *folder, char *log, size_t n)
{
    char path[SRB_SCRATCH_MAX + 64];
    ssize_t got = 0;
    struct stat st;
    int fd;

    log[0] = '\0';
    snprintf(path, sizeof path, "%s/" LOG_NAME, folder);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0 && st.st_size > (off_t)n - 1)
        lseek(fd, -((off_t)n - 1), SEEK_END);
    got = read(fd, log, n - 1);
    close(fd);
    log[got > 0 ? got : 0] = '\0';
}

/* Tell the steward how a server ended. */
static void report_end(const struct den *d, const struct server *v, pid_t pid,
                       int status)
{
    char folder[SRB_SCRATCH_MAX + 32], how[64], said[SAID_MAX];
    static char log[LOG_MAX]; /* a guard has one thread */
    struct error words;

    folder_of(d, v->number, folder, sizeof folder);
    log[0] = '\0';
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        read_log(folder, log, sizeof log); /* else it had no time for words */
    last_words(log, WIFSIGNALED(status), said, sizeof said);
    error_set(&words, "the database server (pid %ld) %s%s%s", (long)pid,
              proc_print_status(status, how, sizeof how),
              said[0] ? "; it said: " : "", said);
    guard_wire_send(STEWARD, WIRE_ENDED, pid, words.text,
                    (uint32_t)strlen(words.text));
}

/* Collect children that ended, with whatever they started and left behind (a
 * number that is not reaped yet is nobody else's); returns how many still run.
 */
static size_t reap(struct den *d, bool report)
{
    siginfo_t end = {0};
    size_t running = 0;
    int status;

    while (waitid(P_ALL, 0, &end, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           end.si_pid > 0) {
        kill(-end.si_pid, SIGKILL);
        if (waitpid(end.si_pid, &status, 0) < 0)
            break;
        for (size_t i = 0; i < d->n; i++)
            if (d->servers[i].pid == end.si_pid) {
                d->servers[i].pid = 0;
                if (report)
                    report_end(d, &d->servers[i], end.si_pid, status);
            }
        end.si_pid = 0;
    }
    for (size_t i = 0; i < d->n; i++)
        running += d->servers[i].pid != 0;
    return running;
}

/* Each server leads a process group of its own, so that one behind a wrapper
 * script goes with it; one that has left that group is killed alone. */
static int kill_all(struct den *d)
{
    int killed = 0;

    for (size_t i = 0; i < d->n; i++)
        if (d->servers[i].pid && (kill(-d->servers[i].pid, SIGKILL) == 0 ||
                                  kill(d->servers[i].pid, SIGKILL) == 0))
            killed++;
    for (size_t i = 0; i < d->n; i++)
        while (d->servers[i].pid && waitpid(d->servers[i].pid, NULL, 0) < 0 &&
               errno == EINTR)
            ;
    return killed;
}

/* Wait for all to end by themselves, as long as there is somebody who wants to
 * know, then kill; forget them. */
static int stop_all(struct den *d, int64_t deadline)
{
    char folder[SRB_SCRATCH_MAX + 32];
    int killed = 0;

    while (reap(d, false) > 0 && tick_now() < deadline) {
        struct pollfd p[2] = {{.fd = d->children, .events = POLLIN},
                              {.fd = STEWARD, .events = 0}};
        struct signalfd_siginfo info;

        if (poll(p, 2, tick_left_ms(deadline)) <= 0)
            continue;
        if (p[1].revents ||
            (p[0].revents && read(d->children, &info, sizeof info) < 0))
            break;
    }
    if (reap(d, false) > 0)
        killed = kill_all(d);
    for (size_t i = 0; i < d->n; i++) {
        folder_of(d, d->servers[i].number, folder, sizeof folder);
        scratch_remove(folder);
    }
    d->n = 0;
    return killed;
}

/* A descriptor with this text behind it that is nowhere in the file system (a
 * configuration may hold a password). */
static int text_as_file(const char *text)
{
    size_t len = strlen(text), done = 0;
    int fd = memfd_create("configuration", MFD_CLOEXEC);

    while (fd >= 0 && done < len) {
        ssize_t put = write(fd, text + done, len - done);

        if (put < 0 && errno != EINTR) {
            close(fd);
            return -1;
        }
        done += put > 0 ? (size_t)put : 0;
    }
    if (fd >= 0)
        lseek(fd, 0, SEEK_SET);
    return fd;
}

static int write_file(const char *folder, const char *name, const char *text)
{
    char path[SRB_SCRATCH_MAX + 128];
    size_t len = strlen(text);
    FILE *f;
    bool ok;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    f = fopen(path, "wxe");
    if (!f)
        return -1;
    ok = fwrite(text, 1, len, f) == len;
    return fclose(f) == 0 && ok ? 0 : -1;
}

/* A server may hold as many connections as the hard limit allows. */
static void raise_file_limit(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

struct launch_order {
    const struct wire_start *head;
    const void *cpus;
    const char *file_name, *file_text, *input;
    char **argv;
    const char *env; /* name, value, name, value, …, each with its NUL */
};

/* A core of a server would hold what clients told it, passwords too. */
static void leave_no_core(void)
{
    const struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
}

/* In the child; the guard's own stays as it is. */
static int set_environment(const struct launch_order *o)
{
    const char *at = o->env;

    for (uint32_t i = 0; i < o->head->nenv; i++) {
        const char *name = at, *value = name + strlen(name) + 1;

        if (setenv(name, value, 1) != 0)
            return -1;
        at = value + strlen(value) + 1;
    }
    return 0;
}

/* In the child. Signals stay blocked: what is meant for srbench (a batch system
 * signals every process of a job) must not stop a server; SHUTDOWN and SIGKILL
 * do. The parent-death signal comes when the guard dies; one that died before
 * it was set is seen by getppid(). */
static void become_server(const struct launch_order *o, const char *folder,
                          int input, int report, pid_t guard)
{
    int log, failure;
    sigset_t children;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != guard)
        _exit(127);
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_UNBLOCK, &children, NULL);
    if (setpgid(0, 0) != 0 || chdir(folder) != 0)
        goto fail;
    log = open(LOG_NAME, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0 || dup2(input, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
        goto fail;
    raise_file_limit();
    leave_no_core();
    if (set_environment(o) != 0)
        goto fail;
    if (o->head->cpus_bytes &&
        sched_setaffinity(0, o->head->cpus_bytes, o->cpus) != 0)
        goto fail;
    execvp(o->argv[0], o->argv);
fail:
    failure = errno;
    if (write(report, &failure, sizeof failure) < 0)
        _exit(126);
    _exit(127);
}

/* Fork and exec; returns the pid, or -1 with errno. */
static pid_t launch(const struct launch_order *o, const char *folder)
{
    int ends[2], failure = 0, input = text_as_file(o->input);
    pid_t guard = getpid(), pid = -1;

    if (input < 0 || pipe2(ends, O_CLOEXEC) != 0) {
        failure = errno;
        if (input >= 0)
            close(input);
        errno = failure;
        return -1;
    }
    pid = fork();
    if (pid == 0)
        become_server(o, folder, input, ends[1], guard);
    failure = pid < 0 ? errno : 0;
    close(ends[1]);
    close(input);
    /* the pipe closes at exec, or brings what failed before it */
    if (pid > 0 && read(ends[0], &failure, sizeof failure) > 0) {
        waitpid(pid, NULL, 0);
        pid = -1;
    }
    close(ends[0]);
    errno = failure;
    return pid;
}

static int refuse(const char *what, const char *name, int failure)
{
    struct error words;

    error_set(&words, "cannot %s %s: %s", what, name, strerror(failure));
    return guard_wire_send(STEWARD, WIRE_STARTED, -1, words.text,
                           (uint32_t)strlen(words.text));
}

static int start_server(struct den *d, const struct launch_order *o)
{
    char folder[SRB_SCRATCH_MAX + 32];
    struct server *v;
    pid_t pid;

    if (d->n == d->room) {
        size_t room = d->room ? 2 * d->room : 8;

        v = realloc(d->servers, room * sizeof *v);
        if (!v)
            return refuse("describe", o->argv[0], ENOMEM);
        d->servers = v;
        d->room = room;
    }
    v = &d->servers[d->n];
    v->number = d->started++;
    folder_of(d, v->number, folder, sizeof folder);
    if (mkdir(folder, 0700) != 0)
        return refuse("create the folder", folder, errno);
    if (o->file_name[0] && write_file(folder, o->file_name, o->file_text) < 0)
        return refuse("write", o->file_name, errno);
    pid = launch(o, folder);
    if (pid < 0)
        return refuse("start", o->argv[0], errno);
    v->pid = pid;
    memory_looks_begin(&v->looks);
    d->n++;
    return guard_wire_send(STEWARD, WIRE_STARTED, pid, folder,
                           (uint32_t)strlen(folder));
}

/* Take a WIRE_START apart. */
static int obey_start(struct den *d, const char *payload)
{
    struct wire_start head;
    struct launch_order o = {.head = &head};
    const char *at = payload + sizeof head;
    int rc;

    memcpy(&head, payload, sizeof head);
    o.cpus = at;
    o.file_name = at + head.cpus_bytes;
    o.file_text = o.file_name + strlen(o.file_name) + 1;
    o.input = o.file_text + strlen(o.file_text) + 1;
    o.argv = calloc(head.nargs + 1, sizeof *o.argv);
    if (!o.argv)
        return refuse("start", "a server", ENOMEM);
    at = o.input + strlen(o.input) + 1;
    for (uint32_t i = 0; i < head.nargs; i++) {
        /* execvp() takes char *const[] but changes nothing */
        memcpy(&o.argv[i], &at, sizeof at);
        at += strlen(at) + 1;
    }
    o.env = at;
    rc = start_server(d, &o);
    free(o.argv);
    return rc;
}

/* ---- looks at memory ---- */

static void begin_looks(struct den *d)
{
    d->looks = true;
    for (size_t i = 0; i < d->n; i++)
        memory_looks_begin(&d->servers[i].looks);
}

/* All servers are looked at together. */
static int64_t next_look(const struct den *d)
{
    return memory_looks_due(&d->servers[0].looks);
}

static void look(struct den *d)
{
    int64_t now = tick_now();

    if (now < next_look(d))
        return;
    for (size_t i = 0; i < d->n; i++) {
        struct server *v = &d->servers[i];

        memory_looks_add(&v->looks, now,
                         v->pid ? procstat_resident(v->pid) : -1);
    }
}

/* The last look is that of the end. */
static int tell_looks(struct den *d)
{
    struct memory_looks *all = calloc(d->n + 1, sizeof *all);
    uint32_t bytes = (uint32_t)(d->n * sizeof *all);
    int rc;

    d->looks = false;
    for (size_t i = 0; all && i < d->n; i++) {
        struct server *v = &d->servers[i];

        if (v->pid)
            memory_looks_add(&v->looks, tick_now(), procstat_resident(v->pid));
        all[i] = v->looks;
    }
    rc = guard_wire_send(STEWARD, WIRE_SEEN, all ? (int64_t)d->n : 0, all,
                         all ? bytes : 0);
    free(all);
    return rc;
}

/* One order of the steward; -1 when it is gone. */
static int obey(struct den *d)
{
    struct wire head;
    char *payload;
    int rc = guard_wire_receive(STEWARD, -1, &head, &payload);

    if (rc <= 0)
        return -1;
    rc = 0;
    if (head.type == WIRE_START)
        rc = obey_start(d, payload);
    else if (head.type == WIRE_LOOK)
        begin_looks(d);
    else if (head.type == WIRE_SEEN)
        rc = tell_looks(d);
    else if (head.type == WIRE_STOP)
        rc = guard_wire_send(
            STEWARD, WIRE_STOPPED,
            stop_all(d, tick_deadline((double)head.value * 1e-3)), NULL, 0);
    else
        rc = -1;
    free(payload);
    return rc;
}

/* Signals of a launcher or a terminal are not for the guard: it ends when the
 * steward does. SIGCHLD is read as an event. */
static int block_signals(void)
{
    static const int ignored[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,
                                  SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM,
                                  SIGTSTP, SIGTTIN, SIGTTOU};
    sigset_t mask, children;

    /* a file that grows too large is an error of writing, for servers too,
     * which inherit it */
    signal(SIGXFSZ, SIG_IGN);
    sigemptyset(&mask);
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        sigaddset(&mask, ignored[i]);
    sigaddset(&mask, SIGCHLD);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    return signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void watch(struct den *d)
{
    for (;;) {
        struct pollfd p[2] = {{.fd = STEWARD, .events = POLLIN},
                              {.fd = d->children, .events = POLLIN}};
        struct signalfd_siginfo info;
        bool looks = d->looks && d->n > 0;

        if (poll(p, 2, looks ? tick_left_ms(next_look(d)) : -1) < 0 &&
            errno != EINTR)
            return;
        if (looks)
            look(d);
        if (p[1].revents && read(d->children, &info, sizeof info) > 0)
            reap(d, true);
        if (p[0].revents && obey(d) < 0)
            return;
    }
}

int guard_main(void)
{
    struct den d = {.children = block_signals()};
    struct error err;

    prctl(PR_SET_NAME, "srbench-guard");
    if (scratch_open(&d.scratch, &err) < 0) {
        guard_wire_send(STEWARD, WIRE_HELLO, -1, err.text,
                        (uint32_t)strlen(err.text));
        return 1;
    }
    if (guard_wire_send(STEWARD, WIRE_HELLO, 0, d.scratch.path,
                        (uint32_t)strlen(d.scratch.path)) == 0)
        watch(&d);
    kill_all(&d);
    scratch_close(&d.scratch);
    free(d.servers);
    return 0;
}
