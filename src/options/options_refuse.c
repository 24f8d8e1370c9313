/* options_refuse.c - words on an option where it was given. */
#include <string.h>

#include "options/options_internal.h"

int options_refuse(const struct options *o, enum option_id id, const char *what,
                   struct error *err)
{
    const char *origin = o->set[id].origin;

    if (strncmp(origin, "--", 2) == 0)
        return error_set(err, "%s: %s", origin, what);
    return error_set(err, "%s: %s: %s", origin, option_table[id].name, what);
}

int options_refuse_any(const struct options *o, const struct refusal *list,
                       size_t n, struct error *err)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].is_so)
            return options_refuse(o, list[i].id, list[i].what, err);
    return 0;
}
