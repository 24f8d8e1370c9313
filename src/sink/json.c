#include "sink/json.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/utf8.h"

struct json_summary {
    char *path, *temporary;
    size_t nrows;
    struct fields *row;
};

/* ---- the words of JSON ---- */

void json_print_text(FILE *out, const char *text)
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
        json_print_text(out, f->text);
    }
}

void json_print_object(FILE *out, const struct fields *f)
{
    fputc('{', out);
    for (size_t i = 0; i < f->n; i++) {
        fputs(i > 0 ? ", " : "", out);
        json_print_text(out, f->list[i].name);
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

static void *need(void *p)
{
    if (!p)
        die("not enough memory for the summary as JSON");
    return p;
}

static int create(const struct json_summary *j)
{
    return open(j->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
}

/* Whether the file can be made, by making it for a moment. */
static int try_out(const struct json_summary *j, bool replace,
                   struct error *err)
{
    struct stat st;
    bool there = stat(j->path, &st) == 0;
    int fd;

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
    fd = create(j);
    if (fd < 0)
        return cannot_write(j->path, err);
    close(fd);
    unlink(j->temporary);
    return 0;
}

struct json_summary *json_open(const char *path, bool replace, size_t nrows,
                               struct error *err)
{
    struct json_summary *j = need(calloc(1, sizeof *j));
    size_t n = strlen(path) + 32;

    j->path = need(strdup(path));
    j->temporary = need(malloc(n));
    snprintf(j->temporary, n, "%s.%ld.tmp", path, (long)getpid());
    j->nrows = nrows;
    j->row = need(calloc(nrows ? nrows : 1, sizeof *j->row));
    if (try_out(j, replace, err) == 0)
        return j;
    json_close(j);
    return NULL;
}

void json_close(struct json_summary *j)
{
    if (!j)
        return;
    for (size_t i = 0; i < j->nrows; i++)
        fields_free(&j->row[i]);
    free(j->row);
    free(j->temporary);
    free(j->path);
    free(j);
}

void json_row(struct json_summary *j, size_t index, struct fields *row)
{
    if (!j)
        return;
    fields_free(&j->row[index]);
    j->row[index] = *row;
    *row = (struct fields){0};
}

void json_amend(struct json_summary *j, size_t index,
                const struct fields *cells)
{
    struct fields *row = j ? &j->row[index] : NULL;

    for (size_t i = 0; row && i < cells->n; i++)
        for (size_t k = 0; k < row->n; k++)
            if (strcmp(row->list[k].name, cells->list[i].name) == 0) {
                row->list[k].integer = cells->list[i].integer;
                row->list[k].real = cells->list[i].real;
            }
}

static void print_document(FILE *out, const struct json_summary *j,
                           const struct fields *study)
{
    const struct field *schema = fields_find(study, "schema_version");
    const char *between = "\n";

    fputs("{\"schema_version\": ", out);
    json_print_text(out, schema ? schema->text : "");
    fputs(",\n\"study\": ", out);
    json_print_object(out, study);
    fputs(",\n\"summary\": [", out);
    for (size_t i = 0; i < j->nrows; i++) {
        if (j->row[i].n == 0)
            continue;
        fputs(between, out);
        json_print_object(out, &j->row[i]);
        between = ",\n";
    }
    fputs("\n]}\n", out);
}

int json_write(const struct json_summary *j, const struct fields *study,
               struct error *err)
{
    int fd = create(j);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    bool failed;

    if (!out) {
        cannot_write(j->path, err);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    print_document(out, j, study);
    failed = fflush(out) != 0 || fsync(fd) != 0;
    if (failed)
        cannot_write(j->path, err);
    if (fclose(out) != 0 && !failed) {
        failed = true;
        cannot_write(j->path, err);
    }
    if (!failed && rename(j->temporary, j->path) != 0) {
        failed = true;
        cannot_write(j->path, err);
    }
    if (failed)
        unlink(j->temporary);
    return failed ? -1 : 0;
}
