/* By which way a client reaches its shard. */
#include "run/run_parts.h"

#include <string.h>

/* Clients leave from their node's address on the interface that the databases
 * listen on. On loopback there is nothing to choose; and towards databases
 * elsewhere the kernel chooses, unless the interface was named or has the name
 * of theirs. */
const char *run_source(const struct run *r, const struct permutation *p,
                       const char *database)
{
    const struct placement *pl = &r->placement;
    const struct machine *m = pl->machine;
    const struct node *node = &m->nodes[m->rank_node[r->team->rank]];

    if (machine_loopback(database))
        return NULL;
    if (pl->external && permutation_auto(p, OPT_NET_IFNAME) &&
        (strcmp(pl->roster->interface, node->interface) != 0 ||
         !strchr(node->address, ':') != !strchr(database, ':')))
        return NULL;
    return node->address;
}

int run_way(const struct run *r, const struct perm_run *x,
            const struct client_ops *ops, int shard, struct client_params *out,
            struct error *err)
{
    const struct roster *roster =
        r->placement.external ? r->placement.roster : NULL;

    out->source = run_source(r, &x->p, out->address);
    if (roster) {
        out->tls = roster->tls;
        out->host = roster_host(&roster->shard[shard]);
    }
    if (permutation_count(&x->p, OPT_TRANSPORT, TRANSPORT_TCP) !=
        TRANSPORT_UNIX)
        return 0;
    if (!r->setup.unix_socket[0] && ops->serves)
        return error_set(err,
                         "client %d: the database's Unix socket has too long a "
                         "path; set TMPDIR to a shorter one",
                         out->client);
    out->unix_socket = r->setup.unix_socket;
    return 0;
}
