/* What ranks learn of the CPUs of their kernel, each of them started on one CPU
 * alone: as one node, and as a node each. Run with any number of ranks on one
 * machine; exit status 1 and words when a rank finds something wrong.
 */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/topology.h"
#include "ranks/discover.h"

static int rank, size, failures;

static void expect(const char *what, long got, long want)
{
    if (got == want)
        return;
    failures++;
    fprintf(stderr, "rank %d of %d: %s: %ld instead of %ld\n", rank, size, what,
            got, want);
}

static void give_up(const struct error *err)
{
    fprintf(stderr, "rank %d: %s\n", rank, err->text);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

/* The CPU that rank r of the job was started on: ranks take turns. */
static struct cpu_mask cpu_of(const struct cpu_mask *allowed, int r)
{
    int nth = r % cpus_count(allowed);
    struct cpu_mask m = {{0}};

    for (int c = 0; c < SRB_CPUS_MAX; c++)
        if (cpus_has(allowed, c) && nth-- == 0)
            cpus_add(&m, c);
    return m;
}

static void expect_mask(const char *what, const struct cpu_mask *got,
                        const struct cpu_mask *want)
{
    char a[SRB_CPU_LIST_MAX], b[SRB_CPU_LIST_MAX];

    if (memcmp(got, want, sizeof *got) == 0)
        return;
    failures++;
    fprintf(stderr, "rank %d of %d: %s: '%s' instead of '%s'\n", rank, size,
            what, cpus_list(got, a, sizeof a), cpus_list(want, b, sizeof b));
}

static void check_facts(const struct discovery *d, int nodes, int all)
{
    int cpus_of_node = nodes == 1 ? all : 1;

    expect("CPUs of the node", (long)d->mine.cpus, cpus_of_node);
    expect("CPUs of the host", (long)d->mine.host_cpus, all);
    expect("facts on this rank", d->attributes != NULL, rank == 0);
    for (int n = 0; d->attributes && n < nodes; n++) {
        expect("CPUs of a node", (long)d->attributes[n].cpus, cpus_of_node);
        expect("CPUs of its host", (long)d->attributes[n].host_cpus, all);
    }
}

static void check_cut(int nodes, const struct cpu_mask *allowed)
{
    struct cpu_mask mine = cpu_of(allowed, rank), together = {{0}};
    struct discovery d;
    struct error err;
    struct team t;
    int all;

    for (int r = 0; r < size; r++) {
        struct cpu_mask one = cpu_of(allowed, r);

        cpus_or(&together, &one);
    }
    all = cpus_count(&together);
    if (team_open(&t, nodes, ROLE_AUTO, &err) < 0 ||
        discover(&t, NULL, &d, &err) < 0)
        give_up(&err);
    expect_mask("launched on", &d.launched, &mine);
    expect("nodes of the kernel", d.kernel.nnodes, nodes);
    expect("this one among them", d.kernel.self, nodes == 1 ? 0 : rank);
    for (int n = 0; n < d.kernel.nnodes; n++) {
        struct cpu_mask want = cpu_of(allowed, n);

        expect("node of the kernel", d.kernel.node[n], n);
        expect_mask("CPUs of a node of the kernel", &d.kernel.cpus[n],
                    nodes == 1 ? &together : &want);
    }
    expect("CPUs described", d.kernel.tree.n, all);
    for (int i = 0; i < d.kernel.tree.n; i++)
        expect("described CPU is one of them",
               cpus_has(&together, d.kernel.tree.cpu[i].number), 1);
    check_facts(&d, nodes, all);
    discover_free(&d);
    team_close(&t);
}

int main(int argc, char *argv[])
{
    struct cpu_mask allowed, mine;
    struct error err;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (topology_affinity(0, &allowed, &err) < 0)
        give_up(&err);
    /* a launcher may have bound ranks already */
    MPI_Allreduce(MPI_IN_PLACE, &allowed, (int)sizeof allowed, MPI_BYTE,
                  MPI_BOR, MPI_COMM_WORLD);
    mine = cpu_of(&allowed, rank);
    if (topology_set_affinity(&mine, &err) < 0)
        give_up(&err);
    check_cut(1, &allowed);
    check_cut(size, &allowed);
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    MPI_Finalize();
    return failures ? 1 : 0;
}
