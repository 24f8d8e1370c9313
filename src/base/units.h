/* units.h - numbers as people write and read them.
 *
 * All functions are local and pure. Parsers take the whole text (no blanks
 * around, no trailing words), set *out only on success and return 0, or -1
 * with what was expected in *err ("expected a size such as 1024, 64KiB or
 * 1MB"; the caller says what was found and where).
 */
#ifndef SRB_UNITS_H
#define SRB_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A whole number, decimal, optional sign: "48". */
int units_parse_count(const char *text, int64_t *out, struct error *err);

/* A size in bytes: "1024", "64KiB", "1MiB", "2GB", "1.5MiB" (must come out
 * whole), "512B". KB, MB, GB, TB are powers of 1000; KiB, MiB, GiB, TiB of
 * 1024; case of the letters does not matter, a blank before the unit neither.
 * Negative or beyond int64_t: refused. */
int units_parse_bytes(const char *text, int64_t *out, struct error *err);

/* A time in seconds: "30", "0.5", "30s", "200ms", "50us", "5m", "2h", "1d",
 * or "HH:MM:SS" and "D-HH:MM:SS" as batch systems write them. Not negative,
 * finite. */
int units_parse_seconds(const char *text, double *out, struct error *err);

/* A number with its unit, as somebody wrote it: it is value in the unit of a
 * column of the result file, and value * over / times in its own. */
struct quantity {
    double value, times, over;
    char unit[8];
};

/* What fits a column of unit "s" ("2ms"; s, ms, us or ns), "B/s" ("1GB/s",
 * "512 MiB/s"; the names of sizes and /s), "1/s" ("5000", "5000/s") or "1" (a
 * share, "0.5" or "50%"). A time or rate needs its unit; not negative,
 * finite. */
int units_parse_quantity(const char *text, const char *unit,
                         struct quantity *out, struct error *err);

/* For people: a value of that column in the unit that `like` was written in,
 * 6 digits: "2.31402 ms"; "-" for NaN. */
char *units_print_quantity(double value, const struct quantity *like, char *buf,
                           size_t n);

/* For people: "1 KiB", "32769 B", "3.91 MiB", 3 significant digits, and
 * always a point, where it is not a whole number of the unit. Writes at most n
 * bytes with the NUL, returns buf. */
char *units_print_bytes(int64_t bytes, char *buf, size_t n);

/* For people: "812 us", "1.52 ms", "3.40 s", "2m05s", "1h04m"; "-" for NaN. */
char *units_print_seconds(double seconds, char *buf, size_t n);

/* The same of what was asked for, with all its digits and of any length in
 * seconds at most: "31.47 ms", "90 s". */
char *units_print_exact_seconds(double seconds, char *buf, size_t n);

/* For people: steps a second, "0.521", "163", "1670", 3 digits that count and
 * never an exponent; "-" for NaN. */
char *units_print_steps(double per_second, char *buf, size_t n);

/* For people: bytes a second in decimal units: "1.23 GB/s"; "-" for NaN. */
char *units_print_rate(double bytes_per_second, char *buf, size_t n);

#endif
