/* study.h - a study as a command line has it, and its first permutation.
 *
 * A study that is refused fails the test. Behind cmocka.h.
 */
#ifndef SRB_TEST_STUDY_H
#define SRB_TEST_STUDY_H

#include "lib/options_line.h"
#include "plan/sweep.h"

struct study {
    struct options options;
    struct sweep sweep;
    struct permutation p;
};

static void study_open(struct study *s, const struct line *line)
{
    struct error err;

    if (parse(&s->options, line, NULL, 0, &err) < 0 ||
        sweep_open(&s->sweep, &s->options, &err) < 0)
        fail_msg("%s: %s", line->arg[0] ? line->arg[0] : "", err.text);
    sweep_at(&s->sweep, 0, &s->p);
}

static void study_close(struct study *s)
{
    sweep_close(&s->sweep);
    options_free(&s->options);
}

#endif
