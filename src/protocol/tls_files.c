#include "protocol/tls_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"

/* More than all authorities of a system take. */
#define FILE_MAX ((size_t)4 * 1024 * 1024)

static int cannot(const char *option, const char *path, struct error *err)
{
    return error_set(err, "%s: cannot read '%s': %s", option, path,
                     strerror(errno));
}

/* Not through a stream, whose buffer would keep a copy of a key. */
static int read_bytes(int fd, struct tls_file *f)
{
    ssize_t got;

    do {
        got = read(fd, f->bytes + f->n, FILE_MAX - f->n);
        f->n += got > 0 ? (size_t)got : 0;
    } while ((got > 0 && f->n < FILE_MAX) || (got < 0 && errno == EINTR));
    return got < 0 ? -1 : 0;
}

static int read_open(int fd, const char *option, const char *path,
                     struct tls_file *f, struct error *err)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return cannot(option, path, err);
    if (S_ISDIR(st.st_mode))
        return 0;
    tls_room(f, FILE_MAX);
    f->n = 0;
    if (read_bytes(fd, f) < 0)
        return cannot(option, path, err);
    if (f->n == FILE_MAX)
        return error_set(err, "%s: '%s' is larger than 4 MiB", option, path);
    if (f->n == 0 && !S_ISREG(st.st_mode))
        return error_set(err,
                         "%s: '%s' is empty and no regular file: nothing was "
                         "written to it, or something else has read it",
                         option, path);
    return 0;
}

static int read_one(const char *option, const char *path, struct tls_file *f,
                    struct error *err)
{
    int fd, rc;

    if (!path || !path[0])
        return 0;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cannot(option, path, err);
    rc = read_open(fd, option, path, f, err);
    close(fd);
    return rc;
}

int tls_read(struct tls_files *f, const struct tls_terms *terms,
             struct error *err)
{
    memset(f, 0, sizeof *f);
    if (read_one("db_tls_ca", terms->ca, &f->file[TLS_CA], err) == 0 &&
        read_one("db_tls_cert", terms->cert, &f->file[TLS_CERT], err) == 0 &&
        read_one("db_tls_key", terms->key, &f->file[TLS_KEY], err) == 0)
        return 0;
    tls_forget(f);
    return -1;
}

void tls_room(struct tls_file *f, size_t n)
{
    f->bytes = calloc(1, n + 1);
    f->n = n;
    if (!f->bytes)
        die("not enough memory for a file of TLS");
}

void tls_forget(struct tls_files *f)
{
    for (int k = 0; k < TLS_FILES; k++) {
        if (f->file[k].bytes)
            explicit_bzero(f->file[k].bytes, f->file[k].n);
        free(f->file[k].bytes);
    }
    memset(f, 0, sizeof *f);
}
