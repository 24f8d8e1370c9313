/* json.h - facts of the result file as one JSON document (RFC 8259):
 *
 *     {"schema_version": "1",
 *      "study": {"srbench_version": "1.0.0", ...},
 *      "summary": [{"index": 0, "status": "completed", ...}, ...]}
 *
 * Real numbers have all their digits, what is NaN or infinite is null. All
 * functions are local.
 */
#ifndef SRB_JSON_H
#define SRB_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"
#include "base/field.h"

/* A summary to be: so many rows, none of them known yet. */
struct json_summary;

/* Sees to it that `path` can be written, as far as that can be seen now; a file
 * that exists only where it is to be replaced. NULL on failure. */
struct json_summary *json_open(const char *path, bool replace, size_t nrows,
                               struct error *err);
void json_close(struct json_summary *j);

/* A row as it is known; takes the cells over, *row is empty afterwards. Then
 * replace some numbers of it; names that the row does not have are dropped. j
 * may be NULL in both. */
void json_row(struct json_summary *j, size_t index, struct fields *row);
void json_amend(struct json_summary *j, size_t index,
                const struct fields *cells);

/* Write the document, all at once: under another name that is then renamed.
 * Rows that were never known are left out. */
int json_write(const struct json_summary *j, const struct fields *study,
               struct error *err);

/* Parts of it: one object; one text with its quotes (what is no UTF-8 becomes
 * U+FFFD). */
void json_print_object(FILE *out, const struct fields *f);
void json_print_text(FILE *out, const char *text);

#endif
