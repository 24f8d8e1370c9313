/* language.h - the table of languages that the timed loop is written in.
 *
 * C is always there; C++ and Fortran are where the build found a compiler. All
 * functions are local and pure.
 */
#ifndef SRB_LANGUAGE_H
#define SRB_LANGUAGE_H

#include <stddef.h>

#include "base/error.h"
#include "measure/loop.h"
#include "options/options.h"

#define SRB_LANGUAGES 3

struct language {
    const char *name;                 /* as the option `languages` spells it */
    const char *calls_itself;         /* "C++" */
    const char *package;              /* where its compiler comes from */
    const struct loop_language *loop; /* NULL: left out of this build */
};

/* The languages, as this build has them. */
extern const struct language language_table[SRB_LANGUAGES];

/* Refuses values of `languages` that the table has no loop for. */
int language_check(const struct options *o,
                   const struct language table[SRB_LANGUAGES],
                   struct error *err);

/* The loop of that language, which language_check() has passed; never NULL. */
const struct loop_language *language_find(const char *name);

/* What this build has: "c, cpp, fortran". Returns buf. */
char *language_names(char *buf, size_t n);

#endif
