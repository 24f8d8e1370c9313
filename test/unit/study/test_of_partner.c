/* What a server reaches of what it is held against: repetition by repetition,
 * over those that both completed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "lib/options_line.h"
#include "results/verdict.h"
#include "study/of_partner.h"

/* Two servers and the floor, two sizes, three repetitions. */
enum { SIZES = 2, TIMES = 3, FLOOR = 2, COUNT_ALL = 3 * SIZES * TIMES };

struct scene {
    struct options options;
    struct server servers[3];
    struct prepared plan;
    struct of_partner_runs *runs;
};

static void open_scene(struct scene *s)
{
    const struct line line = {
        {"--db_exe=[a,b,floor]", "--tensor_bytes=[4,8]", "--repetitions=3"}};
    struct error err;

    memset(s, 0, sizeof *s);
    assert_int_equal(parse(&s->options, &line, NULL, 0, &err), 0);
    assert_int_equal(sweep_open(&s->plan.sweep, &s->options, &err), 0);
    assert_int_equal(s->plan.sweep.count, COUNT_ALL);
    s->servers[0].engine = s->servers[1].engine = engine_named("redis");
    s->servers[FLOOR].engine = engine_named("floor");
    s->plan.servers = s->servers;
    s->runs = of_partner_open(&s->plan);
    assert_non_null(s->runs);
}

static void close_scene(struct scene *s)
{
    of_partner_close(s->runs);
    sweep_close(&s->plan.sweep);
    options_free(&s->options);
}

static struct permutation at(const struct scene *s, size_t exe, size_t size,
                             size_t time)
{
    struct permutation p;

    sweep_at(&s->plan.sweep, (exe * SIZES + size) * TIMES + time, &p);
    return p;
}

/* It took so long, for put and get, and moved so much. */
static void add(struct scene *s, const struct permutation *p, double seconds,
                const char *flags)
{
    const struct summary x = {.put = {.median = seconds},
                              .unpack = {.median = 2 * seconds},
                              .window = 1 / seconds};

    of_partner_add(s->runs, p, &x, flags);
}

static void close_to(double got, double want)
{
    if (!(fabs(got - want) <= 1e-4 * want))
        fail_msg("%.9g instead of %.9g", got, want);
}

/* The machine is slower by ten each time, and the shares are 1/2, 1/4, 1/8 all
 * the same: their mean is 1/4, the factor 2^(4.303 / sqrt 3). */
static void ratios_are_of_equal_repetitions(void **state)
{
    const double factor = exp2(4.303 / sqrt(3));
    struct of_partner x;
    struct scene s;

    (void)state;
    open_scene(&s);
    for (size_t time = 0; time < TIMES; time++) {
        struct permutation floor = at(&s, FLOOR, 1, time);
        struct permutation other = at(&s, FLOOR, 0, time);
        struct permutation real = at(&s, 1, 1, time);

        add(&s, &floor, pow(10, (double)time), "");
        add(&s, &other, 1e-9, "");
        add(&s, &real, pow(20, (double)time) * 2, "");
        x = of_partner_compare(s.runs, &real);
        assert_int_equal(isnan(x.share[PARTNER_FLOOR][HEADLINE_PUT].low),
                         time == 0);
        x = of_partner_compare(s.runs, &floor);
        assert_true(isnan(x.share[PARTNER_FLOOR][HEADLINE_PUT].centre));
    }
    for (size_t time = 0; time < TIMES; time++) {
        struct permutation real = at(&s, 1, 1, time), none = at(&s, 0, 1, time);

        x = of_partner_compare(s.runs, &real);
        for (int k = 0; k < HEADLINES; k++) {
            close_to(x.share[PARTNER_FLOOR][k].centre, 0.25);
            close_to(x.share[PARTNER_FLOOR][k].low, 0.25 / factor);
            close_to(x.share[PARTNER_FLOOR][k].high, 0.25 * factor);
        }
        x = of_partner_compare(s.runs, &none);
        assert_true(isnan(x.share[PARTNER_FLOOR][HEADLINE_WINDOW].centre));
    }
    close_scene(&s);
}

/* What only one of the two completed counts for nothing. */
static void a_repetition_without_its_like(void **state)
{
    struct permutation real = {0}, floor;
    struct of_partner x;
    struct scene s;

    (void)state;
    open_scene(&s);
    for (size_t time = 0; time < 2; time++) {
        real = at(&s, 0, 0, time);
        floor = at(&s, FLOOR, 0, time + 1);
        add(&s, &real, 4, "");
        add(&s, &floor, 1, "");
    }
    x = of_partner_compare(s.runs, &real);
    close_to(x.share[PARTNER_FLOOR][HEADLINE_PUT].centre, 0.25);
    assert_true(isnan(x.share[PARTNER_FLOOR][HEADLINE_PUT].low));
    close_scene(&s);
}

/* By what the row has, and whether the floor is beaten now. */
static void flags_are_as_the_end_tells(void **state)
{
    static const struct {
        double seconds;
        const char *had, *now;
    } vectors[] = {
        {2, "", NULL},
        {2, "verify,too_short", NULL},
        {2, "verify,floor_beaten", "verify"},
        {2, "floor_beaten", ""},
        {0.5, "", "floor_beaten"},
        {0.5, "verify,too_short", "verify,too_short,floor_beaten"},
        {0.5, "floor_beaten,verify", NULL},
        {0.95, "", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct permutation floor, real;
        char text[SRB_FLAGS_MAX];
        const char *now;
        bool beaten;
        struct of_partner x;
        struct scene s;

        open_scene(&s);
        floor = at(&s, FLOOR, 0, 0);
        real = at(&s, 0, 0, 0);
        add(&s, &real, vectors[i].seconds, vectors[i].had);
        add(&s, &floor, 1, "");
        x = of_partner_compare(s.runs, &real);
        now = of_partner_flags(s.runs, &real, &x, text, sizeof text, &beaten);
        assert_int_equal(beaten, vectors[i].seconds < 0.9);
        if (!now != !vectors[i].now ||
            (now && strcmp(now, vectors[i].now) != 0))
            fail_msg("vector %zu: '%s'", i, now ? now : "(as it is)");
        close_scene(&s);
    }
}

/* A rung of the ladder beside each other, of which memory stands in one
 * placement alone: what is there is compared, and nothing with itself. */
static void all_that_are_there(void **state)
{
    static const struct line line = {
        {"throughput_standard,throughput_colocated",
         "--db_exe=[floor,a,mpi,shm]", "--tensor_bytes=4", "--repetitions=2"}};
    struct server servers[] = {{.engine = &engine_floor},
                               {.engine = &engine_redis},
                               {.engine = &engine_mpi},
                               {.engine = &engine_shm}};
    static const double took[] = {8, 16, 4, 1}; /* of each engine */
    /* forth and back, in either placement */
    static const size_t turns[] = {0, 1, 2, 2, 1, 0, 0, 1, 2, 3, 3, 2, 1, 0};
    struct scene s = {.plan.servers = servers};
    struct of_partner_runs *runs;
    struct error err;
    uint32_t order[COUNT(turns)];

    (void)state;
    assert_int_equal(parse(&s.options, &line, NULL, 0, &err), 0);
    assert_int_equal(sweep_open(&s.plan.sweep, &s.options, &err), 0);
    if (collapse(&s.plan.sweep, servers, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(s.plan.sweep.count, COUNT(turns));
    runs = s.runs = of_partner_open(&s.plan);
    for (size_t i = 0; i < COUNT(turns); i++) {
        struct permutation p;

        sweep_at(&s.plan.sweep, i, &p);
        add(&s, &p, took[prepare_server(&s.plan, &p) - servers], "");
    }
    for (size_t i = 0; i < COUNT(turns); i++) {
        struct permutation p;
        struct of_partner x;
        size_t mine;

        sweep_at(&s.plan.sweep, i, &p);
        x = of_partner_compare(runs, &p);
        mine = (size_t)(prepare_server(&s.plan, &p) - servers);
        for (int k = PARTNER_FLOOR; k < PARTNERS; k++) {
            static const size_t at[PARTNERS] = {0, 0, 2, 3};
            double got = x.share[k][HEADLINE_PUT].centre;
            bool there =
                mine != at[k] &&
                (k != PARTNER_SHM || p.experiment == EXPERIMENT_COLOCATED);

            assert_int_equal(of_partner_beside(runs, &p, (enum partner)k),
                             there);
            if (there)
                close_to(got, took[at[k]] / took[mine]);
            else
                assert_true(isnan(got));
        }
    }
    sweep_order(&s.plan.sweep, ORDER_PLAN, 0, order);
    of_partner_order(&s.plan, order);
    for (size_t i = 0; i < COUNT(turns); i++) {
        struct permutation p;

        sweep_at(&s.plan.sweep, order[i], &p);
        assert_int_equal(prepare_server(&s.plan, &p) - servers, turns[i]);
    }
    close_scene(&s);
}

/* Floor is no limit of what has no sockets. */
static void who_beats_the_floor(void **state)
{
    static const struct line line = {
        {"--db_exe=[floor,shm]", "--tensor_bytes=4"}};
    struct server servers[] = {{.engine = &engine_floor},
                               {.engine = &engine_shm}};
    struct scene s = {.plan.servers = servers};
    struct permutation floor, shm;
    struct of_partner x;
    struct error err;
    char text[SRB_FLAGS_MAX];
    bool beaten = true;

    (void)state;
    assert_int_equal(parse(&s.options, &line, NULL, 0, &err), 0);
    assert_int_equal(sweep_open(&s.plan.sweep, &s.options, &err), 0);
    s.runs = of_partner_open(&s.plan);
    sweep_at(&s.plan.sweep, 0, &floor);
    sweep_at(&s.plan.sweep, 1, &shm);
    add(&s, &floor, 100, "");
    add(&s, &shm, 1, "");
    x = of_partner_compare(s.runs, &shm);
    close_to(x.share[PARTNER_FLOOR][HEADLINE_PUT].centre, 100);
    assert_true(record_floor_beaten(&x));
    assert_null(of_partner_flags(s.runs, &shm, &x, text, sizeof text, &beaten));
    assert_false(beaten);
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ratios_are_of_equal_repetitions),
        cmocka_unit_test(a_repetition_without_its_like),
        cmocka_unit_test(flags_are_as_the_end_tells),
        cmocka_unit_test(all_that_are_there),
        cmocka_unit_test(who_beats_the_floor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
