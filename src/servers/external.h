/* external.h - databases that this job does not start, as all its ranks learn
 * of them.
 */
#ifndef SRB_EXTERNAL_H
#define SRB_EXTERNAL_H

#include "options/options.h"
#include "plan/roster.h"
#include "protocol/tls.h"
#include "ranks/team.h"

/* The databases of --db_address: rank 0 awaits the file for db_timeout, or asks
 * the servers, and all ranks get the same roster, to be released by
 * roster_free(). What db_auth and flush say must fit. *tls is NULL, or becomes
 * what the roster's servers are spoken to by; to be released by tls_close()
 * after the roster is no more used, on failure too. All ranks fail alike.
 * Collective over the world. */
int external_find(struct team *t, const struct options *o, struct tls **tls,
                  struct roster *out, struct error *err);

/* Whether db_address, and what goes with it, can be right, by its words alone:
 * nobody is asked and no file is read. Local. */
int external_check(const struct options *o, struct error *err);

/* Whether the files of passwords and of TLS that go with it are what
 * external_find() takes: they are read as there, a pipe is empty then. Local.
 */
int external_check_files(const struct options *o, struct error *err);

/* Ask servers of somebody else's once more, by the same names, whatever became
 * of them since *before was found: names are resolved anew, a cluster may have
 * other masters. *out is to be released by roster_free(). All ranks fail alike.
 * Collective over the world. */
int external_again(struct team *t, const struct options *o,
                   const struct roster *before, struct roster *out,
                   struct error *err);

/* Rank 0's roster, or its failure (rc -1), becomes everybody's. Collective over
 * the world. */
int external_share(struct team *t, int rc, struct roster *r, struct error *err);

/* Read the file that srbench serve writes, with its passwords: 1, 0 when it is
 * not there yet, or -1. Local. */
int external_read(const char *path, struct roster *out, struct error *err);

#endif
