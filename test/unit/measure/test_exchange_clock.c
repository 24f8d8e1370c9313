/* A reader that polls, on a clock that is the test's: what a pause between two
 * polls does to the age of what it reads, by the code that reads in earnest.
 * Its sleeps take no time; a poll takes 20 us of that clock, a get 200. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/tensor_client_wrap.h"
#include "measure/exchange.h"
#include "measure/load.h"
#include "measure/tensor.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define POLL_NS INT64_C(20000)
#define GET_NS INT64_C(200000)
#define STEPS 20000
#define WRITER 3

static int64_t now = 1;
static int64_t period; /* ns between the begins of two puts, which take none */

int __wrap_clock_gettime(clockid_t clock, struct timespec *ts);
void __wrap_tick_sleep(int64_t ns);
void __wrap_team_attend(const struct team *t, struct team_vigil *v);
bool __wrap_team_work_failed(const struct team *t);

int __wrap_clock_gettime(clockid_t clock, struct timespec *ts)
{
    (void)clock;
    *ts = (struct timespec){.tv_sec = now / 1000000000,
                            .tv_nsec = now % 1000000000};
    return 0;
}

void __wrap_tick_sleep(int64_t ns)
{
    now += ns;
}

void __wrap_team_attend(const struct team *t, struct team_vigil *v)
{
    (void)t;
    (void)v;
}

bool __wrap_team_work_failed(const struct team *t)
{
    (void)t;
    return false;
}

/* ---- the server, and a writer that keeps its time ---- */

struct simulated {
    struct client base;
    int64_t step; /* of the key that it is bound to */
};

static int64_t begin_of(int64_t step)
{
    return step * period + 1;
}

static int64_t step_of(const char *key, size_t n)
{
    struct key_of of;
    char text[SRB_KEY_MAX];

    snprintf(text, sizeof text, "%.*s", (int)n, key);
    if (!keys_read(text, &of))
        fail_msg("'%s' is no key of a step", text);
    assert_int_equal(of.client, WRITER);
    return of.step;
}

static void rebind(struct client *base, const char *key, size_t bytes)
{
    struct simulated *c = (struct simulated *)(void *)base;

    (void)bytes;
    c->step = strchr(key, '.') ? step_of(key, strlen(key)) : -1;
}

static int poll_it(struct client *c, struct client_poll *p, struct error *err)
{
    int64_t step = step_of(p->tensor, p->tensor_length);

    (void)c;
    (void)err;
    now += POLL_NS;
    p->there = now >= begin_of(step);
    p->steps = now < 1 ? 0 : (now - 1) / period + 1;
    return 0;
}

static int get(struct client *base, void *data, struct error *err)
{
    const struct simulated *c = (struct simulated *)(void *)base;

    (void)err;
    assert_true(now >= begin_of(c->step));
    tensor_fill(data, 4, WRITER);
    tensor_stamp_of(data, 4, WRITER, c->step, 0);
    now += GET_NS;
    return 0;
}

static void close_it(struct client *c)
{
    free(c);
}

static struct client *open_own(const struct client_params *p,
                               struct error *err);

static const struct client_ops ops = {
    .name = "simulated",
    .open = open_own,
    .rebind = rebind,
    .get = get,
    .poll = poll_it,
    .close = close_it,
};

static struct client *open_own(const struct client_params *p, struct error *err)
{
    struct simulated *c = calloc(1, sizeof *c);

    (void)p;
    (void)err;
    assert_non_null(c);
    c->base.ops = &ops;
    c->base.socket = -1;
    return &c->base;
}

/* ---- a study ---- */

static void open_reader(struct load *l, double wait)
{
    static struct exchange_from from = {.client = WRITER,
                                        .key = SRB_KEY_STEM "3"};
    static struct client_params way;
    const struct load_rules rules = {
        .count = 4,
        .verify = VERIFY_ALL,
        .tensors = {.n = 1, .retire = RETIRE_DELETE},
        .iterations = STEPS,
        .exchange = {.reads = true,
                     .wait = wait,
                     .steps = STEPS,
                     .from = &from,
                     .nfrom = 1,
                     .way = &way,
                     .nways = 1}};
    const struct client_params p = {
        .key = SRB_KEY_STEM "4", .client = 4, .op_timeout = 1};
    struct error err;

    way = p;
    if (load_open(l, &loop_c, &ops, &p, &rules, &err) < 0)
        fail_msg("%s", err.text);
}

/* All steps, in the order of a loop (loop.h). */
static void read_all(struct load *l)
{
    static const struct load_company with;
    static struct error err;

    l->phase = (struct load_phase){.with = &with, .err = &err};
    loop_begin(l, &l->samples.unpack, 0);
    exchange_phase(l, false);
    exchange_bind(l);
    while (exchange_more(l)) {
        const struct srb_tensor *t = l->tensors.get;
        int64_t start;
        int rc;

        exchange_spoil(l);
        start = now;
        rc = srb_unpack_tensor_n(l->wrapped, t->key, t->key_length, t->data,
                                 t->count);
        assert_int_equal(exchange_got(l, rc, start, now), 0);
    }
    assert_false(l->phase.failed);
}

/* Of delivery - get, ms. A poll that sees it ends within a pause. */
static double mean_idle(const struct load *l, double wait)
{
    const struct series *s = &l->samples.unpack;
    double sum = 0;

    assert_int_equal(s->kept, STEPS);
    assert_int_equal(l->samples.verify_errors, 0);
    assert_int_equal(l->exchange.missed, 0);
    for (size_t k = 0; k < s->kept; k++) {
        int64_t idle = s->start[k] - begin_of(l->exchange.get[k].step);

        assert_int_equal(l->exchange.get[k].step, (int64_t)k);
        assert_in_range(idle, 0, (int64_t)(1e9 * wait) + 10 * GET_NS);
        sum += 1e-6 * (double)idle;
    }
    return sum / (double)s->kept;
}

static const struct vector {
    double wait, period, mean, within; /* s; ms */
} vectors[] = {
    /* a period that divides the pause would lock the two */
    {0.1, 0.037, 50, 1},
    {0.1, 0.7310585, 50, 1},
    {0.01, 0.0314159, 5, 0.1},
    /* nothing but polls */
    {0, 0.000371828, 0.5e-6 * POLL_NS, 0.002},
};

static void half_a_pause(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        const struct vector *v = &vectors[i];
        struct load l;
        double mean;

        now = 1;
        period = (int64_t)(1e9 * v->period);
        open_reader(&l, v->wait);
        read_all(&l);
        mean = mean_idle(&l, v->wait);
        if (fabs(mean - v->mean) > v->within)
            fail_msg("a pause of %g s, a step of %g s: %g ms, not %g +- %g",
                     v->wait, v->period, mean, v->mean, v->within);
        load_close(&l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(half_a_pause)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
