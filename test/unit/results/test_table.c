/* The final table, and the rows that it is made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "lib/study.h"
#include "results/screen.h"
#include "results/step_words.h"
#include "results/table.h"

/* What a permutation is to come to: a bandwidth, times that go with it, what
 * raises a flag. */
struct end {
    double rate;
    const char *flags;
    enum status status;
};

static struct outcome outcome_of(const struct end *e)
{
    struct outcome o;

    record_clear(&o, 0);
    o.status = e->status ? e->status : STATUS_COMPLETED;
    if (o.status != STATUS_COMPLETED)
        return o;
    o.summary.window = e->rate;
    o.summary.put = (struct figures){.median = 1e5 / e->rate,
                                     .low = 0.9e5 / e->rate,
                                     .high = 1.1e5 / e->rate,
                                     .clusters = 20};
    o.summary.unpack = o.summary.put;
    return o;
}

/* The table of a study whose permutations ended so, in their order. */
static char *table_of(const struct line *line, const struct end *ends,
                      int columns)
{
    struct repeats *repeats;
    struct study s;
    struct rows r;
    char *text;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    study_open(&s, line);
    rows_open(&r, &s.sweep);
    repeats = repeats_open(r.n);
    for (size_t i = 0; i < s.sweep.count; i++) {
        struct outcome o = outcome_of(&ends[i]);

        sweep_at(&s.sweep, i, &s.p);
        if (o.status == STATUS_COMPLETED)
            repeats_add(repeats, sweep_group(&s.sweep, i), &o.summary);
        rows_add(&r, &s.p, &o, ends[i].flags ? ends[i].flags : "");
    }
    rows_close_up(&r, repeats);
    table_print(out, &r, columns);
    fclose(out);
    repeats_close(repeats);
    rows_free(&r);
    study_close(&s);
    return text;
}

static const struct {
    const char *name;
    struct line line;
    struct end ends[16];
    int columns;
    const char *table;
} cases[] = {
    {"sizes alone: no mark, intervals within the run",
     {{"--tensor_bytes=[1KiB,1MiB]"}},
     {{1e9, "", 0}, {2e9, "", 0}},
     100,
     "   size       put                      get                  bandwidth\n"
     "  1 KiB    100 us (90.0 to 110)     100 us (90.0 to 110)    1.00 GB/s "
     "(932 MB/s to 1.07 GB/s)\n"
     "  1 MiB   50.0 us (45.0 to 55.0)   50.0 us (45.0 to 55.0)   2.00 GB/s "
     "(1.86 to 2.15)\n"
     "( ) 95 % interval within this run\n"},
    {"too narrow for all intervals",
     {{"--tensor_bytes=[1KiB,1MiB]"}},
     {{1e9, "", 0}, {2e9, "", 0}},
     64,
     "   size       put       get   bandwidth\n"
     "  1 KiB    100 us    100 us   1.00 GB/s (932 MB/s to 1.07 GB/s)\n"
     "  1 MiB   50.0 us   50.0 us   2.00 GB/s (1.86 to 2.15)\n"
     "( ) 95 % interval within this run\n"},
    {"too narrow for any; what varies stays",
     {{"--tensor_bytes=[1KiB,1MiB]"}},
     {{1e9, "", 0}, {2e9, "", 0}},
     20,
     "   size       put       get   bandwidth\n"
     "  1 KiB    100 us    100 us   1.00 GB/s\n"
     "  1 MiB   50.0 us   50.0 us   2.00 GB/s\n"},
    {"sorted by the size first, whatever the order; the best are marked",
     {{"--tensor_bytes=[1MiB,1KiB]", "--transport=[tcp,unix]"}},
     {{4e9, "", 0}, {1e9, "", 0}, {4.1e9, "", 0}, {3e9, "", 0}},
     50,
     "   size  transport       put       get   bandwidth\n"
     "  1 KiB  tcp          100 us    100 us   1.00 GB/s\n"
     "* 1 KiB  unix        33.3 us   33.3 us   3.00 GB/s\n"
     "* 1 MiB  tcp         25.0 us   25.0 us   4.00 GB/s\n"
     "* 1 MiB  unix        24.4 us   24.4 us   4.10 GB/s\n"
     "* the best of its size, or not to be told from it\n"},
    {"nothing was completed",
     {{"--tensor_bytes=[1KiB,1MiB]"}},
     {{0, "", STATUS_FAILED}, {0, "", STATUS_FAILED}},
     100,
     "   size   put   get   bandwidth\n"
     "  1 KiB     -     -           -   failed\n"
     "  1 MiB     -     -           -   failed\n"},
    /* logarithms 0 and ln 4, half 12.706 * ln(4) / 2 */
    {"repetitions are one row, by their geometric mean; one that failed too",
     {{"--tensor_bytes=1KiB", "--client=[socket,hiredis]", "--repetitions=2"}},
     {{1e9, "", 0}, {4e9, "", 0}, {1e9, "", 0}, {0, "", STATUS_FAILED}},
     86,
     "  client        put       get   bandwidth\n"
     "* socket    50.0 us   50.0 us   2.00 GB/s (299 kB/s to 13.4 TB/s)\n"
     "* hiredis    100 us    100 us   1.00 GB/s                           1 of "
     "2 "
     "failed\n"
     "* the best of its size, or not to be told from it\n"
     "( ) 95 % interval over repetitions\n"},
    {"flags by their letters, each explained once",
     {{"--tensor_bytes=[4,8,12]"}},
     {{1e9, "oversubscribed,too_short", 0},
      {1e9, "", 0},
      {1e9, "oversubscribed", 0}},
     40,
     "  size      put      get   bandwidth\n"
     "   4 B   100 us   100 us   1.00 GB/s   os\n"
     "   8 B   100 us   100 us   1.00 GB/s\n"
     "  12 B   100 us   100 us   1.00 GB/s   o\n"
     "o oversubscribed, 2 of 3: more clients\n"
     "  and server threads than CPUs: they\n"
     "  wait for each other\n"
     "s too_short, 1 of 3: a loop was shorter\n"
     "  than 100 times the start skew: more\n"
     "  iterations\n"},
    {"nothing came of it",
     {{"--tensor_bytes=[4,8]"}},
     {{0, "", STATUS_FAILED}, {0, "", STATUS_SKIPPED}},
     40,
     "  size   put   get   bandwidth\n"
     "   4 B     -     -           -   failed\n"
     "   8 B     -     -           -   skipped\n"},
    {"sizes that read alike are exact",
     {{"--tensor_bytes=[1048580,1048584]"}},
     {{1e9, "", 0}, {1e9, "", 0}},
     30,
     "     size      put      get   bandwidth\n"
     "  1048580   100 us   100 us   1.00 GB/s\n"
     "  1048584   100 us   100 us   1.00 GB/s\n"},
};

static void tables(void **state)
{
    int wrong = 0;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = table_of(&cases[i].line, cases[i].ends, cases[i].columns);

        if (strcmp(text, cases[i].table) != 0) {
            print_message("%s:\n%sinstead of\n%s", cases[i].name, text,
                          cases[i].table);
            wrong++;
        }
        free(text);
    }
    assert_int_equal(wrong, 0);
}

/* How many lines of a text hold some words. */
static int lines_with(const char *text, const char *words)
{
    int n = 0;

    while ((text = strstr(text, words)) != NULL) {
        n++;
        text++;
        text += strcspn(text, "\n");
    }
    return n;
}

/* Of very many rows: the ends, the highest, what failed, the best of each size,
 * and the last line says which. */
static void some_of_very_many(void **state)
{
    enum { SIZES = 100 };
    static const struct {
        const char *more; /* an argument */
        int failed;       /* the first so many permutations */
        int lost, best, others, left;
        const char *told;
    } scenes[] = {
        {"--transport=tcp", 0, 0, 0, 60, 40,
         ", the one of the largest bandwidth, and others (some, evenly "
         "chosen); srbench-results FILE prints all\n"},
        {"--transport=tcp", 100, 31, 0, 0, 69,
         "the last, what failed (some, evenly chosen); srbench-results FILE "
         "prints all\n"},
        {"--transport=[tcp,unix]", 0, 0, 59, 1, 140,
         ", the one of the largest bandwidth, the best of each size (some, "
         "evenly chosen); srbench-results FILE prints all\n"},
        {"--transport=[tcp,unix]", 40, 29, 31, 0, 140,
         ", the one of the largest bandwidth, what failed (some, evenly "
         "chosen), the best of each size (some, evenly chosen); "
         "srbench-results FILE prints all\n"},
    };
    char sizes[SIZES * 8] = "--tensor_bytes=[4";

    (void)state;
    for (int i = 2; i <= SIZES; i++)
        text_add(sizes, sizeof sizes, ",%d", 4 * i);
    text_add(sizes, sizeof sizes, "]");
    for (size_t k = 0; k < sizeof scenes / sizeof scenes[0]; k++) {
        struct line line = {{sizes, scenes[k].more}};
        struct end ends[2 * SIZES];
        char *text, left[64];

        for (int i = 0; i < 2 * SIZES; i++) { /* unix and its like are second */
            ends[i] =
                (struct end){i == 70     ? 7e9
                             : i < SIZES ? 1e9
                                         : 2e9,
                             "", i < scenes[k].failed ? STATUS_FAILED : 0};
        }
        text = table_of(&line, ends, 1000);
        snprintf(left, sizeof left, "  ... and %d more in the file; these are ",
                 scenes[k].left);
        if (lines_with(text, " failed\n") != scenes[k].lost ||
            lines_with(text, "\n* ") - (scenes[k].best > 0) != scenes[k].best ||
            lines_with(text, "/s") - scenes[k].best != scenes[k].others ||
            !strstr(text, left) || !strstr(text, scenes[k].told) ||
            !strstr(text, " 4 B ") || !strstr(text, " 400 B ") ||
            lines_with(text, "7.00 GB/s") != (scenes[k].failed < 70))
            fail_msg("%zu: %d failed, %d best, %d with rates in\n%s", k,
                     lines_with(text, " failed\n"), lines_with(text, "\n* "),
                     lines_with(text, "/s"), text);
        free(text);
    }
}

/* A placement's own axis is "-" in the other one. */
static void what_a_placement_has_not(void **state)
{
    static const struct line line = {
        {"--experiment=[throughput_standard,throughput_colocated]",
         "--db_nodes=[1,2]", "--transport=[tcp,unix]", "--tensor_bytes=4"}};
    static const struct end ends[] = {
        {1e9, "", 0}, {1e9, "", 0}, {1e9, "", 0}, {1e9, "", 0}};
    char *text = table_of(&line, ends, 10);

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        static const char *const rows[] = {
            "\n* standard          1  -        ",
            "\n* standard          2  -        ",
            "\n* colocated         -  tcp      ",
            "\n* colocated         -  unix     "};

        if (!strstr(text, rows[i]))
            fail_msg("no '%s' in\n%s", rows[i] + 1, text);
    }
    free(text);
}

/* Every flag that is raised is explained. */
static void all_flags_have_words(void **state)
{
    struct outcome o;
    char flags[SRB_FLAGS_MAX], *rest;
    int n = 0;

    (void)state;
    record_clear(&o, 0);
    o.disagree = o.oversubscribed = true;
    o.summary.between_share = o.summary.cpu_share = 1;
    o.summary.verify_errors = 1;
    o.summary.shortest_loop = o.summary.start_skew = o.summary.clock_error = 1;
    record_flags(&o, flags, sizeof flags);
    for (char *f = strtok_r(flags, ",", &rest); f;
         f = strtok_r(NULL, ",", &rest), n++)
        if (strlen(table_flag_words(f)) < 10)
            fail_msg("%s has no words", f);
    assert_int_equal(n, 7);
    assert_string_equal(table_flag_words("none"), "");
}

static void time_left(void **state)
{
    static const struct {
        double seconds;
        const char *text;
    } vectors[] = {
        {NAN, ""},
        {0, "< 1 s left"},
        {0.94, "< 1 s left"},
        {0.96, "1.0 s left"},
        {2.94, "2.9 s left"},
        {2.96, "3 s left"},
        {11.2, "11 s left"},
        {11.6, "12 s left"},
        {99, "99 s left"},
        {99.5, "2 min left"},
        {150, "3 min left"},
        {5999, "100 min left"},
        {6000, "1 h 40 min left"},
        {90061, "25 h 01 min left"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        char text[32];

        assert_string_equal(screen_left(vectors[i].seconds, text, sizeof text),
                            vectors[i].text);
    }
}

/* What computing costs, in words: of what the shares are, and how sure. */
static const struct cost {
    double before, after, waited, waiting, slower;
    const char *flags, *words;
} costs[] = {
    {10e-3, 10e-3, 0, 0.02, 0.01, "",
     "Exchanging 1 MiB every step of 10.0 ms costs the solver 3.0 % of its "
     "computing time: 2.0 % waiting, 1.0 % slower computing"},
    {10e-3, 10e-3, 0, 3.382, 0.001, "behind",
     "Exchanging 1 MiB every step of 10.0 ms costs the solver 338.6 % of its "
     "computing time: 338.2 % waiting, 0.1 % slower computing"},
    {12e-3, 12e-3, 0.2, 0.02, 0.01, "compute_disturbed",
     "Exchanging 1 MiB every step of 10.0 ms costs the solver at least 3.0 % "
     "of "
     "its computing time: 2.0 % waiting, at least 1.0 % slower computing"},
    {12e-3, 12e-3, 0.2, 3.382, -0.1, "compute_disturbed",
     "Exchanging 1 MiB every step of 10.0 ms makes the solver wait 338.2 % of "
     "its computing time; what else it costs cannot be told, since others had "
     "its CPU for 20 % of the time that it computed alone"},
    {12e-3, 10e-3, 0, 0.09, 0.01, "compute_unsteady",
     "Exchanging 1 MiB every step of 11.0 ms costs the solver 10.1 % of its "
     "computing time (0.9 to 21.1 %: computing alone, asked for as 10.0 ms, "
     "took from 10.0 ms to 12.0 ms): 9.0 % waiting, 1.0 % slower computing"},
    {12.3e-3, 12.4e-3, 0, 0.049, -0.1, "compute_unsteady",
     "Exchanging 1 MiB every step of 10.0 ms makes the solver wait 4.9 % of "
     "its "
     "computing time; what else it costs cannot be told, since computing "
     "alone, asked for as 10.0 ms, took from 12.3 ms to 12.4 ms"},
};

/* One repetition of steps: what computing took alone, before and after it, and
 * what it cost. */
static void add_steps(struct rows *r, struct repeats *repeats, struct study *s,
                      size_t index, const struct cost *cost)
{
    struct outcome o;
    struct step_figures *x = &o.summary.steps;

    sweep_at(&s->sweep, index, &s->p);
    record_clear(&o, 0);
    o.status = STATUS_COMPLETED;
    x->alone[0] = cost->before;
    x->alone[1] = cost->after;
    x->compute_alone = (cost->before + cost->after) / 2;
    x->alone_waited = cost->waited;
    x->exchange_overhead = cost->waiting;
    x->compute_slowdown = cost->slower;
    x->overhead = (1 + cost->waiting) * (1 + cost->slower) - 1;
    repeats_add(repeats, 0, &o.summary);
    rows_add(r, &s->p, &o, cost->flags);
}

static void what_exchanging_costs(void **state)
{
    static const struct line line = {
        {"--compute=10ms", "--tensor_bytes=1MiB", "--rate=max"}};

    (void)state;
    for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++) {
        struct repeats *repeats;
        struct study s;
        struct rows r;
        char *words;

        study_open(&s, &line);
        rows_open(&r, &s.sweep);
        repeats = repeats_open(r.n);
        add_steps(&r, repeats, &s, 0, &costs[i]);
        rows_close_up(&r, repeats);
        words = step_words(&r);
        assert_string_equal(words, costs[i].words);
        free(words);
        repeats_close(repeats);
        rows_free(&r);
        study_close(&s);
    }
}

/* The mean of these is steady, and neither of them was. */
static void the_range_is_that_of_all_repetitions(void **state)
{
    static const struct line line = {{"--compute=10ms", "--tensor_bytes=1MiB",
                                      "--rate=max", "--repetitions=2"}};
    static const struct cost both[] = {
        {8e-3, 10e-3, 0, 0.1, 0, "compute_unsteady", ""},
        {10e-3, 12.4e-3, 0, 0.1, 0.1, "compute_unsteady", ""},
    };
    struct repeats *repeats;
    struct study s;
    struct rows r;
    char *words;

    (void)state;
    study_open(&s, &line);
    rows_open(&r, &s.sweep);
    repeats = repeats_open(r.n);
    for (size_t i = 0; i < 2; i++)
        add_steps(&r, repeats, &s, i, &both[i]);
    rows_close_up(&r, repeats);
    words = step_words(&r);
    assert_string_equal(
        words, "Exchanging 1 MiB every step of 10.1 ms costs the solver 15.5 % "
               "of its computing time (-5.9 to 45.8 %: computing alone, asked "
               "for as 10.0 ms, took from 8.00 ms to 12.4 ms): 10.0 % waiting, "
               "5.0 % slower computing");
    free(words);
    repeats_close(repeats);
    rows_free(&r);
    study_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables),
        cmocka_unit_test(some_of_very_many),
        cmocka_unit_test(what_a_placement_has_not),
        cmocka_unit_test(all_flags_have_words),
        cmocka_unit_test(time_left),
        cmocka_unit_test(what_exchanging_costs),
        cmocka_unit_test(the_range_is_that_of_all_repetitions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
