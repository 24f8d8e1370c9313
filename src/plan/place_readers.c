/* Which clients write and which read, and whose tensors (place.h).
 *
 * On a node that has both, readers are the last of its clients. By which all
 * numbers follow from the first client of each node: nothing is kept. */
#include <stdio.h>

#include "base/text.h"
#include "plan/place_parts.h"

/* Client nodes that have writers. */
static int writer_nodes(const struct placement *pl)
{
    return pl->client_nodes - pl->reader_nodes;
}

/* Of the k-th client node, how many readers and writers come before its own. */
static int readers_before(const struct placement *pl, int k)
{
    int both = writer_nodes(pl);

    return k <= both ? k * pl->readers_per_node
                     : both * pl->readers_per_node + pl->client_start[k] -
                           pl->client_start[both];
}

static int writers_before(const struct placement *pl, int k)
{
    return pl->client_start[k] - readers_before(pl, k);
}

/* The last client node before whose own there are at most n such. */
static int node_at(const struct placement *pl, int n,
                   int (*before)(const struct placement *pl, int k))
{
    int low = 0, high = pl->client_nodes - 1;

    while (low < high) {
        int mid = low + (high - low + 1) / 2;

        if (before(pl, mid) <= n)
            low = mid;
        else
            high = mid - 1;
    }
    return low;
}

static int clients_before(const struct placement *pl, int k)
{
    return pl->client_start[k];
}

/* The first reader among the clients of the k-th client node. */
static int first_reader(const struct placement *pl, int k)
{
    return k >= writer_nodes(pl)
               ? pl->client_start[k]
               : pl->client_start[k + 1] - pl->readers_per_node;
}

int place_reader(const struct placement *pl, int client)
{
    int k = node_at(pl, client, clients_before);
    int first = first_reader(pl, k);

    return !pl->exchange || client < first
               ? -1
               : readers_before(pl, k) + client - first;
}

int place_writer(const struct placement *pl, int client)
{
    int k = node_at(pl, client, clients_before);

    return !pl->exchange || client >= first_reader(pl, k)
               ? -1
               : writers_before(pl, k) + client - pl->client_start[k];
}

int place_reader_client(const struct placement *pl, int reader)
{
    int k = node_at(pl, reader, readers_before);

    return first_reader(pl, k) + reader - readers_before(pl, k);
}

int place_writer_client(const struct placement *pl, int writer)
{
    int k = node_at(pl, writer, writers_before);

    return pl->client_start[k] + writer - writers_before(pl, k);
}

/* Those between whom writers and readers are divided: all, or colocated those
 * of a node, the k-th client node. */
static void circle(const struct placement *pl, int k, struct place_range *write,
                   struct place_range *read)
{
    *write = (struct place_range){0, place_writers(pl)};
    *read = (struct place_range){0, pl->nreaders};
    if (pl->experiment != EXPERIMENT_COLOCATED)
        return;
    write->first = writers_before(pl, k);
    write->n = writers_before(pl, k + 1) - write->first;
    read->first = readers_before(pl, k);
    read->n = readers_before(pl, k + 1) - read->first;
}

/* The part that the i-th of n gets of so many. */
static int part(int i, int n, int of)
{
    return (int)((int64_t)i * of / n);
}

struct place_range place_read_by(const struct placement *pl, int reader)
{
    struct place_range write, read;
    int i;

    circle(pl, node_at(pl, reader, readers_before), &write, &read);
    if (pl->fan == FAN_ALL)
        return write;
    i = reader - read.first;
    return (struct place_range){write.first + part(i, read.n, write.n),
                                part(i + 1, read.n, write.n) -
                                    part(i, read.n, write.n)};
}

struct place_range place_readers_of(const struct placement *pl, int writer)
{
    struct place_range write, read;
    int64_t end;

    circle(pl, node_at(pl, writer, writers_before), &write, &read);
    if (pl->fan == FAN_ALL)
        return read;
    end = (int64_t)(writer - write.first + 1) * read.n;
    return (struct place_range){read.first + (int)((end - 1) / write.n), 1};
}

int place_list_client(const struct placement *pl, int writer)
{
    int reader = place_readers_of(pl, writer).first;

    return place_writer_client(pl, place_read_by(pl, reader).first);
}

int64_t place_moves(const struct placement *pl)
{
    int64_t moves = place_writers(pl);

    if (!pl->exchange)
        return 2 * (int64_t)pl->nclients;
    for (int r = 0; r < pl->nreaders; r++)
        moves += place_read_by(pl, r).n;
    return moves;
}

/* ---- the split ---- */

static const char *pattern(const struct placement *pl)
{
    return pl->aggregate ? "aggregate" : "exchange";
}

/* Whether a node (or all of them: node NULL) has writers for its readers. */
static int check_circle(const struct placement *pl, const struct node *node,
                        int writers, int readers, struct error *err)
{
    char where[SRB_NAME_MAX + 16] = "";

    if (node)
        snprintf(where, sizeof where, " on node %s", node->name);
    if (readers == 0)
        return error_set(err,
                         "pattern %s: no client%s reads; give "
                         "readers_per_node of 1 or more%s",
                         pattern(pl), where, node ? "" : ", or reader_nodes");
    if (writers < 1)
        return error_set(err,
                         "pattern %s: of %d client%s%s %d %s to read, "
                         "and none is left to write; give fewer "
                         "readers_per_node, or more clients",
                         pattern(pl), readers + writers,
                         text_plural(readers + writers), where, readers,
                         readers == 1 ? "is" : "are");
    if (pl->fan == FAN_OWN && readers > writers)
        return error_set(err,
                         "pattern %s: %d readers share %d writer%s%s, "
                         "and some would have none (fan: own); give fewer "
                         "readers, or fan: all",
                         pattern(pl), readers, writers, text_plural(writers),
                         where);
    return 0;
}

/* On every node that has writers. */
static int check_node(const struct placement *pl, int k, struct error *err)
{
    const struct node *node = &pl->machine->nodes[pl->client_node[k]];
    int clients = pl->client_start[k + 1] - pl->client_start[k];
    int writers = clients - pl->readers_per_node;

    if (pl->experiment == EXPERIMENT_COLOCATED || writers < 1)
        return check_circle(
            pl, node, writers,
            writers < 1 ? clients - writers : pl->readers_per_node, err);
    return 0;
}

int place_split_readers(struct placement *pl, const struct permutation *p,
                        struct error *err)
{
    if (!pl->exchange || pl->client_nodes == 0)
        return 0;
    pl->fan = (enum fan)p->value[OPT_FAN]->count;
    pl->readers_per_node =
        permutation_auto(p, OPT_READERS_PER_NODE)
            ? pl->reader_nodes == 0
            : (int)permutation_count(p, OPT_READERS_PER_NODE, 0);
    for (int k = 0; k < writer_nodes(pl); k++)
        if (check_node(pl, k, err) < 0)
            return -1;
    pl->nreaders = readers_before(pl, pl->client_nodes);
    return check_circle(pl, NULL, place_writers(pl), pl->nreaders, err);
}
