#include "base/version.h"

#include <stdlib.h>

bool version_since(const char *version, const char *other)
{
    while (*other) {
        char *more, *after;
        long least = strtol(other, &more, 10), is = strtol(version, &after, 10);

        if (is != least)
            return is > least;
        other = more + (*more == '.');
        version = after + (*after == '.');
    }
    return true;
}
