/* ports.h - free ports for the databases of a set-up, where db_port is 0.
 *
 * They are looked for when the databases are about to start, so that the time
 * in which somebody else may take one is short; whoever starts the databases
 * asks ports_taken() after a failure, and tries again with others.
 */
#ifndef SRB_PORTS_H
#define SRB_PORTS_H

#include "ranks/team.h"

/* Fill pl->shard_port: on each host the steward of its first shard finds ports
 * that are free on the shards' addresses (with the bus of a cluster, 10000
 * above), outside of the range from which the kernel serves clients, and all
 * ranks learn them. All ranks fail alike. Collective over the world. */
int ports_find(struct team *t, struct placement *pl, struct error *err);

/* Whether something listens on a port of the placement now, on any host. The
 * same on all ranks. Collective over the world. */
bool ports_taken(struct team *t, const struct placement *pl);

/* Words on the first port of a shard at that address that something else
 * listens on, or 0: its own and, where `bus` says, that of a cluster's bus.
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
