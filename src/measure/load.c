#include "measure/load.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/signals.h"
#include "base/tick.h"
#include "client/tensor_client_wrap.h"
#include "measure/tensor.h"

static void await(int64_t instant)
{
    int64_t left = instant - tick_now();

    if (left > 0)
        tick_sleep(left);
}

static int allocate(struct load *l, struct error *err)
{
    l->own = l->language->allocate(l->count, &l->out, &l->in);
    if (!l->own)
        return error_set(err,
                         "client %d: not enough memory for two tensors of "
                         "%zu elements",
                         l->number, l->count);
    tensor_fill(l->out, l->count, l->number);
    return 0;
}

/* For what is timed of the loop that comes. */
static int open_samples(struct load *l, struct error *err)
{
    const struct load_rules *r = &l->rules;
    struct samples *s = &l->samples;

    if (samples_open(s, r->warmup, r->iterations, err) < 0 ||
        (r->exchange.lists.lists && r->exchange.reads &&
         samples_open_lists(s, (size_t)r->exchange.steps, err) < 0) ||
        (tensors_removes(&r->tensors) &&
         samples_open_retire(s, r->iterations, err) < 0) ||
        (r->tensors.control > 0 &&
         samples_open_control(s, r->iterations, err) < 0))
        return -1;
    return samples_open_runs(s, r->inference.runs, r->warmup, r->iterations,
                             err);
}

/* What steps need that are more than one tensor under one key. */
static int allocate_all(struct load *l, struct error *err)
{
    const struct tensors_rules *r = &l->rules.tensors;
    struct tensors *t = &l->tensors;

    if (tensors_plain(r))
        return 0;
    if (tensors_open(t, r, l->language, l->key, l->count, l->out, l->in, err) <
        0)
        return error_prefix(err, "client %d", l->number);
    for (size_t i = 1; i < r->n; i++)
        tensor_fill(t->out[i], l->count, l->number);
    return 0;
}

static void watch(const struct client *c)
{
    signals_watch(c->socket);
}

/* Connect, and hand the client to the loop. */
static int join(struct load *l, const struct client_ops *ops,
                const struct client_params *p, struct error *err)
{
    int64_t start = tick_now();

    l->samples.main_start = start;
    l->wrapped = tensor_client_wrap(ops, p, l->count, &l->client, err);
    l->samples.connect_ns = tick_now() - start;
    if (l->samples.connect_ns < 0)
        return error_set(err,
                         "client %d: the monotonic clock went back by %lld ns "
                         "while it connected",
                         l->number, (long long)-l->samples.connect_ns);
    if (!l->wrapped)
        return -1;
    tensor_client_each(l->wrapped, watch);
    return exchange_connect(l, ops, err);
}

int load_open(struct load *l, const struct loop_language *language,
              const struct client_ops *ops, const struct client_params *p,
              const struct load_rules *rules, struct error *err)
{
    memset(l, 0, sizeof *l);
    l->language = language;
    l->number = p->client;
    l->tells = getenv("SRBENCH_TEST_LOOPS");
    l->count = rules->count > rules->inference.out_count
                   ? rules->count
                   : rules->inference.out_count;
    l->rules = *rules;
    snprintf(l->key, sizeof l->key, "%s", p->key);
    if (open_samples(l, err) < 0 || allocate(l, err) < 0 ||
        allocate_all(l, err) < 0 || steps_open(l, err) < 0 ||
        exchange_open(l, err) < 0 ||
        (p->runs && inference_open(l, p->runs, err) < 0))
        return -1;
    await(rules->connect_at);
    return join(l, ops, p, err);
}

/* ---- together ---- */

/* Go on together, at one agreed instant, unless somebody failed. */
static void start_together(struct load *l, int rc)
{
    const struct load_company *with = l->phase.with;
    int64_t start;

    loop_meet(l, rc < 0 ? LOOP_BROKEN : 0);
    if (l->phase.over || l->rules.sync == SYNC_NONE)
        return;
    start = tick_now();
    l->agreed =
        clock_agree_start(with->team, with->cast->clients, NULL, with->line);
    clock_await(NULL, with->line, l->agreed, with->oversubscribed);
    l->steps.origin = clock_own(with->line, l->agreed);
    l->samples.waited += tick_now() - start;
}

/* ---- phases ---- */

/* Have the language's loop go round. -1 when this client failed. */
static int go_round(struct load *l, bool puts, bool gets)
{
    bool infers = l->inference.runs != NULL;
    const struct loop_task task = {
        .load = l,
        .client = l->wrapped,
        .key = l->key,
        .key_length = strlen(l->key),
        .count = l->count,
        .own = l->own,
        .puts = puts,
        .gets = gets,
        .tensors = infers ? 1 : l->tensors.rules.n,
        .put = infers ? &l->inference.put : l->tensors.put,
        .get = infers ? &l->inference.get : l->tensors.get,
        .infers = infers,
        .pipelined = l->tensors.rules.pipelined ||
                     (gets && l->rules.exchange.lists.lists),
        .retires = tensors_removes(&l->tensors.rules),
        .lists = l->rules.exchange.lists.lists};

    l->language->run(&task);
    if (!l->phase.failed)
        return 0;
    if (exchange_any(&l->rules.exchange))
        team_fail_work(l->phase.with->team);
    if (loop_meets(l) && !l->phase.last)
        loop_meet(l, LOOP_BROKEN);
    return -1;
}

/* Tests that want something to happen in the midst of a loop wait for a line of
 * each client; nothing is said unless they ask for it. */
static void tell_tests(const struct load *l, const char *what)
{
    int fd = l->tells ? open(l->tells, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;

    if (fd < 0)
        return;
    dprintf(fd, "%d %s\n", l->number, what);
    close(fd);
}

static int warm_up(struct load *l)
{
    const struct exchange_rules *x = &l->rules.exchange;

    if (l->rules.warmup == 0)
        return 0;
    tell_tests(l, "warm-up");
    loop_begin(l, NULL, 0);
    exchange_phase(l, true);
    l->phase.left = l->rules.warmup;
    return go_round(l, !x->reads, !x->writes);
}

static double seconds_between(struct timeval a, struct timeval b)
{
    return (double)(b.tv_sec - a.tv_sec) +
           1e-6 * (double)(b.tv_usec - a.tv_usec);
}

/* A phase, with what it costs this process. */
static int phase(struct load *l, bool puts, bool gets, double seconds)
{
    const struct samples *s = &l->samples;
    struct load_usage *sum = &l->usage;
    struct rusage before, after;
    int rc;

    loop_begin(l, puts ? &s->put : &s->unpack, seconds);
    if (step_rules_any(&l->rules.step))
        steps_phase(l, puts);
    getrusage(RUSAGE_SELF, &before);
    rc = go_round(l, puts, gets);
    getrusage(RUSAGE_SELF, &after);
    if (rc == 0 && l->phase.steps)
        rc = steps_phase_end(l);
    sum->user_time += seconds_between(before.ru_utime, after.ru_utime);
    sum->system_time += seconds_between(before.ru_stime, after.ru_stime);
    sum->cpu_time = sum->user_time + sum->system_time;
    sum->minor_faults += after.ru_minflt - before.ru_minflt;
    sum->major_faults += after.ru_majflt - before.ru_majflt;
    sum->voluntary_switches += after.ru_nvcsw - before.ru_nvcsw;
    sum->involuntary_switches += after.ru_nivcsw - before.ru_nivcsw;
    sum->peak_memory = after.ru_maxrss * 1024;
    return rc;
}

/* All puts, and when everybody has done theirs, all gets. */
static int phases(struct load *l)
{
    double half = l->rules.duration / 2;
    int64_t agreed = l->agreed;
    int rc = phase(l, true, false, half);

    if (!l->phase.over)
        start_together(l, rc);
    l->agreed = agreed;
    if (rc < 0 || l->phase.over)
        return rc;
    return phase(l, false, true, half);
}

int load_run(struct load *l, const struct load_company *with, struct error *err)
{
    struct samples *s = &l->samples;
    bool alone = l->rules.sync == SYNC_NONE;
    int rc;

    l->phase = (struct load_phase){.with = with, .err = err};
    exchange_bind(l);
    rc = warm_up(l);
    if (!alone)
        start_together(l, rc);
    if (rc < 0 && alone && l->rules.pattern == PATTERN_PHASES)
        start_together(l, rc); /* the others come there between the phases */
    if (rc < 0 || l->phase.over)
        return rc;
    tell_tests(l, "loop");
    s->waited = 0;
    s->loop_start = tick_now();
    if (l->agreed)
        l->start_skew = clock_common(with->line, s->loop_start) - l->agreed;
    if (l->rules.pattern == PATTERN_PHASES)
        return phases(l);
    exchange_phase(l, false);
    return phase(l, !l->rules.exchange.reads, !l->rules.exchange.writes,
                 l->rules.duration);
}

void load_alone(struct load *l, const struct load_company *with, bool after)
{
    int64_t waited = l->samples.waited; /* that is the loop's */

    l->phase = (struct load_phase){.with = with};
    if (after) /* all that matters is there: who is told to end does so */
        l->signal = &signals_state()->asked;
    steps_alone(l, after);
    l->samples.waited = waited;
}

int load_again(struct load *l, double rate, struct error *err)
{
    const int64_t connect_ns = l->samples.connect_ns;
    const int64_t main_start = l->samples.main_start;

    l->rules.step.rate = rate;
    l->usage = (struct load_usage){.user_time = 0};
    l->pair = l->got = 0;
    samples_free(&l->samples);
    if (open_samples(l, err) < 0 || steps_open(l, err) < 0)
        return -1;
    l->samples.connect_ns = connect_ns;
    l->samples.main_start = main_start;
    return 0;
}

/* ---- the end ---- */

struct client *load_connection(const struct load *l, size_t k)
{
    const struct exchange *x = &l->exchange;

    if (x->rules.reads)
        return k < x->rules.nways ? x->client[k] : NULL;
    return k == 0 ? l->client : NULL;
}

static void disconnect(struct load *l)
{
    signals_unwatch();
    srb_tensor_client_close(l->wrapped);
    l->wrapped = NULL;
    l->client = NULL;
}

void load_disconnect(struct load *l)
{
    if (l->client)
        client_buffers(l->client, l->buffers);
    exchange_disconnect(l);
    disconnect(l);
    l->samples.main_end = tick_now();
}

void load_close(struct load *l)
{
    exchange_disconnect(l);
    disconnect(l);
    exchange_close(l);
    tensors_close(&l->tensors, l->language);
    inference_close(l);
    steps_close(l);
    if (l->own)
        l->language->release(l->own);
    samples_free(&l->samples);
    memset(l, 0, sizeof *l);
}
