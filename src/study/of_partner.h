/* of_partner.h - what those engines reached that others are held against, where
 * these were measured: the built-in server, ranks that serve by messages, and
 * shared memory.
 *
 * World rank 0 alone; all functions are local.
 */
#ifndef SRB_OF_PARTNER_H
#define SRB_OF_PARTNER_H

#include "study/prepare.h"

struct of_partner_runs;

/* Whether the study has that one beside other engines. */
bool of_partner_swept(const struct prepared *plan, enum partner partner);

/* NULL where it has none. */
struct of_partner_runs *of_partner_open(const struct prepared *plan);
void of_partner_close(struct of_partner_runs *f);

/* Whether that one stands in the place of a permutation, beside it; f may be
 * NULL, as below. */
bool of_partner_beside(const struct of_partner_runs *f,
                       const struct permutation *p, enum partner partner);

/* Bring engines beside what they are held against in an order of the sweep
 * (sweep_in_turn()), unless each start would wait in a batch system's queue. */
void of_partner_order(const struct prepared *plan, uint32_t *positions);

/* Flags of an earlier session without SRB_FLOOR_BEATEN, which is judged again;
 * returns whether that was among them. */
bool of_partner_strip(const char *flags, char *buf, size_t n);

/* Remember a completed permutation, and the flags of its row. */
void of_partner_add(struct of_partner_runs *f, const struct permutation *p,
                    const struct summary *s, const char *flags);

/* A remembered permutation's engine against each of those in its place (equal
 * in every other axis that these have), each of its repetitions against the
 * same one, as far as both are known by now. All NaN where there is nothing to
 * compare. */
struct of_partner of_partner_compare(const struct of_partner_runs *f,
                                     const struct permutation *p);

/* The flags of a remembered permutation as they are to be, given what that said
 * at the end, or NULL: its row has them so. Returns buf; *beaten: whether
 * SRB_FLOOR_BEATEN is among them. */
char *of_partner_flags(const struct of_partner_runs *f,
                       const struct permutation *p, const struct of_partner *x,
                       char *buf, size_t n, bool *beaten);

#endif
