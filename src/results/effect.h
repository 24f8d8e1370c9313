/* effect.h - what one value of an axis does against another: the arithmetic of
 * verdict.h, which says by what right. Pure; all functions are local.
 */
#ifndef SRB_EFFECT_H
#define SRB_EFFECT_H

#include "results/verdict.h"

/* What lies within this factor of 1 is called equal. */
#define EFFECT_EQUAL 1.05

/* Of one value of an axis against another, at one size or all. */
struct effect {
    int pairs;
    double sum, squares;                /* of the logarithms of the ratios */
    double variance;                    /* of the sum */
    double welch;                       /* sum of variances^2 / df */
    double weights, weighted, wsquares; /* by the inverse of variances */
    double least, most;                 /* ratios */
};

void effect_add(struct effect *e, const struct verdict_row *x,
                const struct verdict_row *y);

/* The geometric mean of the ratios, and its 95 % interval; NaN: unknown. */
struct interval {
    double ratio, low, high;
};
struct interval effect_interval(const struct effect *e);

/* Whether the ratios lie further apart than their errors make of it. */
bool effect_disagrees(const struct effect *e);

enum told { TOLD_MORE, TOLD_LESS, TOLD_EQUAL, TOLD_NOTHING, TOLDS };
enum told effect_told(const struct interval *x);

/* One axis at a time: its rows, so ordered that those which differ in nothing
 * else are neighbours. */
struct view {
    const struct verdict_study *s;
    int axis;
    bool *own;   /* [naxes] axes that only some of its values have, or that it
                    decides */
    size_t *row; /* [n] */
    size_t n;
    double *rank; /* [nlevels] mean logarithm of the rate; NaN: none */
};

/* Of each value of the axis only its best variant, by its own axes, stays. To
 * be released by effect_view_close(). */
void effect_view_open(struct view *v, const struct verdict_study *s, int axis);
void effect_view_close(struct view *v);

/* The sizes by which the sentence of an axis goes. */
int effect_sizes(const struct view *v);

/* Value x of the axis against y: an effect for each size, to be freed. */
struct effect *effect_by_size(const struct view *v, int x, int y);

/* Whether a row has something to compare. */
bool effect_usable(const struct verdict_row *r);

/* Student's t for degrees of freedom that need not be whole: of the whole ones
 * below. */
double effect_student(double df);

#endif
