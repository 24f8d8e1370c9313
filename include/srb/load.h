/* load.h - the timed loop of one client.
 *
 * Put and get in turn; nothing else happens in a timed span, and between spans
 * only a stamp of the tensor (and verification where it was asked for).
 */
#ifndef SRB_LOAD_H
#define SRB_LOAD_H

#include <mpi.h>
#include <signal.h>

#include "srb/client.h"
#include "srb/options.h"
#include "srb/samples.h"

/* One client's connection, buffers and timings. */
struct load {
    struct client *client;
    int number;   /* of the client */
    size_t count; /* elements of the tensor */
    float *out, *in;
    enum verify verify;
    struct samples samples;
    struct error wrong; /* words on the first tensor that came back wrong */
    const volatile sig_atomic_t *signal; /* ends the loop when not 0 */
};

/* Allocate, touch and fill the buffers, connect. Local. */
int load_open(struct load *l, const struct client_ops *ops,
              const struct client_params *p, enum verify verify, size_t warmup,
              size_t iterations, struct error *err);

/* Leave the barrier together and run warm-up and timed pairs. A tensor that
 * came back wrong is counted, not an error. Collective over the clients only
 * for the barrier at the start: everybody must enter, nobody waits for another
 * after. */
int load_run(struct load *l, MPI_Comm clients, struct error *err);

/* Disconnect; ends main time. Local. */
void load_disconnect(struct load *l);

/* Release everything. A struct of zeros is allowed. Local. */
void load_close(struct load *l);

#endif
