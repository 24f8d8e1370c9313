/* Whether a study is the one that a result file holds. */
#include "run/run_parts.h"

#include "base/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Attributes of the root group that must be the same. Those that say which MPI
 * ranks there are come last. */
static const char *const same_attributes[] = {
    "schema_version",  "srbench_version", "server_version", "mpi_version",
    "hiredis_version", "nodes",           "ranks",          "hosts",
};

/* Columns of /hosts that must be, node by node. */
static const char *const same_host[] = {"cpu_model", "cpus", "interface"};

static bool listed(const char *name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], name) == 0)
            return true;
    return false;
}

static bool same_value(const struct field *a, const struct field *b)
{
    if (a->type == FIELD_TEXT)
        return strcmp(a->text, b->text) == 0;
    return a->type == FIELD_INT ? a->integer == b->integer : a->real == b->real;
}

/* "ranks was 4, is 6" */
static int differ(const struct field *was, const struct field *is,
                  struct error *err)
{
    if (was->type == FIELD_TEXT)
        return error_set(err, "%s was '%s', is '%s'", was->name, was->text,
                         is->text);
    if (was->type == FIELD_INT)
        return error_set(err, "%s was %" PRId64 ", is %" PRId64, was->name,
                         was->integer, is->integer);
    return error_set(err, "%s was %g, is %g", was->name, was->real, is->real);
}

/* Attributes of the root group that are compared, all that differ in words. */
static int check_attributes(const struct fields *was, const struct fields *is,
                            struct error *err)
{
    char words[SRB_ERROR_MAX / 2] = "";
    struct error one;

    for (size_t i = 0; i < was->n; i++) {
        if (!listed(was->list[i].name, same_attributes,
                    sizeof same_attributes / sizeof same_attributes[0]) ||
            same_value(&was->list[i], &is->list[i]))
            continue;
        differ(&was->list[i], &is->list[i], &one);
        text_join(words, sizeof words, "; ", "%s", one.text);
    }
    return words[0] ? error_set(err, "%s", words) : 0;
}

/* The configuration of before stands in the file as --show_config prints it. */
int run_same_config(const struct options *o, const char *before,
                    struct error *err)
{
    char program[] = "srbench";
    char *argv[] = {program, NULL};
    struct options was;
    int rc;

    if (options_parse(&was, 1, argv, "its resolved_config", before,
                      strlen(before), err) < 0)
        return -1;
    rc = options_resumable(&was, o, err);
    options_free(&was);
    return rc;
}

/* A random order is continued, not drawn again. */
static int check_seed(const struct run *r, const struct fields *was,
                      int64_t *seed, struct error *err)
{
    const struct value *given = options_one(r->plan.sweep.options, OPT_SEED);

    *seed = fields_find(was, "seed")->integer;
    if (given->is_auto || *seed < 0 || given->count == *seed)
        return 0;
    return error_set(err, "seed was %" PRId64 ", is %" PRId64, *seed,
                     given->count);
}

/* One node of before and of today. */
static int check_host(size_t node, const struct field *was,
                      const struct field *is, size_t ncols, bool *moved,
                      struct error *err)
{
    for (size_t c = 0; c < ncols; c++) {
        if (strcmp(is[c].name, "name") == 0 && !same_value(&was[c], &is[c]))
            *moved = true;
        if (!listed(is[c].name, same_host,
                    sizeof same_host / sizeof same_host[0]) ||
            same_value(&was[c], &is[c]))
            continue;
        differ(&was[c], &is[c], err);
        return error_prefix(err, "node %zu", node);
    }
    return 0;
}

/* Other nodes will do, where they are of the same kind. */
static int check_hosts(const struct run *r, const struct past *past,
                       bool *moved, struct error *err)
{
    struct fields is = {0}, was = {0}, like;
    struct sink_table today;
    size_t nrows = 0;
    int rc;

    record_hosts(&is, r->discovery->attributes, r->team->machine.nnodes,
                 &today);
    like = (struct fields){.list = is.list, .n = today.ncols};
    rc = past_table(past, "hosts", &like, &was, &nrows, err);
    if (rc == 0 && nrows != today.nrows)
        rc = error_set(err, "its /hosts has %zu nodes, and the job %zu", nrows,
                       today.nrows);
    for (size_t n = 0; n < today.nrows && rc == 0; n++)
        rc = check_host(n, was.list + n * like.n, is.list + n * like.n, like.n,
                        moved, err);
    fields_free(&was);
    fields_free(&is);
    return rc;
}

int run_same_study(const struct run *r, const struct past *past, int64_t *seed,
                   bool *moved, struct error *err)
{
    struct fields is = {0}, was = {0};
    int rc;

    record_study(&is, &r->plan.study);
    record_study(&was, &r->plan.study);
    past_study(past, &was);
    rc = check_attributes(&was, &is, err);
    if (rc == 0)
        rc = run_same_config(r->plan.sweep.options,
                             fields_find(&was, "resolved_config")->text, err);
    if (rc == 0)
        rc = check_seed(r, &was, seed, err);
    fields_free(&was);
    fields_free(&is);
    return rc < 0 ? -1 : check_hosts(r, past, moved, err);
}

/* What a row says of the permutation itself stands before its figures. */
static int check_row(const struct field *was, const struct fields *is,
                     struct error *err)
{
    for (size_t c = 0; c < is->n && strcmp(is->list[c].name, "ops") != 0; c++)
        if (strcmp(is->list[c].name, "status") != 0 &&
            !same_value(&was[c], &is->list[c]))
            return differ(&was[c], &is->list[c], err);
    return 0;
}

int run_same_rows(const struct run *r, const struct earlier *e,
                  struct error *err)
{
    int rc = 0;

    for (size_t i = 0; i < r->plan.sweep.count && rc == 0; i++) {
        struct fields is = {0};
        struct permutation p;
        struct placement pl;
        struct outcome nothing;

        if (e->status[i] == STATUS_PLANNED)
            continue;
        record_clear(&nothing, record_scope(r->plan.sweep.options));
        sweep_at(&r->plan.sweep, i, &p);
        rc = place_solve(&r->team->machine, &p, &pl, err);
        if (rc < 0)
            break;
        record_row(&is, &r->plan.sweep, &p, &pl, &nothing);
        rc = check_row(e->rows.list + i * e->ncols, &is, err);
        if (rc < 0)
            error_prefix(err, "permutation %04zu", i);
        fields_free(&is);
        place_free(&pl);
    }
    return rc;
}
