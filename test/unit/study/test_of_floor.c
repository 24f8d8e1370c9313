/* What a server reaches of the floor: repetition by repetition, over those that
 * both completed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "lib/options_line.h"
#include "results/verdict.h"
#include "study/of_floor.h"

/* Two servers and the floor, two sizes, three repetitions. */
enum { SIZES = 2, TIMES = 3, FLOOR = 2, COUNT_ALL = 3 * SIZES * TIMES };

struct scene {
    struct options options;
    struct server servers[3];
    struct prepared plan;
    struct of_floor_runs *runs;
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
    s->runs = of_floor_open(&s->plan);
    assert_non_null(s->runs);
}

static void close_scene(struct scene *s)
{
    of_floor_close(s->runs);
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

    of_floor_add(s->runs, p, &x, flags);
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
    struct of_floor x;
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
        x = of_floor_compare(s.runs, &real);
        assert_int_equal(isnan(x.share[HEADLINE_PUT].low), time == 0);
        x = of_floor_compare(s.runs, &floor);
        assert_true(isnan(x.share[HEADLINE_PUT].centre));
    }
    for (size_t time = 0; time < TIMES; time++) {
        struct permutation real = at(&s, 1, 1, time), none = at(&s, 0, 1, time);

        x = of_floor_compare(s.runs, &real);
        for (int k = 0; k < HEADLINES; k++) {
            close_to(x.share[k].centre, 0.25);
            close_to(x.share[k].low, 0.25 / factor);
            close_to(x.share[k].high, 0.25 * factor);
        }
        x = of_floor_compare(s.runs, &none);
        assert_true(isnan(x.share[HEADLINE_WINDOW].centre));
    }
    close_scene(&s);
}

/* What only one of the two completed counts for nothing. */
static void a_repetition_without_its_like(void **state)
{
    struct permutation real = {0}, floor;
    struct of_floor x;
    struct scene s;

    (void)state;
    open_scene(&s);
    for (size_t time = 0; time < 2; time++) {
        real = at(&s, 0, 0, time);
        floor = at(&s, FLOOR, 0, time + 1);
        add(&s, &real, 4, "");
        add(&s, &floor, 1, "");
    }
    x = of_floor_compare(s.runs, &real);
    close_to(x.share[HEADLINE_PUT].centre, 0.25);
    assert_true(isnan(x.share[HEADLINE_PUT].low));
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
        struct of_floor x;
        struct scene s;

        open_scene(&s);
        floor = at(&s, FLOOR, 0, 0);
        real = at(&s, 0, 0, 0);
        add(&s, &real, vectors[i].seconds, vectors[i].had);
        add(&s, &floor, 1, "");
        x = of_floor_compare(s.runs, &real);
        now = of_floor_flags(s.runs, &real, &x, text, sizeof text);
        if (!now != !vectors[i].now ||
            (now && strcmp(now, vectors[i].now) != 0))
            fail_msg("vector %zu: '%s'", i, now ? now : "(as it is)");
        close_scene(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ratios_are_of_equal_repetitions),
        cmocka_unit_test(a_repetition_without_its_like),
        cmocka_unit_test(flags_are_as_the_end_tells),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
