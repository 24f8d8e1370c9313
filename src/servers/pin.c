#include "servers/pin.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/mem.h"
#include "node/topology.h"

/* What the permutation asks of each node of this kernel; allocated. */
static struct cpu_demand *demands(const struct kernel *k,
                                  const struct placement *pl)
{
    struct cpu_demand *node = mem_new((size_t)k->nnodes, sizeof *node);

    for (int i = 0; i < k->nnodes; i++) {
        node[i].allowed = k->cpus[i];
        node[i].clients = place_node_clients(pl, k->node[i]);
        if (place_node_shard(pl, k->node[i]) >= 0)
            node[i].shards = pl->shards_per_node;
    }
    return node;
}

static int divide(const struct kernel *k, const struct placement *pl,
                  const struct permutation *p, struct cpu_division *out,
                  struct error *err)
{
    struct cpu_demand *node = demands(k, pl);
    const struct cpu_request r = {
        .tree = &k->tree,
        .node = node,
        .nnodes = k->nnodes,
        .db_cpus = (int)permutation_count(p, OPT_DB_CPUS, 1),
        .io_threads = (int)permutation_count(p, OPT_DB_IO_THREADS, 1),
        .pin = permutation_count(p, OPT_PIN_APP_CPUS, 0) != 0,
    };
    int rc = cpus_divide(&r, k->self, out, err);

    free(node);
    return rc;
}

/* Whether a permutation asks for the same CPUs as the one before it. */
static bool same_demand(const struct permutation *a,
                        const struct permutation *b)
{
    return a->setup == b->setup && a->experiment == b->experiment &&
           a->value[OPT_PIN_APP_CPUS] == b->value[OPT_PIN_APP_CPUS] &&
           a->value[OPT_CLIENT_NODES] == b->value[OPT_CLIENT_NODES] &&
           a->value[OPT_CLIENTS_PER_NODE] == b->value[OPT_CLIENTS_PER_NODE];
}

/* The whole sweep, on this node alone. */
static int check_node(const struct machine *m, const struct discovery *d,
                      const struct sweep *s, struct error *err)
{
    struct permutation last = {0};
    int rc = 0;

    for (size_t i = 0; i < s->count && rc == 0; i++) {
        struct cpu_division c;
        struct permutation p;
        struct placement pl;

        sweep_at(s, i, &p);
        if ((i > 0 && same_demand(&p, &last)) ||
            place_solve(m, &p, &pl, NULL) < 0)
            continue;
        last = p;
        rc = divide(&d->kernel, &pl, &p, &c, err);
        if (rc == 0)
            cpus_release(&c);
        place_free(&pl);
    }
    return rc;
}

int pin_check(struct team *t, const struct discovery *d, const struct sweep *s,
              struct error *err)
{
    bool steward = t->stewards != MPI_COMM_NULL;
    int rc = steward ? check_node(&t->machine, d, s, err) : 0;

    return team_agree(t, t->world, rc, err);
}

struct cpu_division pin_divide(const struct discovery *d,
                               const struct placement *pl,
                               const struct permutation *p)
{
    struct cpu_division c;
    struct error err;

    if (divide(&d->kernel, pl, p, &c, &err) < 0)
        die("CPUs that were divided once cannot be divided again: %s",
            err.text);
    return c;
}

/* The CPUs that rank should be on; none: it stays where it is. */
static struct cpu_mask wanted(const struct discovery *d,
                              const struct placement *pl,
                              const struct cpu_division *c, int rank)
{
    int client = place_client(pl, rank);
    int shard = place_server(pl, rank);
    struct cpu_mask m = {{0}};

    if (shard >= 0)
        return c
            ->shard[shard - place_node_shard(pl, pl->machine->rank_node[rank])];
    if (client < 0) {
        m = d->launched;
        return cpus_and(&m, &c->idle) ? m : c->idle;
    }
    if (c->client) {
        int node = pl->machine->rank_node[rank];

        cpus_add(&m, c->client[client - place_first_client(pl, node)]);
    }
    return m;
}

int pin_rank(const struct discovery *d, const struct placement *pl,
             const struct permutation *p, int rank, struct error *err)
{
    struct cpu_division c = pin_divide(d, pl, p);
    struct cpu_mask m = wanted(d, pl, &c, rank);

    cpus_release(&c);
    return cpus_count(&m) > 0 ? topology_set_affinity(&m, err) : 0;
}

struct crowd pin_crowd(const struct discovery *d, const struct placement *pl,
                       int threads)
{
    const struct kernel *k = &d->kernel;
    struct crowd c = {0, (int)d->mine.host_cpus};

    for (int i = 0; i < k->nnodes; i++) {
        c.processes += place_node_clients(pl, k->node[i]);
        if (place_node_shard(pl, k->node[i]) >= 0)
            c.processes += threads;
    }
    return c;
}

struct oversubscribed pin_oversubscribed(const struct team *t,
                                         const struct discovery *d,
                                         const struct crowd *mine)
{
    bool speaks = t->stewards != MPI_COMM_NULL && d->kernel.self == 0;
    int kernels = speaks && mine->processes > mine->cpus;
    struct {
        int excess, rank;
    } most = {mine->processes - mine->cpus, t->rank};
    struct oversubscribed c;

    memset(&c, 0, sizeof c);
    c.most = *mine;
    snprintf(c.node, sizeof c.node, "%s", d->mine.name);
    team_allreduce(t, t->world, &most, 1, MPI_2INT, MPI_MAXLOC);
    team_bcast(t, t->world, &c, (int)sizeof c, most.rank);
    team_allreduce(t, t->world, &kernels, 1, MPI_INT, MPI_SUM);
    c.kernels = kernels;
    return c;
}

void pin_release(const struct discovery *d)
{
    struct error err;

    if (topology_set_affinity(&d->launched, &err) < 0)
        diag_say("after a permutation: %s", err.text);
}

void pin_read_back(const struct discovery *d, struct client_attributes *c)
{
    struct cpu_mask m;

    c->cpus[0] = '\0';
    c->numa = -1;
    if (topology_affinity(0, &m, NULL) < 0)
        return;
    cpus_list(&m, c->cpus, sizeof c->cpus);
    c->numa = cpus_numa(&d->kernel.tree, &m);
}
