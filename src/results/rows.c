#include "results/rows.h"

#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/units.h"
#include "results/effect.h"

/* What an axis is called at the begin of a sentence; by its name what is not
 * here. */
static const char *const titles[OPT_COUNT] = {
    [OPT_EXPERIMENT] = "Placement",
    [OPT_DB_EXE] = "Server",
    [OPT_DB_NODES] = "Database nodes",
    [OPT_DB_SHARDS_PER_NODE] = "Shards per node",
    [OPT_DB_CLUSTER] = "Cluster",
    [OPT_DB_CPUS] = "Database CPUs",
    [OPT_DB_IO_THREADS] = "I/O threads",
    [OPT_DB_TPQ] = "Threads per queue",
    [OPT_INTRA_OP] = "Threads of a run",
    [OPT_CLIENT_NODES] = "Client nodes",
    [OPT_CLIENTS_PER_NODE] = "Clients per node",
    [OPT_LANGUAGES] = "Language",
    [OPT_CLIENT] = "Client",
    [OPT_COMMAND_SET] = "Command set",
    [OPT_TRANSPORT] = "Transport",
    [OPT_SOCKET_BUFFER] = "Socket buffer",
    [OPT_PIN_APP_CPUS] = "Pinned clients",
    [OPT_KEYS] = "Keys",
    [OPT_SYNC] = "Sync",
    [OPT_PATTERN] = "Pattern",
    [OPT_READERS_PER_NODE] = "Readers a node",
    [OPT_READER_NODES] = "Reader nodes",
    [OPT_WAIT] = "Wait",
    [OPT_CONTROL_BYTES] = "Control tensor",
    [OPT_FAN] = "Fan",
    [OPT_TENSORS] = "Tensors a step",
    [OPT_PIPELINED] = "Pipelined",
    [OPT_HISTORY] = "History",
    [OPT_RETIRE] = "Retire",
    [OPT_EXPIRE_AFTER] = "Expiry",
    [OPT_COMPUTE] = "Computing",
    [OPT_COMPUTE_KIND] = "Kind of computing",
    [OPT_RATE] = "Rate",
    [OPT_ARRIVALS] = "Arrivals",
    [OPT_DB_ARGS] = "Server directives",
    [OPT_DB_ENV] = "Server environment",
    [OPT_DB_PATH] = "Folder",
    [OPT_DEVICE] = "Device",
    [OPT_BATCH_SIZE] = "Batch size",
    [OPT_MODEL_KEYS] = "Keys of models",
    [OPT_TENSOR_BYTES] = "Tensor size",
};

static const char *title(enum option_id id)
{
    return titles[id] ? titles[id] : option_table[id].name;
}

/* A value of an axis as a person writes it: "64 KiB", "colocated". */
static char *word_of(const struct sweep *s, enum option_id id,
                     const struct value *v, char *buf, size_t n)
{
    enum option_type t = option_table[id].type;
    bool number = !v->is_auto && !v->word;

    if (t == OPTION_BYTES && number)
        return units_print_bytes(v->count, buf, n);
    if (t == OPTION_SECONDS && number)
        return units_print_exact_seconds(v->seconds, buf, n);
    if (t == OPTION_RATE && number)
        snprintf(buf, n, "%s/s", v->text);
    else if (id == OPT_EXPERIMENT)
        snprintf(buf, n, "%s", sweep_experiment(s, v));
    else
        sweep_word(s, id, v, buf, n);
    return buf;
}

bool rows_is_named(enum option_id id)
{
    enum option_type t = option_table[id].type;

    return id != OPT_TENSOR_BYTES && t != OPTION_CHOICE && t != OPTION_TEXT;
}

char *rows_variant(const struct sweep *s, const struct permutation *p,
                   char *buf, size_t n)
{
    buf[0] = '\0';
    for (int i = OPT_AXES - 1; i >= 0; i--) {
        enum option_id id = (enum option_id)i;
        char word[SRB_WORD_MAX];
        bool named = rows_is_named(id);

        if (p->value[id] && options_get(s->options, id)->nvalues > 1)
            text_join(buf, n, ", ", "%s%s%s",
                      named ? option_table[id].name : "", named ? " " : "",
                      word_of(s, id, p->value[id], word, sizeof word));
    }
    if (buf[0] == '\0')
        units_print_bytes(p->value[OPT_TENSOR_BYTES]->count, buf, n);
    return buf;
}

/* ---- axes ---- */

static bool is_amount(enum option_id id)
{
    enum option_type t = option_table[id].type;

    return t == OPTION_COUNT || t == OPTION_BYTES || t == OPTION_SECONDS ||
           t == OPTION_RATE;
}

/* Words stand behind all numbers, as they were given. */
static double amount(const struct value *v)
{
    return v->is_auto       ? -1
           : v->word        ? INFINITY
           : v->rate > 0    ? v->rate
           : v->seconds > 0 ? v->seconds
                            : (double)v->count;
}

/* Amounts ascending, words as they were given. */
static bool stands_before(enum option_id id, const struct value *a,
                          const struct value *b)
{
    return is_amount(id) && amount(a) < amount(b);
}

/* The values of an axis that permutations have, in their order. There may be
 * thousands of each: most are told by where they stand in the setting. */
struct levels {
    const struct setting *set;
    int *of; /* [set->nvalues] level of that value, or -1 */
    const struct value **list;
    int n;
};

static bool is_given(const struct levels *l, const struct value *v)
{
    return v >= l->set->values && v < l->set->values + l->set->nvalues;
}

static int find(const struct levels *l, const struct value *v)
{
    if (v && is_given(l, v))
        return l->of[v - l->set->values];
    for (int k = 0; v && k < l->n; k++) /* what a server has instead */
        if (strcmp(l->list[k]->text, v->text) == 0)
            return k;
    return -1;
}

static void add_level(struct levels *l, enum option_id id,
                      const struct value *v)
{
    int at;

    if (!v || find(l, v) >= 0)
        return;
    l->list = mem_grow(l->list, (size_t)l->n + 1, sizeof(void *));
    for (at = l->n; at > 0 && stands_before(id, v, l->list[at - 1]); at--)
        l->list[at] = l->list[at - 1];
    l->list[at] = v;
    l->n++;
    for (; at < l->n; at++)
        if (is_given(l, l->list[at]))
            l->of[l->list[at] - l->set->values] = at;
}

static const char *told(enum option_id id, const struct value *v,
                        const char *word)
{
    enum option_type t = option_table[id].type;

    return t == OPTION_MAPS   ? v->text
           : t == OPTION_FLAG ? (v->count ? "yes" : "no")
                              : word;
}

/* Two sizes may read alike to three digits, and are neighbours then: all are
 * exact. Times always are. */
static void name_levels(const struct sweep *s, struct row_axis *a,
                        const struct levels *l)
{
    bool exact = false;

    a->nlevels = l->n;
    a->word = mem_new((size_t)l->n, sizeof *a->word);
    for (int k = 0; k < l->n; k++) {
        char text[SRB_WORD_MAX];

        a->word[k] = mem_copy(word_of(s, a->id, l->list[k], text, sizeof text));
        exact = exact || (k > 0 && strcmp(a->word[k - 1], a->word[k]) == 0);
    }
    for (int k = 0; exact && k < l->n; k++) {
        free(a->word[k]);
        a->word[k] = mem_copy(l->list[k]->text);
    }
    a->told = mem_new((size_t)l->n, sizeof *a->told);
    for (int k = 0; k < l->n; k++) {
        a->told[k] = told(a->id, l->list[k], a->word[k]);
        if ((int)strlen(a->word[k]) > a->width)
            a->width = (int)strlen(a->word[k]);
    }
}

static struct levels *find_levels(const struct rows *r)
{
    struct levels *all = mem_new(OPT_COUNT, sizeof *all);

    for (int id = 0; id < OPT_COUNT; id++) {
        struct levels *l = &all[id];

        l->set = options_get(r->sweep->options, (enum option_id)id);
        l->of = mem_new(l->set->nvalues, sizeof *l->of);
        for (size_t k = 0; k < l->set->nvalues; k++)
            l->of[k] = -1;
    }
    for (size_t i = 0; i < r->n; i++) {
        struct permutation p;

        sweep_at(r->sweep, r->list[i].first, &p);
        for (int id = 0; id < OPT_AXES; id++)
            add_level(&all[id], (enum option_id)id, p.value[id]);
    }
    return all;
}

/* The size of the tensor, by which everything is compared, comes first. */
static void open_axes(struct rows *r, const struct levels *all)
{
    r->axes = mem_new(OPT_COUNT, sizeof *r->axes);
    r->size = all[OPT_TENSOR_BYTES].n > 1 ? 0 : -1;
    for (int pass = 0; pass < 2; pass++)
        for (int id = 0; id < OPT_COUNT; id++)
            if ((id == OPT_TENSOR_BYTES) == (pass == 0) && all[id].n > 1) {
                struct row_axis *a = &r->axes[r->naxes++];

                a->id = (enum option_id)id;
                name_levels(r->sweep, a, &all[id]);
            }
}

static void place_rows(struct rows *r, const struct levels *all)
{
    for (size_t i = 0; i < r->n; i++) {
        struct permutation p;

        sweep_at(r->sweep, r->list[i].first, &p);
        r->list[i].level = mem_new((size_t)r->naxes, sizeof(int));
        for (int k = 0; k < r->naxes; k++)
            r->list[i].level[k] =
                find(&all[r->axes[k].id], p.value[r->axes[k].id]);
    }
}

/* qsort() hands nothing on; one thread. */
static int sorting_axes;

static int compare_rows(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    for (int k = 0; k < sorting_axes; k++)
        if (x->level[k] != y->level[k])
            return x->level[k] < y->level[k] ? -1 : 1;
    return x->first < y->first ? -1 : 1;
}

void rows_open(struct rows *r, const struct sweep *s)
{
    size_t repetitions =
        (size_t)options_one(s->options, OPT_REPETITIONS)->count;
    struct levels *all;

    *r = (struct rows){.sweep = s, .n = s->count / repetitions};
    r->list = mem_new(r->n, sizeof *r->list);
    for (size_t i = 0; i < r->n; i++) {
        r->list[i].first = i * repetitions;
        r->list[i].share = NAN;
    }
    all = find_levels(r);
    open_axes(r, all);
    place_rows(r, all);
    for (int id = 0; id < OPT_COUNT; id++) {
        free(all[id].list);
        free(all[id].of);
    }
    free(all);
    sorting_axes = r->naxes;
    qsort(r->list, r->n, sizeof *r->list, compare_rows);
    r->place = mem_new(r->n, sizeof *r->place);
    for (size_t i = 0; i < r->n; i++)
        r->place[sweep_group(s, r->list[i].first)] = i;
}

void rows_free(struct rows *r)
{
    for (size_t i = 0; i < r->n; i++)
        free(r->list[i].level);
    for (int k = 0; k < r->naxes; k++) {
        for (int j = 0; j < r->axes[k].nlevels; j++)
            free(r->axes[k].word[j]);
        free(r->axes[k].word);
        free((void *)(uintptr_t)r->axes[k].told);
    }
    free(r->axes);
    free(r->list);
    free(r->place);
    *r = (struct rows){0};
}

/* ---- what came of them ---- */

static struct row *row_of(struct rows *r, size_t index)
{
    return &r->list[r->place[sweep_group(r->sweep, index)]];
}

static void add_flags(struct row *row, const char *flags)
{
    char copy[SRB_FLAGS_MAX], *rest;

    snprintf(copy, sizeof copy, "%s", flags);
    for (char *f = strtok_r(copy, ",", &rest); f;
         f = strtok_r(NULL, ",", &rest))
        if (!strstr(row->flags, f))
            text_join(row->flags, sizeof row->flags, ",", "%s", f);
}

/* What a permutation is compared by; bandwidth, unless it is of steps, or of
 * writers and readers. */
static enum verdict_of compared_by(const struct summary *s)
{
    const struct step_figures *x = &s->steps;

    return !isnan(s->exchange.delivery.median) ? OF_DELIVERY
           : isnan(x->step.median)             ? OF_BANDWIDTH
           : !isnan(x->sustained_low)          ? OF_SUSTAINED
           : !isnan(x->response.median)        ? OF_RESPONSE
                                               : OF_SLOWDOWN;
}

/* By how much, as verdict_row.rate; not positive, or NaN: by nothing. */
static double compared_rate(const struct summary *s)
{
    const struct step_figures *x = &s->steps;

    switch (compared_by(s)) {
    case OF_DELIVERY:
        return 1 / s->exchange.delivery.median;
    case OF_SUSTAINED:
        return x->sustained;
    case OF_RESPONSE:
        return 1 / x->response.median;
    default:
        return 1 / (1 + x->overhead);
    }
}

/* Means over as many repetitions as were completed with this one. */
static void add_means(const struct row *row, double *const mean[],
                      const double value[], size_t count)
{
    double n = row->ended[STATUS_COMPLETED];

    for (size_t k = 0; k < count; k++)
        *mean[k] = n > 1 ? *mean[k] + (value[k] - *mean[k]) / n : value[k];
}

static void add_runs(struct row *row, const struct inference_figures *x)
{
    double *const mean[] = {&row->runs.script, &row->runs.model,
                            &row->runs.rate};
    const double value[] = {x->script.median, x->model.median, x->rate};

    add_means(row, mean, value, sizeof mean / sizeof mean[0]);
}

static void add_steps(struct row *row, const struct step_figures *x)
{
    struct step_row *to = &row->steps;
    double *const mean[] = {&to->overhead,  &to->response, &to->p99,
                            &to->sustained, &to->low,      &to->high,
                            &to->alone,     &to->waiting,  &to->slower,
                            &to->disturbed, &to->offered,  &to->achieved};
    const double value[] = {
        x->overhead,      x->response.median,   x->response.p99,
        x->sustained,     x->sustained_low,     x->sustained_high,
        x->compute_alone, x->exchange_overhead, x->compute_slowdown,
        x->alone_waited,  x->offered_rate,      x->achieved_rate};
    bool first = row->ended[STATUS_COMPLETED] <= 1;

    add_means(row, mean, value, sizeof mean / sizeof mean[0]);
    for (int k = 0; k < 2; k++) { /* what was not measured is NaN */
        to->quickest = fmin(first && k == 0 ? NAN : to->quickest, x->alone[k]);
        to->slowest = fmax(first && k == 0 ? NAN : to->slowest, x->alone[k]);
    }
    to->none_held = to->none_held || x->sustained_low == 0;
}

static void add_exchange(struct row *row, const struct summary *s)
{
    const struct exchange_figures *x = &s->exchange;
    struct exchange_row *to = &row->exchange;
    double *const mean[] = {&to->delivery, &to->p99, &to->missed, &to->control,
                            &to->list};
    const double value[] = {x->delivery.median, x->delivery.p99,
                            (double)x->missed, x->control_get.median,
                            s->lists.get.median};

    add_means(row, mean, value, sizeof mean / sizeof mean[0]);
}

void rows_add(struct rows *r, const struct permutation *p,
              const struct outcome *o, const char *flags)
{
    struct row *row = row_of(r, p->index);

    row->ended[o->status]++;
    if (o->status != STATUS_COMPLETED)
        return;
    row->last = o->summary;
    add_steps(row, &o->summary.steps);
    if (compared_by(&o->summary) != OF_BANDWIDTH)
        running_add(&row->step, compared_rate(&o->summary));
    add_exchange(row, &o->summary);
    add_runs(row, &o->summary.inference);
    if (row->ended[STATUS_COMPLETED] == 1)
        memcpy(row->limit, o->limit, sizeof row->limit);
    else if (strcmp(row->limit, o->limit) != 0)
        row->limit[0] = '\0';
    add_flags(row, flags);
}

void rows_share(struct rows *r, size_t index, double share)
{
    row_of(r, index)->share = share;
}

void rows_flag(struct rows *r, size_t index, const char *flag)
{
    add_flags(row_of(r, index), flag);
}

void rows_close_up(struct rows *r, const struct repeats *repeats)
{
    for (size_t i = 0; i < r->n; i++)
        r->list[i].repeated =
            repeats_get(repeats, sweep_group(r->sweep, r->list[i].first));
}

/* ---- their bandwidth, and how sure it is ---- */

/* Of earlier sessions it is not known what an interval rests on: then as many
 * blocks as there are in most runs. */
#define CLUSTERS 20

static double log_df(const struct figures *x)
{
    return (double)(x->clusters > 1 ? x->clusters : CLUSTERS) - 1;
}

/* The standard error of a median's logarithm, by its interval; NaN: none. */
static double log_error(const struct figures *x)
{
    return log(x->high / x->low) / 2 / effect_student(log_df(x));
}

/* The bandwidth goes with what put and unpack take together. */
static void within_run(const struct summary *s, struct row_rate *x)
{
    double put = s->put.median, unpack = s->unpack.median;
    double a = log_error(&s->put) * put / (put + unpack);
    double b = log_error(&s->unpack) * unpack / (put + unpack);

    x->error = sqrt(a * a + b * b);
    x->df = fmin(log_df(&s->put), log_df(&s->unpack));
}

struct row_rate rows_rate(const struct row *row, bool within)
{
    const struct across *a = &row->repeated.of[HEADLINE_WINDOW];
    struct row_rate x = {NAN, NAN, 1, false};

    /* of steps it is what was asked for */
    if (row->ended[STATUS_COMPLETED] == 0 ||
        compared_by(&row->last) != OF_BANDWIDTH)
        return x;
    x.rate = a->centre;
    x.summed = isnan(x.rate);
    if (x.summed)
        x.rate = row->last.sum_of_rank_rates;
    if (within) {
        within_run(&row->last, &x);
    } else if (!x.summed) {
        x.error = a->error;
        x.df = (double)row->repeated.n - 1;
    }
    return x;
}

/* The same within the run: a search is between two rates. A slowdown has none:
 * half of it is what computing takes alone, which a run measures once. */
static void steps_within_run(const struct summary *s, struct row_rate *x)
{
    const struct step_figures *f = &s->steps;

    x->df = log_df(&f->step);
    switch (compared_by(s)) {
    case OF_DELIVERY:
        x->df = log_df(&s->exchange.delivery);
        x->error = log_error(&s->exchange.delivery);
        break;
    case OF_SUSTAINED:
        x->error = log(f->sustained_high / f->sustained_low) / 2 /
                   effect_student(x->df);
        break;
    case OF_RESPONSE:
        x->df = log_df(&f->response);
        x->error = log_error(&f->response);
        break;
    default:
        x->error = NAN;
    }
}

/* What steps are compared by. */
static struct row_rate step_row_rate(const struct row *row, bool within)
{
    struct across a = running_across(&row->step);
    struct row_rate x = {a.centre, a.error, (double)row->step.n - 1, false};

    if (within)
        steps_within_run(&row->last, &x);
    return x;
}

bool rows_within(const struct rows *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->list[i].repeated.n > 1)
            return false;
    return true;
}

/* ---- verdicts ---- */

/* Of a repetition is enough: there is no mean then. */
static enum verdict_held held_by(const struct row *row)
{
    const struct step_row *x = &row->steps;

    if (row->ended[STATUS_COMPLETED] == 0 || isnan(x->low))
        return HELD_SOME;
    return x->none_held ? HELD_NONE : isnan(x->high) ? HELD_ALL : HELD_SOME;
}

static struct verdict_row *verdict_rows(const struct rows *r)
{
    struct verdict_row *list = mem_new(r->n, sizeof *list);
    bool within = rows_within(r);

    for (size_t i = 0; i < r->n; i++) {
        const struct row *row = &r->list[i];
        enum verdict_of of = row->ended[STATUS_COMPLETED] > 0
                                 ? compared_by(&row->last)
                                 : OF_BANDWIDTH;
        struct row_rate x = of == OF_BANDWIDTH ? rows_rate(row, within)
                                               : step_row_rate(row, within);

        list[i] = (struct verdict_row){.level = row->level,
                                       .rate = x.rate,
                                       .error = x.error,
                                       .df = x.df,
                                       .flags = row->flags,
                                       .of = of,
                                       .held = held_by(row)};
    }
    return list;
}

/* `auto` is no amount: the machine decides what it comes to; nor is any way to
 * wait but a pause, where `max` and `all` are more than every number. */
static bool are_amounts(const struct row_axis *a)
{
    for (int k = 0; k < a->nlevels; k++)
        if (strcmp(a->word[k], "auto") == 0 ||
            (a->id == OPT_WAIT && isalpha((unsigned char)a->word[k][0])))
            return false;
    return is_amount(a->id);
}

static struct verdict_axis *verdict_axes(const struct rows *r)
{
    struct verdict_axis *list = mem_new((size_t)r->naxes, sizeof *list);

    for (int k = 0; k < r->naxes; k++)
        list[k] = (struct verdict_axis){.name = title(r->axes[k].id),
                                        .word = r->axes[k].told,
                                        .nlevels = r->axes[k].nlevels,
                                        .amounts = are_amounts(&r->axes[k])};
    return list;
}

static struct verdict_study study_of(const struct rows *r)
{
    return (struct verdict_study){.axes = verdict_axes(r),
                                  .naxes = r->naxes,
                                  .size = r->size,
                                  .rows = verdict_rows(r),
                                  .nrows = r->n,
                                  .within = rows_within(r)};
}

static void study_free(struct verdict_study *s)
{
    free((void *)(uintptr_t)s->axes);
    free((void *)(uintptr_t)s->rows);
}

char *rows_verdicts(const struct rows *r)
{
    struct verdict_study s = study_of(r);
    char *text = verdict_words(&s);

    study_free(&s);
    return text;
}

void rows_best(const struct rows *r, enum verdict_rank *best)
{
    struct verdict_study s = study_of(r);

    verdict_best(&s, best);
    study_free(&s);
}
