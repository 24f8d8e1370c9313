/* fuzz_hostlist.c - lists of hosts, and expressions of features.
 *
 * Promised by hostlist.h: what expands is within the bound, of names that are
 * lists of one name themselves; what does not has words and leaves nothing.
 * Promised by features.h: what is no expression is none on every node. */
#include "base/hostlist.h"
#include "fuzz.h"
#include "plan/features.h"

#define MOST 500

static void check_name(const char *name)
{
    struct hostlist one;
    struct error err;

    PROMISE(strlen(name) < SRB_HOST_MAX, "'%s' is too long", name);
    PROMISE(hostlist_expand(&one, name, 1, &err) == 0, "'%s': %s", name,
            err.text);
    PROMISE(one.n == 1 && strcmp(one.name[0], name) == 0, "'%s' is not itself",
            name);
    PROMISE(hostlist_same(name, one.name[0]), "'%s' is another host", name);
    hostlist_free(&one);
}

static void expand(const char *text)
{
    struct error err = {.text = ""};
    struct hostlist l;

    if (hostlist_expand(&l, text, MOST, &err) < 0) {
        PROMISE(err.text[0] && !l.name && l.n == 0, "'%s' failed badly", text);
        return;
    }
    PROMISE(l.n > 0 && l.n <= MOST, "'%s' has %zu names", text, l.n);
    for (size_t i = 0; i < l.n; i++)
        check_name(l.name[i]);
    hostlist_free(&l);
}

static void match(const char *text)
{
    struct error err = {.text = ""};
    int none = features_match("", text, &err);
    int some = features_match("V100,ib", text, &err);

    PROMISE(none <= 0 && some <= 1, "'%s' is %d and %d", text, none, some);
    PROMISE((none < 0) == (some < 0), "'%s' depends on the node", text);
    PROMISE(some >= 0 || err.text[0], "no words for '%s'", text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = copy_text(data, size);

    expand(text);
    match(text);
    free(text);
    return 0;
}
