/* Files, without a server: what a database is held against where a file system
 * is there anyway. */
#include "engine/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/scratch.h"
#include "base/units.h"
#include "engine/engine.h"
#include "node/node_info.h"

/* Of linux/magic.h: what is there takes memory. */
#define TMPFS 0x01021994
#define NODE_LOCAL "/dev/shm"
#define NAME_FILE "name"
#define ADVICE "give another db_path"
/* The user that the kernel shows for those it has no number for. */
#define NOBODY 65534

struct files {
    struct store base;
    struct scratch scratch;
    int folder; /* its descriptor */
    int shards;
};

static struct files *self(struct store *s)
{
    return (struct files *)(void *)s;
}

/* ---- a folder that is ours ---- */

static int open_folder(int at, const char *name)
{
    return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Whether it says that it is the one. */
static bool says(int folder, const char *where)
{
    char name[SRB_STORE_WHERE_MAX];
    int fd = openat(folder, NAME_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, name, sizeof name - 1);

    if (fd >= 0)
        close(fd);
    if (n < 0)
        return false;
    name[n] = '\0';
    return strcmp(name, where) == 0;
}

static int not_ours(const char *where, const char *what, struct error *err)
{
    return error_set(err, "db_path: the folder %s %s; " ADVICE, where, what);
}

int files_folder(const char *where, int shard, struct error *err)
{
    int folder = open_folder(AT_FDCWD, where), below;
    char name[16];
    struct stat st;

    if (folder < 0)
        return error_set(err,
                         "db_path: the folder %s is not there (%s), while the "
                         "node that has made it sees it; give a db_path that "
                         "all nodes see",
                         where, strerror(errno));
    /* setgid may be inherited */
    if (fstat(folder, &st) != 0 || st.st_uid != geteuid() ||
        (st.st_mode & 0777) != 0700) {
        close(folder);
        return not_ours(where, "is somebody else's, or open to others", err);
    }
    if (!says(folder, where)) {
        close(folder);
        return not_ours(where,
                        "is another one than the node has that has made "
                        "it",
                        err);
    }
    if (shard < 0)
        return folder;
    snprintf(name, sizeof name, "%d", shard);
    below = open_folder(folder, name);
    if (below < 0)
        error_set(err, "db_path: cannot open %s/%s: %s", where, name,
                  strerror(errno));
    close(folder);
    return below;
}

/* ---- the store ---- */

/* The folder in which it makes its own; NULL: none was given. */
static const char *parent_of(const struct store_terms *terms)
{
    if (strcmp(terms->path, "auto") != 0)
        return terms->path;
    return terms->experiment == EXPERIMENT_COLOCATED ? NODE_LOCAL : NULL;
}

/* Root's, or one's own. In a container that has users of its own, the host's
 * root is nobody: then its folders that are sticky, as /tmp. */
static bool is_trusted(const struct stat *st)
{
    return st->st_uid == 0 || st->st_uid == geteuid() ||
           (st->st_uid == NOBODY && S_ISDIR(st->st_mode) &&
            (st->st_mode & S_ISVTX));
}

/* Whose a folder is may exchange what is in it, be it sticky or not; whoever
 * may write to it likewise, where it is not; and whose a link is may lead us
 * elsewhere between two looks. */
static int check_owner(const char *path, const struct stat *st,
                       struct error *err)
{
    char bare[SRB_SCRATCH_MAX];
    struct stat self;

    /* what ends in / is what a link leads to */
    for (int n = snprintf(bare, sizeof bare, "%s", path) - 1;
         n > 0 && n < (int)sizeof bare - 1 && bare[n] == '/'; n--)
        bare[n] = '\0';
    if (lstat(bare, &self) == 0 && S_ISLNK(self.st_mode) && !is_trusted(&self))
        return error_set(
            err,
            "db_path: %s is a link of user %lu's, who may lead it "
            "elsewhere, expected one of your own or root's; " ADVICE,
            path, (unsigned long)self.st_uid);
    if (!is_trusted(st))
        return error_set(err,
                         "db_path: %s belongs to user %lu, who may exchange "
                         "what is in it, expected a folder of your own or "
                         "root's; " ADVICE ", such as a folder of yours in it",
                         path, (unsigned long)st->st_uid);
    if ((st->st_mode & S_IWOTH) && !(st->st_mode & S_ISVTX))
        return error_set(err,
                         "db_path: everybody may rename what is in %s (no "
                         "sticky bit), and exchange the tensors; " ADVICE,
                         path);
    return 0;
}

static int check_parent(const struct store_terms *terms, const char **parent,
                        struct error *err)
{
    const char *path = *parent = parent_of(terms);
    struct stat st;

    if (!path)
        return error_set(err, "db_path: found none, expected a folder that all "
                              "nodes see, for db_exe files in "
                              "throughput_standard; give one");
    if (path[0] != '/')
        return error_set(err,
                         "db_path: found '%s', expected a path from /: ranks "
                         "may have different folders of work",
                         path);
    if (stat(path, &st) != 0 || access(path, W_OK | X_OK) != 0)
        return error_set(err, "db_path: %s cannot be used: %s; " ADVICE, path,
                         strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return error_set(err, "db_path: %s is no folder; " ADVICE, path);
    return check_owner(path, &st, err);
}

/* What is left in a file system. */
struct room {
    int64_t bytes, files; /* INT64_MAX: it does not say */
    int64_t block;        /* of which a file takes whole ones */
};

static struct room room_in(const char *path)
{
    struct room room = {INT64_MAX, INT64_MAX, 1};
    struct statvfs fs;
    struct statfs kind;
    bool grouped;
    int64_t memory;

    if (statvfs(path, &fs) != 0)
        return room;
    room.block = fs.f_frsize > 0 ? (int64_t)fs.f_frsize : 1;
    if (fs.f_blocks > 0)
        room.bytes = footprint_product((int64_t)fs.f_bavail, room.block);
    if (fs.f_files > 0)
        room.files = (int64_t)fs.f_favail;
    if (statfs(path, &kind) != 0 || kind.f_type != TMPFS)
        return room;
    memory = node_info_memory_left("", &grouped);
    if (memory < room.bytes)
        room.bytes = memory;
    return room;
}

static int too_many(const struct store_terms *terms, const char *path,
                    const struct room *room, int64_t files, struct error *err)
{
    return error_set(err,
                     "db_path: %s has room for %lld more file%s, and %lld "
                     "client%s may take %lld; give a db_path with more inodes, "
                     "fewer clients, or fewer tensors or steps of them",
                     path, (long long)room->files, room->files == 1 ? "" : "s",
                     (long long)terms->clients, terms->clients == 1 ? "" : "s",
                     (long long)files);
}

static int check(const struct store_terms *terms, int64_t tensors,
                 struct error *err)
{
    const char *path;
    char need[32], left[32];
    struct room room;
    int64_t bytes, files;

    if (check_parent(terms, &path, err) < 0)
        return -1;
    room = room_in(path);
    bytes = footprint_product(tensors, (terms->bytes + room.block - 1) /
                                           room.block * room.block);
    if (bytes > room.bytes)
        return error_set(
            err,
            "db_path: %s has %s left, and the files of %lld client%s may take "
            "%s; give a db_path with more room, smaller tensors or fewer "
            "clients",
            path, units_print_bytes(room.bytes, left, sizeof left),
            (long long)terms->clients, terms->clients == 1 ? "" : "s",
            units_print_bytes(bytes, need, sizeof need));
    /* and of each client a counter, the folders, and the file with a name */
    files = footprint_sum(tensors, terms->clients + terms->shards + 2);
    return files > room.files ? too_many(terms, path, &room, files, err) : 0;
}

static int seen(const char *where, struct error *err)
{
    int folder = files_folder(where, -1, err);

    if (folder < 0)
        return -1;
    close(folder);
    return 0;
}

/* The file that names the folder, and a folder for each shard. */
static int furnish(struct files *f)
{
    const char *where = f->base.where;
    int fd = openat(f->folder, NAME_FILE,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool ok =
        fd >= 0 && write(fd, where, strlen(where)) == (ssize_t)strlen(where);
    char name[16];

    if (fd >= 0 && close(fd) != 0)
        ok = false;
    for (int k = 0; k < f->shards && ok; k++) {
        snprintf(name, sizeof name, "%d", k);
        ok = mkdirat(f->folder, name, 0700) == 0;
    }
    return ok ? 0 : -1;
}

static void close_files(struct store *s)
{
    struct files *f = self(s);

    if (f->folder >= 0)
        close(f->folder);
    scratch_close(&f->scratch);
    free(f);
}

static const struct store_ops files_ops;

static struct store *open_files(const struct store_terms *terms,
                                char **effective, struct error *err)
{
    struct files *f;
    const char *parent;
    size_t n;
    FILE *out;

    if (check_parent(terms, &parent, err) < 0)
        return NULL;
    f = mem_new(1, sizeof *f);
    f->base.ops = &files_ops;
    f->shards = terms->shards;
    if (scratch_open_in(&f->scratch, parent, "files", ADVICE, err) < 0) {
        free(f);
        return NULL;
    }
    snprintf(f->base.where, sizeof f->base.where, "%s", f->scratch.path);
    /* the one that was made, whatever its path leads to by now */
    f->folder = fcntl(f->scratch.lock, F_DUPFD_CLOEXEC, 0);
    if (f->folder < 0 || furnish(f) < 0) {
        error_set(err, "db_path: cannot write in %s: %s; " ADVICE,
                  f->scratch.path, strerror(errno));
        close_files(&f->base);
        return NULL;
    }
    out = mem_stream(effective, &n);
    fprintf(out, "path %s\nfolders %d\n", parent, f->shards);
    fclose(out);
    return &f->base;
}

/* All files of a folder. */
static int remove_files(int at, const char *name)
{
    int fd = open_folder(at, name), rc = 0;
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *e;

    if (!dir) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    while (rc == 0 && (e = readdir(dir)))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            rc = unlinkat(fd, e->d_name, 0);
    closedir(dir);
    return rc;
}

static int empty(struct store *s, struct error *err)
{
    struct files *f = self(s);
    char name[16];

    for (int k = 0; k < f->shards; k++) {
        snprintf(name, sizeof name, "%d", k);
        if (remove_files(f->folder, name) < 0)
            return error_set(err, "cannot empty %s/%s: %s", f->base.where, name,
                             strerror(errno));
    }
    return 0;
}

static const struct store_ops files_ops = {
    .shared = true,
    .check = check,
    .seen = seen,
    .open = open_files,
    .empty = empty,
    .close = close_files,
};

static const enum option_id alone[] = {OPT_DB_PATH, OPT_COUNT};

/* Its room is the file system's (check()), be that memory or not. */
const struct engine engine_files = {
    .name = "files",
    .help =
        "no server: files below db_path, put under another name and renamed",
    .kind = ENGINE_NOBODY,
    .rung = "files",
    .client = "files",
    .lacks = store_lacks,
    .alone = alone,
    .store = &files_ops,
};
