/* ports.h - free ports for the databases of a set-up, where db_port leaves the
 * choice.
 *
 * They are looked for when the databases are about to start, so that the time
 * in which somebody else may take one is short. What decides is the servers'
 * own bind: whoever starts the databases asks ports_taken() after a failure,
 * and tries again with others.
 */
#ifndef SRB_PORTS_H
#define SRB_PORTS_H

#include "ranks/team.h"

/* Fill pl->shard_port: a host keeps the ports that it has there where all of
 * them are free on the shards' addresses (with `bus`, also that of a cluster's
 * bus, 10000 above). Elsewhere, and with `others` on all hosts, the steward of
 * its first shard finds free ones, outside of the range from which the kernel
 * serves clients. All ranks learn them. All ranks fail alike. Collective over
 * the world. */
int ports_find(struct team *t, struct placement *pl, bool bus, bool others,
               struct error *err);

/* Whether a server failed to start, or a port was refused, because another has
 * the port: by their own words. Local, pure. */
bool ports_taken(const struct error *err);

/* Words on the first port of a shard at that address on which it could not
 * listen now, or 0: its own and, where `bus` says, that of a cluster's bus.
 * Local, on the shard's host. */
int ports_free(const char *address, int port, bool bus, struct error *err);

/* The next port behind `port` to try, from 1024 to 55535 and around: one that
 * does not lie in first … last, the kernel's own range (ip(7),
 * ip_local_port_range), and whose bus does not either; any where that leaves
 * none. Local, pure. */
int ports_next(int port, int first, int last);

/* Where runs of srbench on one host begin to look: any of the ports that
 * ports_next() may give, each as likely as the others. Were it any port at all,
 * most would begin behind the kernel's range, at the same one. Local. */
int ports_anywhere(int first, int last);

#endif
