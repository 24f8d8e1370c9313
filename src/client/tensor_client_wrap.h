/* tensor_client_wrap.h - the public client over a connection that is there.
 *
 * srbench opens its clients itself (their address, their buffers, null clients
 * with faults) and measures them through the interface that programs use.
 */
#ifndef SRB_TENSOR_CLIENT_LEND_H
#define SRB_TENSOR_CLIENT_LEND_H

#include "client/client.h"
#include "srb/tensor_client.h"

/* A client for the one key and count that `c` was opened for; c stays the
 * caller's and must outlive it. Any other key is refused, and a failure closes
 * nothing. NULL without memory. To be closed by srb_tensor_client_close().
 * Local. */
struct srb_tensor_client *tensor_client_wrap(struct client *c, const char *key,
                                             size_t count, struct error *err);

#endif
