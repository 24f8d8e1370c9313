#include "ranks/discover.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/line.h"
#include "base/mem.h"
#include "base/procstat.h"
#include "base/text.h"
#include "node/topology.h"
#include "wlm/wlm.h"

/* What stewards tell each other, beside the name and address of the node. */
struct calling_card {
    struct node node;
    uint64_t kernel_key, host_key, clock_key;
    struct cpu_mask cpus;
    int first_rank;
};

/* FNV-1a (Fowler, Noll, Vo). */
static uint64_t hash_bytes(uint64_t hash, const void *data, size_t n)
{
    const unsigned char *p = data;

    for (size_t i = 0; i < n; i++)
        hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* A kernel by the random number that it drew at its start. */
static uint64_t kernel_key(void)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    struct utsname u;
    char boot[64];

    if (!line_first("/proc/sys/kernel/random/boot_id", boot, sizeof boot) &&
        uname(&u) == 0)
        hash = hash_bytes(hash, u.nodename, strlen(u.nodename));
    return hash_bytes(hash, boot, strlen(boot));
}

/* This kernel and one of our namespaces in it; a kernel that does not know the
 * namespace has only one. A host is one kernel and one network namespace: ports
 * are numbered there. A clock is one kernel and one time namespace
 * (time_namespaces(7): each has an offset of its own to CLOCK_MONOTONIC). */
static uint64_t namespace_key(const char *path)
{
    uint64_t hash = kernel_key();
    struct stat ns;

    if (stat(path, &ns) == 0)
        hash = hash_bytes(hash, &ns.st_ino, sizeof ns.st_ino);
    return hash;
}

/* A node's steward speaks for its clock, so that its ranks must have the same
 * one. */
static int check_clock(const struct team *t, uint64_t key, struct error *err)
{
    uint64_t least[2] = {key, ~key};

    team_allreduce(t, t->node, least, 2, MPI_UINT64_T, MPI_MIN);
    if (least[0] == ~least[1])
        return 0;
    return error_set(err,
                     "the ranks of this node have different clocks (time "
                     "namespaces); start all ranks of a node in the same one");
}

/* MPI's word on who shares memory is that of the process manager, which may be
 * wrong: Slurm 22.05's pmi2 is, of components of a heterogeneous job whose
 * nodes do not come in the order of their names. */
static int check_name(const struct team *t, struct error *err)
{
    char mine[SRB_FACT_MAX] = "", steward[SRB_FACT_MAX];

    wlm_node_name(mine, sizeof mine);
    memcpy(steward, mine, sizeof steward);
    team_bcast(t, t->node, steward, (int)sizeof steward, 0);
    if (strcmp(mine, steward) == 0)
        return 0;
    return error_set(err,
                     "MPI takes this rank for one of node '%s', the batch "
                     "system says '%s': the process manager does not know who "
                     "is where; start the job with another one (srun "
                     "--mpi=pmix) or on other nodes",
                     steward, mine);
}

/* Loopback, and the interface that was chosen for this node. */
static void take_interface(struct node_attributes *f,
                           const struct netif_card *card,
                           const struct netif_pick *pick)
{
    const struct netif *i;

    f->speed = f->device_numa = -1;
    netif_loopback(card, f->loopback);
    if (pick->entry < 0)
        return; /* none to choose is a matter of the placement */
    i = &card->list[pick->entry];
    snprintf(f->interface, sizeof f->interface, "%s", i->name);
    snprintf(f->driver, sizeof f->driver, "%s", i->driver);
    f->speed = i->speed;
    f->device_numa = i->numa;
    netif_print(&i->address[pick->family], f->address);
}

/* Rank 0 sees the cards of all stewards, gives each its pick and keeps the
 * words. */
static int pick_interface(struct team *t, const char *want,
                          const struct netif_card *mine,
                          struct netif_pick *pick, char *words,
                          struct error *err)
{
    struct netif_card *cards = NULL;
    struct netif_pick *picks = NULL;
    MPI_Request request;
    int n, rc = 0;

    MPI_Comm_size(t->stewards, &n);
    if (t->rank == 0) {
        cards = mem_new((size_t)n, sizeof *cards);
        picks = mem_new((size_t)n, sizeof *picks);
    }
    MPI_Igather(mine, (int)sizeof *mine, MPI_BYTE, cards, (int)sizeof *mine,
                MPI_BYTE, 0, t->stewards, &request);
    team_wait(t, &request);
    if (t->rank == 0)
        rc = netif_choose(cards, n, want, picks, words, err);
    if (rc < 0)
        err->ranks = t->size; /* it speaks of all nodes, not of this rank */
    MPI_Iscatter(picks, (int)sizeof *pick, MPI_BYTE, pick, (int)sizeof *pick,
                 MPI_BYTE, 0, t->stewards, &request);
    team_wait(t, &request);
    free(cards);
    free(picks);
    return rc;
}

/* Stewards speak for their nodes: all of a node's ranks are on one host. */
static void list_interfaces(const struct netif_card *card,
                            char text[SRB_INTERFACES_MAX])
{
    text[0] = '\0';
    for (int k = 0; k < card->n; k++) {
        const struct netif *i = &card->list[k];
        char v4[SRB_ADDRESS_MAX], v6[SRB_ADDRESS_MAX];

        netif_print(&i->address[NETIF_IPV4], v4);
        netif_print(&i->address[NETIF_IPV6], v6);
        text_join(text, SRB_INTERFACES_MAX, ", ", "%s%s%s%s%s", i->name,
                  v4[0] ? " " : "", v4, v6[0] ? " " : "", v6);
    }
}

static int find_interface(struct team *t, const char *want, uint64_t host,
                          struct node_attributes *f, char *words,
                          struct error *err)
{
    struct netif_card card = {.host = host};
    struct netif_pick pick = {-1, 0};
    int rc;

    if (t->stewards == MPI_COMM_NULL)
        return 0;
    memcpy(card.node, f->name, sizeof card.node);
    rc = netif_list(&card, want, err);
    if (team_agree(t, t->stewards, rc, err) < 0)
        return -1;
    list_interfaces(&card, f->interfaces);
    rc = pick_interface(t, want, &card, &pick, words, err);
    take_interface(f, &card, &pick);
    return rc;
}

/* The CPUs that this rank was started on, and those that the ranks of its node
 * may use together. Returns whether control groups gave more than the masks. */
static bool find_cpus(const struct team *t, struct cpu_mask *launched,
                      struct cpu_mask *node)
{
    struct cpu_mask bound;
    struct binding binding;
    struct error err;

    if (topology_affinity(0, launched, &err) < 0)
        die("%s", err.text);
    *node = bound = *launched;
    node_info_binding(&binding);
    node_info_widen("", &binding, node);
    team_allreduce(t, t->node, node, (int)sizeof *node, MPI_BYTE, MPI_BOR);
    team_allreduce(t, t->node, &bound, (int)sizeof bound, MPI_BYTE, MPI_BOR);
    return cpus_count(node) > cpus_count(&bound);
}

static void local_attributes(struct node_attributes *f, struct team *t)
{
    struct utsname u;
    struct rlimit files;
    char text[64];

    wlm_node_name(f->name, sizeof f->name);
    if (f->name[0] == '\0' && gethostname(f->name, sizeof f->name) != 0)
        snprintf(f->name, sizeof f->name, "rank%d", t->rank);
    f->name[sizeof f->name - 1] = '\0';
    text_clean(f->name);
    if (uname(&u) == 0)
        snprintf(f->kernel, sizeof f->kernel, "%.20s %.90s", u.sysname,
                 u.release);
    /* x86 says "model name"; Arm says nothing there, so the machine's name */
    if (!line_named("/proc/cpuinfo", "model name", f->cpu_model,
                    sizeof f->cpu_model))
        snprintf(f->cpu_model, sizeof f->cpu_model, "%.64s", u.machine);
    if (line_named("/proc/meminfo", "MemTotal", text, sizeof text))
        f->memory = strtoll(text, NULL, 10) * 1024;
    f->somaxconn = line_first("/proc/sys/net/core/somaxconn", text, sizeof text)
                       ? strtoll(text, NULL, 10)
                       : -1;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        f->nofile = (int64_t)files.rlim_max;
}

/* Number hosts and clocks in the order in which they appear among the nodes. */
static void number_nodes(struct calling_card *cards, int n)
{
    uint64_t *key = mem_new((size_t)n, sizeof *key);
    int *number = mem_new((size_t)n, sizeof *number);

    for (int i = 0; i < n; i++)
        key[i] = cards[i].host_key;
    machine_number(key, n, number);
    for (int i = 0; i < n; i++) {
        cards[i].node.host = number[i];
        key[i] = cards[i].clock_key;
    }
    machine_number(key, n, number);
    for (int i = 0; i < n; i++)
        cards[i].node.clock = number[i];
    free(key);
    free(number);
}

/* Keep what the nodes of this kernel say of their CPUs. */
static void find_kernel(struct kernel *k, const struct calling_card *cards,
                        int n, int self)
{
    int nodes = 1;

    for (int i = 0; i < n; i++)
        nodes += i != self && cards[i].kernel_key == cards[self].kernel_key;
    k->node = mem_new((size_t)nodes, sizeof *k->node);
    k->cpus = mem_new((size_t)nodes, sizeof *k->cpus);
    for (int i = 0; i < n; i++) {
        if (cards[i].kernel_key != cards[self].kernel_key)
            continue;
        if (i == self)
            k->self = k->nnodes;
        k->node[k->nnodes] = i;
        k->cpus[k->nnodes++] = cards[i].cpus;
    }
}

/* From the first steward of a kernel to its others. Nodes are numbered as their
 * stewards are ranked. */
static void share_in_kernel(const struct team *t, const struct kernel *k,
                            void *data, int bytes)
{
    MPI_Request request;

    if (k->self > 0) {
        MPI_Irecv(data, bytes, MPI_BYTE, k->node[0], 0, t->stewards, &request);
        team_wait(t, &request);
        return;
    }
    for (int i = 1; i < k->nnodes; i++) {
        MPI_Isend(data, bytes, MPI_BYTE, k->node[i], 0, t->stewards, &request);
        team_wait(t, &request);
    }
}

/* How the CPUs of this kernel are built. One rank looks for all: many at once
 * would wait for each other in the kernel, and where some see less than others
 * (in containers) they would not come to the same division. */
static void describe_cpus(const struct team *t, struct discovery *d)
{
    struct kernel *k = &d->kernel;
    struct cpu_mask all = {{0}};
    bool steward = t->stewards != MPI_COMM_NULL;
    int bytes;

    for (int i = 0; i < k->nnodes; i++)
        cpus_or(&all, &k->cpus[i]);
    d->mine.host_cpus = k->tree.n = cpus_count(&all);
    bytes = k->tree.n * (int)sizeof *k->tree.cpu;
    if (steward && k->self == 0)
        topology_load(&k->tree, &all, NULL);
    else
        k->tree.cpu = mem_new((size_t)bytes, 1);
    if (steward)
        share_in_kernel(t, k, k->tree.cpu, bytes);
    team_bcast(t, t->node, k->tree.cpu, bytes, 0);
}

/* The node of a steward, by bisection: cards are in the order of their ranks.
 */
static int find_node(const struct calling_card *cards, int n, int steward)
{
    int low = 0, high = n - 1;

    while (low < high) {
        int mid = low + (high - low) / 2;

        if (cards[mid].first_rank < steward)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Stewards exchange cards; then every node's ranks learn all of them. */
static int exchange(struct team *t, struct calling_card *mine,
                    struct kernel *kernel, struct error *err)
{
    int nnodes = 0, node_rank, rc;
    struct calling_card *cards;
    MPI_Request request;
    struct node *nodes;
    int *rank_node;

    MPI_Comm_rank(t->node, &node_rank);
    if (node_rank == 0)
        MPI_Comm_size(t->stewards, &nnodes);
    team_bcast(t, t->node, &nnodes, (int)sizeof nnodes, 0);
    mine->first_rank = t->steward[t->rank];
    cards = mem_new((size_t)nnodes, sizeof *cards);
    nodes = mem_new((size_t)nnodes, sizeof *nodes);
    rank_node = mem_new((size_t)t->size, sizeof *rank_node);
    if (node_rank == 0) {
        MPI_Iallgather(mine, (int)sizeof *mine, MPI_BYTE, cards,
                       (int)sizeof *mine, MPI_BYTE, t->stewards, &request);
        team_wait(t, &request);
    }
    team_bcast(t, t->node, cards, nnodes * (int)sizeof *cards, 0);
    number_nodes(cards, nnodes);
    for (int r = 0; r < t->size; r++)
        rank_node[r] = find_node(cards, nnodes, t->steward[r]);
    for (int n = 0; n < nnodes; n++)
        nodes[n] = cards[n].node;
    find_kernel(kernel, cards, nnodes, rank_node[t->rank]);
    rc = machine_build(&t->machine, t->size, rank_node, nnodes, nodes, err);
    free(cards);
    free(nodes);
    free(rank_node);
    return rc;
}

/* Clients come from all NUMA domains that ranks were started in. Where there is
 * one, as far as ranks tell, nothing is exchanged. */
static void spread_clients(struct team *t, const struct discovery *d)
{
    int mine = cpus_numa(&d->kernel.tree, &d->launched);
    int ends[2] = {mine, -mine}, *numa;
    MPI_Request request;

    team_allreduce(t, t->world, ends, 2, MPI_INT, MPI_MAX);
    if (ends[0] == -ends[1])
        return;
    numa = mem_new((size_t)t->size, sizeof *numa);
    MPI_Iallgather(&mine, 1, MPI_INT, numa, 1, MPI_INT, t->world, &request);
    team_wait(t, &request);
    machine_spread(&t->machine, numa);
    free(numa);
}

static void gather_attributes(struct team *t, struct discovery *d)
{
    int bytes = (int)sizeof d->mine;
    MPI_Request request;

    if (t->stewards == MPI_COMM_NULL)
        return;
    if (t->rank == 0)
        d->attributes =
            mem_new((size_t)t->machine.nnodes, sizeof *d->attributes);
    MPI_Igather(&d->mine, bytes, MPI_BYTE, d->attributes, bytes, MPI_BYTE, 0,
                t->stewards, &request);
    team_wait(t, &request);
}

/* A node by its host and its name. */
static uint64_t node_key(const struct node *n)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    hash = hash_bytes(hash, &n->host, sizeof n->host);
    return hash_bytes(hash, n->name, strlen(n->name));
}

/* Nodes of one host that go by one name need names of their own: "host/0",
 * "host/1". A batch system may have given them some already. */
static void name_virtual(struct team *t)
{
    struct machine *m = &t->machine;
    uint64_t *key = mem_new((size_t)m->nnodes, sizeof *key);
    int *group = mem_new((size_t)m->nnodes, sizeof *group);
    int *size = mem_new((size_t)m->nnodes, sizeof *size);
    int *seen = mem_new((size_t)m->nnodes, sizeof *seen);

    for (int n = 0; n < m->nnodes; n++)
        key[n] = node_key(&m->nodes[n]);
    machine_number(key, m->nnodes, group);
    for (int n = 0; n < m->nnodes; n++)
        size[group[n]]++;
    for (int n = 0; n < m->nnodes; n++) {
        struct node *node = &m->nodes[n];
        size_t used = strnlen(node->name, sizeof node->name - 12);

        if (size[group[n]] > 1)
            snprintf(node->name + used, sizeof node->name - used, "/%d",
                     seen[group[n]]++);
    }
    free(key);
    free(group);
    free(size);
    free(seen);
}

/* What this rank sees of its node by itself, and together with the others
 * there.
 */
static void look_around(struct team *t, struct discovery *d,
                        struct calling_card *card)
{
    local_attributes(&d->mine, t);
    d->mine.memory_cost = (struct memory_cost){NAN, NAN};
    d->mine.cpus_by_group = find_cpus(t, &d->launched, &card->cpus);
    if (t->stewards != MPI_COMM_NULL)
        node_info_read("", &d->mine.more);
    d->mine.cpus = cpus_count(&card->cpus);
    card->kernel_key = kernel_key();
    card->host_key = namespace_key("/proc/self/ns/net");
    card->clock_key = namespace_key("/proc/self/ns/time");
}

static void write_card(struct calling_card *card, const struct discovery *d,
                       enum role role)
{
    const struct node_attributes *mine = &d->mine;

    memcpy(card->node.name, mine->name, sizeof card->node.name);
    memcpy(card->node.address, mine->address, sizeof card->node.address);
    memcpy(card->node.loopback, mine->loopback, sizeof card->node.loopback);
    memcpy(card->node.interface, mine->interface, sizeof card->node.interface);
    card->node.barred = role == ROLE_DB       ? NODE_CLIENTS
                        : role == ROLE_CLIENT ? NODE_DATABASES
                                              : 0;
}

int discover(struct team *t, const char *net_ifname, struct discovery *d,
             struct error *err)
{
    char network[SRB_NETWORK_MAX] = "";
    struct calling_card card;
    int rc;

    memset(d, 0, sizeof *d);
    memset(&card, 0, sizeof card);
    look_around(t, d, &card);
    rc = check_name(t, err);
    if (team_agree(t, t->world, rc, err) < 0)
        return -1;
    rc = check_clock(t, card.clock_key, err);
    if (team_agree(t, t->world, rc, err) < 0)
        return -1;
    rc = find_interface(t, net_ifname, card.host_key, &d->mine, network, err);
    if (team_agree(t, t->world, rc, err) < 0)
        return -1;
    write_card(&card, d, t->role);
    rc = exchange(t, &card, &d->kernel, err);
    if (team_agree(t, t->world, rc, err) < 0)
        return -1;
    team_bcast(t, t->world, network, (int)sizeof network, 0);
    memcpy(t->machine.network, network, sizeof network);
    describe_cpus(t, d);
    spread_clients(t, d);
    name_virtual(t);
    memcpy(d->mine.name, t->machine.nodes[t->machine.rank_node[t->rank]].name,
           sizeof d->mine.name);
    gather_attributes(t, d);
    if (d->mine.cpus_by_group)
        diag_detail("%s: ranks are bound to fewer CPUs than the job has there; "
                    "its databases get theirs from all %lld of its control "
                    "group",
                    d->mine.name, (long long)d->mine.cpus);
    return 0;
}

void discover_memory(const struct team *t, struct discovery *d)
{
    int n = t->machine.nnodes, here = t->machine.rank_node[t->rank];
    struct memory_cost *cost = mem_new((size_t)n, sizeof *cost);
    bool first = t->stewards != MPI_COMM_NULL && d->kernel.self == 0;

    /* the others of its kernel have 0, which is less */
    if (first) {
        struct memory_cost mine = memory_cost_measure();

        /* its buffers are no client's peak */
        procstat_reset_peak(getpid());
        for (int k = 0; k < d->kernel.nnodes; k++)
            cost[d->kernel.node[k]] = mine;
    }
    team_allreduce(t, t->world, cost, n * (int)(sizeof *cost / sizeof(double)),
                   MPI_DOUBLE, MPI_MAX);
    d->mine.memory_cost = cost[here];
    for (int k = 0; k < n && d->attributes; k++)
        d->attributes[k].memory_cost = cost[k];
    free(cost);
}

void discover_free(struct discovery *d)
{
    free(d->attributes);
    free(d->kernel.node);
    free(d->kernel.cpus);
    free(d->kernel.tree.cpu);
    memset(d, 0, sizeof *d);
}

static const char *launch_rank(void)
{
    static const char *const names[] = {"PMI_RANK", "PMIX_RANK",
                                        "OMPI_COMM_WORLD_RANK", "SLURM_PROCID"};
    const char *text = NULL;

    for (size_t i = 0; i < sizeof names / sizeof names[0] && !text; i++)
        text = getenv(names[i]);
    return text;
}

int discover_launch_rank(void)
{
    const char *text = launch_rank();

    return text ? (int)strtol(text, NULL, 10) : 0;
}

bool discover_launched(void)
{
    return launch_rank() != NULL;
}

bool discover_launched_together(void)
{
    const char *size = getenv("PMI_SIZE");

    return getenv("PMI_RANK") && size && strtol(size, NULL, 10) > 1 &&
           (getenv("PMI_FD") || getenv("PMI_PORT"));
}

int discover_hydra(void)
{
    /* srun has PMI_FD too, but not the number of a node's ranks by that name */
    const char *fd = getenv("MPI_LOCALNRANKS") ? getenv("PMI_FD") : NULL;

    return fd ? (int)strtol(fd, NULL, 10) : -1;
}
