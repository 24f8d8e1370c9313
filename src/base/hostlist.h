/* hostlist.h - names of hosts as people and Slurm write them.
 *
 * A list is names separated by commas; a name may have brackets of numbers and
 * ranges, and stands for all of them: `nid[0001-0004,0010],login1`, or
 * `r[1-2]n[01-03]`, whose last bracket runs fastest. A range is as wide as its
 * first number. Blanks around a name are skipped. All functions are pure.
 */
#ifndef SRB_HOSTLIST_H
#define SRB_HOSTLIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define SRB_HOST_MAX 256 /* of one name, with its end */

struct hostlist {
    char **name;
    size_t n;
};

/* Expand a list into its names, in order; one that comes twice is there twice.
 * Returns 0 with *list to be released by hostlist_free(), or -1 and an empty
 * *list: not a list, or one of more names than `most`, the hosts that
 * there are. */
int hostlist_expand(struct hostlist *list, const char *text, size_t most,
                    struct error *err);

void hostlist_free(struct hostlist *list);

/* Whether two names are of one host: a short name is that of every qualified
 * one which begins with it (nid0001, nid0001.cluster.site), two qualified names
 * must be equal. Letters' case does not count; an address is no name. */
bool hostlist_same(const char *a, const char *b);

#endif
