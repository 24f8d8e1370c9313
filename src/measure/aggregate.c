/* The loops of writers and readers of data sets (aggregate.h). */
#include "measure/aggregate.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/signals.h"
#include "base/text.h"
#include "base/tick.h"
#include "measure/exchange_parts.h"

/* Fields of a description, as SmartRedis names them. */
#define FIELD_NAMES ".tensor_names"
#define FIELD_COMPLETE ".COMPLETE"

/* ---- open and close ---- */

static int open_texts(struct aggregate *a, struct error *err)
{
    int n = keys_stem(a->list, a->rules.head);

    if (n < 0)
        return error_set(err, "'%s' is too long for keys of steps",
                         a->rules.head);
    a->list_stem = (size_t)n;
    a->number = strcspn(a->list, "{");
    while (a->number > 0 && a->list[a->number - 1] >= '0' &&
           a->list[a->number - 1] <= '9')
        a->number--;
    memcpy(a->counter, a->list, a->list_stem);
    a->counter_length = keys_of_counter(a->counter, a->list_stem);
    return 0;
}

/* All steps' tensors have the same names. */
static void open_names(struct aggregate *a, size_t tensors)
{
    for (size_t i = 0; i < tensors; i++)
        text_join(a->names, sizeof a->names, " ", "%zu", i);
    a->names_length = strlen(a->names);
}

int aggregate_open(struct load *l, struct error *err)
{
    struct aggregate *a = &l->aggregate;
    const struct exchange_rules *r = &l->rules.exchange;

    a->rules = r->lists;
    a->counts =
        tensors_removes(&l->rules.tensors) && (r->reads || a->rules.heads);
    if (open_texts(a, err) < 0)
        return -1;
    if (a->rules.way) {
        a->way = *a->rules.way;
        a->way.key = a->rules.head;
        a->way.bytes = l->count * sizeof(float);
    }
    open_names(a, l->rules.tensors.n);
    if (!r->reads)
        return 0;
    a->order = calloc(r->nfrom, sizeof *a->order);
    a->sets = calloc(r->nfrom, sizeof *a->sets);
    a->asked = calloc(r->nfrom, sizeof *a->asked);
    return a->order && a->sets && a->asked
               ? 0
               : error_set(
                     err,
                     "client %d: not enough memory for a list of %zu data "
                     "sets",
                     l->number, r->nfrom);
}

int aggregate_connect(struct load *l, const struct client_ops *ops,
                      struct error *err)
{
    struct aggregate *a = &l->aggregate;
    int64_t start = tick_now();

    if (!a->rules.way) {
        a->client = l->client;
        return 0;
    }
    a->client = ops->open(&a->way, err);
    if (!a->client)
        return -1;
    signals_watch(a->client->socket);
    l->samples.connect_ns += tick_now() - start;
    return 0;
}

void aggregate_disconnect(struct load *l)
{
    struct aggregate *a = &l->aggregate;

    if (a->client && a->rules.way) {
        signals_unwatch();
        a->client->ops->close(a->client);
    }
    a->client = NULL;
}

void aggregate_close(struct load *l)
{
    free(l->aggregate.order);
    free(l->aggregate.sets);
    free(l->aggregate.asked);
    memset(&l->aggregate, 0, sizeof l->aggregate);
}

/* ---- asking ---- */

static void add(struct client_question *q, const char *word, size_t length)
{
    q->word[q->n] = word;
    q->length[q->n++] = length;
}

static struct client_question question(const char *what, const char *command,
                                       const char *key, size_t length,
                                       enum client_answer answer)
{
    struct client_question q = {.what = what, .answer = answer};

    add(&q, command, strlen(command));
    add(&q, key, length);
    return q;
}

static int ask(struct load *l, struct client *c, struct client_question *q,
               size_t n)
{
    return c->ops->ask(c, q, n, l->phase.err) < 0 ? exchange_failed(l) : 0;
}

/* ---- writing ---- */

static struct client_question description(const struct aggregate *a)
{
    struct client_question q =
        question("put_meta", "HMSET", a->meta, a->meta_length, ANSWER_OK);

    add(&q, FIELD_NAMES, strlen(FIELD_NAMES));
    add(&q, a->names, a->names_length);
    add(&q, FIELD_COMPLETE, strlen(FIELD_COMPLETE));
    add(&q, "1", 1);
    return q;
}

/* It goes with the tensors, where these go back to back. */
static void send_ahead(struct load *l)
{
    struct aggregate *a = &l->aggregate;
    struct client_question q = description(a);
    struct tensor_request r = {.n = q.n};

    for (int k = 0; k < q.n; k++) {
        r.word[k] = q.word[k];
        r.length[k] = q.length[k];
    }
    l->client->ahead_length =
        command_set_print(&r, 0, a->request, sizeof a->request);
    l->client->ahead = a->request;
}

static void name_set(struct load *l, const char *stem, size_t length,
                     int64_t step)
{
    struct aggregate *a = &l->aggregate;

    memcpy(a->meta, stem, length);
    a->meta_length = keys_of_meta(a->meta, length, step);
}

void aggregate_stamp(struct load *l)
{
    struct aggregate *a = &l->aggregate;
    const struct tensors *t = &l->tensors;
    int64_t step = l->pair - 1;

    memcpy(a->set, t->keys[0], t->stem);
    a->set_length = keys_of_dataset(a->set, t->stem, step);
    if (!a->rules.described)
        return;
    name_set(l, t->keys[0], t->stem, step);
    if (t->rules.pipelined)
        send_ahead(l);
}

int loop_append(struct load *l)
{
    struct aggregate *a = &l->aggregate;
    char list[SRB_KEY_MAX];
    struct client_question q;

    memcpy(list, a->list, a->list_stem);
    q = question("append_list", "RPUSH", list,
                 keys_of_list(list, a->list_stem, l->pair - 1), ANSWER_NUMBER);
    add(&q, a->set, a->set_length);
    return ask(l, a->client, &q, 1);
}

size_t aggregate_retire(struct load *l, struct srb_tensor *gone, int64_t step)
{
    const struct aggregate *a = &l->aggregate;
    const struct tensors *t = &l->tensors;
    char(*keys)[SRB_KEY_MAX] = t->keys + (gone - t->put);
    size_t n = 0;

    if (a->rules.described) {
        gone[n].key_length = keys_of_meta(keys[n], t->stem, step);
        n++;
    }
    if (a->rules.heads) {
        gone[n].key_length = keys_of_list(keys[n], t->stem, step);
        n++;
    }
    return n;
}

/* ---- reading ---- */

static const struct exchange_source *at_hand(const struct load *l)
{
    return &l->exchange.source[l->exchange.turn];
}

/* A description that was put names as many tensors as are to be got. */
static int take_field(void *ctx, const char *text, size_t length,
                      struct error *err)
{
    struct aggregate_set *x = ctx;

    if (x->named_next &&
        (length != x->names_length || memcmp(text, x->names, length) != 0))
        return error_set(err,
                         "get_meta of %s: its tensors are '%.*s', and not "
                         "'%.40s'",
                         x->meta, (int)(length < 40 ? length : 40), text,
                         x->names);
    x->named_next =
        length == strlen(FIELD_NAMES) && memcmp(text, FIELD_NAMES, length) == 0;
    return 0;
}

static struct client_question ask_set(struct load *l, size_t k)
{
    struct aggregate *a = &l->aggregate;
    const struct exchange_source *s = &l->exchange.source[a->order[k]];
    struct aggregate_set *x = &a->sets[k];
    struct client_question q;
    size_t length;

    memcpy(x->meta, s->stem, s->stem_length);
    length = keys_of_meta(x->meta, s->stem_length, l->exchange.step);
    x->names = a->names;
    x->names_length = a->names_length;
    x->named_next = x->gone = false;
    q = question("get_meta", "HGETALL", x->meta, length, ANSWER_LIST);
    q.take = take_field;
    q.ctx = x;
    return q;
}

/* All descriptions that one connection has. */
static int describe_way(struct load *l, size_t way)
{
    struct aggregate *a = &l->aggregate;
    struct exchange *x = &l->exchange;
    size_t n = 0;

    for (size_t k = 0; k < a->named; k++) {
        const struct exchange_source *s = &x->source[a->order[k]];

        if (s->of.way != way)
            continue;
        if (n == 0)
            exchange_turn(l, s);
        a->asked[n++] = ask_set(l, k);
    }
    if (n > 0 && ask(l, l->client, a->asked, n) < 0)
        return -1;
    while (n-- > 0)
        ((struct aggregate_set *)a->asked[n].ctx)->gone =
            a->asked[n].number == 0;
    return 0;
}

int loop_describe(struct load *l)
{
    struct aggregate *a = &l->aggregate;
    struct client_question q;

    if (!a->rules.described)
        return 0;
    if (l->rules.exchange.reads) /* see next_list() */
        return a->gone ? -1 : 0;
    if (l->tensors.rules.pipelined)
        return 0; /* see send_ahead() */
    q = description(a);
    return ask(l, l->client, &q, 1);
}

/* ---- the list ---- */

/* The place of a client among the sources, which are in the order of clients.
 */
static size_t place_of(const struct exchange *x, int client)
{
    size_t low = 0, high = x->rules.nfrom;

    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;

        if (x->source[mid].of.client <= client)
            low = mid;
        else
            high = mid;
    }
    return low;
}

/* The client whose data set's name has its number there; -1: nobody's. */
static int client_of(const char *text, size_t length, size_t at)
{
    int client = -1;

    for (size_t i = at; i < length && text[i] >= '0' && text[i] <= '9' &&
                        client < INT_MAX / 10 - 1;
         i++)
        client = (client < 0 ? 0 : client * 10) + text[i] - '0';
    return client;
}

/* One more name of the list: which source's data set of this step it is. */
static int take_name(void *ctx, const char *text, size_t length,
                     struct error *err)
{
    struct load *l = ctx;
    struct exchange *x = &l->exchange;
    struct aggregate *a = &l->aggregate;
    char name[SRB_KEY_MAX];
    size_t k = place_of(x, client_of(text, length, a->number));
    struct exchange_source *s = &x->source[k];

    memcpy(name, s->stem, s->stem_length);
    if (length != keys_of_dataset(name, s->stem_length, x->step) ||
        memcmp(name, text, length) != 0)
        return error_set(err,
                         "get_list of step %" PRId64 ": '%.*s' is no data set "
                         "that it should name",
                         x->step, (int)(length < 80 ? length : 80), text);
    if (s->next > x->step)
        return error_set(err,
                         "get_list of step %" PRId64 ": '%s' is named twice",
                         x->step, name);
    s->next = x->step + 1;
    a->order[a->named++] = k;
    return 0;
}

static int take_counter(void *ctx, const char *text, size_t length,
                        struct error *err)
{
    int64_t *steps = ctx;

    (void)err;
    if (length == CLIENT_COUNTER)
        *steps = client_counter(text);
    return 0;
}

/* How long the list is; *told: steps that its head has put, asked first, as
 * struct client_poll has it. */
static int poll_length(struct load *l, const char *list, size_t length,
                       int64_t *long_now, int64_t *told)
{
    struct aggregate *a = &l->aggregate;
    struct client_question q[2], *first = a->counts ? q : q + 1;

    q[0] = question("poll_list", "GET", a->counter, a->counter_length,
                    ANSWER_TEXT);
    q[0].take = take_counter;
    q[0].ctx = told;
    q[1] = question("poll_list", "LLEN", list, length, ANSWER_NUMBER);
    if (ask(l, l->client, first, (size_t)(q + 2 - first)) < 0)
        return -1;
    l->exchange.requests[0] += a->counts;
    *long_now = q[1].number;
    return 0;
}

/* Until the list is whole (1), gone (0), or the loop ends (-1). */
static int await(struct load *l, const char *list, size_t length)
{
    struct aggregate *a = &l->aggregate;
    struct exchange *x = &l->exchange;
    int64_t long_now, told = 0;

    for (a->polls = 0;;) {
        if (poll_length(l, list, length, &long_now, &told) < 0)
            return -1;
        a->polls++;
        x->polls += exchange_is_timed(l);
        a->seen = tick_now();
        if (long_now >= (int64_t)x->rules.nfrom)
            return 1;
        if (a->counts && tensors_oldest(&l->rules.tensors, told) > x->step)
            return 0;
        if (!exchange_pause(l))
            return -1;
    }
}

/* What it names. Fewer than it had: it was removed meanwhile, and late ones
 * make it anew, which nobody will ever find whole. */
static int get_names(struct load *l, const char *list, size_t length)
{
    struct aggregate *a = &l->aggregate;
    struct exchange *x = &l->exchange;
    struct client_question q =
        question("get_list", "LRANGE", list, length, ANSWER_LIST);

    add(&q, "0", 1);
    add(&q, "-1", 2);
    q.take = take_name;
    q.ctx = l;
    a->named = a->at = 0;
    a->began = tick_now();
    if (ask(l, l->client, &q, 1) < 0)
        return -1;
    if (a->named == x->rules.nfrom)
        return 1;
    a->named = 0;
    return 0;
}

/* Its step is gone, and the reader goes on to the next. */
static void miss_list(struct load *l)
{
    struct exchange *x = &l->exchange;

    if (exchange_is_timed(l))
        x->missed += (int64_t)x->rules.nfrom;
    for (size_t k = 0; k < x->rules.nfrom; k++)
        x->source[k].next = x->step + 1;
    x->step++;
}

/* All that it named was got, or is gone. */
static void end_list(struct load *l)
{
    struct aggregate *a = &l->aggregate;

    if (a->named > 0 && exchange_is_timed(l))
        series_add(&l->samples.get_list, a->began, a->began + a->spent);
    l->exchange.step += a->named > 0;
    a->named = a->at = 0;
}

/* Ask for the tensors of a list's data sets from the one at `from` on that come
 * by that way. */
static int want(struct load *l, size_t from, size_t way)
{
    struct aggregate *a = &l->aggregate;
    struct exchange *x = &l->exchange;
    struct client *c = x->client[way];
    struct tensors *t = &l->tensors;
    int rc = 0;

    for (size_t k = from; k < a->named && rc == 0; k++) {
        const struct exchange_source *s = &x->source[a->order[k]];

        if (s->of.way != way || a->sets[k].gone)
            continue;
        exchange_name(l, s);
        rc = c->ops->want(c, t->get, t->rules.n, l->phase.err);
    }
    if (rc == 0 && c->wanted > 0)
        rc = c->ops->want(c, NULL, 0, l->phase.err);
    return rc < 0 ? exchange_failed(l) : 0;
}

/* All that it names: descriptions shard by shard, tensors of all at once. */
static int begin_sets(struct load *l)
{
    const struct exchange_rules *r = &l->exchange.rules;

    for (size_t way = 0; way < r->nways && l->aggregate.rules.described; way++)
        if (describe_way(l, way) < 0)
            return -1;
    for (size_t way = 0; way < r->nways; way++)
        if (want(l, 0, way) < 0)
            return -1;
    return 1;
}

/* What a data set that was gone left unanswered is asked for anew. */
static int present(struct load *l)
{
    struct aggregate *a = &l->aggregate;
    struct exchange *x = &l->exchange;

    x->turn = a->order[a->at];
    x->now = (struct exchange_get){.from = x->turn,
                                   .step = x->step,
                                   .polls = a->at == 0 ? a->polls : 0,
                                   .seen = a->seen};
    a->gone = a->sets[a->at].gone;
    exchange_turn(l, at_hand(l));
    return a->gone || l->client->wanted > 0
               ? 0
               : want(l, a->at, at_hand(l)->of.way);
}

/* One list more; as await(). */
static int next_list(struct load *l)
{
    struct exchange *x = &l->exchange;
    char list[SRB_KEY_MAX];
    size_t length;
    int64_t start;
    int rc;

    memcpy(list, l->aggregate.list, l->aggregate.list_stem);
    length = keys_of_list(list, l->aggregate.list_stem, x->step);
    exchange_turn(l, &x->source[0]);
    start = tick_now();
    rc = await(l, list, length);
    if (rc > 0 && exchange_is_timed(l))
        series_add(&l->samples.poll_list, start, l->aggregate.seen);
    if (rc > 0)
        rc = get_names(l, list, length);
    if (rc == 0)
        miss_list(l);
    return rc > 0 ? begin_sets(l) : rc;
}

bool aggregate_next(struct load *l)
{
    struct aggregate *a = &l->aggregate;
    int rc = 0;

    if (a->at == a->named)
        end_list(l);
    while (a->named == 0 && rc >= 0 && l->exchange.step < l->exchange.end)
        rc = next_list(l);
    return rc >= 0 && a->named > 0 && present(l) == 0;
}

void aggregate_got(struct load *l)
{
    l->aggregate.spent = l->phase.latest - l->aggregate.began;
    l->aggregate.at++;
}
