/* record.h - how a permutation ended, and what of it goes into the file.
 *
 * The names of the result file's attributes and summary columns stand here;
 * they are a contract: add, do not rename. All functions are local.
 */
#ifndef SRB_RECORD_H
#define SRB_RECORD_H

#include "srb/discover.h"
#include "srb/engine.h"
#include "srb/field.h"
#include "srb/figures.h"
#include "srb/sink.h"
#include "srb/sweep.h"

enum status { STATUS_PLANNED, STATUS_COMPLETED, STATUS_FAILED, STATUS_SKIPPED };

/* Its name in the file: "completed". */
const char *record_status(enum status s);

/* What became of one permutation. */
struct outcome {
    enum status status;
    char error[SRB_ERROR_MAX]; /* "" unless failed or skipped */
    int failed_rank;           /* lowest failing rank; -1 none */
    int failed_ranks;
    struct summary summary;    /* NaN unless completed */
    char wrong[SRB_ERROR_MAX]; /* words on a tensor that came back wrong */
    char start_time[32];       /* ISO 8601 */
    char db_start_time[32];    /* when the databases in use were started */
    double db_start_seconds;   /* how long that took */
    char server[SRB_VERSION_MAX + 32]; /* "redis 7.0.15" */
    const char *db_config; /* effective directives, not owned; may be NULL */
};

/* An outcome of which nothing is known yet. */
void record_clear(struct outcome *o);

/* What should catch the eye, comma-separated: "between_time" (more than 1 % of
 * a loop was spent between the spans), "verify". Returns buf. */
char *record_flags(const struct outcome *o, char *buf, size_t n);

/* Now, in UTC, as ISO 8601: "2026-11-23T11:42:12Z". Returns buf. */
char *record_now(char *buf, size_t n);

/* The MPI library in use, on one line. May be called before MPI_Init. */
char *record_mpi_version(char *buf, size_t n);

/* The study as a whole: attributes of the root group. */
struct study {
    const char *command_line;
    const char *config;          /* the file as it was read, "" if none */
    const char *resolved_config; /* as --show_config prints it */
    const char *exp_name, *output;
    const char *server; /* "redis 7.0.15", several comma-separated */
    const struct job *job;
    const struct sweep *sweep;
    const struct machine *machine;
};
void record_study(struct fields *f, const struct study *s);

/* The nodes: cells of /hosts, to be released by fields_free() together with the
 * table's use. */
void record_hosts(struct fields *cells, const struct node_facts *facts,
                  int nnodes, struct sink_table *table);

/* A permutation's attributes, and its row of /summary. */
void record_attributes(struct fields *f, const struct study *study,
                       const struct permutation *p, const struct placement *pl,
                       const struct outcome *o);
void record_row(struct fields *f, const struct sweep *s,
                const struct permutation *p, const struct placement *pl,
                const struct outcome *o);

#endif
