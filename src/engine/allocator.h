/* allocator.h - whether a server's allocator took what its environment says.
 *
 * jemalloc ignores a wrong name in silence, and reads MALLOC_CONF where it is
 * the system's (Debian's packages, KeyDB) and JE_MALLOC_CONF where a server
 * brings its own (Redis, Valkey): its TUNING.md, "malloc_conf". glibc reads
 * GLIBC_TUNABLES. Pure.
 */
#ifndef SRB_ALLOCATOR_H
#define SRB_ALLOCATOR_H

#include <stdbool.h>

#include "options/options.h"

/* Whether something of these variables is for an allocator and did not arrive
 * there, by what the server says of it: lines "mem_allocator jemalloc-5.3.0"
 * and "opt.NAME VALUE", as struct engine's effective() prints them. What
 * nothing is said of is taken for right. */
bool allocator_ignored(const char *effective, const struct value *env);

#endif
