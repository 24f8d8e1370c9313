#include "plan/budget.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

/* The same once more may take that much longer; another one, of which only the
 * work is known, that much. */
#define AGAIN 1.1
#define ALIKE 1.5

/* What is unknown is started while so many seconds are left. */
#define LEAST_LEFT 1.0

/* Kept for the end: a share of the limit, because what has a long limit is
 * large, but neither nothing nor minutes. */
#define RESERVE_SHARE 0.02
#define RESERVE_LEAST 0.5
#define RESERVE_MOST 30.0

struct entry {
    size_t index;
    struct budget_cost cost;
};

struct budget {
    const struct sweep *sweep;
    size_t n; /* added so far; entry k is at k % SRB_BUDGET_KEPT */
    struct entry entries[SRB_BUDGET_KEPT];
};

struct budget *budget_open(const struct sweep *s)
{
    struct budget *b = mem_new(1, sizeof *b);

    b->sweep = s;
    return b;
}

void budget_close(struct budget *b)
{
    free(b);
}

void budget_add(struct budget *b, size_t index, const struct budget_cost *cost)
{
    b->entries[b->n++ % SRB_BUDGET_KEPT] = (struct entry){index, *cost};
}

static size_t kept(const struct budget *b)
{
    return b->n < SRB_BUDGET_KEPT ? b->n : SRB_BUDGET_KEPT;
}

/* In how many axes two permutations differ. The size of the tensor is not one:
 * the work tells of it. */
static int distance(const struct permutation *p, const struct permutation *q)
{
    int n = p->experiment != q->experiment;

    for (int i = 0; i < OPT_COUNT; i++)
        if (i < OPT_AXES && i != OPT_TENSOR_BYTES)
            n += p->value[i] != q->value[i];
    return n;
}

/* The slowest of the repetitions that ran, or NULL. */
static const struct entry *repetition(const struct budget *b, size_t index)
{
    size_t group = sweep_group(b->sweep, index);
    const struct entry *slowest = NULL;

    for (size_t k = 0; k < kept(b); k++) {
        const struct entry *e = &b->entries[k];

        if (sweep_group(b->sweep, e->index) == group &&
            (!slowest || e->cost.rest > slowest->cost.rest))
            slowest = e;
    }
    return slowest;
}

/* The one that differs in the fewest axes, among those the one nearest in
 * work. NULL: there is none. */
static const struct entry *most_alike(const struct budget *b,
                                      const struct permutation *p, double work)
{
    const struct entry *best = NULL;
    int least = 0;

    for (size_t k = 0; k < kept(b); k++) {
        const struct entry *e = &b->entries[k];
        struct permutation q;
        int d;

        sweep_at(b->sweep, e->index, &q);
        d = distance(p, &q);
        if (best && (d > least ||
                     (d == least && fabs(log(e->cost.work / work)) >=
                                        fabs(log(best->cost.work / work)))))
            continue;
        best = e;
        least = d;
    }
    return best;
}

/* The longest start of its set-up, else of any; 0 where none was timed. */
static double start_of(const struct budget *b, size_t setup)
{
    double own = 0, any = 0;

    for (size_t k = 0; k < kept(b); k++) {
        const struct entry *e = &b->entries[k];
        struct permutation q;

        any = fmax(any, e->cost.start);
        sweep_at(b->sweep, e->index, &q);
        if (q.setup == setup)
            own = fmax(own, e->cost.start);
    }
    return own > 0 ? own : any;
}

struct budget_guess budget_guess(const struct budget *b, size_t index,
                                 double work, bool starts)
{
    struct budget_guess guess = {.seconds = NAN};
    const struct entry *e = repetition(b, index);
    double margin = e ? AGAIN : ALIKE;
    struct permutation p;

    sweep_at(b->sweep, index, &p);
    if (!e)
        e = most_alike(b, &p, work);
    if (!e)
        return guess;
    guess.by = e->index;
    guess.seconds = margin * (e->cost.rest * work / e->cost.work +
                              (starts ? start_of(b, p.setup) : 0));
    return guess;
}

double budget_reserve(double limit)
{
    return fmin(fmax(RESERVE_SHARE * limit, RESERVE_LEAST), RESERVE_MOST);
}

bool budget_fits(const struct budget_guess *guess, double left)
{
    return left >= (isnan(guess->seconds) ? LEAST_LEFT : guess->seconds);
}
