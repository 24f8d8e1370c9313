/* Limits: how they are read, what is refused and in which words, for which
 * permutations they hold, and how they are judged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/options_line.h"
#include "plan/expect.h"

#define BOTH "--experiment=[throughput_standard,throughput_colocated]"

/* Some figures as the summary has them, one of each unit, and one that is no
 * real number. */
struct values {
    double p99, window, ops, share;
    const char *limit;
};

static const char *const limits[] = {"server_cpu", "client", "waiting", NULL};

static void list_figures(struct fields *f, const struct values *v)
{
    fields_real(f, "put_tensor_p99", "s", v->p99);
    fields_real(f, "window", "B/s", v->window);
    fields_real(f, "window_ops", "1/s", v->ops);
    fields_real(f, "client_cpu_share", "1", v->share);
    fields_int(f, "missed", "", isnan(v->ops) ? FIELD_NO_INT : (int64_t)v->ops);
    fields_text(f, "limit", v->limit ? v->limit : "");
}

static const struct values typical = {2e-3, 1e9, 5000, 0.5, "client"};

static int open_study(const struct line *line, const char *file,
                      struct options *o, struct sweep *s, struct expect **e,
                      struct error *err)
{
    struct fields figures = {0};
    int rc;

    if (parse(o, line, file, file ? strlen(file) : 0, err) < 0)
        fail_msg("%s", err->text);
    if (sweep_open(s, o, err) < 0)
        fail_msg("%s", err->text);
    list_figures(&figures, &typical);
    err->text[0] = '\0';
    rc = expect_open(e, s, &figures, limits, err);
    fields_free(&figures);
    return rc;
}

/* ---- judged ---- */

static const struct {
    const char *limits;
    struct values values;
    const char *words; /* "" for no breach */
    int limits_judged;
} verdicts[] = {
    {"{put_tensor_p99: '< 2ms'}", {1.9999e-3, 0, 0, 0, ""}, "", 1},
    {"{put_tensor_p99: '< 2ms'}",
     {2e-3, 0, 0, 0, ""},
     "put_tensor_p99 is 2 ms, expected < 2ms",
     1},
    {"{put_tensor_p99: '<= 2 ms'}", {2e-3, 0, 0, 0, ""}, "", 1},
    {"{put_tensor_p99: '<=0.002s'}",
     {2.000001e-3, 0, 0, 0, ""},
     "put_tensor_p99 is 0.002 s, expected <=0.002s",
     1},
    {"{put_tensor_p99: '> 500us'}",
     {5e-4, 0, 0, 0, ""},
     "put_tensor_p99 is 500 us, expected > 500us",
     1},
    {"{put_tensor_p99: '>= 500us'}", {5e-4, 0, 0, 0, ""}, "", 1},
    {"{put_tensor_p99: '>= 500ns'}", {5e-7, 0, 0, 0, ""}, "", 1},
    {"{window: '> 1GB/s'}", {0, 1.0001e9, 0, 0, ""}, "", 1},
    {"{window: '> 1gib/s'}",
     {0, 1e9, 0, 0, ""},
     "window is 0.931323 GiB/s, expected > 1gib/s",
     1},
    {"{window_ops: '> 5000'}",
     {0, 0, 4999, 0, ""},
     "window_ops is 4999, expected > 5000",
     1},
    {"{window_ops: '> 5000/s'}",
     {0, 0, 4999, 0, ""},
     "window_ops is 4999 /s, expected > 5000/s",
     1},
    {"{client_cpu_share: '< 50%'}",
     {0, 0, 0, 0.625, ""},
     "client_cpu_share is 62.5 %, expected < 50%",
     1},
    {"{limit: client}", {0, 0, 0, 0, "client"}, "", 1},
    {"{limit: '!= server_cpu'}", {0, 0, 0, 0, "client"}, "", 1},
    {"{limit: '!= server_cpu'}", {0, 0, 0, 0, ""}, "", 1},
    {"{limit: '!=client'}",
     {0, 0, 0, 0, "client"},
     "limit is client, expected !=client",
     1},
    {"{limit: waiting}",
     {0, 0, 0, 0, ""},
     "limit is not told, expected waiting",
     1},
    {"{client_cpu_share: '< 0.5'}", {0, 0, 0, 0.4, ""}, "", 1},
    {"{missed: '<= 0'}", {0, 0, 0, 0, ""}, "", 1},
    {"{missed: '<= 0'}", {0, 0, 3, 0, ""}, "missed is 3, expected <= 0", 1},
    {"{missed: '<= 0'}",
     {0, 0, NAN, 0, ""},
     "missed cannot be judged, since it was not measured here, expected <= 0",
     1},
    /* what is not known breaks every limit */
    {"{put_tensor_p99: '< 2ms'}",
     {NAN, 0, 0, 0, ""},
     "put_tensor_p99 cannot be judged, since it has fewer than 10 samples "
     "beyond it, expected < 2ms",
     1},
    {"{window: '>= 0B/s'}",
     {0, NAN, 0, 0, ""},
     "window cannot be judged, since it was not measured here, expected >= "
     "0B/s",
     1},
    /* several */
    {"{put_tensor_p99: '< 2ms', window: '> 1GB/s'}",
     {3e-3, 1e8, 0, 0, ""},
     "put_tensor_p99 is 3 ms, expected < 2ms; window is 0.1 GB/s, expected > "
     "1GB/s",
     2},
    {"[{window: '> 1GB/s'}, {window: '< 2GB/s'}]",
     {0, 3e9, 0, 0, ""},
     "window is 3 GB/s, expected < 2GB/s",
     2},
    {"{}", {NAN, NAN, NAN, NAN, ""}, "", 0},
    {"[]", {NAN, NAN, NAN, NAN, ""}, "", 0},
};

static void figures_are_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(verdicts); i++) {
        const struct line line = {
            {"--tensor_bytes=4", "--expect", verdicts[i].limits}};
        struct judgement j = {0};
        struct fields figures = {0};
        struct permutation p;
        struct expect *e;
        struct options o;
        struct sweep s;
        struct error err;

        if (open_study(&line, NULL, &o, &s, &e, &err) < 0)
            fail_msg("verdict %zu: %s", i, err.text);
        sweep_at(&s, 0, &p);
        list_figures(&figures, &verdicts[i].values);
        expect_judge(e, &p, &figures, &j);
        assert_string_equal(j.words, verdicts[i].words);
        assert_int_equal(j.limits, verdicts[i].limits_judged);
        assert_int_equal(j.breaches > 0, verdicts[i].words[0] != '\0');
        fields_free(&figures);
        expect_close(e);
        options_free(&o);
    }
}

/* ---- for which permutations ---- */

static const struct {
    struct line line;
    const char *judged; /* a 1 for each permutation that is */
} conditions[] = {
    {{{"--tensor_bytes=[4,1MiB]", "--expect={window: '> 0B/s'}"}}, "11"},
    {{{"--tensor_bytes=[4,1MiB]",
       "--expect={tensor_bytes: 1048576, window: '> 0B/s'}"}},
     "01"},
    {{{"--tensor_bytes=[4,1MiB]",
       "--expect=[{tensor_bytes: 1MiB, window: '> 0B/s'}]"}},
     "01"},
    {{{"--tensor_bytes=[4,8]", "--repetitions=2",
       "--expect={tensor_bytes: 8B, window: '> 0B/s'}"}},
     "0011"},
    {{{"--tensor_bytes=[4,8]", "--nodes=[auto,1]",
       "--expect={nodes: auto, tensor_bytes: 4, window: '> 0B/s'}"}},
     "1000"},
    {{{BOTH, "--tensor_bytes=4", "--db_nodes=[1,2]",
       "--expect={experiment: throughput_scaling, window: '> 0B/s'}"}},
     "110"},
    /* colocated has no such axis */
    {{{BOTH, "--tensor_bytes=4", "--db_nodes=[1,2]",
       "--expect={db_nodes: 1, window: '> 0B/s'}"}},
     "100"},
    {{{"--tensor_bytes=4", "--pin_app_cpus=[true,false]",
       "--expect={pin_app_cpus: No, window: '> 0B/s'}"}},
     "01"},
    /* a map by what it says, in any order */
    {{{"--tensor_bytes=4", "--db_env=[{}, {A: 1, B: 2}]",
       "--expect={db_env: '{B: 2, A: 1}', window: '> 0B/s'}"}},
     "01"},
    {{{"--tensor_bytes=4", "--db_env=[{}, {A: 1, B: 2}]",
       "--expect={db_env: '{}', window: '> 0B/s'}"}},
     "10"},
};

static void axes_are_conditions(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(conditions); i++) {
        struct expect *e;
        struct options o;
        struct sweep s;
        struct error err;

        if (open_study(&conditions[i].line, NULL, &o, &s, &e, &err) < 0)
            fail_msg("condition %zu: %s", i, err.text);
        assert_int_equal(s.count, strlen(conditions[i].judged));
        for (size_t k = 0; k < s.count; k++) {
            struct judgement j = {0};
            struct fields figures = {0};
            struct permutation p;

            sweep_at(&s, k, &p);
            list_figures(&figures, &typical);
            expect_judge(e, &p, &figures, &j);
            fields_free(&figures);
            if (j.limits != (conditions[i].judged[k] == '1'))
                fail_msg("condition %zu, permutation %zu: %d judged", i, k,
                         j.limits);
        }
        expect_close(e);
        options_free(&o);
    }
}

/* ---- refused ---- */

#define TIME "expected <, <=, > or >= and then a time with its unit such as 2ms"
#define RATE                                                                   \
    "expected <, <=, > or >= and then a rate with its unit such as 1GB/s"

static const struct {
    struct line line;
    const char *file, *words;
} refused[] = {
    {{{"--expect={put_tensor_p98: '< 2ms'}"}},
     NULL,
     "--expect: found 'put_tensor_p98', which is neither a figure of the "
     "summary nor an axis; did you mean 'put_tensor_p99'?"},
    {{{"--expect={latency: '< 2ms'}"}},
     NULL,
     "--expect: found 'latency', which is neither a figure of the summary nor "
     "an axis"},
    /* no figure, no axis */
    {{{"--expect={ops: '> 2'}"}},
     NULL,
     "--expect: found 'ops', which is neither a figure of the summary nor an "
     "axis"},
    {{{"--expect={iterations: 5, window: '> 1GB/s'}"}},
     NULL,
     "--expect: found 'iterations', which is neither a figure of the summary "
     "nor an axis"},
    {{{"--expect={put_tensor_p99: 2ms}"}},
     NULL,
     "--expect: found '2ms' for put_tensor_p99, " TIME},
    {{{"--expect={put_tensor_p99: '< 2'}"}},
     NULL,
     "--expect: found '< 2' for put_tensor_p99, " TIME},
    {{{"--expect={put_tensor_p99: '< -2ms'}"}},
     NULL,
     "--expect: found '< -2ms' for put_tensor_p99, " TIME},
    {{{"--expect={put_tensor_p99: '< 2GB/s'}"}},
     NULL,
     "--expect: found '< 2GB/s' for put_tensor_p99, " TIME},
    {{{"--expect={put_tensor_p99: '== 2ms'}"}},
     NULL,
     "--expect: found '== 2ms' for put_tensor_p99, " TIME},
    {{{"--expect={put_tensor_p99: }"}},
     NULL,
     "--expect: found '' for put_tensor_p99, " TIME},
    {{{"--expect={window: '> 1GB'}"}},
     NULL,
     "--expect: found '> 1GB' for window, " RATE},
    {{{"--expect={window: '> 1e999GB/s'}"}},
     NULL,
     "--expect: found '> 1e999GB/s' for window, " RATE},
    {{{"--expect={window_ops: '> 50%'}"}},
     NULL,
     "--expect: found '> 50%' for window_ops, expected <, <=, > or >= and then "
     "a number a second such as 5000"},
    {{{"--expect={client_cpu_share: '< 2s'}"}},
     NULL,
     "--expect: found '< 2s' for client_cpu_share, expected <, <=, > or >= and "
     "then a share such as 0.5 or 50%"},
    {{{"--tensor_bytes=[4,8]",
       "--expect={tensor_bytes: 16, window: '> 0B/s'}"}},
     NULL,
     "--expect: found '16' for tensor_bytes, which the sweep does not have, "
     "expected 4 or 8"},
    {{{"--tensor_bytes=4", "--expect={tensor_bytes: many, window: '> 0B/s'}"}},
     NULL,
     "--expect: found 'many' for tensor_bytes, which the sweep does not have, "
     "expected 4"},
    {{{"--tensor_bytes=4", "--expect={tensor_bytes: 4}"}},
     NULL,
     "--expect: found no limit in {tensor_bytes: 4}, expected a figure of the "
     "summary besides the axes"},
    {{{BOTH, "--db_nodes=[1,2]", "--transport=[tcp,unix]",
       "--expect={db_nodes: 1, transport: unix, window: '> 0B/s'}"}},
     NULL,
     "--expect: found {db_nodes: 1, transport: unix, window: \"> 0B/s\"}, "
     "which fits no permutation: no placement of this study has all these "
     "axes"},
    /* in a file: the place of the name or of the value */
    {{{NULL}},
     "warmup: 1\nexpect:\n  - window: '> 1GB/s'\n  - tensor_bytes: 1024\n"
     "    widnow: '> 1GB/s'\n",
     "study.yaml:5:5: expect: found 'widnow', which is neither a figure of the "
     "summary nor an axis; did you mean 'window'?"},
    {{{NULL}},
     "expect:\n  window: '> 1'\n",
     "study.yaml:2:11: expect: found '> 1' for window, " RATE},
    {{{"--expect={limit: '< 2'}"}},
     NULL,
     "--expect: found '< 2' for limit, expected server_cpu, client or waiting, "
     "or != and then one of these"},
    {{{"--expect={limit: '!= clients'}"}},
     NULL,
     "--expect: found '!= clients' for limit, expected server_cpu, client or "
     "waiting, or != and then one of these"},
};

static void mistakes_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct expect *e;
        struct options o;
        struct sweep s;
        struct error err;

        if (open_study(&refused[i].line, refused[i].file, &o, &s, &e, &err) ==
            0)
            fail_msg("accepted: %s", refused[i].words);
        assert_string_equal(err.text, refused[i].words);
        assert_null(e);
        options_free(&o);
    }
}

/* Whoever knows more about a figure finds the limit on it. */
static void limits_have_a_place(void **state)
{
    static const struct line line = {{"--tensor_bytes=4"}};
    static const char file[] = "expect:\n  window: '> 1GB/s'\n";
    struct fields window = {0}, share = {0};
    struct expect *e;
    struct options o;
    struct sweep s;
    struct error err;

    (void)state;
    fields_real(&window, "window", "B/s", NAN);
    fields_real(&share, "client_cpu_share", "1", NAN);
    assert_int_equal(open_study(&line, file, &o, &s, &e, &err), 0);
    assert_string_equal(expect_place(e, &window), "study.yaml:2:3: expect");
    assert_null(expect_place(e, &share));
    assert_null(expect_place(NULL, &window));
    expect_close(e);
    options_free(&o);
    fields_free(&window);
    fields_free(&share);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_judged),
        cmocka_unit_test(axes_are_conditions),
        cmocka_unit_test(mistakes_are_refused),
        cmocka_unit_test(limits_have_a_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
