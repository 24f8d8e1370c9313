#include "plan/connections.h"

#include <stdlib.h>

#include "base/mem.h"
#include "plan/model_keys.h"

/* Each shard that a reader reads from, once. */
static void connect_reader(const struct placement *pl, int reader, int *clients,
                           int *seen)
{
    struct place_range of = place_read_by(pl, reader);

    for (int w = of.first; w < of.first + of.n; w++) {
        int shard = place_client_shard(pl, place_writer_client(pl, w));

        if (seen[shard] == reader + 1)
            continue;
        seen[shard] = reader + 1;
        clients[shard]++;
    }
}

/* Where models are run, those of all its tensors. */
static void connect_client(const struct placement *pl, int client, int *clients)
{
    int shards[KEY_PARTS] = {0}, n = 1;

    if (pl->copied)
        n = model_keys_shards(pl, client, shards);
    else
        shards[0] = place_client_shard(pl, client);
    for (int k = 0; k < n; k++)
        clients[shards[k]]++;
}

/* Where its list lies, if that is another shard than its own. */
static void connect_to_list(const struct placement *pl, int client,
                            int *clients)
{
    int shard =
        place_client_shard(pl, place_list_client(pl, place_writer(pl, client)));

    clients[shard] += shard != place_client_shard(pl, client);
}

static bool reads_from(const struct placement *pl, int reader, int shard)
{
    struct place_range of = place_read_by(pl, reader);

    for (int w = of.first; w < of.first + of.n; w++)
        if (place_client_shard(pl, place_writer_client(pl, w)) == shard)
            return true;
    return false;
}

int connections_of(const struct placement *pl, int shard, int *clients,
                   int *keepers)
{
    int n = 0;

    for (int c = 0; c < pl->nclients; c++)
        if (place_reader(pl, c) < 0 && place_client_shard(pl, c) == shard)
            clients[n++] = c;
    *keepers = n;
    for (int r = 0; r < pl->nreaders; r++)
        if (reads_from(pl, r, shard))
            clients[n++] = place_reader_client(pl, r);
    return n;
}

void connections_count(const struct placement *pl, int *clients)
{
    int *seen =
        pl->nreaders > 0 ? mem_new((size_t)pl->nshards, sizeof *seen) : NULL;

    for (int c = 0; c < pl->nclients; c++)
        if (place_reader(pl, c) < 0) {
            connect_client(pl, c, clients);
            if (pl->aggregate)
                connect_to_list(pl, c, clients);
        }
    for (int r = 0; r < pl->nreaders; r++)
        connect_reader(pl, r, clients, seen);
    free(seen);
}
