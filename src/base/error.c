#include "base/error.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

int error_set(struct error *err, const char *fmt, ...)
{
    va_list ap;

    if (!err)
        return -1;
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    text_clean(err->text); /* it may quote anybody */
    err->rank = err->ranks = 0;
    return -1;
}

int error_prefix(struct error *err, const char *fmt, ...)
{
    struct error old;
    va_list ap;
    size_t used;

    if (!err)
        return -1;
    old = *err;
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    used = strlen(err->text);
    snprintf(err->text + used, sizeof err->text - used, ": %s", old.text);
    text_clean(err->text);
    return -1;
}
