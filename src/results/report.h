/* report.h - what a person sees, and the lines for scripts.
 *
 * Progress, the table and messages go to standard error; standard output has
 * one stable line a figure and one verdict. World rank 0 only; nothing here is
 * collective.
 */
#ifndef SRB_REPORT_H
#define SRB_REPORT_H

#include "plan/expect.h"
#include "results/record.h"

/* Exit status, the same on every rank, besides 128 + the signal that ended it:
 * all ran and verified, some did not, refused before anything ran, a limit of
 * expect was broken. */
enum { EXIT_PASSED, EXIT_INCOMPLETE, EXIT_REFUSED, EXIT_BREACHED };

/* Counts for the verdict. */
struct tally {
    size_t permutations, completed, failed, skipped, spared;
    int64_t verify_errors;
    int64_t breaches; /* of limits */
    bool judged;      /* there are limits */
};

/* What should be known before the first permutation: axes that collapse, and
 * the interface of the databases where srbench chose it. */
void report_choices(const struct sweep *s, const struct machine *m);

/* In what time the study has to end, and whose wish that is. */
void report_limit(const struct study_attributes *s);

/* Where the clients and databases are, in words. Returns buf. */
char *report_where(const struct placement *pl, char *buf, size_t n);

/* Loud words on hosts with more runnable processes than CPUs, once for a study:
 * the worst case, and how many others there are. */
void report_oversubscribed(const char *host, int others, int processes,
                           int cpus);

/* A permutation starts, and has ended; the latter with the time that is left,
 * in seconds (NaN: not known). On a terminal one line is rewritten in place;
 * elsewhere both print a line, those of a permutation at most every two
 * seconds. What has failed, broke a limit or raises a flag for the first time,
 * and the last one, are printed always; with verbose all are, and nothing but
 * problems with quiet. */
void report_start(const struct sweep *s, const struct permutation *p,
                  const struct placement *pl, const struct outcome *o);
void report_end(const struct sweep *s, const struct outcome *o,
                double seconds_left);

/* Limits on a permutation's figures that were judged at the end of the study.
 */
void report_late_breaches(size_t index, const struct judgement *j);

/* SRBENCH_FOM lines on standard output, one a figure of merit: every real
 * number of these kinds of figures (enum figure_kind) that is not NaN. */
void report_figures(size_t index, const struct outcome *o, unsigned kinds);

/* One row of the final table, at most 100 columns wide: kept from report_row()
 * until report_table(), which prints it unless quiet, and in how many cases
 * limits were broken. */
void report_row(const struct sweep *s, const struct permutation *p,
                const struct outcome *o);
void report_table(const struct tally *t);

/* The share of the floor's bandwidth, for the table's row of a permutation. */
void report_row_of_floor(size_t index, const struct of_floor *x);

/* Where something is: "results: run.h5". Local. */
void report_file(const char *what, const char *path);

/* The exit status of what would have this one, now that standard output could
 * not be written, if so. Local; rank 0's is everybody's. */
int report_status(int status);

/* The verdict, on standard output: "pass" exactly when report_status() is 0. */
void report_verdict(const struct tally *t, int exit_status);

/* A refusal: the sentence, and where `speaks` a verdict for scripts of what was
 * planned by then (NULL: nothing). Returns EXIT_REFUSED. */
int report_refusal(const struct tally *t, const struct error *err, bool speaks);

/* Why permutations cannot be placed, on standard error, at most a screenful;
 * returns how many cannot. Nothing is printed with quiet. */
size_t report_impossible(const struct sweep *s, const struct machine *m,
                         bool quiet);

#endif
