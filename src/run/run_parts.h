/* run_parts.h - what the files of run share: a study and a permutation under
 * way.
 *
 * run.c goes through the study, run_measure.c through the phases of one
 * permutation, run_loop.c through its loop, run_search.c looks for a rate,
 * run_account.c says what held it back, run_file.c keeps what came of it,
 * run_budget.c what it took; run_tune.c makes the permutations of a search for
 * the best configuration (run_tune_parts.h); run_resume.c continues a study
 * that an earlier session began, when run_same.c finds it to be the same.
 */
#ifndef SRB_RUN_PARTS_H
#define SRB_RUN_PARTS_H

#include "plan/budget.h"
#include "plan/search.h"
#include "results/collect.h"
#include "results/foms.h"
#include "results/report.h"
#include "results/screen.h"
#include "servers/models.h"
#include "servers/pin.h"
#include "sink/sink.h"
#include "study/db_setup.h"
#include "study/expect_judge.h"
#include "study/of_partner.h"
#include "study/prepare.h"
#include "study/sustain.h"

/* What earlier sessions of the study left. All but `status` is rank 0's. */
struct earlier {
    struct past *past;     /* the file, until run_open_sinks() */
    unsigned char *status; /* [count] of permutations that are kept, else
                              STATUS_PLANNED; NULL: there was no session */
    struct fields rows;    /* of /summary, ncols cells each */
    size_t ncols;
    struct fields sessions; /* of /sessions, nsessions rows */
    size_t nsessions;
    size_t completed; /* permutations, all sessions together */
    bool moved;       /* to other nodes */
};

/* A study under way. */
struct run {
    struct team *team;
    struct discovery *discovery;
    struct prepared plan;
    struct sinks sinks; /* rank 0; none elsewhere */
    struct earlier earlier;
    struct expect_judge *judge;  /* NULL where nothing is expected */
    struct sustain *sustain;     /* NULL where no rate is searched */
    char late[16384];            /* rank 0: words on limits broken at the end */
    struct db_setup setup;       /* the databases that run */
    struct placement placement;  /* of the running permutation */
    int64_t begun;               /* permutations that were placed */
    struct late_keys *late_keys; /* [nlate] of those that failed on somebody
                                    else's servers */
    size_t nlate, late_room;
    struct placement cast_for; /* that the communicators were made for */
    struct cast cast;
    bool crowded_here, crowded; /* more processes than CPUs on this rank's
                                   kernel, on any: of these roles and of set-up
                                   crowded_setup */
    size_t crowded_setup;
    bool have_cast, have_crowd, said_crowd, sink_broken;
    bool
        storing_rows; /* rank 0: of what did not run, since the last that did */
    struct fields unrun; /* rank 0: rows of what did not run, from `unrun_first`
                            on, that are not in the file yet */
    size_t unrun_first, nunrun;
    struct error rows_failed; /* rank 0: why a row of what did not run could not
                                 be written; "" */
    struct tally tally;
    struct repeats *repeats;          /* rank 0; NULL elsewhere */
    struct of_partner_runs *partners; /* rank 0, where there are any */
    struct budget *budget;            /* rank 0, where the time is limited */
    uint32_t *order;                  /* [count] position → permutation */
    struct remaining remaining;       /* rank 0: of plan.work */
    struct rows rows;                 /* rank 0 */
    char *verdicts;                   /* rank 0, once all have run */
    struct foms *foms;     /* rank 0; NULL: nobody asked for figures */
    struct tune_run *tune; /* of srbench tune; else NULL */
};

/* One permutation under way. */
struct perm_run {
    struct permutation p;
    struct outcome outcome;
    struct load load;
    struct client_runs runs; /* of the load, where models are run */
    float *reference;        /* of client 0, or NULL */
    struct clock_line clock; /* of a client */
    int64_t provided;        /* tick at which the databases were there */
    double lead; /* s from when all were ready to the loop's start; of all ranks
                    as client 0 has it, once figures are reduced */
    struct client_attributes client;
    struct shard_work *work; /* of this steward's shards */
    struct probe *probes;    /* [nprobes] of a search, alike on all ranks */
    size_t nprobes;
    bool is_client, is_steward;
    const struct serving_ops *serving; /* of a rank that serves, */
    void *server;                      /* or NULL */
    struct served *ways; /* [nshards] to those who serve; NULL: no rank does */
    struct shard_work served; /* what that did in the last loop */
    int64_t begun;            /* tick */
    bool starts;              /* its databases were not those that ran */
};

/* The clients among themselves. Local. */
struct load_company run_company(const struct run *r, const struct perm_run *x);

/* One loop of those who are ready, and the agreement on its outcome; its
 * figures, which all ranks get. Collective over the world. */
int run_loop(struct run *r, struct perm_run *x, struct error *err);
void run_reduce(struct run *r, struct perm_run *x);

/* Remove the keys that clients left in somebody else's database; of those that
 * this job started none. Of a permutation that failed they go once more at the
 * end of the study. Collective over the world. */
void run_tidy(struct run *r, const struct perm_run *x, bool failed);

/* Remember such keys, of which it was said or not that some may be left, and
 * remove them, whether databases are open or not. Local. */
void run_note_late(struct run *r, const struct perm_run *x,
                   const struct db_keys *keys, bool said);
void run_remove_late(struct run *r);

/* Of rate: search: look for the rate, then have the clients ready for a loop at
 * the lower end of the bracket; and write the bracket into the outcome. -1 when
 * a loop failed, or nothing can be told. Collective over the world. */
int run_search(struct run *r, struct perm_run *x, struct search *s,
               struct error *err);
void run_searched(const struct search *s, struct step_figures *out);

/* Databases, loop and figures of a permutation whose roles are set; -1 with the
 * words on what failed first. Collective over the world. */
int run_measure(struct run *r, struct perm_run *x, struct error *err);

/* Models: have the stewards store them, which is timed; take them out of
 * databases that are somebody else's; and what this client runs, with the
 * loop's rules of it. The first is collective over the world, the others are
 * local. */
int run_models_store(struct run *r, struct perm_run *x, struct error *err);
int run_models_remove(struct run *r, const struct perm_run *x,
                      struct error *err);
void run_models_count(struct run *r, struct perm_run *x);
int run_models_prepare(struct run *r, struct perm_run *x, int client,
                       struct load_rules *rules, struct error *err);

/* The address of this rank's node that its client leaves from towards such a
 * database; NULL: as the kernel likes. Local. */
const char *run_source(const struct run *r, const struct permutation *p,
                       const char *database);

/* How the client reaches its shard, beside its address. Local. */
int run_way(const struct run *r, const struct perm_run *x,
            const struct client_ops *ops, int shard, struct client_params *out,
            struct error *err);

/* Rank 0: what held it back, the evidence and its word, by the busiest shard.
 * Local. */
void run_account(const struct run *r, struct perm_run *x,
                 const struct shard_work *busiest);

/* Words on a tensor that came back wrong, from the lowest rank that has some.
 * Collective over the world. */
void run_hear_of_errors(struct run *r, struct perm_run *x);

/* Time: begin and end of a permutation; and, for rank 0, whether the one under
 * way would not finish before the study must, with words on it. Local. */
void run_budget_open(struct run *r);
void run_time_begin(struct run *r, struct perm_run *x);
void run_time_end(struct run *r, const struct perm_run *x);
bool run_would_end_late(const struct run *r, const struct perm_run *x,
                        char *words, size_t n);

/* Where resume is asked for and the result file exists: read what is kept of
 * it, or refuse with the difference. Collective over the world. */
int run_resume(struct run *r, struct error *err);

/* Count in what is kept, as if it had just run. Collective over the world. */
void run_recall(struct run *r);

/* The same of one permutation of a search, made just now, with what came of it
 * (of which rank 0 knows all, others the status). Collective as a run is. */
void run_recall_made(struct run *r, size_t i, struct outcome *o);

/* What runs a permutation, as the position-th; *o gets what came of it.
 * Collective over the world. */
typedef void run_one(struct run *r, size_t position, size_t i,
                     struct outcome *o);

/* srbench tune: after prepare() and before any file, what can be refused; the
 * order drawn again where the seed is a file's, of which so many rows are kept;
 * the search itself; whether it was cut short. Collective over the world, but
 * for run_tune_close(), run_tune_resume() and run_tune_cut(), which are local.
 */
int run_tune_open(struct run *r, struct error *err);
void run_tune_resume(struct run *r, size_t kept);
void run_tune(struct run *r, run_one *run);
bool run_tune_cut(const struct run *r);
void run_tune_close(struct run *r);

/* Rank 0: its table in the file, its attributes at the begin and at the end,
 * with the words on what was found (allocated); and its result on standard
 * output and in the file of `tuned`. */
void run_tune_table(const struct run *r, struct fields *cells,
                    struct sink_table *table);
void run_tune_study(const struct run *r, struct fields *study);
char *run_tune_end(const struct run *r, struct fields *end);
int run_tune_report(struct run *r, const char *words, struct error *err);

/* A row of /summary of which nothing is known yet. Local. */
int run_blank_row(const struct run *r, struct fields *row, struct error *err);

/* Whether a file's configuration (resolved_config) may be resumed with this
 * one. Local. */
int run_same_config(const struct options *o, const char *before,
                    struct error *err);

/* Rank 0: whether the study that the file holds is the one that is to run, with
 * words on what differs. Sets *seed to the file's (-1: none) and *moved where
 * the nodes are others of the same kind. Then the same of the permutations that
 * are kept: those of e->status. Local. */
int run_same_study(const struct run *r, const struct past *past, int64_t *seed,
                   bool *moved, struct error *err);
int run_same_rows(const struct run *r, const struct earlier *e,
                  struct error *err);

/* Rank 0: count a permutation that has ended in for the table, the verdicts and
 * the figures. */
void run_count_in(struct run *r, const struct permutation *p,
                  const struct outcome *o, const char *flags);

/* Rank 0: the result file, the summary as JSON, and the file of figures. */
int run_open_sinks(struct run *r, struct error *err);
int run_close_sinks(struct run *r, struct error *err);

/* Bring the permutation into the file. A file that cannot be written ends the
 * study: what is measured from here on would be lost. Of what did not run this
 * is seen by run_stored(), when all have been stored. Collective over the
 * world. */
void run_store(struct run *r, struct perm_run *x);
void run_stored(struct run *r);

#endif
