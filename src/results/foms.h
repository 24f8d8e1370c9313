/* foms.h - figures of merit as lines for scripts (the option `figures`):
 *
 *     SRBENCH_FOM perm=0007 name=put_tensor_median value=8.12e-04 unit=s
 *
 * one for every real number of a permutation that is not NaN, and one for the
 * word `limit` where there is one, without a unit. They come to
 * standard output all together at the end, or into a file that is always whole:
 * it is written under another name, which is then given to it. World rank 0
 * alone; all functions are local.
 */
#ifndef SRB_FOMS_H
#define SRB_FOMS_H

#include "results/record.h"

struct foms;

/* where: "none", "stdout" or the file's path, at which a file is replaced only
 * with `replace`; nothing is, before foms_keep() or foms_end(). *f is NULL for
 * none, which all others take. */
int foms_open(struct foms **f, const char *where, bool replace,
              struct error *err);

/* The lines of a permutation's figures of these kinds (enum figure_kind). */
void foms_add(struct foms *f, size_t index, const struct outcome *o,
              unsigned kinds);

/* Rewrite the file. In a long study not each time: as seldom as keeps that
 * below a twentieth of the time. */
void foms_keep(struct foms *f);

/* The last time, with words where it cannot be written. */
int foms_end(struct foms *f, struct error *err);

/* Print them where they go to standard output. */
void foms_print(const struct foms *f);

void foms_close(struct foms *f);

#endif
