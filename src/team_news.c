/* News among ranks: one was told to end, and the others are in their loops.
 *
 * Ranks form a tree by number. On each of its edges travels exactly one message
 * a direction in the life of a team: the signal as soon as it is known, or at
 * the end that there was none. So nothing is left unreceived. Who waits quietly
 * looks at every nap, who is in a loop ten times a second. */
#include <stdlib.h>

#include "srb/diag.h"
#include "srb/ending.h"
#include "srb/team.h"

#define EDGES 3

struct news {
    int n; /* edges of this rank */
    int peer[EDGES], heard[EDGES], said[EDGES];
    bool told[EDGES];
    MPI_Request in[EDGES], out[EDGES];
};

static void tell(const struct team *t, struct news *x, int edge, int number)
{
    x->said[edge] = number;
    x->told[edge] = true;
    MPI_Isend(&x->said[edge], 1, MPI_INT, x->peer[edge], TEAM_TAG_NEWS,
              t->world, &x->out[edge]);
}

void team_news_open(struct team *t)
{
    const int peers[EDGES] = {(t->rank - 1) / 2, 2 * t->rank + 1,
                              2 * t->rank + 2};
    struct news *x = calloc(1, sizeof *x);

    if (!x)
        die("not enough memory for a rank's neighbours");
    for (int i = t->rank == 0; i < EDGES; i++) {
        int e = x->n;

        if (peers[i] >= t->size)
            continue;
        x->peer[e] = peers[i];
        x->out[e] = MPI_REQUEST_NULL;
        MPI_Irecv(&x->heard[e], 1, MPI_INT, peers[i], TEAM_TAG_NEWS, t->world,
                  &x->in[e]);
        x->n++;
    }
    t->news = x;
}

void team_look(const struct team *t)
{
    const struct ending *ending = ending_state();
    struct news *x = t->news;

    if (!x)
        return;
    for (int e = 0; e < x->n; e++) {
        int done = 0;

        if (x->in[e] != MPI_REQUEST_NULL)
            MPI_Test(&x->in[e], &done, MPI_STATUS_IGNORE);
        if (done && x->heard[e])
            ending_hear(x->heard[e]);
    }
    for (int e = 0; e < x->n && ending->urgent; e++)
        if (!x->told[e])
            tell(t, x, e, (int)ending->urgent);
}

void team_news_close(struct team *t)
{
    struct news *x = t->news;

    t->news = NULL; /* the waits below do not look */
    for (int e = 0; e < x->n; e++)
        if (!x->told[e])
            tell(t, x, e, 0);
    for (int e = 0; e < x->n; e++) {
        team_wait(t, &x->in[e]);
        team_wait(t, &x->out[e]);
    }
    free(x);
}
