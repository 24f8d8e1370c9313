#include "protocol/redisai.h"

#include <string.h>

/* By which such an error is known, whatever was put in front of it. */
#define NO_REDISAI "command_set redisai: the server has no AI.TENSORGET"

int redisai_missing(struct error *err)
{
    struct error why = *err;

    return error_set(err,
                     NO_REDISAI "; load RedisAI into it (db_modules), or "
                                "measure command_set: plain (%.1000s)",
                     why.text);
}

bool redisai_is_missing(const struct error *err)
{
    return strstr(err->text, NO_REDISAI) != NULL;
}

int redisai_check(struct control *c, struct error *err)
{
    struct error why = {.text = ""};

    if (control_say(c, NULL, &why, "AI.TENSORGET", NULL) == 0 ||
        !strstr(why.text, "unknown command"))
        return 0;
    *err = why;
    return redisai_missing(err);
}
