/* eligible.h - which nodes may run clients, and which databases.
 *
 * By the names in db_hosts, and by the features that the batch system gives
 * the nodes (node_feature, db_node_feature). What a part of the job was started
 * as (--role) is in the machine already. Pure.
 */
#ifndef SRB_ELIGIBLE_H
#define SRB_ELIGIBLE_H

#include "options/options.h"
#include "plan/machine.h"

/* The constraint that a map of features means (C or constraint), or NULL. Its
 * other names (exclusive) are matters of a submission. */
const char *eligible_constraint(const struct value *features);

/* Whether the study asks for features of this job's nodes. */
bool eligible_needs_features(const struct options *o);

/* Mark nodes that must not be clients' or databases', and those that db_hosts
 * names (barred, db_turn, db_listed). features[nnodes]: of each node, comma-
 * separated; NULL where nobody needs them. A host stands for all nodes on it.
 * -1 when db_hosts is no list, names a host twice or one that is not in the
 * job, or when a constraint is none. O(n log n). */
int eligible_mark(struct machine *m, const struct options *o,
                  const char *const features[], struct error *err);

#endif
