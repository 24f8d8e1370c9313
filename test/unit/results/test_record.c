/* What of a permutation goes into the file: flags, and rows that have the same
 * columns whatever became of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/study.h"
#include "results/record.h"

static void statuses_have_names(void **state)
{
    (void)state;
    assert_string_equal(record_status(STATUS_PLANNED), "planned");
    assert_string_equal(record_status(STATUS_COMPLETED), "completed");
    assert_string_equal(record_status(STATUS_FAILED), "failed");
    assert_string_equal(record_status(STATUS_SKIPPED), "skipped");
}

static void nothing_is_known_at_first(void **state)
{
    struct outcome o;

    (void)state;
    memset(&o, 0x55, sizeof o);
    record_clear(&o, 0);
    assert_int_equal(o.status, STATUS_PLANNED);
    assert_string_equal(o.error, "");
    assert_int_equal(o.failed_rank, -1);
    assert_int_equal(o.failed_ranks, 0);
    assert_int_equal(o.summary.ops, FIELD_NO_INT);
    assert_int_equal(o.summary.bytes, FIELD_NO_INT);
    assert_true(isnan(o.summary.put.median) && isnan(o.summary.put.max) &&
                isnan(o.summary.unpack.p95) && isnan(o.summary.unpack.p999));
    assert_true(isnan(o.summary.window) && isnan(o.summary.between_share));
    assert_int_equal(o.breaches, FIELD_NO_INT);
    assert_string_equal(o.breached, "");
    assert_true(isnan(o.db_start_seconds));
    assert_null(o.db_config);
}

static void flags_catch_the_eye(void **state)
{
    static const struct {
        double between;
        int64_t wrong;
        const char *flags;
    } vectors[] = {
        {NAN, 0, ""},
        {0, 0, ""},
        {0.01, 0, ""},
        {0.0101, 0, "between_time"},
        {0.5, 1, "between_time,verify"},
        {0, 7, "verify"},
        {NAN, 7, "verify"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct outcome o;
        char buf[64];

        record_clear(&o, 0);
        o.summary.between_share = vectors[i].between;
        o.summary.verify_errors = vectors[i].wrong;
        if (strcmp(record_flags(&o, buf, sizeof buf), vectors[i].flags) != 0)
            fail_msg("%g and %d: '%s'", vectors[i].between,
                     (int)vectors[i].wrong, buf);
    }
}

/* One repetition may be above the floor by a tenth, several only as far as
 * their interval holds 1. */
static void what_beats_the_floor(void **state)
{
    static const struct {
        struct across put, window;
        bool beaten;
    } vectors[] = {
        {{NAN, NAN, NAN, NAN}, {NAN, NAN, NAN, NAN}, false},
        {{1.09, NAN, NAN, NAN}, {0.5, NAN, NAN, NAN}, false},
        {{1.11, NAN, NAN, NAN}, {0.5, NAN, NAN, NAN}, true},
        {{0.5, NAN, NAN, NAN}, {1.11, NAN, NAN, NAN}, true},
        {{1.5, 0.99, 2, 0.1}, {0.8, 0.7, 0.9, 0.1}, false},
        {{1.05, 1.01, 1.1, 0.1}, {0.8, 0.7, 0.9, 0.1}, true},
        {{0.8, 0.7, 0.9, 0.1}, {1.05, 1.01, 1.1, 0.1}, true},
        {{0.8, 0.7, 0.9, 0.1}, {NAN, NAN, NAN, NAN}, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct of_partner x = {.share[PARTNER_FLOOR] = {
                                   [HEADLINE_PUT] = vectors[i].put,
                                   [HEADLINE_UNPACK] = {0.5, NAN, NAN, NAN},
                                   [HEADLINE_WINDOW] = vectors[i].window,
                               }};

        if (record_floor_beaten(&x) != vectors[i].beaten)
            fail_msg("vector %zu", i);
    }
}

/* Each flag at its limit and beyond; in their order when all are raised. */
static void every_flag_has_its_limit(void **state)
{
    static const struct {
        bool disagree, oversubscribed;
        double cpu_share, loop, skew, clock;
        const char *flags;
    } vectors[] = {
        {false, false, 0.5, 1, 0.01, 0.01, ""},
        {true, false, 0.5, 1, 0.01, 0.01, "ops_mismatch"},
        {false, true, 0.5, 1, 0.01, 0.01, "oversubscribed"},
        {false, false, 0.51, 1, 0.01, 0.01, "client_bound"},
        {false, false, 0.5, 0.99, 0.01, 0.0099, "too_short"},
        {false, false, 0.5, 1, 0.0101, 0.01, "too_short"},
        {false, false, 0.5, 1, 0.01, 0.0101, "clock_error"},
        {false, false, NAN, 1, NAN, 0, ""},
        {true, true, 1, 1, 1, 1,
         "ops_mismatch,oversubscribed,client_bound,too_short,clock_error"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct outcome o;
        char buf[SRB_FLAGS_MAX];

        record_clear(&o, 0);
        o.disagree = vectors[i].disagree;
        o.oversubscribed = vectors[i].oversubscribed;
        o.summary.clock_error = vectors[i].clock;
        o.summary.cpu_share = vectors[i].cpu_share;
        o.summary.shortest_loop = vectors[i].loop;
        o.summary.start_skew = vectors[i].skew;
        record_flags(&o, buf, sizeof buf);
        if (strcmp(buf, vectors[i].flags) != 0)
            fail_msg("vector %zu: '%s' instead of '%s'", i, buf,
                     vectors[i].flags);
    }
}

/* What one reading more or less makes a tenth of. */
static void clocks_that_cost_as_much(void **state)
{
    static const struct {
        double put, unpack, cost;
        bool bound;
    } vectors[] = {
        {1e-6, 1e-6, 1e-7, false},   {0.99e-6, 1e-6, 1e-7, true},
        {1e-6, 0.99e-6, 1e-7, true}, {1e-6, NAN, 1e-7, false},
        {NAN, NAN, 1e-7, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct outcome o;
        char buf[SRB_FLAGS_MAX];

        record_clear(&o, 0);
        o.summary.put.median = vectors[i].put;
        o.summary.unpack.median = vectors[i].unpack;
        o.clock_bound = record_clock_bound(&o.summary, vectors[i].cost);
        record_flags(&o, buf, sizeof buf);
        if (strcmp(buf, vectors[i].bound ? "clock_bound" : "") != 0)
            fail_msg("vector %zu: '%s'", i, buf);
    }
}

static void times_are_iso_8601(void **state)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
    char buf[32];

    (void)state;
    assert_ptr_equal(record_now(buf, sizeof buf), buf);
    for (char *c = buf; *c; c++)
        if (*c >= '0' && *c <= '9')
            *c = 'd';
    assert_string_equal(buf, shape);
}

/* Rows of both placements, whatever became of them, have the columns of the
 * first: their names, types and units, in that order. */
static void rows_have_the_same_columns(void **state)
{
    static const struct line line = {
        {"--experiment=[throughput_standard,throughput_colocated]",
         "--client_nodes=[auto,2]", "--tensor_bytes=[1024,32769]"}};
    static const enum status statuses[] = {STATUS_PLANNED, STATUS_COMPLETED,
                                           STATUS_FAILED, STATUS_SKIPPED,
                                           STATUS_SPARED};
    struct fields first = {0};
    struct machine m;
    struct study s;
    struct error err;

    (void)state;
    study_open(&s, &line);
    assert_int_equal(machine_uniform(&m, 4, 3, 1, &err), 0);
    for (size_t i = 0; i < s.sweep.count; i++)
        for (size_t k = 0; k < COUNT(statuses); k++) {
            struct fields row = {0};
            struct permutation p;
            struct placement pl;
            struct outcome out;

            sweep_at(&s.sweep, i, &p);
            assert_int_equal(place_solve(&m, &p, &pl, &err), 0);
            record_clear(&out, 0);
            out.status = statuses[k];
            record_row(i + k == 0 ? &first : &row, &s.sweep, &p, &pl, &out);
            place_free(&pl);
            if (i + k == 0)
                continue;
            assert_int_equal(row.n, first.n);
            for (size_t c = 0; c < row.n; c++)
                if (strcmp(row.list[c].name, first.list[c].name) != 0 ||
                    strcmp(row.list[c].unit, first.list[c].unit) != 0 ||
                    row.list[c].type != first.list[c].type)
                    fail_msg("row %zu (%s): column %zu is %s, not %s", i,
                             record_status(statuses[k]), c, row.list[c].name,
                             first.list[c].name);
            fields_free(&row);
        }
    fields_free(&first);
    machine_free(&m);
    study_close(&s);
}

/* What was left to the placement is written as it chose; what a placement has
 * not, as not there; sizes both as asked for and as moved. */
static void values_of_a_row(void **state)
{
    static const struct line line = {
        {"--experiment=[throughput_standard,throughput_colocated]",
         "--tensor_bytes=32769", "--db_nodes=2"}};
    static const struct {
        const char *name;
        int64_t value[2]; /* in the standard row, in the colocated one */
    } want[] = {
        {"index", {0, 1}},
        {"client_nodes", {2, 4}},
        {"clients_per_node", {3, 3}},
        {"db_nodes", {2, -1}},
        {"clients", {6, 12}},
        {"shards", {2, 4}},
        {"tensor_bytes", {32769, 32769}},
        {"payload_bytes", {32768, 32768}},
        {"ops", {1234, 1234}},
    };
    struct machine m;
    struct study s;
    struct error err;

    (void)state;
    study_open(&s, &line);
    assert_int_equal(s.sweep.count, 2);
    assert_int_equal(machine_uniform(&m, 4, 3, 1, &err), 0);
    for (size_t i = 0; i < s.sweep.count; i++) {
        struct fields row = {0};
        struct permutation p;
        struct placement pl;
        struct outcome out;

        sweep_at(&s.sweep, i, &p);
        assert_int_equal(place_solve(&m, &p, &pl, &err), 0);
        record_clear(&out, 0);
        out.status = STATUS_COMPLETED;
        out.summary.ops = 1234;
        out.summary.put.p99 = 0.25;
        record_row(&row, &s.sweep, &p, &pl, &out);
        for (size_t k = 0; k < COUNT(want); k++) {
            const struct field *f = fields_find(&row, want[k].name);

            if (!f || f->type != FIELD_INT || f->integer != want[k].value[i])
                fail_msg("row %zu: %s is %lld", i, want[k].name,
                         f ? (long long)f->integer : -99);
        }
        assert_true(fields_find(&row, "put_tensor_p99")->real == 0.25);
        assert_true(isnan(fields_find(&row, "put_tensor_p99.9")->real));
        assert_string_equal(fields_find(&row, "status")->text, "completed");
        assert_string_equal(fields_find(&row, "keys")->text,
                            i == 0 ? "smartsim" : "");
        /* by these tools find their columns */
        assert_string_equal(fields_find(&row, "keys")->role, "axis");
        assert_string_equal(fields_find(&row, "window")->role, "figure");
        assert_string_equal(fields_find(&row, "put_tensor_median_low")->role,
                            "bound");
        assert_string_equal(fields_find(&row, "clients")->role, "");
        record_unknown(&row);
        assert_int_equal(fields_find(&row, "tensor_bytes")->integer, -1);
        assert_true(isnan(fields_find(&row, "put_tensor_p99")->real));
        assert_string_equal(fields_find(&row, "keys")->text, "");
        assert_string_equal(fields_find(&row, "name")->text, "");
        assert_string_equal(fields_find(&row, "status")->text, "completed");
        fields_free(&row);
        place_free(&pl);
    }
    machine_free(&m);
    study_close(&s);
}

/* Every figure of a row finds its place again. */
static void rows_are_recalled(void **state)
{
    struct fields row = {0}, again = {0};
    struct outcome o, recalled;
    int reals = 0;

    (void)state;
    record_clear(&o, SCOPE_ALL);
    record_clear(&recalled, SCOPE_ALL);
    o.repeated.n = 2; /* one would say nothing of repetitions */
    record_figures(&row, &o, FIGURE_PRINTED | FIGURE_OF_PARTNER);
    fields_int(&row, "ops", "", 77);
    fields_int(&row, "verify_errors", "", 3);
    for (size_t i = 0; i < row.n; i++)
        if (row.list[i].type == FIELD_REAL)
            row.list[i].real = ++reals;
        else if (strcmp(row.list[i].name, "repetitions_done") == 0)
            row.list[i].integer = 4;
    assert_true(reals > 30);
    record_recall(&recalled, &row);
    record_figures(&again, &recalled, FIGURE_PRINTED | FIGURE_OF_PARTNER);
    for (size_t i = 0; i < again.n; i++) {
        const struct field *a = &row.list[i], *b = &again.list[i];

        if (a->type == FIELD_REAL ? !(a->real == b->real)
                                  : a->integer != b->integer)
            fail_msg("%s is not recalled", a->name);
    }
    assert_int_equal(recalled.summary.ops, 77);
    assert_int_equal(recalled.summary.bytes, FIELD_NO_INT);
    assert_int_equal(recalled.summary.verify_errors, 3);
    fields_free(&row);
    fields_free(&again);
}

/* Less than was offered; and clients that are late by themselves, by a tenth of
 * the median response, of few steps by another percentile. */
static void flags_of_steps(void **state)
{
    static const struct {
        int64_t behind;
        double response, p95, p99;
        const char *flags;
    } vectors[] = {
        {-1, NAN, NAN, NAN, ""},     {0, 1, 0.1, 0.1, ""},
        {1, 1, 0.1, 0.1, "behind"},  {0, 1, 0.2, 0.1, ""},
        {0, 1, 0.1, 0.11, "pacing"}, {0, 1, 0.11, NAN, "pacing"},
        {0, 1, NAN, NAN, ""},        {1, 1, 1, 1, "behind,pacing"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct outcome o;
        char buf[SRB_FLAGS_MAX];

        record_clear(&o, SCOPE_ALL);
        o.summary.steps.behind = vectors[i].behind;
        o.summary.steps.response.median = vectors[i].response;
        o.summary.steps.pace_late.p95 = vectors[i].p95;
        o.summary.steps.pace_late.p99 = vectors[i].p99;
        record_flags(&o, buf, sizeof buf);
        if (strcmp(buf, vectors[i].flags) != 0)
            fail_msg("vector %zu: '%s' instead of '%s'", i, buf,
                     vectors[i].flags);
    }
}

/* Whose computing alone others disturbed. */
static void computing_alone_is_disturbed(void **state)
{
    static const double waited[] = {NAN, 0, 0.01, 0.011, 0.5};

    (void)state;
    for (size_t i = 0; i < COUNT(waited); i++) {
        struct outcome o;
        char buf[SRB_FLAGS_MAX];

        record_clear(&o, SCOPE_ALL);
        o.summary.steps.alone_waited = waited[i];
        assert_string_equal(record_flags(&o, buf, sizeof buf),
                            i < 3 ? "" : "compute_disturbed");
    }
}

/* Whose computing alone was no steady reference, though nobody took its CPU.
 * The first are healthy runs; 12.3 ms of 10 ms and an overhead of -5.9 % stood
 * there once without a word. */
static void computing_alone_is_unsteady(void **state)
{
    static const struct {
        double before, after, excess, overhead, waited;
        const char *flags;
    } vectors[] = {
        {10.02e-3, 10.05e-3, 0.0035, 0.029, 0.001, ""},
        {10.02e-3, 10.05e-3, 0.0035, -0.009, 0.001, ""},
        {10.0e-3, 10.49e-3, 0.0245, 0.029, 0, ""},
        {10.05e-3, 10.05e-3, NAN, 3.4, NAN, ""}, /* sleep */
        {30e-3, 30e-3, NAN, 0.1, 0, ""},         /* memory is shared: stream */
        {12.3e-3, 12.3e-3, 0.23, -0.059, 0, "compute_unsteady"},
        {12.3e-3, 10.05e-3, 0.1175, -0.059, 0, "compute_unsteady"},
        {12.3e-3, 12.3e-3, 0.23, 0.3, 0, "compute_unsteady"},
        {10.0e-3, 10.6e-3, 0.03, 0.029, 0, "compute_unsteady"},
        {10.6e-3, 10.0e-3, 0.03, 0.029, 0, "compute_unsteady"},
        {10.0e-3, 10.0e-3, 0, -0.011, 0, "compute_unsteady"},
        {10.6e-3, 10.3e-3, 0.045, -0.02, 0, ""}, /* by one of them above -1 % */
        {10.6e-3, NAN, 0.06, 0.02, 0, ""},       /* broken off after the loop */
        {15e-3, 10e-3, 0.25, -0.2, 0.2, "compute_disturbed"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct outcome o;
        struct step_figures *s = &o.summary.steps;
        char buf[SRB_FLAGS_MAX];

        record_clear(&o, SCOPE_ALL);
        s->alone[0] = vectors[i].before;
        s->alone[1] = vectors[i].after;
        s->compute_alone =
            isnan(s->alone[1]) ? s->alone[0] : (s->alone[0] + s->alone[1]) / 2;
        s->alone_excess = vectors[i].excess;
        s->overhead = vectors[i].overhead;
        s->alone_waited = vectors[i].waited;
        record_flags(&o, buf, sizeof buf);
        if (strcmp(buf, vectors[i].flags) != 0)
            fail_msg("vector %zu: '%s' instead of '%s'", i, buf,
                     vectors[i].flags);
    }
}

/* A study has the figures of steps that it asks for, and no others. */
static void figures_are_those_of_the_study(void **state)
{
    static const struct {
        struct line line;
        const char *has[4], *lacks[4];
    } vectors[] = {
        {{{NULL}},
         {"put_tensor_median"},
         {"step_median", "overhead", "put_response_p99", "sustained_rate"}},
        {{{"--compute=[0s,1ms]"}},
         {"overhead", "compute_alone", "compute_alone_waited",
          "compute_alone_after"},
         {"put_response_p99", "offered_rate", "sustained_rate"}},
        {{{"--rate=[max,5]"}},
         {"step_p99.9", "put_response_p99", "unsent", "pace_late_max"},
         {"overhead", "sustained_rate"}},
        {{{"--rate=search", "--sustain={put_tensor_p95: < 1s}"}},
         {"sustained_rate", "sustained_rate_low", "behind"},
         {"overhead"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct fields row = {0};
        struct study s;
        struct outcome o;

        study_open(&s, &vectors[i].line);
        record_clear(&o, record_scope(&s.options));
        record_figures(&row, &o, FIGURE_ALONE);
        for (int k = 0; k < 4 && vectors[i].has[k]; k++)
            assert_non_null(fields_find(&row, vectors[i].has[k]));
        for (int k = 0; k < 4 && vectors[i].lacks[k]; k++)
            assert_null(fields_find(&row, vectors[i].lacks[k]));
        fields_free(&row);
        study_close(&s);
    }
}

/* An axis with words is text, and its number stands beside it. */
static void words_stand_beside_numbers(void **state)
{
    static const struct line line = {{"--rate=[12.5,max]"}};
    struct machine m;
    struct study s;
    struct error err;

    (void)state;
    study_open(&s, &line);
    assert_int_equal(machine_uniform(&m, 4, 3, 1, &err), 0);
    for (size_t i = 0; i < s.sweep.count; i++) {
        struct fields row = {0};
        struct permutation p;
        struct placement pl;
        struct outcome o;
        double value;

        sweep_at(&s.sweep, i, &p);
        assert_int_equal(place_solve(&m, &p, &pl, &err), 0);
        record_clear(&o, 0);
        record_row(&row, &s.sweep, &p, &pl, &o);
        assert_string_equal(fields_find(&row, "rate")->role, "axis");
        assert_string_equal(fields_find(&row, "rate_value")->role, "");
        assert_string_equal(fields_find(&row, "rate_value")->unit, "1/s");
        value = fields_find(&row, "rate_value")->real;
        if (p.value[OPT_RATE]->word)
            assert_true(isnan(value));
        else
            assert_true(value == 12.5);
        assert_string_equal(fields_find(&row, "rate")->text,
                            p.value[OPT_RATE]->word ? "max" : "12.5");
        fields_free(&row);
        place_free(&pl);
    }
    machine_free(&m);
    study_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses_have_names),
        cmocka_unit_test(nothing_is_known_at_first),
        cmocka_unit_test(flags_catch_the_eye),
        cmocka_unit_test(every_flag_has_its_limit),
        cmocka_unit_test(what_beats_the_floor),
        cmocka_unit_test(clocks_that_cost_as_much),
        cmocka_unit_test(times_are_iso_8601),
        cmocka_unit_test(rows_have_the_same_columns),
        cmocka_unit_test(values_of_a_row),
        cmocka_unit_test(rows_are_recalled),
        cmocka_unit_test(flags_of_steps),
        cmocka_unit_test(computing_alone_is_disturbed),
        cmocka_unit_test(computing_alone_is_unsteady),
        cmocka_unit_test(figures_are_those_of_the_study),
        cmocka_unit_test(words_stand_beside_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
