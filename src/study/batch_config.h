/* batch_config.h - what the databases' own job is told: the file that its
 * srbench serve reads. Local and pure but for what it prints.
 */
#ifndef SRB_BATCH_CONFIG_H
#define SRB_BATCH_CONFIG_H

#include <stdio.h>

#include "study/batch.h"

/* The study's options that shape the databases, with this set-up's values, each
 * as option.told says, as YAML. */
void batch_config_print(FILE *out, const struct batch_terms *terms);

#endif
