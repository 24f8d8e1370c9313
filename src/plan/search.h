/* search.h - the highest rate that holds, by trying rates.
 *
 * Whether a rate holds is answered by a probe, which is noisy near the limit
 * and costs seconds. So the procedure halves first, by factors, since a rate is
 * looked for over orders of magnitude: from the rate of a closed loop down
 * until one holds (or up, where that one does), then the middle of the bracket
 * in logarithms until its ends are within a factor of 1.05. Then both ends are
 * asked again, until the lower one has held and the upper one has not held
 * three times of three. An end that answers otherwise once is no end: the
 * bracket widens there by its own width (each time by more), and the new end
 * needs three of its own. So what is reported was seen three times at both
 * ends, whatever its width became; a bracket that is wide says how unsteady the
 * system is.
 *
 * Pure, and asks nobody: tests run it against systems on paper.
 */
#ifndef SRB_SEARCH_H
#define SRB_SEARCH_H

#include <stdbool.h>

/* A bracket is narrow enough within this factor. */
#define SEARCH_WIDTH 1.05
/* So often each end must answer alike. */
#define SEARCH_AGREE 3
/* Probes after which a search ends anyway. */
#define SEARCH_PROBES 60

struct search {
    double least;                 /* rates below are not asked */
    double low, high;             /* held, did not hold; 0: none yet */
    int lows, highs;              /* how often these did */
    double widen_low, widen_high; /* factors of the next widening */
    double asked;                 /* the rate that is being probed */
    int probes;                   /* so far */
    bool narrowed;                /* the bracket was narrow enough once */
};

/* upper: the rate of a closed loop, where to begin; least: below which a probe
 * cannot tell (0: always can). */
void search_open(struct search *s, double upper, double least);

/* The rate to probe next; 0: there is nothing more to ask. */
double search_next(struct search *s);

/* What the probe of that rate said. */
void search_tell(struct search *s, bool held);

/* Whether the ends are what they should be: each asked SEARCH_AGREE times. Else
 * it was given up, or no rate holds (low is 0). */
bool search_found(const struct search *s);

#endif
