/* table.h - the final table, for people: one row a configuration.
 *
 * Sorted by what varied, which is never cut; the best of each size and what
 * cannot be told from it is marked; a line explains each flag. Local.
 */
#ifndef SRB_TABLE_H
#define SRB_TABLE_H

#include <stdio.h>

#include "results/rows.h"

/* At most so many rows. Of a larger study the first, the last and the one of
 * the largest bandwidth; of what failed as many as half of the rest; the best
 * of each size, those that share its place, all others, as far as there is
 * room, evenly chosen where it ends. */
#define TABLE_ROWS 60

/* Intervals are left out where a line would be wider than `columns`, in which
 * the explanations are broken. */
void table_print(FILE *out, const struct rows *r, int columns);

/* What a flag warns of, one line; "" for what is none. */
const char *table_flag_words(const char *flag);

#endif
