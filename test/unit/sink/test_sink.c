#include <hdf5.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sink/hdf5_parts.h"
#include "sink/sink.h"

enum { NPERMS = 3, CLIENTS = 2, ITERATIONS = 3 };

static const struct sink_array put_tensor = {"put_tensor", FIELD_REAL,
                                             "s",          "time of each put",
                                             SINK_CLIENT,  SINK_ITERATION};
static const struct sink_array client_rank = {"client_rank", FIELD_INT,  "", "",
                                              SINK_CLIENT,   SINK_NO_DIM};
static const struct sink_array client_address = {
    "client_address", FIELD_TEXT, "", "", SINK_CLIENT, SINK_NO_DIM};
static const struct sink_array shard_cpus = {"shard_cpus", FIELD_TEXT, "", "",
                                             SINK_SHARD,   SINK_NO_DIM};

static const size_t sizes[SINK_DIMS] = {
    [SINK_CLIENT] = CLIENTS, [SINK_ITERATION] = ITERATIONS};
static const size_t no_sizes[SINK_DIMS] = {0};

static char folder[64];
static char path[128];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/srb-test-sink-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/a.h5", folder);
    return 0;
}

static int drop_folder(void **state)
{
    char command[128];

    (void)state;
    umount2(folder, MNT_DETACH); /* test_full_disk */
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static void make_row(struct fields *row, int64_t index, const char *status,
                     double median)
{
    fields_int(row, "index", "", index);
    fields_text(row, "status", status);
    fields_real(row, "put_median", "s", median);
}

static struct sink *open_at(const char *where, bool overwrite, size_t nperms,
                            struct error *err)
{
    static struct fields study, cells, row;
    static struct sink_table hosts;
    struct sink *s;

    err->text[0] = '\0';
    fields_int(&study, "schema_version", "", 1);
    fields_text(&study, "config", "a: b\n");
    fields_text(&study, "end_time", "");
    fields_text(&cells, "name", "n\303\266de0");
    fields_int(&cells, "memory", "B", 5);
    fields_text(&cells, "name", "");
    fields_int(&cells, "memory", "B", 6);
    hosts = (struct sink_table){cells.list, 2, 2};
    make_row(&row, FIELD_NO_INT, "planned", NAN);
    s = sink_hdf5.open(
        where, overwrite, "",
        &(struct sink_start){
            .study = &study, .hosts = &hosts, .row = &row, .nperms = nperms},
        err);
    fields_free(&study);
    fields_free(&cells);
    fields_free(&row);
    return s;
}

static struct sink *open_new(void)
{
    struct error err;
    struct sink *s = open_at(path, false, NPERMS, &err);

    assert_string_equal(err.text, "");
    assert_non_null(s);
    return s;
}

static int end(struct sink *s, size_t index, const char *status,
               struct error *err)
{
    struct fields facts = {0}, row = {0};
    int rc;

    fields_text(&facts, "status", status);
    fields_text(&facts, "error", strcmp(status, "failed") ? "" : "no server");
    fields_real(&facts, "loop", "s", 2.5);
    make_row(&row, (int64_t)index, status, 0.25 + (double)index);
    rc = s->ops->end(s, &facts, &row, err);
    fields_free(&facts);
    fields_free(&row);
    return rc;
}

static void close_well(struct sink *s)
{
    struct error err = {0};

    assert_int_equal(s->ops->close(s, &err), 0);
    assert_string_equal(err.text, "");
}

/* ---- reading back ---- */

static hid_t reopen(void)
{
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);

    assert_true(file >= 0);
    return file;
}

static hid_t text_type(void)
{
    hid_t type = H5Tcopy(H5T_C_S1);

    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

/* An object's text attribute is what is wanted. */
static void expect_text(hid_t file, const char *object, const char *name,
                        const char *wanted)
{
    hid_t type = text_type();
    hid_t attribute =
        H5Aopen_by_name(file, object, name, H5P_DEFAULT, H5P_DEFAULT);
    char *text = NULL;

    assert_true(attribute >= 0);
    assert_true(H5Aread(attribute, type, &text) >= 0);
    assert_string_equal(text ? text : "", wanted);
    H5free_memory(text);
    H5Aclose(attribute);
    H5Tclose(type);
}

/* Read n values of a dataset; its shape is rows x cols (cols 0: one-
 * dimensional). */
static void read_all(hid_t file, const char *name, hid_t type, size_t rows,
                     size_t cols, void *values)
{
    hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
    hid_t space;
    hsize_t dims[2] = {0, 0};

    assert_true(dataset >= 0);
    space = H5Dget_space(dataset);
    assert_int_equal(H5Sget_simple_extent_dims(space, dims, NULL),
                     cols ? 2 : 1);
    assert_int_equal(dims[0], rows);
    assert_int_equal(dims[1], cols);
    assert_true(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >=
                0);
    H5Sclose(space);
    H5Dclose(dataset);
}

static void expect_texts(hid_t file, const char *name, size_t n,
                         const char *const *wanted)
{
    char *text[16] = {NULL};
    hid_t type = text_type();

    read_all(file, name, type, n, 0, text);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(text[i] ? text[i] : "", wanted[i]);
        H5free_memory(text[i]);
    }
    H5Tclose(type);
}

static bool has(hid_t file, const char *name)
{
    return H5Lexists(file, name, H5P_DEFAULT) > 0;
}

/* ---- tests ---- */

static void test_root_and_hosts(void **state)
{
    const char *const names[] = {"n\303\266de0", ""};
    struct fields note = {0};
    struct error err = {0};
    struct sink *s = open_new();
    int64_t memory[2];
    hid_t file;

    (void)state;
    fields_text(&note, "end_time", "2026-01-01T00:00:00Z");
    fields_text(&note, "added", "later");
    assert_int_equal(s->ops->note(s, &note, &err), 0);
    fields_free(&note);
    close_well(s);
    file = reopen();
    expect_text(file, "/", "config", "a: b\n");
    expect_text(file, "/", "durability", "every instant");
    expect_text(file, "/", "end_time", "2026-01-01T00:00:00Z");
    expect_text(file, "/", "added", "later");
    expect_texts(file, "hosts/name", 2, names);
    read_all(file, "hosts/memory", H5T_NATIVE_INT64, 2, 0, memory);
    assert_int_equal(memory[1], 6);
    expect_text(file, "hosts/memory", "units", "B");
    assert_true(has(file, "hosts/node"));
    H5Fclose(file);
}

static void write_arrays(struct sink *s)
{
    const double data[] = {1, 2, 3, 4, 5, 6};
    const char *const text[] = {"10.0.0.1:6780", ""};
    struct error err = {0};

    assert_int_equal(s->ops->write(s, &put_tensor, 0, 1, data, &err), 0);
    assert_int_equal(s->ops->write(s, &put_tensor, 1, 1, data + 3, &err), 0);
    assert_int_equal(s->ops->write(s, &client_address, 0, 2, text, &err), 0);
    assert_int_equal(s->ops->write(s, &shard_cpus, 0, 0, NULL, &err), 0);
}

static void test_arrays(void **state)
{
    const char *const text[] = {"10.0.0.1:6780", ""};
    struct error err = {0};
    struct sink *s = open_new();
    double data[6];
    int64_t client[2];
    hid_t file;

    (void)state;
    assert_int_equal(s->ops->begin(s, 0, sizes, &err), 0);
    write_arrays(s);
    assert_int_equal(end(s, 0, "completed", &err), 0);
    close_well(s);
    file = reopen();
    read_all(file, "perm_0000/put_tensor", H5T_NATIVE_DOUBLE, 2, 3, data);
    for (int i = 0; i < 6; i++)
        assert_true(data[i] == i + 1);
    expect_texts(file, "perm_0000/client_address", 2, text);
    read_all(file, "perm_0000/client", H5T_NATIVE_INT64, 2, 0, client);
    assert_int_equal(client[1], 1);
    expect_text(file, "perm_0000/put_tensor", "units", "s");
    expect_text(file, "perm_0000/put_tensor", "long_name", "time of each put");
    expect_text(file, "perm_0000", "status", "completed");
    assert_false(has(file, "perm_0000/shard"));
    assert_false(has(file, "perm_0000/shard_cpus"));
    assert_false(has(file, "perm_0001"));
    H5Fclose(file);
}

static void test_missing_rows(void **state)
{
    const char *const text[] = {"", "b"};
    const double data[] = {4, 5, 6};
    const int64_t rank = 7;
    struct error err = {0};
    struct sink *s = open_new();
    double read[6];
    int64_t ranks[2];
    hid_t file;

    (void)state;
    assert_int_equal(s->ops->begin(s, 2, sizes, &err), 0);
    assert_int_equal(s->ops->write(s, &put_tensor, 1, 1, data, &err), 0);
    assert_int_equal(s->ops->write(s, &client_rank, 0, 1, &rank, &err), 0);
    assert_int_equal(s->ops->write(s, &client_address, 1, 1, text + 1, &err),
                     0);
    assert_int_equal(end(s, 2, "completed", &err), 0);
    close_well(s);
    file = reopen();
    read_all(file, "perm_0002/put_tensor", H5T_NATIVE_DOUBLE, 2, 3, read);
    assert_true(isnan(read[0]) && isnan(read[2]) && read[3] == 4);
    read_all(file, "perm_0002/client_rank", H5T_NATIVE_INT64, 2, 0, ranks);
    assert_int_equal(ranks[0], 7);
    assert_int_equal(ranks[1], FIELD_NO_INT);
    expect_texts(file, "perm_0002/client_address", 2, text);
    H5Fclose(file);
}

static void test_failed_and_summary(void **state)
{
    const char *const status[] = {"failed", "planned", "completed"};
    struct error err = {0};
    struct sink *s = open_new();
    double median[NPERMS];
    int64_t numbers[NPERMS];
    hid_t file;

    (void)state;
    assert_int_equal(s->ops->begin(s, 0, no_sizes, &err), 0);
    assert_int_equal(end(s, 0, "failed", &err), 0);
    assert_int_equal(s->ops->begin(s, 2, sizes, &err), 0);
    assert_int_equal(end(s, 2, "completed", &err), 0);
    close_well(s);
    file = reopen();
    expect_text(file, "perm_0000", "error", "no server");
    assert_false(has(file, "perm_0000/client"));
    expect_texts(file, "summary/status", NPERMS, status);
    read_all(file, "summary/put_median", H5T_NATIVE_DOUBLE, NPERMS, 0, median);
    assert_true(median[0] == 0.25 && isnan(median[1]) && median[2] == 2.25);
    read_all(file, "summary/index", H5T_NATIVE_INT64, NPERMS, 0, numbers);
    assert_int_equal(numbers[1], FIELD_NO_INT);
    assert_int_equal(numbers[2], 2);
    read_all(file, "summary/permutation", H5T_NATIVE_INT64, NPERMS, 0, numbers);
    assert_int_equal(numbers[1], 1);
    H5Fclose(file);
}

/* What is not ended is not there, and may be begun again. */
static void test_not_ended(void **state)
{
    struct error err = {0};
    struct sink *s = open_new();
    hid_t file;

    (void)state;
    assert_int_equal(s->ops->begin(s, 1, sizes, &err), 0);
    write_arrays(s);
    assert_int_equal(s->ops->begin(s, 1, no_sizes, &err), 0);
    assert_int_equal(end(s, 1, "failed", &err), 0);
    assert_int_equal(s->ops->begin(s, 0, sizes, &err), 0);
    write_arrays(s);
    close_well(s);
    file = reopen();
    assert_false(has(file, "perm_0000"));
    assert_true(has(file, "perm_0001"));
    assert_false(has(file, "perm_0001/client"));
    H5Fclose(file);
}

static void test_misuse(void **state)
{
    struct fields facts = {0}, row = {0};
    struct error err = {0};
    struct sink *s = open_new();
    const double data[9] = {0};

    (void)state;
    assert_int_equal(end(s, 0, "completed", &err), -1);
    assert_int_equal(s->ops->write(s, &put_tensor, 0, 1, data, &err), -1);
    assert_int_equal(s->ops->begin(s, NPERMS, sizes, &err), -1);
    assert_int_equal(s->ops->begin(s, 0, sizes, &err), 0);
    assert_int_equal(s->ops->write(s, &put_tensor, 1, 2, data, &err), -1);
    assert_int_equal(end(s, 0, "completed", &err), 0);
    assert_int_equal(s->ops->begin(s, 0, sizes, &err), -1);
    assert_non_null(strstr(err.text, "holds perm_0000 already"));
    assert_int_equal(s->ops->begin(s, 1, sizes, &err), 0);
    fields_int(&row, "other", "", 1);
    assert_int_equal(s->ops->end(s, &facts, &row, &err), -1);
    assert_non_null(strstr(err.text, "column 0 of the summary"));
    fields_free(&row);
    close_well(s);
}

static void test_existing(void **state)
{
    struct error err;
    struct sink *s = open_new();
    char wanted[256], other[160];

    (void)state;
    close_well(s);
    snprintf(wanted, sizeof wanted,
             "output '%s' exists; choose another --output, --resume it, or "
             "--overwrite it",
             path);
    assert_null(open_at(path, false, NPERMS, &err));
    assert_string_equal(err.text, wanted);
    s = open_at(path, true, NPERMS, &err);
    assert_non_null(s);
    close_well(s);
    snprintf(other, sizeof other, "%s/pipe", folder);
    assert_int_equal(mkfifo(other, 0600), 0);
    assert_null(open_at(other, true, NPERMS, &err));
    assert_non_null(strstr(err.text, "is not a file"));
    assert_null(open_at(folder, true, NPERMS, &err));
    assert_non_null(strstr(err.text, "is not a file"));
}

static void test_folders(void **state)
{
    struct error err;
    struct sink *s;
    char other[160];

    (void)state;
    snprintf(other, sizeof other, "%s/x//y/z/a.h5", folder);
    s = open_at(other, false, NPERMS, &err);
    assert_non_null(s);
    close_well(s);
    snprintf(other, sizeof other, "%s/x/y/z/a.h5/b/c.h5", folder);
    assert_null(open_at(other, false, NPERMS, &err));
    assert_non_null(strstr(err.text, "Not a directory"));
    assert_non_null(strstr(err.text, "--output"));
    assert_null(open_at("/proc/no/such/a.h5", false, NPERMS, &err));
    assert_non_null(strstr(err.text, "--output"));
}

/* More than the header of a group could hold. */
static void test_many(void **state)
{
    const size_t some[] = {0, 1999, 9999, 6999};
    struct error err = {0};
    struct sink *s;
    hid_t file;

    (void)state;
    assert_null(open_at(path, false, 0, &err));
    assert_null(open_at(path, false, 100000, &err));
    assert_non_null(strstr(err.text, "sweep in parts"));
    s = open_at(path, false, 7000, &err);
    assert_non_null(s);
    for (size_t i = 0; i < 4; i++) {
        bool fits = some[i] < 7000;

        assert_int_equal(s->ops->begin(s, some[i], no_sizes, &err),
                         fits ? 0 : -1);
        if (fits)
            assert_int_equal(end(s, some[i], "completed", &err), 0);
    }
    close_well(s);
    file = reopen();
    assert_true(has(file, "perm_6999"));
    H5Fclose(file);
}

/* Cells of a row that are known only later; nothing else of it changes. */
static void amend(struct sink *s)
{
    struct fields cells = {0};
    struct error err = {0};

    fields_real(&cells, "put_median", "s", 0.75);
    assert_int_equal(s->ops->amend(s, 0, &cells, &err), 0);
    fields_int(&cells, "index", "", 77);
    assert_int_equal(s->ops->amend(s, 1, &cells, &err), 0);
    assert_int_not_equal(s->ops->amend(s, NPERMS, &cells, &err), 0);
    fields_free(&cells);
    fields_real(&cells, "no_such_column", "s", 1);
    assert_int_not_equal(s->ops->amend(s, 0, &cells, &err), 0);
    assert_non_null(strstr(err.text, "no_such_column"));
    fields_free(&cells);
    fields_int(&cells, "status", "", 1);
    assert_int_not_equal(s->ops->amend(s, 0, &cells, &err), 0);
    fields_free(&cells);
    fields_real(&cells, "put_median", "s", 0.25);
    fields_text(&cells, "status", "completed, on second thoughts");
    assert_int_equal(s->ops->amend(s, 1, &cells, &err), 0);
    fields_free(&cells);
}

static void test_amend(void **state)
{
    const char *const status[] = {"completed", "completed, on second thoughts",
                                  "planned"};
    struct error err = {0};
    struct sink *s = open_new();
    double median[NPERMS];
    int64_t index[NPERMS];
    hid_t file;

    (void)state;
    assert_int_equal(s->ops->begin(s, 0, sizes, &err), 0);
    assert_int_equal(end(s, 0, "completed", &err), 0);
    assert_int_equal(s->ops->begin(s, 1, no_sizes, &err), 0);
    assert_int_equal(end(s, 1, "failed", &err), 0);
    amend(s);
    close_well(s);
    file = reopen();
    expect_text(file, "/", "durability", "every instant");
    read_all(file, "summary/put_median", H5T_NATIVE_DOUBLE, NPERMS, 0, median);
    assert_true(median[0] == 0.75 && median[1] == 0.25 && isnan(median[2]));
    read_all(file, "summary/index", H5T_NATIVE_INT64, NPERMS, 0, index);
    assert_int_equal(index[0], 0);
    assert_int_equal(index[1], 77);
    expect_texts(file, "summary/status", NPERMS, status);
    H5Fclose(file);
}

/* A layout in which a killed writer could lose the file is refused. */
static void test_unknown_layout(void **state)
{
    struct error err;

    (void)state;
    put_oldest = H5F_LIBVER_V18;
    assert_null(open_at(path, false, NPERMS, &err));
    put_oldest = H5F_LIBVER_EARLIEST;
    assert_non_null(strstr(err.text, "has a layout that cannot be kept whole"));
    assert_int_equal(access(path, F_OK), -1);
}

static int put_one(struct sink *s, size_t index, const struct fields *row,
                   struct error *err)
{
    const struct sink_table one = {row->list, 1, row->n};

    return s->ops->rows(s, index, &one, err);
}

/* What does not run has a row and no group, and may run later. */
static void test_row_alone(void **state)
{
    const char *const status[] = {"failed", "skipped", "planned"};
    struct error err = {0};
    struct sink *s = open_new();
    struct fields row = {0};
    hid_t file;

    (void)state;
    make_row(&row, 0, "skipped", NAN);
    assert_int_equal(put_one(s, 0, &row, &err), 0);
    assert_int_equal(put_one(s, 1, &row, &err), 0);
    assert_int_equal(put_one(s, NPERMS, &row, &err), -1);
    assert_int_equal(s->ops->begin(s, 0, no_sizes, &err), 0);
    assert_int_equal(put_one(s, 2, &row, &err), -1);
    assert_int_equal(end(s, 0, "failed", &err), 0);
    fields_free(&row);
    fields_text(&row, "other", "column");
    assert_int_equal(put_one(s, 2, &row, &err), -1);
    fields_free(&row);
    close_well(s);
    file = reopen();
    expect_texts(file, "summary/status", NPERMS, status);
    assert_true(has(file, "perm_0000"));
    assert_false(has(file, "perm_0001"));
    H5Fclose(file);
}

/* Several at once, of which each has its own texts, or none. */
static void test_rows_together(void **state)
{
    const char *const status[] = {"planned", "skipped", ""};
    double median[NPERMS];
    struct error err = {0};
    struct sink *s = open_new();
    struct fields rows = {0}, more = {0};
    struct sink_table both;
    hid_t file;

    (void)state;
    make_row(&rows, 1, "skipped", 0.5);
    make_row(&more, 2, "", 2.5);
    for (size_t i = 0; i < more.n; i++)
        fields_copy(&rows, &more.list[i]);
    both = (struct sink_table){rows.list, 2, more.n};
    assert_int_equal(s->ops->rows(s, 2, &both, &err), -1);
    assert_int_equal(s->ops->rows(s, 1, &both, &err), 0);
    both.nrows = SINK_ROWS + 1;
    assert_int_equal(s->ops->rows(s, 0, &both, &err), -1);
    fields_free(&rows);
    fields_free(&more);
    close_well(s);
    file = reopen();
    expect_texts(file, "summary/status", NPERMS, status);
    read_all(file, "summary/put_median", H5T_NATIVE_DOUBLE, NPERMS, 0, median);
    assert_true(isnan(median[0]) && median[1] == 0.5 && median[2] == 2.5);
    H5Fclose(file);
}

/* A full disk is an error and no more; what was complete stays. */
static void test_full_disk(void **state)
{
    static double data[1 << 16];
    const size_t large[SINK_DIMS] = {
        [SINK_CLIENT] = 16, [SINK_ITERATION] = 1 << 16};
    struct error err = {0};
    struct sink *s;
    size_t failed = 0;
    hid_t file;

    (void)state;
    if (geteuid() != 0 || mount("tmpfs", folder, "tmpfs", 0, "size=12m"))
        skip();
    s = open_new();
    for (size_t i = 0; i < NPERMS; i++) {
        int rc = s->ops->begin(s, i, large, &err);

        for (size_t r = 0; r < 16 && rc == 0; r++)
            rc = s->ops->write(s, &put_tensor, r, 1, data, &err);
        failed += rc || end(s, i, "completed", &err);
    }
    assert_int_equal(failed, NPERMS - 1);
    assert_int_equal(s->ops->begin(s, 1, no_sizes, &err), 0);
    assert_int_equal(end(s, 1, "failed", &err), 0);
    close_well(s);
    file = reopen();
    assert_true(has(file, "perm_0000/put_tensor"));
    assert_true(has(file, "perm_0001"));
    assert_false(has(file, "perm_0002"));
    H5Fclose(file);
}

static void test_version(void **state)
{
    unsigned major, minor, release;

    (void)state;
    assert_int_equal(
        sscanf(sink_hdf5_version(), "%u.%u.%u", &major, &minor, &release), 3);
}

#define TEST_IN_FOLDER(f)                                                      \
    cmocka_unit_test_setup_teardown(f, make_folder, drop_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_FOLDER(test_root_and_hosts),
        TEST_IN_FOLDER(test_arrays),
        TEST_IN_FOLDER(test_missing_rows),
        TEST_IN_FOLDER(test_failed_and_summary),
        TEST_IN_FOLDER(test_not_ended),
        TEST_IN_FOLDER(test_misuse),
        TEST_IN_FOLDER(test_existing),
        TEST_IN_FOLDER(test_folders),
        TEST_IN_FOLDER(test_many),
        TEST_IN_FOLDER(test_amend),
        TEST_IN_FOLDER(test_unknown_layout),
        TEST_IN_FOLDER(test_row_alone),
        TEST_IN_FOLDER(test_rows_together),
        TEST_IN_FOLDER(test_full_disk),
        cmocka_unit_test(test_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
