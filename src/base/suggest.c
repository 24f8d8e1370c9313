#include "base/suggest.h"

#include <stdint.h>
#include <string.h>

#define NAME_LENGTH 64 /* more than any name has */
#define MISTAKES 3

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many letters are to be changed, added, dropped or swapped with their
 * neighbour to make a into b (Damerau and Levenshtein, in the form that touches
 * no letter twice). Neither is longer than NAME_LENGTH. */
static size_t distance(const char *a, const char *b)
{
    size_t d[NAME_LENGTH + 1][NAME_LENGTH + 1];
    size_t m = strlen(a), n = strlen(b);

    for (size_t i = 0; i <= m; i++)
        d[i][0] = i;
    for (size_t k = 0; k <= n; k++)
        d[0][k] = k;
    for (size_t i = 1; i <= m; i++)
        for (size_t k = 1; k <= n; k++) {
            d[i][k] = least(least(d[i - 1][k], d[i][k - 1]) + 1,
                            d[i - 1][k - 1] + (a[i - 1] != b[k - 1]));
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
                d[i][k] = least(d[i][k], d[i - 2][k - 2] + 1);
        }
    return d[m][n];
}

struct suggestion suggest_for(const char *typed)
{
    size_t n = strlen(typed);

    return (struct suggestion){
        .typed = typed,
        .distance = n > NAME_LENGTH ? 0 : least(MISTAKES + 1, n)};
}

void suggest_consider(struct suggestion *n, const char *name)
{
    size_t far;

    if (!name || n->distance == 0 || strlen(name) > NAME_LENGTH)
        return;
    far = distance(n->typed, name);
    if (far < n->distance) {
        n->distance = far;
        n->name = name;
    }
}
