#include "results/foms.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/output.h"
#include "base/path.h"
#include "base/tick.h"

/* Of the time, what rewriting the file may take: one in so many. */
#define SHARE 20
/* What is printed at a time, less than standard output's buffer. */
#define PIECE ((size_t)32768)

struct foms {
    char *path, *temporary; /* NULL: standard output */
    char *text;
    size_t n;
    FILE *lines;         /* into text */
    int64_t resume;      /* tick before which the file is not rewritten */
    struct error failed; /* "" while it could be written */
};

static int cannot_write(struct foms *f)
{
    if (!f->failed.text[0])
        error_set(&f->failed,
                  "the figures cannot be written to '%s': %s; --figures names "
                  "another file",
                  f->path, strerror(errno));
    return -1;
}

static int rewrite(struct foms *f)
{
    FILE *out = fopen(f->temporary, "we");
    bool whole = out != NULL;

    fflush(f->lines);
    if (out) {
        whole = fwrite(f->text, 1, f->n, out) == f->n;
        whole = fclose(out) == 0 && whole;
    }
    if (whole && rename(f->temporary, f->path) == 0)
        return 0;
    cannot_write(f);
    unlink(f->temporary);
    return -1;
}

/* A study that is refused afterwards has left what was there, or nothing. */
static int try_folder(struct foms *f)
{
    FILE *out = fopen(f->temporary, "we");

    if (!out)
        return cannot_write(f);
    fclose(out);
    unlink(f->temporary);
    return 0;
}

static int check(const struct foms *f, bool replace, struct error *err)
{
    struct stat st;

    if (stat(f->path, &st) < 0)
        return 0;
    if (!S_ISREG(st.st_mode))
        return error_set(err,
                         "the figures cannot be written to '%s', which is no "
                         "plain file; --figures names another, or stdout",
                         f->path);
    return replace
               ? 0
               : error_set(err,
                           "the file of figures '%s' exists; choose another "
                           "--figures, or --overwrite (--resume) with it",
                           f->path);
}

static int open_file(struct foms *f, const char *path, bool replace,
                     struct error *err)
{
    char place[PATH_MAX];
    size_t n;

    snprintf(place, sizeof place, "%s", path);
    if (path_target(place, sizeof place, err) < 0)
        return error_prefix(err, "figures");
    f->path = mem_copy(place);
    n = strlen(place) + 32;
    f->temporary = mem_new(n, 1);
    snprintf(f->temporary, n, "%s.%ld.tmp", place, (long)getpid());
    if (check(f, replace, err) < 0)
        return -1;
    if (try_folder(f) == 0)
        return 0;
    *err = f->failed;
    return -1;
}

int foms_open(struct foms **f, const char *where, bool replace,
              struct error *err)
{
    *f = NULL;
    if (strcmp(where, "none") == 0)
        return 0;
    *f = mem_new(1, sizeof **f);
    (*f)->lines = mem_stream(&(*f)->text, &(*f)->n);
    if (strcmp(where, "stdout") == 0 || open_file(*f, where, replace, err) == 0)
        return 0;
    foms_close(*f);
    *f = NULL;
    return -1;
}

void foms_add(struct foms *f, size_t index, const struct outcome *o,
              unsigned kinds)
{
    struct fields cells = {0};

    if (!f)
        return;
    record_figures(&cells, o, kinds);
    for (size_t i = 0; i < cells.n; i++) {
        const struct field *c = &cells.list[i];

        if (c->type == FIELD_REAL && !isnan(c->real))
            fprintf(f->lines,
                    "SRBENCH_FOM perm=%04zu name=%s value=%.6e unit=%s\n",
                    index, c->name, c->real, c->unit);
        if (c->type == FIELD_TEXT && c->text[0])
            fprintf(f->lines, "SRBENCH_FOM perm=%04zu name=%s value=%s unit=\n",
                    index, c->name, c->text);
    }
    fields_free(&cells);
}

void foms_keep(struct foms *f)
{
    int64_t begun = tick_now();

    if (!f || !f->path || begun < f->resume)
        return;
    rewrite(f);
    f->resume = tick_now() + SHARE * (tick_now() - begun);
}

int foms_end(struct foms *f, struct error *err)
{
    if (!f)
        return 0;
    f->failed.text[0] = '\0';
    if (f->path)
        rewrite(f);
    if (!f->failed.text[0])
        return 0;
    *err = f->failed;
    return -1;
}

void foms_print(const struct foms *f)
{
    if (!f || f->path)
        return;
    fflush(f->lines);
    for (size_t at = 0; at < f->n; at += PIECE) {
        fwrite(f->text + at, 1, f->n - at < PIECE ? f->n - at : PIECE, stdout);
        output_flush();
    }
}

void foms_close(struct foms *f)
{
    if (!f)
        return;
    if (f->lines)
        fclose(f->lines);
    free(f->text);
    free(f->path);
    free(f->temporary);
    free(f);
}
