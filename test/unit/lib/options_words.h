/* options_words.h - the words that main hands to the options, for tests that do
 * without the rooms which own them.
 */
#ifndef SRB_TEST_OPTIONS_WORDS_H
#define SRB_TEST_OPTIONS_WORDS_H

#include "options/options.h"

static void hand_words(void)
{
    static const struct options_word servers[] = {
        {.name = "floor", .help = "srbench's own"},
        {.name = "null", .help = "no server at all"},
        {.name = "mpi", .help = "ranks of the job", .ranks = true},
        {.name = NULL},
    };
    static const struct options_word clients[] = {
        {.name = "socket", .help = "straight"},
        {.name = "hiredis", .help = "through that library"},
        {.name = "null", .help = "without a server", .faults = true},
        {.name = NULL},
    };
    static const struct options_words words = {servers, clients};

    options_hand_words(&words);
}

#endif
