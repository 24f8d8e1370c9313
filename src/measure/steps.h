/* steps.h - steps with the cadence of a solver, around the operations.
 *
 * A step is what is an iteration where nothing is between: it waits until it is
 * due (pace.h), computes (compute.h), meets the others where sync: iteration
 * says so, and then puts and gets. All of this lies between the timed
 * operations, in rules that the loops of all languages share; where a study
 * asks for neither there are no steps, and nothing of this is looked at.
 *
 *     due ........ begun [ compute ] ( meets ) [ put ] [ get ]  end
 *      |-- late --|
 *                 |------------------- step -------------------|
 *      |--------------------- step_response -------------------|
 *
 * What is computed and waited is summed in spans of its own, which count
 * neither as time between the operations nor as work of the client.
 */
#ifndef SRB_STEPS_H
#define SRB_STEPS_H

#include <stdbool.h>

#include "measure/compute.h"
#include "measure/pace.h"
#include "measure/samples.h"

/* What a study asks for; all zero: no steps. */
struct step_rules {
    double compute; /* s; 0: nothing */
    enum compute_kind compute_kind;
    double rate; /* steps a second; 0: at once */
    bool poisson;
    int clients;   /* that the schedule is for */
    uint64_t seed; /* of the study */
};

static inline bool step_rules_any(const struct step_rules *r)
{
    return r->compute > 0 || r->rate > 0;
}

/* One client's, while it runs. */
struct steps {
    struct step_rules rules;
    struct compute compute;
    struct pace pace;
    int64_t spin_ns;
    unsigned long slack; /* of its timers, as it was */
    bool exact;          /* they are exact now */
    int64_t origin;   /* of the schedule: when all were to start, an instant */
    double alone[2];  /* s of a step while all compute and nobody exchanges,
                         before the loop and after it; NaN: it was broken off */
    double waited[2]; /* share of that in which it had no CPU; NaN: sleep */
    double cpu_time;  /* s, of computing and waiting for a due time */
    /* of the phase */
    struct step_series *into;
    int64_t ends;       /* instant after which nothing is begun; 0: none */
    int64_t due, after; /* of the step that comes, and the one behind it */
    /* of the step under way */
    bool open;
    int64_t begun, ready;
    int64_t put_sum, unpack_sum; /* of the operations' series before it */
};

/* What a step took alone, before and after the loop in the mean, and the share
 * of it in which it had no CPU. A second time that was broken off leaves the
 * first. */
double steps_compute_alone(const struct steps *s, double *waited);

#endif
