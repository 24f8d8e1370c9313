/* What a permutation's time went to, and what held it back. */
#include "run/run_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

/* The largest share of a link's speed that its node's clients and
 * shards make of it, where both ends are not on one host; NaN: none is known.
 * One way: a client puts and gets in turn, so that each way has half of the
 * window; of phases each has its own. */
static double network_share(const struct run *r, const struct perm_run *x)
{
    const struct placement *pl = &r->placement;
    const struct machine *m = pl->machine;
    const struct summary *s = &x->outcome.summary;
    double way = isnan(s->put_window) ? s->window / 2
                                      : fmax(s->put_window, s->get_window);
    int64_t *users = mem_new((size_t)m->nnodes, sizeof *users);
    double most = NAN;

    for (int c = 0; c < pl->nclients && !pl->external; c++) {
        int from = place_client_node(pl, c);
        int to = place_shard_node(pl, place_client_shard(pl, c));

        if (m->nodes[from].host == m->nodes[to].host)
            continue;
        users[from]++;
        users[to]++;
    }
    for (int n = 0; n < m->nnodes; n++) {
        int64_t speed = r->discovery->attributes[n].speed;

        if (users[n] > 0 && speed > 0)
            most = fmax(most,
                        (double)users[n] / pl->nclients * way / (double)speed);
    }
    free(users);
    return most;
}

void run_account(const struct run *r, struct perm_run *x,
                 const struct shard_work *busiest)
{
    const struct procstat *w = &busiest->watched;
    const struct summary *s = &x->outcome.summary;
    struct evidence *e = &x->outcome.evidence;

    *e = (struct evidence){.network_share = network_share(r, x),
                           .server_busy = w->busy,
                           .server_cpu_share = w->busy_cpu,
                           .server_fault_share = busiest->fault_share,
                           .client_cpu_share = s->cpu_share,
                           .covered = s->shortest_loop / w->interval};
    /* who offers as much as is asked for, or computes, holds nothing back;
     * where that is not achieved, the same evidence tells as ever */
    if (!isnan(s->steps.step.median) && s->steps.behind != 1)
        return;
    snprintf(x->outcome.limit, sizeof x->outcome.limit, "%s",
             limit_word(limit_judge(e, x->outcome.oversubscribed)));
}
