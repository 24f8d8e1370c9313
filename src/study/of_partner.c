#include "study/of_partner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "results/verdict.h"

/* One completed permutation; figures of 0: none. */
struct own {
    double of[HEADLINES];
    char *flags; /* without SRB_FLOOR_BEATEN; NULL: none */
    bool told;   /* its row has that one */
};

struct of_partner_runs {
    const struct prepared *plan;
    size_t at[PARTNERS]; /* which value of db_exe each is; NOT_THERE */
    struct own *own;     /* [count] */
};

#define NOT_THERE SIZE_MAX

/* Which values of db_exe others beside them are held against; how many. */
static int find(const struct prepared *plan, size_t at[PARTNERS])
{
    size_t n = plan->servers
                   ? options_get(plan->sweep.options, OPT_DB_EXE)->nvalues
                   : 0;
    int found = 0;

    for (int p = 0; p < PARTNERS; p++)
        at[p] = NOT_THERE;
    for (size_t k = 0; k < n && n > 1; k++) {
        enum partner p = plan->servers[k].engine->partner;

        found += p != PARTNER_NONE;
        if (p != PARTNER_NONE && at[p] == NOT_THERE)
            at[p] = k;
    }
    return found;
}

bool of_partner_swept(const struct prepared *plan, enum partner partner)
{
    size_t at[PARTNERS];

    find(plan, at);
    return at[partner] != NOT_THERE;
}

struct of_partner_runs *of_partner_open(const struct prepared *plan)
{
    size_t at[PARTNERS];
    struct of_partner_runs *f;

    if (find(plan, at) == 0)
        return NULL;
    f = mem_new(1, sizeof *f);
    f->own = mem_new(plan->sweep.count, sizeof *f->own);
    f->plan = plan;
    memcpy(f->at, at, sizeof f->at);
    return f;
}

void of_partner_close(struct of_partner_runs *f)
{
    for (size_t i = 0; f && i < f->plan->sweep.count; i++)
        free(f->own[i].flags);
    if (f)
        free(f->own);
    free(f);
}

/* One is enough to bring all together that stand in a place; memory stands in
 * one placement alone. */
void of_partner_order(const struct prepared *plan, uint32_t *positions)
{
    size_t at[PARTNERS];
    int p = PARTNER_FLOOR;

    if (find(plan, at) == 0 || options_batch(plan->sweep.options))
        return;
    while (at[p] == NOT_THERE)
        p++;
    sweep_in_turn(&plan->sweep, at[p], positions);
}

/* The partner in the place of p, or p itself where none is. */
static size_t beside(const struct of_partner_runs *f,
                     const struct permutation *p, int partner)
{
    return p->value[OPT_DB_EXE] && f->at[partner] != NOT_THERE
               ? sweep_sibling(&f->plan->sweep, p, OPT_DB_EXE, f->at[partner])
               : p->index;
}

bool of_partner_beside(const struct of_partner_runs *f,
                       const struct permutation *p, enum partner partner)
{
    return f && beside(f, p, (int)partner) != p->index;
}

bool of_partner_strip(const char *flags, char *buf, size_t n)
{
    char copy[SRB_FLAGS_MAX], *rest;
    bool told = false;

    buf[0] = '\0';
    snprintf(copy, sizeof copy, "%s", flags);
    for (char *f = strtok_r(copy, ",", &rest); f;
         f = strtok_r(NULL, ",", &rest))
        if (strcmp(f, SRB_FLOOR_BEATEN) == 0)
            told = true;
        else
            text_join(buf, n, ",", "%s", f);
    return told;
}

void of_partner_add(struct of_partner_runs *f, const struct permutation *p,
                    const struct summary *s, const char *flags)
{
    char text[SRB_FLAGS_MAX];
    struct own *own;

    if (!f)
        return;
    own = &f->own[p->index];
    for (int k = 0; k < HEADLINES; k++)
        own->of[k] = figures_headline(s, (enum headline)k);
    own->told = of_partner_strip(flags, text, sizeof text);
    free(own->flags);
    own->flags = text[0] ? mem_copy(text) : NULL;
}

/* The ratio of a repetition; not above 0: it is not known. */
static double ratio(const struct own *real, const struct own *partner, int k)
{
    if (!(real->of[k] > 0 && partner->of[k] > 0))
        return NAN;
    return k == HEADLINE_WINDOW ? real->of[k] / partner->of[k]
                                : partner->of[k] / real->of[k];
}

/* Repetition by repetition. */
static void compare(const struct of_partner_runs *f,
                    const struct permutation *p, size_t partner,
                    struct across share[HEADLINES])
{
    struct running of[HEADLINES] = {{0}};
    size_t n = (size_t)p->value[OPT_REPETITIONS]->count;

    for (size_t i = 0; i < n && partner != p->index; i++)
        for (int k = 0; k < HEADLINES; k++) {
            double r = ratio(&f->own[p->index / n * n + i],
                             &f->own[partner / n * n + i], k);

            if (r > 0)
                running_add(&of[k], r);
        }
    for (int k = 0; k < HEADLINES; k++)
        share[k] = running_across(&of[k]);
}

struct of_partner of_partner_compare(const struct of_partner_runs *f,
                                     const struct permutation *p)
{
    bool known = f && f->own[p->index].of[HEADLINE_PUT] > 0;
    struct of_partner x = {0};

    for (int k = 0; k < PARTNERS; k++)
        compare(f, p, known ? beside(f, p, k) : p->index, x.share[k]);
    return x;
}

/* Floor is the limit of sockets, which not everybody has. */
static bool beats_floor(const struct of_partner_runs *f,
                        const struct permutation *p, const struct of_partner *x)
{
    return prepare_server(f->plan, p)->engine->kind == ENGINE_PROCESS &&
           record_floor_beaten(x);
}

char *of_partner_flags(const struct of_partner_runs *f,
                       const struct permutation *p, const struct of_partner *x,
                       char *buf, size_t n, bool *beaten)
{
    const struct own *own = f ? &f->own[p->index] : NULL;

    *beaten = own && beats_floor(f, p, x);
    if (!own || *beaten == own->told)
        return NULL;
    snprintf(buf, n, "%s", own->flags ? own->flags : "");
    if (*beaten)
        text_join(buf, n, ",", "%s", SRB_FLOOR_BEATEN);
    return buf;
}
