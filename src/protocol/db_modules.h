/* db_modules.h - the modules that servers load (db_modules): "path arguments"
 * each.
 *
 * All functions are local.
 */
#ifndef SRB_DB_MODULES_H
#define SRB_DB_MODULES_H

#include <limits.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "options/options.h"

/* Whether a server of this node can load it: a file that can be read, and that
 * somebody may execute, which Redis 7 asks for. */
int db_modules_check(const char *module, struct error *err);

/* The lines "loadmodule path arguments" of a configuration; none where there
 * are no modules. A path that is not absolute is one of this process's folder.
 * threads, intra: RedisAI's THREADS_PER_QUEUE and INTRA_OP_PARALLELISM, 0: not
 * said. */
void db_modules_print(FILE *out, const struct setting *modules, int64_t threads,
                      int64_t intra);

/* Where RedisAI of that value of db_modules looks for the back end of models,
 * "TORCH": by its arguments, else beside itself. Returns path. */
const char *db_modules_backend(const char *module, const char *backend,
                               char path[PATH_MAX]);

#endif
