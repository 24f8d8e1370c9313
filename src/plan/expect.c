#include "plan/expect.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "base/text.h"
#include "base/units.h"

enum comparison { BELOW, AT_MOST, ABOVE, AT_LEAST, IS, IS_NOT };

/* Longer ones first: "<=" starts with "<". */
static const struct {
    const char *sign;
    enum comparison comparison;
} signs[] = {{"<=", AT_MOST}, {">=", AT_LEAST}, {"<", BELOW}, {">", ABOVE}};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

struct limit {
    const struct pair *pair; /* as it was written */
    enum comparison comparison;
    struct quantity bound;
    const char *word; /* of IS and IS_NOT */
};

/* One map: limits for the permutations that have these values. */
struct rule {
    const char *wanted[OPT_COUNT]; /* text of a value; NULL: any */
    struct limit *limits;
    size_t nlimits;
};

struct expect {
    size_t nrules;
    struct rule *rule;
};

static int unknown(const struct pair *pair, const struct fields *figures,
                   struct error *err)
{
    struct suggestion n = suggest_for(pair->name);

    for (size_t i = 0; i < figures->n; i++)
        suggest_consider(&n, figures->list[i].name);
    for (int id = 0; id < OPT_AXES; id++) {
        suggest_consider(&n, option_table[id].name);
        suggest_consider(&n, option_table[id].alias);
    }
    return error_set(err,
                     "%s: found '%.60s', which is neither a figure of the "
                     "summary nor an axis%s%s%s",
                     pair->name_at, pair->name,
                     n.name ? "; did you mean '" : "", n.name ? n.name : "",
                     n.name ? "'?" : "");
}

/* ---- limits ---- */

/* The sign at the front of a text; NULL: none. Sets *out. */
static const char *take_sign(const char *text, enum comparison *out)
{
    for (size_t i = 0; i < COUNT(signs); i++)
        if (strncmp(text, signs[i].sign, strlen(signs[i].sign)) == 0) {
            *out = signs[i].comparison;
            text += strlen(signs[i].sign);
            return text + strspn(text, " ");
        }
    return NULL;
}

static int take_limit(const struct pair *pair, const struct field *figure,
                      struct limit *out, struct error *err)
{
    static const char head[] = "expected ";
    const char *text = pair->value ? pair->value : "";
    const char *bound = take_sign(text, &out->comparison);
    struct error why;

    out->pair = pair;
    if (units_parse_quantity(bound ? bound : "", figure->unit, &out->bound,
                             &why) == 0)
        return 0;
    return error_set(err,
                     "%s: found '%.60s' for %s, expected <, <=, > or >= and "
                     "then %s",
                     pair->value_at, text, pair->name, why.text + strlen(head));
}

/* "network", "!= network". */
static int take_word(const struct pair *pair, const char *const *words,
                     struct limit *out, struct error *err)
{
    const char *text = pair->value ? pair->value : "";
    const char *word = text;
    char all[256] = "";

    *out = (struct limit){.pair = pair, .comparison = IS};
    if (strncmp(text, "!=", 2) == 0) {
        out->comparison = IS_NOT;
        word += 2 + strspn(text + 2, " ");
    }
    for (size_t i = 0; words[i]; i++) {
        if (strcmp(words[i], word) == 0)
            out->word = words[i];
        text_join(all, sizeof all, words[i + 1] ? ", " : " or ", "%s",
                  words[i]);
    }
    if (out->word)
        return 0;
    return error_set(err,
                     "%s: found '%.60s' for %s, expected %s, or != and then "
                     "one of these",
                     pair->value_at, text, pair->name, all);
}

/* ---- conditions ---- */

static const struct setting *values_of(const struct sweep *s, enum option_id id)
{
    return options_get(s->options, id);
}

/* "1024, 8192 or 16384", the first of many. */
static void list_values(const struct setting *set, char *buf, size_t n)
{
    buf[0] = '\0';
    for (size_t i = 0; i < set->nvalues; i++) {
        bool last = i + 1 == set->nvalues;

        if (text_join(buf, n, last ? " or " : ", ", "%s", set->values[i].text) >
                200 &&
            !last) {
            text_add(buf, n, ", ...");
            return;
        }
    }
}

static int take_condition(const struct sweep *s, const struct pair *pair,
                          enum option_id id, struct rule *rule,
                          struct error *err)
{
    const struct setting *set = values_of(s, id);
    char *text = options_canonical(id, pair->value ? pair->value : "");
    char values[512];

    for (size_t i = 0; text && i < set->nvalues; i++)
        if (strcmp(set->values[i].text, text) == 0)
            rule->wanted[id] = set->values[i].text;
    free(text);
    if (rule->wanted[id])
        return 0;
    list_values(set, values, sizeof values);
    return error_set(err,
                     "%s: found '%.60s' for %s, which the sweep does not "
                     "have, expected %s",
                     pair->value_at, pair->value ? pair->value : "", pair->name,
                     values);
}

/* Whether the rule fits any permutation of a placement: the sweep is a
 * product, so every axis can be looked at by itself. */
static bool fits_placement(const struct rule *r, const struct value *placement)
{
    unsigned bit = experiment_bit(placement->count);

    for (int id = 0; id < OPT_COUNT; id++)
        if (r->wanted[id] && !(option_placement((enum option_id)id) & bit))
            return false;
    return !r->wanted[OPT_EXPERIMENT] ||
           strcmp(r->wanted[OPT_EXPERIMENT], placement->text) == 0;
}

static bool fits_any(const struct sweep *s, const struct rule *r)
{
    const struct setting *set = values_of(s, OPT_EXPERIMENT);

    for (size_t i = 0; i < set->nvalues; i++)
        if (fits_placement(r, &set->values[i]))
            return true;
    return false;
}

static bool fits(const struct rule *r, const struct permutation *p)
{
    for (int id = 0; id < OPT_COUNT; id++)
        if (r->wanted[id] &&
            (!p->value[id] || strcmp(p->value[id]->text, r->wanted[id]) != 0))
            return false;
    return true;
}

/* ---- the whole ---- */

/* What limits are held against. */
struct figures {
    const struct fields *fields;
    const char *const *words;
};

static int take_pair(const struct sweep *s, const struct figures *figures,
                     const struct pair *pair, struct rule *rule,
                     struct error *err)
{
    const struct field *figure = fields_find(figures->fields, pair->name);
    enum option_id id = options_find(pair->name);

    if (id < OPT_AXES)
        return take_condition(s, pair, id, rule, err);
    if (!figure)
        return unknown(pair, figures->fields, err);
    if (figure->type == FIELD_TEXT)
        return take_word(pair, figures->words, &rule->limits[rule->nlimits++],
                         err);
    return take_limit(pair, figure, &rule->limits[rule->nlimits++], err);
}

static int take_rule(const struct sweep *s, const struct figures *figures,
                     const struct value *map, struct rule *rule,
                     struct error *err)
{
    rule->limits = mem_new(map->npairs, sizeof *rule->limits);
    for (size_t i = 0; i < map->npairs; i++)
        if (take_pair(s, figures, &map->pairs[i], rule, err) < 0)
            return -1;
    if (rule->nlimits == 0)
        return error_set(err,
                         "%s: found no limit in %.200s, expected a figure of "
                         "the summary besides the axes",
                         map->pairs[0].name_at, map->text);
    if (!fits_any(s, rule))
        return error_set(err,
                         "%s: found %.200s, which fits no permutation: no "
                         "placement of this study has all these axes",
                         map->pairs[0].name_at, map->text);
    return 0;
}

int expect_open(struct expect **out, const struct sweep *s,
                const struct fields *figures, const char *const *words,
                struct error *err)
{
    const struct setting *set = values_of(s, OPT_EXPECT);
    const struct figures all = {figures, words};
    struct expect *e;

    *out = NULL;
    if (set->values[0].npairs == 0)
        return 0;
    e = mem_new(1, sizeof *e);
    e->rule = mem_new(set->nvalues, sizeof *e->rule);
    for (size_t i = 0; i < set->nvalues; i++)
        if (take_rule(s, &all, &set->values[i], &e->rule[e->nrules++], err) <
            0) {
            expect_close(e);
            return -1;
        }
    *out = e;
    return 0;
}

static bool a_low_rate_may_hold(const struct limit *l)
{
    return (l->comparison == BELOW || l->comparison == AT_MOST) &&
           l->bound.value > 0;
}

int expect_limit_open(struct expect **out, const struct pair *pair,
                      const struct fields *figures, struct error *err)
{
    const struct field *figure = fields_find(figures, pair->name);
    struct suggestion n = suggest_for(pair->name);
    struct expect *e;
    int rc = 0;

    *out = NULL;
    for (size_t i = 0; !figure && i < figures->n; i++)
        suggest_consider(&n, figures->list[i].name);
    if (!figure)
        return error_set(err,
                         "%s: found '%.60s', which is no response or service "
                         "figure, expected such as put_response_p99%s%s%s",
                         pair->name_at, pair->name,
                         n.name ? "; did you mean '" : "", n.name ? n.name : "",
                         n.name ? "'?" : "");
    e = mem_new(1, sizeof *e);
    e->rule = mem_new(1, sizeof *e->rule);
    e->nrules = 1;
    e->rule->limits = mem_new(1, sizeof *e->rule->limits);
    e->rule->nlimits = 1;
    rc = take_limit(pair, figure, e->rule->limits, err);
    if (rc == 0 && !a_low_rate_may_hold(e->rule->limits))
        rc = error_set(err,
                       "%s: found '%.60s' for %s, which a low rate does not "
                       "fulfil, expected < or <= and a time above 0s",
                       pair->value_at, pair->value, pair->name);
    if (rc == 0)
        *out = e;
    else
        expect_close(e);
    return rc;
}

void expect_close(struct expect *e)
{
    for (size_t i = 0; e && i < e->nrules; i++)
        free(e->rule[i].limits);
    if (e)
        free(e->rule);
    free(e);
}

const char *expect_place(const struct expect *e, const struct fields *figures)
{
    for (size_t i = 0; e && i < e->nrules; i++)
        for (size_t k = 0; k < e->rule[i].nlimits; k++)
            if (fields_find(figures, e->rule[i].limits[k].pair->name))
                return e->rule[i].limits[k].pair->name_at;
    return NULL;
}

/* ---- judgement ---- */

/* NaN: not known. */
static double number_of(const struct field *f)
{
    if (f->type != FIELD_INT)
        return f->real;
    return f->integer == FIELD_NO_INT ? NAN : (double)f->integer;
}

static bool holds(const struct limit *l, const struct field *f)
{
    double value = number_of(f);

    switch (l->comparison) {
    case BELOW:
        return value < l->bound.value;
    case AT_MOST:
        return value <= l->bound.value;
    case ABOVE:
        return value > l->bound.value;
    case IS:
        return strcmp(f->text, l->word) == 0;
    case IS_NOT: /* what is not known is none of them */
        return strcmp(f->text, l->word) != 0;
    default:
        return value >= l->bound.value;
    }
}

/* What is NaN for want of samples says so. */
static void add_words(const struct limit *l, const struct field *f,
                      struct judgement *j)
{
    const char *name = l->pair->name;
    double value = number_of(f);
    char is[48];

    if (l->word)
        text_join(j->words, sizeof j->words, "; ", "%s is %s, expected %s",
                  name, f->text[0] ? f->text : "not told", l->pair->value);
    else if (!isnan(value))
        text_join(j->words, sizeof j->words, "; ", "%s is %s, expected %s",
                  name, units_print_quantity(value, &l->bound, is, sizeof is),
                  l->pair->value);
    else
        text_join(j->words, sizeof j->words, "; ",
                  "%s cannot be judged, since it %s, expected %s", name,
                  strstr(name, "_p9") ? "has fewer than 10 samples beyond it"
                                      : "was not measured here",
                  l->pair->value);
}

static void judge_rule(const struct rule *r, const struct fields *figures,
                       struct judgement *j)
{
    for (size_t i = 0; i < r->nlimits; i++) {
        const struct field *f = fields_find(figures, r->limits[i].pair->name);

        if (!f)
            continue;
        j->limits++;
        /* NaN holds nothing */
        if (holds(&r->limits[i], f))
            continue;
        j->breaches++;
        add_words(&r->limits[i], f, j);
    }
}

void expect_judge(const struct expect *e, const struct permutation *p,
                  const struct fields *figures, struct judgement *j)
{
    for (size_t i = 0; e && i < e->nrules; i++)
        if (fits(&e->rule[i], p))
            judge_rule(&e->rule[i], figures, j);
}
