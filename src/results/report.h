/* report.h - what is said before a study begins, and its result.
 *
 * The story goes to standard error (screen.h); the result, and nothing else, to
 * standard output: the table, what was found, where the file is, and last one
 * stable line, the verdict. World rank 0 only; nothing here is collective.
 */
#ifndef SRB_REPORT_H
#define SRB_REPORT_H

#include "plan/expect.h"
#include "results/rows.h"

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

/* The result, unless quiet: the table, the sentences on it (rows_verdicts()),
 * where the files are ("" for none) and what shows them. */
void report_results(const struct rows *rows, const char *verdicts,
                    const char *output, const char *summary_json);

/* In how many cases limits were broken. */
void report_expected(const struct tally *t);

/* The exit status of what would have this one, now that standard output could
 * not be written, if so. Local; rank 0's is everybody's. */
int report_status(int status);

/* The verdict, on standard output: "pass" exactly when report_status() is 0;
 * with the result file's path, "" for none. */
void report_verdict(const struct tally *t, int exit_status, const char *file);

/* A refusal: the sentence, and where `speaks` a verdict for scripts of what was
 * planned by then (NULL: nothing). Returns EXIT_REFUSED. */
int report_refusal(const struct tally *t, const struct error *err, bool speaks);

/* Why permutations cannot be placed, on standard error, at most a screenful;
 * returns how many cannot. Nothing is printed with quiet. */
size_t report_impossible(const struct sweep *s, const struct machine *m,
                         bool quiet);

#endif
