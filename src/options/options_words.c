/* The words that later rooms hand to the options. */
#include <string.h>

#include "base/diag.h"
#include "options/options_internal.h"

static const struct options_words *handed;

void options_hand_words(const struct options_words *words)
{
    handed = words;
}

const struct options_word *options_words(const struct option *d)
{
    static const struct options_word none = {.name = NULL};

    if (d->handed == HANDED_NONE)
        return &none;
    if (!handed)
        die("nobody has handed words to the options");
    return d->handed == HANDED_SERVERS ? handed->servers : handed->clients;
}

const struct options_word *options_handed(enum option_id id, const char *name)
{
    for (const struct options_word *w = options_words(&option_table[id]);
         w->name; w++)
        if (strcmp(w->name, name) == 0)
            return w;
    return NULL;
}

const char *options_choice(const struct option *d, size_t i)
{
    return d->choices ? d->choices[i] : options_words(d)[i].name;
}
