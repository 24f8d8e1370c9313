/* path.h - where a file really is.
 *
 * A file that is written beside its place and then renamed would replace a
 * symbolic link there, and two writers that lock it by different names would
 * not see each other. So links are followed once, before anything is written.
 * Local.
 */
#ifndef SRB_PATH_H
#define SRB_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Where the symbolic links lead that `path` itself is, one after the other; the
 * folders above it stay as they are named. What does not exist yet is a place
 * like another, unless only a link leads there and its folder does not exist (a
 * file system that is not mounted): that is refused, as is a circle. In place:
 * path has room for `room` bytes, and is unchanged on failure. */
int path_target(char *path, size_t room, struct error *err);

/* Whether both lead to one file, be it there yet or not. What cannot be
 * followed is no file. */
bool path_same(const char *a, const char *b);

#endif
