/* load.h - the timed loop of one client.
 *
 * Put and get; nothing else happens in a timed span, and between spans only a
 * stamp of the tensor (and verification where it was asked for). The loop
 * itself is one of several, in different languages, and keeps to rules that are
 * the same for all (loop.h); here it is opened, run and closed.
 */
#ifndef SRB_LOAD_H
#define SRB_LOAD_H

#include "measure/loop_parts.h"

/* Have the language allocate and touch the tensors, fill them, wait for
 * connect_at, connect (p->bytes is not looked at). The pages come to lie in the
 * NUMA domain of the CPU that touches them first, so this comes after pinning.
 * The wait is in no time that is measured. Local. */
int load_open(struct load *l, const struct loop_language *language,
              const struct client_ops *ops, const struct client_params *p,
              const struct load_rules *rules, struct error *err);

/* Find out what the work is that a step computes, and how long it takes while
 * nothing else is done, where steps compute: before the loop; and,
 * disconnected, how long it takes after it. Collective over the clients. */
void load_alone(struct load *l, const struct load_company *with, bool after);

/* Forget what was timed, for another run at another rate (0: a closed loop) of
 * a client that is connected. Local. */
int load_again(struct load *l, double rate, struct error *err);

/* Run warm-up and timed operations, held together as the rules say. A tensor
 * that came back wrong is counted, not an error. Collective over the clients;
 * one that fails lets the others end early, and only it returns -1. */
int load_run(struct load *l, const struct load_company *with,
             struct error *err);

/* Its k-th connection, from 0 on; NULL: there is none. Local. */
struct client *load_connection(const struct load *l, size_t k);

/* Disconnect; ends main time. Local. */
void load_disconnect(struct load *l);

/* Release everything. A struct of zeros is allowed. Local. */
void load_close(struct load *l);

#endif
