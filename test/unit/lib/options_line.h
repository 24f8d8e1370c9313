/* options_line.h - a command line and a file in memory, as the tests of the
 * options write them.
 */
#ifndef SRB_TEST_OPTIONS_LINE_H
#define SRB_TEST_OPTIONS_LINE_H

#include <stdlib.h>
#include <string.h>

#include "lib/options_words.h"
#include "options/options.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define ARGS_MAX 8

/* A command line behind the program's name, up to the first NULL. */
struct line {
    const char *arg[ARGS_MAX];
};

/* As the program does it: look for the file first. The file is in memory and
 * called study.yaml, whatever --config says. */
static int parse(struct options *o, const struct line *line, const char *file,
                 size_t length, struct error *err)
{
    char *argv[ARGS_MAX + 2] = {NULL}, *exact = NULL;
    const char *config;
    int argc = 0, rc;

    hand_words();
    argv[argc++] = strdup("srbench");
    for (size_t i = 0; line && i < ARGS_MAX && line->arg[i]; i++)
        argv[argc++] = strdup(line->arg[i]);
    err->text[0] = '\0';
    rc = options_find_config(argc, argv, &config, err);
    if (rc == 0) {
        /* a copy without a NUL behind it, so that reading on is noticed */
        exact = file ? malloc(length ? length : 1) : NULL;
        if (exact)
            memcpy(exact, file, length);
        rc = options_parse(o, argc, argv, "study.yaml", exact, length, err);
        free(exact);
    }
    while (argc > 0)
        free(argv[--argc]);
    return rc;
}

#endif
