#include "study/expect_judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define NOT_COMPLETED (-2)

struct expect_judge {
    struct expect *expect;
    const struct sweep *sweep;
    int *breaches;  /* [count] -1: none judged */
    size_t *latest; /* [groups] last completed repetition; count: none */
};

/* The figures of these kinds that studies of a scope have, by names and units.
 */
static void list_of(struct fields *f, unsigned kinds, unsigned scope)
{
    struct outcome nothing;

    record_clear(&nothing, scope);
    record_figures(f, &nothing, kinds);
}

static void list(struct fields *f, unsigned kinds)
{
    list_of(f, kinds, SCOPE_ALL);
}

/* Figures that others have, and this study has not. */
static void list_missing(struct fields *f, const struct sweep *s)
{
    struct fields all = {0}, here = {0};

    list(&all, FIGURE_ALONE);
    list_of(&here, FIGURE_ALONE, record_scope(s->options));
    for (size_t i = 0; i < all.n; i++)
        if (!fields_find(&here, all.list[i].name))
            fields_copy(f, &all.list[i]);
    fields_free(&all);
    fields_free(&here);
}

static size_t repetitions(const struct sweep *s)
{
    return (size_t)options_one(s->options, OPT_REPETITIONS)->count;
}

static int open_expect(struct expect **out, const struct sweep *s,
                       struct error *err)
{
    struct fields all = {0}, repeated = {0}, missing = {0};
    const char *place, *none;
    int rc;

    list(&all, FIGURE_PRINTED | FIGURE_OF_PARTNER);
    rc = expect_open(out, s, &all, limit_words, err);
    fields_free(&all);
    if (rc < 0)
        return -1;
    list(&repeated, FIGURE_REPEATED);
    place = repetitions(s) < 2 ? expect_place(*out, &repeated) : NULL;
    fields_free(&repeated);
    list_missing(&missing, s);
    none = expect_place(*out, &missing);
    fields_free(&missing);
    if (!place && !none)
        return 0;
    if (place)
        error_set(err,
                  "%s: found a limit on a figure of repetitions, expected "
                  "repetitions of 2 or more with it",
                  place);
    else
        error_set(err,
                  "%s: found a limit on a figure of steps that this study does "
                  "not have, expected compute, a rate, or rate: search with it",
                  none);
    expect_close(*out);
    *out = NULL;
    return -1;
}

int expect_judge_check(const struct sweep *s, struct error *err)
{
    struct expect *e;

    if (open_expect(&e, s, err) < 0)
        return -1;
    expect_close(e);
    return 0;
}

/* The columns of one partner alone. */
static void list_partner(struct fields *f, const struct outcome *o, int partner)
{
    const char *name = engine_partner((enum partner)partner)->name;
    struct fields all = {0};
    char column[64];

    snprintf(column, sizeof column, "_of_%s", name);
    record_figures(&all, o, FIGURE_OF_PARTNER);
    for (size_t i = 0; i < all.n; i++)
        if (strstr(all.list[i].name, column))
            fields_copy(f, &all.list[i]);
    fields_free(&all);
}

/* What compares with an engine needs that one in the study. */
static int check_partner(const struct expect *e, const struct prepared *plan,
                         int partner, struct error *err)
{
    const char *name = engine_partner((enum partner)partner)->name, *place;
    struct fields columns = {0};
    struct outcome nothing;

    if (of_partner_swept(plan, (enum partner)partner))
        return 0;
    record_clear(&nothing, SCOPE_ALL);
    list_partner(&columns, &nothing, partner);
    place = expect_place(e, &columns);
    fields_free(&columns);
    if (!place)
        return 0;
    return error_set(err,
                     "%s: found a limit on a share of %s, expected db_exe: "
                     "[SERVER, %s] with it",
                     place, name, name);
}

static int check_partners(const struct expect *e, const struct prepared *plan,
                          struct error *err)
{
    for (int k = PARTNER_FLOOR; k < PARTNERS; k++)
        if (check_partner(e, plan, k, err) < 0)
            return -1;
    return 0;
}

int expect_judge_open(struct expect_judge **out, const struct prepared *plan,
                      struct error *err)
{
    size_t count = plan->sweep.count, each = repetitions(&plan->sweep);
    struct expect *e;
    struct expect_judge *j;

    *out = NULL;
    if (open_expect(&e, &plan->sweep, err) < 0)
        return -1;
    if (!e)
        return 0;
    if (check_partners(e, plan, err) < 0) {
        expect_close(e);
        return -1;
    }
    j = mem_new(1, sizeof *j);
    j->breaches = mem_new(count, sizeof *j->breaches);
    j->latest = mem_new(count / each, sizeof *j->latest);
    j->expect = e;
    j->sweep = &plan->sweep;
    for (size_t i = 0; i < count; i++)
        j->breaches[i] = NOT_COMPLETED;
    for (size_t g = 0; g < count / each; g++)
        j->latest[g] = count;
    *out = j;
    return 0;
}

void expect_judge_close(struct expect_judge *j)
{
    if (!j)
        return;
    expect_close(j->expect);
    free(j->breaches);
    free(j->latest);
    free(j);
}

void expect_judge_end(struct expect_judge *j, const struct permutation *p,
                      struct outcome *o)
{
    struct judgement verdict = {0};
    struct fields figures = {0};

    if (!j)
        return;
    record_figures(&figures, o, FIGURE_ALONE);
    expect_judge(j->expect, p, &figures, &verdict);
    fields_free(&figures);
    o->breaches = verdict.limits ? verdict.breaches : FIELD_NO_INT;
    memcpy(o->breached, verdict.words, sizeof o->breached);
    j->breaches[p->index] = (int)o->breaches;
    j->latest[sweep_group(j->sweep, p->index)] = p->index;
}

int expect_judge_late(struct expect_judge *j, const struct permutation *p,
                      const struct of_partner_runs *partners,
                      const struct repeats *repeats, struct judgement *verdict)
{
    struct fields figures = {0};
    struct outcome known = {.scope = SCOPE_ALL};
    size_t group;
    int *breaches;

    if (!j || j->breaches[p->index] == NOT_COMPLETED)
        return FIELD_NO_INT;
    breaches = &j->breaches[p->index];
    group = sweep_group(j->sweep, p->index);
    known.of = of_partner_compare(partners, p);
    for (int k = PARTNER_FLOOR; k < PARTNERS; k++)
        if (of_partner_beside(partners, p, (enum partner)k))
            list_partner(&figures, &known, k);
    if (j->latest[group] == p->index) {
        known.repeated = repeats_get(repeats, group);
        record_figures(&figures, &known, FIGURE_REPEATED);
    }
    expect_judge(j->expect, p, &figures, verdict);
    fields_free(&figures);
    if (verdict->limits > 0)
        *breaches = (*breaches < 0 ? 0 : *breaches) + verdict->breaches;
    return *breaches;
}
