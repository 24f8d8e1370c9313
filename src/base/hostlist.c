#include "base/hostlist.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

#define BLANKS " \t\r\n"
#define DIGITS "0123456789"
#define LETTERS                                                                \
    "abcdefghijklmnopqrstuvwxyz"                                               \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define PLAIN LETTERS DIGITS "-._" /* what a host's name is made of */

#define NUMBER_MAX 15 /* digits of a number, so that it fits */

/* Where an expansion writes; `text` is for words. */
struct out {
    struct hostlist *list;
    const char *text; /* all of it */
    size_t room, most;
    char name[SRB_HOST_MAX];
    struct error *err;
};

/* One `low-high` or `number` of a bracket. */
struct range {
    uint64_t low, high;
    int width;
};

/* ---- is it a list? ---- */

static int refuse(const char *text, const char *at, struct error *err,
                  const char *what)
{
    return error_set(err,
                     "'%.80s' is no list of hosts: %s at character %zu; write "
                     "names, or ranges such as nid[0001-0004,0010]",
                     text, what, (size_t)(at - text) + 1);
}

/* Read a number; NULL when there is none, or too long a one. */
static const char *read_number(const char *at, uint64_t *value, size_t *digits)
{
    *digits = strspn(at, DIGITS);
    if (*digits == 0 || *digits > NUMBER_MAX)
        return NULL;
    *value = strtoull(at, NULL, 10);
    return at + *digits;
}

/* Read one range. Returns what follows it, or NULL with what is wrong. */
static const char *read_range(const char *at, struct range *r,
                              const char **wrong)
{
    size_t low_digits, high_digits;

    *wrong = "expected a number of at most 15 digits";
    at = read_number(at, &r->low, &low_digits);
    if (!at)
        return NULL;
    r->high = r->low;
    r->width = (int)low_digits;
    if (*at != '-')
        return at;
    at = read_number(at + 1, &r->high, &high_digits);
    if (!at)
        return NULL;
    *wrong = "a range that descends";
    if (r->high < r->low)
        return NULL;
    /* [1-010] and [001-5]: which width is meant? */
    *wrong = "a range whose ends are padded differently";
    if (high_digits < low_digits ||
        (at[-(ptrdiff_t)high_digits] == '0' && high_digits > low_digits))
        return NULL;
    return at;
}

/* From behind '[' to behind ']'. */
static const char *check_bracket(const char *text, const char *at,
                                 struct error *err)
{
    const char *wrong, *next;
    struct range r;

    for (;; at = next + 1) {
        next = read_range(at, &r, &wrong);
        if (!next) {
            refuse(text, at, err, wrong);
            return NULL;
        }
        if (*next == ']')
            return next + 1;
        if (*next != ',') {
            refuse(text, next, err,
                   *next ? "expected ',' or ']'" : "a '[' without its ']'");
            return NULL;
        }
    }
}

/* One name with its brackets. Returns what follows it, or NULL. */
static const char *check_name(const char *text, const char *at,
                              struct error *err)
{
    const char *start = at;

    while (at) {
        at += strspn(at, PLAIN);
        if (*at != '[')
            break;
        at = check_bracket(text, at + 1, err);
    }
    if (!at)
        return NULL;
    if (*at && *at != ',' && !strchr(BLANKS, *at)) {
        refuse(text, at, err,
               *at == ']' ? "a ']' without its '['"
                          : "a character that is in no host's name");
        return NULL;
    }
    if (at == start || *start == '-' || *start == '.') {
        refuse(text, start, err,
               at == start ? "expected a name"
                           : "a name that begins with '-' or '.'");
        return NULL;
    }
    return at;
}

/* ---- expand what is one ---- */

static int add(struct out *o, size_t used)
{
    struct hostlist *l = o->list;

    if (l->n == o->most)
        return error_set(o->err,
                         "'%.100s' names more hosts than there are (%zu)",
                         o->text, o->most);
    l->name = mem_more(l->name, l->n, &o->room, sizeof *l->name);
    l->name[l->n] = mem_copy_n(o->name, used);
    l->n++;
    return 0;
}

static int too_long(struct out *o)
{
    return error_set(o->err, "the name of a host is longer than %d characters",
                     SRB_HOST_MAX - 1);
}

static int expand_name(struct out *o, size_t used, const char *at);

/* Every number of a bracket, each with all that may follow. `at` is behind the
 * '[', `end` behind the ']'. */
static int expand_bracket(struct out *o, size_t used, const char *at,
                          const char *end)
{
    const char *wrong;
    struct range r;

    for (; at < end; at++) {
        at = read_range(at, &r, &wrong);
        if (!at)
            return error_set(o->err, "a bracket with %s", wrong);
        for (uint64_t i = r.low; i <= r.high; i++) {
            size_t room = sizeof o->name - used;
            int n = snprintf(o->name + used, room, "%0*" PRIu64, r.width, i);

            if ((size_t)n >= room)
                return too_long(o);
            if (expand_name(o, used + (size_t)n, end) < 0)
                return -1;
        }
    }
    return 0;
}

/* The rest of a name that begins with `used` characters of o->name. As deep as
 * a name has brackets; each makes it longer, so that too_long() ends it. */
static int expand_name(struct out *o, size_t used, const char *at)
{
    size_t plain = strspn(at, PLAIN);

    if (used + plain >= sizeof o->name)
        return too_long(o);
    memcpy(o->name + used, at, plain);
    used += plain;
    at += plain;
    if (*at == '[')
        return expand_bracket(o, used, at + 1, strchr(at, ']') + 1);
    return add(o, used);
}

int hostlist_expand(struct hostlist *list, const char *text, size_t most,
                    struct error *err)
{
    struct out o = {.list = list, .text = text, .most = most, .err = err};
    const char *at = text, *end;

    *list = (struct hostlist){0};
    for (;; at = end + 1) {
        at += strspn(at, BLANKS);
        end = check_name(text, at, err);
        if (!end || expand_name(&o, 0, at) < 0)
            break;
        end += strspn(end, BLANKS);
        if (*end == '\0')
            return 0;
        if (*end != ',') {
            refuse(text, end, err, "expected ',' between two names");
            break;
        }
    }
    hostlist_free(list);
    return -1;
}

void hostlist_free(struct hostlist *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->name[i]);
    free(list->name);
    *list = (struct hostlist){0};
}

/* The length of the first label, or of all of an IPv4 address. */
static size_t short_length(const char *name)
{
    return name[strspn(name, DIGITS ".")] ? strcspn(name, ".") : strlen(name);
}

bool hostlist_same(const char *a, const char *b)
{
    size_t na = short_length(a), nb = short_length(b);

    if (a[na] && b[nb])
        return strcasecmp(a, b) == 0;
    return na == nb && na > 0 && strncasecmp(a, b, na) == 0;
}
