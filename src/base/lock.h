/* lock.h - one writer of a file at a time, also from other machines.
 *
 * Beside FILE stands FILE.lock: who writes FILE, in words, and locked by
 * fcntl(2), which NFS carries to the server and the kernel gives up when the
 * process dies: what a killed writer leaves is free. Where the file system has
 * no such locks (Lustre without flock), that FILE.lock exists is the lock; of a
 * writer that died on this machine that is seen, of one that died elsewhere it
 * is not, and the words say what to do. All functions are local.
 */
#ifndef SRB_LOCK_H
#define SRB_LOCK_H

#include <stdbool.h>

#include "base/error.h"

struct lock {
    int fd; /* -1: none is held */
    char *path;
};

/* Lock `path`, whose folder exists; job: the batch system's number of this job,
 * "" for none. Returns -1 with l->fd -1 and the words on who holds it. */
int lock_take(struct lock *l, const char *path, const char *job,
              struct error *err);

/* Give it back, and remove FILE.lock. Nothing happens where none is held. */
void lock_release(struct lock *l);

/* For tests: as where the file system has no locks. */
extern bool lock_by_name;

#endif
