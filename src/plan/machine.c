#include "plan/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* The largest imaginary job: room for any machine there is, and for the arrays
 * of one rank (16 bytes a rank). */
#define MAX_RANKS (64 * 1024 * 1024)

static int alloc_arrays(struct machine *m, struct error *err)
{
    m->rank_node = calloc((size_t)m->nranks, sizeof *m->rank_node);
    m->node_rank = calloc((size_t)m->nranks, sizeof *m->node_rank);
    m->node_start = calloc((size_t)m->nnodes + 1, sizeof *m->node_start);
    m->nodes = calloc((size_t)m->nnodes, sizeof *m->nodes);
    m->rank_turn = calloc((size_t)m->nranks, sizeof *m->rank_turn);
    if (m->rank_turn && m->rank_node && m->node_rank && m->node_start &&
        m->nodes)
        return 0;
    machine_free(m);
    return error_set(err, "not enough memory to describe %d ranks on %d nodes",
                     m->nranks, m->nnodes);
}

/* Counting sort of the ranks by node; ascending within a node. */
static void index_ranks(struct machine *m)
{
    for (int r = 0; r < m->nranks; r++)
        m->node_start[m->rank_node[r] + 1]++;
    for (int n = 0; n < m->nnodes; n++)
        m->node_start[n + 1] += m->node_start[n];
    for (int r = m->nranks - 1; r >= 0; r--) {
        int n = m->rank_node[r];

        /* node_start[n + 1] counts down to its own start, and back up below */
        m->node_rank[--m->node_start[n + 1]] = r;
    }
    for (int n = 0; n < m->nnodes; n++)
        m->node_start[n] = m->node_start[n + 1];
    m->node_start[m->nnodes] = m->nranks;
    machine_spread(m, NULL);
}

struct in_turn {
    int rank, numa, row; /* row: how many of its domain come before it */
};

static int by_domain(const void *a, const void *b)
{
    const struct in_turn *x = a, *y = b;

    if (x->numa != y->numa)
        return x->numa < y->numa ? -1 : 1;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

static int by_row(const void *a, const void *b)
{
    const struct in_turn *x = a, *y = b;

    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    return by_domain(a, b);
}

/* The ranks of one node but its steward; room for all of them. */
static void spread_node(struct machine *m, int node, const int *rank_numa,
                        struct in_turn *room)
{
    int n = machine_node_size(m, node) - 1;

    for (int k = 0; k < n; k++) {
        int rank = machine_node_rank(m, node, k + 1);

        room[k] = (struct in_turn){rank, rank_numa ? rank_numa[rank] : 0, 0};
    }
    qsort(room, (size_t)n, sizeof *room, by_domain);
    for (int k = 1; k < n; k++)
        room[k].row =
            room[k].numa == room[k - 1].numa ? room[k - 1].row + 1 : 0;
    qsort(room, (size_t)n, sizeof *room, by_row);
    for (int k = 0; k < n; k++)
        m->rank_turn[room[k].rank] = k;
    m->rank_turn[machine_node_rank(m, node, 0)] = n;
}

void machine_spread(struct machine *m, const int *rank_numa)
{
    struct in_turn *room;
    int most = 0;

    for (int n = 0; n < m->nnodes; n++)
        most = machine_node_size(m, n) > most ? machine_node_size(m, n) : most;
    room = mem_new((size_t)most + 1, sizeof *room);
    for (int n = 0; n < m->nnodes; n++)
        spread_node(m, n, rank_numa, room);
    free(room);
}

int machine_build(struct machine *m, int nranks, const int *rank_node,
                  int nnodes, const struct node *nodes, struct error *err)
{
    memset(m, 0, sizeof *m);
    m->nranks = nranks;
    m->nnodes = nnodes;
    if (alloc_arrays(m, err) < 0)
        return -1;
    memcpy(m->rank_node, rank_node, (size_t)nranks * sizeof *rank_node);
    memcpy(m->nodes, nodes, (size_t)nnodes * sizeof *nodes);
    for (int n = 0; n < nnodes; n++) {
        if (nodes[n].host >= m->nhosts)
            m->nhosts = nodes[n].host + 1;
        if (nodes[n].clock >= m->nclocks)
            m->nclocks = nodes[n].clock + 1;
    }
    index_ranks(m);
    return 0;
}

static int check_shape(int nnodes, int ranks_per_node, int virtual_nodes,
                       struct error *err)
{
    if (nnodes < 1 || ranks_per_node < 1 || nnodes > MAX_RANKS / ranks_per_node)
        return error_set(err,
                         "machine: %dx%d is beyond what can be planned "
                         "(at most %d ranks)",
                         nnodes, ranks_per_node, MAX_RANKS);
    if (ranks_per_node % virtual_nodes != 0)
        return error_set(err,
                         "virtual_nodes: %d ranks of a node cannot be cut into "
                         "%d equal virtual nodes",
                         ranks_per_node, virtual_nodes);
    return 0;
}

int machine_uniform(struct machine *m, int nnodes, int ranks_per_node,
                    int virtual_nodes, struct error *err)
{
    int ranks;

    memset(m, 0, sizeof *m);
    if (check_shape(nnodes, ranks_per_node, virtual_nodes, err) < 0)
        return -1;
    ranks = ranks_per_node / virtual_nodes;
    m->nranks = nnodes * ranks_per_node;
    m->nnodes = nnodes * virtual_nodes;
    m->nhosts = m->nclocks = nnodes;
    m->imaginary = true;
    if (alloc_arrays(m, err) < 0)
        return -1;
    for (int r = 0; r < m->nranks; r++)
        m->rank_node[r] = r / ranks;
    for (int n = 0; n < m->nnodes; n++) {
        m->nodes[n].host = m->nodes[n].clock = n / virtual_nodes;
        snprintf(m->nodes[n].name, sizeof m->nodes[n].name, MACHINE_NAME,
                 n / virtual_nodes);
        snprintf(m->nodes[n].loopback, sizeof m->nodes[n].loopback,
                 "127.0.0.1");
    }
    index_ranks(m);
    return 0;
}

struct keyed {
    uint64_t key;
    int at;
};

static int by_key(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

int machine_number(const uint64_t *key, int n, int *number)
{
    struct keyed *sorted = mem_new((size_t)n, sizeof *sorted);
    int different = 0;

    for (int i = 0; i < n; i++)
        sorted[i] = (struct keyed){key[i], i};
    qsort(sorted, (size_t)n, sizeof *sorted, by_key);
    /* first where each key appears first, then what number that place has */
    for (int i = 0, first = 0; i < n; i++) {
        if (sorted[i].key != sorted[first].key)
            first = i;
        number[sorted[i].at] = sorted[first].at;
    }
    for (int i = 0; i < n; i++)
        number[i] = number[i] == i ? different++ : number[number[i]];
    free(sorted);
    return different;
}

void machine_free(struct machine *m)
{
    free(m->rank_node);
    free(m->node_start);
    free(m->node_rank);
    free(m->nodes);
    free(m->rank_turn);
    m->rank_turn = m->rank_node = m->node_start = m->node_rank = NULL;
    m->nodes = NULL;
}
