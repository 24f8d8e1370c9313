/* call.h - the commands of batch systems: arguments, environment, deadline. */
#ifndef SRB_CALL_H
#define SRB_CALL_H

#include <stdbool.h>

#include "wlm/wlm.h"

/* The arguments of a command; all zero is none yet. */
struct words {
    char **word; /* NULL at the end */
    size_t n, room;
};

/* Append an argument. */
void call_words_add(struct words *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void call_words_free(struct words *w);

/* Run a command to its end, `input` (NULL: none) on its standard input, without
 * what launchers and batch systems put into the environment for the running
 * step, and put what it printed into buf. Releases the words. */
int call_run(struct words *w, const char *input, char *buf, size_t n,
             struct error *err);

/* Whether a launcher or batch system sets a variable of that name in the
 * processes of a step. Pure. */
bool call_sets(const char *name);

/* A submission's further argument must be a word, and none that changes what a
 * submission is (`refused`: names, NULL at the end). */
int call_check_arg(const struct pair *arg, const char *const refused[],
                   struct error *err);

/* Seconds in "[days-]hours:minutes:seconds" or a tail of it; NaN for anything
 * else. */
double call_parse_duration(const char *text);

/* The value of `key` in text where it begins a word or a line: up to any of the
 * characters `until`. Returns -1 and "" where there is none. */
int call_find_value(const char *text, const char *key, const char *until,
                    char *buf, size_t n);

#endif
