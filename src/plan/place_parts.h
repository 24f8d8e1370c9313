/* place_parts.h - what the files of place share.
 *
 *   place.c          nodes, clients, shards, ports
 *   place_readers.c  which clients write, and which read what these wrote
 */
#ifndef SRB_PLACE_PARTS_H
#define SRB_PLACE_PARTS_H

#include "plan/place.h"

/* Part of place_solve(), once clients are counted: which of them read. */
int place_split_readers(struct placement *pl, const struct permutation *p,
                        struct error *err);

#endif
