/* JSON: texts, numbers and rows, and a file that is whole or not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sink/sink.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A private folder, with room for a name. */
static char folder[] = "/tmp/srb-json-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int drop_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static struct sink *open_at(const char *path, const struct fields *study,
                            struct error *err)
{
    const struct fields none = {0};

    return sink_json.open(
        path, true, "",
        &(struct sink_start){.study = study ? study : &none, .nperms = 3}, err);
}

/* End the study and read the document; nothing else is in the folder. */
static void finish(struct sink *s, const char *path, const struct fields *end,
                   char *buf, size_t n)
{
    const struct fields none = {0};
    struct error err;
    FILE *f;

    assert_int_equal(access(path, F_OK), -1); /* not before it is whole */
    assert_int_equal(s->ops->note(s, end ? end : &none, &err), 0);
    assert_int_equal(s->ops->close(s, &err), 0);
    f = fopen(path, "r");
    assert_non_null(f);
    buf[fread(buf, 1, n - 1, f)] = '\0';
    fclose(f);
    assert_int_equal(unlink(path), 0);
}

/* A document of this study alone. */
static void write_study(const struct fields *study, char *buf, size_t n)
{
    struct error err;
    char path[64];
    struct sink *s;

    snprintf(path, sizeof path, "%s/study.json", folder);
    s = open_at(path, study, &err);
    assert_non_null(s);
    finish(s, path, NULL, buf, n);
}

static void texts_are_escaped(void **state)
{
    static const struct {
        const char *text, *json;
    } vectors[] = {
        {"", "\"\""},
        {"plain", "\"plain\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"a\nb\tc\x01", "\"a\\nb\\u0009c?\""}, /* cleaned as a field */
        {"\x7f", "\"?\""},
        {"na\xc3\xafve \xe2\x82\xac \xf0\x9f\x99\x82",
         "\"na\xc3\xafve \xe2\x82\xac \xf0\x9f\x99\x82\""},
        {"a\xff"
         "b",
         "\"a?b\""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct fields study = {0};
        char text[512], want[512];

        fields_text(&study, "x", vectors[i].text);
        write_study(&study, text, sizeof text);
        snprintf(want, sizeof want, "\"study\": {\"x\": %s}", vectors[i].json);
        if (!strstr(text, want))
            fail_msg("%s without %s", text, want);
        fields_free(&study);
    }
}

static void attributes_are_an_object(void **state)
{
    struct fields f = {0};
    char text[1024];

    (void)state;
    fields_text(&f, "name", "a\"b");
    fields_int(&f, "bytes", "B", INT64_MIN);
    fields_real(&f, "third", "s", 1.0 / 3);
    fields_real(&f, "none", "s", NAN);
    fields_real(&f, "much", "s", INFINITY);
    fields_real(&f, "little", "s", 5e-324);
    write_study(&f, text, sizeof text);
    assert_string_equal(text, "{\"schema_version\": \"\",\n"
                              "\"study\": {\"name\": \"a\\\"b\", "
                              "\"bytes\": -9223372036854775808, "
                              "\"third\": 0.33333333333333331, "
                              "\"none\": null, \"much\": null, "
                              "\"little\": 4.9406564584124654e-324},\n"
                              "\"summary\": [\n]}\n");
    fields_free(&f);
}

static void give_row(struct sink *s, size_t index)
{
    const size_t nothing[SINK_DIMS] = {0};
    struct fields row = {0};
    struct error err;

    fields_int(&row, "index", "", (int64_t)index);
    fields_real(&row, "share", "1", NAN);
    fields_text(&row, "flags", "");
    assert_int_equal(s->ops->begin(s, index, nothing, &err), 0);
    assert_int_equal(s->ops->end(s, &row, &row, &err), 0);
    fields_free(&row);
}

static void a_summary_is_written(void **state)
{
    struct fields study = {0}, end = {0}, cells = {0};
    struct sink *s;
    struct error err;
    char path[64], text[1024];

    (void)state;
    snprintf(path, sizeof path, "%s/summary.json", folder);
    fields_text(&study, "schema_version", "1");
    fields_text(&end, "end_time", "now");
    s = open_at(path, &study, &err);
    assert_non_null(s);
    give_row(s, 2);
    give_row(s, 0);
    fields_real(&cells, "share", "1", 0.5);
    fields_real(&cells, "stranger", "1", 0.5);
    fields_text(&cells, "flags", "late");
    assert_int_equal(s->ops->amend(s, 2, &cells, &err), 0);
    assert_int_equal(s->ops->amend(s, 1, &cells, &err), 0); /* never came */
    finish(s, path, &end, text, sizeof text);
    assert_string_equal(
        text, "{\"schema_version\": \"1\",\n"
              "\"study\": {\"schema_version\": \"1\", \"end_time\": \"now\"},\n"
              "\"summary\": [\n"
              "{\"index\": 0, \"share\": null, \"flags\": \"\"},\n"
              "{\"index\": 2, \"share\": 0.5, \"flags\": \"late\"}\n"
              "]}\n");
    fields_free(&cells);
    fields_free(&end);
    fields_free(&study);
}

/* Of rows that earlier sessions left, those that hold. */
static void kept_rows_are_there(void **state)
{
    static const bool kept[3] = {true, false, true};
    struct fields cells = {0}, none = {0};
    struct sink_table earlier;
    struct error err;
    char path[64], text[256];
    struct sink *s;

    (void)state;
    snprintf(path, sizeof path, "%s/resumed.json", folder);
    for (int i = 0; i < 3; i++) {
        fields_int(&cells, "index", "", i);
        fields_text(&cells, "status", "completed");
    }
    earlier = (struct sink_table){cells.list, 3, 2};
    s = sink_json.open(
        path, true, "",
        &(struct sink_start){
            .study = &none, .nperms = 3, .earlier = &earlier, .kept = kept},
        &err);
    assert_non_null(s);
    fields_free(&cells); /* they are copies */
    finish(s, path, NULL, text, sizeof text);
    assert_string_equal(text, "{\"schema_version\": \"\",\n\"study\": {},\n"
                              "\"summary\": [\n"
                              "{\"index\": 0, \"status\": \"completed\"},\n"
                              "{\"index\": 2, \"status\": \"completed\"}\n"
                              "]}\n");
}

/* A study that was refused leaves what was there. */
static void without_a_note_nothing_is_written(void **state)
{
    char path[64];
    struct error err;
    struct sink *s;

    (void)state;
    snprintf(path, sizeof path, "%s/refused.json", folder);
    s = open_at(path, NULL, &err);
    assert_non_null(s);
    give_row(s, 0);
    assert_int_equal(s->ops->close(s, &err), 0);
    assert_int_equal(access(path, F_OK), -1);
}

static void what_cannot_be_written_is_refused(void **state)
{
    static const struct {
        const char *path, *words;
    } vectors[] = {
        {"/no/such/folder/x.json",
         "the summary cannot be written to '/no/such/folder/x.json': No such "
         "file or directory; --summary_json names another file"},
        {"/proc/x.json", "the summary cannot be written to '/proc/x.json': "},
        {"/tmp", "the summary cannot be written to '/tmp', which is no plain "
                 "file; --summary_json names another"},
        {"/dev/null", "the summary cannot be written to '/dev/null', which is "
                      "no plain file; --summary_json names another"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct error err = {.text = ""};

        assert_null(open_at(vectors[i].path, NULL, &err));
        if (strncmp(err.text, vectors[i].words, strlen(vectors[i].words)) != 0)
            fail_msg("%s", err.text);
    }
}

/* The folder may be gone by then. */
static void a_late_failure_has_words(void **state)
{
    char inner[64], path[96];
    struct fields study = {0};
    struct sink *s;
    struct error err;

    (void)state;
    snprintf(inner, sizeof inner, "%s-inner-XXXXXX", folder);
    assert_non_null(mkdtemp(inner));
    snprintf(path, sizeof path, "%s/x.json", inner);
    s = open_at(path, NULL, &err);
    assert_non_null(s);
    assert_int_equal(rmdir(inner), 0);
    assert_int_equal(s->ops->note(s, &study, &err), 0);
    assert_int_equal(s->ops->close(s, &err), -1);
    assert_non_null(strstr(err.text, path));
    assert_non_null(strstr(err.text, "No such file or directory"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_escaped),
        cmocka_unit_test(attributes_are_an_object),
        cmocka_unit_test(a_summary_is_written),
        cmocka_unit_test(kept_rows_are_there),
        cmocka_unit_test(without_a_note_nothing_is_written),
        cmocka_unit_test(what_cannot_be_written_is_refused),
        cmocka_unit_test(a_late_failure_has_words),
    };

    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
