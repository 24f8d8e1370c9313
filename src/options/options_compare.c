/* options_compare.c - what two configurations differ in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* A setting as options_print() has it, cut where there is no room. */
static void spell(const struct options *o, enum option_id id, char *buf,
                  size_t n)
{
    FILE *out = fmemopen(buf, n - 1, "w");

    if (!out)
        return;
    options_print(out, o, id);
    fclose(out);
    buf[n - 1] = '\0';
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

/* The role alone is each part's own. */
int options_agree(const struct options *o, const struct options *part,
                  struct error *err)
{
    for (int i = 0; i < OPT_COUNT; i++) {
        enum option_id id = (enum option_id)i;
        char was[SRB_ERROR_MAX / 4] = "", is[SRB_ERROR_MAX / 4] = "";
        char what[SRB_ERROR_MAX];

        if (id == OPT_ROLE || !part->set[id].given ||
            same(&o->set[id], &part->set[id]))
            continue;
        spell(o, id, was, sizeof was);
        spell(part, id, is, sizeof is);
        snprintf(what, sizeof what,
                 "found %s, but the first part of the job says %s; expected "
                 "the same, or nothing (only --role is each part's own)",
                 is, was);
        return options_refuse(part, id, what, err);
    }
    return 0;
}
