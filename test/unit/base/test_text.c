/* A text that grows in a buffer: appended, joined, cut, always ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/text.h"

static void appended(void **state)
{
    static const struct {
        const char *before, *more;
        size_t length;
        const char *after;
    } vectors[] = {
        {"", "", 0, ""},
        {"", "abc", 3, "abc"},
        {"abc", "de", 5, "abcde"},
        {"abc", "defg", 7, "abcdefg"},
        {"abc", "defgh", 8, "abcdefg"},
        {"abcdefg", "h", 8, "abcdefg"},
        {"abcdefg", "", 7, "abcdefg"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        char buf[9] = "";

        buf[8] = '!'; /* is not the buffer's */
        assert_true(text_add(buf, 8, "%s", vectors[i].before) < 8);
        assert_int_equal(text_add(buf, 8, "%s", vectors[i].more),
                         vectors[i].length);
        assert_string_equal(buf, vectors[i].after);
        assert_int_equal(buf[8], '!');
    }
}

static void joined(void **state)
{
    char buf[8] = "";

    (void)state;
    assert_int_equal(text_join(buf, sizeof buf, ", ", "a"), 1);
    assert_int_equal(text_join(buf, sizeof buf, ", ", "%d", 12), 5);
    assert_string_equal(buf, "a, 12");
    assert_int_equal(text_join(buf, sizeof buf, ", ", "b"), sizeof buf);
    assert_string_equal(buf, "a, 12, ");
    assert_int_equal(text_join(buf, sizeof buf, ", ", "c"), sizeof buf);
    assert_string_equal(buf, "a, 12, ");
}

static void columns(void **state)
{
    static const struct {
        const char *text;
        int columns;
    } table[] = {
        {"", 0},          {"abc", 3},    {"\033[32m##\033[0m--", 4},
        {"\xc2\xb5s", 2}, {"\033[3", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_int_equal(text_columns(table[i].text), table[i].columns);
}

/* Whole fields, the lightest first, whatever the width. */
static void fields_fit(void **state)
{
    static const struct {
        int columns;
        const char *line;
    } vectors[] = {
#define WHOLE                                                                  \
    "[ 5/11] \033[32m###\033[0m-----  12 s left  64 KiB  unix  last 1.6 GB/s " \
    " "                                                                        \
    "put 131 us  get 117 us"
        {120, WHOLE},
        {80, WHOLE},
        {79, "[ 5/11] \033[32m###\033[0m-----  12 s left  64 KiB  unix  "
             "last 1.6 GB/s  put 131 us"},
        {68, "[ 5/11] \033[32m###\033[0m-----  12 s left  64 KiB  unix  "
             "last 1.6 GB/s  put 131 us"},
        {67, "[ 5/11] \033[32m###\033[0m-----  12 s left  64 KiB  unix  "
             "last 1.6 GB/s"},
        {56, "[ 5/11] \033[32m###\033[0m-----  12 s left  64 KiB  unix  "
             "last 1.6 GB/s"},
        {55, "[ 5/11] \033[32m###\033[0m-----  12 s left  64 KiB  unix"},
        {41, "[ 5/11] \033[32m###\033[0m-----  12 s left  64 KiB  unix"},
        {40, "[ 5/11]  12 s left  64 KiB  unix"},
        {31, "[ 5/11]  12 s left  64 KiB"},
        {25, "[ 5/11]  12 s left"},
        {20, "[ 5/11]  12 s left"},
        {17, "[ 5/11]"},
        {7, "[ 5/11]"},
        {6, ""},
        {0, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct text_field field[] = {
            {"", "[ 5/11]", 9},         {" ", "\033[32m###\033[0m-----", 4},
            {"  ", "12 s left", 6},     {"  ", "64 KiB", 5},
            {"  ", "unix", 5},          {"  ", "", 1},
            {"  ", "last 1.6 GB/s", 3}, {"  ", "put 131 us", 2},
            {"  ", "get 117 us", 1},
        };
        char buf[160];

        assert_string_equal(
            text_fit(field, 9, vectors[i].columns, buf, sizeof buf),
            vectors[i].line);
        assert_true(text_columns(buf) <= vectors[i].columns);
    }
}

static void test_clean(void **state)
{
    static const struct {
        const char *from, *to;
    } table[] = {
        {"", ""},
        {"plain, r\xc3\xa9\x73um\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
         "plain, r\xc3\xa9\x73um\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"a\tb\nc\r\nd", "a\tb\nc\r\nd"},
        {"over\rwritten", "over?written"},
        {"\r", "?"},
        {"\x1b[31mred\x07\x7f", "?[31mred??"},
        {"\xc2\x9b\x33\x31m", "??31m"}, /* C1: what ESC [ is */
        {"\xc2\xa0", "\xc2\xa0"},
        {"\xff\xfe", "??"},
        {"cut \xe2\x82", "cut ??"},
        {"\xc0\xaf overlong", "?? overlong"},
        {"\xed\xa0\x80", "???"}, /* a surrogate */
        {"\xe2\x28\xa1", "?(?"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char text[64];

        snprintf(text, sizeof text, "%s", table[i].from);
        assert_ptr_equal(text_clean(text), text);
        assert_string_equal(text, table[i].to);
    }
}

static void wrapped(void **state)
{
    static const struct {
        const char *text;
        int columns;
        const char *lines;
    } table[] = {
        {"", 40, ""},
        {"one line", 40, "one line\n"},
        {"two\nlines", 40, "two\nlines\n"},
        {"two\nlines\n", 40, "two\nlines\n"},
        {"12345678901234567890", 20, "12345678901234567890\n"},
        {"1234567890 1234567890", 20, "1234567890\n  1234567890\n"},
        {"1234567890 123456789 12 and so on and on\nlast", 20,
         "1234567890 123456789\n  12 and so on and\n  on\nlast\n"},
        {"one-word-that-is-longer and more", 20,
         "one-word-that-is-longer\n  and more\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char buf[256] = "";
        FILE *out = fmemopen(buf, sizeof buf, "w");

        text_wrap(out, table[i].text, table[i].columns);
        fclose(out);
        assert_string_equal(buf, table[i].lines);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrapped),    cmocka_unit_test(appended),
        cmocka_unit_test(joined),     cmocka_unit_test(columns),
        cmocka_unit_test(fields_fit), cmocka_unit_test(test_clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
