/* tensor_client_wrap.h - the public client over any of the table.
 *
 * srbench chooses its clients itself (their address, their buffers, null
 * clients with faults) and measures them through the interface that programs
 * use.
 */
#ifndef SRB_TENSOR_CLIENT_WRAP_H
#define SRB_TENSOR_CLIENT_WRAP_H

#include "client/client.h"
#include "srb/tensor_client.h"

/* Open a client of the table as p says (but for p->bytes, which is not looked
 * at) for its key and so many elements; it takes other keys, of the same
 * server, and counts, and a failure closes nothing. Where p->runs has peers, it
 * connects to each of these. *inside gets what was opened, the first of them,
 * which lives as long. NULL on failure. To be closed by
 * srb_tensor_client_close(). Local. */
struct srb_tensor_client *
tensor_client_wrap(const struct client_ops *ops, const struct client_params *p,
                   size_t count, struct client **inside, struct error *err);

/* Every connection of a client that was so opened. Local. */
void tensor_client_each(struct srb_tensor_client *c,
                        void (*each)(const struct client *c));

/* Remove the values of these keys through a client that was so opened, and
 * whose ops have `remove`. Returns 0 or -1, see srb_tensor_client_error().
 * Local. */
int tensor_client_remove(struct srb_tensor_client *c,
                         const struct srb_tensor *tensors, size_t n);

/* Go on with another client of the table, opened elsewhere, in place of the one
 * that it has, which stays open: whichever it has at the end is closed with it.
 * Local. */
void tensor_client_turn(struct srb_tensor_client *c, struct client *other);

/* The key of the last call, of several tensors the first of them that was not
 * alone. Valid until the next call. Local. */
const char *tensor_client_key(const struct srb_tensor_client *c);
/* Have the server run one of what it was opened with (p->runs). Returns 0 or
 * -1. Local. */
int tensor_client_run(struct srb_tensor_client *c, const struct client_run *r);

#endif
