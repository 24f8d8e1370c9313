/* Numbers as people write and read them: vectors, good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void counts_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {
        {"0", 0},
        {"48", 48},
        {"+5", 5},
        {"-1", -1},
        {"007", 7},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
    };
    static const char *const bad[] = {
        "",     " ",   "abc",   "1.0",   "1e3",
        "0x10", "12 ", " 12",   "+",     "-",
        "--1",  "+ 1", "1,000", "1_000", "9223372036854775808",
        "12k",
    };
    struct error err;
    int64_t value;

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        if (units_parse_count(good[i].text, &value, &err) < 0)
            fail_msg("'%s' is refused: %s", good[i].text, err.text);
        assert_int_equal(value, good[i].value);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        value = 4711;
        if (units_parse_count(bad[i], &value, &err) == 0)
            fail_msg("'%s' is read as %lld", bad[i], (long long)value);
        assert_int_equal(value, 4711);
        assert_string_equal(err.text, "expected a whole number such as 48");
    }
}

static void sizes_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {
        {"0", 0},
        {"1024", 1024},
        {"512B", 512},
        {"64KiB", 65536},
        {"64kib", 65536},
        {"64 KiB", 65536},
        {"1MiB", 1048576},
        {"1MB", 1000000},
        {"2GB", 2000000000},
        {"4GiB", INT64_C(4294967296)},
        {"3TB", INT64_C(3000000000000)},
        {"1TiB", INT64_C(1099511627776)},
        {"1.5MiB", 1572864},
        {"0.5KiB", 512},
        {"0.001KB", 1},
        {"1.0", 1},
        {"1.50000000000000000000000KB", 1500},
        {"0.0009765625KiB", 1},
        {"8388607TiB", INT64_C(8388607) << 40},
        {"9223372036854775807", INT64_MAX},
        {"9223372036854775807B", INT64_MAX},
    };
    static const char *const bad[] = {
        "",
        "abc",
        "-1",
        "+1",
        "1.5",
        "0.3KiB",
        "1.",
        ".5KiB",
        "1.KiB",
        "64K",
        "64k",
        "1 ",
        " 1",
        "1  KiB",
        "1KiBs",
        "1e3",
        "0x10",
        "8388608TiB",
        "9223372036854775808",
        "99999999999999999999999",
        "1.0000000000000000001KB",
        "KiB",
        "1PB",
        "1,5MiB",
        "1/2",
    };
    struct error err;
    int64_t value;

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        if (units_parse_bytes(good[i].text, &value, &err) < 0)
            fail_msg("'%s' is refused: %s", good[i].text, err.text);
        assert_int_equal(value, good[i].value);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        value = 4711;
        if (units_parse_bytes(bad[i], &value, &err) == 0)
            fail_msg("'%s' is read as %lld", bad[i], (long long)value);
        assert_int_equal(value, 4711);
        assert_string_equal(err.text,
                            "expected a size such as 1024, 64KiB or 1MB");
    }
}

static void times_are_read(void **state)
{
    static const struct {
        const char *text;
        double value;
    } good[] = {
        {"0", 0},
        {"30", 30},
        {"0.5", 0.5},
        {"30s", 30},
        {"30 s", 30},
        {"200ms", 0.2},
        {"50us", 50e-6},
        {"1.5ms", 1.5e-3},
        {"5m", 300},
        {"2h", 7200},
        {"1d", 86400},
        {"0.5d", 43200},
        {"1e-3", 1e-3},
        {"1e-05s", 1e-5},
        {"2.5E+1s", 25},
        {"05:00:00", 18000},
        {"00:00:59", 59},
        {"48:00:00", 172800},
        {"1-00:00:01", 86401},
        {"2-23:59:59", 259199},
        {"0:01:00", 60},
    };
    static const char *const bad[] = {
        "",           "s",         "-1",        "-1s",      "+1s",
        "abc",        "1.",        ".5",        "1e",       "1e+s",
        "1 ",         " 1",        "1x",        "1S",       "1M",
        "1min",       "inf",       "nan",       "1e999",    "0x10",
        "5:00",       "1:2:3",     "00:60:00",  "00:00:60", "1:00:00:00",
        "1-24:00:00", "-00:00:01", "00:00:01s", "1-",       "1-00:00",
        "00:00:1",    "1 000s",
    };
    struct error err;
    double value;

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        if (units_parse_seconds(good[i].text, &value, &err) < 0)
            fail_msg("'%s' is refused: %s", good[i].text, err.text);
        if (value != good[i].value)
            fail_msg("'%s' is read as %.17g", good[i].text, value);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        value = 4711;
        if (units_parse_seconds(bad[i], &value, &err) == 0)
            fail_msg("'%s' is read as %.17g", bad[i], value);
        assert_true(value == 4711);
        assert_string_equal(err.text,
                            "expected a time such as 30s, 5m or 05:00:00");
    }
}

static void failing_needs_no_words(void **state)
{
    int64_t count;
    double seconds;

    (void)state;
    assert_int_equal(units_parse_count("x", &count, NULL), -1);
    assert_int_equal(units_parse_bytes("x", &count, NULL), -1);
    assert_int_equal(units_parse_seconds("x", &seconds, NULL), -1);
}

static void sizes_are_printed(void **state)
{
    static const struct {
        int64_t bytes;
        const char *text;
    } vectors[] = {
        {0, "0 B"},
        {4, "4 B"},
        {1000, "1000 B"},
        {1024, "1 KiB"},
        {1025, "1025 B"},
        {32768, "32 KiB"},
        {32769, "32769 B"},
        {65538, "65538 B"},
        {131076, "128.0 KiB"},
        {131072, "128 KiB"},
        {1024000, "1000 KiB"},
        {1048575, "1.00 MiB"},
        {1048576, "1 MiB"},
        {4096000, "3.91 MiB"},
        {4194304, "4 MiB"},
        {16000000, "15.3 MiB"},
        {INT64_C(4294967296), "4 GiB"},
        {INT64_C(1) << 40, "1 TiB"},
        {INT64_C(1) << 52, "4096 TiB"},
        {-1, "-1 B"},
    };
    char buf[32];

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++)
        assert_string_equal(
            units_print_bytes(vectors[i].bytes, buf, sizeof buf),
            vectors[i].text);
}

static void times_are_printed(void **state)
{
    static const struct {
        double seconds;
        const char *text;
    } vectors[] = {
        {0, "0 s"},
        {12e-9, "12.0 ns"},
        {812e-6, "812 us"},
        {8.12e-6, "8.12 us"},
        {999.7e-6, "1.00 ms"},
        {1.52e-3, "1.52 ms"},
        {15.24e-3, "15.2 ms"},
        {9.999e-3, "10.0 ms"},
        {3.4, "3.40 s"},
        {59.9, "59.9 s"},
        {59.96, "1m00s"},
        {125, "2m05s"},
        {3599.4, "59m59s"},
        {3599.7, "1h00m"},
        {3840, "1h04m"},
        {100000, "27h47m"},
        {-1.5e-3, "-1.50 ms"},
        {-125, "-2m05s"},
        {NAN, "-"},
        {INFINITY, "inf"},
    };
    char buf[32];

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++)
        assert_string_equal(
            units_print_seconds(vectors[i].seconds, buf, sizeof buf),
            vectors[i].text);
}

static void rates_are_printed(void **state)
{
    static const struct {
        double rate;
        const char *text;
    } vectors[] = {
        {0, "0 B/s"},           {512, "512 B/s"},
        {0.25, "0.25 B/s"},     {1500, "1.50 kB/s"},
        {999600, "1.00 MB/s"},  {12.34e6, "12.3 MB/s"},
        {1.234e9, "1.23 GB/s"}, {2.5e12, "2.50 TB/s"},
        {4e15, "4000 TB/s"},    {NAN, "-"},
        {INFINITY, "inf"},
    };
    char buf[32];

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++)
        assert_string_equal(units_print_rate(vectors[i].rate, buf, sizeof buf),
                            vectors[i].text);
}

static void times_asked_for_are_printed_as_they_are(void **state)
{
    static const struct {
        double seconds;
        const char *text;
    } vectors[] = {
        {0, "0 s"},           {0.03147, "31.47 ms"},
        {0.3147, "314.7 ms"}, {1e-6, "1 us"},
        {2.5e-9, "2.5 ns"},   {1.0005, "1.0005 s"},
        {0.999, "999 ms"},    {1, "1 s"},
        {90, "90 s"},         {1e-10, "0.1 ns"},
        {0.001, "1 ms"},      {0.0315, "31.5 ms"},
    };
    char buf[32];

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++)
        assert_string_equal(
            units_print_exact_seconds(vectors[i].seconds, buf, sizeof buf),
            vectors[i].text);
}

static void steps_are_printed(void **state)
{
    static const struct {
        double rate;
        const char *text;
    } vectors[] = {
        {0.5, "0.5"},     {163.4, "163"},     {999.6, "1000"},
        {1674.0, "1670"}, {123456, "123000"}, {NAN, "-"},
    };
    char buf[32];

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++)
        assert_string_equal(units_print_steps(vectors[i].rate, buf, sizeof buf),
                            vectors[i].text);
}

static void quantities_fit_their_column(void **state)
{
    static const struct {
        const char *column, *text;
        double value;        /* NaN: refused */
        const char *printed; /* the value, as it was written */
    } vectors[] = {
        {"s", "2ms", 0.002, "2 ms"},
        {"s", "2 ms", 0.002, "2 ms"},
        {"s", "0.5s", 0.5, "0.5 s"},
        {"s", "812us", 812e-6, "812 us"},
        {"s", "100ns", 1e-7, "100 ns"},
        {"s", "0s", 0, "0 s"},
        {"s", "1e-3s", 1e-3, "0.001 s"},
        {"s", "2", NAN, ""},
        {"s", "2 ", NAN, ""},
        {"s", "2m", NAN, ""},
        {"s", "2MS", NAN, ""},
        {"s", "-2ms", NAN, ""},
        {"s", "2ms ", NAN, ""},
        {"s", "inf", NAN, ""},
        {"s", "1e999s", NAN, ""},
        {"s", "2MB/s", NAN, ""},
        {"s", "", NAN, ""},
        {"B/s", "1B/s", 1, "1 B/s"},
        {"B", "2GiB", 2147483648.0, "2 GiB"},
        {"B", "2GiB/s", NAN, ""},
        {"B", "2", NAN, ""},
        {"", "0", 0, "0"},
        {"", "5%", NAN, ""},
        {"B/s", "1.5GB/s", 1.5e9, "1.5 GB/s"},
        {"B/s", "512 MiB/s", 536870912, "512 MiB/s"},
        {"B/s", "2kb/s", 2000, "2 KB/s"},
        {"B/s", "3TiB/s", 3298534883328.0, "3 TiB/s"},
        {"B/s", "1/s", NAN, ""},
        {"B/s", "1GB", NAN, ""},
        {"B/s", "1000", NAN, ""},
        {"1/s", "5000", 5000, "5000"},
        {"1/s", "5e3", 5000, "5000"},
        {"1/s", "5000/s", 5000, "5000 /s"},
        {"1/s", "5000 1/s", 5000, "5000 1/s"},
        {"1/s", "5000B/s", NAN, ""},
        {"1", "0.5", 0.5, "0.5"},
        {"1", "50%", 0.5, "50 %"},
        {"1", "150 %", 1.5, "150 %"},
        {"1", "50s", NAN, ""},
        {"parsec", "50", NAN, ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct quantity q;
        struct error err = {.text = ""};
        char buf[48];
        int rc =
            units_parse_quantity(vectors[i].text, vectors[i].column, &q, &err);

        if ((rc < 0) != isnan(vectors[i].value))
            fail_msg("'%s' for %s: %d", vectors[i].text, vectors[i].column, rc);
        if (rc < 0) {
            assert_memory_equal(err.text, "expected ", 9);
            continue;
        }
        assert_true(q.value == vectors[i].value);
        assert_string_equal(units_print_quantity(q.value, &q, buf, sizeof buf),
                            vectors[i].printed);
        assert_string_equal(units_print_quantity(NAN, &q, buf, sizeof buf),
                            "-");
    }
}

static void printing_respects_the_buffer(void **state)
{
    char buf[8] = "aaaaaaa";

    (void)state;
    units_print_bytes(32769, buf, 4);
    assert_string_equal(buf, "327");
    assert_string_equal(buf + 4, "aaa");
    units_print_seconds(812e-6, buf, 4);
    assert_string_equal(buf, "812");
    units_print_rate(1.23e9, buf, 4);
    assert_string_equal(buf, "1.2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_read),
        cmocka_unit_test(sizes_are_read),
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(failing_needs_no_words),
        cmocka_unit_test(sizes_are_printed),
        cmocka_unit_test(times_are_printed),
        cmocka_unit_test(rates_are_printed),
        cmocka_unit_test(times_asked_for_are_printed_as_they_are),
        cmocka_unit_test(steps_are_printed),
        cmocka_unit_test(quantities_fit_their_column),
        cmocka_unit_test(printing_respects_the_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
