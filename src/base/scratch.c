#include "base/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/line.h"

/* A folder gets its final name only once it is locked, so that one without a
 * lock is a left-over for certain. Until then it is called UNBORN; such a one
 * is a left-over when it is old. */
#define FINAL "srbench-%s%lu-%s"
#define UNBORN "srbench-new-%s%lu-%s"
#define UNBORN_SECONDS 60

static int open_dir_at(int at, const char *name)
{
    return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int open_dir(const char *path)
{
    return open_dir_at(AT_FDCWD, path);
}

/* All that is in an open folder and on its file system; closes it. Every step
 * down goes by a descriptor, since who may rename what is on a path would lead
 * it to what is somebody's. */
static void empty_folder(int fd, dev_t dev)
{
    DIR *dir = fdopendir(fd);
    struct dirent *e;
    struct stat st;
    int below;

    if (!dir) {
        close(fd);
        return;
    }
    while ((e = readdir(dir))) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
            unlinkat(fd, e->d_name, 0) == 0)
            continue;
        below = open_dir_at(fd, e->d_name);
        if (below >= 0 && fstat(below, &st) == 0 && st.st_dev == dev)
            empty_folder(below, dev);
        else if (below >= 0)
            close(below);
        unlinkat(fd, e->d_name, AT_REMOVEDIR);
    }
    closedir(dir);
}

void scratch_remove(const char *path)
{
    int fd = open_dir(path);
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == getuid())
        empty_folder(fd, st.st_dev);
    else if (fd >= 0)
        close(fd);
    remove(path);
}

const char *scratch_parent(void)
{
    const char *dir = getenv("TMPDIR");

    return dir && dir[0] == '/' ? dir : "/tmp";
}

/* Remove a folder if it is ours, older than that, and nobody lives in it. */
static void remove_if_left(const char *path, time_t seconds)
{
    int fd = open_dir(path);
    struct stat st;

    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0 && st.st_uid == getuid() &&
        /* the time of a file may be ahead of time() by a tick */
        (seconds == 0 || time(NULL) - st.st_mtime >= seconds) &&
        flock(fd, LOCK_EX | LOCK_NB) == 0)
        scratch_remove(path);
    close(fd);
}

bool scratch_remove_left(const char *path)
{
    struct stat st;

    remove_if_left(path, 0);
    return lstat(path, &st) != 0;
}

static void remove_leftovers(const char *parent, const char *prefix,
                             time_t seconds)
{
    DIR *dir = opendir(parent);
    char path[SRB_SCRATCH_MAX];
    struct dirent *e;

    if (!dir)
        return;
    while ((e = readdir(dir))) {
        if (strncmp(e->d_name, prefix, strlen(prefix)) != 0)
            continue;
        if (snprintf(path, sizeof path, "%s/%s", parent, e->d_name) <
            (int)sizeof path)
            remove_if_left(path, seconds);
    }
    closedir(dir);
}

/* How a kind of scratch folder is made. */
struct manner {
    const char *parent, *kind;
    const char *set_by;  /* by what the parent is chosen */
    const char *boot;    /* which left-overs are this host's; "": all are */
    const char *no_room; /* what to do, where it cannot be made, */
    const char *no_lock; /* or not be locked; NULL: do without */
};

/* What a file system without locks says (flock(2); Lustre, NFS). */
static bool has_no_locks(int why)
{
    return why == ENOSYS || why == EOPNOTSUPP || why == ENOLCK || why == EINVAL;
}

/* Create the folder under its first name, lock it, give it its last. */
static int create(struct scratch *s, const struct manner *m, char *unborn,
                  struct error *err)
{
    struct stat st;

    if (!mkdtemp(unborn))
        return error_set(err, "cannot create a scratch folder %s: %s; %s",
                         unborn, strerror(errno), m->no_room);
    s->lock = open_dir(unborn);
    if (s->lock >= 0 && (fstat(s->lock, &st) != 0 || st.st_uid != geteuid() ||
                         (st.st_mode & 0777) != 0700)) {
        error_set(err, "the scratch folder %s is not the one that was made; %s",
                  unborn, m->no_room);
        goto fail;
    }
    if (s->lock < 0 || (flock(s->lock, LOCK_EX | LOCK_NB) != 0 &&
                        (m->no_lock || !has_no_locks(errno)))) {
        error_set(err, "cannot lock the scratch folder %s: %s; %s", unborn,
                  strerror(errno), m->no_lock ? m->no_lock : m->no_room);
        goto fail;
    }
    /* both names end in the characters that mkdtemp chose */
    memcpy(s->path + strlen(s->path) - 6, unborn + strlen(unborn) - 6, 6);
    if (rename(unborn, s->path) == 0)
        return 0;
    error_set(err, "cannot name the scratch folder %s: %s", s->path,
              strerror(errno));
fail:
    if (s->lock >= 0)
        close(s->lock);
    s->lock = -1;
    rmdir(unborn);
    return -1;
}

static int open_as(struct scratch *s, const struct manner *m, struct error *err)
{
    unsigned long uid = (unsigned long)getuid();
    char final[128], unborn[128], path[SRB_SCRATCH_MAX];

    s->lock = -1;
    snprintf(final, sizeof final, FINAL, m->kind, uid, m->boot);
    snprintf(unborn, sizeof unborn, UNBORN, m->kind, uid, m->boot);
    remove_leftovers(m->parent, final, 0);
    remove_leftovers(m->parent, unborn, UNBORN_SECONDS);
    /* room for what servers put below, sockets among them */
    if (strlen(m->parent) > sizeof s->path / 2)
        return error_set(err, "%s is too long a path: %s", m->set_by,
                         m->parent);
    snprintf(s->path, sizeof s->path, "%s/%sXXXXXX", m->parent, final);
    snprintf(path, sizeof path, "%s/%sXXXXXX", m->parent, unborn);
    return create(s, m, path, err);
}

int scratch_open(struct scratch *s, struct error *err)
{
    const struct manner m = {
        .parent = scratch_parent(),
        .kind = "",
        .set_by = "TMPDIR",
        .boot = "",
        .no_room = "set TMPDIR to a node-local folder with room",
        .no_lock = "set TMPDIR to a folder of a file system that has locks"};

    return open_as(s, &m, err);
}

/* The first characters of this boot's number (random(4)), and a hyphen. */
static void boot_of(char boot[16])
{
    line_first("/proc/sys/kernel/random/boot_id", boot, 9);
    if (strlen(boot) == 8)
        memcpy(boot + 8, "-", 2);
    else
        memcpy(boot, "unknown-", 9);
}

int scratch_open_in(struct scratch *s, const char *parent, const char *kind,
                    const char *advice, struct error *err)
{
    char boot[16], named[32];
    const struct manner m = {.parent = parent,
                             .kind = named,
                             .set_by = "the folder",
                             .boot = boot,
                             .no_room = advice};

    boot_of(boot);
    snprintf(named, sizeof named, "%s-", kind);
    return open_as(s, &m, err);
}

void scratch_close(struct scratch *s)
{
    scratch_remove(s->path);
    if (s->lock >= 0)
        close(s->lock);
    s->lock = -1;
}
