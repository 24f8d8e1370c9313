/* slots.h - which server of a Redis Cluster has which keys. */
#ifndef SRB_SLOTS_H
#define SRB_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "client/client.h"

/* A name as DNS limits it, with the NUL. */
#define SRB_HOST_MAX 256

/* A slot that no server has. */
#define SRB_SLOT_NOBODY UINT16_MAX

struct slots_shard {
    char host[SRB_HOST_MAX]; /* numeric, or a name where the cluster says so */
    int port;
};

struct client_slots {
    bool cluster; /* false: one server, which has all keys */
    int nshards;
    struct slots_shard *shard; /* [nshards] */
    uint16_t of[SRB_SLOTS];    /* the shard of each slot */
};

/* Connect as p says (key and bytes are not looked at), ask, disconnect. A
 * server that is no cluster's gives one shard, itself. On failure there is
 * nothing to release. Local. */
int client_slots_ask(const struct client_params *p, struct client_slots *s,
                     struct error *err);

void client_slots_free(struct client_slots *s);

#endif
