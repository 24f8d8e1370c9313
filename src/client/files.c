/* A client that keeps each tensor in a file (engine/files.c): written under
 * another name and renamed, so that a reader finds it whole or not at all.
 * Nothing is forced to a disk (no fsync), as no database here does it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/signals.h"
#include "base/tick.h"
#include "client/serverless.h"
#include "engine/files.h"

/* Between two looks whether op_timeout is over. */
#define PIECE ((size_t)16 * 1024 * 1024)

struct files_client {
    struct serverless base;
    int folder;
    char unborn[SRB_KEY_MAX + 8]; /* the name of any while it is written */
};

static struct files_client *self(struct client *c)
{
    return (struct files_client *)(void *)c;
}

static void close_client(struct client *base)
{
    struct files_client *c = self(base);

    if (c->folder >= 0)
        close(c->folder);
    free(c);
}

static struct client *open_client(const struct client_params *p,
                                  struct error *err)
{
    struct files_client *c = serverless_open(sizeof *c, &client_files, p, err);

    if (!c)
        return NULL;
    snprintf(c->unborn, sizeof c->unborn, "%s.new", c->base.key);
    c->folder = strchr(p->key, '/')
                    ? error_set(err, "'%s' is no name of a file", p->key)
                    : files_folder(p->store, p->shard, err);
    if (c->folder >= 0)
        return &c->base.base;
    error_prefix(err, "client %d", p->client);
    close_client(&c->base.base);
    return NULL;
}

static void rebind(struct client *base, const char *key, size_t bytes)
{
    serverless_bind(&self(base)->base, key, bytes);
}

/* -1 with words where the time is up. */
static int in_time(const struct files_client *c, const char *what,
                   int64_t deadline, struct error *err)
{
    return tick_now() < deadline && !signals_state()->cut
               ? 0
               : serverless_late(&c->base, what, err);
}

static int failed(const struct files_client *c, const char *what,
                  struct error *err)
{
    return serverless_error(&c->base, what, err, "%s", strerror(errno));
}

static size_t piece(size_t left)
{
    return left < PIECE ? left : PIECE;
}

static int write_all(const struct files_client *c, const char *what, int fd,
                     const char *data, size_t bytes, struct error *err)
{
    int64_t deadline = tick_deadline(c->base.op_timeout);
    size_t done = 0;

    while (done < bytes) {
        ssize_t n = write(fd, data + done, piece(bytes - done));

        if (n < 0 && errno != EINTR)
            return failed(c, what, err);
        done += n > 0 ? (size_t)n : 0;
        if (done < bytes && in_time(c, what, deadline, err) < 0)
            return -1;
    }
    return 0;
}

/* A file of that name, whole or not at all. */
static int bear(const struct files_client *c, const char *what,
                const char *name, const void *data, size_t bytes,
                struct error *err)
{
    int fd =
        openat(c->folder, c->unborn,
               O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    int rc;

    if (fd < 0)
        return failed(c, what, err);
    rc = write_all(c, what, fd, data, bytes, err);
    /* a quota may speak only now */
    if (close(fd) != 0 && rc == 0)
        rc = failed(c, what, err);
    if (rc == 0 && renameat(c->folder, c->unborn, c->folder, name) != 0)
        rc = failed(c, what, err);
    if (rc < 0) /* it would take the room of the next one */
        unlinkat(c->folder, c->unborn, 0);
    return rc;
}

static int put(struct client *base, const void *data, struct error *err)
{
    const struct files_client *c = self(base);

    return bear(c, "put_tensor", c->base.key, data, c->base.bytes, err);
}

static int read_all(const struct files_client *c, int fd, char *data,
                    struct error *err)
{
    int64_t deadline = tick_deadline(c->base.op_timeout);
    size_t done = 0;

    while (done < c->base.bytes) {
        ssize_t n = read(fd, data + done, piece(c->base.bytes - done));

        if (n == 0)
            return serverless_error(&c->base, "unpack_tensor", err,
                                    "the file ends after %zu of %zu bytes",
                                    done, c->base.bytes);
        if (n < 0 && errno != EINTR)
            return failed(c, "unpack_tensor", err);
        done += n > 0 ? (size_t)n : 0;
        if (done < c->base.bytes &&
            in_time(c, "unpack_tensor", deadline, err) < 0)
            return -1;
    }
    return 0;
}

static int get(struct client *base, void *data, struct error *err)
{
    struct files_client *c = self(base);
    int fd = openat(c->folder, c->base.key, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    int rc;

    if (fd < 0) {
        c->base.base.absent = errno == ENOENT;
        return failed(c, "unpack_tensor", err);
    }
    if (fstat(fd, &st) != 0)
        rc = failed(c, "unpack_tensor", err);
    else if (st.st_size > (off_t)c->base.bytes)
        rc = serverless_error(&c->base, "unpack_tensor", err,
                              "the file has %lld bytes, not %zu",
                              (long long)st.st_size, c->base.bytes);
    else
        rc = read_all(c, fd, data, err);
    close(fd);
    return rc;
}

static int remove_keys(struct client *base, const struct srb_tensor *tensors,
                       size_t n, struct error *err)
{
    struct files_client *c = self(base);
    char key[SRB_KEY_MAX];

    for (size_t i = 0; i < n; i++) {
        snprintf(key, sizeof key, "%.*s", (int)tensors[i].key_length,
                 tensors[i].key);
        if (unlinkat(c->folder, key, 0) == 0)
            continue;
        rebind(base, key, tensors[i].count * sizeof(float));
        return failed(c, "remove", err);
    }
    return 0;
}

/* ---- writers and readers ---- */

static int tell(struct client *base, const char *key, size_t length,
                int64_t steps, struct error *err)
{
    char name[SRB_KEY_MAX];

    snprintf(name, sizeof name, "%.*s", (int)length, key);
    return bear(self(base), "tell", name, &steps, sizeof steps, err);
}

/* What a node remembers of a folder that another node writes to may be old (of
 * NFS tens of seconds, and a file that was not there is not looked for); so it
 * asks anew. Of a folder that was removed nothing is to come. */
static int refresh(const struct files_client *c, struct error *err)
{
    struct statx now;

    if (statx(c->folder, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC,
              STATX_MTIME | STATX_NLINK, &now) != 0)
        return failed(c, "poll", err);
    if ((now.stx_mask & STATX_NLINK) && now.stx_nlink == 0) {
        errno = ENOENT;
        return failed(c, "poll", err);
    }
    return 0;
}

/* What is there under the counter's name; 0: nothing yet. */
static int read_counter(const struct files_client *c, const char *name,
                        int64_t *steps, struct error *err)
{
    int fd = openat(c->folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t n;

    *steps = 0;
    if (fd < 0)
        return errno == ENOENT ? 0 : failed(c, "poll", err);
    n = read(fd, steps, sizeof *steps);
    if (n < 0)
        failed(c, "poll", err);
    close(fd);
    if (n >= 0 && n != (ssize_t)sizeof *steps)
        return serverless_error(&c->base, "poll", err,
                                "%s has %zd bytes, not %zu", name, n,
                                sizeof *steps);
    return n < 0 ? -1 : 0;
}

static int poll_step(struct client *base, struct client_poll *p,
                     struct error *err)
{
    struct files_client *c = self(base);
    char counter[SRB_KEY_MAX];
    struct stat st;

    serverless_bind_poll(base, p);
    snprintf(counter, sizeof counter, "%.*s", (int)p->counter_length,
             p->counter);
    if (refresh(c, err) < 0 || read_counter(c, counter, &p->steps, err) < 0)
        return -1;
    p->there = fstatat(c->folder, c->base.key, &st, AT_SYMLINK_NOFOLLOW) == 0;
    return p->there || errno == ENOENT ? 0 : failed(c, "poll", err);
}

const struct client_ops client_files = {
    .name = "files",
    .help = "writes and reads files below db_path",
    .own = true,
    .memory = {.eighths = 16},
    .open = open_client,
    .rebind = rebind,
    .put = put,
    .get = get,
    .remove = remove_keys,
    .tell = tell,
    .poll = poll_step,
    .close = close_client,
};
