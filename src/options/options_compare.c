/* options_compare.c - what two configurations differ in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "options/options_internal.h"

/* So many differences are named. */
enum { NAMED = 3 };

static bool same(const struct setting *a, const struct setting *b)
{
    if (a->nvalues != b->nvalues)
        return false;
    for (size_t i = 0; i < a->nvalues; i++)
        if (a->values[i].is_auto != b->values[i].is_auto ||
            strcmp(a->values[i].text, b->values[i].text) != 0)
            return false;
    return true;
}

static void print_difference(FILE *out, const struct options *was,
                             const struct options *is, enum option_id id)
{
    fprintf(out, "%s was ", option_table[id].name);
    options_print(out, was, id);
    fputs(", is ", out);
    options_print(out, is, id);
}

int options_resumable(const struct options *was, const struct options *is,
                      struct error *err)
{
    char words[SRB_ERROR_MAX / 2] = "";
    FILE *out = fmemopen(words, sizeof words - 1, "w");
    int n = 0;

    if (!out)
        return error_set(err, "not enough memory to compare configurations");
    for (int i = 0; i < OPT_COUNT; i++) {
        enum option_id id = (enum option_id)i;

        if (option_table[id].resume_free || same(&was->set[id], &is->set[id]))
            continue;
        if (n < NAMED) {
            fputs(n > 0 ? "; " : "", out);
            print_difference(out, was, is, id);
        }
        n++;
    }
    if (n > NAMED)
        fprintf(out, "; and %d more", n - NAMED);
    fclose(out);
    return n > 0 ? error_set(err, "%s", words) : 0;
}

int options_agrees(const struct options *o, const struct options *other,
                   struct error *err)
{
    if (o->request != other->request || o->serve != other->serve)
        return error_set(err, "asks for something else than the first part of "
                              "the job; expected the same of all parts");
    for (int i = 0; i < OPT_COUNT; i++) {
        enum option_id id = (enum option_id)i;
        const struct setting *said = &other->set[id];
        char *words = NULL;
        size_t n;
        FILE *out;

        if (id == OPT_ROLE || !said->given || same(&o->set[id], said))
            continue;
        out = mem_stream(&words, &n);
        fprintf(out, "%s says ", said->origin);
        options_print(out, other, id);
        fputs(", and the first part of the job ", out);
        options_print(out, o, id);
        fclose(out);
        error_set(err,
                  "%.1000s; expected the same of all parts (only --role "
                  "is each one's own)",
                  words);
        free(words);
        return -1;
    }
    return 0;
}
