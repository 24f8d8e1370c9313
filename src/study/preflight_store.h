/* preflight_store.h - that all nodes see the place which one of them makes for
 * all, before anything starts.
 */
#ifndef SRB_PREFLIGHT_STORE_H
#define SRB_PREFLIGHT_STORE_H

#include "engine/store.h"
#include "ranks/team.h"

/* The steward of that node makes such a store as permutations will have, all
 * others look for it, and it goes again. terms: that node's; NULL where it is
 * known that it cannot be made, and everywhere else. Returns -1 on the first
 * node alone that has a reason, which *err has, with how many more there are; 0
 * on all others. Collective over t->stewards. */
int preflight_store(const struct team *t, int node, const struct store_ops *ops,
                    const struct store_terms *terms, struct error *err);

#endif
