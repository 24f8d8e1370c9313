/* suggest.h - the name that was meant when another was typed.
 *
 * All functions are local and pure.
 */
#ifndef SRB_SUGGEST_H
#define SRB_SUGGEST_H

#include <stddef.h>

/* The nearest name so far (NULL: none yet), and how far it is. */
struct suggestion {
    const char *typed, *name;
    size_t distance;
};

/* Look for what `typed` stands for: a name with at most 3 mistakes, and never
 * as many as `typed` has letters. */
struct suggestion suggest_for(const char *typed);

/* One name to choose from; NULL is none. Of equally near ones the first that
 * was considered stays. */
void suggest_consider(struct suggestion *n, const char *name);

#endif
