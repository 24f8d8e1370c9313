#include "base/line.h"

#include <stdio.h>
#include <string.h>

bool line_first(const char *path, char *buf, size_t n)
{
    FILE *f = fopen(path, "re");
    bool got = f && fgets(buf, (int)n, f);

    if (!got)
        buf[0] = '\0';
    buf[strcspn(buf, "\n")] = '\0';
    if (f)
        fclose(f);
    return got;
}

bool line_named(const char *path, const char *key, char *buf, size_t n)
{
    FILE *f = fopen(path, "re");
    size_t length = strlen(key);
    bool found = false;
    char line[4096];

    buf[0] = '\0';
    while (f && !found && fgets(line, sizeof line, f)) {
        const char *at = line + length;

        found = strncmp(line, key, length) == 0 && strchr(" \t:", *at) && *at;
        if (found) {
            at += strspn(at, " \t:");
            snprintf(buf, n, "%.*s", (int)strcspn(at, "\n"), at);
        }
    }
    if (f)
        fclose(f);
    return found;
}
