#include "base/units.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define TIB (UINT64_C(1) << 40)

static const struct {
    const char *name;
    uint64_t bytes;
} sizes[] = {
    {"", 1},
    {"B", 1},
    {"KB", UINT64_C(1000)},
    {"MB", UINT64_C(1000000)},
    {"GB", UINT64_C(1000000000)},
    {"TB", UINT64_C(1000000000000)},
    {"KiB", KIB},
    {"MiB", MIB},
    {"GiB", GIB},
    {"TiB", TIB},
};

/* A unit is `times` / `over` seconds: a division by a power of ten is rounded
 * correctly, so "200ms" and "0.2" are the same number; a product with 0.001
 * need not be. */
static const struct {
    const char *name;
    double times, over;
} spans[] = {
    {"", 1, 1},   {"s", 1, 1},    {"ms", 1, 1e3},  {"us", 1, 1e6},
    {"m", 60, 1}, {"h", 3600, 1}, {"d", 86400, 1},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

int units_parse_count(const char *text, int64_t *out, struct error *err)
{
    const char *digits = text + (*text == '-' || *text == '+');
    long long value;
    char *end;

    errno = 0;
    value = strtoll(text, &end, 10);
    if (!isdigit((unsigned char)*digits) || *end || errno)
        return error_set(err, "expected a whole number such as 48");
    *out = value;
    return 0;
}

/* Decimal digits into *out; false when they do not fit. */
static bool take_digits(const char **text, uint64_t *out)
{
    uint64_t value = 0;
    bool fits = true;

    for (; isdigit((unsigned char)**text); (*text)++) {
        uint64_t digit = (uint64_t)(**text - '0');

        if (value > (INT64_MAX - digit) / 10)
            fits = false;
        else
            value = value * 10 + digit;
    }
    *out = value;
    return fits;
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

/* The digits behind a point as a fraction *above / *below; their zeros at the
 * end say nothing. */
static bool take_fraction(const char **text, uint64_t *above, uint64_t *below)
{
    const char *begin = *text, *end = begin;

    *above = 0;
    *below = 1;
    while (isdigit((unsigned char)*end))
        end++;
    *text = end;
    if (end == begin)
        return false;
    while (end > begin && end[-1] == '0')
        end--;
    if (end - begin > 18)
        return false;
    for (; begin < end; begin++) {
        *above = *above * 10 + (uint64_t)(*begin - '0');
        *below *= 10;
    }
    return true;
}

/* Whole numbers throughout: a double would make 0.1KB of 102.4 bytes look
 * whole sooner or later. */
static bool parse_bytes(const char *text, uint64_t *out)
{
    uint64_t whole, above = 0, below = 1, common;
    size_t i;

    if (!isdigit((unsigned char)*text) || !take_digits(&text, &whole))
        return false;
    if (*text == '.' && (text++, !take_fraction(&text, &above, &below)))
        return false;
    if (*text == ' ' && text[1])
        text++;
    for (i = 0; i < COUNT(sizes) && strcasecmp(text, sizes[i].name) != 0; i++)
        ;
    if (i == COUNT(sizes))
        return false;
    common = common_divisor(below, sizes[i].bytes);
    if (above % (below / common) != 0)
        return false;
    above = above / (below / common) * (sizes[i].bytes / common);
    if (whole > (INT64_MAX - above) / sizes[i].bytes)
        return false;
    *out = whole * sizes[i].bytes + above;
    return true;
}

int units_parse_bytes(const char *text, int64_t *out, struct error *err)
{
    uint64_t value;

    if (!parse_bytes(text, &value))
        return error_set(err, "expected a size such as 1024, 64KiB or 1MB");
    *out = (int64_t)value;
    return 0;
}

/* Exactly two digits below 60. */
static bool take_sixty(const char **text, double *out)
{
    const char *s = *text;

    if (s[0] < '0' || s[0] > '5' || !isdigit((unsigned char)s[1]))
        return false;
    *out = (s[0] - '0') * 10 + (s[1] - '0');
    *text += 2;
    return true;
}

/* [D-]HH:MM:SS; with days there are less than 24 hours. */
static bool parse_clock(const char *text, double *out)
{
    uint64_t days = 0, hours;
    double minutes, seconds;

    if (!isdigit((unsigned char)*text) || !take_digits(&text, &hours))
        return false;
    if (*text == '-') {
        days = hours;
        text++;
        if (!isdigit((unsigned char)*text) || !take_digits(&text, &hours) ||
            hours > 23)
            return false;
    }
    if (*text++ != ':' || !take_sixty(&text, &minutes) || *text++ != ':' ||
        !take_sixty(&text, &seconds) || *text)
        return false;
    *out = (double)days * 86400 + (double)hours * 3600 + minutes * 60 + seconds;
    return true;
}

/* The end of a decimal number, with point and exponent if it has them; strtod()
 * alone would also take hexadecimal, "inf" and blanks. */
static const char *number_end(const char *text)
{
    const char *s = text;

    if (!isdigit((unsigned char)*s))
        return text;
    while (isdigit((unsigned char)*s))
        s++;
    if (*s == '.') {
        if (!isdigit((unsigned char)s[1]))
            return text;
        for (s++; isdigit((unsigned char)*s);)
            s++;
    }
    if (*s == 'e' || *s == 'E') {
        const char *power = s + 1 + (s[1] == '-' || s[1] == '+');

        if (!isdigit((unsigned char)*power))
            return text;
        for (s = power; isdigit((unsigned char)*s);)
            s++;
    }
    return s;
}

static bool parse_span(const char *text, double *out)
{
    const char *unit = number_end(text);
    double value;
    size_t i;

    if (unit == text)
        return false;
    value = strtod(text, NULL);
    if (*unit == ' ' && unit[1])
        unit++;
    for (i = 0; i < COUNT(spans) && strcmp(unit, spans[i].name) != 0; i++)
        ;
    if (i == COUNT(spans))
        return false;
    *out = value * spans[i].times / spans[i].over;
    return isfinite(*out);
}

int units_parse_seconds(const char *text, double *out, struct error *err)
{
    double value;

    if (!parse_clock(text, &value) && !parse_span(text, &value))
        return error_set(err, "expected a time such as 30s, 5m or 05:00:00");
    *out = value;
    return 0;
}

/* The units of a column's unit, as times / over of it, and what they are. A
 * rate's are those of sizes. */
static const struct {
    const char *column, *name;
    double times, over;
} quantities[] = {
    {"s", "s", 1, 1},     {"s", "ms", 1, 1e3}, {"s", "us", 1, 1e6},
    {"s", "ns", 1, 1e9},  {"1/s", "", 1, 1},   {"1/s", "/s", 1, 1},
    {"1/s", "1/s", 1, 1}, {"1", "", 1, 1},     {"1", "%", 1, 100},
    {"", "", 1, 1},
};

static const struct {
    const char *column, *expected;
} expectations[] = {
    {"s", "expected a time with its unit such as 2ms"},
    {"B/s", "expected a rate with its unit such as 1GB/s"},
    {"1/s", "expected a number a second such as 5000"},
    {"1", "expected a share such as 0.5 or 50%"},
    {"B", "expected a size with its unit such as 2GiB"},
    {"", "expected a number such as 0"},
};

/* The name of a size (never none), in letters of any case, and what is behind
 * it: nothing, or "/s" of a rate. */
static bool take_size(const char *unit, const char *behind, struct quantity *q)
{
    for (size_t i = 1; i < COUNT(sizes); i++) {
        snprintf(q->unit, sizeof q->unit, "%s%s", sizes[i].name, behind);
        q->times = (double)sizes[i].bytes;
        q->over = 1;
        if (strcasecmp(unit, q->unit) == 0)
            return true;
    }
    return false;
}

static bool take_quantity(const char *unit, const char *column,
                          struct quantity *q)
{
    if (column[0] == 'B')
        return take_size(unit, column + 1, q);
    for (size_t i = 0; i < COUNT(quantities); i++)
        if (strcmp(quantities[i].column, column) == 0 &&
            strcmp(quantities[i].name, unit) == 0) {
            q->times = quantities[i].times;
            q->over = quantities[i].over;
            snprintf(q->unit, sizeof q->unit, "%s", unit);
            return true;
        }
    return false;
}

static int refuse_quantity(const char *column, struct error *err)
{
    for (size_t i = 0; i < COUNT(expectations); i++)
        if (strcmp(expectations[i].column, column) == 0)
            return error_set(err, "%s", expectations[i].expected);
    return error_set(err, "expected nothing: no limit fits the unit '%s'",
                     column);
}

int units_parse_quantity(const char *text, const char *unit,
                         struct quantity *out, struct error *err)
{
    const char *end = number_end(text);
    struct quantity q;

    if (end == text)
        return refuse_quantity(unit, err);
    q.value = strtod(text, NULL);
    if (*end == ' ' && end[1])
        end++;
    if (!take_quantity(end, unit, &q))
        return refuse_quantity(unit, err);
    q.value = q.value * q.times / q.over;
    if (!isfinite(q.value))
        return refuse_quantity(unit, err);
    *out = q;
    return 0;
}

char *units_print_quantity(double value, const struct quantity *like, char *buf,
                           size_t n)
{
    if (isnan(value))
        snprintf(buf, n, "-");
    else
        snprintf(buf, n, "%.6g%s%s", value * like->over / like->times,
                 like->unit[0] ? " " : "", like->unit);
    return buf;
}

/* Three significant digits: of 0 to 1000. */
static int decimals(double value)
{
    return value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
}

char *units_print_bytes(int64_t bytes, char *buf, size_t n)
{
    static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    int64_t unit = 1;
    size_t i = 0;

    /* Below a hundred thousand the number itself is short, and 32769 and
     * 32768 are told apart. */
    if (bytes < 1024 || (bytes < 100000 && bytes % 1024 != 0)) {
        snprintf(buf, n, "%" PRId64 " B", bytes);
        return buf;
    }
    while (i + 1 < COUNT(names) && value >= 1023.95) {
        value /= 1024;
        unit *= 1024;
        i++;
    }
    if (bytes % unit == 0)
        snprintf(buf, n, "%" PRId64 " %s", bytes / unit, names[i]);
    else /* a point always: 512.0 KiB is not quite 512 KiB */
        snprintf(buf, n, "%.*f %s", value < 9.995 ? 2 : 1, value, names[i]);
    return buf;
}

/* Hours and minutes, or minutes and seconds. */
static void print_long(double seconds, const char *sign, char *buf, size_t n)
{
    int64_t s = seconds < 1e15 ? (int64_t)(seconds + 0.5) : INT64_C(1) << 50;

    if (s < 3600)
        snprintf(buf, n, "%s%" PRId64 "m%02ds", sign, s / 60, (int)(s % 60));
    else
        snprintf(buf, n, "%s%" PRId64 "h%02dm", sign, (s + 30) / 3600,
                 (int)((s + 30) / 60 % 60));
}

char *units_print_seconds(double seconds, char *buf, size_t n)
{
    static const char *const names[] = {"ns", "us", "ms", "s"};
    const char *sign = seconds < 0 ? "-" : "";
    double value = fabs(seconds);
    size_t i = 0;

    if (!isfinite(seconds)) {
        snprintf(buf, n, "%s", isnan(seconds) ? "-" : "inf");
    } else if (value == 0) {
        snprintf(buf, n, "0 s");
    } else if (value >= 59.95) {
        print_long(value, sign, buf, n);
    } else {
        value *= 1e9;
        while (i + 1 < COUNT(names) && value >= 999.5) {
            value /= 1e3;
            i++;
        }
        snprintf(buf, n, "%s%.*f %s", sign, decimals(value), value, names[i]);
    }
    return buf;
}

char *units_print_exact_seconds(double seconds, char *buf, size_t n)
{
    static const char *const names[] = {"s", "ms", "us", "ns"};
    double value = seconds;
    size_t i = 0;

    while (i + 1 < COUNT(names) && value > 0 && value < 0.9999995) {
        value *= 1e3;
        i++;
    }
    snprintf(buf, n, "%.9g %s", value, names[i]);
    return buf;
}

char *units_print_rate(double bytes_per_second, char *buf, size_t n)
{
    static const char *const names[] = {"B/s", "kB/s", "MB/s", "GB/s", "TB/s"};
    double value = bytes_per_second;
    size_t i = 0;

    if (!isfinite(value)) {
        snprintf(buf, n, "%s", isnan(value) ? "-" : "inf");
        return buf;
    }
    while (i + 1 < COUNT(names) && value >= 999.5) {
        value /= 1e3;
        i++;
    }
    if (i == 0 && value == floor(value))
        snprintf(buf, n, "%.0f %s", value, names[i]);
    else
        snprintf(buf, n, "%.*f %s", decimals(value), value, names[i]);
    return buf;
}

char *units_print_steps(double per_second, char *buf, size_t n)
{
    char digits[32];

    if (isnan(per_second)) {
        snprintf(buf, n, "-");
        return buf;
    }
    snprintf(digits, sizeof digits, "%.3g", per_second);
    snprintf(buf, n, strchr(digits, 'e') ? "%.0f" : "%g", strtod(digits, NULL));
    return buf;
}
