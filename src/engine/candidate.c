#include "engine/candidate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/version.h"

/* ---- what allocators read: NAME:VALUE, … ---- */

/* How the words of such a variable are put together; NULL: it is none. */
static const char *punctuation(const char *variable)
{
    if (strcmp(variable, "MALLOC_CONF") == 0 ||
        strcmp(variable, "JE_MALLOC_CONF") == 0)
        return ",:"; /* jemalloc(3), TUNING */
    /* "Memory Allocation Tunables" of glibc's manual */
    return strcmp(variable, "GLIBC_TUNABLES") == 0 ? ":=" : NULL;
}

/* The word of `list` that has the name of `word`, or NULL. */
static const char *find_word(const char *list, const char *word,
                             const char *marks)
{
    size_t n = strcspn(word, marks);
    const char end[] = {marks[0], '\0'};

    while (*list) {
        size_t len = strcspn(list, end);

        if (strcspn(list, marks) == n && strncmp(list, word, n) == 0)
            return list;
        list += len + (list[len] != '\0');
    }
    return NULL;
}

/* Words of one list, of those that another one has too those of `instead`;
 * without such that `not` has. */
static void print_words(FILE *out, const char *list, const char *instead,
                        const char * not, const char *marks)
{
    const char end[] = {marks[0], '\0'};

    while (*list) {
        size_t len = strcspn(list, end);
        const char *own = find_word(instead, list, marks);

        own = own ? own : list;
        if (!find_word(not, list, marks))
            fprintf(out, "%s%.*s", ftell(out) > 0 ? end : "",
                    (int)strcspn(own, end), own);
        list += len + (list[len] != '\0');
    }
}

/* The base's words, each as the candidate has it, and then the candidate's
 * others: where it says nothing new, the base as it was. */
static char *join_words(const char *base, const char *more, const char *marks)
{
    char *text;
    size_t n;
    FILE *out = mem_stream(&text, &n);

    print_words(out, base, more, "", marks);
    print_words(out, more, "", base, marks);
    fclose(out);
    return text;
}

/* ---- maps ---- */

static const struct pair *find_pair(const struct value *map, const char *name)
{
    for (size_t i = 0; map && i < map->npairs; i++)
        if (strcmp(map->pairs[i].name, name) == 0)
            return &map->pairs[i];
    return NULL;
}

static void print_pair(FILE *out, const char *name, const char *value,
                       const char *between)
{
    fputs(between, out);
    options_print_text(out, name);
    fputs(": ", out);
    options_print_text(out, value ? value : "");
}

/* One of the candidate's pairs, with the base's words where both are an
 * allocator's. */
static void print_joined(FILE *out, const struct pair *more,
                         const struct pair *had, const char *between)
{
    const char *marks = punctuation(more->name);
    char *words;

    if (!marks || !had || !had->value) {
        print_pair(out, more->name, more->value, between);
        return;
    }
    words = join_words(had->value, more->value, marks);
    print_pair(out, more->name, words, between);
    free(words);
}

/* The two maps as one, in YAML; allocated. */
static char *join_maps(const struct value *base, const struct value *more)
{
    const char *between = "";
    char *text;
    size_t n;
    FILE *out = mem_stream(&text, &n);

    fputc('{', out);
    for (size_t i = 0; i < base->npairs; i++)
        if (!find_pair(more, base->pairs[i].name)) {
            print_pair(out, base->pairs[i].name, base->pairs[i].value, between);
            between = ", ";
        }
    for (size_t i = 0; i < more->npairs; i++) {
        print_joined(out, &more->pairs[i], find_pair(base, more->pairs[i].name),
                     between);
        between = ", ";
    }
    fputc('}', out);
    fclose(out);
    return text;
}

static char *joined(enum option_id id, const struct value *base,
                    const char *map)
{
    struct error ignored;
    struct value more;
    char *text;

    if (options_value(id, map, &more, &ignored) < 0)
        return NULL;
    text = join_maps(base, &more);
    options_value_free(&more);
    return text;
}

/* ---- values ---- */

/* What db_cpus is with what the candidate set so far. */
static int64_t cpus_of(const struct permutation *base,
                       const struct candidate_values *v)
{
    for (int i = 0; i < v->n; i++)
        if (v->option[i] == OPT_DB_CPUS)
            return v->value[i].count;
    return permutation_count(base, OPT_DB_CPUS, 1);
}

/* As one would write it; allocated. */
static char *spell(const struct candidate_set *s, const struct permutation *p,
                   const struct candidate_values *v)
{
    const struct value *base = p->value[s->option];
    char number[32];

    switch (s->how) {
    case CANDIDATE_IS:
        return mem_copy(s->value);
    case CANDIDATE_JOINS:
        return joined(s->option, base, s->value);
    case CANDIDATE_TWICE:
        snprintf(number, sizeof number, "%lld", 2 * (long long)base->count);
        break;
    case CANDIDATE_CPUS:
        snprintf(number, sizeof number, "%lld", (long long)cpus_of(p, v));
        break;
    }
    return mem_copy(number);
}

/* -1 where there is no such value. */
static int add(const struct candidate_set *s, const struct permutation *p,
               struct candidate_values *out, bool *differs)
{
    struct value *v = &out->value[out->n];
    struct error ignored;
    char *text;
    int rc;

    if (!p->value[s->option])
        return -1;
    text = spell(s, p, out);
    rc = text ? options_value(s->option, text, v, &ignored) : -1;
    free(text);
    if (rc < 0)
        return -1;
    out->option[out->n++] = s->option;
    *differs = *differs || strcmp(v->text, p->value[s->option]->text) != 0;
    return 0;
}

bool candidate_values(const struct candidate *c, const struct permutation *base,
                      const char *version, struct candidate_values *out)
{
    bool differs = false;
    int rc = 0;

    *out = (struct candidate_values){.n = 0};
    if (c->since && version && !version_since(version, c->since))
        return false;
    for (int i = 0; i < c->nsets && rc == 0; i++)
        rc = add(&c->set[i], base, out, &differs);
    if (rc == 0 && differs)
        return true;
    candidate_free(out);
    return false;
}

void candidate_free(struct candidate_values *v)
{
    while (v->n > 0)
        options_value_free(&v->value[--v->n]);
}

char *candidate_proof(const struct candidate *c,
                      const struct candidate_values *v)
{
    const char *at = c->proof ? strchr(c->proof, '%') : NULL;
    char *text;
    size_t n;
    FILE *out;

    if (!at)
        return c->proof ? mem_copy(c->proof) : NULL;
    out = mem_stream(&text, &n);
    fprintf(out, "%.*s%s%s", (int)(at - c->proof), c->proof,
            v->value[v->n - 1].text, at + 1);
    fclose(out);
    return text;
}

bool candidate_proven(const char *effective, const char *proof)
{
    size_t n = strlen(proof);

    for (const char *at = effective; at; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncmp(at, proof, n) == 0 && (at[n] == '\n' || at[n] == '\0'))
            return true;
    }
    return false;
}
