#include "base/path.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_LINKS 40 /* as many as the kernel follows */

/* The length of the folder's name with its slash, 0: the current one. */
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* Where the link `at` leads, which says `to`. */
static int follow(char at[PATH_MAX], const char *to)
{
    char next[PATH_MAX];
    int n = snprintf(next, sizeof next, "%.*s%s",
                     to[0] == '/' ? 0 : (int)folder_length(at), at, to);

    if (n < 0 || n >= (int)sizeof next)
        return -1;
    memcpy(at, next, (size_t)n + 1);
    return 0;
}

static int check_folder(const char *path, const char *target, struct error *err)
{
    char folder[PATH_MAX];
    size_t n = folder_length(target);
    struct stat st;

    snprintf(folder, sizeof folder, "%.*s", n ? (int)n : 1, n ? target : ".");
    if (stat(folder, &st) == 0 && S_ISDIR(st.st_mode))
        return 0;
    return error_set(
        err,
        "'%s' is a link to '%s', and there is no folder '%s'; make "
        "the folder, or remove the link",
        path, target, folder);
}

static int too_long(const char *path, struct error *err)
{
    return error_set(err, "the path is too long: '%s'", path);
}

/* The end of a chain of links, where there is any. */
static int settle(char *path, size_t room, const char *at, struct error *err)
{
    if (check_folder(path, at, err) < 0)
        return -1;
    if (strlen(at) >= room)
        return too_long(at, err);
    memcpy(path, at, strlen(at) + 1);
    return 0;
}

int path_target(char *path, size_t room, struct error *err)
{
    char at[PATH_MAX], to[PATH_MAX];

    if (strlen(path) >= sizeof at)
        return too_long(path, err);
    memcpy(at, path, strlen(path) + 1);
    for (int links = 0; links <= MOST_LINKS; links++) {
        ssize_t n = readlink(at, to, sizeof to - 1);

        if (n < 0) /* no link, or nothing at all */
            return links == 0 ? 0 : settle(path, room, at, err);
        to[n] = '\0';
        if (follow(at, to) < 0)
            return too_long(path, err);
    }
    return error_set(
        err, "'%s' is a link that leads round in a circle; remove it", path);
}

static bool same_inode(const char *a, const char *b)
{
    struct stat one, other;

    return stat(a, &one) == 0 && stat(b, &other) == 0 &&
           one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

bool path_same(const char *a, const char *b)
{
    struct error ignored;
    char one[PATH_MAX], other[PATH_MAX];
    size_t n, k;

    snprintf(one, sizeof one, "%s", a);
    snprintf(other, sizeof other, "%s", b);
    if (path_target(one, sizeof one, &ignored) < 0 ||
        path_target(other, sizeof other, &ignored) < 0)
        return false;
    if (strcmp(one, other) == 0 || same_inode(one, other))
        return true;
    n = folder_length(one);
    k = folder_length(other);
    if (strcmp(one + n, other + k) != 0)
        return false;
    one[n] = other[k] = '\0';
    return same_inode(n ? one : ".", k ? other : ".");
}
