#include "srb/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int my_rank;
static void (*die_hook)(void);

void diag_rank(int rank)
{
    my_rank = rank;
}

void diag_die_hook(void (*hook)(void))
{
    die_hook = hook;
}

/* One write, so that lines of several ranks do not mix. */
static void put_line(const char *head, const char *fmt, va_list ap)
{
    char line[8192];
    size_t used;
    ssize_t rc;

    snprintf(line, sizeof line, "%s", head);
    used = strlen(line);
    vsnprintf(line + used, sizeof line - used - 1, fmt, ap);
    used = strlen(line);
    line[used++] = '\n';
    rc = write(STDERR_FILENO, line, used);
    (void)rc;
}

void diag_say(const char *fmt, ...)
{
    va_list ap;

    if (my_rank != 0)
        return;
    va_start(ap, fmt);
    put_line("", fmt, ap);
    va_end(ap);
}

void die(const char *fmt, ...)
{
    char head[64];
    va_list ap;

    snprintf(head, sizeof head, "srbench: rank %d: ", my_rank);
    va_start(ap, fmt);
    put_line(head, fmt, ap);
    va_end(ap);
    if (die_hook)
        die_hook();
    exit(1);
}
