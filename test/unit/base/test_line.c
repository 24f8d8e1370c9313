/* Lines of small files: the first, those with a name, and none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/line.h"

static const char text[] = "MemTotalHuge: 1 kB\n"
                           "MemTotal:\t  8000 kB\n"
                           "model name\t: A CPU: of some kind\n"
                           "inactive_file 4096\n"
                           "nothing:\n"
                           "MemTotal: 9 kB";

/* A file with these bytes; to be removed. */
static void write_file(char *path, const char *bytes)
{
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");

    assert_non_null(f);
    fputs(bytes, f);
    assert_int_equal(fclose(f), 0);
}

static void first_lines(void **state)
{
    static const struct {
        const char *bytes, *line;
        bool got;
    } vectors[] = {{"one\ntwo\n", "one", true},
                   {"no end", "no end", true},
                   {"\nsecond\n", "", true},
                   {"more than there is room for\n", "more th", true},
                   {"", "", false}};

    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        char path[] = "/tmp/test_line.XXXXXX", line[8] = "before";

        write_file(path, vectors[i].bytes);
        assert_int_equal(line_first(path, line, sizeof line), vectors[i].got);
        assert_string_equal(line, vectors[i].line);
        unlink(path);
        assert_false(line_first(path, line, sizeof line));
        assert_string_equal(line, "");
    }
}

static void named_lines(void **state)
{
    static const struct {
        const char *key, *value;
        bool got;
    } vectors[] = {{"MemTotal", "8000 kB", true},
                   {"model name", "A CPU: of some kind", true},
                   {"inactive_file", "4096", true},
                   {"nothing", "", true},
                   {"inactive", "", false},
                   {"MemFree", "", false}};
    char path[] = "/tmp/test_line.XXXXXX";

    (void)state;
    write_file(path, text);
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        char value[32] = "before";

        assert_int_equal(line_named(path, vectors[i].key, value, sizeof value),
                         vectors[i].got);
        assert_string_equal(value, vectors[i].value);
    }
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_lines),
        cmocka_unit_test(named_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
