/* News among ranks: one was told to end, or has failed, and the others are in
 * their loops; and whether those whom somebody waits for are still there.
 *
 * Ranks form a tree by number, and notes travel on its edges. Who waits quietly
 * looks at every nap, who is in a loop ten times a second. The last note of a
 * direction says that it is, so nothing is left unreceived.
 *
 * A rank that stops dead (SIGSTOP, a node that hangs, a link that is cut)
 * leaves MPI silent, and who waits for it waits for ever. So whoever waits long
 * asks its neighbours: any rank but the dead one may be the one that waits, and
 * in a tree each costs the others three notes a question, however many they
 * are. While no wait is long, nobody is asked. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/signals.h"
#include "base/tick.h"
#include "ranks/team_parts.h"

#define EDGES 3
#define SHORTEST_NAP_NS INT64_C(5000)

/* What a wait counts between two looks at most: who was stopped itself, with
 * all others perhaps (scontrol(1), suspend), has not waited meanwhile. */
#define MOST_AT_ONCE_NS INT64_C(200000000)

/* One sentence is enough: a rank's parent in the tree speaks first, then its
 * first child, then the other one. */
#define IN_TURN_SECONDS 1.0

/* What a note is about; bits, as one note may be about several things. */
enum { HELLO = 1, ASK = 2, HERE = 4, SIGNAL = 8, LAST = 16, FAILED = 32 };

/* Five MPI_INT. */
struct note {
    int what;
    int signal; /* with SIGNAL; 0 else */
    int busy;   /* how long the sender may do without looking, s */
    int pid;    /* of the sender */
    int failed; /* the last common work in which somebody failed, from 1 */
};
#define NOTE_INTS 5

struct edge {
    int peer;
    struct note heard, said;
    MPI_Request in, out;
    int due;    /* what is to be said next */
    bool told;  /* of the signal */
    int failed; /* the last work that it was told failed, or said so itself */
    bool left;  /* this rank has said its last note */
    bool gone;  /* the peer has */
    bool asked; /* the peer was, and has said nothing since */
    int64_t since; /* x->waited when it was asked, or said something */
};

struct news {
    int n; /* edges of this rank */
    struct edge edge[EDGES];
    int busy;       /* as in notes */
    int failed;     /* likewise */
    int work;       /* the common work that is under way */
    int64_t waited; /* of the running wait, ns */
};

/* ---- notes ---- */

static void receive(const struct team *t, struct edge *e)
{
    MPI_Irecv(&e->heard, NOTE_INTS, MPI_INT, e->peer, TEAM_TAG_NEWS, t->world,
              &e->in);
}

/* Say what is due, unless the note before is still under way. */
static void tell(const struct team *t, const struct news *x, struct edge *e)
{
    int done = 0;

    if (e->left || !e->due)
        return;
    MPI_Test(&e->out, &done, MPI_STATUS_IGNORE);
    if (!done)
        return;
    e->said = (struct note){
        .what = e->due,
        .signal = e->due & SIGNAL ? (int)signals_state()->urgent : 0,
        .busy = x->busy,
        .pid = (int)getpid(),
        .failed = x->failed};
    e->failed = x->failed;
    e->left = (e->due & LAST) != 0;
    e->due = 0;
    MPI_Isend(&e->said, NOTE_INTS, MPI_INT, e->peer, TEAM_TAG_NEWS, t->world,
              &e->out);
}

/* A note has come. */
static void hear(const struct team *t, struct news *x, struct edge *e)
{
    e->asked = false;
    e->since = x->waited;
    if (e->heard.signal)
        signals_hear(e->heard.signal);
    if (e->heard.failed > e->failed)
        e->failed = e->heard.failed;
    if (e->heard.failed > x->failed)
        x->failed = e->heard.failed;
    if (e->heard.what & ASK)
        e->due |= HERE;
    if (e->heard.what & LAST)
        e->gone = true;
    else
        receive(t, e);
}

void team_look(const struct team *t)
{
    const struct signals *ending = signals_state();
    struct news *x = t->news;

    if (!x)
        return;
    for (int i = 0; i < x->n; i++) {
        int done = 0;

        if (!x->edge[i].gone)
            MPI_Test(&x->edge[i].in, &done, MPI_STATUS_IGNORE);
        if (done)
            hear(t, x, &x->edge[i]);
    }
    for (int i = 0; i < x->n; i++) {
        struct edge *e = &x->edge[i];

        if (ending->urgent && !e->told) {
            e->told = true;
            e->due |= SIGNAL;
        }
        if (x->failed > e->failed && !e->left)
            e->due |= FAILED;
        tell(t, x, e);
    }
}

void team_begin_work(const struct team *t)
{
    if (t->news)
        t->news->work++;
}

void team_fail_work(const struct team *t)
{
    struct news *x = t->news;

    if (!x)
        return;
    x->failed = x->work;
    team_look(t);
}

bool team_work_failed(const struct team *t)
{
    return t->news && t->news->work > 0 && t->news->failed == t->news->work;
}

void team_busy(const struct team *t, double seconds)
{
    struct news *x = t->news;

    if (!x)
        return;
    x->busy = seconds < INT_MAX ? (int)ceil(seconds) : INT_MAX;
    for (int i = 0; i < x->n; i++) {
        x->edge[i].due |= HELLO;
        tell(t, x, &x->edge[i]);
    }
}

/* ---- whom one misses ---- */

static double in_turn(const struct team *t, const struct edge *e)
{
    if (e->peer > t->rank)
        return 0;
    return IN_TURN_SECONDS * (t->rank % 2 ? 1 : 2);
}

static void give_up(const struct team *t, const struct edge *e, double silent)
{
    const struct machine *m = &t->machine;
    char pid[32] = "its process";

    if (e->heard.pid)
        snprintf(pid, sizeof pid, "pid %d", e->heard.pid);
    die("rank %d (%s%s%s) has not answered for %.0f s: it is stopped, or its "
        "node or the way there hangs, and the job is aborted; what was "
        "completed is in the file, and --resume goes on from there",
        e->peer, pid, m->nodes ? " on " : "",
        m->nodes ? m->nodes[m->rank_node[e->peer]].name : "", silent);
}

static void look_after(const struct team *t, const struct news *x,
                       struct edge *e)
{
    double silent = tick_seconds(x->waited - e->since);
    double limit = t->silence + e->heard.busy + in_turn(t, e);

    if (e->gone)
        return;
    if (e->asked && silent > limit)
        give_up(t, e, silent);
    if (e->asked || silent < t->ask_after)
        return;
    e->asked = true;
    e->since = x->waited;
    e->due |= ASK;
}

/* What was silent before this wait is not counted: nobody looked. */
static void begin(struct news *x)
{
    x->waited = 0;
    for (int i = 0; i < x->n; i++)
        x->edge[i].since = 0;
}

void team_miss(const struct team *t, int64_t *last)
{
    struct news *x = t->news;
    int64_t now, gap;

    if (!x || t->silence <= 0)
        return;
    now = t->now();
    gap = now - *last;
    if (*last == 0)
        begin(x);
    else
        x->waited += gap < MOST_AT_ONCE_NS ? gap : MOST_AT_ONCE_NS;
    *last = now;
    for (int i = 0; i < x->n; i++)
        look_after(t, x, &x->edge[i]);
}

/* ---- the beginning and the end ---- */

void team_news_open(struct team *t)
{
    const int peers[EDGES] = {(t->rank - 1) / 2, 2 * t->rank + 1,
                              2 * t->rank + 2};
    struct news *x = mem_new(1, sizeof *x);

    for (int i = t->rank == 0; i < EDGES; i++) {
        struct edge *e = &x->edge[x->n];

        if (peers[i] >= t->size)
            continue;
        *e = (struct edge){.peer = peers[i],
                           .heard.busy = (int)TEAM_SLOW_SECONDS,
                           .out = MPI_REQUEST_NULL};
        receive(t, e);
        x->n++;
    }
    t->news = x;
    team_busy(t, TEAM_SLOW_SECONDS);
}

static bool all_is_said(struct news *x)
{
    for (int i = 0; i < x->n; i++) {
        struct edge *e = &x->edge[i];
        int done = 0;

        MPI_Test(&e->out, &done, MPI_STATUS_IGNORE);
        if (!done || !e->left || !e->gone)
            return false;
    }
    return true;
}

void team_news_close(struct team *t)
{
    struct news *x = t->news;
    int64_t start = tick_now(), last = 0;

    begin(x);
    for (int i = 0; i < x->n; i++) {
        x->edge[i].due |= LAST;
        x->edge[i].told = true;
        x->edge[i].asked = true; /* for its last note */
    }
    while (team_look(t), !all_is_said(x)) {
        team_miss(t, &last);
        team_nap(t, start);
    }
    t->news = NULL;
    free(x);
}

void team_nap(const struct team *t, int64_t start)
{
    int64_t nap = (tick_now() - start) / 32;

    if (nap < SHORTEST_NAP_NS)
        nap = SHORTEST_NAP_NS;
    if (nap > t->nap_ns)
        nap = t->nap_ns;
    tick_sleep(nap);
}
