#include "figures/aggregate_figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { POLL, GET, SETS };

static void fill(struct spans *d, const struct series *s)
{
    *d = (struct spans){.ns = mem_new(s->kept, sizeof *d->ns),
                        .n = s->kept,
                        .longest = INT64_MIN};
    if (s->kept > 0)
        memcpy(d->ns, s->ns, s->kept * sizeof *d->ns);
}

void aggregate_figures_reduce(const struct team *t, MPI_Comm clients,
                              const struct samples *s,
                              struct aggregate_figures *out)
{
    struct figures *const of[SETS] = {&out->poll, &out->get};
    int64_t room = (int64_t)s->poll_list.room;
    struct spans d[SETS];

    *out = (struct aggregate_figures){FIGURES_NONE, FIGURES_NONE};
    team_allreduce(t, clients, &room, 1, MPI_INT64_T, MPI_MAX);
    if (room == 0)
        return;
    fill(&d[POLL], &s->poll_list);
    fill(&d[GET], &s->get_list);
    figures_quantiles(t, clients, d, SETS, of);
    for (int k = 0; k < SETS; k++)
        free(d[k].ns);
}
