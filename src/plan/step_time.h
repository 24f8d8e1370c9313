/* step_time.h - the time that a permutation takes by its steps alone, however
 * fast its servers are: what is computed, scheduled or probed.
 *
 * Pure.
 */
#ifndef SRB_STEP_TIME_H
#define SRB_STEP_TIME_H

#include "plan/sweep.h"

/* Seconds that it takes at least; 0 where operations follow each other at once
 * and iterations end them. A duration counts. */
double step_time_least(const struct permutation *p);

/* Seconds of it that are known before it runs, as well as can be; 0 of a plain
 * duration, of which every loop has the same. */
double step_time_known(const struct permutation *p);

/* Probes of a search: as many as it cannot do without (one closed loop, and
 * three at each end of its bracket), and as many as most take. */
#define STEP_TIME_LEAST_PROBES 7
#define STEP_TIME_PROBES 12

#endif
