/* wlm.h - the batch system (workload manager) that the job runs under.
 *
 * What it says of the job (id, nodes, end, features of nodes) and what it does
 * for it (submit, cancel and watch another job). One file for each
 * (src/wlm/X.c) is one table of operations. The environment is each process's
 * own; commands of the batch system are asked by one rank and with a deadline,
 * since hundreds at once would hold up the cluster. All functions are local.
 */
#ifndef SRB_WLM_H
#define SRB_WLM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"
#include "options/options.h"

#define SRB_JOB_ID_MAX 128
#define SRB_NODE_LIST_MAX 16384

/* What the process runs under. Plain data: rank 0's may be broadcast. */
struct job {
    char launcher[16];                 /* "slurm", "pbs", "flux", "none" */
    char id[SRB_JOB_ID_MAX];           /* "" where there is none */
    char node_list[SRB_NODE_LIST_MAX]; /* as the batch system writes it */
    double end; /* when it ends the job, s since 1970; NaN: unknown, or never */
};

/* Further lines of a submission, and what it is for. Strings are not owned. */
struct wlm_request {
    const char *script;     /* its text, from "#!" on */
    const char *name;       /* of the job */
    const char *output;     /* file of what it prints */
    const char *folder;     /* where it runs */
    const char *constraint; /* features its nodes must have, "" for none */
    int nodes;
    int tasks_per_node;
    int cpus_per_task;
    double wall_time; /* s; NaN: as the batch system has it */
    /* Further arguments, each `name: value` (value NULL: alone); they win over
     * those above: "-n value" for one letter, else Slurm's "--name=value" or
     * PBS's "-l name=value". */
    const struct pair *args;
    size_t nargs;
};

enum wlm_phase { WLM_UNKNOWN, WLM_PENDING, WLM_RUNNING, WLM_ENDED };

/* Where a submitted job is. `word` and `reason` are the batch system's own, for
 * people: "PENDING", "Resources". */
struct wlm_state {
    enum wlm_phase phase;
    char word[32];
    char reason[128];
};

struct wlm {
    const char *name;
    const char *mark;   /* variable that says a process is in one of its jobs */
    const char *people; /* its name as people write it */
    /* Fill id, node_list and, where the environment says it, end. */
    void (*describe)(struct job *j);
    /* Ask for the end; NULL: it is not known. */
    int (*ask_end)(struct job *j, struct error *err);
    /* The name of this process's node; NULL: that of the host. */
    void (*node_name)(char *buf, size_t n);
    /* NULL where it has no such thing. */
    int (*features)(char *const names[], int n, char *features[],
                    struct error *err);
    int (*submit)(const struct wlm_request *r, char id[SRB_JOB_ID_MAX],
                  struct error *err);
    /* What a batch script puts before a program that is to run as MPI, one task
     * on each of n nodes: "srun … -- ". NULL where nothing can be submitted. */
    void (*print_launch)(FILE *out, int nodes);
    int (*cancel)(const char *id, struct error *err);
    int (*state)(const char *id, struct wlm_state *s, struct error *err);
};

extern const struct wlm wlm_slurm;
extern const struct wlm wlm_pbs;
extern const struct wlm wlm_flux;
extern const struct wlm wlm_none;

/* Fill *j with what the environment says. launcher: "auto" for the one that is
 * there ("none" where none is), or the name of one, which must be there; "none"
 * is everywhere. */
int wlm_find(const char *launcher, struct job *j, struct error *err);

/* Ask the batch system for j->end where the environment did not say it. Returns
 * -1 with words when it cannot be asked; the end then stays unknown. For one
 * rank. */
int wlm_ask_end(struct job *j, struct error *err);

/* Seconds until the batch system ends the job, by this host's clock; NaN where
 * that is unknown or never, 0 when it is past. */
double wlm_time_left(const struct job *j);

/* The name that the batch system has for this process's node, whatever launcher
 * was chosen; "" where it has none, or it is not certain to be this node's. */
void wlm_node_name(char *buf, size_t n);

/* How many tasks the launcher of this process says it started in this step; 0
 * where none says. What a batch script asked for is not what was started. */
int wlm_launched_tasks(void);

/* Refuse a world of one rank that is one of several tasks: each would take
 * itself for the whole job. */
int wlm_check_world(int ranks, struct error *err);

/* Ask for the features of n nodes (names as in node_list, expanded):
 * features[i] becomes "V100,ib", or "" for none, to be freed; untouched on
 * failure. For one rank. */
int wlm_features(const struct job *j, char *const names[], int n,
                 char *features[], struct error *err);

/* Submit a job, from inside or outside of one; it gets an environment free of
 * what the running step put there. id is what the others take. For one rank. */
int wlm_submit(const struct job *j, const struct wlm_request *r,
               char id[SRB_JOB_ID_MAX], struct error *err);

/* Whether jobs can be submitted from there. */
bool wlm_submits(const struct job *j);

/* Print what a script for wlm_submit() puts before a program that is to run as
 * MPI, one task on each of its nodes: with the process manager that this
 * process was started by. */
void wlm_print_launch(FILE *out, const struct job *j, int nodes);

/* End a submitted job, waiting or running; one that has ended is no failure.
 * For one rank. */
int wlm_cancel(const struct job *j, const char *id, struct error *err);

/* Where a submitted job is; one that the batch system has forgotten has ended.
 * -1 and WLM_UNKNOWN when it cannot be asked. For one rank. */
int wlm_state(const struct job *j, const char *id, struct wlm_state *s,
              struct error *err);

#endif
