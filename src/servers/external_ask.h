/* external_ask.h - what databases that this job does not start say of
 * themselves, and whether they let a study do what it needs. By one rank; all
 * functions are local.
 */
#ifndef SRB_EXTERNAL_ASK_H
#define SRB_EXTERNAL_ASK_H

#include "options/options.h"
#include "plan/roster.h"
#include "protocol/control.h"

/* Connect to a shard of a roster as its steward, see control_open(),
 * control_secure() and control_login(), all within `seconds`; a reply may then
 * take what is left of them. NULL on failure. Local. */
struct control *external_enter(const struct roster *r, int shard,
                               double seconds, struct error *err);

/* Ask the servers of a roster what they are and which others there are, and try
 * each command that the study will need there. r has what is known of them
 * before: their names, login, TLS, prefix. -1 with the first that refuses or
 * does not answer; r is then released. */
int external_ask(struct roster *r, const struct options *o, struct error *err);

/* Refuse where one of them lacks what command_set redisai needs. */
int external_ask_redisai(const struct roster *r, struct error *err);

#endif
