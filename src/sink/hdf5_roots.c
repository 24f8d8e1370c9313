/* hdf5_roots.c - the two root groups (hdf5_keep.c).
 *
 * They have the same attributes and the same links, the last change excepted,
 * which the one that is next gets together with the following change. Links
 * lie in a heap and two trees beside the group, so that to add one costs the
 * same whether there are a hundred or ten thousand.
 *
 * Each object is linked from both, and its header counts that. The count must
 * be right from the start, since to change it later would be to change in place
 * what is relied upon: so it is raised with the first link, and lowered again
 * with the second one before anything is written, which then is what was there.
 */
#include <stdlib.h>

#include "sink/hdf5_parts.h"

/* The root group at a place; the caller closes it. */
static hid_t open_root(hid_t file, uint64_t root)
{
    return H5Oopen_by_addr(file, (haddr_t)root);
}

uint64_t roots_place(hid_t object)
{
    hobj_ref_t place;

    return H5Rcreate(&place, object, ".", H5R_OBJECT, H5I_INVALID_HID) < 0
               ? 0
               : (uint64_t)place;
}

int roots_facts(hid_t file, uint64_t root, const struct fields *facts)
{
    hid_t group = open_root(file, root);
    int rc = group < 0 ? -1 : put_facts(group, facts);

    if (group >= 0 && H5Gclose(group) < 0)
        rc = -1;
    return rc;
}

/* A link of that name may stem from an end that failed. */
int roots_link(hid_t file, uint64_t root, const char *name, hid_t object)
{
    hid_t group = open_root(file, root);
    htri_t there = group < 0 ? -1 : H5Lexists(group, name, H5P_DEFAULT);
    int rc = -1;

    if (there == 0 || (there > 0 && H5Ldelete(group, name, H5P_DEFAULT) >= 0))
        rc =
            H5Olink(object, group, name, H5P_DEFAULT, H5P_DEFAULT) < 0 ? -1 : 0;
    if (group >= 0 && H5Gclose(group) < 0)
        rc = -1;
    return rc;
}

int roots_link_again(hid_t file, uint64_t root, const char *name,
                     uint64_t place)
{
    hid_t object = H5Oopen_by_addr(file, (haddr_t)place);
    int rc = -1;

    if (object >= 0 && roots_link(file, root, name, object) == 0 &&
        H5Odecr_refcount(object) >= 0)
        rc = 0;
    if (object >= 0 && H5Oclose(object) < 0)
        rc = -1;
    return rc;
}

/* ---- made ---- */

struct twins {
    hid_t group[2];
    roots_keep keep;
    const void *data;
};

static int copy_value(hid_t from, hid_t to, hid_t type, hid_t space)
{
    hid_t here = H5Tget_native_type(type, H5T_DIR_DEFAULT);
    hssize_t n = H5Sget_simple_extent_npoints(space);
    void *value = calloc((size_t)n + 1, H5Tget_size(here));
    int rc = -1;

    if (value && H5Aread(from, here, value) >= 0) {
        rc = H5Awrite(to, here, value) < 0 ? -1 : 0;
        H5Dvlen_reclaim(here, space, H5P_DEFAULT, value);
    }
    free(value);
    H5Tclose(here);
    return rc;
}

static herr_t copy_attribute(hid_t root, const char *name,
                             const H5A_info_t *info, void *to)
{
    const struct twins *t = to;
    hid_t from = H5Aopen(root, name, H5P_DEFAULT);
    hid_t type = H5Aget_type(from), space = H5Aget_space(from);
    int rc = 0;

    (void)info;
    for (int i = 0; i < 2 && rc == 0; i++) {
        hid_t a = H5Acreate2(t->group[i], name, type, space, H5P_DEFAULT,
                             H5P_DEFAULT);

        rc = a < 0 ? -1 : copy_value(from, a, type, space);
        if (a >= 0 && H5Aclose(a) < 0)
            rc = -1;
    }
    H5Sclose(space);
    H5Tclose(type);
    H5Aclose(from);
    return rc;
}

static herr_t copy_link(hid_t root, const char *name, const H5L_info_t *info,
                        void *to)
{
    const struct twins *t = to;
    int rc = 0;

    (void)info;
    if (t->keep && !t->keep(name, t->data))
        return 0;
    for (int i = 0; i < 2 && rc == 0; i++)
        rc = H5Lcreate_hard(root, name, t->group[i], name, H5P_DEFAULT,
                            H5P_DEFAULT);
    return rc;
}

/* A group that stays though nothing links to it. */
static hid_t make_root(hid_t file, uint64_t *place)
{
    hid_t plan = put_group_plan(H5P_GROUP_CREATE, 0), group;

    H5Pset_link_phase_change(plan, 8, 6);
    group = H5Gcreate_anon(file, plan, H5P_DEFAULT);
    H5Pclose(plan);
    if (group < 0)
        return group;
    *place = roots_place(group);
    if (*place && H5Oincr_refcount(group) >= 0)
        return group;
    H5Gclose(group);
    return H5I_INVALID_HID;
}

int roots_make(hid_t file, roots_keep keep, const void *data, uint64_t roots[2])
{
    struct twins t = {.keep = keep, .data = data};
    hsize_t from = 0;
    int rc = -1;

    for (int i = 0; i < 2; i++)
        t.group[i] = make_root(file, &roots[i]);
    if (t.group[0] >= 0 && t.group[1] >= 0 &&
        H5Aiterate2(file, H5_INDEX_CRT_ORDER, H5_ITER_INC, &from,
                    copy_attribute, &t) >= 0 &&
        H5Literate(file, H5_INDEX_CRT_ORDER, H5_ITER_INC, NULL, copy_link,
                   &t) >= 0)
        rc = 0;
    for (int i = 0; i < 2; i++)
        if (t.group[i] >= 0 && H5Gclose(t.group[i]) < 0)
            rc = -1;
    return rc;
}
