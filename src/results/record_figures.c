/* The numbers of /summary that say what came of a permutation: one table, and
 * whatever is done with all of them. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "results/record.h"

/* Where struct outcome has it, and as what. */
#define REAL(member) FIELD_REAL, offsetof(struct outcome, member)
#define INT(member) FIELD_INT, offsetof(struct outcome, member)
#define WORD(member) FIELD_TEXT, offsetof(struct outcome, member)

/* To add a figure: a member of struct summary, what computes it, and a row
 * here. In the order of the file. No member can stand in parentheses:
 * NOLINTBEGIN(bugprone-macro-parentheses) */
static const struct figure {
    const char *column, *unit;
    enum field_type type;
    size_t at; /* of a double, int64_t or the one word, `limit` */
    enum figure_kind kind;
    unsigned scope; /* of studies that have it; 0: all */
} table[] = {
    {"ops", "", INT(summary.ops), FIGURE_WORK, 0},
    {"bytes", "B", INT(summary.bytes), FIGURE_WORK, 0},
/* one that was measured, a double of struct summary */
#define FIGURE(column, unit, member, scope)                                    \
    {                                                                          \
        column, unit, REAL(summary.member), FIGURE_MEASURED, scope             \
    }
/* those of all operations or steps of a kind */
#define SPREAD(name, member, scope)                                            \
    FIGURE(name "_median", "s", member.median, scope),                         \
        FIGURE(name "_p95", "s", member.p95, scope),                           \
        FIGURE(name "_p99", "s", member.p99, scope),                           \
        FIGURE(name "_p99.9", "s", member.p999, scope),                        \
        FIGURE(name "_max", "s", member.max, scope)
/* between which a figure is: .._low and .._high */
#define BOUNDS(name, unit, low, high, scope)                                   \
    {name "_low", unit, REAL(summary.low), FIGURE_BOUND, scope},               \
    {                                                                          \
        name "_high", unit, REAL(summary.high), FIGURE_BOUND, scope            \
    }
    SPREAD("put_tensor", put, 0),
    BOUNDS("put_tensor_median", "s", put.low, put.high, 0),
    SPREAD("unpack_tensor", unpack, 0),
    BOUNDS("unpack_tensor_median", "s", unpack.low, unpack.high, 0),
    FIGURE("window", "B/s", window, 0),
    FIGURE("steady", "B/s", steady, 0),
    FIGURE("put_window", "B/s", put_window, 0),
    FIGURE("get_window", "B/s", get_window, 0),
    FIGURE("put_service_rate", "B/s", put_service_rate, 0),
    FIGURE("get_service_rate", "B/s", get_service_rate, 0),
    FIGURE("sum_of_rank_rates", "B/s", sum_of_rank_rates, 0),
    FIGURE("window_ops", "1/s", window_ops, 0),
    FIGURE("steady_ops", "1/s", steady_ops, 0),
    FIGURE("sum_of_rank_ops", "1/s", sum_of_rank_ops, 0),
    SPREAD("run_script", inference.script, SCOPE_INFERRED),
    SPREAD("run_model", inference.model, SCOPE_INFERRED),
    FIGURE("inference_rate", "1/s", inference.rate, SCOPE_INFERRED),
    FIGURE("inference_bytes", "B", inference.bytes, SCOPE_INFERRED),
    FIGURE("put_share", "1", inference.put_share, SCOPE_INFERRED),
    FIGURE("run_script_share", "1", inference.script_share, SCOPE_INFERRED),
    FIGURE("run_model_share", "1", inference.model_share, SCOPE_INFERRED),
    FIGURE("unpack_share", "1", inference.unpack_share, SCOPE_INFERRED),
    SPREAD("step", steps.step, SCOPE_STEPS),
    SPREAD("put_response", steps.put_response, SCOPE_PACED),
    SPREAD("unpack_response", steps.unpack_response, SCOPE_PACED),
    SPREAD("step_response", steps.response, SCOPE_PACED),
    BOUNDS("step_response_median", "s", steps.response.low, steps.response.high,
           SCOPE_PACED),
    FIGURE("pace_late_median", "s", steps.pace_late.median, SCOPE_PACED),
    FIGURE("pace_late_p95", "s", steps.pace_late.p95, SCOPE_PACED),
    FIGURE("pace_late_p99", "s", steps.pace_late.p99, SCOPE_PACED),
    FIGURE("pace_late_max", "s", steps.pace_late.max, SCOPE_PACED),
    FIGURE("compute_alone", "s", steps.compute_alone, SCOPE_COMPUTED),
    FIGURE("compute_alone_before", "s", steps.alone[0], SCOPE_COMPUTED),
    FIGURE("compute_alone_after", "s", steps.alone[1], SCOPE_COMPUTED),
    FIGURE("compute_alone_waited", "1", steps.alone_waited, SCOPE_COMPUTED),
    FIGURE("exchange_overhead", "1", steps.exchange_overhead, SCOPE_COMPUTED),
    FIGURE("compute_slowdown", "1", steps.compute_slowdown, SCOPE_COMPUTED),
    FIGURE("overhead", "1", steps.overhead, SCOPE_COMPUTED),
    FIGURE("offered_rate", "1/s", steps.offered_rate, SCOPE_PACED),
    FIGURE("achieved_rate", "1/s", steps.achieved_rate, SCOPE_PACED),
    {"unsent", "", INT(summary.steps.unsent), FIGURE_MEASURED, SCOPE_PACED},
    {"behind", "", INT(summary.steps.behind), FIGURE_MEASURED, SCOPE_PACED},
    FIGURE("sustained_rate", "1/s", steps.sustained, SCOPE_SEARCHED),
    BOUNDS("sustained_rate", "1/s", steps.sustained_low, steps.sustained_high,
           SCOPE_SEARCHED),
    SPREAD("retire", retire, SCOPE_REMOVED),
    SPREAD("delivery", exchange.delivery, SCOPE_EXCHANGED),
    BOUNDS("delivery_median", "s", exchange.delivery.low,
           exchange.delivery.high, SCOPE_EXCHANGED),
    SPREAD("visible", exchange.visible, SCOPE_EXCHANGED),
    {"polls", "", INT(summary.exchange.polls), FIGURE_MEASURED,
     SCOPE_EXCHANGED},
    {"lag_max", "", INT(summary.exchange.lag_max), FIGURE_MEASURED,
     SCOPE_EXCHANGED},
    {"missed", "", INT(summary.exchange.missed), FIGURE_MEASURED,
     SCOPE_EXCHANGED},
    SPREAD("control_put", exchange.control_put, SCOPE_CONTROLLED),
    SPREAD("control_get", exchange.control_get, SCOPE_CONTROLLED),
    {"control_missed", "", INT(summary.exchange.control_missed),
     FIGURE_MEASURED, SCOPE_CONTROLLED},
    SPREAD("poll_list", lists.poll, SCOPE_AGGREGATED),
    SPREAD("get_list", lists.get, SCOPE_AGGREGATED),
    {"shard_memory_start", "B", INT(memory[0]), FIGURE_MEASURED, SCOPE_KEPT},
    {"shard_memory_end", "B", INT(memory[1]), FIGURE_MEASURED, SCOPE_KEPT},
    FIGURE("client_cpu_share", "1", cpu_share, 0),
    FIGURE("client_fault_share", "1", fault_share, 0),
    {"server_busy", "1", REAL(evidence.server_busy), FIGURE_MEASURED, 0},
    {"server_cpu_share", "1", REAL(evidence.server_cpu_share), FIGURE_MEASURED,
     0},
    {"server_fault_share", "1", REAL(evidence.server_fault_share),
     FIGURE_MEASURED, 0},
    {"network_share", "1", REAL(evidence.network_share), FIGURE_MEASURED, 0},
    {"limit", "", WORD(limit), FIGURE_MEASURED, 0},
    {"repetitions_done", "", INT(repeated.n), FIGURE_REPEATED, 0},
/* one over repetitions, and its interval: of `kind` */
#define ACROSS(name, unit, across, kind, scope)                                \
    {name, unit, REAL(across.centre), kind, scope},                            \
        {name "_low", unit, REAL(across.low), kind, scope},                    \
    {                                                                          \
        name "_high", unit, REAL(across.high), kind, scope                     \
    }
    ACROSS("put_tensor_repeated", "s", repeated.of[HEADLINE_PUT],
           FIGURE_REPEATED, 0),
    ACROSS("unpack_tensor_repeated", "s", repeated.of[HEADLINE_UNPACK],
           FIGURE_REPEATED, 0),
    ACROSS("window_repeated", "B/s", repeated.of[HEADLINE_WINDOW],
           FIGURE_REPEATED, 0),
#define OF(partner, PARTNER, scope)                                            \
    ACROSS("put_tensor_of_" partner, "1", of.share[PARTNER][HEADLINE_PUT],     \
           FIGURE_OF_PARTNER, scope),                                          \
        ACROSS("unpack_tensor_of_" partner, "1",                               \
               of.share[PARTNER][HEADLINE_UNPACK], FIGURE_OF_PARTNER, scope),  \
        ACROSS("window_of_" partner, "1", of.share[PARTNER][HEADLINE_WINDOW],  \
               FIGURE_OF_PARTNER, scope)
    OF("floor", PARTNER_FLOOR, 0),
    OF("mpi", PARTNER_MPI, SCOPE_OF_MPI),
    OF("shm", PARTNER_SHM, SCOPE_OF_SHM),
    {"verify_errors", "", INT(summary.verify_errors), FIGURE_VERIFIED, 0},
    {"breaches", "", INT(breaches), FIGURE_BREACHES, 0},
};
/* NOLINTEND(bugprone-macro-parentheses) */

enum { ROWS = sizeof table / sizeof table[0] };

/* Whether engines that others are held against are beside some. */
static unsigned partners(const struct options *o)
{
    static const unsigned scopes[PARTNERS] = {
        [PARTNER_MPI] = SCOPE_OF_MPI, [PARTNER_SHM] = SCOPE_OF_SHM};
    const struct setting *exes = options_get(o, OPT_DB_EXE);
    unsigned scope = 0;

    for (size_t k = 0; k < exes->nvalues && exes->nvalues > 1; k++)
        scope |= scopes[engine_expected(exes->values[k].text)->partner];
    return scope;
}

unsigned record_scope(const struct options *o)
{
    unsigned scope = partners(o);

    if (options_computes(o))
        scope |= SCOPE_STEPS | SCOPE_COMPUTED;
    if (options_paced(o))
        scope |= SCOPE_STEPS | SCOPE_PACED;
    if (options_says(o, OPT_RATE, RATE_SEARCH))
        scope |= SCOPE_SEARCHED;
    if (options_keeps(o))
        scope |= SCOPE_KEPT;
    if (options_retire(o, RETIRE_DELETE))
        scope |= SCOPE_REMOVED;
    if (options_exchanges(o))
        scope |= SCOPE_EXCHANGED;
    if (options_controls(o))
        scope |= SCOPE_CONTROLLED;
    if (options_aggregates(o))
        scope |= SCOPE_AGGREGATED;
    if (options_infers(o))
        scope |= SCOPE_INFERRED;
    return scope;
}

/* What the file calls the kinds that are figures; a contract. */
static const char *role(enum figure_kind kind)
{
    switch ((int)kind) {
    case FIGURE_MEASURED:
        return "figure";
    case FIGURE_BOUND:
        return "bound";
    case FIGURE_REPEATED:
        return "repetitions";
    case FIGURE_OF_PARTNER:
        return "of_floor"; /* and of others */
    default:
        return "";
    }
}

static void add(struct fields *f, const struct figure *x,
                const struct outcome *o)
{
    const char *at = (const char *)o + x->at;
    int64_t count;
    double value;

    if (x->type == FIELD_TEXT) {
        fields_text(f, x->column, at);
    } else if (x->type == FIELD_INT) {
        memcpy(&count, at, sizeof count);
        fields_int(f, x->column, x->unit, count);
    } else {
        memcpy(&value, at, sizeof value);
        /* one repetition says nothing about repetitions */
        if (x->kind == FIGURE_REPEATED && o->repeated.n < 2)
            value = NAN;
        fields_real(f, x->column, x->unit, value);
    }
    f->list[f->n - 1].role = x->type == FIELD_TEXT ? "word" : role(x->kind);
}

void record_figures(struct fields *f, const struct outcome *o, unsigned kinds)
{
    for (int i = 0; i < ROWS; i++)
        if ((table[i].kind & kinds) && !(table[i].scope & ~o->scope))
            add(f, &table[i], o);
}

static const struct figure *find(const char *name)
{
    for (int i = 0; i < ROWS; i++)
        if (strcmp(table[i].column, name) == 0 &&
            table[i].kind == FIGURE_MEASURED && table[i].type == FIELD_REAL)
            return &table[i];
    return NULL;
}

/* Of computing: a time against another, - 1. */
static bool is_overhead(const struct figure *x)
{
    return x->scope == SCOPE_COMPUTED && strcmp(x->unit, "1") == 0;
}

int record_better(const char *figure)
{
    const struct figure *x = find(figure);

    if (!x)
        return 0;
    return strcmp(x->unit, "s") == 0 || is_overhead(x)                  ? -1
           : strcmp(x->unit, "B/s") == 0 || strcmp(x->unit, "1/s") == 0 ? 1
                                                                        : 0;
}

/* Steps that compute or have a rate move what is asked for. */
bool record_measures(const struct options *o, const char *figure)
{
    static const char *const windows[] = {"window", "window_ops", "put_window",
                                          "get_window", "inference_rate"};
    const struct figure *x = find(figure);
    bool steps = options_computes(o) || options_paced(o);

    for (size_t k = 0; k < sizeof windows / sizeof windows[0]; k++)
        if (steps && strcmp(figure, windows[k]) == 0)
            return false;
    return x && !(x->scope & ~record_scope(o));
}

double record_figure(const struct outcome *o, const char *figure)
{
    const struct figure *x = find(figure);
    double value = NAN;

    if (x)
        memcpy(&value, (const char *)o + x->at, sizeof value);
    return x && is_overhead(x) ? 1 + value : value;
}

void record_no_figures(struct outcome *o)
{
    const double none = NAN;

    for (int i = 0; i < ROWS; i++)
        if (table[i].type == FIELD_REAL)
            memcpy((char *)o + table[i].at, &none, sizeof none);
    o->limit[0] = '\0';
    o->summary.ops = o->summary.bytes = o->breaches = FIELD_NO_INT;
    o->memory[0] = o->memory[1] = FIELD_NO_INT;
    o->summary.exchange.polls = o->summary.exchange.lag_max =
        o->summary.exchange.missed = o->summary.exchange.control_missed =
            FIELD_NO_INT;
    o->summary.steps.unsent = o->summary.steps.behind = FIELD_NO_INT;
}

/* As fields_find(), begun behind what was found last: both have one order, and
 * a study may have ten thousand rows, in each of which to look for what is not
 * there takes longest. */
static const struct field *find_next(const struct fields *row,
                                     const char *column, size_t *last)
{
    for (size_t k = 1; k <= row->n; k++) {
        size_t at = (*last + k) % row->n;

        if (strcmp(row->list[at].name, column) == 0) {
            *last = at;
            return &row->list[at];
        }
    }
    return NULL;
}

void record_recall(struct outcome *o, const struct fields *row)
{
    const struct field *proven = fields_find(row, "tune_proven");
    size_t last = 0;

    o->unproven = proven && proven->integer == 0;
    for (int i = 0; i < ROWS; i++) {
        const struct field *f;
        char *at = (char *)o + table[i].at;

        /* breaches are judged again */
        if ((table[i].scope & ~o->scope) || table[i].kind == FIGURE_BREACHES)
            continue;
        f = find_next(row, table[i].column, &last);
        if (table[i].type == FIELD_REAL && f)
            memcpy(at, &f->real, sizeof f->real);
        else if (table[i].type == FIELD_TEXT)
            snprintf(o->limit, sizeof o->limit, "%s", f ? f->text : "");
        else if (table[i].type == FIELD_INT)
            memcpy(at, f ? &f->integer : &(int64_t){FIELD_NO_INT},
                   sizeof f->integer);
    }
}
