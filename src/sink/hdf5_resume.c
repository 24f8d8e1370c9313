/* hdf5_resume.c - a result file made ready for another session, in a copy.
 *
 * The file is copied byte for byte, what is not kept is unlinked in the copy,
 * and the copy is then renamed over the file: a writer killed before leaves the
 * file as it was, one killed after leaves the new one. What is kept stays where
 * it is in the file, so its dimension scales and references stay right (H5Ocopy
 * would leave them pointing into the other file). The copy gets two new root
 * groups, and what is not kept no link in them: to remove thousands of links
 * one by one takes minutes where the file is of an older srbench.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/signals.h"
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
    const size_t chunk = 64 << 20; /* between two looks at signals */
    bool by_kernel = true;
    ssize_t n;

    for (;;) {
        n = by_kernel ? copy_file_range(from, NULL, to, NULL, chunk, 0)
                      : copy_by_hand(from, to);
        if (n == 0)
            return 0;
        if (signals_state()->urgent) {
            errno = EINTR;
            return -1;
        }
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

struct rest {
    const struct sink_kept *kept;
    size_t nperms;
};

/* Whether the copy's roots get that link. */
static bool is_kept(const char *name, const void *data)
{
    static const char stem[] = "perm_";
    const struct rest *r = data;
    char as_ours[32];
    size_t index;

    if (strncmp(name, stem, strlen(stem)) != 0)
        return true;
    index = strtoul(name + strlen(stem), NULL, 10);
    if (index >= r->nperms)
        return true;
    resume_group_name(index, r->nperms, as_ours);
    return strcmp(name, as_ours) != 0 || r->kept->perm[index];
}

static int drop_attributes(hid_t file, const char *const *name)
{
    for (; *name; name++)
        if (H5Aexists(file, *name) > 0 && H5Adelete(file, *name) < 0)
            return -1;
    return 0;
}

/* Make rows of the summary unknown again. */
static int clear_rows(hid_t file, const struct fields *blank,
                      const hsize_t *rows, size_t n, uint64_t *columns)
{
    hid_t summary = H5Gopen2(file, "summary", H5P_DEFAULT);
    int rc = summary < 0 ? -1 : 0;

    for (size_t i = 0; i < blank->n && rc == 0; i++) {
        const struct field *f = &blank->list[i];
        hid_t column = H5Dopen2(summary, f->name, H5P_DEFAULT);

        rc = column < 0 || (n && put_cells(column, f, rows, n)) ? -1 : 0;
        columns[i] = column < 0 ? 0 : H5Dget_offset(column);
        if (column >= 0 && H5Dclose(column) < 0)
            rc = -1;
    }
    if (summary >= 0 && H5Gclose(summary) < 0)
        rc = -1;
    return rc;
}

static int clear_summary(hid_t file, const struct sink_kept *kept,
                         const struct sink_start *start, uint64_t *columns)
{
    hsize_t *rows = calloc(start->nperms, sizeof *rows);
    size_t n = 0;
    int rc;

    for (size_t i = 0; rows && i < start->nperms; i++)
        if (!kept->perm[i])
            rows[n++] = i;
    rc = rows ? clear_rows(file, start->row, rows, n, columns) : -1;
    free(rows);
    return rc;
}

/* ---- the copy in the library's hands ---- */

static int replace_table(hid_t file, const char *name, const char *scale,
                         const struct sink_table *table, uint64_t *places)
{
    return drop_group(file, name) ? -1
                                  : put_table(file, name, scale, table, places);
}

static int change(hid_t file, const struct sink_kept *kept,
                  const struct sink_start *start, const struct places *places,
                  uint64_t roots[2])
{
    const struct rest rest = {kept, start->nperms};

    if (drop_attributes(file, kept->forget) ||
        clear_summary(file, kept, start, places->summary) ||
        put_durability(file) ||
        (start->sessions && replace_table(file, "sessions", "session",
                                          start->sessions, places->sessions)) ||
        (start->extra &&
         replace_table(file, start->extra_name, start->extra_scale,
                       start->extra, places->extra)) ||
        (kept->hosts &&
         replace_table(file, kept->hosts, "node", start->hosts, NULL)))
        return -1;
    return roots_make(file, is_kept, &rest, roots);
}

/* Nobody reads the copy before it is whole, so metadata need not all stay in
 * memory until it is closed: the headers of ten thousand groups, each of which
 * counts its links, would be hundreds of MiB. */
static hid_t open_copy(const char *made)
{
    const size_t bytes = 1 << 24;
    H5AC_cache_config_t cache = {.version = H5AC__CURR_CACHE_CONFIG_VERSION};
    hid_t access = put_access_plan(), file = H5I_INVALID_HID;

    if (H5Pget_mdc_config(access, &cache) >= 0) {
        cache.evictions_enabled = cache.set_initial_size = true;
        cache.initial_size = cache.min_size = cache.max_size = bytes;
        if (H5Pset_mdc_config(access, &cache) >= 0)
            file = H5Fopen(made, H5F_ACC_RDWR, access);
    }
    H5Pclose(access);
    return file;
}

int resume_copy(struct keep *k, const char *made, const struct sink_kept *kept,
                const struct sink_start *start, const struct places *places,
                struct error *err)
{
    hid_t file;
    int rc = -1;

    if (copy_file(k, err))
        return -1;
    file = open_copy(made);
    if (file >= 0)
        rc = change(file, kept, start, places, k->roots);
    if ((file >= 0 && H5Fclose(file) < 0) || rc)
        return put_error(err, "make a copy to resume of", k->path);
    return keep_adopt(k, err);
}
