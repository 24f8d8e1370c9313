#include "study/of_floor.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

/* Figures of one completed permutation; zeros: none. */
struct own {
    double of[HEADLINES];
};

struct of_floor_runs {
    const struct prepared *plan;
    size_t floor;    /* which value of db_exe it is */
    struct own *own; /* [count] */
};

static bool is_floor(const struct prepared *plan, size_t k)
{
    return plan->servers[k].engine->limit;
}

/* Which value of db_exe is the floor beside others; how many there are: none.
 */
static size_t find_floor(const struct prepared *plan, size_t n)
{
    size_t k = 0;

    while (k < n && !is_floor(plan, k))
        k++;
    return n < 2 ? n : k;
}

static size_t count_servers(const struct prepared *plan)
{
    return plan->servers ? options_get(plan->sweep.options, OPT_DB_EXE)->nvalues
                         : 0;
}

bool of_floor_swept(const struct prepared *plan)
{
    size_t n = count_servers(plan);

    return find_floor(plan, n) < n;
}

struct of_floor_runs *of_floor_open(const struct prepared *plan)
{
    size_t k = find_floor(plan, count_servers(plan));
    struct of_floor_runs *f;

    if (!of_floor_swept(plan))
        return NULL;
    f = mem_new(1, sizeof *f);
    f->own = mem_new(plan->sweep.count, sizeof *f->own);
    f->plan = plan;
    f->floor = k;
    return f;
}

void of_floor_close(struct of_floor_runs *f)
{
    if (f)
        free(f->own);
    free(f);
}

bool of_floor_is(const struct of_floor_runs *f, const struct permutation *p)
{
    return p->value[OPT_DB_EXE] &&
           sweep_sibling(&f->plan->sweep, p, OPT_DB_EXE, f->floor) == p->index;
}

void of_floor_add(struct of_floor_runs *f, const struct permutation *p,
                  const struct summary *s)
{
    for (int k = 0; f && k < HEADLINES; k++)
        f->own[p->index].of[k] = figures_headline(s, (enum headline)k);
}

struct of_floor of_floor_compare(const struct of_floor_runs *f,
                                 const struct permutation *p,
                                 const struct repeats *repeats)
{
    struct of_floor x = {{NAN, NAN, NAN}};
    const double *own;
    struct repeated floor;
    size_t sibling;

    if (!f || !p->value[OPT_DB_EXE] || of_floor_is(f, p))
        return x;
    sibling = sweep_sibling(&f->plan->sweep, p, OPT_DB_EXE, f->floor);
    own = f->own[p->index].of;
    if (!(own[HEADLINE_PUT] > 0))
        return x;
    floor = repeats_get(repeats, sweep_group(&f->plan->sweep, sibling));
    for (int k = 0; k < HEADLINES; k++)
        x.share[k] = k == HEADLINE_WINDOW ? own[k] / floor.of[k].centre
                                          : floor.of[k].centre / own[k];
    return x;
}
