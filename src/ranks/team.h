/* team.h - the ranks of the job and how they agree.
 *
 * The only creator of communicators. Whoever only waits does so quietly: a rank
 * blocked in MPI spins on the very CPUs the database needs, so every wait here
 * is a nonblocking operation, MPI_Test and a sleep that grows with the time
 * already waited (a 32nd of it, at most `nap_ns`): short waits end promptly,
 * long ones cost nothing.
 */
#ifndef SRB_TEAM_H
#define SRB_TEAM_H

#include <mpi.h>
#include <signal.h>
#include <stdint.h>

#include "plan/machine.h"
#include "plan/place.h"

/* What a rank may do without looking at its news when it has said that it will
 * be long (team_busy()), s: rank 0 writes to a disk that others use as well. */
#define TEAM_SLOW_SECONDS 600.0

/* Longest sleep between two looks: where clients run, and on nodes that run
 * only a database. */
#define SRB_NAP_NS INT64_C(1000000)
#define SRB_NAP_DB_NODE_NS INT64_C(10000000)

/* Tags of what travels on team.world from rank to rank; one place, since two
 * that are the same would take each other's messages. */
enum { TEAM_TAG_ROWS = 1, TEAM_TAG_GO, TEAM_TAG_NEWS };

struct team {
    MPI_Comm world;
    int rank, size;
    enum role role;    /* of this rank's part of the job */
    MPI_Comm node;     /* the ranks of this rank's (virtual) node */
    MPI_Comm stewards; /* the stewards of all nodes; MPI_COMM_NULL elsewhere */
    int *steward;      /* [size] of the node of each rank: its lowest rank */
    struct machine machine;
    int64_t nap_ns;
    /* The signal that asked this rank to end, 0 if none. Agreements make it
     * everybody's: see `ended`. */
    const volatile sig_atomic_t *signal;
    /* the signal of any rank at the last agreement, or 0; one that leaves the
     * running permutation its time (SIGUSR1) yields to the others */
    int ended;
    /* Seconds: who waits longer than `ask_after` asks its neighbours whether
     * they are there, and ends the job when one has not answered for `silence`
     * (see team_be_patient()); 0: everybody is waited for without limit. */
    double ask_after, silence;
    int64_t (*now)(void); /* by which it is silent; tick_now() */
    struct news *news;
};

/* The communicators of one placement; MPI_COMM_NULL where this rank is none.
 * Ranked by client, and by first shard. */
struct cast {
    MPI_Comm clients;
    MPI_Comm db_stewards;
    MPI_Comm serving; /* all ranks, where some serve (place_server()); errors of
                         MPI are returned there. MPI_COMM_NULL: none do */
    MPI_Comm clock;   /* the clients that read this client's clock */
    MPI_Comm clock_heads; /* the lowest of each clock; both are MPI_COMM_NULL
                             where all clients read the same one */
};

/* Divide MPI_COMM_WORLD into nodes: ranks that share memory and have the same
 * role, each such group cut into virtual_nodes equal parts, consecutive by
 * rank. role: this rank's own, see options_find_role(). Leaves t->machine
 * empty; discover() fills it. Collective over MPI_COMM_WORLD; all ranks fail
 * alike. */
int team_open(struct team *t, int virtual_nodes, enum role role,
              struct error *err);

/* Collective over the world. */
void team_close(struct team *t);

/* The groups of a placement. Only the members of a group are busy with it, and
 * it costs them O(its size) memory. Collective over the world. */
void team_cast(struct team *t, const struct placement *pl, struct cast *c);
void team_uncast(struct cast *c);

/* Wait for a request without burning the CPU. Local, but completes only when
 * the others do their part. Dies when they have not half a minute after the
 * grace of a signal, or when one of them has stopped dead: then it says which,
 * and all others end with this rank. */
void team_wait(const struct team *t, MPI_Request *request);

/* A look of a wait of one's own, which polls: news, the grace after a signal,
 * and whether the neighbours are there. Dies as team_wait() does. v is zeros at
 * first. Local. */
struct team_vigil {
    int64_t after_grace; /* tick of the first look after it */
    int64_t last;        /* tick of the last look */
};
void team_attend(const struct team *t, struct team_vigil *v);

/* How long a rank may be silent, when op_timeout (s) is what its longest step
 * takes: twice that, since an iteration has two operations and looks between
 * iterations, and 30 s for all that is no operation (a server that is slow to
 * stop, a node that swaps, 64 ranks on two cores). Ranks are asked after a
 * third of op_timeout, so that a wait for a dead one ends after 2.33 op_timeout
 * and half a minute. Local, the same on all ranks. */
void team_be_patient(struct team *t, double op_timeout);

/* From now on this rank may be silent for so many seconds more than others, 0:
 * no more. Before and after what takes long without a look. It begins with
 * TEAM_SLOW_SECONDS, for discovery and checks. Local; sends a note to each of
 * at most three neighbours. */
void team_busy(const struct team *t, double seconds);

/* Hear what the neighbours have to say: that another rank was told to end
 * (signals.h), which is passed on, or that they ask whether this rank is there,
 * which is answered. The quiet waits do so; who waits or loops by itself for
 * long does it now and then. Local, some 200 ns. */
void team_look(const struct team *t);

/* A work of all begins, in which they do not meet: who fails in it tells the
 * others, which hear of it when they look (team_look(), as often as they do);
 * who has failed agrees with them afterwards. The first is called by all ranks
 * as often, and like the others it is local. */
void team_begin_work(const struct team *t);
void team_fail_work(const struct team *t);
bool team_work_failed(const struct team *t);

/* Everybody in comm says how its local work went (rc 0 or -1, words in *err)
 * and learns how all went: returns 0 when all succeeded, else -1 with the
 * lowest failing rank's words, that rank and the number of failed ranks in
 * *err. What had been agreed on before among some of them stays as it was said
 * then. Collective over comm, waits quietly. */
int team_agree(struct team *t, MPI_Comm comm, int rc, struct error *err);

/* Bring one row of row_bytes (a multiple of 8) from each of `senders` ranks to
 * world rank 0, in blocks of bounded memory: sender(ctx, k) is the world rank
 * of the k-th. `mine` is this rank's row and `self` its number, or NULL where
 * it sends none. Rows beyond the first block leave when rank 0 asks for them.
 * On rank 0 take(arg, first, n, rows) gets the rows of senders first … first +
 * n, in order; after it failed once it is called no more, but all rows are
 * still received. Returns what the first failing take() returned, 0 elsewhere.
 * Called by the senders and rank 0. */
struct gather {
    int senders, self;
    int (*sender)(const void *ctx, int k);
    const void *ctx;
    size_t row_bytes;
    int (*take)(void *arg, int first, int n, const void *rows,
                struct error *err);
    void *arg;
};
int team_gather(const struct team *t, const struct gather *g, const void *mine,
                struct error *err);

/* Wait for a request and go on at once: never sleeps, but lets others run,
 * which is what makes it fast where there are more ranks than cores (a blocked
 * MPI_Wait() there spins a whole time slice away). Local; dies as team_wait()
 * does. */
void team_spin(const struct team *t, MPI_Request *request);

/* A barrier that is left at once, by team_spin(). Collective over comm. */
void team_start_together(const struct team *t, MPI_Comm comm);

/* A barrier that is left at once: for 20 ms it spins as team_spin() does, only
 * then it waits quietly. Returns the bits of all. */
int team_meet(const struct team *t, MPI_Comm comm, int bits);

/* Quiet forms of the usual collectives. */
void team_barrier(const struct team *t, MPI_Comm comm);
void team_bcast(const struct team *t, MPI_Comm comm, void *data, int bytes,
                int root);
void team_allreduce(const struct team *t, MPI_Comm comm, void *in_out, int n,
                    MPI_Datatype type, MPI_Op op);

#endif
