/* record.h - how a permutation ended, and what of it goes into the file.
 *
 * The names of the result file's attributes and summary columns stand here;
 * they are a contract: add, do not rename. All functions are local.
 */
#ifndef SRB_RECORD_H
#define SRB_RECORD_H

#include "base/field.h"
#include "engine/engine.h"
#include "figures/figures.h"
#include "figures/limit.h"
#include "figures/repeats.h"
#include "plan/sweep.h"
#include "ranks/discover.h"
#include "sink/sink.h"
#include "wlm/wlm.h"

/* Spared: a repetition that was not needed any more (until_interval). */
enum status {
    STATUS_PLANNED,
    STATUS_COMPLETED,
    STATUS_FAILED,
    STATUS_SKIPPED,
    STATUS_SPARED
};

/* Its name in the file: "completed". */
const char *record_status(enum status s);

/* Shares of what each engine reaches that others are held against, in the same
 * place: of its rate, or for times, of which less is better, its time as a
 * share of this one. Over the repetitions that both completed, each beside its
 * like. NaN: that engine was not swept beside it, or has not run yet. */
struct of_partner {
    struct across share[PARTNERS][HEADLINES];
};

/* Whether anything of it is known. */
bool record_shared(const struct of_partner *x);

/* Whether it was faster than what is to be its limit, which floor is to those
 * that have sockets: an interval above 1, or a single repetition above 1.1:
 * SRB_FLOOR_BEATEN. */
bool record_floor_beaten(const struct of_partner *x);

/* What a study must ask for to have some figures at all, so that the file of
 * one that does not has none of their columns. To be or-ed. */
enum figure_scope {
    SCOPE_STEPS = 1,     /* its steps compute or have a schedule */
    SCOPE_COMPUTED = 2,  /* they compute */
    SCOPE_PACED = 4,     /* they have a schedule */
    SCOPE_SEARCHED = 8,  /* a rate is searched */
    SCOPE_KEPT = 16,     /* they have several tensors, or keys that change */
    SCOPE_REMOVED = 32,  /* older ones are removed */
    SCOPE_INFERRED = 64, /* servers run models */
    SCOPE_OF_MPI = 128,  /* servers stand beside that engine */
    SCOPE_OF_SHM = 256,
    SCOPE_EXCHANGED = 512,   /* some clients read what others wrote */
    SCOPE_CONTROLLED = 1024, /* with a tensor after those of a step */
    SCOPE_AGGREGATED = 2048, /* by lists of data sets */
    SCOPE_ALL = 4095,
};
unsigned record_scope(const struct options *o);

/* What became of one permutation. */
struct outcome {
    unsigned scope; /* of its study, see record_scope() */
    enum status status;
    char error[SRB_ERROR_MAX]; /* "" unless failed or skipped */
    int failed_rank;           /* lowest failing rank; -1 none */
    int failed_ranks;
    struct summary summary;     /* NaN unless completed */
    struct evidence evidence;   /* likewise; rank 0 alone */
    int64_t memory[2];          /* B in use before and after, of the shard that
                                   had most after it; -1: none says; rank 0 */
    char limit[16];             /* its word, see limit_judge() */
    char wrong[SRB_ERROR_MAX];  /* words on a tensor that came back wrong */
    char start_time[32];        /* ISO 8601 */
    char db_start_time[32];     /* when the databases in use were started */
    double db_start_seconds;    /* how long that took */
    double model_store_seconds; /* of the slowest shard; NaN: no model is run */
    size_t position;            /* in the order in which permutations ran */
    int clock_domains;          /* clocks that the clients read */
    bool oversubscribed;        /* more runnable processes than CPUs */
    bool unproven; /* the servers do not say what proves that a candidate took
                      effect (struct sweep_tried) */
    bool clock_bound; /* medians are as short as reading the clock */
    bool env_ignored; /* something of db_env did not arrive at an allocator;
                         rank 0 alone */
    /* rank 0 alone */
    bool disagree; /* a server counted other operations than its clients */
    struct repeated repeated;
    struct of_partner of;
    int64_t breaches;             /* of limits (expect); -1: none was judged */
    char breached[SRB_ERROR_MAX]; /* words on them */
    char server[SRB_VERSION_MAX + 32]; /* "redis 7.0.15" */
    const char *db_config; /* effective directives, not owned; may be NULL */
};

/* An outcome of which nothing is known yet, of a study of that scope. */
void record_clear(struct outcome *o, unsigned scope);

/* Whether a median is so short that reading the clock before and after it,
 * which costs so many seconds each, is a part of it that counts. */
bool record_clock_bound(const struct summary *s, double clock_read_cost);

/* What should catch the eye, comma-separated:
 *   between_time    more than 1 % of a loop was spent between the operations
 *   verify          tensors came back wrong
 *   ops_mismatch    a server counted other operations than its clients
 *   oversubscribed  clients and server threads of a host outnumber its CPUs
 *   client_bound    clients were at work themselves for more than half of the
 *                   loop, not waiting for the database
 *   too_short       a loop was shorter than 100 times the start skew
 *   clock_bound     a median is less than ten times what reading the clock
 *                   costs: it takes that long at most
 *   env_ignored     an allocator did not take what db_env says
 *   clock_error     clocks may be apart by more than 1 % of a loop, or by 5 %
 *                   of the median delivery
 *   behind          less was achieved than was offered
 *   pacing          clients began their steps late by themselves: the 99th
 *                   percentile (of few steps the 95th) of that exceeds a tenth
 *                   of the median response
 *   compute_disturbed
 *                   while clients computed alone, others had their CPUs for
 *                   more than 1 % of the time: overhead is too low
 *   compute_unsteady
 *                   nobody had their CPUs, and yet computing alone was no
 * steady reference (figures/step_figures.h): overhead is unsure Only the end of
 * the study tells floor_beaten, record_floor_beaten(). Returns buf. */
#define SRB_FLAGS_MAX 256
char *record_flags(const struct outcome *o, char *buf, size_t n);

/* Now, in UTC, as ISO 8601: "2026-11-23T11:42:12Z". Returns buf. */
char *record_now(char *buf, size_t n);

/* The MPI library in use, on one line. May be called before MPI_Init. */
char *record_mpi_version(char *buf, size_t n);

/* The study as a whole: attributes of the root group. */
struct study_attributes {
    const char *command_line;
    const char *config;          /* the file as it was read, "" if none */
    const char *resolved_config; /* as --show_config prints it */
    const char *exp_name, *output;
    const char *server;  /* "redis 7.0.15", several comma-separated */
    const char *network; /* place_network() of all permutations, "; " between */
    const struct job *job;
    const struct sweep *sweep;
    const struct machine *machine;
    int session;            /* of the study, counted from 0 */
    uint64_t seed;          /* of the random order */
    int64_t clock_step;     /* ns, the smallest step of the clock */
    double clock_read_cost; /* s */
    double time_limit;      /* s from the start of srbench; NaN: none */
    const char *limited_by; /* "wall_time", "the job's time"; "": nothing */
};
void record_study(struct fields *f, const struct study_attributes *s);

/* A session of the study: one row of /sessions, as it begins. */
void record_session(struct fields *f, const struct study_attributes *s);

/* The nodes: cells of /hosts, to be released by fields_free() together with the
 * table's use. */
void record_hosts(struct fields *cells,
                  const struct node_attributes *attributes, int nnodes,
                  struct sink_table *table);

/* A permutation's attributes, and its row of /summary. */
void record_attributes(struct fields *f, const struct study_attributes *study,
                       const struct permutation *p, const struct placement *pl,
                       const struct outcome *o);
void record_row(struct fields *f, const struct sweep *s,
                const struct permutation *p, const struct placement *pl,
                const struct outcome *o);

/* Make it a row of which nothing is known but the status: -1, "" and NaN. */
void record_unknown(struct fields *row);

/* The numbers of that row, by when they are known; one table has them all
 * (record_figures.c). To be or-ed. */
enum figure_kind {
    FIGURE_WORK = 1,        /* what was moved */
    FIGURE_MEASURED = 2,    /* figures of the permutation alone */
    FIGURE_BOUND = 4,       /* the intervals of some of these */
    FIGURE_REPEATED = 8,    /* over its repetitions, and how many these are */
    FIGURE_OF_PARTNER = 16, /* known when the study ends, as the next */
    FIGURE_BREACHES = 32,   /* of limits */
    FIGURE_VERIFIED = 64,   /* tensors that came back wrong */
    FIGURE_ALONE = FIGURE_MEASURED | FIGURE_BOUND,
    FIGURE_PRINTED = FIGURE_ALONE | FIGURE_REPEATED,
};

/* Whether that figure is better where it is higher (1: a rate) or lower (-1: a
 * time, or an overhead); 0: there is no such figure, or it is a share, which
 * has no better end, or a count, of which 0 gives no ratio to search by.
 * Whether a study measures it. And what it is of a permutation, an overhead as
 * the time that it stands for (1 + that), so that ratios say how much better;
 * NaN: it was not measured. */
int record_better(const char *figure);
bool record_measures(const struct options *o, const char *figure);
double record_figure(const struct outcome *o, const char *figure);

/* Add those cells. A role of the file goes with them: "figure" for what was
 * measured, "word" where that is no number, "bound", "repetitions", "of_floor".
 */
void record_figures(struct fields *f, const struct outcome *o, unsigned kinds);

/* Set all of them to what stands for nothing; and those of the outcome's scope
 * to what a row of an earlier session says of a permutation. */
void record_no_figures(struct outcome *o);
void record_recall(struct outcome *o, const struct fields *row);

#endif
