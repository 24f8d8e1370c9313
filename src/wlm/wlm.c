#include "wlm/wlm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* In the order in which they are looked for: a Flux that runs inside a job of
 * another batch system is what started this process. */
static const struct wlm *const systems[] = {&wlm_flux, &wlm_slurm, &wlm_pbs,
                                            &wlm_none};
#define SYSTEMS (sizeof systems / sizeof systems[0])

static bool is_here(const struct wlm *w)
{
    const char *id = w->mark ? getenv(w->mark) : "anywhere";

    return id && id[0];
}

static const struct wlm *here(void)
{
    for (size_t i = 0; i < SYSTEMS; i++)
        if (is_here(systems[i]))
            return systems[i];
    return &wlm_none;
}

static const struct wlm *named(const char *name)
{
    for (size_t i = 0; i < SYSTEMS; i++)
        if (strcmp(systems[i]->name, name) == 0)
            return systems[i];
    return NULL;
}

/* The system that a job was found under. */
static const struct wlm *of(const struct job *j)
{
    const struct wlm *w = named(j->launcher);

    return w ? w : &wlm_none;
}

int wlm_find(const char *launcher, struct job *j, struct error *err)
{
    const struct wlm *w =
        strcmp(launcher, "auto") == 0 ? here() : named(launcher);

    memset(j, 0, sizeof *j);
    j->end = NAN;
    if (!w)
        return error_set(err, "launcher: there is none called '%s'", launcher);
    if (!is_here(w))
        return error_set(err,
                         "launcher: '%s' was asked for, but this is no job of "
                         "%s (%s is not set): this is a job of %s; leave "
                         "launcher out, or start srbench in such a job",
                         launcher, w->people, w->mark, here()->people);
    snprintf(j->launcher, sizeof j->launcher, "%s", w->name);
    w->describe(j);
    return 0;
}

int wlm_ask_end(struct job *j, struct error *err)
{
    const struct wlm *w = of(j);

    if (!isnan(j->end) || !w->ask_end)
        return 0;
    if (w->ask_end(j, err) < 0)
        return error_prefix(err, "%s does not say when the job ends",
                            w->people);
    return 0;
}

double wlm_time_left(const struct job *j)
{
    struct timespec now;
    double left;

    clock_gettime(CLOCK_REALTIME, &now);
    left = j->end - ((double)now.tv_sec + 1e-9 * (double)now.tv_nsec);
    return left < 0 ? 0 : left; /* NaN stays */
}

void wlm_node_name(char *buf, size_t n)
{
    const struct wlm *w = here();

    buf[0] = '\0';
    if (w->node_name)
        w->node_name(buf, n);
}

/* ---- how many tasks ---- */

static int number_in(const char *variable)
{
    const char *text = getenv(variable);

    return text ? (int)strtol(text, NULL, 10) : 0;
}

/* Of an srun's step. A batch script is no step, and what it was given in
 * SLURM_NTASKS nobody has started yet. */
static int slurm_tasks(void)
{
    return getenv("SLURM_STEP_ID") ? number_in("SLURM_STEP_NUM_TASKS") : 0;
}

/* By what MPI launchers set: PMI_SIZE is MPICH's, its relatives' and Slurm's
 * pmi2, OMPI_... Open MPI's. They come first: where mpiexec uses srun, the step
 * is of its own helpers, one a node. */
static int mpi_tasks(void)
{
    int tasks = number_in("PMI_SIZE");

    return tasks > 0 ? tasks : number_in("OMPI_COMM_WORLD_SIZE");
}

int wlm_launched_tasks(void)
{
    int tasks = mpi_tasks();

    return tasks > 0 ? tasks : slurm_tasks();
}

int wlm_check_world(int ranks, struct error *err)
{
    int tasks = wlm_launched_tasks();

    if (ranks != 1 || tasks <= 1)
        return 0;
    if (slurm_tasks() == tasks)
        return error_set(err,
                         "Slurm started %d tasks, but MPI sees each as a world "
                         "of its own; give srun the --mpi= that the MPI "
                         "library knows: srun --mpi=pmi2, or --mpi=pmix "
                         "(srun --mpi=list names those there are)",
                         tasks);
    return error_set(err,
                     "%d tasks were started, but MPI sees each as a world of "
                     "its own: their launcher is of another MPI library; use "
                     "the mpiexec of the one that srbench was built with "
                     "(srbench --version names it)",
                     tasks);
}

/* ---- on behalf of one rank ---- */

int wlm_features(const struct job *j, char *const names[], int n,
                 char *features[], struct error *err)
{
    const struct wlm *w = of(j);

    if (!w->features)
        return error_set(err,
                         "features of nodes are known to Slurm alone, and this "
                         "is a job of %s; choose nodes by name, or leave their "
                         "features out",
                         w->people);
    if (w->features(names, n, features, err) < 0)
        return error_prefix(err, "cannot ask for the features of nodes");
    return 0;
}

int wlm_submit(const struct job *j, const struct wlm_request *r,
               char id[SRB_JOB_ID_MAX], struct error *err)
{
    const struct wlm *w = of(j);

    if (!w->submit)
        return error_set(err,
                         "a job can be submitted to Slurm and PBS, and this is "
                         "a job of %s; run srbench in a job of theirs, or do "
                         "without a batch job",
                         w->people);
    if (w->submit(r, id, err) < 0)
        return error_prefix(err, "cannot submit the job '%s'", r->name);
    return 0;
}

bool wlm_submits(const struct job *j)
{
    return of(j)->submit != NULL;
}

void wlm_print_launch(FILE *out, const struct job *j, int nodes)
{
    of(j)->print_launch(out, nodes);
}

int wlm_cancel(const struct job *j, const char *id, struct error *err)
{
    const struct wlm *w = of(j);

    if (!w->cancel)
        return error_set(err, "%s has no job to cancel", w->people);
    if (w->cancel(id, err) < 0)
        return error_prefix(err, "cannot cancel the job %s", id);
    return 0;
}

int wlm_state(const struct job *j, const char *id, struct wlm_state *s,
              struct error *err)
{
    const struct wlm *w = of(j);

    memset(s, 0, sizeof *s);
    if (!w->state)
        return error_set(err, "%s has no job to ask for", w->people);
    if (w->state(id, s, err) < 0)
        return error_prefix(err, "cannot ask for the job %s", id);
    return 0;
}
