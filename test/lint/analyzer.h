/* analyzer.h - what clang's analyzer cannot see from one source file.
 *
 * Included in front of each file by tidy.sh. error_set() and error_prefix()
 * return -1; not knowing it, the analyzer follows a failed call as if it had
 * succeeded, into variables that were never set.
 */
#ifndef SRB_ANALYZER_H
#define SRB_ANALYZER_H

#include "base/error.h"

#define error_set(...) (error_set(__VA_ARGS__), -1)
#define error_prefix(...) (error_prefix(__VA_ARGS__), -1)

#endif
