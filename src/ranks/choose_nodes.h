/* choose_nodes.h - which nodes may run what, for all ranks alike. Part of run.
 */
#ifndef SRB_CHOOSE_NODES_H
#define SRB_CHOOSE_NODES_H

#include "options/options.h"
#include "ranks/team.h"

/* Mark the nodes of the machine by db_hosts and features, which rank 0 asks the
 * batch system for. All ranks fail alike. Collective over the world. */
int choose_nodes(struct team *t, const struct options *o, struct error *err);

#endif
