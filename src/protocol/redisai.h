/* redisai.h - whether a server has the commands of RedisAI. Local. */
#ifndef SRB_REDISAI_H
#define SRB_REDISAI_H

#include <stdbool.h>

#include "protocol/control.h"

/* Refuse a server that lacks RedisAI's commands. It is asked for one of them
 * without its arguments, which takes no right: only what it does not know is an
 * unknown command. */
int redisai_check(struct control *c, struct error *err);

/* Say that a server lacks them; *err has how that was seen. Returns -1. And
 * whether an error, agreed upon or handed up, says so. */
int redisai_missing(struct error *err);
bool redisai_is_missing(const struct error *err);

#endif
