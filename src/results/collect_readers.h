/* collect_readers.h - the arrays of a permutation's readers (collect.h).
 *
 * A get of a reader is the same in all of them and in its row of unpack_tensor:
 * reader_client says which row that is.
 */
#ifndef SRB_COLLECT_READERS_H
#define SRB_COLLECT_READERS_H

#include "results/collect.h"

/* Bring all readers' rows to the sinks (rank 0; NULL: nowhere). Only rank 0
 * fails, by the sinks. Called by the readers and rank 0, others may. */
int collect_readers(const struct team *t, const struct placement *pl,
                    struct sinks *sinks, const struct collection *c,
                    struct error *err);

#endif
