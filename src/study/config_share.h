/* config_share.h - what rank 0 was told, and all ranks know: its arguments and
 * the text of the configuration file.
 *
 * The file is read once, by rank 0 (of the launcher, where MPI is not there
 * yet), so it may be a pipe. Every rank parses the same bytes; no struct is
 * sent.
 */
#ifndef SRB_CONFIG_SHARE_H
#define SRB_CONFIG_SHARE_H

#include <stddef.h>

#include "options/options.h"

struct config {
    int argc;
    char **argv;
    const char *name; /* of the file, in words; NULL where there is none */
    char *text;       /* NUL-terminated; NULL where there is none */
    size_t length;    /* bytes of it */
    char *block;      /* what the others point into, or NULL */
};

/* Read the file that a command line names: --config FILE, `-` for standard
 * input. An empty one is refused unless it is a regular file (a pipe that
 * somebody else has read). To be released by config_free() after success.
 * Local. */
int config_read(struct config *c, int argc, char **argv, struct error *err);

/* What rank 0 reads becomes everybody's. All ranks fail alike; rank 0 has the
 * words. Collective over MPI_COMM_WORLD. */
int config_share(struct config *c, int argc, char **argv, struct error *err);

/* See options_parse(); a language that was left out of this build is refused,
 * too. Local. */
int config_parse(const struct config *c, struct options *o, struct error *err);

/* This rank's own command line (its part of the job may have another one): the
 * role that it says, and whether all else of it is right and agrees with the
 * options. All ranks fail alike, with the words of the lowest rank that does.
 * Collective over MPI_COMM_WORLD. */
int config_check_part(const struct config *c, const struct options *o, int argc,
                      char **argv, enum role *role, struct error *err);

/* The command line as one would type it; to be freed. Local. */
char *config_command_line(const struct config *c);

void config_free(struct config *c);

#endif
