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

#include "sink/json.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void texts_are_escaped(void **state)
{
    static const struct {
        const char *text, *json;
    } vectors[] = {
        {"", "\"\""},
        {"plain", "\"plain\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"a\nb\tc\x01", "\"a\\nb\\u0009c\\u0001\""},
        {"\x7f", "\"\\u007f\""},
        {"na\xc3\xafve \xe2\x82\xac \xf0\x9f\x99\x82",
         "\"na\xc3\xafve \xe2\x82\xac \xf0\x9f\x99\x82\""},
        {"a\xff"
         "b",
         "\"a\\ufffdb\""},                             /* never in UTF-8 */
        {"\xc3", "\"\\ufffd\""},                       /* cut short */
        {"\xc0\x80", "\"\\ufffd\\ufffd\""},            /* overlong */
        {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""}, /* a surrogate */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        char *text = NULL;
        size_t n;
        FILE *out = open_memstream(&text, &n);

        json_print_text(out, vectors[i].text);
        fclose(out);
        assert_string_equal(text, vectors[i].json);
        free(text);
    }
}

static void facts_are_an_object(void **state)
{
    struct fields f = {0};
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    (void)state;
    fields_text(&f, "name", "a\"b");
    fields_int(&f, "bytes", "B", INT64_MIN);
    fields_real(&f, "third", "s", 1.0 / 3);
    fields_real(&f, "none", "s", NAN);
    fields_real(&f, "much", "s", INFINITY);
    fields_real(&f, "little", "s", 5e-324);
    json_print_object(out, &f);
    fclose(out);
    assert_string_equal(text, "{\"name\": \"a\\\"b\", "
                              "\"bytes\": -9223372036854775808, "
                              "\"third\": 0.33333333333333331, "
                              "\"none\": null, \"much\": null, "
                              "\"little\": 4.9406564584124654e-324}");
    free(text);
    fields_free(&f);
}

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

static void read_all(const char *path, char *buf, size_t n)
{
    FILE *f = fopen(path, "r");

    assert_non_null(f);
    buf[fread(buf, 1, n - 1, f)] = '\0';
    fclose(f);
}

static void give_row(struct json_summary *j, size_t index)
{
    struct fields row = {0};

    fields_int(&row, "index", "", (int64_t)index);
    fields_real(&row, "share", "1", NAN);
    json_row(j, index, &row);
    assert_int_equal(row.n, 0);
}

static void a_summary_is_written(void **state)
{
    struct fields study = {0}, cells = {0};
    struct json_summary *j;
    struct error err;
    char path[64], text[1024];

    (void)state;
    snprintf(path, sizeof path, "%s/summary.json", folder);
    j = json_open(path, true, 3, &err);
    assert_non_null(j);
    assert_int_equal(access(path, F_OK), -1); /* not before it is whole */
    fields_text(&study, "schema_version", "1");
    fields_text(&study, "end_time", "now");
    give_row(j, 2);
    give_row(j, 0);
    fields_real(&cells, "share", "1", 0.5);
    fields_real(&cells, "stranger", "1", 0.5);
    json_amend(j, 2, &cells);
    json_amend(j, 1, &cells); /* a row that never came */
    json_amend(NULL, 1, &cells);
    json_row(NULL, 1, &cells);
    assert_int_equal(json_write(j, &study, &err), 0);
    read_all(path, text, sizeof text);
    assert_string_equal(
        text, "{\"schema_version\": \"1\",\n"
              "\"study\": {\"schema_version\": \"1\", \"end_time\": \"now\"},\n"
              "\"summary\": [\n"
              "{\"index\": 0, \"share\": null},\n"
              "{\"index\": 2, \"share\": 0.5}\n"
              "]}\n");
    assert_int_equal(json_write(j, &study, &err), 0); /* replaced */
    json_close(j);
    fields_free(&cells);
    fields_free(&study);
    assert_int_equal(unlink(path), 0); /* and nothing else is in the folder */
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

        assert_null(json_open(vectors[i].path, true, 1, &err));
        if (strncmp(err.text, vectors[i].words, strlen(vectors[i].words)) != 0)
            fail_msg("%s", err.text);
    }
}

/* The folder may be gone by then. */
static void a_late_failure_has_words(void **state)
{
    char inner[64], path[96];
    struct fields study = {0};
    struct json_summary *j;
    struct error err;

    (void)state;
    snprintf(inner, sizeof inner, "%s-inner-XXXXXX", folder);
    assert_non_null(mkdtemp(inner));
    snprintf(path, sizeof path, "%s/x.json", inner);
    j = json_open(path, true, 1, &err);
    assert_non_null(j);
    assert_int_equal(rmdir(inner), 0);
    assert_int_equal(json_write(j, &study, &err), -1);
    assert_non_null(strstr(err.text, path));
    assert_non_null(strstr(err.text, "No such file or directory"));
    json_close(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_escaped),
        cmocka_unit_test(facts_are_an_object),
        cmocka_unit_test(a_summary_is_written),
        cmocka_unit_test(what_cannot_be_written_is_refused),
        cmocka_unit_test(a_late_failure_has_words),
    };

    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
