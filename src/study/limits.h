/* limits.h - what a process may not do, however much there is of it: the limits
 * that it and those it starts inherit (getrlimit(2)), and the control group's
 * on processes.
 *
 * Each function returns 0, or -1 with what a study needs, what the limit leaves
 * and how it is raised. All are local.
 */
#ifndef SRB_LIMITS_H
#define SRB_LIMITS_H

#include <stdint.h>

#include "base/error.h"

/* A file of so many bytes. what: "the results". */
int limits_file(int64_t bytes, const char *what, struct error *err);

/* So much memory of one process. what: "a server". */
int limits_memory(int64_t bytes, const char *what, struct error *err);

/* So many more processes and threads of this user. */
int limits_tasks(int64_t tasks, struct error *err);

#endif
