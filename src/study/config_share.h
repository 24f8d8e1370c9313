/* config_share.h - the configuration: read once, by one rank, for all.
 *
 * Rank 0's command line and the bytes of its file are everybody's; a job that
 * was started in several parts (mpiexec's :) has more command lines, which must
 * say the same or nothing.
 */
#ifndef SRB_CONFIG_SHARE_H
#define SRB_CONFIG_SHARE_H

#include <stdbool.h>

#include "options/options.h"
#include "ranks/team.h"

/* What rank 0 was told. */
struct config {
    int argc;
    char **argv;
    char *text; /* of the file, with a NUL behind it; NULL: there is none */
    size_t length;
    char *block; /* what argv and text lie in, on ranks that were told */
    bool read;   /* by config_read() */
};

/* Take the command line and read the file that it names; "-" is standard
 * input. *c is empty (zero) before. Local. */
int config_read(struct config *c, int argc, char **argv, struct error *err);

/* Rank 0's becomes everybody's; it is read first where config_read() has not
 * done so yet. Only rank 0 has the words of a failure. Collective over
 * MPI_COMM_WORLD. */
int config_share(struct config *c, int argc, char **argv, struct error *err);

void config_free(struct config *c);

/* What it says, which this build must be able to do. *o is to be released by
 * options_free(). Local. */
int config_parse(struct options *o, const struct config *c, struct error *err);

/* This rank's own command line beside what all were told: its role, and
 * whatever else it says must be the same. All ranks fail alike, with the name
 * of the part. Collective over MPI_COMM_WORLD. */
int config_part(const struct config *c, const struct options *o, int argc,
                char **argv, enum role *role, struct error *err);

#endif
