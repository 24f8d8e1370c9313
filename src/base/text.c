#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
