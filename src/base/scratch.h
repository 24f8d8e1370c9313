/* scratch.h - a private folder that never outlives its owner for long.
 *
 * TMPDIR (or /tmp) / srbench-UID-XXXXXX, mode 0700, locked (flock(2)) for as
 * long as its owner lives. A folder of this name whose lock is free is a
 * left-over of a killed owner, and the next scratch_open() of the same user
 * removes it. All functions are local.
 */
#ifndef SRB_SCRATCH_H
#define SRB_SCRATCH_H

#include <stdbool.h>

#include "base/error.h"

#define SRB_SCRATCH_MAX 512

struct scratch {
    char path[SRB_SCRATCH_MAX];
    int lock; /* descriptor of the folder, which holds the lock */
};

/* The folder in which scratch folders are made. */
const char *scratch_parent(void);

/* Remove left-overs, create and lock a new folder. */
int scratch_open(struct scratch *s, struct error *err);

/* The same in another folder, which several hosts may share: named
 * srbench-KIND-UID-BOOT-XXXXXX. Only left-overs of this host's are removed, as
 * it has run since it was booted; on a file system without locks, none. advice:
 * what a person is to do where that fails. */
int scratch_open_in(struct scratch *s, const char *parent, const char *kind,
                    const char *advice, struct error *err);

/* Remove the folder with all it holds, and release the lock. */
void scratch_close(struct scratch *s);

/* Remove a folder whose owner has died, if nobody lives in it. Whether it is
 * gone. */
bool scratch_remove_left(const char *path);

/* Remove a folder of this user's with all it holds on its file system; links
 * are removed, not followed, on no way down. */
void scratch_remove(const char *path);

#endif
