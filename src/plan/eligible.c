#include "plan/eligible.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/hostlist.h"
#include "base/mem.h"
#include "plan/features.h"

const char *eligible_constraint(const struct value *features)
{
    for (size_t i = 0; i < features->npairs; i++)
        if (strcmp(features->pairs[i].name, "C") == 0 ||
            strcmp(features->pairs[i].name, "constraint") == 0)
            return features->pairs[i].value;
    return NULL;
}

/* Of database nodes only where they are this job's. */
static const char *constraint_of(const struct options *o, enum option_id id)
{
    if (id == OPT_DB_NODE_FEATURE && options_batch(o))
        return NULL;
    return eligible_constraint(options_one(o, id));
}

bool eligible_needs_features(const struct options *o)
{
    return constraint_of(o, OPT_NODE_FEATURE) ||
           constraint_of(o, OPT_DB_NODE_FEATURE);
}

/* ---- features ---- */

static int bar_without(struct machine *m, const struct options *o,
                       enum option_id id, unsigned role,
                       const char *const features[], struct error *err)
{
    const char *constraint = constraint_of(o, id);

    for (int n = 0; constraint && n < m->nnodes; n++) {
        int has = features_match(features[n], constraint, err);

        if (has < 0)
            return error_prefix(err, "%s", option_table[id].name);
        if (!has)
            m->nodes[n].barred |= role;
    }
    return 0;
}

/* ---- names ---- */

struct named {
    char name[SRB_NAME_MAX]; /* short, in lower case */
    int node;
};

/* The short name of a host, without the number of a virtual node. */
static void short_name(const char *name, char buf[SRB_NAME_MAX])
{
    size_t n = strcspn(name, "./");

    if (n >= SRB_NAME_MAX)
        n = SRB_NAME_MAX - 1;
    for (size_t i = 0; i < n; i++)
        buf[i] = (char)tolower((unsigned char)name[i]);
    buf[n] = '\0';
}

static int by_name(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    return order ? order : (x->node > y->node) - (x->node < y->node);
}

static struct named *index_names(const struct machine *m)
{
    struct named *list = mem_new((size_t)m->nnodes, sizeof *list);

    for (int n = 0; n < m->nnodes; n++) {
        short_name(m->nodes[n].name, list[n].name);
        list[n].node = n;
    }
    qsort(list, (size_t)m->nnodes, sizeof *list, by_name);
    return list;
}

/* The first entry of that short name, or where it would be. */
static int first_of(const struct named *list, int n, const char *name)
{
    int low = 0, high = n;

    while (low < high) {
        int mid = low + (high - low) / 2;

        if (strcmp(list[mid].name, name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* The next hosts of the list: all nodes of that name. */
static int list_host(struct machine *m, const struct named *names,
                     const char *host, struct error *err)
{
    char wanted[SRB_NAME_MAX], name[SRB_NAME_MAX];
    int found = 0;

    short_name(host, wanted);
    for (int k = first_of(names, m->nnodes, wanted);
         k < m->nnodes && strcmp(names[k].name, wanted) == 0; k++) {
        struct node *node = &m->nodes[names[k].node];

        snprintf(name, sizeof name, "%s", node->name);
        name[strcspn(name, "/")] = '\0';
        if (!hostlist_same(name, host))
            continue;
        if (node->db_turn > 0)
            return error_set(err, "db_hosts: '%s' is named twice", host);
        node->db_turn = ++m->db_listed;
        found++;
    }
    if (found > 0)
        return 0;
    return error_set(err,
                     "db_hosts: '%s' is not among the %d nodes of this job "
                     "(%s%s%s)",
                     host, m->nnodes, m->nodes[0].name,
                     m->nnodes > 2    ? " to "
                     : m->nnodes == 2 ? ", "
                                      : "",
                     m->nnodes > 1 ? m->nodes[m->nnodes - 1].name : "");
}

static int list_hosts(struct machine *m, const struct options *o,
                      struct error *err)
{
    const struct setting *set = options_get(o, OPT_DB_HOSTS);
    struct named *names;
    int rc = 0;

    if (set->values[0].is_auto)
        return 0;
    names = index_names(m);
    for (size_t k = 0; k < set->nvalues && rc == 0; k++) {
        struct hostlist list;

        rc =
            hostlist_expand(&list, set->values[k].text, (size_t)m->nnodes, err);
        if (rc < 0)
            error_prefix(err, "db_hosts");
        for (size_t i = 0; rc == 0 && i < list.n; i++)
            rc = list_host(m, names, list.name[i], err);
        hostlist_free(&list);
    }
    free(names);
    return rc;
}

/* A host that was asked for by name, and is not what it must be. */
static int check_listed(const struct machine *m, struct error *err)
{
    for (int n = 0; n < m->nnodes; n++)
        if (m->nodes[n].db_turn > 0 && m->nodes[n].barred & NODE_DATABASES)
            return error_set(err,
                             "db_hosts: node %s may not run databases by its "
                             "role or db_node_feature",
                             m->nodes[n].name);
    return 0;
}

int eligible_mark(struct machine *m, const struct options *o,
                  const char *const features[], struct error *err)
{
    if (bar_without(m, o, OPT_NODE_FEATURE, NODE_CLIENTS, features, err) < 0 ||
        bar_without(m, o, OPT_DB_NODE_FEATURE, NODE_DATABASES, features, err) <
            0 ||
        list_hosts(m, o, err) < 0)
        return -1;
    return check_listed(m, err);
}
