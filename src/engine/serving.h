/* serving.h - ranks of this job that serve others, in place of processes.
 *
 * A rank opens its server before the loop, serves in the loop until every
 * client has said that it is done, and closes it afterwards.
 */
#ifndef SRB_SERVING_H
#define SRB_SERVING_H

#include <mpi.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/places.h"

/* What a client needs to know of the rank that serves it. */
struct served {
    MPI_Comm comm;
    int rank; /* there */
};

struct serving_terms {
    MPI_Comm comm;        /* of the job, for this alone */
    struct places places; /* of all clients, of whom this rank */
    int n, keepers;       /* serves so many, the first of which keep tensors,
                             while the others read what these keep; */
    const int *clients;   /* [n] by their numbers, */
    const int *ranks;     /* [n] and ranks there */
    size_t bytes;         /* of the tensor */
};

struct serving_ops {
    /* Room for all keepers, every page of it brought in. NULL on failure; to be
     * closed by close(). Local. */
    void *(*open)(const struct serving_terms *t, struct error *err);
    /* Answer until all n have left. look(arg) is called ten times a second or
     * oftener. Dies where MPI fails. Called by this rank while the clients are
     * in their loops. */
    void (*serve)(void *server, void (*look)(void *arg), void *arg);
    /* Questions but for removals, and bytes of tensors put and got, since it
     * was opened. Local. */
    void (*count)(const void *server, int64_t *asked, int64_t *bytes);
    void (*close)(void *server); /* NULL is allowed. Local. */
};

#endif
