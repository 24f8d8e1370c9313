/* What a study found, in sentences: by hand for small ones, and how often one
 * is told where nothing differs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results/verdict.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MOST_AXES 3
#define MOST_ROWS 16
#define SURE 0.001 /* standard error of a logarithm */
#define MANY 100   /* degrees of freedom */
/* Rates of searches that found none. */
#define NONE (-1.0)
#define ALL (-2.0)

static const char *const two[] = {"1", "2"};
static const char *const three[] = {"1", "2", "4"};
static const char *const kinds[] = {"tcp", "unix"};
static const char *const servers[] = {"redis", "valkey", "keydb", "floor",
                                      "null"};
static const char *const clients[] = {"socket", "keydb"};
static const char *const sizes[] = {"1 KiB", "64 KiB", "1 MiB"};
static const char *const eight[] = {"1 KiB",  "2 KiB",  "4 KiB",   "8 KiB",
                                    "16 KiB", "64 KiB", "256 KiB", "1 MiB"};
static const char *const places[] = {"standard", "colocated"};

#define SIZES                                                                  \
    {                                                                          \
        "Tensor size", sizes, 3, true                                          \
    }
#define NODES                                                                  \
    {                                                                          \
        "Database nodes", two, 2, true                                         \
    }
#define CLIENTS                                                                \
    {                                                                          \
        "Clients per node", three, 3, true                                     \
    }
#define TRANSPORT                                                              \
    {                                                                          \
        "Transport", kinds, 2, false                                           \
    }

struct given {
    int level[MOST_AXES];
    double rate, error, df;
    const char *flags;
    enum verdict_of of;
};

static const struct scene {
    const char *name;
    struct verdict_axis axes[MOST_AXES];
    int naxes, size;
    struct given rows[MOST_ROWS];
    bool within;
    const char *words; /* of all axes but that of sizes, which is left out */
    const char *best;  /* a 1 for each row that is */
} scenes[] = {
    {"nothing was completed",
     {NODES},
     1,
     -1,
     {{{0}, NAN, NAN, 1, "", OF_BANDWIDTH},
      {{1}, NAN, NAN, 1, "", OF_BANDWIDTH}},
     false,
     "",
     "00"},
    {"one was completed, with its interval",
     {NODES},
     1,
     -1,
     {{{0}, 1e9, 0.1, 5, "", OF_BANDWIDTH},
      {{1}, NAN, NAN, 1, "", OF_BANDWIDTH}},
     false,
     "Bandwidth 1.00 GB/s (773 MB/s to 1.29 GB/s); nothing else was completed "
     "that it could be compared with",
     "00"},
    {"twice as much, surely",
     {NODES},
     1,
     -1,
     {{{0}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{1}, 2e9, SURE, MANY, "", OF_BANDWIDTH}},
     false,
     "Database nodes, 1 to 2: bandwidth x2.00 (1.99 to 2.01)",
     "01"},
    /* Welch: variances 0.01 + 0.01, df (0.02)^2 / (2 * 0.01^2 / 2) = 4, t
     * 2.776, half 2.776 * sqrt(0.02) = 0.393 */
    {"by Student and Welch",
     {NODES},
     1,
     -1,
     {{{0}, 1e9, 0.1, 2, "", OF_BANDWIDTH},
      {{1}, 1.9e9, 0.1, 2, "", OF_BANDWIDTH}},
     false,
     "Database nodes, 1 to 2: bandwidth x1.9 (1.3 to 2.8)",
     "01"},
    {"one that has an error and one that has hardly any: df of the former",
     {NODES},
     1,
     -1,
     {{{0}, 1e9, 0.1, 2, "", OF_BANDWIDTH},
      {{1}, 1.5e9, 1e-6, 2, "", OF_BANDWIDTH}},
     false,
     "Database nodes, 1 to 2: no difference that this study can tell",
     "11"},
    {"no error is known: nothing can be told",
     {NODES},
     1,
     -1,
     {{{0}, 1e9, NAN, 0, "", OF_BANDWIDTH},
      {{1}, 9e9, NAN, 0, "", OF_BANDWIDTH}},
     false,
     "Database nodes, 1 to 2: no difference that this study can tell",
     "11"},
    {"equal, surely",
     {NODES},
     1,
     -1,
     {{{0}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{1}, 1.001e9, SURE, MANY, "", OF_BANDWIDTH}},
     false,
     "Database nodes, 1 to 2: equal within 5 %",
     "11"},
    {"less, within this run",
     {NODES},
     1,
     -1,
     {{{0}, 1e9, 0.05, MANY, "", OF_BANDWIDTH},
      {{1}, 0.5e9, 0.05, MANY, "", OF_BANDWIDTH}},
     true,
     "Database nodes, 1 to 2: bandwidth x0.50 (0.43 to 0.57)\n"
     "Intervals are within this run: another may differ by more, which "
     "--repetitions tells.",
     "10"},
    {"all are flagged, which comes first",
     {NODES},
     1,
     -1,
     {{{0}, 1e9, SURE, MANY, "too_short", OF_BANDWIDTH},
      {{1}, 2e9, SURE, MANY, "oversubscribed,too_short", OF_BANDWIDTH}},
     false,
     "Every configuration is flagged (too_short, oversubscribed): what follows "
     "may be of that, and not of the database.\n"
     "Database nodes, 1 to 2: bandwidth x2.00 (1.99 to 2.01)",
     "01"},
    {"not all are",
     {NODES},
     1,
     -1,
     {{{0}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{1}, 2e9, SURE, MANY, "too_short", OF_BANDWIDTH}},
     false,
     "Database nodes, 1 to 2: bandwidth x2.00 (1.99 to 2.01)",
     "01"},
    {"some beat the floor",
     {NODES},
     1,
     -1,
     {{{0}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{1}, 2e9, SURE, MANY, "floor_beaten", OF_BANDWIDTH}},
     false,
     "1 configuration was faster than floor in its place (floor_beaten), which "
     "is no limit there.\n"
     "Database nodes, 1 to 2: bandwidth x2.00 (1.99 to 2.01)",
     "01"},
    {"by sizes: told where it can be",
     {SIZES, NODES},
     2,
     0,
     {{{0, 0}, 1e6, 0.2, 4, "", OF_BANDWIDTH},
      {{0, 1}, 1.1e6, 0.2, 4, "", OF_BANDWIDTH},
      {{1, 0}, 1e8, 0.2, 4, "", OF_BANDWIDTH},
      {{1, 1}, 0.9e8, 0.2, 4, "", OF_BANDWIDTH},
      {{2, 0}, 1e9, 0.12, 4, "", OF_BANDWIDTH},
      {{2, 1}, 1.9e9, 0.12, 4, "", OF_BANDWIDTH}},
     false,
     "Database nodes, 1 to 2: bandwidth x1.9 (1.3 to 2.8) at 1 MiB, no "
     "difference that this study can tell up to 64 KiB",
     "111101"},
    {"by sizes: more, less and equal; alike at several",
     {SIZES, TRANSPORT},
     2,
     0,
     {{{0, 0}, 1e6, SURE, MANY, "", OF_BANDWIDTH},
      {{0, 1}, 2e6, SURE, MANY, "", OF_BANDWIDTH},
      {{1, 0}, 1e8, SURE, MANY, "", OF_BANDWIDTH},
      {{1, 1}, 1.3e8, SURE, MANY, "", OF_BANDWIDTH},
      {{2, 0}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{2, 1}, 1e9, SURE, MANY, "", OF_BANDWIDTH}},
     false,
     "Transport, unix against tcp: bandwidth x1.3 to x2.0 (1.3 to 2.0) up to "
     "64 KiB, equal within 5 % at 1 MiB",
     "010111"},
    {"by sizes: not one after the other",
     {SIZES, TRANSPORT},
     2,
     0,
     {{{0, 0}, 1e6, SURE, MANY, "", OF_BANDWIDTH},
      {{0, 1}, 2e6, SURE, MANY, "", OF_BANDWIDTH},
      {{1, 0}, 1e8, SURE, MANY, "", OF_BANDWIDTH},
      {{1, 1}, 0.9e8, SURE, MANY, "", OF_BANDWIDTH},
      {{2, 0}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{2, 1}, 2e9, SURE, MANY, "", OF_BANDWIDTH}},
     false,
     "Transport, unix against tcp: bandwidth x2.00 (1.99 to 2.01) at 1 KiB and "
     "at 1 MiB, x0.900 (0.897 to 0.903) at 64 KiB",
     "011001"},
    {"most in the middle",
     {CLIENTS},
     1,
     -1,
     {{{0}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{1}, 3e9, SURE, MANY, "", OF_BANDWIDTH},
      {{2}, 2e9, SURE, MANY, "", OF_BANDWIDTH}},
     false,
     "Clients per node, 1 to 4: bandwidth x2.00 (1.99 to 2.01), most at 2, "
     "x1.50 (1.50 to 1.50) of that at 4",
     "010"},
    /* the ratios are 2 and 8: sqrt(16) = 4 */
    {"the geometric mean of matched rows, which disagree",
     {NODES, TRANSPORT},
     2,
     -1,
     {{{0, 0}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{1, 0}, 2e9, SURE, MANY, "", OF_BANDWIDTH},
      {{0, 1}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{1, 1}, 8e9, SURE, MANY, "", OF_BANDWIDTH}},
     false,
     "Database nodes, 1 to 2: bandwidth x4.00 (3.99 to 4.01); x2.0 to x8.0 by "
     "what else varied\n"
     "Transport, unix against tcp: bandwidth x2.00 (2.00 to 2.00); x1.0 to "
     "x4.0 by what else varied",
     "0001"},
    {"what has no match counts for nothing",
     {NODES, TRANSPORT},
     2,
     -1,
     {{{0, 0}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{1, 0}, 2e9, SURE, MANY, "", OF_BANDWIDTH},
      {{1, 1}, 9e9, SURE, MANY, "", OF_BANDWIDTH},
      {{0, 1}, NAN, NAN, 1, "", OF_BANDWIDTH}},
     false,
     "Database nodes, 1 to 2: bandwidth x2.00 (1.99 to 2.01)\n"
     "Transport, unix against tcp: bandwidth x4.50 (4.49 to 4.51)",
     "0010"},
    {"placements with axes of their own, each at its best",
     {{"Placement", places, 2, false}, NODES, TRANSPORT},
     3,
     -1,
     {{{0, 0, -1}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{0, 1, -1}, 2e9, SURE, MANY, "", OF_BANDWIDTH},
      {{1, -1, 0}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{1, -1, 1}, 3e9, SURE, MANY, "", OF_BANDWIDTH}},
     false,
     "Placement, colocated (unix) against standard (database nodes 2): "
     "bandwidth x1.50 (1.50 to 1.50)\n"
     "Database nodes, 1 to 2: bandwidth x2.00 (1.99 to 2.01)\n"
     "Transport, unix against tcp: bandwidth x3.00 (2.99 to 3.01)",
     "0001"},
    {"an axis that another one decides: the first is told",
     {{"Server", servers, 3, false}, {"Client", clients, 2, false}},
     2,
     -1,
     {{{0, 0}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{1, 0}, 2e9, SURE, MANY, "", OF_BANDWIDTH},
      {{2, 1}, 4e9, SURE, MANY, "", OF_BANDWIDTH}},
     false,
     "Server, keydb against valkey (socket): bandwidth x2.00 (1.99 to 2.01); "
     "against redis (socket): bandwidth x4.00 (3.99 to 4.01)",
     "001"},
    {"of many kinds the next and the last",
     {{"Server", servers, 5, false}},
     1,
     -1,
     {{{0}, 2e9, SURE, MANY, "", OF_BANDWIDTH},
      {{1}, 3e9, SURE, MANY, "", OF_BANDWIDTH},
      {{2}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{3}, 9e9, SURE, MANY, "", OF_BANDWIDTH},
      {{4}, 4e9, SURE, MANY, "", OF_BANDWIDTH}},
     false,
     "Server, floor against null: bandwidth x2.25 (2.24 to 2.26); against "
     "keydb: bandwidth x9.00 (8.97 to 9.03)",
     "00010"},
    {"of a slowdown less is better; it is told as it is, and marks none",
     {TRANSPORT},
     1,
     -1,
     {{{0}, 1 / 2.0, SURE, MANY, "", OF_SLOWDOWN},
      {{1}, 1 / 1.0, SURE, MANY, "", OF_SLOWDOWN}},
     false,
     "Transport, unix against tcp: slowdown of the solver x0.500 (0.499 to "
     "0.501)",
     "00"},
    {"the least response in the middle",
     {CLIENTS},
     1,
     -1,
     {{{0}, 1 / 3e-3, SURE, MANY, "", OF_RESPONSE},
      {{1}, 1 / 1e-3, SURE, MANY, "", OF_RESPONSE},
      {{2}, 1 / 2e-3, SURE, MANY, "", OF_RESPONSE}},
     false,
     "Clients per node, 1 to 4: response x0.667 (0.665 to 0.669), least at 2, "
     "x0.500 (0.499 to 0.501) of that at 4",
     "000"},
    {"responses that disagree",
     {NODES, TRANSPORT},
     2,
     -1,
     {{{0, 0}, 1 / 1e-3, SURE, MANY, "", OF_RESPONSE},
      {{1, 0}, 1 / 2e-3, SURE, MANY, "", OF_RESPONSE},
      {{0, 1}, 1 / 1e-3, SURE, MANY, "", OF_RESPONSE},
      {{1, 1}, 1 / 8e-3, SURE, MANY, "", OF_RESPONSE}},
     false,
     "Database nodes, 1 to 2: response x4.00 (3.99 to 4.01); x2.0 to x8.0 by "
     "what else varied\n"
     "Transport, tcp against unix: response x0.500 (0.499 to 0.501); x0.25 to "
     "x1.0 by what else varied",
     "0000"},
    {"one response",
     {NODES},
     1,
     -1,
     {{{0}, 1 / 2e-3, 0.1, 5, "", OF_RESPONSE},
      {{1}, NAN, NAN, 1, "", OF_BANDWIDTH}},
     false,
     "Response 2.00 ms (1.55 ms to 2.59 ms); nothing else was completed that "
     "it could be compared with",
     "00"},
    {"a rate that is sustained: more is better, and it marks the best",
     {TRANSPORT},
     1,
     -1,
     {{{0}, 100, SURE, MANY, "", OF_SUSTAINED},
      {{1}, 150, SURE, MANY, "", OF_SUSTAINED}},
     false,
     "Transport, unix against tcp: sustained rate x1.50 (1.50 to 1.50)",
     "01"},
    {"each by what it is compared by",
     {NODES, TRANSPORT},
     2,
     -1,
     {{{0, 0}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{1, 0}, 2e9, SURE, MANY, "", OF_BANDWIDTH},
      {{0, 1}, 1 / 0.2, 0.2, MANY, "", OF_SLOWDOWN},
      {{1, 1}, 1 / 0.2, 0.2, MANY, "", OF_SLOWDOWN}},
     false,
     "Database nodes, 1 to 2: bandwidth x2.00 (1.99 to 2.01)\n"
     "Database nodes, 1 to 2: no difference in slowdown of the solver that "
     "this study can tell",
     "0100"},
    {"each is named",
     {NODES, TRANSPORT},
     2,
     -1,
     {{{0, 0}, 1e9, 0.2, MANY, "", OF_BANDWIDTH},
      {{1, 0}, 1e9, 0.2, MANY, "", OF_BANDWIDTH},
      {{0, 1}, 1 / 1.2, 0.1, 5, "", OF_SLOWDOWN},
      {{1, 1}, NAN, NAN, 1, "", OF_BANDWIDTH}},
     false,
     "Database nodes, 1 to 2: no difference in bandwidth that this study can "
     "tell\n"
     "Slowdown of the solver x1.20 (x0.93 to x1.55); nothing else was "
     "completed that it could be compared with",
     "1100"},
    {"searches: of one value no rate held",
     {TRANSPORT},
     1,
     -1,
     {{{0}, NONE, NAN, 1, "", OF_SUSTAINED},
      {{1}, 100, 0.01, MANY, "", OF_SUSTAINED}},
     false,
     "Sustained rate 100/s (98/s to 102/s)\n"
     "Transport, tcp: no rate held",
     "00"},
    {"no rate held at a size, which is not the transport's doing at another",
     {SIZES, TRANSPORT},
     2,
     0,
     {{{0, 0}, 100, SURE, MANY, "", OF_SUSTAINED},
      {{0, 1}, 200, SURE, MANY, "", OF_SUSTAINED},
      {{1, 0}, NONE, NAN, 1, "", OF_SUSTAINED},
      {{1, 1}, 100, SURE, MANY, "", OF_SUSTAINED},
      {{2, 0}, NONE, NAN, 1, "", OF_SUSTAINED},
      {{2, 1}, NONE, NAN, 1, "", OF_SUSTAINED}},
     false,
     "Transport, unix against tcp: sustained rate x2.00 (1.99 to 2.01) at 1 "
     "KiB; tcp: no rate held at 64 KiB",
     "010000"},
    {"all rates held",
     {CLIENTS},
     1,
     -1,
     {{{0}, ALL, NAN, 1, "", OF_SUSTAINED},
      {{1}, 200, SURE, MANY, "", OF_SUSTAINED},
      {{2}, NONE, NAN, 1, "", OF_SUSTAINED}},
     false,
     "Sustained rate 200/s (200/s to 200/s)\n"
     "Clients per node, 1: all rates held that were tried; 4: no rate held",
     "000"},
    {"here and there: how many sizes, and the first and the last of them",
     {{"Tensor size", eight, 8, true}, TRANSPORT},
     2,
     0,
     {{{0, 0}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{0, 1}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{1, 0}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{1, 1}, 2e9, SURE, MANY, "", OF_BANDWIDTH},
      {{2, 0}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{2, 1}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{3, 0}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{3, 1}, 2e9, SURE, MANY, "", OF_BANDWIDTH},
      {{4, 0}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{4, 1}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{5, 0}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{5, 1}, 2e9, SURE, MANY, "", OF_BANDWIDTH},
      {{6, 0}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{6, 1}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{7, 0}, 1e9, SURE, MANY, "", OF_BANDWIDTH},
      {{7, 1}, 2e9, SURE, MANY, "", OF_BANDWIDTH}},
     false,
     "Transport, unix against tcp: bandwidth x2.00 (1.99 to 2.01) at 4 of 8 "
     "sizes from 2 KiB to 1 MiB, equal within 5 % at 4 of 8 sizes from 1 KiB "
     "to 256 KiB",
     "1101110111011101"},
    {"no rate held of any",
     {TRANSPORT},
     1,
     -1,
     {{{0}, NONE, NAN, 1, "", OF_SUSTAINED},
      {{1}, NONE, NAN, 1, "", OF_SUSTAINED}},
     false,
     "No rate held that a probe can judge, of any configuration",
     "00"},
};

struct study {
    struct verdict_study s;
    struct verdict_row rows[MOST_ROWS];
};

static void open_scene(struct study *x, const struct scene *c)
{
    x->s = (struct verdict_study){.axes = c->axes,
                                  .naxes = c->naxes,
                                  .size = c->size,
                                  .rows = x->rows,
                                  .within = c->within,
                                  .nrows = strlen(c->best)};
    for (size_t i = 0; i < x->s.nrows; i++) {
        const struct given *g = &c->rows[i];
        enum verdict_held held = g->rate == NONE  ? HELD_NONE
                                 : g->rate == ALL ? HELD_ALL
                                                  : HELD_SOME;

        x->rows[i] = (struct verdict_row){
            g->level, held ? NAN : g->rate, g->error, g->df, g->flags, g->of,
            held};
    }
}

/* Without the line of the sizes, which each scene would have to repeat. */
static void drop_sizes(char *words)
{
    char *at = strstr(words, "Tensor size, "), *end;

    if (!at)
        return;
    end = strchr(at, '\n');
    if (end)
        memmove(at, end + 1, strlen(end + 1) + 1);
    else
        *at = '\0';
}

static void sentences(void **state)
{
    int wrong = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(scenes); i++) {
        struct study x;
        char *words;

        open_scene(&x, &scenes[i]);
        words = verdict_words(&x.s);
        drop_sizes(words);
        if (strcmp(words, scenes[i].words) != 0) {
            print_message("%s:\n  '%s'\ninstead of\n  '%s'\n", scenes[i].name,
                          words, scenes[i].words);
            wrong++;
        }
        free(words);
    }
    assert_int_equal(wrong, 0);
}

static void the_best(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(scenes); i++) {
        enum verdict_rank best[MOST_ROWS];
        char found[MOST_ROWS + 1] = "";
        struct study x;

        open_scene(&x, &scenes[i]);
        verdict_best(&x.s, best);
        for (size_t k = 0; k < x.s.nrows; k++)
            found[k] = best[k] != RANK_NONE ? '1' : '0';
        if (strcmp(found, scenes[i].best) != 0)
            fail_msg("%s: %s instead of %s", scenes[i].name, found,
                     scenes[i].best);
    }
}

/* The size is an axis like another, too. */
static void sizes_have_a_sentence(void **state)
{
    struct study x;
    char *words;

    (void)state;
    for (size_t i = 0; i < COUNT(scenes); i++) {
        if (scenes[i].size != 0)
            continue;
        open_scene(&x, &scenes[i]);
        words = verdict_words(&x.s);
        if (strncmp(words, "Tensor size, 1 KiB to 1 MiB: bandwidth x", 40) !=
                0 &&
            strncmp(words,
                    "Tensor size, 1 KiB to 64 KiB: sustained rate x0.500 "
                    "(0.499 to 0.501); 1 MiB: no rate held\n",
                    90) != 0)
            fail_msg("%s: %s", scenes[i].name, words);
        free(words);
    }
}

/* ---- by chance ---- */

static uint64_t random_state = 1;

static double uniform(void)
{
    random_state =
        random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return ((double)(random_state >> 11) + 0.5) / 9007199254740992.0;
}

/* Box and Muller's. */
static double normal(void)
{
    return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

/* Repetitions of one configuration, whose logarithms spread by 0.2. */
static struct verdict_row measured(const int *level, double rate, int n)
{
    double sum = 0, squares = 0;

    for (int k = 0; k < n; k++) {
        double x = log(rate) + 0.2 * normal();

        sum += x;
        squares += x * x;
    }
    return (struct verdict_row){
        level,    exp(sum / n), sqrt((squares - sum * sum / n) / (n - 1) / n),
        n - 1,    "",           OF_BANDWIDTH,
        HELD_SOME};
}

/* In so many of `rounds` studies a difference is told. */
static int told(double ratio, int repetitions, int rounds)
{
    static const struct verdict_axis axis[] = {TRANSPORT};
    static const int level[2] = {0, 1};
    int n = 0;

    for (int k = 0; k < rounds; k++) {
        struct verdict_row rows[2] = {
            measured(&level[0], 1e9, repetitions),
            measured(&level[1], ratio * 1e9, repetitions)};
        const struct verdict_study s = {
            .axes = axis, .naxes = 1, .size = -1, .rows = rows, .nrows = 2};
        char *words = verdict_words(&s);

        n += strstr(words, "bandwidth x") != NULL;
        free(words);
    }
    return n;
}

/* Student's interval holds what it promises: 5 % of equals are told apart
 * (Welch's degrees of freedom, taken as whole numbers below, err to the safe
 * side); what is twice as fast is told nearly always. */
static void how_often_it_is_wrong(void **state)
{
    (void)state;
    for (int repetitions = 2; repetitions <= 5; repetitions++) {
        int wrong = told(1, repetitions, 4000);

        if (wrong > 4000 * 6 / 100 || wrong == 0)
            fail_msg("%d repetitions: %d of 4000 told apart", repetitions,
                     wrong);
    }
    assert_true(told(2, 5, 1000) > 950);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sentences),
        cmocka_unit_test(the_best),
        cmocka_unit_test(sizes_have_a_sentence),
        cmocka_unit_test(how_often_it_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
