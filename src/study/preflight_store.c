#include "study/preflight_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The lowest node that does not see it speaks for all of them. */
static int conclude(const struct team *t, int node, int rc, struct error *err)
{
    int first = rc < 0 ? node : t->machine.nnodes, n = rc < 0;
    char text[sizeof err->text];

    team_allreduce(t, t->stewards, &first, 1, MPI_INT, MPI_MIN);
    team_allreduce(t, t->stewards, &n, 1, MPI_INT, MPI_SUM);
    if (rc == 0 || node != first)
        return 0;
    if (n == 1)
        return -1;
    snprintf(text, sizeof text, "%s", err->text);
    return error_set(err, "%.300s; %d more node%s not see it either", text,
                     n - 1, n == 2 ? " does" : "s do");
}

int preflight_store(const struct team *t, int node, const struct store_ops *ops,
                    const struct store_terms *terms, struct error *err)
{
    int mine = t->machine.rank_node[t->rank], rc = 0;
    char where[SRB_STORE_WHERE_MAX] = "";
    struct store *store = NULL;
    char *effective = NULL;

    if (terms) {
        store = ops->open(terms, &effective, err);
        free(effective);
        if (store)
            snprintf(where, sizeof where, "%s", store->where);
        rc = store ? 0 : -1;
    }
    team_bcast(t, t->stewards, where, (int)sizeof where, node);
    if (where[0] && mine != node)
        rc = ops->seen(where, err);
    rc = conclude(t, mine, rc, err);
    if (store)
        ops->close(store); /* all have looked */
    return rc;
}
