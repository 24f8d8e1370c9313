#include "study/preflight_room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/scratch.h"
#include "base/units.h"
#include "plan/footprint.h"
#include "study/limits.h"

/* A server logs and, of a cluster, keeps the list of its members. */
#define SCRATCH_BYTES (INT64_C(1024) * 1024)
/* Its folder, that of all, a socket, that list, and its successor. */
#define SCRATCH_FILES INT64_C(5)
/* What the smallest file takes for a while: room is taken ahead of what is
 * written, and given back at the end (src/sink/hdf5_keep.c). */
#define FILE_AHEAD (INT64_C(4) * 1024 * 1024)
/* Of what is to come at most so much is tried: a quota that is used up shows.
 */
#define TRY_BYTES (INT64_C(8) * 1024 * 1024)
/* What a server's socket is called below the folder for scratch. */
#define SOCKET_NAME "/server-99999/redis.sock"

/* What a full disk, a quota and a limit say. */
static bool is_full(int why)
{
    return why == ENOSPC || why == EDQUOT || why == EFBIG;
}

/* Allocate the first of so many bytes in a folder, in a file that is gone at
 * once. -1 with errno where there is no room; for other reasons the file itself
 * will be refused by its name, and a file system that cannot tell is none. */
static int try_room(const char *folder, int64_t bytes)
{
    char path[4200];
    int fd, rc, why;

    snprintf(path, sizeof path, "%s/.srbench-room-XXXXXX", folder);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return is_full(errno) ? -1 : 0;
    unlink(path);
    rc = fallocate(fd, 0, 0, bytes < TRY_BYTES ? bytes : TRY_BYTES);
    why = errno;
    close(fd);
    errno = why;
    return rc < 0 && is_full(why) ? -1 : 0;
}

/* ---- scratch ---- */

static int refuse_scratch(const char *path, const char *what, const char *why,
                          struct error *err)
{
    return error_set(err,
                     "the folder for scratch, %.200s, %s%s; set TMPDIR to a "
                     "node-local folder",
                     path, what, why);
}

/* Its room, by its own word. */
static int check_space(const char *path, const struct statfs *fs, int servers,
                       struct error *err)
{
    int64_t need = servers * SCRATCH_BYTES;
    int64_t have =
        footprint_product((int64_t)fs->f_bavail, (int64_t)fs->f_bsize);
    char left[32], wanted[32];

    if (fs->f_blocks > 0 && have < need)
        return error_set(err,
                         "the folder for scratch, %.200s, has %s left, and its "
                         "servers may need %s; set TMPDIR to a folder with "
                         "room",
                         path, units_print_bytes(have, left, sizeof left),
                         units_print_bytes(need, wanted, sizeof wanted));
    if (fs->f_files > 0 && /* 0: as many as there is room for */
        (int64_t)fs->f_ffree < servers * SCRATCH_FILES)
        return error_set(err,
                         "the folder for scratch, %.200s, has room for %lld "
                         "more files, and its servers may need %lld; set "
                         "TMPDIR to a folder with room",
                         path, (long long)fs->f_ffree,
                         (long long)(servers * SCRATCH_FILES));
    return 0;
}

/* A folder as servers will have one: with a lock, room, and short names. */
static int try_scratch(const char *parent, int servers, bool sockets,
                       struct error *err)
{
    const size_t most = sizeof((struct sockaddr_un){0}.sun_path) - 1;
    struct scratch s;
    size_t length;
    int rc = 0;

    if (scratch_open(&s, err) < 0)
        return -1;
    length = strlen(s.path) + strlen(SOCKET_NAME);
    if (sockets && length > most)
        rc = error_set(err,
                       "the folder for scratch, %.200s, makes the paths of "
                       "Unix sockets %zu bytes too long; set TMPDIR to a "
                       "folder with a shorter path",
                       parent, length - most);
    else if (try_room(s.path, servers * SCRATCH_BYTES) < 0)
        rc = refuse_scratch(parent, "does not take what servers may need: ",
                            strerror(errno), err);
    scratch_close(&s);
    return rc;
}

int preflight_scratch(int servers, bool sockets, struct error *err)
{
    const char *path = scratch_parent(), *network;
    struct statfs fs;

    if (access(path, W_OK | X_OK) != 0 || statfs(path, &fs) != 0)
        return refuse_scratch(path, "cannot be used: ", strerror(errno), err);
    /* f_type is signed, and some file systems use its highest bit */
    network = footprint_network_file_system((uint32_t)fs.f_type);
    if (network)
        return error_set(err,
                         "the folder for scratch, %.200s, is on a network file "
                         "system (%s), which all servers would share; set "
                         "TMPDIR to a node-local folder",
                         path, network);
    if (check_space(path, &fs, servers, err) < 0 ||
        limits_file(SCRATCH_BYTES, "a server's log", err) < 0)
        return -1;
    return try_scratch(path, servers, sockets, err);
}

/* ---- results ---- */

/* The folder of the file, or the one above it that exists. */
static void existing_folder(const char *file, char *path, size_t n)
{
    snprintf(path, n, "%s", file);
    do {
        char *slash = strrchr(path, '/');

        if (!slash)
            snprintf(path, n, ".");
        else if (slash == path)
            path[1] = '\0';
        else
            *slash = '\0';
    } while (access(path, F_OK) != 0 && strcmp(path, ".") != 0 &&
             strcmp(path, "/") != 0);
}

static int refuse_results(const char *path, int why, struct error *err)
{
    return error_set(err,
                     "the folder of the results, %.200s, cannot be written: "
                     "%s; give another one with --output",
                     path, strerror(why));
}

int preflight_results(const char *output, int64_t bytes, struct error *err)
{
    int64_t need = footprint_sum(bytes, FILE_AHEAD), have;
    char path[4096], left[32], wanted[32];
    struct statvfs fs;

    existing_folder(output, path, sizeof path);
    if (access(path, W_OK | X_OK) != 0 || statvfs(path, &fs) != 0)
        return refuse_results(path, errno, err);
    have = footprint_product((int64_t)fs.f_bavail, (int64_t)fs.f_frsize);
    if (fs.f_blocks > 0 && have < need) /* 0: it does not say */
        return error_set(
            err,
            "the results may take %s, and %.200s has %s left; give another "
            "--output, or fewer iterations",
            units_print_bytes(need, wanted, sizeof wanted), path,
            units_print_bytes(have, left, sizeof left));
    if (limits_file(need, "the results", err) < 0)
        return -1;
    return try_room(path, need) < 0 ? refuse_results(path, errno, err) : 0;
}
