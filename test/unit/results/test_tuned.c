/* What is said of a search with several loads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/study.h"
#include "results/tuned.h"

enum { LOADS = 2, CANDIDATES = 2 };

static const struct candidate list[] = {{.name = "kept", .what = "keeps"},
                                        {.name = "alone", .what = "is alone"}};

/* Factors of the two candidates on the two loads, without noise, and what is to
 * be said of them. */
static const struct {
    double factor[CANDIDATES][LOADS];
    const char *says, *not ;
} cases[] = {
    {{{1.5, 1.5}, {1, 1}}, "kept: window x1.5 (1.5 to 1.5), higher", "Loads"},
    {{{1.5, 1.2}, {1, 1}}, "  4 KiB: x1.2 (1.2 to 1.2)\n", "Loads"},
    {{{1, 1}, {1, 1}}, "Nothing helps: no candidate was confirmed", "Loads"},
    /* each is confirmed on a load of its own */
    {{{2, 1}, {1, 1.5}},
     "Loads want different configurations: 1 KiB wants kept, which on 4 KiB is "
     "slower than alone; a search for each finds more\n",
     "may want"},
    /* one that helps on the mean and slows a load */
    {{{2, 0.9}, {1, 1}},
     "kept is not taken over (x1.34 (1.34 to 1.34)): it slows 4 KiB, x0.9 (0.9 "
     "to 0.9)\n",
     "may want"},
    /* and one that does not even help on the mean */
    {{{1.5, 0.5}, {1, 1}},
     "Loads may want different configurations: in its 2 pairs kept was x1.5 on "
     "1 KiB and x0.5 on 4 KiB; a search for each tells\n",
     "not taken over"},
};

/* Play it to its end: what is taken over is the base from there on. */
static struct tune *play(const double factor[CANDIDATES][LOADS])
{
    struct tune *t = tune_open(CANDIDATES, LOADS, 7);
    bool able[CANDIDATES] = {true, true};
    const int *taken;

    for (struct tune_pair p = tune_next(t); p.step != TUNE_DONE;
         p = tune_next(t)) {
        int n = tune_taken(t, &taken);
        double logs[LOADS] = {0, 0};

        if (p.step == TUNE_ROUND) {
            for (int k = 0; k < n; k++)
                able[taken[k]] = false;
            tune_round(t, able);
            continue;
        }
        for (int l = 0; l < LOADS; l++) {
            for (int k = 0; k < n && p.candidate < 0; k++)
                logs[l] += log(factor[taken[k]][l]);
            if (p.candidate >= 0)
                logs[l] = log(factor[p.candidate][l]);
        }
        tune_took(t, logs);
    }
    return t;
}

static void words(void **state)
{
    static const struct line line = {{"--tensor_bytes=[1KiB,4KiB]"}};
    const struct value *winner[OPT_COUNT] = {NULL};
    int by[OPT_COUNT] = {0};
    struct study s;

    (void)state;
    study_open(&s, &line);
    sweep_search(&s.sweep, 1000);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tune *t = play(cases[i].factor);
        const struct tuned x = {.search = t,
                                .sweep = &s.sweep,
                                .list = list,
                                .n = CANDIDATES,
                                .winner = winner,
                                .by = by,
                                .objective = "window",
                                .better = 1,
                                .stopped = ""};
        char *text = tuned_words(&x);

        if (!strstr(text, cases[i].says) || strstr(text, cases[i].not ))
            fail_msg("case %zu: %s", i, text);
        free(text);
        tune_close(t);
    }
    study_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
