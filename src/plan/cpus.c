#include "plan/cpus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* ---- masks ---- */

#define WORDS (sizeof((struct cpu_mask){{0}}.word) / sizeof(unsigned long))

void cpus_add(struct cpu_mask *m, int cpu)
{
    m->word[cpu / SRB_CPUS_WORD] |= 1UL << (cpu % SRB_CPUS_WORD);
}

void cpus_remove(struct cpu_mask *m, int cpu)
{
    m->word[cpu / SRB_CPUS_WORD] &= ~(1UL << (cpu % SRB_CPUS_WORD));
}

int cpus_count(const struct cpu_mask *m)
{
    int count = 0;

    for (size_t w = 0; w < WORDS; w++)
        count += __builtin_popcountl(m->word[w]);
    return count;
}

bool cpus_and(struct cpu_mask *m, const struct cpu_mask *other)
{
    unsigned long any = 0;

    for (size_t w = 0; w < WORDS; w++)
        any |= m->word[w] &= other->word[w];
    return any != 0;
}

void cpus_or(struct cpu_mask *m, const struct cpu_mask *other)
{
    for (size_t w = 0; w < WORDS; w++)
        m->word[w] |= other->word[w];
}

/* The first CPU of a mask from `cpu` on, SRB_CPUS_MAX if there is none. */
static int next_in(const struct cpu_mask *m, int cpu)
{
    while (cpu < SRB_CPUS_MAX && !cpus_has(m, cpu))
        cpu++;
    return cpu;
}

char *cpus_list(const struct cpu_mask *m, char *buf, size_t n)
{
    int first = next_in(m, 0);
    size_t used = 0;

    buf[0] = '\0';
    while (first < SRB_CPUS_MAX) {
        char range[32];
        int last = first, next, len;

        while (last + 1 < SRB_CPUS_MAX && cpus_has(m, last + 1))
            last++;
        next = next_in(m, last + 1);
        len = snprintf(range, sizeof range, last > first ? "%s%d-%d" : "%s%d",
                       used ? "," : "", first, last);
        /* unless it is the last, "..." must still fit behind it */
        if (used + (size_t)len + (next < SRB_CPUS_MAX ? sizeof ",..." : 1) >
            n) {
            snprintf(buf + used, n - used, "%s...", used ? "," : "");
            break;
        }
        memcpy(buf + used, range, (size_t)len + 1);
        used += (size_t)len;
        first = next;
    }
    return buf;
}

int cpus_numa(const struct cpu_tree *tree, const struct cpu_mask *m)
{
    int numa = -1, found = 0;

    for (int i = 0; i < tree->n; i++) {
        if (!cpus_has(m, tree->cpu[i].number))
            continue;
        if (found++ && tree->cpu[i].numa != numa)
            return -1;
        numa = tree->cpu[i].numa;
    }
    /* a CPU that the tree does not know is somewhere, too */
    return found == cpus_count(m) ? numa : -1;
}

/* ---- a division under way ---- */

/* How much a CPU is used already; those of a core or domain are counted at the
 * first CPU of it. */
struct use {
    int core, numa; /* index of that first CPU */
    int databases, core_databases;
    int clients, core_clients, numa_clients;
};

struct work {
    const struct cpu_request *r;
    const struct cpu *cpu;
    int n;
    struct use *use; /* [n] */
    bool *mine;      /* [n] CPUs of the database chosen last */
};

static void work_close(struct work *w)
{
    free(w->use);
    free(w->mine);
}

static void work_open(struct work *w, const struct cpu_request *r)
{
    *w = (struct work){.r = r, .cpu = r->tree->cpu, .n = r->tree->n};
    w->use = mem_new((size_t)w->n + 1, sizeof *w->use);
    w->mine = mem_new((size_t)w->n + 1, sizeof *w->mine);
    for (int i = 0; i < w->n; i++) {
        int first = 0;

        w->use[i].core = i > 0 && w->cpu[i - 1].core == w->cpu[i].core
                             ? w->use[i - 1].core
                             : i;
        while (w->cpu[first].numa != w->cpu[i].numa)
            first++;
        w->use[i].numa = first;
    }
}

static bool allowed(const struct work *w, int node, int i)
{
    return cpus_has(&w->r->node[node].allowed, w->cpu[i].number);
}

/* ---- databases ---- */

/* Parts of a machine, from the narrowest, in which CPUs are near each other. */
enum part { CACHE, NUMA, PACKAGE, PARTS };

static int part_of(const struct cpu *c, enum part p)
{
    return p == CACHE ? c->cache : p == NUMA ? c->numa : c->package;
}

/* Whether CPU i counts as room for a database of this node: the first allowed
 * thread of a core without databases or, with `threads`, any CPU without. */
static bool is_room(const struct work *w, int node, int i, bool threads)
{
    const struct use *u = &w->use[i];

    if (!allowed(w, node, i))
        return false;
    if (threads)
        return u->databases == 0;
    if (w->use[u->core].core_databases > 0)
        return false;
    for (int k = u->core; k < i; k++)
        if (allowed(w, node, k))
            return false;
    return true;
}

static bool within(const struct work *w, enum part p, int id, int i)
{
    return p == PARTS || part_of(&w->cpu[i], p) == id;
}

static int room(const struct work *w, int node, enum part p, int id,
                bool threads)
{
    int count = 0;

    for (int i = 0; i < w->n; i++)
        count += within(w, p, id, i) && is_room(w, node, i, threads);
    return count;
}

/* The last of the narrowest parts that have room for the node's database:
 * whole cores anywhere before threads of shared ones. Without one, everything.
 */
static enum part find_part(const struct work *w, int node, int *id)
{
    for (int threads = 0; threads < 2; threads++)
        for (int p = CACHE; p <= PARTS; p++)
            for (int i = w->n - 1; i >= 0; i--) {
                *id = p == PARTS ? 0 : part_of(&w->cpu[i], (enum part)p);
                /* unknown, or looked at with the CPU behind */
                if (*id < 0 ||
                    (i < w->n - 1 && within(w, (enum part)p, *id, i + 1)))
                    continue;
                if (room(w, node, (enum part)p, *id, threads) >= w->r->db_cpus)
                    return (enum part)p;
            }
    *id = 0;
    return PARTS;
}

/* Whether i suits a database better than b, which stands behind it. */
static bool suits_database(const struct work *w, int i, int b)
{
    const struct use *x = &w->use[i], *y = &w->use[b];
    int x_core = w->use[x->core].core_databases;
    int y_core = w->use[y->core].core_databases;

    if (x->databases != y->databases)
        return x->databases < y->databases;
    if (x_core != y_core)
        return x_core < y_core;
    return x->core == y->core; /* the first thread of the last core */
}

/* Choose the CPUs of a node's database into w->mine. */
static void place_database(struct work *w, int node)
{
    int id;
    enum part p = find_part(w, node, &id);

    memset(w->mine, 0, (size_t)w->n * sizeof *w->mine);
    for (int k = 0; k < w->r->db_cpus; k++) {
        int best = -1;

        for (int i = w->n - 1; i >= 0; i--)
            if (!w->mine[i] && allowed(w, node, i) && within(w, p, id, i) &&
                (best < 0 || suits_database(w, i, best)))
                best = i;
        if (best < 0)
            break; /* the node has fewer: refused on that node */
        w->mine[best] = true;
        w->use[best].databases++;
        w->use[w->use[best].core].core_databases++;
    }
}

/* Hand the CPUs in w->mine to the node's shards. */
static void give_shards(const struct work *w, struct cpu_division *out)
{
    int n = w->r->db_cpus;
    int each = n / out->shards, more = n % out->shards;
    bool share = each == 0 || each < w->r->io_threads;
    int shard = 0, left = each + (more > 0);

    for (int i = 0; i < w->n; i++) {
        if (!w->mine[i])
            continue;
        if (share) {
            for (int k = 0; k < out->shards; k++)
                cpus_add(&out->shard[k], w->cpu[i].number);
            continue;
        }
        if (left == 0)
            left = each + (++shard < more);
        cpus_add(&out->shard[shard], w->cpu[i].number);
        left--;
    }
}

/* ---- clients ---- */

/* Whether i suits a client better than b, which stands before it. */
static bool suits_client(const struct work *w, int i, int b)
{
    const struct use *x = &w->use[i], *y = &w->use[b];
    const struct use *xc = &w->use[x->core], *yc = &w->use[y->core];

    if (x->clients != y->clients)
        return x->clients < y->clients;
    if ((xc->core_databases > 0) != (yc->core_databases > 0))
        return yc->core_databases > 0;
    if (xc->core_clients != yc->core_clients)
        return xc->core_clients < yc->core_clients;
    return w->use[x->numa].numa_clients < w->use[y->numa].numa_clients;
}

/* The number of the CPU of a node's next client, or -1. */
static int place_client_cpu(struct work *w, int node)
{
    int best = -1;

    for (int i = 0; i < w->n; i++)
        if (allowed(w, node, i) && w->use[i].databases == 0 &&
            (best < 0 || suits_client(w, i, best)))
            best = i;
    if (best < 0)
        return -1;
    w->use[best].clients++;
    w->use[w->use[best].core].core_clients++;
    w->use[w->use[best].numa].numa_clients++;
    return w->cpu[best].number;
}

/* Pin the node's clients; `cpu` may be NULL for those of another node. */
static int place_clients(struct work *w, int node, int *cpu)
{
    for (int c = 0; c < w->r->node[node].clients; c++) {
        int number = place_client_cpu(w, node);

        if (number < 0)
            return -1;
        if (cpu)
            cpu[c] = number;
    }
    return 0;
}

/* ---- ranks that run nothing ---- */

static void place_idle(const struct work *w, int node, struct cpu_mask *idle)
{
    /* each asks for less than the one before */
    for (int wish = 0; wish < 3; wish++) {
        memset(idle, 0, sizeof *idle);
        for (int i = 0; i < w->n; i++) {
            const struct use *u = &w->use[i];

            if (allowed(w, node, i) && u->databases == 0 &&
                (wish >= 2 || w->use[u->core].core_databases == 0) &&
                (wish >= 1 || u->clients == 0))
                cpus_add(idle, w->cpu[i].number);
        }
        if (cpus_count(idle) > 0)
            return;
    }
}

/* ---- all of it ---- */

static int refuse_database(const struct cpu_request *r, int me,
                           struct error *err)
{
    const struct cpu_mask *m = &r->node[me].allowed;
    char list[SRB_CPU_LIST_MAX];
    int n = cpus_count(m);

    return error_set(err,
                     "db_cpus %d: the job may use %d CPU%s here (%s); give at "
                     "most %d, or start srbench with more",
                     r->db_cpus, n, n == 1 ? "" : "s",
                     cpus_list(m, list, sizeof list), n);
}

static int refuse_pinning(const struct cpu_request *r, int me,
                          struct error *err)
{
    const struct cpu_mask *m = &r->node[me].allowed;
    char list[SRB_CPU_LIST_MAX];

    return error_set(err,
                     "pin_app_cpus true: beside the databases no CPU is left "
                     "for the clients (all that the job may use here: %s); "
                     "give fewer db_cpus, start srbench with more CPUs, or "
                     "give pin_app_cpus false",
                     cpus_list(m, list, sizeof list));
}

static void allocate(struct cpu_division *out, const struct cpu_demand *mine,
                     bool pin)
{
    memset(out, 0, sizeof *out);
    out->shards = mine->shards;
    out->clients = mine->clients;
    out->shard = mem_new((size_t)mine->shards + 1, sizeof *out->shard);
    if (pin)
        out->client = mem_new((size_t)mine->clients + 1, sizeof *out->client);
}

int cpus_divide(const struct cpu_request *r, int me, struct cpu_division *out,
                struct error *err)
{
    const struct cpu_demand *mine = &r->node[me];
    struct work w;
    int rc = 0;

    if (mine->shards > 0 && cpus_count(&mine->allowed) < r->db_cpus)
        return refuse_database(r, me, err);
    allocate(out, mine, r->pin);
    work_open(&w, r);
    for (int k = 0; k < r->nnodes; k++) {
        if (r->node[k].shards == 0)
            continue;
        place_database(&w, k);
        if (k == me)
            give_shards(&w, out);
    }
    for (int i = 0; i < w.n; i++)
        if (w.use[i].databases > 0)
            cpus_add(&out->databases, w.cpu[i].number);
    for (int k = 0; k < r->nnodes && r->pin; k++)
        if (place_clients(&w, k, k == me ? out->client : NULL) < 0 && k == me)
            rc = refuse_pinning(r, me, err);
    place_idle(&w, me, &out->idle);
    work_close(&w);
    if (rc < 0)
        cpus_release(out);
    return rc;
}

void cpus_release(struct cpu_division *d)
{
    free(d->shard);
    free(d->client);
    d->shard = NULL;
    d->client = NULL;
}
