#include "base/terminal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/line.h"
#include "base/tick.h"

/* From the begin of the bottom line to the end of the screen: after a resize
 * it may have become several. */
#define TAKE_AWAY "\r\033[J"
#define MOST_PARENTS 32
#define MOST_LINE 1024

/* What was said takes its time through the launcher's processes: until the pipe
 * is empty and all of them sleep, some times in a row, at most so long. */
#define ARRIVE_NS INT64_C(500000000)
#define LOOK_NS INT64_C(2000000)
#define LOOKS 4

static struct {
    int fd;       /* -1: none */
    int launcher; /* pid; 0: this process */
    bool shown;   /* a bottom line is on it */
    bool spoken;  /* since the last one */
    bool lost;
} tty = {.fd = -1};

/* What the kernel says of a process. */
struct process {
    char name[32], state;
    int parent, group;
    int terminal, foreground; /* its controlling one, and the group there */
};

static bool look_at(int pid, struct process *p)
{
    enum { FIELDS = 5 };
    int field[FIELDS];
    char path[64], line[512], *begin, *end;

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    line_first(path, line, sizeof line);
    begin = strchr(line, '(');
    end = begin ? strrchr(begin, ')') : NULL; /* a name may have any of them */
    if (!end)
        return false;
    *end = '\0';
    snprintf(p->name, sizeof p->name, "%s", begin + 1);
    if (!end[1] || !end[2]) /* " S 1 2 3 4 5 ...": its state, then numbers */
        return false;
    p->state = end[2];
    end += 3;
    for (int k = 0; k < FIELDS; k++)
        field[k] = (int)strtol(end, &end, 10);
    p->parent = field[0];
    p->group = field[1];
    p->terminal = field[3];
    p->foreground = field[4];
    return true;
}

/* Those that start ranks for a launcher which is elsewhere, or for another
 * login. */
static bool is_daemon(const char *name)
{
    static const char *const names[] = {
        "slurmstepd", "slurmd",   "pbs_mom",     "pbs_attach",
        "flux-shell", "flux-imp", "flux-broker", "sshd",
        "in.rshd",    "systemd",  "init",        "sshd-session",
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static bool is_mine(int pid)
{
    char path[64];
    struct stat st;

    snprintf(path, sizeof path, "/proc/%d", pid);
    return stat(path, &st) == 0 && st.st_uid == geteuid();
}

/* Whether it reads the pipe, and does not write it as well. */
static bool reads(int pid, unsigned long pipe)
{
    char path[320];
    bool found = false;
    DIR *dir;

    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    dir = opendir(path);
    for (struct dirent *e; dir && !found && (e = readdir(dir));) {
        struct stat to, link;

        snprintf(path, sizeof path, "/proc/%d/fd/%s", pid, e->d_name);
        found = stat(path, &to) == 0 && S_ISFIFO(to.st_mode) &&
                to.st_ino == pipe && lstat(path, &link) == 0 &&
                (link.st_mode & (S_IRUSR | S_IWUSR)) == S_IRUSR;
    }
    if (dir)
        closedir(dir);
    return found;
}

/* One parent more: follows *pipe as far as this one does. */
enum step { STEP_ON, STEP_FOUND, STEP_LOST };

static enum step follow(int pid, unsigned long *pipe)
{
    char path[64];
    struct stat st;

    snprintf(path, sizeof path, "/proc/%d/fd/2", pid);
    if (stat(path, &st) < 0)
        return STEP_LOST;
    if (S_ISFIFO(st.st_mode) && st.st_ino == *pipe)
        return STEP_ON; /* it has what it handed to its child */
    if (!reads(pid, *pipe))
        return STEP_LOST;
    if (S_ISFIFO(st.st_mode)) {
        *pipe = st.st_ino;
        return STEP_ON;
    }
    return S_ISCHR(st.st_mode) && major(st.st_rdev) != 1 ? STEP_FOUND
                                                         : STEP_LOST;
}

int terminal_launcher(int pid, unsigned long pipe)
{
    struct process p;

    for (int k = 0; k < MOST_PARENTS && pid > 1; k++, pid = p.parent) {
        if (!is_mine(pid) || !look_at(pid, &p) || is_daemon(p.name))
            return 0;
        switch (follow(pid, &pipe)) {
        case STEP_FOUND:
            return pid;
        case STEP_LOST:
            return 0;
        case STEP_ON:
            break;
        }
    }
    return 0;
}

static bool is_wanted(void)
{
    const char *term = getenv("TERM"), *none = getenv("NO_COLOR");

    return term && *term && strcmp(term, "dumb") != 0 && !(none && *none);
}

/* Another way to the terminal, so that not waiting for it is this way's alone.
 */
static int open_again(const char *path)
{
    int fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    struct stat st;

    if (fd < 0)
        return -1;
    if (isatty(fd) && fstat(fd, &st) == 0 && st.st_uid == geteuid())
        return fd;
    close(fd);
    return -1;
}

void terminal_open(void)
{
    char path[64];
    struct stat st;

    terminal_close();
    if (!is_wanted() || fstat(STDERR_FILENO, &st) < 0)
        return;
    if (isatty(STDERR_FILENO)) {
        tty.fd = open_again("/proc/self/fd/2");
        return;
    }
    tty.launcher =
        S_ISFIFO(st.st_mode) ? terminal_launcher(getppid(), st.st_ino) : 0;
    snprintf(path, sizeof path, "/proc/%d/fd/2", tty.launcher);
    if (tty.launcher > 0)
        tty.fd = open_again(path);
}

void terminal_close(void)
{
    if (tty.fd >= 0)
        close(tty.fd);
    tty.fd = -1;
    tty.launcher = 0;
    tty.shown = tty.spoken = false;
}

bool terminal_own(void)
{
    return tty.fd >= 0 && tty.launcher == 0;
}

static void lose(void)
{
    tty.lost = tty.launcher > 0;
    terminal_close();
}

bool terminal_lost(void)
{
    terminal_there();
    return tty.lost;
}

/* A shell's prompt is not written over. */
static bool in_background(void)
{
    struct process p;
    struct stat st;

    return look_at(tty.launcher > 0 ? tty.launcher : getpid(), &p) &&
           fstat(tty.fd, &st) == 0 &&
           p.terminal == (int)makedev(major(st.st_rdev), minor(st.st_rdev)) &&
           p.foreground != p.group;
}

bool terminal_there(void)
{
    struct winsize size;

    if (tty.fd >= 0 && ioctl(tty.fd, TIOCGWINSZ, &size) < 0)
        lose();
    return tty.fd >= 0 && !in_background();
}

bool terminal_output(void)
{
    char path[64];
    struct stat out, there;

    if (!terminal_there())
        return false;
    if (tty.launcher > 0)
        snprintf(path, sizeof path, "/proc/%d/fd/1", tty.launcher);
    else
        snprintf(path, sizeof path, "/proc/self/fd/1");
    return stat(path, &out) == 0 && fstat(tty.fd, &there) == 0 &&
           S_ISCHR(out.st_mode) && out.st_rdev == there.st_rdev;
}

int terminal_columns(void)
{
    struct winsize size;

    if (tty.fd < 0 || ioctl(tty.fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return 80;
    return size.ws_col;
}

void terminal_spoken(void)
{
    tty.spoken = true;
}

/* Whether nothing of what was said is under way: what comes to a process wakes
 * it. */
static bool is_quiet(void)
{
    struct process p = {.parent = getppid()};
    int waiting = 0;

    if (ioctl(STDERR_FILENO, FIONREAD, &waiting) < 0 || waiting > 0)
        return false;
    for (int pid = p.parent; pid > 1; pid = p.parent) {
        if (!look_at(pid, &p) || p.state == 'R' || p.state == 'D')
            return false;
        if (pid == tty.launcher)
            return true;
    }
    return true;
}

/* What was said last takes another way than what is written here. */
static void let_arrive(void)
{
    int64_t deadline = tick_now() + ARRIVE_NS;

    if (!tty.spoken || tty.launcher == 0)
        return;
    for (int quiet = 0; quiet < LOOKS && tick_now() < deadline;) {
        quiet = is_quiet() ? quiet + 1 : 0;
        tick_sleep(LOOK_NS);
    }
    tty.spoken = false;
}

/* One that is stopped (^S) loses a line. Nobody stops this process for writing
 * from the background. */
static void put(const char *text, size_t n)
{
    sigset_t stop, before;

    sigemptyset(&stop);
    sigaddset(&stop, SIGTTOU);
    pthread_sigmask(SIG_BLOCK, &stop, &before);
    if (write(tty.fd, text, n) < 0 && errno != EAGAIN && errno != EINTR)
        lose();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void terminal_interrupt(void)
{
    static const char away[] = TAKE_AWAY;

    if (tty.fd >= 0 && tty.shown && write(tty.fd, away, sizeof away - 1) < 0)
        return;
}

/* As much of the text as so many columns take: up to a blank where there is
 * one, since half a word or number says something else. */
static size_t fitting(const char *text, int columns)
{
    const char *at = text, *blank = text;

    while (*at && (columns > 0 || *at == '\033')) {
        if (*at == '\033') {
            at += strcspn(at, "m");
            at += *at != '\0';
        } else {
            blank = *at == ' ' ? at : blank;
            at++;
            columns--;
        }
    }
    return (size_t)((*at && *at != ' ' && blank > text ? blank : at) - text);
}

void terminal_line(const char *text)
{
    char line[MOST_LINE];
    int n;

    if (tty.fd < 0 || (!*text && !tty.shown))
        return;
    if (*text)
        let_arrive();
    /* a line that fills the last column is broken by some terminals */
    n = snprintf(line, sizeof line, TAKE_AWAY "%.*s%s",
                 (int)fitting(text, terminal_columns() - 1), text,
                 *text ? "\033[0m\r" : "");
    put(line, n < (int)sizeof line ? (size_t)n : sizeof line - 1);
    tty.shown = *text != '\0';
}
