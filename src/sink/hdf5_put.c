/* hdf5_put.c - attributes, columns and arrays in the library's words.
 *
 * What netCDF-4 asks of a file: the order of creation of links and attributes
 * is kept, every dimension has a scale, texts are variable-length UTF-8,
 * _FillValue is the fill value and an attribute too.
 */
#include <hdf5_hl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink/hdf5_parts.h"
#include "sink/sink.h"

/* Beyond these the library would keep links and attributes outside the header
 * of their object. */
enum { MOST_COMPACT = 65535 };

/* About the size of an attribute; a header is made for 64 KiB at most. */
enum { ATTRIBUTE_BYTES = 128, MOST_ATTRIBUTES = 350 };

enum { CONVERSION_BYTES = 32 * 1024 }; /* 2,048 texts at a time */

/* What the library said of its first failure since put_error(). Its own error
 * stack is gone with the next call, be it one that cleans up. */
static struct failure {
    char what[512], major[128];
} failure;

/* Of a failed system call the library says all it knows, over two lines; the
 * system's own words are enough. */
static void take_words(struct failure *f, const char *words)
{
    static const char mark[] = "error message = '";
    const char *start = strstr(words, mark);
    size_t n;

    start = start ? start + strlen(mark) : words;
    n = strcspn(start, start == words ? "\n" : "'\n");
    snprintf(f->what, sizeof f->what, "%.*s", (int)n, start);
}

/* The innermost entry of the error stack comes first. */
static herr_t take_entry(unsigned n, const H5E_error2_t *entry, void *to)
{
    struct failure *f = to;

    if (n > 0)
        return 0;
    take_words(f, entry->desc ? entry->desc : "");
    if (H5Eget_msg(entry->maj_num, NULL, f->major, sizeof f->major) < 0)
        f->major[0] = '\0';
    return 0;
}

/* The library calls this instead of printing. */
static herr_t take_failure(hid_t stack, void *to)
{
    struct failure *f = to;

    if (f->what[0])
        return 0;
    return H5Ewalk2(stack, H5E_WALK_UPWARD, take_entry, f);
}

int put_error(struct error *err, const char *what, const char *path)
{
    error_set(err, "cannot %s '%s': %s (HDF5%s%s)", what, path,
              failure.what[0] ? failure.what : "no reason given",
              failure.major[0] ? ": " : "", failure.major);
    failure = (struct failure){.what = ""};
    return -1;
}

/* An older library reads the environment when it starts. At the program's end
 * the library would try again to write what it could not, and crash. */
void put_start(void)
{
    setenv("HDF5_USE_FILE_LOCKING", "FALSE", 0);
    H5dont_atexit();
    H5Eset_auto2(H5E_DEFAULT, take_failure, &failure);
    failure.what[0] = '\0';
}

const char *sink_hdf5_version(void)
{
    static char text[32];
    unsigned major = 0, minor = 0, release = 0;

    put_start();
    H5get_libversion(&major, &minor, &release);
    snprintf(text, sizeof text, "%u.%u.%u", major, minor, release);
    return text;
}

/* One writer only, so locks protect nothing; some file systems refuse them. */
static void unlock(hid_t access)
{
#if H5_VERSION_GE(1, 12, 1) ||                                                 \
    (H5_VERSION_GE(1, 10, 7) && !H5_VERSION_GE(1, 12, 0))
    H5Pset_file_locking(access, false, true);
#else
    (void)access;
#endif
}

/* One file, written by system calls, whatever HDF5_DRIVER and
 * HDF5_VOL_CONNECTOR say. */
static int set_driver(hid_t access)
{
#if H5_VERSION_GE(1, 12, 0)
    if (H5Pset_vol(access, H5VL_NATIVE, NULL) < 0)
        return -1;
#endif
    return H5Pset_fapl_sec2(access) < 0 ? -1 : 0;
}

H5F_libver_t put_oldest = H5F_LIBVER_EARLIEST;

/* Metadata stays in memory until the file is closed: what is written early
 * would refer to what is not there yet. The oldest superblock is the one that
 * can be changed safely (hdf5_keep.c). Space is taken from the end of the file
 * as it is needed: of blocks taken in advance the library gives back the rest
 * by shortening the file first and telling the superblock later. */
hid_t put_access_plan(void)
{
    H5AC_cache_config_t cache = {.version = H5AC__CURR_CACHE_CONFIG_VERSION};
    hid_t plan = H5Pcreate(H5P_FILE_ACCESS);

    if (H5Pget_mdc_config(plan, &cache) < 0) {
        H5Pclose(plan);
        return H5I_INVALID_HID;
    }
    cache.incr_mode = H5C_incr__off;
    cache.flash_incr_mode = H5C_flash_incr__off;
    cache.decr_mode = H5C_decr__off;
    cache.evictions_enabled = false;
    if (set_driver(plan) || H5Pset_mdc_config(plan, &cache) < 0 ||
        H5Pset_libver_bounds(plan, put_oldest, H5F_LIBVER_V18) < 0 ||
        H5Pset_meta_block_size(plan, 0) < 0 ||
        H5Pset_small_data_block_size(plan, 0) < 0 ||
        H5Pset_fclose_degree(plan, H5F_CLOSE_STRONG) < 0) {
        H5Pclose(plan);
        return H5I_INVALID_HID;
    }
    unlock(plan);
    return plan;
}

hid_t put_text_type(void)
{
    hid_t type = H5Tcopy(H5T_C_S1);

    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

/* The type in memory (file false) or in the file; the caller closes it. */
static hid_t type_of(enum field_type type, bool file)
{
    if (type == FIELD_TEXT)
        return put_text_type();
    if (type == FIELD_INT)
        return H5Tcopy(file ? H5T_STD_I64LE : H5T_NATIVE_INT64);
    return H5Tcopy(file ? H5T_IEEE_F64LE : H5T_NATIVE_DOUBLE);
}

/* One that exists keeps its type: to remove it would make the library give up
 * the room in the object's header (header_widen). HDF5 1.14 frees the text that
 * is replaced, and puts the new one in its place: the one change of the file
 * that hdf5_keep.c does not guard. */
static int put_attribute(hid_t object, const char *name, enum field_type type,
                         const void *value)
{
    hid_t in_file = type_of(type, true), in_memory = type_of(type, false);
    hid_t space = H5Screate(H5S_SCALAR), attribute = H5I_INVALID_HID;
    htri_t there = H5Aexists(object, name);
    int rc = 0;

    if (there > 0)
        attribute = H5Aopen(object, name, H5P_DEFAULT);
    else if (there == 0)
        attribute =
            H5Acreate2(object, name, in_file, space, H5P_DEFAULT, H5P_DEFAULT);
    if (attribute < 0 || H5Awrite(attribute, in_memory, value) < 0)
        rc = -1;
    if (attribute >= 0 && H5Aclose(attribute) < 0)
        rc = -1;
    H5Sclose(space);
    H5Tclose(in_memory);
    H5Tclose(in_file);
    return rc;
}

static int put_fact(hid_t object, const struct field *fact)
{
    if (fact->type == FIELD_TEXT)
        return put_attribute(object, fact->name, FIELD_TEXT, &fact->text);
    if (fact->type == FIELD_INT)
        return put_attribute(object, fact->name, FIELD_INT, &fact->integer);
    return put_attribute(object, fact->name, FIELD_REAL, &fact->real);
}

uint64_t put_text_bytes(const struct fields *f)
{
    uint64_t n = 0;

    for (size_t i = 0; i < f->n; i++)
        n += 128 + (f->list[i].text ? strlen(f->list[i].text) : 0);
    return n;
}

int put_attributes(hid_t object, const struct fields *attributes)
{
    for (size_t i = 0; i < attributes->n; i++)
        if (put_fact(object, &attributes->list[i]))
            return -1;
    return 0;
}

hid_t put_group_plan(hid_t class, size_t attributes)
{
    const unsigned ordered = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    hid_t plan = H5Pcreate(class);

    H5Pset_link_creation_order(plan, ordered);
    H5Pset_attr_creation_order(plan, ordered);
    H5Pset_link_phase_change(plan, MOST_COMPACT, MOST_COMPACT);
    H5Pset_attr_phase_change(plan, MOST_COMPACT, MOST_COMPACT);
    H5Pset_obj_track_times(plan, false);
    if (attributes > MOST_ATTRIBUTES)
        attributes = MOST_ATTRIBUTES;
    H5Pset_est_link_info(plan, (unsigned)attributes + 4, ATTRIBUTE_BYTES);
    return plan;
}

/* All of a dataset is in one piece that exists from the start. A reference of a
 * text must always be valid, so those are filled in any case. */
static hid_t dataset_plan(const struct put_shape *shape)
{
    static const double no_real = NAN;
    static const int64_t no_int = FIELD_NO_INT;
    hid_t plan = H5Pcreate(H5P_DATASET_CREATE);

    H5Pset_layout(plan, H5D_CONTIGUOUS);
    H5Pset_alloc_time(plan, H5D_ALLOC_TIME_EARLY);
    H5Pset_attr_creation_order(plan,
                               H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    H5Pset_obj_track_times(plan, false);
    if (shape->type == FIELD_REAL)
        H5Pset_fill_value(plan, H5T_NATIVE_DOUBLE, &no_real);
    else if (shape->type == FIELD_INT)
        H5Pset_fill_value(plan, H5T_NATIVE_INT64, &no_int);
    H5Pset_fill_time(plan, shape->whole && shape->type != FIELD_TEXT
                               ? H5D_FILL_TIME_NEVER
                               : H5D_FILL_TIME_ALLOC);
    return plan;
}

static int describe(hid_t dataset, const struct put_shape *shape)
{
    static const double no_real = NAN;
    static const int64_t no_int = FIELD_NO_INT;
    const struct {
        const char *name, *text;
    } texts[] = {{"long_name", shape->long_name},
                 {"units", shape->unit},
                 {"role", shape->role}};

    if (shape->type == FIELD_REAL &&
        put_attribute(dataset, "_FillValue", FIELD_REAL, &no_real))
        return -1;
    if (shape->type == FIELD_INT &&
        put_attribute(dataset, "_FillValue", FIELD_INT, &no_int))
        return -1;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].text && texts[i].text[0] &&
            put_attribute(dataset, texts[i].name, FIELD_TEXT, &texts[i].text))
            return -1;
    return 0;
}

hid_t put_dataset(hid_t group, const struct put_shape *shape)
{
    const hsize_t dims[2] = {shape->rows, shape->cols};
    hid_t plan = dataset_plan(shape), type = type_of(shape->type, true);
    hid_t space = H5Screate_simple(shape->cols ? 2 : 1, dims, NULL);
    hid_t dataset = H5Dcreate2(group, shape->name, type, space, H5P_DEFAULT,
                               plan, H5P_DEFAULT);

    if (dataset >= 0 && describe(dataset, shape)) {
        H5Dclose(dataset);
        dataset = H5I_INVALID_HID;
    }
    H5Sclose(space);
    H5Tclose(type);
    H5Pclose(plan);
    return dataset;
}

hid_t put_transfer_plan(void)
{
    hid_t plan = H5Pcreate(H5P_DATASET_XFER);

    H5Pset_buffer(plan, CONVERSION_BYTES, NULL, NULL);
    return plan;
}

static int write_cells(hid_t dataset, enum field_type of, hid_t here,
                       hid_t there, const void *values)
{
    hid_t plan = put_transfer_plan(), type = type_of(of, false);
    int rc = H5Dwrite(dataset, type, here, there, plan, values) < 0 ? -1 : 0;

    H5Tclose(type);
    H5Pclose(plan);
    return rc;
}

int put_rows(hid_t dataset, const struct put_shape *shape, hsize_t first,
             hsize_t nrows, const void *data)
{
    const hsize_t start[2] = {first, 0}, count[2] = {nrows, shape->cols};
    hid_t here = H5Screate_simple(shape->cols ? 2 : 1, count, NULL);
    hid_t there = H5Dget_space(dataset);
    int rc = -1;

    if (H5Sselect_hyperslab(there, H5S_SELECT_SET, start, NULL, count, NULL) >=
        0)
        rc = write_cells(dataset, shape->type, here, there, data);
    H5Sclose(here);
    H5Sclose(there);
    return rc;
}

hid_t put_scale(hid_t group, const char *name, hsize_t n)
{
    hid_t space = H5Screate_simple(1, &n, NULL);
    struct put_shape shape = {
        .name = name, .type = FIELD_INT, .rows = n, .whole = true};
    hid_t plan = dataset_plan(&shape), scale;
    int64_t *numbers = malloc((size_t)n * sizeof *numbers);

    for (size_t i = 0; numbers && i < n; i++)
        numbers[i] = (int64_t)i;
    scale = H5Dcreate2(group, name, H5T_STD_I64LE, space, H5P_DEFAULT, plan,
                       H5P_DEFAULT);
    if (scale >= 0 && (!numbers ||
                       H5Dwrite(scale, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL,
                                H5P_DEFAULT, numbers) < 0 ||
                       H5DSset_scale(scale, name) < 0)) {
        H5Dclose(scale);
        scale = H5I_INVALID_HID;
    }
    free(numbers);
    H5Pclose(plan);
    H5Sclose(space);
    return scale;
}

/* The column's values side by side; the caller frees them. */
static void *gather(const struct field *cells, size_t stride, size_t n)
{
    void *values = calloc(n, sizeof(int64_t));
    const char **text = values;
    int64_t *integer = values;
    double *real = values;

    for (size_t i = 0; values && i < n; i++) {
        const struct field *cell = &cells[i * stride];

        if (cells->type == FIELD_TEXT)
            text[i] = cell->text;
        else if (cells->type == FIELD_INT)
            integer[i] = cell->integer;
        else
            real[i] = cell->real;
    }
    return values;
}

int put_column(hid_t group, hid_t scale, const struct field *cells,
               size_t stride, size_t n, uint64_t *place)
{
    struct put_shape shape = {.name = cells->name,
                              .unit = cells->unit,
                              .role = cells->role,
                              .type = cells->type,
                              .rows = n,
                              .whole = true};
    hid_t column = put_dataset(group, &shape);
    void *values = gather(cells, stride, n);
    int rc = -1;

    if (column >= 0 && values && H5DSattach_scale(column, scale, 0) >= 0 &&
        put_rows(column, &shape, 0, n, values) == 0)
        rc = 0;
    if (rc == 0 && place)
        *place = H5Dget_offset(column);
    free(values);
    if (column >= 0)
        H5Dclose(column);
    return rc;
}

int put_table(hid_t file, const char *name, const char *scale_name,
              const struct sink_table *table, uint64_t *places)
{
    hid_t plan = put_group_plan(H5P_GROUP_CREATE, 0), scale;
    hid_t group = H5Gcreate2(file, name, H5P_DEFAULT, plan, H5P_DEFAULT);
    int rc = 0;

    H5Pclose(plan);
    if (group < 0 || table->nrows == 0)
        return group < 0 || H5Gclose(group) < 0 ? -1 : 0;
    scale = put_scale(group, scale_name, table->nrows);
    for (size_t i = 0; i < table->ncols && scale >= 0 && rc == 0; i++)
        rc = put_column(group, scale, &table->cells[i], table->ncols,
                        table->nrows, places ? &places[i] : NULL);
    if (scale < 0 || H5Dclose(scale) < 0)
        rc = -1;
    return H5Gclose(group) < 0 ? -1 : rc;
}

int put_cells(hid_t column, const struct field *value, const hsize_t *rows,
              size_t n)
{
    const hsize_t count = n;
    hid_t here = H5Screate_simple(1, &count, NULL);
    hid_t there = H5Dget_space(column);
    void *values = gather(value, 0, n);
    int rc = -1;

    if (values && H5Sselect_elements(there, H5S_SELECT_SET, n, rows) >= 0)
        rc = write_cells(column, value->type, here, there, values);
    free(values);
    H5Sclose(here);
    H5Sclose(there);
    return rc;
}
