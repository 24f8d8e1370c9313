/* files.h - the folder in which clients keep tensors as files.
 *
 * srbench-files-UID-BOOT-XXXXXX below db_path, mode 0700, with a file that
 * names it (who reads that name sees the same folder), and a folder for each
 * shard. Everything below it is reached by descriptors of folders, and no link
 * is followed. All functions are local.
 */
#ifndef SRB_FILES_H
#define SRB_FILES_H

#include "base/error.h"

/* A descriptor of the folder of a shard in the folder `where`, or of that
 * itself (shard -1): -1 with *err where it is no folder, is not this user's
 * alone, or does not say that it is that one. */
int files_folder(const char *where, int shard, struct error *err);

#endif
