#include "plan/search.h"

#include <math.h>

/* Between rates before there is a bracket. */
#define STRIDE 2.0
/* Where the closed loop's rate holds, the limit is not far above it. */
#define CLIMB 1.25

void search_open(struct search *s, double upper, double least)
{
    *s = (struct search){.least = least,
                         .widen_low = SEARCH_WIDTH,
                         .widen_high = SEARCH_WIDTH,
                         .asked = fmax(upper, least)};
}

/* The end that is to be asked again, the lower one first; 0: none. */
static double doubtful(const struct search *s)
{
    return s->lows < SEARCH_AGREE    ? s->low
           : s->highs < SEARCH_AGREE ? s->high
                                     : 0;
}

static bool is_narrow(const struct search *s)
{
    return s->high <= s->low * SEARCH_WIDTH * (1 + 1e-9);
}

/* Where neither end was asked yet, asked stands at the closed loop's rate. */
static double choose(const struct search *s)
{
    if (s->low == 0 && s->high == 0)
        return s->asked;
    if (s->low == 0)
        return s->high <= s->least ? 0 : fmax(s->high / STRIDE, s->least);
    if (s->high == 0)
        return s->low * CLIMB;
    if (!s->narrowed && !is_narrow(s))
        return sqrt(s->low * s->high);
    return doubtful(s);
}

double search_next(struct search *s)
{
    if (s->probes >= SEARCH_PROBES)
        return 0;
    s->narrowed = s->narrowed || (s->low > 0 && s->high > 0 && is_narrow(s));
    s->asked = choose(s);
    return s->asked;
}

/* The lower end did not hold this time: it is no end, and what is below by as
 * much as the bracket is wide is asked. */
static void lower(struct search *s)
{
    double below = s->low / s->widen_low;

    s->widen_low *= s->widen_low;
    s->low = below > s->least ? below : s->least;
    s->lows = 0;
}

static void raise(struct search *s)
{
    s->high *= s->widen_high;
    s->widen_high *= s->widen_high;
    s->highs = 0;
}

void search_tell(struct search *s, bool held)
{
    s->probes++;
    if (s->asked == s->low && !held && s->low <= s->least) {
        s->low = 0; /* nothing is below */
        s->high = s->least;
        s->lows = s->highs = 0;
    } else if (s->asked == s->low && !held) {
        lower(s);
    } else if (s->asked == s->high && held) {
        raise(s);
    } else if (held) {
        s->lows = s->asked == s->low ? s->lows + 1 : 1;
        s->low = s->asked;
    } else {
        s->highs = s->asked == s->high ? s->highs + 1 : 1;
        s->high = s->asked;
    }
}

bool search_found(const struct search *s)
{
    return s->low > 0 && s->lows >= SEARCH_AGREE && s->highs >= SEARCH_AGREE;
}
