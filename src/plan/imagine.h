/* imagine.h - the machine of an imaginary job (--machine), as options describe
 * it.
 *
 * Whatever an option says of nodes that a real job has holds for imaginary ones
 * as well, or is refused: nobody would believe a plan that leaves it out. All
 * functions are local and pure.
 */
#ifndef SRB_IMAGINE_H
#define SRB_IMAGINE_H

#include "options/options.h"
#include "plan/machine.h"

/* What part of the study this job holds. */
enum holds imagine_holds(const struct options *o);

/* As many nodes of as many ranks as --machine says. Those that db_hosts names
 * are the last ones, as by default, and bear these names. -1 when the machine
 * cannot be, or an option says what only a real one could tell. To be released
 * by machine_free(). */
int imagine_machine(struct machine *m, const struct options *o,
                    struct error *err);

#endif
