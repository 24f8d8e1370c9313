#include "base/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A folder gets its final name only once it is locked, so that one without a
 * lock is a left-over for certain. Until then it is called UNBORN; such a one
 * is a left-over when it is old. */
#define FINAL "srbench-%lu-"
#define UNBORN "srbench-new-%lu-"
#define UNBORN_SECONDS 60

static int remove_entry(const char *path, const struct stat *st, int type,
                        struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    remove(path);
    return 0;
}

void scratch_remove(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

const char *scratch_parent(void)
{
    const char *dir = getenv("TMPDIR");

    return dir && dir[0] == '/' ? dir : "/tmp";
}

static int open_dir(const char *path)
{
    return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
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

/* Create the folder under its first name, lock it, give it its last. */
static int create(struct scratch *s, char *unborn, struct error *err)
{
    if (!mkdtemp(unborn))
        return error_set(err,
                         "cannot create a scratch folder %s: %s; set TMPDIR "
                         "to a node-local folder with room",
                         unborn, strerror(errno));
    s->lock = open_dir(unborn);
    if (s->lock < 0 || flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
        error_set(err,
                  "cannot lock the scratch folder %s: %s; set TMPDIR to a "
                  "folder of a file system that has locks",
                  unborn, strerror(errno));
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

int scratch_open(struct scratch *s, struct error *err)
{
    const char *parent = scratch_parent();
    unsigned long uid = (unsigned long)getuid();
    char final[64], unborn[64], path[SRB_SCRATCH_MAX];

    s->lock = -1;
    snprintf(final, sizeof final, FINAL, uid);
    snprintf(unborn, sizeof unborn, UNBORN, uid);
    remove_leftovers(parent, final, 0);
    remove_leftovers(parent, unborn, UNBORN_SECONDS);
    /* room for what servers put below, sockets among them */
    if (strlen(parent) > sizeof s->path / 2)
        return error_set(err, "TMPDIR is too long a path: %s", parent);
    snprintf(s->path, sizeof s->path, "%s/%sXXXXXX", parent, final);
    snprintf(path, sizeof path, "%s/%sXXXXXX", parent, unborn);
    return create(s, path, err);
}

void scratch_close(struct scratch *s)
{
    scratch_remove(s->path);
    if (s->lock >= 0)
        close(s->lock);
    s->lock = -1;
}
