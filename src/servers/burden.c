#include "servers/burden.h"

#include <string.h>

#include "base/mem.h"
#include "client/client.h"

bool burden_same(const struct permutation *a, const struct permutation *b)
{
    static const enum option_id shape[] = {OPT_CLIENT_NODES,
                                           OPT_CLIENTS_PER_NODE, OPT_KEYS,
                                           OPT_CLIENT, OPT_COMMAND_SET};

    for (size_t k = 0; k < sizeof shape / sizeof shape[0]; k++)
        if (a->value[shape[k]] != b->value[shape[k]])
            return false;
    return a->setup == b->setup && a->experiment == b->experiment;
}

const struct engine *burden_server(const struct permutation *p)
{
    return engine_expected(permutation_text(p, OPT_DB_EXE));
}

int *burden_clients(const struct permutation *p, const struct placement *pl)
{
    const struct client_ops *ops = client_find(p->value[OPT_CLIENT]->text);
    int *clients = mem_new((size_t)pl->nshards + 1, sizeof *clients);
    bool stores = ops->serves || ops->own;

    for (int c = 0; c < pl->nclients && stores && !pl->external; c++)
        clients[place_client_shard(pl, c)]++;
    return clients;
}

const struct footprint *burden_memory(const struct permutation *p)
{
    const struct engine *engine = burden_server(p);

    return p->infers ||
                   strcmp(permutation_text(p, OPT_COMMAND_SET), "redisai") == 0
               ? &engine->memory_redisai
               : &engine->memory;
}

int64_t burden_pairs(const struct options *o)
{
    int64_t warmup = options_one(o, OPT_WARMUP)->count;
    int64_t timed = options_one(o, OPT_MAX_SAMPLES)->count;
    int64_t counted = options_one(o, OPT_ITERATIONS)->count;

    if (options_idle(o, OPT_MAX_SAMPLES))
        return counted + warmup;
    return warmup + (options_idle(o, OPT_ITERATIONS) || timed > counted
                         ? timed
                         : counted);
}
