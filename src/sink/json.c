/* json.c - the summary as one JSON document (RFC 8259):
 *
 *     {"schema_version": "1",
 *      "study": {"srbench_version": "1.0.0", ...},
 *      "summary": [{"index": 0, "status": "completed", ...}, ...]}
 *
 * Real numbers have all their digits, what is NaN or infinite is null. Rows
 * that were never known are left out.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "sink/sink.h"

struct json_sink {
    struct sink sink;
    char *path, *temporary;
    size_t index; /* of the permutation under way */
    bool noted;   /* there is something to write */
    struct fields study;
    size_t nrows;
    struct fields *row;
};

static struct json_sink *self(struct sink *s)
{
    return (struct json_sink *)s;
}

/* ---- the words of JSON ---- */

static void print_text(FILE *out, const char *text)
{
    size_t left = strlen(text), width;
    uint32_t c = 0;

    fputc('"', out);
    for (; left > 0; text += width, left -= width) {
        width = utf8_decode(text, left, &c);
        if (width == 0) {
            width = 1;
            fputs("\\ufffd", out);
        } else if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", (int)c);
        } else if (c == '\n') {
            fputs("\\n", out);
        } else if (c < 0x20 || c == 0x7f) {
            fprintf(out, "\\u%04x", (unsigned)c);
        } else {
            fwrite(text, 1, width, out);
        }
    }
    fputc('"', out);
}

static void print_value(FILE *out, const struct field *f)
{
    switch (f->type) {
    case FIELD_INT:
        fprintf(out, "%" PRId64, f->integer);
        break;
    case FIELD_REAL:
        if (isfinite(f->real))
            fprintf(out, "%.17g", f->real);
        else
            fputs("null", out);
        break;
    default:
        print_text(out, f->text);
    }
}

static void print_object(FILE *out, const struct fields *f)
{
    fputc('{', out);
    for (size_t i = 0; i < f->n; i++) {
        fputs(i > 0 ? ", " : "", out);
        print_text(out, f->list[i].name);
        fputs(": ", out);
        print_value(out, &f->list[i]);
    }
    fputc('}', out);
}

/* ---- the summary ---- */

static int cannot_write(const char *path, struct error *err)
{
    return error_set(err,
                     "the summary cannot be written to '%s': %s; "
                     "--summary_json names another file",
                     path, strerror(errno));
}

/* Whether the file can be made, by making it for a moment. */
static int try_out(const struct json_sink *j, bool replace, struct error *err)
{
    struct stat st;
    bool there = stat(j->path, &st) == 0;
    FILE *out;

    if (there && !S_ISREG(st.st_mode))
        return error_set(err,
                         "the summary cannot be written to '%s', which is no "
                         "plain file; --summary_json names another",
                         j->path);
    if (there && !replace)
        return error_set(err,
                         "the summary '%s' exists; choose another "
                         "--summary_json, or --overwrite (--resume) with it",
                         j->path);
    out = fopen(j->temporary, "we");
    if (!out)
        return cannot_write(j->path, err);
    fclose(out);
    unlink(j->temporary);
    return 0;
}

static void release(struct json_sink *j)
{
    for (size_t i = 0; i < j->nrows; i++)
        fields_free(&j->row[i]);
    fields_free(&j->study);
    free(j->row);
    free(j->temporary);
    free(j->path);
    free(j);
}

static void copy_all(struct fields *to, const struct field *list, size_t n)
{
    fields_free(to);
    for (size_t i = 0; i < n; i++)
        fields_copy(to, &list[i]);
}

static struct sink *json_open(const char *path, bool overwrite, const char *job,
                              const struct sink_start *start, struct error *err)
{
    const struct sink_table *earlier = start->earlier;
    struct json_sink *j = mem_new(1, sizeof *j);
    size_t n = strlen(path) + 32;

    (void)job;
    j->sink.ops = &sink_json;
    j->path = mem_copy(path);
    j->temporary = mem_new(n, 1);
    snprintf(j->temporary, n, "%s.%ld.tmp", path, (long)getpid());
    j->nrows = start->nperms;
    j->row = mem_new(j->nrows, sizeof *j->row);
    copy_all(&j->study, start->study->list, start->study->n);
    for (size_t i = 0; earlier && i < j->nrows; i++)
        if (start->kept[i])
            copy_all(&j->row[i], earlier->cells + i * earlier->ncols,
                     earlier->ncols);
    if (try_out(j, overwrite, err) == 0)
        return &j->sink;
    release(j);
    return NULL;
}

static int json_begin(struct sink *s, size_t index,
                      const size_t size[SINK_DIMS], struct error *err)
{
    (void)size, (void)err;
    self(s)->index = index;
    return 0;
}

static int json_end(struct sink *s, const struct fields *attributes,
                    const struct fields *row, struct error *err)
{
    struct json_sink *j = self(s);

    (void)attributes, (void)err;
    copy_all(&j->row[j->index], row->list, row->n);
    return 0;
}

static int json_rows(struct sink *s, size_t first,
                     const struct sink_table *rows, struct error *err)
{
    (void)err;
    for (size_t i = 0; i < rows->nrows; i++)
        copy_all(&self(s)->row[first + i], rows->cells + i * rows->ncols,
                 rows->ncols);
    return 0;
}

static int json_amend(struct sink *s, size_t index, const struct fields *cells,
                      struct error *err)
{
    struct fields *row = &self(s)->row[index];

    (void)err;
    for (size_t i = 0; i < cells->n; i++)
        for (size_t k = 0; k < row->n; k++)
            if (strcmp(row->list[k].name, cells->list[i].name) == 0) {
                row->list[k].integer = cells->list[i].integer;
                row->list[k].real = cells->list[i].real;
                if (!cells->list[i].text)
                    continue;
                free(row->list[k].text);
                row->list[k].text = mem_copy(cells->list[i].text);
            }
    return 0;
}

static int json_note(struct sink *s, const struct fields *study,
                     struct error *err)
{
    struct json_sink *j = self(s);

    (void)err;
    for (size_t i = 0; i < study->n; i++)
        fields_copy(&j->study, &study->list[i]);
    j->noted = true;
    return 0;
}

static void print_document(FILE *out, const struct json_sink *j)
{
    const struct field *schema = fields_find(&j->study, "schema_version");
    const char *between = "\n";

    fputs("{\"schema_version\": ", out);
    print_text(out, schema ? schema->text : "");
    fputs(",\n\"study\": ", out);
    print_object(out, &j->study);
    fputs(",\n\"summary\": [", out);
    for (size_t i = 0; i < j->nrows; i++) {
        if (j->row[i].n == 0)
            continue;
        fputs(between, out);
        print_object(out, &j->row[i]);
        between = ",\n";
    }
    fputs("\n]}\n", out);
}

/* All at once: under another name that is then renamed. */
static int write_document(const struct json_sink *j, struct error *err)
{
    FILE *out = fopen(j->temporary, "we");
    bool whole = out != NULL;

    if (out) {
        print_document(out, j);
        whole = fflush(out) == 0 && fsync(fileno(out)) == 0;
        whole = fclose(out) == 0 && whole;
    }
    if (whole && rename(j->temporary, j->path) == 0)
        return 0;
    cannot_write(j->path, err);
    unlink(j->temporary);
    return -1;
}

static int json_close(struct sink *s, struct error *err)
{
    struct json_sink *j = self(s);
    int rc = j->noted ? write_document(j, err) : 0;

    release(j);
    return rc;
}

const struct sink_ops sink_json = {
    .name = "json",
    .open = json_open,
    .begin = json_begin,
    .end = json_end,
    .rows = json_rows,
    .amend = json_amend,
    .note = json_note,
    .close = json_close,
};
