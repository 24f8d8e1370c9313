/* The loops of writers and readers (exchange.h). */
#include "measure/exchange.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/signals.h"
#include "base/tick.h"
#include "client/tensor_client_wrap.h"
#include "measure/exchange_parts.h"
#include "measure/tensor.h"

/* As long as a server keeps a reader that blocks, before it may look at the
 * team's news. */
#define BLOCK_MS 1000
/* The stamp of a tensor, and what is of its first page. */
#define FIRST_PAGE ((size_t)1024)

/* ---- open and close ---- */

static int no_memory(const struct load *l, struct error *err)
{
    return error_set(err, "client %d: not enough memory to read what %zu write",
                     l->number, l->exchange.rules.nfrom);
}

/* What tells of steps, whose stem is there. */
static size_t name_counter(const struct exchange_rules *r,
                           char key[SRB_KEY_MAX], size_t stem)
{
    return r->block ? keys_of_stream(key, stem) : keys_of_counter(key, stem);
}

/* A server that keeps a reader answers well within op_timeout. */
static int block_ms(const struct client_params *p)
{
    double ms = fmin(BLOCK_MS, 1e3 * p->op_timeout / 2);

    return ms < 1 ? 1 : (int)ms;
}

static int open_source(const struct exchange_rules *r,
                       struct exchange_source *s,
                       const struct exchange_from *from, struct error *err)
{
    int n = keys_stem(s->stem, from->key);

    if (n < 0)
        return error_set(err, "'%s' is too long for keys of steps", from->key);
    s->of = *from;
    s->stem_length = (size_t)n;
    memcpy(s->counter, s->stem, s->stem_length);
    s->counter_length = name_counter(r, s->counter, s->stem_length);
    return 0;
}

static int open_reader(struct load *l, struct error *err)
{
    struct exchange *x = &l->exchange;
    const struct exchange_rules *r = &x->rules;

    x->room = (size_t)r->steps * r->nfrom;
    x->source = calloc(r->nfrom, sizeof *x->source);
    x->way = calloc(r->nways, sizeof *x->way);
    x->client = calloc(r->nways, sizeof(struct client *));
    x->requests = calloc(r->nways, sizeof *x->requests);
    x->get = calloc(x->room, sizeof *x->get);
    if (!x->source || !x->way || !x->client || !x->requests || !x->get)
        return no_memory(l, err);
    x->block_ms = block_ms(&r->way[0]);
    memset(x->get, 0xff, x->room * sizeof *x->get); /* brings the pages here */
    memcpy(x->way, r->way, r->nways * sizeof *x->way);
    for (size_t k = 0; k < r->nfrom; k++)
        if (open_source(r, &x->source[k], &r->from[k], err) < 0)
            return -1;
    for (size_t k = r->nfrom; k-- > 0;) {
        struct client_params *p = &x->way[r->from[k].way];

        p->key = x->source[k].of.key;
        p->bytes = l->count * sizeof(float);
    }
    return 0;
}

/* The stem of a reader's key is each writer's in turn. */
static int open_control(struct load *l, struct error *err)
{
    struct exchange_control *c = &l->exchange.control;
    size_t n = l->rules.tensors.control;

    if (n == 0)
        return 0;
    c->stem = (size_t)keys_stem(c->key, l->key);
    c->own = l->language->allocate(n, &c->out, &c->in);
    if (!c->own)
        return error_set(err,
                         "client %d: not enough memory for two tensors of %zu "
                         "elements",
                         l->number, n);
    tensor_fill(c->out, n, l->number);
    return 0;
}

int exchange_open(struct load *l, struct error *err)
{
    struct exchange *x = &l->exchange;

    x->rules = l->rules.exchange;
    if (x->rules.lists.lists && aggregate_open(l, err) < 0)
        return -1;
    if (exchange_any(&x->rules) && open_control(l, err) < 0)
        return -1;
    if (x->rules.reads)
        return open_reader(l, err);
    if (x->rules.writes) /* whose stem fits, see tensors_open() */
        x->counter_length = name_counter(&x->rules, x->counter,
                                         (size_t)keys_stem(x->counter, l->key));
    return 0;
}

int exchange_connect(struct load *l, const struct client_ops *ops,
                     struct error *err)
{
    struct exchange *x = &l->exchange;
    int64_t start = tick_now();

    if (!x->rules.reads)
        return aggregate_connect(l, ops, err);
    x->client[0] = l->client;
    for (size_t k = 1; k < x->rules.nways; k++) {
        x->client[k] = ops->open(&x->way[k], err);
        if (!x->client[k])
            return -1;
    }
    l->samples.connect_ns += tick_now() - start;
    return 0;
}

void exchange_bind(struct load *l)
{
    struct exchange *x = &l->exchange;

    for (size_t k = 0; x->rules.reads && k < x->rules.nfrom; k++) {
        struct client *c = x->client[x->source[k].of.way];

        c->ops->rebind(c, x->source[k].of.key, l->count * sizeof(float));
    }
}

void exchange_disconnect(struct load *l)
{
    struct exchange *x = &l->exchange;

    for (size_t k = 0; x->client && k < x->rules.nways; k++) {
        if (x->client[k] && x->client[k] != l->client)
            x->client[k]->ops->close(x->client[k]);
        x->client[k] = NULL;
    }
    aggregate_disconnect(l);
}

void exchange_close(struct load *l)
{
    struct exchange *x = &l->exchange;

    free(x->source);
    free(x->way);
    free(x->client);
    free(x->requests);
    free(x->get);
    if (x->control.own)
        l->language->release(x->control.own);
    memset(x, 0, sizeof *x);
    aggregate_close(l);
}

void exchange_phase(struct load *l, bool warmup)
{
    struct exchange *x = &l->exchange;

    x->behind = 0;
    x->end = warmup ? (int64_t)l->rules.warmup : x->rules.steps;
}

/* ---- what is next ---- */

/* The next of the step's sources that has it to come. false: all is read. */
static bool choose(struct exchange *x)
{
    for (; x->step < x->end; x->step++, x->turn = 0)
        for (; x->turn < x->rules.nfrom; x->turn++)
            if (x->source[x->turn].next <= x->step)
                return true;
    return false;
}

/* How many of the steps from `from` on, before `to`, are timed ones: a reader
 * that nobody waits for may lose some of these while it is at its warm-up. */
static int64_t timed_among(const struct load *l, int64_t from, int64_t to)
{
    int64_t first = (int64_t)l->rules.warmup, end = l->exchange.rules.steps;

    first = from > first ? from : first;
    end = to < end ? to : end;
    return end > first ? end - first : 0;
}

/* What its writer retired before it was read. */
static void miss(struct load *l, struct exchange_source *s, int64_t told)
{
    const struct tensors_rules *r = &l->rules.tensors;
    struct exchange *x = &l->exchange;

    s->next = x->step + 1;
    if (tensors_oldest(r, told) > s->next)
        s->next = tensors_oldest(r, told);
    x->missed += timed_among(l, x->step, s->next);
}

/* Ask for the step, or have the server tell: 1 it is there, 0 not yet or gone,
 * -1. */
static int ask(struct load *l, struct exchange_source *s, struct client_poll *p)
{
    struct exchange *x = &l->exchange;
    const struct client_ops *ops = l->client->ops;
    int rc = x->rules.block ? ops->block(l->client, p, l->phase.err)
                            : ops->poll(l->client, p, l->phase.err);

    if (rc < 0)
        return exchange_failed(l);
    x->requests[s->of.way] += !x->rules.block;
    x->now.polls++;
    x->now.seen = tick_now();
    return p->there;
}

/* Until the step is there (1), gone (0), or the loop ends (-1). */
static int await(struct load *l, struct exchange_source *s, int64_t *told)
{
    struct exchange *x = &l->exchange;
    char tensor[SRB_KEY_MAX];
    struct client_poll p = {.counter = s->counter,
                            .counter_length = s->counter_length,
                            .tensor = tensor,
                            .step = x->step,
                            .ms = x->block_ms};

    memcpy(tensor, s->stem, s->stem_length);
    p.tensor_length = keys_of_step(tensor, s->stem_length, x->step,
                                   tensors_each(&l->rules.tensors) - 1);
    for (;;) {
        int rc = ask(l, s, &p);

        if (rc != 0)
            return rc;
        *told = p.steps;
        if (p.steps > x->step)
            return 0;
        if (x->rules.block ? !exchange_attend(l) : !exchange_pause(l))
            return -1;
    }
}

bool exchange_more(struct load *l)
{
    struct exchange *x = &l->exchange;
    int64_t start = tick_now(), told = 0;
    bool found = false;

    exchange_go_on(l);
    x->vigil = (struct team_vigil){0};
    if (start >= l->phase.look && !exchange_attend(l))
        return false;
    if (x->rules.lists.lists)
        found = aggregate_next(l);
    while (!x->rules.lists.lists && !found && choose(x)) {
        struct exchange_source *s = &x->source[x->turn];
        int rc;

        x->now = (struct exchange_get){.from = x->turn, .step = x->step};
        exchange_turn(l, s);
        rc = await(l, s, &told);
        if (exchange_is_timed(l))
            x->polls += x->now.polls;
        if (rc < 0)
            return false;
        found = rc > 0;
        if (!found)
            miss(l, s, told);
        else
            exchange_turn(l, s); /* a poll leaves it bound to what it asks */
    }
    l->samples.waited += tick_now() - start;
    return found;
}

/* ---- one get ---- */

/* Whether the whole of what comes is compared. */
static bool checks(const struct load *l)
{
    const struct exchange *x = &l->exchange;
    bool first = l->got == 0;
    bool last =
        exchange_is_timed(l) && x->step + 1 == x->end &&
        (x->rules.lists.lists ? l->aggregate.at + 1 == l->aggregate.named
                              : x->turn + 1 == x->rules.nfrom);

    return l->rules.verify == VERIFY_ALL ||
           (l->rules.verify == VERIFY_ENDS && (first || last));
}

void exchange_spoil(struct load *l)
{
    struct exchange *x = &l->exchange;
    struct tensors *t = &l->tensors;

    exchange_name(l, &x->source[x->turn]);
    for (size_t i = 0; i < t->rules.n && checks(l); i++)
        tensor_spoil(t->in[i], l->count);
}

/* After the delivery is noted: of each tensor the first page, whose stamp says
 * whose it is and of which step; or all of it. */
static void verify_one(struct load *l, const float *in, size_t count, size_t i)
{
    struct exchange *x = &l->exchange;
    int writer = x->source[x->turn].of.client;
    struct error wrong;

    if (!checks(l) && count > FIRST_PAGE)
        count = FIRST_PAGE;
    if (tensor_check_of(in, count, writer, x->step, i, &wrong) < 0 &&
        l->samples.verify_errors++ == 0)
        l->wrong = wrong;
}

static void verify(struct load *l)
{
    for (size_t i = 0; i < l->tensors.rules.n; i++)
        verify_one(l, l->tensors.in[i], l->count, i);
}

static int note_control(struct load *l, int64_t start, int64_t end)
{
    if (exchange_is_timed(l)) {
        l->samples.loop_end = end;
        return loop_note(l, &l->samples.control, 0, start, end);
    }
    l->phase.latest = end;
    return 0;
}

/* What follows the tensors of a step, which may be gone by now. */
static int get_control(struct load *l)
{
    struct exchange *x = &l->exchange;
    struct exchange_control *c = &x->control;
    const struct exchange_source *s = &x->source[x->turn];
    size_t n = l->tensors.rules.n, count = l->tensors.rules.control;
    int64_t start, end;
    int rc;

    memcpy(c->key, s->stem, s->stem_length);
    c->key_length = keys_of_step(c->key, s->stem_length, x->step, n);
    tensor_spoil(c->in, count);
    start = tick_now();
    rc = srb_unpack_tensor_n(l->wrapped, c->key, c->key_length, c->in, count);
    end = tick_now();
    x->requests[s->of.way]++;
    if (rc == 0) {
        verify_one(l, c->in, count, n);
        return note_control(l, start, end);
    }
    if (!client_absent(l->client))
        return loop_fail(l);
    c->missed += exchange_is_timed(l);
    l->samples.waited += end - start;
    l->phase.latest = end;
    return 0;
}

/* How many tensors of the step were asked for until one was not there; less
 * than 0: others are on their way, as they never are without a socket. */
static int64_t asked_for(const struct load *l)
{
    const struct tensors *t = &l->tensors;
    const char *key = tensor_client_key(l->wrapped);
    size_t i = 0;

    if (t->rules.pipelined || l->exchange.rules.lists.lists)
        return l->client->socket < 0 ? (int64_t)t->rules.n : EXCHANGE_UNKNOWN;
    while (i + 1 < t->rules.n && strncmp(t->get[i].key, key, SRB_KEY_MAX) != 0)
        i++;
    return (int64_t)i + 1;
}

/* Replies to what came behind a missing tensor would pass for others. */
static int connect_again(struct load *l, size_t way)
{
    struct exchange *x = &l->exchange;
    const struct client_ops *ops = l->client->ops;
    struct client *c = ops->open(&x->way[way], l->phase.err);

    if (!c)
        return exchange_failed(l);
    signals_unwatch();
    signals_watch(c->socket);
    ops->close(l->client);
    l->client = x->client[way] = c;
    tensor_client_turn(l->wrapped, c);
    return 0;
}

/* It was there when the reader looked, and is gone. */
static int lost(struct load *l, int64_t start)
{
    struct exchange *x = &l->exchange;
    struct exchange_source *s = &x->source[x->turn];
    size_t way = s->of.way;
    int64_t asked = l->aggregate.gone ? 0 : asked_for(l);

    x->requests[way] += asked;
    miss(l, s, 0);
    if (asked < 0 && connect_again(l, way) < 0)
        return -1;
    l->phase.latest = tick_now();
    l->samples.waited += l->phase.latest - start;
    if (x->rules.lists.lists)
        aggregate_got(l);
    return 0;
}

static void keep(struct load *l, int64_t start)
{
    struct exchange *x = &l->exchange;

    x->now.seen = start - x->now.seen;
    x->get[l->samples.unpack.kept - 1] = x->now;
}

int exchange_got(struct load *l, int rc, int64_t start, int64_t end)
{
    struct exchange *x = &l->exchange;
    struct series *s = &l->samples.unpack;

    if (rc < 0)
        return l->aggregate.gone || client_absent(l->client) ? lost(l, start)
                                                             : loop_fail(l);
    if (exchange_is_timed(l)) {
        if (loop_note(l, s, s->warmup, start, end) < 0)
            return -1;
        keep(l, start);
        l->samples.loop_end = end;
    }
    l->phase.latest = end;
    x->requests[x->source[x->turn].of.way] += (int64_t)l->tensors.rules.n;
    if (x->control.own && get_control(l) < 0)
        return -1;
    verify(l);
    x->source[x->turn].next = x->step + 1;
    l->got++;
    if (x->rules.lists.lists)
        aggregate_got(l);
    x->behind = tick_now() - l->phase.latest;
    return 0;
}

/* ---- one put ---- */

/* Of lists, the one who removes them tells, if any does. */
static bool counts(const struct load *l)
{
    return !l->exchange.rules.lists.lists || l->aggregate.counts;
}

/* The last tensor of the step that comes. */
static struct srb_tensor last_tensor(struct load *l)
{
    struct exchange_control *c = &l->exchange.control;
    size_t n = l->tensors.rules.n;

    if (!c->own)
        return l->tensors.put[n - 1];
    c->key_length = keys_of_step(c->key, c->stem, l->pair - 1, n);
    return (struct srb_tensor){c->key, c->key_length, c->out,
                               l->tensors.rules.control};
}

void exchange_announce(struct load *l)
{
    const struct exchange *x = &l->exchange;
    int64_t start = tick_now();
    const struct srb_tensor last = last_tensor(l);
    const struct client_notice notice = {.tensor = last.key,
                                         .tensor_length = last.key_length,
                                         .key = x->counter,
                                         .key_length = x->counter_length,
                                         .steps = l->pair,
                                         .stream = x->rules.block};

    /* what comes behind the put of a data set, its list, would hear it */
    if (!x->rules.lists.lists && l->client->ops->announce)
        l->client->ops->announce(l->client, &notice);
    l->samples.waited += tick_now() - start;
}

static int hear_or_tell(struct load *l)
{
    const struct exchange *x = &l->exchange;
    const struct client_ops *ops = l->client->ops;

    return ops->announced && !x->rules.lists.lists
               ? ops->announced(l->client, l->phase.err)
               : ops->tell(l->client, x->counter, x->counter_length, l->pair,
                           l->phase.err);
}

static int put_control(struct load *l)
{
    const struct exchange_control *c = &l->exchange.control;
    size_t count = l->tensors.rules.control;
    int64_t start, end;
    int rc;

    tensor_stamp_of(c->out, count, l->number, l->pair - 1, l->tensors.rules.n);
    start = tick_now();
    rc = srb_put_tensor_n(l->wrapped, c->key, c->key_length, c->out, count);
    end = tick_now();
    return rc < 0 ? loop_fail(l) : note_control(l, start, end);
}

int exchange_tell(struct load *l)
{
    struct exchange *x = &l->exchange;
    int64_t start;

    if (x->control.own && put_control(l) < 0)
        return -1;
    start = l->phase.latest;

    exchange_go_on(l);
    if (exchange_is_timed(l))
        l->samples.loop_end = start;
    if (!counts(l))
        return 0;
    if (hear_or_tell(l) < 0)
        return exchange_failed(l);
    x->told += !x->rules.block;
    x->behind = tick_now() - start;
    return 0;
}

void exchange_go_on(struct load *l)
{
    l->samples.waited += l->exchange.behind;
    l->exchange.behind = 0;
}

void exchange_requests(const struct load *l, const struct placement *pl,
                       int64_t *requests)
{
    const struct exchange *x = &l->exchange;

    if (x->rules.writes)
        requests[place_client_shard(pl, l->number)] +=
            l->pair * (int64_t)tensors_each(&l->tensors.rules) + x->told;
    for (size_t k = x->rules.nfrom; x->rules.reads && k-- > 0;) {
        const struct exchange_from *from = &x->source[k].of;
        bool first = true; /* of its way */

        for (size_t i = 0; i < k; i++)
            first = first && x->source[i].of.way != from->way;
        if (first)
            requests[place_client_shard(pl, from->client)] +=
                x->requests[from->way];
    }
}
