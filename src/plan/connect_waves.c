#include "plan/connect_waves.h"

#include <limits.h>

/* What a busy server takes for one connection at most: Redis does it in 20 to
 * 50 us. */
#define ACCEPT_NS INT64_C(100000)

/* Waves nearer to each other than this would be one: clients come out of the
 * agreement before it some ms apart (they look for it once a ms). */
#define LEAST_APART_NS INT64_C(5000000)

int connect_waves_turn(const struct placement *pl, int client)
{
    int turn = 0, node;

    int reader = place_reader(pl, client);

    if (pl->experiment == EXPERIMENT_STANDARD && reader >= 0)
        return place_writers(pl) / pl->nshards + reader;
    if (pl->experiment == EXPERIMENT_STANDARD)
        return client / pl->nshards;
    node = place_client_node(pl, client);
    while (turn < client && place_client_node(pl, client - turn - 1) == node)
        turn++;
    return turn;
}

/* Half: a wave may still be there when the next one comes. */
int connect_waves_size(int64_t backlog)
{
    if (backlog <= 0 || backlog / 2 > INT_MAX)
        return INT_MAX;
    return backlog < 4 ? 1 : (int)(backlog / 2);
}

int64_t connect_waves_delay(int64_t backlog, int turn)
{
    int size = connect_waves_size(backlog);
    int64_t apart = size * ACCEPT_NS;

    if (apart < LEAST_APART_NS)
        apart = LEAST_APART_NS;
    return turn / size * apart;
}
