/* version.h - versions as programs print them. Pure. */
#ifndef SRB_BASE_VERSION_H
#define SRB_BASE_VERSION_H

#include <stdbool.h>

/* Whether a version is another one or later: the numbers between points are
 * compared, as far as `other` has some. */
bool version_since(const char *version, const char *other);

#endif
