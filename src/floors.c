#include "floors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "srb/diag.h"

/* Figures of one completed permutation; zeros: none. */
struct own {
    double put, unpack, window;
};

struct floors {
    const struct plan *plan;
    size_t floor;    /* which value of db_exe it is */
    struct own *own; /* [count] */
};

static bool is_floor(const struct plan *plan, size_t k)
{
    return strcmp(plan->servers[k].engine->name, "floor") == 0;
}

struct floors *floors_open(const struct plan *plan)
{
    size_t n = options_get(plan->sweep.options, OPT_DB_EXE)->nvalues, k = 0;
    struct floors *f;

    while (k < n && !is_floor(plan, k))
        k++;
    if (k == n || n < 2)
        return NULL;
    f = calloc(1, sizeof *f);
    if (f)
        f->own = calloc(plan->sweep.count, sizeof *f->own);
    if (!f || !f->own)
        die("not enough memory for the figures of %zu permutations",
            plan->sweep.count);
    f->plan = plan;
    f->floor = k;
    return f;
}

void floors_close(struct floors *f)
{
    if (f)
        free(f->own);
    free(f);
}

void floors_add(struct floors *f, const struct permutation *p,
                const struct summary *s)
{
    if (f)
        f->own[p->index] =
            (struct own){s->put.median, s->unpack.median, s->window};
}

struct of_floor floors_compare(const struct floors *f,
                               const struct permutation *p,
                               const struct repeats *repeats)
{
    const struct of_floor nothing = {NAN, NAN, NAN};
    const struct own *own;
    struct repeated floor;
    size_t sibling;

    if (!f)
        return nothing;
    sibling = sweep_sibling(&f->plan->sweep, p, OPT_DB_EXE, f->floor);
    own = &f->own[p->index];
    if (sibling == p->index || !(own->put > 0))
        return nothing;
    floor = repeats_get(repeats, sweep_group(&f->plan->sweep, sibling));
    return (struct of_floor){.put = floor.put.centre / own->put,
                             .unpack = floor.unpack.centre / own->unpack,
                             .window = own->window / floor.window.centre};
}
