#include "base/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/terminal.h"
#include "base/text.h"

#define LINE_MAX_BYTES 8192

static int my_rank;
static void (*die_hook)(void);
static enum diag_level my_level = DIAG_NORMAL;
static char bottom[1024]; /* what stands at the bottom; "" for nothing */

void diag_rank(int rank)
{
    my_rank = rank;
}

void diag_die_hook(void (*hook)(void))
{
    die_hook = hook;
}

void diag_set_level(enum diag_level level)
{
    my_level = level;
}

enum diag_level diag_level(void)
{
    return my_level;
}

const char *diag_colour(const char *sequence)
{
    return terminal_own() ? sequence : "";
}

static void put(const char *text, size_t n)
{
    ssize_t rc = write(STDERR_FILENO, text, n);

    (void)rc;
}

/* A line with its end; on a terminal broken between words, as it would not do
 * by itself. Returns its length. */
static size_t laid_out(const char *line, char *buf, size_t n)
{
    FILE *out = terminal_there() ? fmemopen(buf, n, "w") : NULL;

    if (!out)
        return (size_t)snprintf(buf, n, "%s\n", line);
    text_wrap(out, line, terminal_columns());
    fclose(out);
    return strlen(buf);
}

/* One write, so that lines of several ranks do not mix. */
static void put_line(const char *head, const char *fmt, va_list ap)
{
    char line[LINE_MAX_BYTES], laid[2 * LINE_MAX_BYTES];
    size_t used;

    snprintf(line, sizeof line, "%s", head);
    used = strlen(line);
    vsnprintf(line + used, sizeof line - used, fmt, ap);
    used = laid_out(line, laid, sizeof laid);
    terminal_line("");
    if (!terminal_lost())
        put(laid, used);
    terminal_spoken();
    if (terminal_own())
        terminal_line(bottom);
}

void diag_live(const char *line)
{
    if (my_rank != 0)
        return;
    snprintf(bottom, sizeof bottom, "%s", line ? line : "");
    terminal_line(bottom);
}

static void say(enum diag_level least, const char *fmt, va_list ap)
{
    if (my_rank == 0 && my_level >= least)
        put_line("", fmt, ap);
}

void diag_say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(DIAG_QUIET, fmt, ap);
    va_end(ap);
}

void diag_note(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(DIAG_NORMAL, fmt, ap);
    va_end(ap);
}

void diag_detail(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(DIAG_VERBOSE, fmt, ap);
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
