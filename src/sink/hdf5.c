/* hdf5.c - the result file as HDF5.
 *
 * The library has the file open only while a permutation is written; between
 * them the file is closed and whole. See hdf5_keep.c for what happens when this
 * process is killed in the midst.
 */
#include <hdf5_hl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "sink/hdf5_parts.h"
#include "sink/sink.h"

/* The names of groups have five digits at most. */
enum { MOST_PERMUTATIONS = 100000 - 1 };

static const char *const dim_name[SINK_DIMS] = {
    [SINK_CLIENT] = "client", [SINK_ITERATION] = "iteration",
    [SINK_WARMUP] = "warmup", [SINK_SHARD] = "shard",
    [SINK_PROBE] = "probe",   [SINK_LOOK] = "look",
    [SINK_READER] = "reader", [SINK_GET] = "get",
};

struct hdf5_sink {
    struct sink sink;
    char *path;
    struct keep keep;
    size_t nperms, ncols;
    struct field *columns;    /* names and types of the summary's */
    size_t session, nsession; /* this session's row of /sessions; its columns */
    size_t nextra, extra_rows; /* columns and rows of the further group */
    struct places places;      /* where columns start */
    struct lock lock;

    uint64_t behind;     /* the group that the next root lacks; 0: none */
    size_t behind_index; /* its number */
    bool dead; /* the library could not close the file: no more of it */

    /* While the library has the file open: */
    hid_t file, group; /* no group: none runs */
    bool broken;       /* something of the running permutation is missing */
    size_t index;
    size_t size[SINK_DIMS];
    hid_t scale[SINK_DIMS];
};

static struct hdf5_sink *self(struct sink *s)
{
    return (struct hdf5_sink *)s;
}

static int h5_error(struct hdf5_sink *h, const char *what, struct error *err)
{
    return put_error(err, what, h->path);
}

/* ---- creation ---- */

/* The file is made beside its path and appears there when it is whole. kept:
 * what stays of the file that is there. */
static int create(struct hdf5_sink *h, bool overwrite,
                  const struct sink_kept *kept, const struct sink_start *start,
                  struct error *err)
{
    char made[PATH_MAX];

    keep_sweep(h->path);
    h->keep.fd = keep_create(made, sizeof made, h->path, err);
    if (h->keep.fd < 0)
        return -1;
    if ((kept ? resume_copy(&h->keep, made, kept, start, &h->places, err)
              : new_file(&h->keep, made, start, &h->places, err)) == 0 &&
        keep_sync(&h->keep, err) == 0 &&
        keep_publish(made, h->path, overwrite, err) == 0)
        return 0;
    unlink(made);
    return -1;
}

static void release(struct hdf5_sink *h)
{
    if (h->keep.fd >= 0)
        close(h->keep.fd);
    free(h->columns);
    free(h->places.summary);
    free(h->places.sessions);
    free(h->places.extra);
    lock_release(&h->lock);
    free(h->path);
    free(h);
}

static struct hdf5_sink *
new_sink(const char *path, const struct sink_start *start, struct error *err)
{
    struct hdf5_sink *h = calloc(1, sizeof *h);
    const struct fields *row = start->row;

    if (h) {
        h->sink.ops = &sink_hdf5;
        h->keep.fd = h->lock.fd = -1;
        h->file = h->group = H5I_INVALID_HID;
        h->nperms = start->nperms;
        h->ncols = row->n;
        h->nsession = start->sessions ? start->sessions->ncols : 0;
        h->session = h->nsession ? start->sessions->nrows - 1 : 0;
        h->path = strdup(path);
        h->keep.path = h->path;
        h->nextra = start->extra ? start->extra->ncols : 0;
        h->extra_rows = start->extra ? start->extra->nrows : 0;
        h->places.summary = calloc(row->n + 1, sizeof(uint64_t));
        h->columns = calloc(row->n + 1, sizeof *h->columns);
        h->places.sessions = calloc(h->nsession + 1, sizeof(uint64_t));
        h->places.extra = calloc(h->nextra + 1, sizeof(uint64_t));
    }
    if (!h || !h->path || !h->columns || !h->places.summary ||
        !h->places.sessions || !h->places.extra) {
        if (h)
            release(h);
        error_set(err, "out of memory for the output '%s'", path);
        return NULL;
    }
    for (size_t i = 0; i < row->n; i++)
        h->columns[i] = row->list[i];
    return h;
}

static int check_number(const char *path, size_t nperms, struct error *err)
{
    if (nperms > 0 && nperms <= MOST_PERMUTATIONS)
        return 0;
    return error_set(err,
                     "the output '%s' can hold 1 to %d permutations, not "
                     "%zu; sweep in parts",
                     path, MOST_PERMUTATIONS, nperms);
}

static struct sink *hdf5_open(const char *path, bool overwrite, const char *job,
                              const struct sink_start *start, struct error *err)
{
    struct hdf5_sink *h;

    if (check_number(path, start->nperms, err))
        return NULL;
    put_start();
    h = new_sink(path, start, err);
    if (!h)
        return NULL;
    if (keep_check(path, overwrite, err) || keep_folders(path, err) ||
        lock_take(&h->lock, path, job, err) ||
        create(h, overwrite, NULL, start, err)) {
        release(h);
        return NULL;
    }
    return &h->sink;
}

static struct sink *hdf5_resume(struct past *past, const struct sink_kept *kept,
                                const struct sink_start *start,
                                struct error *err)
{
    struct hdf5_sink *h = new_sink(past->path, start, err);
    int rc = -1;

    if (h) {
        h->lock = past->lock;
        past->lock = (struct lock){.fd = -1};
        H5Fclose(past->file);
        past->file = H5I_INVALID_HID;
        rc = create(h, true, kept, start, err);
        if (rc)
            release(h);
    }
    past_close(past);
    return rc ? NULL : &h->sink;
}

/* ---- a session: the library has the file open ---- */

static int session_open(struct hdf5_sink *h, struct error *err)
{
    hid_t access;

    if (h->dead)
        return error_set(err,
                         "'%s' is not written any more, after an earlier "
                         "failure",
                         h->path);
    if (h->file >= 0)
        return 0;
    if (keep_reserve(&h->keep, h->keep.reserved + PUT_MARGIN, err))
        return -1;
    access = put_access_plan();
    h->file = H5Fopen(h->path, H5F_ACC_RDWR, access);
    H5Pclose(access);
    return h->file < 0 ? h5_error(h, "open the output", err) : 0;
}

/* A group without a link is gone when it is closed, and what it links to. */
static void close_group(struct hdf5_sink *h)
{
    for (int d = 0; d < SINK_DIMS; d++) {
        if (h->scale[d] > 0)
            H5Dclose(h->scale[d]);
        h->scale[d] = 0;
    }
    if (h->group >= 0)
        H5Gclose(h->group);
    h->group = H5I_INVALID_HID;
    h->broken = false;
}

/* When the library cannot close the file, the file on disk stays as it was at
 * session_open(). */
static int session_close(struct hdf5_sink *h, struct error *err)
{
    herr_t rc;

    close_group(h);
    if (h->file < 0)
        return 0;
    rc = H5Fclose(h->file);
    h->file = H5I_INVALID_HID;
    if (rc < 0) {
        h->dead = true;
        return h5_error(h, "write the output", err);
    }
    return keep_settle(&h->keep, err);
}

/* Let the disk set room aside before the library may count on it: a file that
 * the library cannot write to its end it cannot close either. */
static int make_room(struct hdf5_sink *h, uint64_t bytes, struct error *err)
{
    hsize_t size;

    if (H5Fget_filesize(h->file, &size) < 0)
        return h5_error(h, "measure the output", err);
    return keep_reserve(&h->keep, size + bytes + PUT_MARGIN, err);
}

/* ---- permutations ---- */

static int make_scales(struct hdf5_sink *h)
{
    for (int d = SINK_NO_DIM + 1; d < SINK_DIMS; d++) {
        if (h->size[d] == 0)
            continue;
        h->scale[d] = put_scale(h->group, dim_name[d], h->size[d]);
        if (h->scale[d] < 0)
            return -1;
    }
    return 0;
}

/* The group is linked at the end; until then the library knows no such
 * permutation. */
static int make_permutation(struct hdf5_sink *h, struct error *err)
{
    char name[32];
    hid_t plan;
    htri_t there;
    uint64_t bytes = 0;

    resume_group_name(h->index, h->nperms, name);
    there = H5Lexists(h->file, name, H5P_DEFAULT);
    if (there)
        return there < 0
                   ? h5_error(h, "read the output", err)
                   : error_set(err, "'%s' holds %s already", h->path, name);
    for (int d = SINK_NO_DIM + 1; d < SINK_DIMS; d++)
        bytes += 8 * h->size[d];
    if (make_room(h, bytes, err))
        return -1;
    plan = put_group_plan(H5P_GROUP_CREATE, 0);
    h->group = H5Gcreate_anon(h->file, plan, H5P_DEFAULT);
    H5Pclose(plan);
    if (h->group < 0 || make_scales(h))
        return h5_error(h, "write a permutation to", err);
    return 0;
}

static int hdf5_begin(struct sink *s, size_t index,
                      const size_t size[SINK_DIMS], struct error *err)
{
    struct hdf5_sink *h = self(s);

    if (index >= h->nperms)
        return error_set(err, "'%s' holds %zu permutations, none of number %zu",
                         h->path, h->nperms, index);
    if (h->group >= 0 && session_close(h, err))
        return -1;
    h->index = index;
    memcpy(h->size, size, sizeof h->size);
    if (session_open(h, err) || make_permutation(h, err)) {
        session_close(h, NULL);
        return -1;
    }
    return 0;
}

/* What n texts take in a heap; numbers take nothing more. */
static uint64_t heap_bytes(enum field_type type, size_t n, const void *data)
{
    const char *const *text = data;
    uint64_t bytes = 0;

    for (size_t i = 0; type == FIELD_TEXT && i < n; i++)
        bytes += 32 + (text[i] ? strlen(text[i]) : 0);
    return bytes;
}

static uint64_t array_bytes(const struct put_shape *shape)
{
    return (shape->type == FIELD_TEXT ? 16 : 8) * shape->rows *
           (shape->cols ? shape->cols : 1);
}

/* The group within the permutation's that an array's name begins with. */
static int make_group(struct hdf5_sink *h, const char *name)
{
    char group[64];
    hid_t plan, made;

    snprintf(group, sizeof group, "%.*s", (int)strcspn(name, "/"), name);
    if (!strchr(name, '/') || H5Lexists(h->group, group, H5P_DEFAULT) > 0)
        return 0;
    plan = put_group_plan(H5P_GROUP_CREATE, 0);
    made = H5Gcreate2(h->group, group, H5P_DEFAULT, plan, H5P_DEFAULT);
    H5Pclose(plan);
    return made < 0 || H5Gclose(made) < 0 ? -1 : 0;
}

static hid_t make_array(struct hdf5_sink *h, const struct sink_array *a,
                        const struct put_shape *shape)
{
    hid_t dataset = make_group(h, a->name) < 0 ? H5I_INVALID_HID
                                               : put_dataset(h->group, shape);

    if (dataset < 0)
        return dataset;
    if (H5DSattach_scale(dataset, h->scale[a->rows], 0) < 0 ||
        (shape->cols && H5DSattach_scale(dataset, h->scale[a->cols], 1) < 0)) {
        H5Dclose(dataset);
        return H5I_INVALID_HID;
    }
    return dataset;
}

/* A path whose group is missing has no link to ask for. */
static htri_t is_there(const struct hdf5_sink *h, const char *name)
{
    char group[64];

    snprintf(group, sizeof group, "%.*s", (int)strcspn(name, "/"), name);
    return strchr(name, '/') && H5Lexists(h->group, group, H5P_DEFAULT) <= 0
               ? 0
               : H5Lexists(h->group, name, H5P_DEFAULT);
}

static int write_array(struct hdf5_sink *h, const struct sink_array *a,
                       const struct put_shape *shape, size_t first,
                       size_t nrows, const void *data, struct error *err)
{
    htri_t there = is_there(h, a->name);
    size_t cells = nrows * (shape->cols ? shape->cols : 1);
    uint64_t bytes = heap_bytes(a->type, cells, data);
    hid_t dataset;
    int rc = 0;

    if (make_room(h, bytes + (there ? 0 : array_bytes(shape)), err))
        return -1;
    dataset = there ? H5Dopen2(h->group, a->name, H5P_DEFAULT)
                    : make_array(h, a, shape);
    if (dataset < 0)
        return h5_error(h, "write to", err);
    if (nrows)
        rc = put_rows(dataset, shape, first, nrows, data);
    if (H5Dclose(dataset) < 0 || rc)
        return h5_error(h, "write to", err);
    return 0;
}

static int hdf5_write(struct sink *s, const struct sink_array *a, size_t first,
                      size_t nrows, const void *data, struct error *err)
{
    struct hdf5_sink *h = self(s);
    bool flat = a->cols == SINK_NO_DIM;
    size_t rows = h->size[a->rows], cols = flat ? 0 : h->size[a->cols];
    struct put_shape shape = {.name = a->name,
                              .unit = a->unit,
                              .long_name = a->long_name,
                              .type = a->type,
                              .rows = rows,
                              .cols = cols,
                              .whole = first == 0 && nrows == rows};

    if (h->group < 0)
        return error_set(err, "no permutation of '%s' is begun", h->path);
    if (rows == 0 || (cols == 0 && !flat))
        return 0;
    if (first > rows || nrows > rows - first)
        return error_set(err, "'%s' has %zu rows in %s, none at %zu", h->path,
                         rows, a->name, first + nrows);
    h->broken = true;
    if (write_array(h, a, &shape, first, nrows, data, err))
        return error_prefix(err, "%s", a->name);
    h->broken = false;
    return 0;
}

static int check_row(const struct hdf5_sink *h, const struct field *cells,
                     size_t n, struct error *err)
{
    for (size_t i = 0; i < n && i < h->ncols; i++)
        if (cells[i].type != h->columns[i].type ||
            strcmp(cells[i].name, h->columns[i].name) != 0)
            return error_set(err,
                             "column %zu of the summary of '%s' is %s, "
                             "not %s",
                             i, h->path, h->columns[i].name, cells[i].name);
    if (n != h->ncols)
        return error_set(err, "the summary of '%s' has %zu columns, not %zu",
                         h->path, h->ncols, n);
    return 0;
}

/* Give the next root what the present one has besides. */
static int catch_up(struct hdf5_sink *h)
{
    char name[32];

    if (!h->behind)
        return 0;
    resume_group_name(h->behind_index, h->nperms, name);
    if (roots_link_again(h->file, h->keep.roots[1], name, h->behind))
        return -1;
    h->behind = 0;
    return 0;
}

/* Link the group into the next root; later, once more, into the other one. */
static int link_group(struct hdf5_sink *h, uint64_t *place)
{
    char name[32];

    resume_group_name(h->index, h->nperms, name);
    *place = roots_place(h->group);
    if (!*place || catch_up(h) ||
        roots_link(h->file, h->keep.roots[1], name, h->group) ||
        H5Oincr_refcount(h->group) < 0)
        return -1;
    return 0;
}

/* The last the library does for a permutation: its attributes and its link. */
static int finish(struct hdf5_sink *h, const struct fields *attributes,
                  uint64_t *place, struct error *err)
{
    if (h->broken)
        return error_set(err,
                         "permutation %zu is not in '%s', since a part of it "
                         "could not be written",
                         h->index, h->path);
    if (make_room(h, put_text_bytes(attributes), err))
        return -1;
    if (put_attributes(h->group, attributes) || link_group(h, place))
        return h5_error(h, "write a permutation to", err);
    return 0;
}

/* The file begins at the next root, to which the group at that place was
 * linked (0: none). */
static int turn(struct hdf5_sink *h, uint64_t place, struct error *err)
{
    if (keep_turn(&h->keep, err))
        return -1;
    h->behind = place;
    h->behind_index = h->index;
    return 0;
}

static int hdf5_end(struct sink *s, const struct fields *attributes,
                    const struct fields *row, struct error *err)
{
    struct hdf5_sink *h = self(s);
    uint64_t place = 0;

    if (h->group < 0)
        return error_set(err, "no permutation of '%s' is begun", h->path);
    if (check_row(h, row->list, row->n, err) ||
        finish(h, attributes, &place, err)) {
        session_close(h, NULL);
        return -1;
    }
    if (session_close(h, err) || turn(h, place, err))
        return -1;
    if (keep_row(&h->keep, h->places.summary, row, h->index, err)) {
        turn(h, 0, NULL); /* back to what was before */
        return -1;
    }
    if (keep_settle(&h->keep, err))
        return -1;
    return keep_sync(&h->keep, err);
}

static int hdf5_rows(struct sink *s, size_t first,
                     const struct sink_table *rows, struct error *err)
{
    struct hdf5_sink *h = self(s);

    if (rows->nrows > SINK_ROWS || rows->nrows * rows->ncols > UINT16_MAX ||
        first >= h->nperms || rows->nrows > h->nperms - first || h->file >= 0)
        return error_set(err, "row %zu of the summary of '%s' cannot be put",
                         first, h->path);
    for (size_t i = 0; i < rows->nrows; i++)
        if (check_row(h, rows->cells + i * rows->ncols, rows->ncols, err) < 0)
            return -1;
    return keep_rows(&h->keep, h->places.summary, rows, first, err);
}

/* Set the number of the summary's column of that name and type, or -1. */
static int find_column(const struct hdf5_sink *h, const struct field *f,
                       size_t *column, struct error *err)
{
    for (*column = 0; *column < h->ncols; ++*column) {
        const struct field *x = &h->columns[*column];

        if (strcmp(x->name, f->name) == 0 && x->type == f->type)
            return 0;
    }
    return error_set(err, "the summary of '%s' has no column %s of that type",
                     h->path, f->name);
}

/* Some cells of a row. */
static int keep_cells(struct hdf5_sink *h, const struct fields *cells,
                      size_t index, struct error *err)
{
    uint64_t *column = mem_new(cells->n, sizeof *column);
    bool texts = false;
    int rc = 0;

    for (size_t i = 0; i < cells->n && rc == 0; i++) {
        size_t k;

        texts = texts || cells->list[i].type == FIELD_TEXT;
        rc = find_column(h, &cells->list[i], &k, err);
        if (rc == 0)
            column[i] = h->places.summary[k];
    }
    if (rc == 0 && texts)
        rc = keep_row(&h->keep, column, cells, index, err);
    for (size_t i = 0; i < cells->n && rc == 0 && !texts; i++)
        rc = keep_number(&h->keep, column[i], &cells->list[i], index, err);
    free(column);
    return rc;
}

static int hdf5_amend(struct sink *s, size_t index, const struct fields *cells,
                      struct error *err)
{
    struct hdf5_sink *h = self(s);

    if (index >= h->nperms || h->file >= 0)
        return error_set(err,
                         "row %zu of the summary of '%s' cannot be amended",
                         index, h->path);
    return keep_cells(h, cells, index, err);
}

/* Give the next root attributes, and make it the present one. */
static int note_once(struct hdf5_sink *h, const struct fields *study,
                     struct error *err)
{
    int rc = -1;

    if (session_open(h, err) == 0 &&
        make_room(h, put_text_bytes(study), err) == 0)
        rc = catch_up(h) || roots_attributes(h->file, h->keep.roots[1], study)
                 ? h5_error(h, "write attributes to", err)
                 : 0;
    if (session_close(h, rc ? NULL : err) || rc)
        return -1;
    return turn(h, 0, err);
}

static int hdf5_note(struct sink *s, const struct fields *study,
                     struct error *err)
{
    struct hdf5_sink *h = self(s);

    if (h->group >= 0)
        return error_set(err, "a permutation of '%s' is not ended", h->path);
    return note_once(h, study, err) ? -1 : note_once(h, study, err);
}

/* As a row of the summary (hdf5_keep.c); its columns are where they were. */
static int hdf5_session(struct sink *s, const struct fields *row,
                        struct error *err)
{
    struct hdf5_sink *h = self(s);

    if (row->n != h->nsession || h->file >= 0)
        return error_set(err, "the sessions of '%s' cannot be amended",
                         h->path);
    return keep_row(&h->keep, h->places.sessions, row, h->session, err);
}

static int hdf5_extra(struct sink *s, size_t index, const struct fields *row,
                      struct error *err)
{
    struct hdf5_sink *h = self(s);

    if (row->n != h->nextra || index >= h->extra_rows || h->file >= 0)
        return error_set(err, "row %zu of a table of '%s' cannot be put", index,
                         h->path);
    return keep_row(&h->keep, h->places.extra, row, index, err);
}

static int hdf5_close(struct sink *s, struct error *err)
{
    struct hdf5_sink *h = self(s);
    int rc = session_close(h, err);

    if (keep_settle(&h->keep, rc ? NULL : err))
        rc = -1;
    if (keep_sync(&h->keep, rc ? NULL : err))
        rc = -1;
    release(h);
    return rc;
}

const struct sink_ops sink_hdf5 = {
    .name = "hdf5",
    .open = hdf5_open,
    .resume = hdf5_resume,
    .begin = hdf5_begin,
    .write = hdf5_write,
    .end = hdf5_end,
    .rows = hdf5_rows,
    .amend = hdf5_amend,
    .note = hdf5_note,
    .session = hdf5_session,
    .extra = hdf5_extra,
    .close = hdf5_close,
};
