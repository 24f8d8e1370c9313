/* screen.h - the story of a study that runs, on standard error.
 *
 * On a terminal (terminal.h) it is one line in place:
 *
 *     [ 5/11] ########------------  12 s left  64 KiB  last 1.61 GB/s ...
 *
 * from which whole fields go where the terminal is narrow: of the last one's
 * figures the get and the put, then its bandwidth, the bar, and what varies.
 *
 * Elsewhere each permutation has a line when it has ended, of what varies and
 * nothing else:
 *
 *     [ 5/11]  64 KiB   put  131 us   get  117 us   1.61 GB/s   12 s left
 *
 * of a study of more than a screenful one every two seconds. What failed, broke
 * a limit or raises a flag for the first time is printed always, and so is the
 * last one; with verbose all are, and how each begins; with quiet nothing but
 * what is wrong. World rank 0 alone; all functions are local.
 */
#ifndef SRB_SCREEN_H
#define SRB_SCREEN_H

#include "plan/expect.h"
#include "plan/place.h"
#include "results/rows.h"

/* What the study comes to, in a line; servers as "redis 7.0.15". The rows must
 * stay. */
void screen_open(const struct rows *rows, const struct machine *m,
                 const char *servers);

/* A permutation starts, and has ended; the latter with the time that is left,
 * in seconds (NaN: not known). */
void screen_start(const struct permutation *p, const struct placement *pl,
                  const struct outcome *o);
void screen_end(const struct permutation *p, const struct outcome *o,
                double seconds_left);

/* The line in place goes. */
void screen_close(void);

/* Loud words on hosts with more runnable processes than CPUs, once for a study:
 * the worst case, and how many others there are. */
void screen_oversubscribed(const char *host, int others, int processes,
                           int cpus);

/* Limits on a permutation's figures that were judged at the end of the study.
 */
void screen_late_breaches(size_t index, const struct judgement *j);

/* "12 s left", "1.4 s left", "< 1 s left"; "" where it is not known. Returns
 * buf. */
char *screen_left(double seconds, char *buf, size_t n);

#endif
