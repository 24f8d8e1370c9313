/* step_words.h - what a study of steps found, in sentences: what exchanging
 * costs a solver, what was not achieved, what is sustained. One for each
 * configuration of which there is one to say, the first of many.
 *
 * World rank 0 alone; local.
 */
#ifndef SRB_STEP_WORDS_H
#define SRB_STEP_WORDS_H

#include "results/rows.h"

/* The sentences, a line each without an end, "" for none. To be freed. */
char *step_words(const struct rows *r);

#endif
