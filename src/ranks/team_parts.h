/* team_parts.h - what the files of team share.
 *
 *   team.c        communicators, waits, agreements
 *   team_alive.c  what ranks tell each other meanwhile
 */
#ifndef SRB_TEAM_PARTS_H
#define SRB_TEAM_PARTS_H

#include "ranks/team.h"

/* Parts of waits. In a wait, after each team_look(): ask neighbours, and die
 * when one has not answered for too long; *last is 0 at first. Sleep as a wait
 * does that began at `start`. Local. */
void team_miss(const struct team *t, int64_t *last);
void team_nap(const struct team *t, int64_t start);

/* Parts of team_open() and team_close(). */
void team_news_open(struct team *t);
void team_news_close(struct team *t);

#endif
