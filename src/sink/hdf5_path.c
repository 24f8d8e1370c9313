/* hdf5_path.c - where the result file appears: its folders, and all at once. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sink/hdf5_parts.h"

static void folder_of(const char *path, char folder[PATH_MAX])
{
    const char *slash = strrchr(path, '/');

    snprintf(folder, PATH_MAX, "%.*s", slash ? (int)(slash - path) + 1 : 1,
             slash ? path : ".");
}

int keep_folders(const char *path, struct error *err)
{
    char folder[PATH_MAX];
    size_t n = strlen(path);

    if (n >= sizeof folder)
        return error_set(err, "the path of the output is too long: '%s'", path);
    memcpy(folder, path, n + 1);
    for (char *p = folder + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(folder, 0777) && errno != EEXIST && errno != EISDIR)
            return error_set(err,
                             "cannot create the folder '%s' of the output: "
                             "%s; choose another --output",
                             folder, strerror(errno));
        *p = '/';
    }
    return 0;
}

static int refuse_existing(const char *path, struct error *err)
{
    return error_set(err,
                     "output '%s' exists; choose another --output, "
                     "--resume it, or --overwrite it",
                     path);
}

int keep_check(const char *path, bool overwrite, struct error *err)
{
    struct stat st;

    if (stat(path, &st)) {
        if (errno == ENOENT)
            return 0;
        return error_set(err,
                         "cannot look at the output '%s': %s; choose another "
                         "--output",
                         path, strerror(errno));
    }
    if (!S_ISREG(st.st_mode))
        return error_set(err,
                         "output '%s' exists and is not a file; choose "
                         "another --output",
                         path);
    return overwrite ? 0 : refuse_existing(path, err);
}

/* Whether a file's name is `base` and what keep_create() puts behind it. */
static bool is_made(const char *name, const char *base)
{
    static const char digits[] = "0123456789";
    size_t n = strlen(base);

    if (strncmp(name, base, n) != 0 || name[n] != '.')
        return false;
    name += n + 1;
    name += strspn(name, digits);
    if (*name != '-')
        return false;
    name++;
    return strcmp(name + strspn(name, digits), ".part") == 0;
}

void keep_sweep(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    char folder[PATH_MAX];
    struct dirent *e;
    DIR *dir;

    folder_of(path, folder);
    dir = opendir(folder);
    while (dir && (e = readdir(dir)))
        if (is_made(e->d_name, base))
            unlinkat(dirfd(dir), e->d_name, 0);
    if (dir)
        closedir(dir);
}

int keep_create(char *made, size_t room, const char *path, struct error *err)
{
    int fd, n;

    for (int i = 0; i < 100; i++) {
        n = snprintf(made, room, "%s.%ld-%d.part", path, (long)getpid(), i);
        if (n < 0 || (size_t)n >= room)
            return error_set(err, "the path of the output is too long: '%s'",
                             path);
        fd = open(made, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST)
            break;
    }
    if (fd < 0)
        return error_set(err,
                         "cannot create the output '%s': %s; choose another "
                         "--output",
                         path, strerror(errno));
    return fd;
}

/* A file system without hard links: claim the name, then move over it. */
static int claim(const char *made, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

    if (fd < 0)
        return -1;
    close(fd);
    return rename(made, path);
}

static int move_new(const char *made, const char *path)
{
    if (link(made, path) == 0) {
        unlink(made);
        return 0;
    }
    return errno == EEXIST ? -1 : claim(made, path);
}

/* So that the name is as durable as what it names; where a folder cannot be
 * synchronised, nothing is lost but this. */
static void sync_folder(const char *path)
{
    char folder[PATH_MAX];
    int fd;

    folder_of(path, folder);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

int keep_publish(const char *made, const char *path, bool overwrite,
                 struct error *err)
{
    int rc = overwrite ? rename(made, path) : move_new(made, path);

    if (rc && errno == EEXIST)
        return refuse_existing(path, err);
    if (rc)
        return error_set(err,
                         "cannot create the output '%s': %s; choose another "
                         "--output",
                         path, strerror(errno));
    sync_folder(path);
    return 0;
}
