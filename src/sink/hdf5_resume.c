/* hdf5_resume.c - a result file made ready for another session, in a copy.
 *
 * The file is copied byte for byte, what is not kept is unlinked in the copy,
 * and the copy is then renamed over the file: a writer killed before leaves the
 * file as it was, one killed after leaves the new one. What is kept stays where
 * it is in the file, so its dimension scales and references stay right (H5Ocopy
 * would leave them pointing into the other file), and an unknown or killed
 * state of the file is over when the copy is adopted (hdf5_keep.c).
 *
 * In place it would not do: the library may put new objects where it has just
 * removed a group to which the superblock's spare header still leads.
 *
 * To remove links narrows the root's header, so all that is removed goes first,
 * then the header is widened, then comes what is new.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sink/hdf5_parts.h"

void resume_group_name(size_t index, size_t nperms, char name[32])
{
    int digits = 4;

    for (size_t n = nperms - 1; n > 9999 && digits < 20; n /= 10)
        digits++;
    snprintf(name, 32, "perm_%0*zu", digits, index);
}

/* ---- bytes ---- */

/* Where the kernel cannot copy between these two files. */
static ssize_t copy_by_hand(int from, int to)
{
    static char buffer[1 << 16];
    ssize_t got = read(from, buffer, sizeof buffer), put = 0;

    while (got > 0 && put < got) {
        ssize_t n = write(to, buffer + put, (size_t)(got - put));

        if (n < 0 && errno != EINTR)
            return -1;
        put += n > 0 ? n : 0;
    }
    return got;
}

static int copy_bytes(int from, int to)
{
    const size_t chunk = 1 << 30;
    bool by_kernel = true;
    ssize_t n;

    for (;;) {
        n = by_kernel ? copy_file_range(from, NULL, to, NULL, chunk, 0)
                      : copy_by_hand(from, to);
        if (n == 0)
            return 0;
        if (n > 0 || errno == EINTR)
            continue;
        if (!by_kernel || errno == ENOSPC || errno == EDQUOT || errno == EIO)
            return -1;
        by_kernel = false;
    }
}

static int copy_file(struct keep *k, struct error *err)
{
    int from = open(k->path, O_RDONLY | O_CLOEXEC), rc = -1;
    struct stat st;

    if (from >= 0 && fstat(from, &st) == 0 && copy_bytes(from, k->fd) == 0 &&
        fchmod(k->fd, st.st_mode & 07777) == 0)
        rc = 0;
    if (rc)
        error_set(err,
                  "cannot copy '%s', which resume does before it changes "
                  "anything: %s; the file is as it was",
                  k->path, strerror(errno));
    if (from >= 0)
        close(from);
    return rc;
}

/* ---- what is not kept ---- */

static int drop_group(hid_t file, const char *name)
{
    htri_t there = H5Lexists(file, name, H5P_DEFAULT);

    if (there <= 0)
        return there < 0 ? -1 : 0;
    return H5Ldelete(file, name, H5P_DEFAULT) < 0 ? -1 : 0;
}

static int drop_groups(hid_t file, const struct sink_kept *kept, size_t nperms)
{
    char name[32];

    for (size_t i = 0; i < nperms; i++) {
        resume_group_name(i, nperms, name);
        if (!kept->perm[i] && drop_group(file, name))
            return -1;
    }
    return drop_group(file, "sessions");
}

static int drop_attributes(hid_t file, const char *const *name)
{
    for (; *name; name++)
        if (H5Aexists(file, *name) > 0 && H5Adelete(file, *name) < 0)
            return -1;
    return 0;
}

/* Make the rows of one column unknown again, where nothing is kept. */
static int clear_column(hid_t summary, const struct field *blank,
                        const bool *kept, size_t nperms, uint64_t *place)
{
    hid_t column = H5Dopen2(summary, blank->name, H5P_DEFAULT);
    int rc = column < 0 ? -1 : 0;

    for (size_t i = 0; i < nperms && rc == 0; i++)
        if (!kept[i])
            rc = put_value(column, blank, i);
    if (rc == 0)
        *place = H5Dget_offset(column);
    if (column >= 0 && H5Dclose(column) < 0)
        rc = -1;
    return rc;
}

static int clear_rows(hid_t file, const struct sink_kept *kept,
                      const struct sink_start *start, uint64_t *columns)
{
    hid_t summary = H5Gopen2(file, "summary", H5P_DEFAULT);
    int rc = summary < 0 ? -1 : 0;

    for (size_t i = 0; i < start->row->n && rc == 0; i++)
        rc = clear_column(summary, &start->row->list[i], kept->perm,
                          start->nperms, &columns[i]);
    if (summary >= 0 && H5Gclose(summary) < 0)
        rc = -1;
    return rc;
}

/* ---- the copy, twice in the library's hands ---- */

static hid_t open_copy(const char *made)
{
    hid_t access = put_access_plan();
    hid_t file = H5Fopen(made, H5F_ACC_RDWR, access);

    H5Pclose(access);
    return file;
}

static int take_out(const char *made, const struct sink_kept *kept,
                    const struct sink_start *start, uint64_t *columns)
{
    hid_t file = open_copy(made);
    int rc = -1;

    if (file >= 0 && drop_groups(file, kept, start->nperms) == 0 &&
        drop_attributes(file, kept->forget) == 0 &&
        clear_rows(file, kept, start, columns) == 0)
        rc = 0;
    if (file >= 0 && H5Fclose(file) < 0)
        rc = -1;
    return rc;
}

static int put_in(const struct keep *k, const char *made,
                  const struct sink_kept *kept, const struct sink_start *start,
                  uint64_t *sessions)
{
    hid_t file = open_copy(made);
    int rc = file < 0 ? -1 : 0;

    if (rc == 0 && (put_durability(file, k->plain) ||
                    (start->sessions && put_table(file, "sessions", "session",
                                                  start->sessions, sessions)) ||
                    (kept->hosts && (drop_group(file, kept->hosts) ||
                                     put_table(file, kept->hosts, "node",
                                               start->hosts, NULL)))))
        rc = -1;
    if (file >= 0 && H5Fclose(file) < 0)
        rc = -1;
    return rc;
}

int resume_copy(struct keep *k, const char *made, const struct sink_kept *kept,
                const struct sink_start *start, size_t room, uint64_t *columns,
                uint64_t *sessions, struct error *err)
{
    if (copy_file(k, err))
        return -1;
    if (take_out(made, kept, start, columns))
        return put_error(err, "make a copy to resume of", k->path);
    if (keep_adopt(k, room, err))
        return -1;
    if (put_in(k, made, kept, start, sessions))
        return put_error(err, "make a copy to resume of", k->path);
    return keep_settle(k, err);
}
