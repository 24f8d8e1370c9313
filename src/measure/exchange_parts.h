/* exchange_parts.h - what the loops of writers and readers share: exchange.c
 * has steps whose tensors are polled for, aggregate.c lists. All functions are
 * local. */
#ifndef SRB_EXCHANGE_PARTS_H
#define SRB_EXCHANGE_PARTS_H

#include "measure/loop_parts.h"

/* -1 with the words of this client, which are in l->phase.err; or a signal has
 * cut off its connection. */
int exchange_failed(struct load *l);

/* Whether the wait goes on: nobody has failed, and no signal ends it. */
bool exchange_attend(struct load *l);

/* Wait as long as a reader does between two polls. false: the loop ends. */
bool exchange_pause(struct load *l);

/* What the loop does now counts. */
bool exchange_is_timed(const struct load *l);

/* What is got has the keys of that source's step. */
void exchange_name(struct load *l, const struct exchange_source *s);

/* The loop's calls and signals go to this source's connection. */
void exchange_turn(struct load *l, const struct exchange_source *s);

#endif
