/* A result file of an earlier session, read and continued. */
#include <hdf5.h>
#include <hdf5_hl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sink/hdf5_parts.h"
#include "sink/sink.h"

enum { NPERMS = 3 };

static const struct sink_array put_tensor = {"put_tensor", FIELD_REAL,
                                             "s",          "time of each put",
                                             SINK_CLIENT,  SINK_ITERATION};
static const size_t sizes[SINK_DIMS] = {
    [SINK_CLIENT] = 2, [SINK_ITERATION] = 3};
static const double times[] = {1, 2, 3, 4, 5, 6};

static char folder[64], path[128];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/srb-test-resume-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/a.h5", folder);
    return 0;
}

/* All that is left is the result file: no lock, no part of one. */
static int drop_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

/* ---- writing ---- */

static void make_row(struct fields *row, int64_t index, const char *status)
{
    fields_int(row, "index", "", index);
    fields_text(row, "status", status);
    fields_real(row, "median", "s", index < 0 ? NAN : 0.25 + (double)index);
}

static void add_session(struct fields *f, const char *host, int64_t completed)
{
    fields_text(f, "host", host);
    fields_int(f, "completed", "", completed);
}

/* Facts of a file, with the sessions that are in *sessions. */
struct node_info {
    struct fields study, hosts, row;
    struct sink_table host_table, session_table;
    struct sink_start start;
};

static void describe(struct node_info *f, const struct fields *sessions)
{
    *f = (struct node_info){.study.n = 0};
    fields_text(&f->study, "schema_version", "1");
    fields_int(&f->study, "ranks", "", 7);
    fields_text(&f->hosts, "name", "node0");
    make_row(&f->row, FIELD_NO_INT, "planned");
    f->host_table = (struct sink_table){f->hosts.list, 1, 1};
    f->session_table = (struct sink_table){sessions->list, sessions->n / 2, 2};
    f->start = (struct sink_start){.study = &f->study,
                                   .hosts = &f->host_table,
                                   .sessions = &f->session_table,
                                   .row = &f->row,
                                   .nperms = NPERMS};
}

static void drop(struct node_info *f)
{
    fields_free(&f->study);
    fields_free(&f->hosts);
    fields_free(&f->row);
}

static void put(struct sink *s, size_t index, const char *status)
{
    static const size_t no_sizes[SINK_DIMS] = {0};
    bool completed = strcmp(status, "completed") == 0;
    struct fields facts = {0}, row = {0};
    struct error err = {.text = ""};

    assert_int_equal(
        s->ops->begin(s, index, completed ? sizes : no_sizes, &err), 0);
    if (completed)
        assert_int_equal(s->ops->write(s, &put_tensor, 0, 2, times, &err), 0);
    fields_text(&facts, "status", status);
    make_row(&row, (int64_t)index, status);
    assert_int_equal(s->ops->end(s, &facts, &row, &err), 0);
    fields_free(&facts);
    fields_free(&row);
}

static void end_session(struct sink *s, const char *host, int64_t completed)
{
    struct error err = {.text = ""};
    struct fields row = {0}, note = {0};

    fields_text(&note, "end_time", host);
    assert_int_equal(s->ops->note(s, &note, &err), 0);
    add_session(&row, host, completed);
    assert_int_equal(s->ops->session(s, &row, &err), 0);
    assert_int_equal(s->ops->close(s, &err), 0);
    assert_string_equal(err.text, "");
    fields_free(&row);
    fields_free(&note);
}

/* A study of which the first permutation is completed, the second failed. */
static void first_session(void)
{
    struct fields sessions = {0};
    struct error err = {.text = ""};
    struct node_info f;
    struct sink *s;

    add_session(&sessions, "first", FIELD_NO_INT);
    describe(&f, &sessions);
    s = sink_hdf5.open(path, false, "", &f.start, &err);
    assert_string_equal(err.text, "");
    put(s, 0, "completed");
    put(s, 1, "failed");
    end_session(s, "first, ended", 1);
    drop(&f);
    fields_free(&sessions);
}

static struct sink *second_session(const char *hosts)
{
    static const bool perm[NPERMS] = {true, false, false};
    static const char *const forget[] = {"end_time", "no_such", NULL};
    const struct sink_kept kept = {perm, forget, hosts};
    struct fields sessions = {0}, like = {0};
    struct error err = {.text = ""};
    struct past *past = past_open(path, true, "", &err);
    struct node_info f;
    struct sink *s;
    size_t n;

    assert_string_equal(err.text, "");
    add_session(&like, "", 0);
    assert_int_equal(past_table(past, "sessions", &like, &sessions, &n, &err),
                     0);
    add_session(&sessions, "next", FIELD_NO_INT);
    describe(&f, &sessions);
    s = sink_hdf5.resume(past, &kept, &f.start, &err);
    assert_string_equal(err.text, "");
    drop(&f);
    fields_free(&like);
    fields_free(&sessions);
    return s;
}

/* ---- reading ---- */

static void expect_rows(const struct past *past, const char *table,
                        const struct fields *want)
{
    struct fields like = *want, cells = {0};
    struct error err = {.text = ""};
    size_t n, ncols = 1;

    while (ncols < want->n &&
           strcmp(want->list[ncols].name, want->list[0].name) != 0)
        ncols++;
    like.n = ncols;
    assert_int_equal(past_table(past, table, &like, &cells, &n, &err), 0);
    assert_int_equal(n, want->n / ncols);
    for (size_t i = 0; i < cells.n; i++) {
        const struct field *a = &cells.list[i], *b = &want->list[i];

        assert_string_equal(a->name, b->name);
        if (a->type == FIELD_TEXT)
            assert_string_equal(a->text, b->text);
        assert_int_equal(a->integer, b->integer);
        assert_true(a->real == b->real || (isnan(a->real) && isnan(b->real)));
    }
    fields_free(&cells);
}

static void expect_summary(const char *second)
{
    struct error err = {.text = ""};
    struct past *past = past_open(path, false, "", &err);
    struct fields want = {0};

    assert_string_equal(err.text, "");
    make_row(&want, 0, "completed");
    make_row(&want, second ? 1 : -1, second ? second : "planned");
    make_row(&want, -1, "planned");
    expect_rows(past, "summary", &want);
    assert_true(past_permutation(past, 0, NPERMS));
    assert_int_equal(past_permutation(past, 1, NPERMS), second != NULL);
    assert_false(past_permutation(past, 2, NPERMS));
    fields_free(&want);
    past_close(past);
}

static void expect_times(const char *name, const char *scale)
{
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), data, along;
    double values[6] = {0};

    data = H5Dopen2(file, name, H5P_DEFAULT);
    along = H5Dopen2(file, scale, H5P_DEFAULT);
    assert_true(H5Dread(data, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                        values) >= 0);
    assert_memory_equal(values, times, sizeof times);
    assert_true(H5DSis_attached(data, along, 0) > 0);
    H5Dclose(along);
    H5Dclose(data);
    H5Fclose(file);
}

/* ---- tests ---- */

static void test_continued(void **state)
{
    struct fields facts = {0}, want = {0};
    struct error err = {.text = ""};
    struct past *past;
    struct sink *s;

    (void)state;
    first_session();
    expect_summary("failed");
    s = second_session("hosts_1");
    expect_summary(NULL); /* already now: what failed is to run again */
    put(s, 1, "completed");
    end_session(s, "next, ended", 2);
    expect_summary("completed");
    expect_times("perm_0000/put_tensor", "perm_0000/client");
    expect_times("perm_0001/put_tensor", "perm_0001/client");

    past = past_open(path, false, "", &err);
    fields_text(&facts, "durability", "");
    fields_text(&facts, "end_time", "");
    fields_int(&facts, "ranks", "", 0);
    fields_int(&facts, "schema_version", "", 5);
    fields_real(&facts, "no_such", "", 5);
    past_study(past, &facts);
    assert_string_equal(facts.list[0].text, "every instant");
    assert_string_equal(facts.list[1].text, "next, ended");
    assert_int_equal(facts.list[2].integer, 7);
    assert_int_equal(facts.list[3].integer, FIELD_NO_INT); /* it is a text */
    assert_true(isnan(facts.list[4].real));
    add_session(&want, "first, ended", 1);
    add_session(&want, "next, ended", 2);
    expect_rows(past, "sessions", &want);
    assert_true(past_has(past, "hosts") && past_has(past, "hosts_1"));
    fields_free(&facts);
    fields_free(&want);
    past_close(past);
}

/* A copy that cannot be made leaves the file as it was. */
static void test_no_room(void **state)
{
    static const bool perm[NPERMS] = {true, true, false};
    static const char *const forget[] = {NULL};
    const struct sink_kept kept = {perm, forget, NULL};
    struct fields sessions = {0};
    struct error err = {.text = ""};
    struct node_info f;
    struct past *past;

    (void)state;
    first_session();
    past = past_open(path, true, "", &err);
    add_session(&sessions, "next", FIELD_NO_INT);
    describe(&f, &sessions);
    fields_int(&f.row, "no_such_column", "", 0);
    assert_null(sink_hdf5.resume(past, &kept, &f.start, &err));
    assert_non_null(strstr(err.text, "cannot make a copy to resume of"));
    expect_summary("failed");
    drop(&f);
    fields_free(&sessions);
}

/* What a killed writer of the same file left beside it goes, and no more. */
static void test_left_overs(void **state)
{
    const char *const names[] = {".123-0.part", ".12-x.part", ".1-0.part.mine"};
    char other[3][200];

    (void)state;
    for (int i = 0; i < 3; i++) {
        FILE *file;

        snprintf(other[i], sizeof other[i], "%s%s", path, names[i]);
        file = fopen(other[i], "w");
        assert_non_null(file);
        fclose(file);
    }
    first_session();
    assert_int_equal(access(other[0], F_OK), -1);
    assert_int_equal(unlink(other[1]), 0);
    assert_int_equal(unlink(other[2]), 0);
}

static void put_file(const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void test_refused(void **state)
{
    struct fields like = {0}, cells = {0};
    struct error err = {.text = ""};
    struct past *past;
    size_t n;
    hid_t file;

    (void)state;
    assert_null(past_open(path, true, "", &err));
    assert_non_null(strstr(err.text, "No such file"));
    put_file("precious");
    assert_null(past_open(path, true, "", &err));
    assert_non_null(strstr(err.text, "no HDF5 file, or a damaged one"));
    file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(file);
    assert_null(past_open(path, true, "", &err));
    assert_non_null(strstr(err.text, "no result file of srbench"));
    unlink(path);
    first_session();
    past = past_open(path, false, "", &err);
    assert_non_null(past);
    fields_int(&like, "status", "", 0); /* it is a text */
    assert_int_equal(past_table(past, "summary", &like, &cells, &n, &err), -1);
    assert_non_null(strstr(err.text, "no such column status"));
    assert_int_equal(past_table(past, "nothing", &like, &cells, &n, &err), -1);
    assert_non_null(strstr(err.text, "no group /nothing"));
    assert_int_equal(cells.n, 0);
    fields_free(&like);
    past_close(past);
}

#define TEST_IN_FOLDER(f)                                                      \
    cmocka_unit_test_setup_teardown(f, make_folder, drop_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_FOLDER(test_continued),
        TEST_IN_FOLDER(test_no_room),
        TEST_IN_FOLDER(test_left_overs),
        TEST_IN_FOLDER(test_refused),
    };

    put_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
