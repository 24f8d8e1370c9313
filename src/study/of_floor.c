#include "study/of_floor.h"

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

struct of_floor_runs {
    const struct prepared *plan;
    size_t floor;    /* which value of db_exe it is */
    struct own *own; /* [count] */
};

static bool is_floor(const struct prepared *plan, size_t k)
{
    return plan->servers[k].engine->limit;
}

/* Which value of db_exe is the floor beside others; how many there are: none.
 */
static size_t find_floor(const struct prepared *plan, size_t n)
{
    size_t k = 0;

    while (k < n && !is_floor(plan, k))
        k++;
    return n < 2 ? n : k;
}

static size_t count_servers(const struct prepared *plan)
{
    return plan->servers ? options_get(plan->sweep.options, OPT_DB_EXE)->nvalues
                         : 0;
}

bool of_floor_swept(const struct prepared *plan)
{
    size_t n = count_servers(plan);

    return find_floor(plan, n) < n;
}

struct of_floor_runs *of_floor_open(const struct prepared *plan)
{
    size_t k = find_floor(plan, count_servers(plan));
    struct of_floor_runs *f;

    if (!of_floor_swept(plan))
        return NULL;
    f = mem_new(1, sizeof *f);
    f->own = mem_new(plan->sweep.count, sizeof *f->own);
    f->plan = plan;
    f->floor = k;
    return f;
}

void of_floor_close(struct of_floor_runs *f)
{
    for (size_t i = 0; f && i < f->plan->sweep.count; i++)
        free(f->own[i].flags);
    if (f)
        free(f->own);
    free(f);
}

void of_floor_order(const struct prepared *plan, uint32_t *positions)
{
    size_t n = count_servers(plan), k = find_floor(plan, n);

    if (k < n && !options_batch(plan->sweep.options))
        sweep_in_turn(&plan->sweep, k, positions);
}

bool of_floor_is(const struct of_floor_runs *f, const struct permutation *p)
{
    return p->value[OPT_DB_EXE] &&
           sweep_sibling(&f->plan->sweep, p, OPT_DB_EXE, f->floor) == p->index;
}

bool of_floor_strip(const char *flags, char *buf, size_t n)
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

void of_floor_add(struct of_floor_runs *f, const struct permutation *p,
                  const struct summary *s, const char *flags)
{
    char text[SRB_FLAGS_MAX];
    struct own *own;

    if (!f)
        return;
    own = &f->own[p->index];
    for (int k = 0; k < HEADLINES; k++)
        own->of[k] = figures_headline(s, (enum headline)k);
    own->told = of_floor_strip(flags, text, sizeof text);
    free(own->flags);
    own->flags = text[0] ? mem_copy(text) : NULL;
}

/* The ratio of a repetition; not above 0: it is not known. */
static double ratio(const struct own *real, const struct own *floor, int k)
{
    if (!(real->of[k] > 0 && floor->of[k] > 0))
        return NAN;
    return k == HEADLINE_WINDOW ? real->of[k] / floor->of[k]
                                : floor->of[k] / real->of[k];
}

struct of_floor of_floor_compare(const struct of_floor_runs *f,
                                 const struct permutation *p)
{
    struct running of[HEADLINES] = {{0}};
    struct of_floor x;
    size_t sibling, n;

    if (f && p->value[OPT_DB_EXE] && !of_floor_is(f, p) &&
        f->own[p->index].of[HEADLINE_PUT] > 0) {
        sibling = sweep_sibling(&f->plan->sweep, p, OPT_DB_EXE, f->floor);
        n = (size_t)p->value[OPT_REPETITIONS]->count;
        for (size_t i = 0; i < n; i++)
            for (int k = 0; k < HEADLINES; k++) {
                double r = ratio(&f->own[p->index / n * n + i],
                                 &f->own[sibling / n * n + i], k);

                if (r > 0)
                    running_add(&of[k], r);
            }
    }
    for (int k = 0; k < HEADLINES; k++)
        x.share[k] = running_across(&of[k]);
    return x;
}

char *of_floor_flags(const struct of_floor_runs *f, const struct permutation *p,
                     const struct of_floor *x, char *buf, size_t n)
{
    const struct own *own = f ? &f->own[p->index] : NULL;
    bool beaten = record_floor_beaten(x);

    if (!own || beaten == own->told)
        return NULL;
    snprintf(buf, n, "%s", own->flags ? own->flags : "");
    if (beaten)
        text_join(buf, n, ",", "%s", SRB_FLOOR_BEATEN);
    return buf;
}
