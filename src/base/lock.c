#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/line.h"

/* What FILE.lock says: host, process, when that began (proc(5), field 22 of
 * stat), in which kernel and PID namespace, and of which job ("-": none). */
struct holder {
    char host[65], place[128], job[128];
    long pid;
    unsigned long long began;
};

#define HOLDER "%s %ld %llu %s %s\n"
enum { HOLDER_MAX = 512, HOLDER_WORDS = 5, TRIES = 100 };

bool lock_by_name;

/* When a process of this machine began, in ticks since it booted; 0: there is
 * none. The name before it may hold blanks and brackets. */
static unsigned long long began(long pid)
{
    char path[64], text[1024] = "";
    const char *p;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    f = fopen(path, "re");
    if (!f)
        return 0;
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    p = strrchr(text, ')');
    for (int field = 2; p && field < 22; field++)
        p = strchr(p + 1, ' ');
    return p ? strtoull(p, NULL, 10) : 0;
}

/* Where process numbers mean the same: one boot of a kernel, one namespace. */
static void find_place(char *buf, size_t n)
{
    char boot[64], space[64] = "";

    line_first("/proc/sys/kernel/random/boot_id", boot, sizeof boot);
    if (readlink("/proc/self/ns/pid", space, sizeof space - 1) < 0)
        space[0] = '\0';
    snprintf(buf, n, "%s/%s", boot, space);
}

static void describe_self(struct holder *h, const char *job)
{
    memset(h, 0, sizeof *h);
    if (gethostname(h->host, sizeof h->host - 1) < 0 || !h->host[0])
        snprintf(h->host, sizeof h->host, "?");
    h->pid = (long)getpid();
    h->began = began(h->pid);
    find_place(h->place, sizeof h->place);
    snprintf(h->job, sizeof h->job, "%s", job && job[0] ? job : "-");
    for (char *c = h->job; *c; c++)
        *c = *c == ' ' || *c == '\n' ? '_' : *c;
}

static bool read_holder(int fd, struct holder *h)
{
    char text[HOLDER_MAX], *word[HOLDER_WORDS], *rest = NULL;
    ssize_t n = pread(fd, text, sizeof text - 1, 0);

    memset(h, 0, sizeof *h);
    text[n > 0 ? n : 0] = '\0';
    for (int i = 0; i < HOLDER_WORDS; i++) {
        word[i] = strtok_r(i == 0 ? text : NULL, " \n", &rest);
        if (!word[i])
            return false;
    }
    snprintf(h->host, sizeof h->host, "%s", word[0]);
    h->pid = strtol(word[1], NULL, 10);
    h->began = strtoull(word[2], NULL, 10);
    snprintf(h->place, sizeof h->place, "%s", word[3]);
    snprintf(h->job, sizeof h->job, "%s", word[4]);
    return true;
}

static int write_holder(struct lock *l, const char *job, struct error *err)
{
    struct holder h;
    char text[HOLDER_MAX];
    int n;

    describe_self(&h, job);
    n = snprintf(text, sizeof text, HOLDER, h.host, h.pid, h.began, h.place,
                 h.job);
    if (ftruncate(l->fd, 0) == 0 && pwrite(l->fd, text, (size_t)n, 0) == n)
        return 0;
    error_set(err, "cannot write '%s': %s; choose another --output", l->path,
              strerror(errno));
    lock_release(l);
    return -1;
}

/* Whether a holder of this machine is gone; of others that cannot be said. */
static bool is_gone(const struct holder *h)
{
    struct holder self;

    describe_self(&self, "");
    return strcmp(h->place, self.place) == 0 && began(h->pid) != h->began;
}

static int refuse(const struct lock *l, const char *path, bool known,
                  const struct holder *h, struct error *err)
{
    bool job = known && strcmp(h->job, "-") != 0;
    char who[512] = "";

    if (known)
        snprintf(who, sizeof who, " (%s%s%son %s, pid %ld)", job ? "job " : "",
                 job ? h->job : "", job ? " " : "", h->host, h->pid);
    return error_set(err,
                     "another srbench%s is writing '%s'; wait for its end, or "
                     "choose another --output (if it is over, remove '%s')",
                     who, path, l->path);
}

static bool same_text(const struct holder *a, const struct holder *b)
{
    return a->pid == b->pid && a->began == b->began &&
           strcmp(a->host, b->host) == 0 && strcmp(a->place, b->place) == 0;
}

/* Take away what a dead holder left. Another process may have done so and put
 * its own in place: then that is given back. */
static void take_away(const struct lock *l, const struct holder *dead)
{
    char aside[PATH_MAX];
    struct holder h;
    int fd;

    if (snprintf(aside, sizeof aside, "%s.%ld", l->path, (long)getpid()) >=
            (int)sizeof aside ||
        rename(l->path, aside) < 0)
        return;
    fd = open(aside, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && !(read_holder(fd, &h) && same_text(&h, dead)) &&
        link(aside, l->path) < 0)
        h.pid = 0; /* a third one was quicker: all three will look again */
    if (fd >= 0)
        close(fd);
    unlink(aside);
}

/* Whether the name still leads to the file that is open. */
static bool is_named(const struct lock *l)
{
    struct stat mine, named;

    return fstat(l->fd, &mine) == 0 && stat(l->path, &named) == 0 &&
           mine.st_dev == named.st_dev && mine.st_ino == named.st_ino;
}

/* 0: locked; 1: by somebody else; -1: the file system has no locks. */
static int try_kernel(int fd)
{
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int rc;

    if (lock_by_name)
        return -1;
    do
        rc = fcntl(fd, F_SETLK, &all);
    while (rc < 0 && errno == EINTR);
    if (rc == 0)
        return 0;
    return errno == EACCES || errno == EAGAIN ? 1 : -1;
}

/* Open the lock file; *made: it was not there. */
static int open_file(struct lock *l, bool *made, struct error *err)
{
    *made = true;
    l->fd = open(l->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (l->fd < 0 && errno == EEXIST) {
        *made = false;
        l->fd = open(l->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
        if (l->fd < 0 && errno == ENOENT)
            return 1; /* gone meanwhile */
    }
    if (l->fd >= 0)
        return 0;
    return error_set(err, "cannot open '%s': %s; choose another --output",
                     l->path, strerror(errno));
}

/* One look: 0 locked, 1 look again, -1 refused. */
static int try_once(struct lock *l, const char *path, struct error *err)
{
    struct holder h;
    bool made, known;
    int rc = open_file(l, &made, err);

    if (rc != 0)
        return rc;
    rc = try_kernel(l->fd);
    if ((rc == 0 && is_named(l)) || (rc < 0 && made))
        return 0;
    known = read_holder(l->fd, &h);
    close(l->fd);
    l->fd = -1;
    if (rc == 0)
        return 1; /* its holder has just removed it */
    if (rc < 0 && known && is_gone(&h)) {
        take_away(l, &h);
        return 1;
    }
    return refuse(l, path, known, &h, err);
}

int lock_take(struct lock *l, const char *path, const char *job,
              struct error *err)
{
    int rc = 1;

    l->fd = -1;
    if (asprintf(&l->path, "%s.lock", path) < 0) {
        l->path = NULL;
        return error_set(err, "out of memory for the output '%s'", path);
    }
    for (int i = 0; i < TRIES && rc > 0; i++)
        rc = try_once(l, path, err);
    if (rc == 0)
        return write_holder(l, job, err);
    if (rc > 0)
        error_set(err, "'%s' comes and goes; choose another --output", l->path);
    free(l->path);
    l->path = NULL;
    return -1;
}

/* Removed while it is still held: whoever opened it before looks again. */
void lock_release(struct lock *l)
{
    if (l->path && l->fd >= 0) {
        unlink(l->path);
        close(l->fd);
    }
    free(l->path);
    *l = (struct lock){.fd = -1};
}
