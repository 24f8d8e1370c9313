/* hdf5_new.c - a result file that holds no permutation yet. */
#include <stdlib.h>
#include <string.h>

#include "sink/hdf5_parts.h"

static uint64_t table_bytes(const struct sink_table *t)
{
    const struct fields cells = {.list = (struct field *)t->cells,
                                 .n = t->nrows * t->ncols};

    return put_text_bytes(&cells);
}

/* About the size of the new file. */
static uint64_t first_size(const struct sink_start *start)
{
    const struct fields *row = start->row;

    return 8 * PUT_MARGIN + put_text_bytes(start->study) +
           table_bytes(start->hosts) +
           (start->sessions ? table_bytes(start->sessions) : 0) +
           (start->extra ? 2 * table_bytes(start->extra) : 0) +
           start->nperms *
               (PUT_LINK_BYTES + 8 + row->n * 16 + 2 * put_text_bytes(row));
}

static int make_summary(hid_t file, const struct sink_start *start,
                        uint64_t *columns)
{
    const struct fields *row = start->row;
    hid_t plan = put_group_plan(H5P_GROUP_CREATE, 0), scale;
    hid_t group = H5Gcreate2(file, "summary", H5P_DEFAULT, plan, H5P_DEFAULT);
    int rc = 0;

    H5Pclose(plan);
    if (group < 0)
        return -1;
    scale = put_scale(group, "permutation", start->nperms);
    for (size_t i = 0; i < row->n && scale >= 0 && rc == 0; i++)
        rc = put_column(group, scale, &row->list[i], 0, start->nperms,
                        &columns[i]);
    if (scale < 0 || H5Dclose(scale) < 0)
        rc = -1;
    return H5Gclose(group) < 0 ? -1 : rc;
}

int put_durability(hid_t root)
{
    struct fields attributes = {0};
    int rc;

    fields_text(&attributes, "durability", "every instant");
    rc = put_attributes(root, &attributes);
    fields_free(&attributes);
    return rc;
}

static int fill_file(hid_t file, const struct sink_start *start,
                     const struct places *places, uint64_t roots[2])
{
    if (put_attributes(file, start->study) || put_durability(file) ||
        put_table(file, "hosts", "node", start->hosts, NULL) ||
        (start->sessions && put_table(file, "sessions", "session",
                                      start->sessions, places->sessions)) ||
        (start->extra && put_table(file, start->extra_name, start->extra_scale,
                                   start->extra, places->extra)))
        return -1;
    return make_summary(file, start, places->summary)
               ? -1
               : roots_make(file, NULL, NULL, roots);
}

/* Write all but permutations to the empty file `made`. */
static int make_file(struct keep *k, const char *made,
                     const struct sink_start *start,
                     const struct places *places, struct error *err)
{
    hid_t access = put_access_plan();
    hid_t plan = put_group_plan(H5P_FILE_CREATE, start->study->n + 1);
    hid_t file = H5Fcreate(made, H5F_ACC_TRUNC, plan, access);
    int rc = -1;

    if (file < 0)
        put_error(err, "create the output", k->path);
    else if (keep_reserve(k, first_size(start), err) == 0)
        rc = fill_file(file, start, places, k->roots)
                 ? put_error(err, "write the output", k->path)
                 : 0;
    if (file >= 0 && H5Fclose(file) < 0 && rc == 0)
        rc = put_error(err, "write the output", k->path);
    H5Pclose(plan);
    H5Pclose(access);
    return rc;
}

int new_file(struct keep *k, const char *made, const struct sink_start *start,
             const struct places *places, struct error *err)
{
    return make_file(k, made, start, places, err) ? -1 : keep_adopt(k, err);
}
