/* fuzz_units.c - numbers as people might write them.
 *
 * An input is one text for all parsers; its first bytes are also numbers to
 * print. Promised by units.h: a parser sets its result only on success, within
 * the range it names, and has words otherwise; printed text fits and ends. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "fuzz.h"

#define UNSET INT64_C(-42424242)

static void words(const struct error *err, const char *text)
{
    PROMISE(strncmp(err->text, "expected ", 9) == 0,
            "no words for '%s', but '%s'", text, err->text);
}

static void parse_count(const char *text)
{
    struct error err = {.text = ""};
    int64_t value = UNSET, again = UNSET;
    char printed[32];

    if (units_parse_count(text, &value, &err) < 0) {
        PROMISE(value == UNSET, "'%s' set a count and failed", text);
        words(&err, text);
        return;
    }
    snprintf(printed, sizeof printed, "%" PRId64, value);
    PROMISE(units_parse_count(printed, &again, &err) == 0 && again == value,
            "'%s' is %s, which is %" PRId64, text, printed, again);
}

static void parse_bytes(const char *text)
{
    struct error err = {.text = ""};
    int64_t value = UNSET, again = UNSET;
    char printed[32];

    if (units_parse_bytes(text, &value, &err) < 0) {
        PROMISE(value == UNSET, "'%s' set a size and failed", text);
        words(&err, text);
        return;
    }
    PROMISE(value >= 0, "'%s' is %" PRId64 " bytes", text, value);
    snprintf(printed, sizeof printed, "%" PRId64 "B", value);
    PROMISE(units_parse_bytes(printed, &again, &err) == 0 && again == value,
            "'%s' is %s, which is %" PRId64, text, printed, again);
}

static void parse_seconds(const char *text)
{
    struct error err = {.text = ""};
    double value = (double)UNSET;

    if (units_parse_seconds(text, &value, &err) < 0) {
        PROMISE(value == (double)UNSET, "'%s' set a time and failed", text);
        words(&err, text);
        return;
    }
    PROMISE(isfinite(value) && value >= 0, "'%s' is %g s", text, value);
}

typedef char *print_double(double x, char *buf, size_t n);

/* Into blocks that end where the buffer does. */
static void print(print_double *f, int64_t bytes, double x)
{
    static const size_t rooms[] = {1, 2, 3, 5, 8, 13, 64};

    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        char *buf = malloc(rooms[i]);

        PROMISE(buf, "not enough memory");
        memset(buf, 0x55, rooms[i]);
        if (f)
            PROMISE(f(x, buf, rooms[i]) == buf, "another buffer");
        else
            PROMISE(units_print_bytes(bytes, buf, rooms[i]) == buf,
                    "another buffer");
        PROMISE(memchr(buf, '\0', rooms[i]), "no end within %zu", rooms[i]);
        PROMISE(rooms[i] < 64 || buf[0], "nothing for %g", x);
        free(buf);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = copy_text(data, size);
    int64_t count = 0;
    double real = 0;

    parse_count(text);
    parse_bytes(text);
    parse_seconds(text);
    free(text);

    memcpy(&count, data, size < sizeof count ? size : sizeof count);
    memcpy(&real, &count, sizeof real);
    print(NULL, count, 0);
    print(units_print_seconds, 0, real);
    print(units_print_rate, 0, real);
    return 0;
}
