#include "servers/last_words.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What Redis and its relatives say of their end (zmalloc_default_oom() and
 * moduleLoad(), serverAssert, serverPanic and the signal handler in their
 * sources), C++ and the dynamic linker. */
static bool is_reason(const char *line, size_t len)
{
    static const char *const words[] = {
        "Out Of Memory allocating",
        "=== ASSERTION FAILED ===",
        "# ==> ", /* the assertion */
        "Guru Meditation: ",
        " crashed by signal: ",
        " failed to load: ",
        "# Can't load module",
        "std::bad_alloc",
        "error while loading shared libraries",
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (memmem(line, len, words[i], strlen(words[i])))
            return true;
    return false;
}

/* What Redis logs in good health begins with its number and what it is:
 * "7:M 29 Nov 2026 10:41:31.152 * Ready to accept connections". */
static bool is_logged(const char *line)
{
    size_t digits = strspn(line, "0123456789");

    return digits > 0 && line[digits] == ':' &&
           strcspn(line + digits, " \n") == 2;
}

static const char *next_line(const char *line)
{
    line += strcspn(line, "\n");
    return line + (*line == '\n');
}

/* From where on the log fits into n bytes, a line's start where there is one.
 */
static const char *tail_of(const char *log, size_t n)
{
    size_t len = strlen(log);
    const char *line;

    if (len < n)
        return log;
    log += len - n + 1;
    line = next_line(log);
    return *line ? line : log;
}

enum lines { ALL, NOT_LOGGED, REASONS };

static bool is_wanted(const char *line, size_t len, enum lines which)
{
    return which == REASONS ? is_reason(line, len)
                            : which == ALL || !is_logged(line);
}

/* Lines one behind the other. */
static size_t join(const char *log, enum lines which, char *out, size_t n)
{
    size_t used = 0;

    out[0] = '\0';
    for (; *log && used + 1 < n; log = next_line(log)) {
        size_t len = strcspn(log, "\n");

        if (is_wanted(log, len, which))
            used += (size_t)snprintf(out + used, n - used, "%s%.*s",
                                     used ? "|" : "", (int)len, log);
    }
    return used;
}

void last_words(const char *log, bool killed, char *out, size_t n)
{
    if (join(log, REASONS, out, n) == 0)
        join(tail_of(log, n), killed ? NOT_LOGGED : ALL, out, n);
    for (char *c = out; *c; c++)
        if ((unsigned char)*c < ' ')
            *c = ' ';
}
