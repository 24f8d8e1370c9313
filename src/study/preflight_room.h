/* preflight_room.h - whether folders take what a study puts there: they can be
 * written, have room, inodes and locks, and names in them are short enough.
 *
 * What only a try tells is tried: a folder is locked, the first of what is to
 * come is allocated, which a quota may not allow; nothing of it stays. Both
 * return 0, or -1 with the first thing that is wrong. All are local.
 */
#ifndef SRB_PREFLIGHT_ROOM_H
#define SRB_PREFLIGHT_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* TMPDIR, for the servers of a node. sockets: clients find them by the Unix
 * sockets that they make there. */
int preflight_scratch(int servers, bool sockets, struct error *err);

/* The folder of the result file, for so many bytes. */
int preflight_results(const char *output, int64_t bytes, struct error *err);

#endif
