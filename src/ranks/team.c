#include "ranks/team.h"
#include "base/mem.h"
#include "ranks/team_parts.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/signals.h"
#include "base/tick.h"

/* Looks before the first sleep: most short waits are over by then. */
#define EAGER_LOOKS 64
/* Ranks that meet for an instant do not sleep for so long. */
#define SHORT_WAIT_NS INT64_C(20000000)
/* What others are waited for when the grace after a signal is over. Nobody has
 * much left to do then; Slurm kills as long after its own SIGTERM (KillWait,
 * slurm.conf(5)). */
#define LAST_WAIT_SECONDS 30.0
/* How often who spins for long looks after others. */
#define ATTEND_NS INT64_C(10000000)
/* What a rank may be silent for beyond its operations; see team.h. */
#define SLACK_SECONDS 30.0

/* A rank that hangs hears no signal, and all others would wait for it for
 * ever. *since: of the first look after the grace. */
static void lose_patience(int64_t *since)
{
    int signal = (int)signals_state()->cut;

    if (!signal)
        return;
    if (!*since)
        *since = tick_now();
    if (tick_seconds(tick_now() - *since) > LAST_WAIT_SECONDS)
        die("ended by signal %d (%s), and %g s later others have not come to "
            "the end: some rank hangs, and the job is aborted; what was "
            "completed is in the file",
            signal, strsignal(signal), LAST_WAIT_SECONDS);
}

void team_attend(const struct team *t, struct team_vigil *v)
{
    team_look(t);
    lose_patience(&v->after_grace);
    team_miss(t, &v->last);
}

void team_be_patient(struct team *t, double op_timeout)
{
    t->ask_after = op_timeout / 3;
    t->silence = 2 * op_timeout + SLACK_SECONDS;
}

void team_wait(const struct team *t, MPI_Request *request)
{
    int64_t start = tick_now();
    struct team_vigil v = {0};
    int done = 0;

    for (int look = 0;; look++) {
        MPI_Test(request, &done, MPI_STATUS_IGNORE);
        if (done)
            return;
        if (look < EAGER_LOOKS)
            continue;
        team_attend(t, &v);
        team_nap(t, start);
    }
}

/* Whether the request was done before `patience` ns were over. The clock is
 * read, and others are looked after, between many looks: this is for instants.
 */
static bool spin(const struct team *t, MPI_Request *request, int64_t patience)
{
    int64_t start = tick_now(), attended = start;
    struct team_vigil v = {0};
    int done = 0;

    for (unsigned look = 1;; look++) {
        MPI_Test(request, &done, MPI_STATUS_IGNORE);
        if (done)
            return true;
        sched_yield();
        if (look % EAGER_LOOKS != 0 || tick_now() - attended < ATTEND_NS)
            continue;
        attended = tick_now();
        if (attended - start > patience)
            return false;
        team_attend(t, &v);
    }
}

void team_spin(const struct team *t, MPI_Request *request)
{
    spin(t, request, INT64_MAX);
}

void team_start_together(const struct team *t, MPI_Comm comm)
{
    MPI_Request request;

    MPI_Ibarrier(comm, &request);
    team_spin(t, &request);
}

int team_meet(const struct team *t, MPI_Comm comm, int bits)
{
    MPI_Request request;

    MPI_Iallreduce(MPI_IN_PLACE, &bits, 1, MPI_INT, MPI_BOR, comm, &request);
    if (!spin(t, &request, SHORT_WAIT_NS))
        team_wait(t, &request);
    return bits;
}

void team_barrier(const struct team *t, MPI_Comm comm)
{
    MPI_Request request;

    MPI_Ibarrier(comm, &request);
    team_wait(t, &request);
}

void team_bcast(const struct team *t, MPI_Comm comm, void *data, int bytes,
                int root)
{
    MPI_Request request;

    MPI_Ibcast(data, bytes, MPI_BYTE, root, comm, &request);
    team_wait(t, &request);
}

void team_allreduce(const struct team *t, MPI_Comm comm, void *in_out, int n,
                    MPI_Datatype type, MPI_Op op)
{
    MPI_Request request;

    MPI_Iallreduce(MPI_IN_PLACE, in_out, n, type, op, comm, &request);
    team_wait(t, &request);
}

/* Words on who failed; before discovery nodes have no names. */
static int say_who(const struct team *t, int rank, const char *text,
                   const char *more, struct error *err)
{
    const struct machine *m = &t->machine;

    if (!m->nodes)
        return error_set(err, "rank %d%s: %s", rank, more, text);
    return error_set(err, "rank %d on %s%s: %s", rank,
                     m->nodes[m->rank_node[rank]].name, more, text);
}

/* The failing path may be slow: count them and hear the lowest one's words. */
static void hear(struct team *t, MPI_Comm comm, int rc, int lowest,
                 struct error *err)
{
    int count = rc < 0, world_rank = t->rank;
    struct error words;
    char more[48] = "";

    memset(&words, 0, sizeof words);
    if (rc < 0)
        words = *err;
    team_allreduce(t, comm, &count, 1, MPI_INT, MPI_SUM);
    team_bcast(t, comm, &words, (int)sizeof words, lowest);
    team_bcast(t, comm, &world_rank, (int)sizeof world_rank, lowest);
    *err = words;
    if (words.ranks > 0)
        return; /* agreed on before */
    if (count > 1)
        snprintf(more, sizeof more, " (and %d more rank%s)", count - 1,
                 count == 2 ? "" : "s");
    say_who(t, world_rank, words.text, more, err);
    err->rank = world_rank;
    err->ranks = count;
}

/* Signals as numbers that order them by how soon they want the end. */
#define URGENT 256

static int urgency(const struct team *t)
{
    int number = t->signal ? (int)*t->signal : 0;

    return number && number != SIGUSR1 ? number + URGENT : number;
}

int team_agree(struct team *t, MPI_Comm comm, int rc, struct error *err)
{
    int rank;
    int low[2]; /* lowest failing rank; minus the most urgent signal */

    MPI_Comm_rank(comm, &rank);
    low[0] = rc < 0 ? rank : INT_MAX;
    low[1] = -urgency(t);
    team_allreduce(t, comm, low, 2, MPI_INT, MPI_MIN);
    if (comm == t->world)
        t->ended = -low[1] % URGENT;
    if (low[0] == INT_MAX)
        return 0;
    hear(t, comm, rc, low[0], err);
    return -1;
}

/* MPI_Comm_split() keeps all ranks of a communicator spinning until it has
 * heard of each of them, and memory for it on each of them. Here everybody
 * knows the members anyway, so that they alone make their communicator: `ranks`
 * of `of`, in that order. Collective over the members; others do not call it.
 */
static MPI_Comm make_group(MPI_Comm of, const int *ranks, int n, int tag)
{
    MPI_Group all, members;
    MPI_Comm made;

    MPI_Comm_group(of, &all);
    MPI_Group_incl(all, n, ranks, &members);
    MPI_Comm_create_group(of, members, tag, &made);
    MPI_Group_free(&members);
    MPI_Group_free(&all);
    return made;
}

/* Tags of make_group(), which have nothing to do with those of messages by
 * MPI's own word; but Open MPI 4.1 sends messages with them, which a receive of
 * the same tag (TEAM_TAG_NEWS) takes away: all ranks then wait for ever. */
enum {
    NODE_TAG = 100,
    STEWARDS_TAG,
    CLIENTS_TAG,
    DB_TAG,
    CLOCK_TAG,
    HEADS_TAG
};

static int *rank_list(int n)
{
    int *list = mem_new((size_t)n, sizeof *list);

    return list;
}

/* This rank's part of the ranks that share memory. */
static MPI_Comm cut(MPI_Comm shared, int rank, int part)
{
    int *ranks = rank_list(part);
    MPI_Comm node;

    for (int k = 0; k < part; k++)
        ranks[k] = rank / part * part + k;
    node = make_group(shared, ranks, part, NODE_TAG);
    free(ranks);
    return node;
}

/* Ranks that share memory and a role. Each split costs all ranks a round, so
 * that for roles is left out where there are none. */
static MPI_Comm split_shared(struct team *t)
{
    int role = (int)t->role;
    MPI_Comm shared, same;

    MPI_Comm_split_type(t->world, MPI_COMM_TYPE_SHARED, t->rank, MPI_INFO_NULL,
                        &shared);
    team_allreduce(t, t->world, &role, 1, MPI_INT, MPI_MAX);
    if (role == ROLE_AUTO)
        return shared;
    MPI_Comm_split(shared, (int)t->role, t->rank, &same);
    MPI_Comm_free(&shared);
    return same;
}

/* These, cut into equal parts. */
static int split_node(struct team *t, int virtual_nodes, struct error *err)
{
    MPI_Comm shared = split_shared(t);
    int rank, size, rc = 0;

    MPI_Comm_rank(shared, &rank);
    MPI_Comm_size(shared, &size);
    if (size % virtual_nodes != 0)
        rc = error_set(err,
                       "virtual_nodes: the %d ranks of a node cannot be cut "
                       "into %d equal virtual nodes; start a multiple of %d",
                       size, virtual_nodes, virtual_nodes);
    if (team_agree(t, t->world, rc, err) < 0) {
        MPI_Comm_free(&shared);
        return -1;
    }
    if (virtual_nodes == 1) {
        t->node = shared;
        return 0;
    }
    t->node = cut(shared, rank, size / virtual_nodes);
    MPI_Comm_free(&shared);
    return 0;
}

/* The steward of each rank: the lowest rank of its node. */
static void find_stewards(struct team *t)
{
    int *stewards = rank_list(t->size);
    MPI_Request request;
    int first = t->rank, n = 0;

    team_bcast(t, t->node, &first, (int)sizeof first, 0);
    t->steward = rank_list(t->size);
    MPI_Iallgather(&first, 1, MPI_INT, t->steward, 1, MPI_INT, t->world,
                   &request);
    team_wait(t, &request);
    for (int r = 0; r < t->size && first == t->rank; r++)
        if (t->steward[r] == r)
            stewards[n++] = r;
    if (n > 0)
        t->stewards = make_group(t->world, stewards, n, STEWARDS_TAG);
    free(stewards);
}

int team_open(struct team *t, int virtual_nodes, enum role role,
              struct error *err)
{
    MPI_Request request;

    memset(t, 0, sizeof *t);
    t->nap_ns = SRB_NAP_NS;
    t->now = tick_now;
    t->role = role;
    t->node = t->stewards = MPI_COMM_NULL;
    MPI_Comm_idup(MPI_COMM_WORLD, &t->world, &request);
    team_wait(t, &request);
    MPI_Comm_rank(t->world, &t->rank);
    MPI_Comm_size(t->world, &t->size);
    if (split_node(t, virtual_nodes, err) < 0) {
        MPI_Comm_free(&t->world);
        return -1;
    }
    find_stewards(t);
    team_news_open(t);
    return 0;
}

void team_close(struct team *t)
{
    team_news_close(t);
    if (t->stewards != MPI_COMM_NULL)
        MPI_Comm_free(&t->stewards);
    MPI_Comm_free(&t->node);
    MPI_Comm_free(&t->world);
    free(t->steward);
    machine_free(&t->machine);
}

/* Whether all clients read the same clock. */
static bool share_clock(const struct placement *pl)
{
    const struct node *nodes = pl->machine->nodes;

    for (int k = 1; k < pl->client_nodes; k++)
        if (nodes[pl->client_node[k]].clock != nodes[pl->client_node[0]].clock)
            return false;
    return true;
}

static int clock_of(const struct placement *pl, int client)
{
    return pl->machine->nodes[place_client_node(pl, client)].clock;
}

/* The clients that read one clock, ascending. Returns how many. */
static int clock_clients(const struct placement *pl, int clock, int *list)
{
    int found = 0;

    for (int c = 0; c < pl->nclients; c++)
        if (clock_of(pl, c) == clock)
            list[found++] = c;
    return found;
}

/* The lowest client of each clock, ascending. Returns how many. */
static int clock_heads(const struct placement *pl, int *list)
{
    bool *seen = mem_new((size_t)pl->machine->nclocks, sizeof *seen);
    int found = 0;

    for (int c = 0; c < pl->nclients; c++) {
        if (!seen[clock_of(pl, c)])
            list[found++] = c;
        seen[clock_of(pl, c)] = true;
    }
    free(seen);
    return found;
}

/* The clients of each clock, and the lowest of each. */
static void cast_clocks(const struct team *t, const struct placement *pl,
                        struct cast *c)
{
    int client = place_client(pl, t->rank), n, rank;
    int *list;

    c->clock = c->clock_heads = MPI_COMM_NULL;
    if (c->clients == MPI_COMM_NULL || share_clock(pl))
        return;
    list = rank_list(pl->nclients);
    n = clock_clients(pl, clock_of(pl, client), list);
    c->clock = make_group(c->clients, list, n, CLOCK_TAG);
    MPI_Comm_rank(c->clock, &rank);
    if (rank == 0) {
        n = clock_heads(pl, list);
        c->clock_heads = make_group(c->clients, list, n, HEADS_TAG);
    }
    free(list);
}

/* Whether every rank is the client of its own number. */
static bool all_are_clients(const struct placement *pl)
{
    if (pl->nclients != pl->machine->nranks)
        return false;
    for (int c = 0; c < pl->nclients; c++)
        if (place_client_rank(pl, c) != c)
            return false;
    return true;
}

static MPI_Comm cast_clients(const struct team *t, const struct placement *pl)
{
    MPI_Comm clients;
    MPI_Request request;
    int *list;

    if (all_are_clients(pl)) { /* the one way to wait quietly for it */
        MPI_Comm_idup(t->world, &clients, &request);
        team_wait(t, &request);
        return clients;
    }
    if (place_client(pl, t->rank) < 0)
        return MPI_COMM_NULL;
    list = rank_list(pl->nclients);
    for (int c = 0; c < pl->nclients; c++)
        list[c] = place_client_rank(pl, c);
    clients = make_group(t->world, list, pl->nclients, CLIENTS_TAG);
    free(list);
    return clients;
}

static MPI_Comm cast_stewards(const struct team *t, const struct placement *pl)
{
    int n = place_stewards(pl);
    MPI_Comm stewards;
    int *list;

    if (place_steward_shard(pl, t->rank) < 0)
        return MPI_COMM_NULL;
    list = rank_list(n);
    for (int k = 0; k < n; k++)
        list[k] = place_shard_steward(pl, k * place_steward_shards(pl));
    stewards = make_group(t->world, list, n, DB_TAG);
    free(list);
    return stewards;
}

/* What serving ranks and their clients say has a communicator of its own. */
static MPI_Comm cast_serving(struct team *t, const struct placement *pl)
{
    MPI_Comm comm;

    if (!pl->ranks_serve)
        return MPI_COMM_NULL;
    MPI_Comm_dup(t->world, &comm);
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    return comm;
}

void team_cast(struct team *t, const struct placement *pl, struct cast *c)
{
    int node = t->machine.rank_node[t->rank];

    c->clients = cast_clients(t, pl);
    cast_clocks(t, pl, c);
    c->db_stewards = cast_stewards(t, pl);
    c->serving = cast_serving(t, pl);
    /* a node without clients is a database's alone, or idle */
    t->nap_ns =
        place_node_clients(pl, node) > 0 ? SRB_NAP_NS : SRB_NAP_DB_NODE_NS;
}

void team_uncast(struct cast *c)
{
    if (c->clock_heads != MPI_COMM_NULL)
        MPI_Comm_free(&c->clock_heads);
    if (c->clock != MPI_COMM_NULL)
        MPI_Comm_free(&c->clock);
    if (c->clients != MPI_COMM_NULL)
        MPI_Comm_free(&c->clients);
    if (c->db_stewards != MPI_COMM_NULL)
        MPI_Comm_free(&c->db_stewards);
    if (c->serving != MPI_COMM_NULL)
        MPI_Comm_free(&c->serving);
    c->clients = c->db_stewards = c->serving = MPI_COMM_NULL;
    c->clock = c->clock_heads = MPI_COMM_NULL;
}

#define GATHER_BLOCK_BYTES ((size_t)16 * 1024 * 1024)

static int gather_block(const struct gather *g)
{
    size_t fit = GATHER_BLOCK_BYTES / g->row_bytes;
    int block = fit < 1 ? 1 : fit > 4096 ? 4096 : (int)fit;

    return block < g->senders ? block : g->senders;
}

/* Rank 0: there is room for a row of n senders. Those of the first block know,
 * and rank 0 need not tell itself. */
static void let_go(const struct team *t, const struct gather *g, int first,
                   int n)
{
    for (int k = first; k < first + n && first > 0; k++) {
        int rank = g->sender(g->ctx, k);
        MPI_Request request;

        if (rank == 0)
            continue;
        MPI_Isend(NULL, 0, MPI_BYTE, rank, TEAM_TAG_GO, t->world, &request);
        team_wait(t, &request);
    }
}

/* Thousands of rows that nobody waits for yet would be searched for each that
 * is: only those of a block are under way. */
static void await_go(const struct team *t, const struct gather *g)
{
    MPI_Request request;

    if (t->rank == 0 || g->self < gather_block(g))
        return;
    MPI_Irecv(NULL, 0, MPI_BYTE, 0, TEAM_TAG_GO, t->world, &request);
    team_wait(t, &request);
}

/* Rank 0's part: one block of rows after the other. */
static int gather_blocks(const struct team *t, const struct gather *g,
                         struct error *err)
{
    int block = gather_block(g), rc = 0;
    MPI_Request *requests;
    char *rows;

    rows = mem_new((size_t)block * g->row_bytes, 1);
    requests = mem_new((size_t)block, sizeof *requests);
    for (int first = 0; first < g->senders; first += block) {
        int n = g->senders - first < block ? g->senders - first : block;

        for (int k = 0; k < n; k++)
            MPI_Irecv(rows + (size_t)k * g->row_bytes, (int)(g->row_bytes / 8),
                      MPI_INT64_T, g->sender(g->ctx, first + k), TEAM_TAG_ROWS,
                      t->world, &requests[k]);
        let_go(t, g, first, n);
        for (int k = 0; k < n; k++)
            team_wait(t, &requests[k]);
        if (rc == 0)
            rc = g->take(g->arg, first, n, rows, err);
    }
    free(rows);
    free(requests);
    return rc;
}

int team_gather(const struct team *t, const struct gather *g, const void *mine,
                struct error *err)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc = 0;

    if (mine)
        await_go(t, g);
    /* synchronous: a row leaves only when rank 0 has room for it */
    if (mine)
        MPI_Issend(mine, (int)(g->row_bytes / 8), MPI_INT64_T, 0, TEAM_TAG_ROWS,
                   t->world, &request);
    if (t->rank == 0)
        rc = gather_blocks(t, g, err);
    if (mine)
        team_wait(t, &request);
    return rc;
}
