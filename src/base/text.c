#include "base/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static size_t append(char *buf, size_t n, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

static size_t append(char *buf, size_t n, const char *fmt, va_list ap)
{
    size_t used = strlen(buf);
    int more = vsnprintf(buf + used, n - used, fmt, ap);

    return more < 0 || (size_t)more >= n - used ? n : used + (size_t)more;
}

size_t text_add(char *buf, size_t n, const char *fmt, ...)
{
    va_list ap;
    size_t length;

    va_start(ap, fmt);
    length = append(buf, n, fmt, ap);
    va_end(ap);
    return length;
}

size_t text_join(char *buf, size_t n, const char *separator, const char *fmt,
                 ...)
{
    va_list ap;
    size_t length;

    if (buf[0] != '\0' && text_add(buf, n, "%s", separator) == n)
        return n;
    va_start(ap, fmt);
    length = append(buf, n, fmt, ap);
    va_end(ap);
    return length;
}

int text_columns(const char *text)
{
    int columns = 0;

    while (*text)
        if (*text == '\033') {
            text += strcspn(text, "m");
            text += *text != '\0';
        } else { /* of a character the first byte counts */
            columns += ((unsigned char)*text++ & 0xc0) != 0x80;
        }
    return columns;
}

static void join_fields(const struct text_field *field, int n, char *buf,
                        size_t size)
{
    buf[0] = '\0';
    for (int k = 0; k < n; k++)
        if (field[k].text[0])
            text_join(buf, size, field[k].gap, "%s", field[k].text);
}

char *text_fit(struct text_field *field, int n, int columns, char *buf,
               size_t size)
{
    join_fields(field, n, buf, size);
    while (buf[0] && text_columns(buf) > columns) {
        struct text_field *least = NULL;

        for (int k = 0; k < n; k++)
            if (field[k].text[0] &&
                (!least || field[k].weight <= least->weight))
                least = &field[k];
        if (!least) /* cannot be: what is joined is not empty */
            break;
        least->text = "";
        join_fields(field, n, buf, size);
    }
    return buf;
}

const char *text_plural(int64_t n)
{
    return n == 1 ? "" : "s";
}

/* C1 controls do in some terminals what ESC and a letter do; a carriage return
 * is part of a line's end, or goes back over the line. */
static bool is_shown(uint32_t c, const char *behind)
{
    return c == '\n' || c == '\t' || (c == '\r' && *behind == '\n') ||
           (c >= 0x20 && c < 0x7f) || c >= 0xa0;
}

char *text_clean(char *text)
{
    size_t left = strlen(text), width;
    uint32_t c = 0;

    for (char *at = text; left > 0; at += width, left -= width) {
        width = utf8_decode(at, left, &c);
        if (width > 0 && is_shown(c, at + width))
            continue;
        width = width > 0 ? width : 1;
        memset(at, '?', width);
    }
    return text;
}

/* How much of a line fits: up to a blank, but at least one word. */
static size_t fitting(const char *line, size_t n, size_t columns)
{
    size_t at = n;

    if (n <= columns)
        return n;
    for (at = columns; at > 0 && line[at] != ' ';)
        at--;
    return at > 0 ? at : strcspn(line, " \n");
}

void text_wrap(FILE *out, const char *text, int columns)
{
    static const size_t indent = 2;

    while (*text) {
        size_t end = strcspn(text, "\n");
        size_t room = columns > 20 ? (size_t)columns : 20, used;

        used = fitting(text, end, room);
        fprintf(out, "%.*s\n", (int)used, text);
        for (text += used, end -= used; end > 0; text += used, end -= used) {
            text++; /* the blank */
            end--;
            used = fitting(text, end, room - indent);
            fprintf(out, "  %.*s\n", (int)used, text);
        }
        text += *text == '\n';
    }
}
