/* hdf5_past.c - a result file of an earlier session, read.
 *
 * What other programs may have made of the file is met with a sentence: types
 * and lengths are looked at before anything is read.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sink/hdf5_parts.h"

static struct past *new_past(const char *path)
{
    struct past *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    p->lock.fd = -1;
    p->file = H5I_INVALID_HID;
    p->path = strdup(path);
    if (p->path)
        return p;
    free(p);
    return NULL;
}

void past_close(struct past *p)
{
    if (!p)
        return;
    if (p->file >= 0)
        H5Fclose(p->file);
    lock_release(&p->lock);
    free(p->path);
    free(p);
}

/* A file of which the library can make nothing, in words for a person. */
static int open_file(struct past *p, struct error *err)
{
    hid_t plan;

    put_start();
    if (access(p->path, R_OK) < 0)
        return error_set(err, "cannot read '%s': %s", p->path, strerror(errno));
    plan = put_access_plan();
    p->file = H5Fopen(p->path, H5F_ACC_RDONLY, plan);
    H5Pclose(plan);
    if (p->file >= 0 && H5Aexists(p->file, "schema_version") > 0)
        return 0;
    if (p->file >= 0)
        return error_set(err,
                         "'%s' is no result file of srbench; choose another "
                         "--output",
                         p->path);
    put_error(err, "read", p->path);
    return error_prefix(err, "no HDF5 file, or a damaged one");
}

struct past *past_open(const char *path, bool lock, const char *job,
                       struct error *err)
{
    struct past *p = new_past(path);

    if (!p) {
        error_set(err, "out of memory for the output '%s'", path);
        return NULL;
    }
    if ((!lock || lock_take(&p->lock, path, job, err) == 0) &&
        open_file(p, err) == 0)
        return p;
    past_close(p);
    return NULL;
}

bool past_has(const struct past *p, const char *group)
{
    return H5Lexists(p->file, group, H5P_DEFAULT) > 0;
}

bool past_permutation(const struct past *p, size_t index, size_t nperms)
{
    char name[32];

    resume_group_name(index, nperms, name);
    return past_has(p, name);
}

/* Whether values of a type in the file can be read as such a field. */
static bool fits(hid_t type, enum field_type as)
{
    H5T_class_t class = H5Tget_class(type);

    if (as == FIELD_TEXT)
        return class == H5T_STRING && H5Tis_variable_str(type) > 0;
    return class == (as == FIELD_INT ? H5T_INTEGER : H5T_FLOAT);
}

static hid_t memory_type(enum field_type type)
{
    return type == FIELD_TEXT  ? put_text_type()
           : type == FIELD_INT ? H5Tcopy(H5T_NATIVE_INT64)
                               : H5Tcopy(H5T_NATIVE_DOUBLE);
}

static void make_unknown(struct field *f)
{
    f->integer = FIELD_NO_INT;
    f->real = NAN;
    if (f->text)
        f->text[0] = '\0';
}

/* One value as the library put it at `from`; a text becomes the field's. */
static void take(struct field *f, void *from)
{
    char *text;

    if (f->type == FIELD_INT)
        memcpy(&f->integer, from, sizeof f->integer);
    if (f->type == FIELD_REAL)
        memcpy(&f->real, from, sizeof f->real);
    if (f->type != FIELD_TEXT)
        return;
    memcpy(&text, from, sizeof text);
    free(f->text);
    f->text = strdup(text ? text : "");
    H5free_memory(text);
}

static int read_attribute(hid_t attribute, struct field *f)
{
    union {
        char *text;
        int64_t integer;
        double real;
    } value = {.integer = 0};
    hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    hid_t memory = memory_type(f->type);
    int rc = -1;

    if (fits(type, f->type) && H5Sget_simple_extent_npoints(space) == 1 &&
        H5Aread(attribute, memory, &value) >= 0) {
        take(f, &value);
        rc = f->type == FIELD_TEXT && !f->text ? -1 : 0;
    }
    H5Tclose(memory);
    H5Sclose(space);
    H5Tclose(type);
    return rc;
}

void past_study(const struct past *p, struct fields *study)
{
    for (size_t i = 0; i < study->n; i++) {
        struct field *f = &study->list[i];
        hid_t attribute = H5Aexists(p->file, f->name) > 0
                              ? H5Aopen(p->file, f->name, H5P_DEFAULT)
                              : H5I_INVALID_HID;

        make_unknown(f);
        if (attribute < 0)
            continue;
        if (read_attribute(attribute, f))
            make_unknown(f);
        H5Aclose(attribute);
    }
}

/* The length of a one-dimensional dataset of such values, or -1. */
static hssize_t column_length(hid_t column, enum field_type as)
{
    hid_t type = H5Dget_type(column), space = H5Dget_space(column);
    hssize_t n = -1;

    if (fits(type, as) && H5Sget_simple_extent_ndims(space) == 1)
        n = H5Sget_simple_extent_npoints(space);
    H5Sclose(space);
    H5Tclose(type);
    return n;
}

/* Read column c into cells[c], cells[c + stride], … */
static int read_column(hid_t column, struct field *cells, size_t stride,
                       size_t n)
{
    unsigned char *values = calloc(n + 1, 8);
    hid_t memory = memory_type(cells->type), plan = put_transfer_plan();
    int rc = -1;

    if (values &&
        H5Dread(column, memory, H5S_ALL, H5S_ALL, plan, values) >= 0) {
        for (size_t i = 0; i < n; i++)
            take(&cells[i * stride], values + 8 * i);
        rc = 0;
    }
    H5Pclose(plan);
    H5Tclose(memory);
    free(values);
    return rc;
}

static void add_blank(struct fields *cells, const struct field *like)
{
    if (like->type == FIELD_TEXT)
        fields_text(cells, like->name, "");
    else if (like->type == FIELD_INT)
        fields_int(cells, like->name, like->unit, FIELD_NO_INT);
    else
        fields_real(cells, like->name, like->unit, NAN);
}

/* All columns are as long as the first. */
static int table_rows(const struct past *p, hid_t group,
                      const struct fields *like, size_t *nrows,
                      struct error *err)
{
    for (size_t c = 0; c < like->n; c++) {
        const struct field *f = &like->list[c];
        hid_t column = H5Lexists(group, f->name, H5P_DEFAULT) > 0
                           ? H5Dopen2(group, f->name, H5P_DEFAULT)
                           : H5I_INVALID_HID;
        hssize_t n = column < 0 ? -1 : column_length(column, f->type);

        if (column >= 0)
            H5Dclose(column);
        if (n < 0 || (c > 0 && (size_t)n != *nrows))
            return error_set(err, "'%s' has no such column %s as expected",
                             p->path, f->name);
        *nrows = (size_t)n;
    }
    return 0;
}

int past_table(const struct past *p, const char *group,
               const struct fields *like, struct fields *cells, size_t *nrows,
               struct error *err)
{
    hid_t from = H5Gopen2(p->file, group, H5P_DEFAULT);
    size_t first = cells->n;
    int rc;

    if (from < 0)
        return error_set(err, "'%s' has no group /%s", p->path, group);
    rc = table_rows(p, from, like, nrows, err);
    for (size_t i = 0; i < *nrows && rc == 0; i++)
        for (size_t c = 0; c < like->n; c++)
            add_blank(cells, &like->list[c]);
    for (size_t c = 0; c < like->n && rc == 0; c++) {
        hid_t column = H5Dopen2(from, like->list[c].name, H5P_DEFAULT);

        if (read_column(column, &cells->list[first + c], like->n, *nrows))
            rc = put_error(err, "read", p->path);
        H5Dclose(column);
    }
    H5Gclose(from);
    return rc;
}
