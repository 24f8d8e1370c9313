#include "plan/features.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define BLANKS " \t\r\n"
#define SPECIAL "&,|()[]*!" BLANKS
#define DEEPEST 32 /* parentheses within each other */

/* A walk through one expression, for one node. */
struct walk {
    const char *text, *at, *has;
    int depth;
    struct error *err;
};

static int refuse(const struct walk *w, const char *expected)
{
    return error_set(w->err,
                     "'%.200s' is no expression of features: expected %s at "
                     "character %zu, such as V100&ib or (V100|A100)&ib",
                     w->text, expected, (size_t)(w->at - w->text) + 1);
}

static int refuse_choice(const struct walk *w)
{
    return error_set(w->err,
                     "'%.200s': [a|b] and counts such as a*2 choose nodes when "
                     "a job is submitted; here give what every single node "
                     "must have, such as V100&ib or V100|A100",
                     w->text);
}

static char next(struct walk *w)
{
    w->at += strspn(w->at, BLANKS);
    return *w->at;
}

/* Whether the node's comma-separated list has that name. */
static bool node_has(const char *list, const char *name, size_t n)
{
    if (strcmp(list, "(null)") == 0) /* as Slurm writes that there are none */
        return false;
    while (*list) {
        size_t len = strcspn(list, ",");

        if (len == n && memcmp(list, name, n) == 0)
            return true;
        list += len + (list[len] == ',');
    }
    return false;
}

static int either(struct walk *w);

/* A name, or an expression in parentheses. */
static int term(struct walk *w)
{
    char c = next(w);
    const char *name = w->at;
    size_t n = strcspn(name, SPECIAL);
    int found;

    if (c == '[')
        return refuse_choice(w);
    if (c != '(') {
        if (n == 0)
            return refuse(w, "a feature or '('");
        w->at += n;
        return next(w) == '*' ? refuse_choice(w) : node_has(w->has, name, n);
    }
    if (++w->depth > DEEPEST)
        return refuse(w, "fewer parentheses");
    w->at++;
    found = either(w);
    if (found < 0)
        return -1;
    if (next(w) != ')')
        return refuse(w, "')'");
    w->at++;
    w->depth--;
    return next(w) == '*' ? refuse_choice(w) : found;
}

/* Terms with one kind of operator between them. All of them are read, so that
 * what is wrong is found on any node. */
static int either(struct walk *w)
{
    int found = term(w);
    char first = '\0';

    while (found >= 0 && next(w) && strchr("&,|", *w->at)) {
        char op = *w->at == ',' ? '&' : *w->at;
        int more;

        if (first && op != first)
            return refuse(w, "parentheses where 'and' and 'or' meet");
        first = op;
        w->at++;
        more = term(w);
        if (more < 0)
            return -1;
        found = op == '&' ? found && more : found || more;
    }
    return found;
}

int features_match(const char *has, const char *expression, struct error *err)
{
    struct walk w = {
        .text = expression, .at = expression, .has = has, .err = err};
    int found = either(&w);

    if (found < 0)
        return -1;
    if (next(&w) == '[')
        return refuse_choice(&w);
    return next(&w) ? refuse(&w, "'&' or '|'") : found;
}
