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
 * here. In the order of the file. */
static const struct figure {
    const char *column, *unit;
    enum field_type type;
    size_t at; /* of a double, int64_t or the one word, `limit` */
    enum figure_kind kind;
    unsigned scope; /* of studies that have it; 0: all */
} table[] = {
    {"ops", "", INT(summary.ops), FIGURE_WORK, 0},
    {"bytes", "B", INT(summary.bytes), FIGURE_WORK, 0},
    {"put_tensor_median", "s", REAL(summary.put.median), FIGURE_MEASURED, 0},
    {"put_tensor_p95", "s", REAL(summary.put.p95), FIGURE_MEASURED, 0},
    {"put_tensor_p99", "s", REAL(summary.put.p99), FIGURE_MEASURED, 0},
    {"put_tensor_p99.9", "s", REAL(summary.put.p999), FIGURE_MEASURED, 0},
    {"put_tensor_max", "s", REAL(summary.put.max), FIGURE_MEASURED, 0},
    {"put_tensor_median_low", "s", REAL(summary.put.low), FIGURE_BOUND, 0},
    {"put_tensor_median_high", "s", REAL(summary.put.high), FIGURE_BOUND, 0},
    {"unpack_tensor_median", "s", REAL(summary.unpack.median), FIGURE_MEASURED,
     0},
    {"unpack_tensor_p95", "s", REAL(summary.unpack.p95), FIGURE_MEASURED, 0},
    {"unpack_tensor_p99", "s", REAL(summary.unpack.p99), FIGURE_MEASURED, 0},
    {"unpack_tensor_p99.9", "s", REAL(summary.unpack.p999), FIGURE_MEASURED, 0},
    {"unpack_tensor_max", "s", REAL(summary.unpack.max), FIGURE_MEASURED, 0},
    {"unpack_tensor_median_low", "s", REAL(summary.unpack.low), FIGURE_BOUND,
     0},
    {"unpack_tensor_median_high", "s", REAL(summary.unpack.high), FIGURE_BOUND,
     0},
    {"window", "B/s", REAL(summary.window), FIGURE_MEASURED, 0},
    {"steady", "B/s", REAL(summary.steady), FIGURE_MEASURED, 0},
    {"put_window", "B/s", REAL(summary.put_window), FIGURE_MEASURED, 0},
    {"get_window", "B/s", REAL(summary.get_window), FIGURE_MEASURED, 0},
    {"put_service_rate", "B/s", REAL(summary.put_service_rate), FIGURE_MEASURED,
     0},
    {"get_service_rate", "B/s", REAL(summary.get_service_rate), FIGURE_MEASURED,
     0},
    {"sum_of_rank_rates", "B/s", REAL(summary.sum_of_rank_rates),
     FIGURE_MEASURED, 0},
    {"window_ops", "1/s", REAL(summary.window_ops), FIGURE_MEASURED, 0},
    {"steady_ops", "1/s", REAL(summary.steady_ops), FIGURE_MEASURED, 0},
    {"sum_of_rank_ops", "1/s", REAL(summary.sum_of_rank_ops), FIGURE_MEASURED,
     0},
#define RUN(name, member)                                                      \
    {name "_median", "s", REAL(summary.inference.member.median),               \
     FIGURE_MEASURED, SCOPE_INFERRED},                                         \
        {name "_p95", "s", REAL(summary.inference.member.p95),                 \
         FIGURE_MEASURED, SCOPE_INFERRED},                                     \
        {name "_p99", "s", REAL(summary.inference.member.p99),                 \
         FIGURE_MEASURED, SCOPE_INFERRED},                                     \
        {name "_p99.9", "s", REAL(summary.inference.member.p999),              \
         FIGURE_MEASURED, SCOPE_INFERRED},                                     \
    {                                                                          \
        name "_max", "s", REAL(summary.inference.member.max), FIGURE_MEASURED, \
            SCOPE_INFERRED                                                     \
    }
    RUN("run_script", script),
    RUN("run_model", model),
#undef RUN
    {"inference_rate", "1/s", REAL(summary.inference.rate), FIGURE_MEASURED,
     SCOPE_INFERRED},
    {"inference_bytes", "B", REAL(summary.inference.bytes), FIGURE_MEASURED,
     SCOPE_INFERRED},
    {"put_share", "1", REAL(summary.inference.put_share), FIGURE_MEASURED,
     SCOPE_INFERRED},
    {"run_script_share", "1", REAL(summary.inference.script_share),
     FIGURE_MEASURED, SCOPE_INFERRED},
    {"run_model_share", "1", REAL(summary.inference.model_share),
     FIGURE_MEASURED, SCOPE_INFERRED},
    {"unpack_share", "1", REAL(summary.inference.unpack_share), FIGURE_MEASURED,
     SCOPE_INFERRED},
    {"step_median", "s", REAL(summary.steps.step.median), FIGURE_MEASURED,
     SCOPE_STEPS},
    {"step_p95", "s", REAL(summary.steps.step.p95), FIGURE_MEASURED,
     SCOPE_STEPS},
    {"step_p99", "s", REAL(summary.steps.step.p99), FIGURE_MEASURED,
     SCOPE_STEPS},
    {"step_p99.9", "s", REAL(summary.steps.step.p999), FIGURE_MEASURED,
     SCOPE_STEPS},
    {"step_max", "s", REAL(summary.steps.step.max), FIGURE_MEASURED,
     SCOPE_STEPS},
    {"put_response_median", "s", REAL(summary.steps.put_response.median),
     FIGURE_MEASURED, SCOPE_PACED},
    {"put_response_p95", "s", REAL(summary.steps.put_response.p95),
     FIGURE_MEASURED, SCOPE_PACED},
    {"put_response_p99", "s", REAL(summary.steps.put_response.p99),
     FIGURE_MEASURED, SCOPE_PACED},
    {"put_response_p99.9", "s", REAL(summary.steps.put_response.p999),
     FIGURE_MEASURED, SCOPE_PACED},
    {"put_response_max", "s", REAL(summary.steps.put_response.max),
     FIGURE_MEASURED, SCOPE_PACED},
    {"unpack_response_median", "s", REAL(summary.steps.unpack_response.median),
     FIGURE_MEASURED, SCOPE_PACED},
    {"unpack_response_p95", "s", REAL(summary.steps.unpack_response.p95),
     FIGURE_MEASURED, SCOPE_PACED},
    {"unpack_response_p99", "s", REAL(summary.steps.unpack_response.p99),
     FIGURE_MEASURED, SCOPE_PACED},
    {"unpack_response_p99.9", "s", REAL(summary.steps.unpack_response.p999),
     FIGURE_MEASURED, SCOPE_PACED},
    {"unpack_response_max", "s", REAL(summary.steps.unpack_response.max),
     FIGURE_MEASURED, SCOPE_PACED},
    {"step_response_median", "s", REAL(summary.steps.response.median),
     FIGURE_MEASURED, SCOPE_PACED},
    {"step_response_p95", "s", REAL(summary.steps.response.p95),
     FIGURE_MEASURED, SCOPE_PACED},
    {"step_response_p99", "s", REAL(summary.steps.response.p99),
     FIGURE_MEASURED, SCOPE_PACED},
    {"step_response_p99.9", "s", REAL(summary.steps.response.p999),
     FIGURE_MEASURED, SCOPE_PACED},
    {"step_response_max", "s", REAL(summary.steps.response.max),
     FIGURE_MEASURED, SCOPE_PACED},
    {"step_response_median_low", "s", REAL(summary.steps.response.low),
     FIGURE_BOUND, SCOPE_PACED},
    {"step_response_median_high", "s", REAL(summary.steps.response.high),
     FIGURE_BOUND, SCOPE_PACED},
    {"pace_late_median", "s", REAL(summary.steps.pace_late.median),
     FIGURE_MEASURED, SCOPE_PACED},
    {"pace_late_p95", "s", REAL(summary.steps.pace_late.p95), FIGURE_MEASURED,
     SCOPE_PACED},
    {"pace_late_p99", "s", REAL(summary.steps.pace_late.p99), FIGURE_MEASURED,
     SCOPE_PACED},
    {"pace_late_max", "s", REAL(summary.steps.pace_late.max), FIGURE_MEASURED,
     SCOPE_PACED},
    {"compute_alone", "s", REAL(summary.steps.compute_alone), FIGURE_MEASURED,
     SCOPE_COMPUTED},
    {"compute_alone_before", "s", REAL(summary.steps.alone[0]), FIGURE_MEASURED,
     SCOPE_COMPUTED},
    {"compute_alone_after", "s", REAL(summary.steps.alone[1]), FIGURE_MEASURED,
     SCOPE_COMPUTED},
    {"compute_alone_waited", "1", REAL(summary.steps.alone_waited),
     FIGURE_MEASURED, SCOPE_COMPUTED},
    {"exchange_overhead", "1", REAL(summary.steps.exchange_overhead),
     FIGURE_MEASURED, SCOPE_COMPUTED},
    {"compute_slowdown", "1", REAL(summary.steps.compute_slowdown),
     FIGURE_MEASURED, SCOPE_COMPUTED},
    {"overhead", "1", REAL(summary.steps.overhead), FIGURE_MEASURED,
     SCOPE_COMPUTED},
    {"offered_rate", "1/s", REAL(summary.steps.offered_rate), FIGURE_MEASURED,
     SCOPE_PACED},
    {"achieved_rate", "1/s", REAL(summary.steps.achieved_rate), FIGURE_MEASURED,
     SCOPE_PACED},
    {"unsent", "", INT(summary.steps.unsent), FIGURE_MEASURED, SCOPE_PACED},
    {"behind", "", INT(summary.steps.behind), FIGURE_MEASURED, SCOPE_PACED},
    {"sustained_rate", "1/s", REAL(summary.steps.sustained), FIGURE_MEASURED,
     SCOPE_SEARCHED},
    {"sustained_rate_low", "1/s", REAL(summary.steps.sustained_low),
     FIGURE_BOUND, SCOPE_SEARCHED},
    {"sustained_rate_high", "1/s", REAL(summary.steps.sustained_high),
     FIGURE_BOUND, SCOPE_SEARCHED},
    {"retire_median", "s", REAL(summary.retire.median), FIGURE_MEASURED,
     SCOPE_REMOVED},
    {"retire_p95", "s", REAL(summary.retire.p95), FIGURE_MEASURED,
     SCOPE_REMOVED},
    {"retire_p99", "s", REAL(summary.retire.p99), FIGURE_MEASURED,
     SCOPE_REMOVED},
    {"retire_p99.9", "s", REAL(summary.retire.p999), FIGURE_MEASURED,
     SCOPE_REMOVED},
    {"retire_max", "s", REAL(summary.retire.max), FIGURE_MEASURED,
     SCOPE_REMOVED},
    {"delivery_median", "s", REAL(summary.exchange.delivery.median),
     FIGURE_MEASURED, SCOPE_EXCHANGED},
    {"delivery_p95", "s", REAL(summary.exchange.delivery.p95), FIGURE_MEASURED,
     SCOPE_EXCHANGED},
    {"delivery_p99", "s", REAL(summary.exchange.delivery.p99), FIGURE_MEASURED,
     SCOPE_EXCHANGED},
    {"delivery_p99.9", "s", REAL(summary.exchange.delivery.p999),
     FIGURE_MEASURED, SCOPE_EXCHANGED},
    {"delivery_max", "s", REAL(summary.exchange.delivery.max), FIGURE_MEASURED,
     SCOPE_EXCHANGED},
    {"delivery_median_low", "s", REAL(summary.exchange.delivery.low),
     FIGURE_BOUND, SCOPE_EXCHANGED},
    {"delivery_median_high", "s", REAL(summary.exchange.delivery.high),
     FIGURE_BOUND, SCOPE_EXCHANGED},
    {"visible_median", "s", REAL(summary.exchange.visible.median),
     FIGURE_MEASURED, SCOPE_EXCHANGED},
    {"visible_p95", "s", REAL(summary.exchange.visible.p95), FIGURE_MEASURED,
     SCOPE_EXCHANGED},
    {"visible_p99", "s", REAL(summary.exchange.visible.p99), FIGURE_MEASURED,
     SCOPE_EXCHANGED},
    {"visible_p99.9", "s", REAL(summary.exchange.visible.p999), FIGURE_MEASURED,
     SCOPE_EXCHANGED},
    {"visible_max", "s", REAL(summary.exchange.visible.max), FIGURE_MEASURED,
     SCOPE_EXCHANGED},
    {"polls", "", INT(summary.exchange.polls), FIGURE_MEASURED,
     SCOPE_EXCHANGED},
    {"lag_max", "", INT(summary.exchange.lag_max), FIGURE_MEASURED,
     SCOPE_EXCHANGED},
    {"missed", "", INT(summary.exchange.missed), FIGURE_MEASURED,
     SCOPE_EXCHANGED},
    {"control_put_median", "s", REAL(summary.exchange.control_put.median),
     FIGURE_MEASURED, SCOPE_CONTROLLED},
    {"control_put_p95", "s", REAL(summary.exchange.control_put.p95),
     FIGURE_MEASURED, SCOPE_CONTROLLED},
    {"control_put_p99", "s", REAL(summary.exchange.control_put.p99),
     FIGURE_MEASURED, SCOPE_CONTROLLED},
    {"control_put_p99.9", "s", REAL(summary.exchange.control_put.p999),
     FIGURE_MEASURED, SCOPE_CONTROLLED},
    {"control_put_max", "s", REAL(summary.exchange.control_put.max),
     FIGURE_MEASURED, SCOPE_CONTROLLED},
    {"control_get_median", "s", REAL(summary.exchange.control_get.median),
     FIGURE_MEASURED, SCOPE_CONTROLLED},
    {"control_get_p95", "s", REAL(summary.exchange.control_get.p95),
     FIGURE_MEASURED, SCOPE_CONTROLLED},
    {"control_get_p99", "s", REAL(summary.exchange.control_get.p99),
     FIGURE_MEASURED, SCOPE_CONTROLLED},
    {"control_get_p99.9", "s", REAL(summary.exchange.control_get.p999),
     FIGURE_MEASURED, SCOPE_CONTROLLED},
    {"control_get_max", "s", REAL(summary.exchange.control_get.max),
     FIGURE_MEASURED, SCOPE_CONTROLLED},
    {"control_missed", "", INT(summary.exchange.control_missed),
     FIGURE_MEASURED, SCOPE_CONTROLLED},
#define LIST(name, member)                                                     \
    {name "_median", "s", REAL(summary.lists.member.median), FIGURE_MEASURED,  \
     SCOPE_AGGREGATED},                                                        \
        {name "_p95", "s", REAL(summary.lists.member.p95), FIGURE_MEASURED,    \
         SCOPE_AGGREGATED},                                                    \
        {name "_p99", "s", REAL(summary.lists.member.p99), FIGURE_MEASURED,    \
         SCOPE_AGGREGATED},                                                    \
        {name "_p99.9", "s", REAL(summary.lists.member.p999), FIGURE_MEASURED, \
         SCOPE_AGGREGATED},                                                    \
    {                                                                          \
        name "_max", "s", REAL(summary.lists.member.max), FIGURE_MEASURED,     \
            SCOPE_AGGREGATED                                                   \
    }
    LIST("poll_list", poll),
    LIST("get_list", get),
#undef LIST
    {"shard_memory_start", "B", INT(memory[0]), FIGURE_MEASURED, SCOPE_KEPT},
    {"shard_memory_end", "B", INT(memory[1]), FIGURE_MEASURED, SCOPE_KEPT},
    {"client_cpu_share", "1", REAL(summary.cpu_share), FIGURE_MEASURED, 0},
    {"client_fault_share", "1", REAL(summary.fault_share), FIGURE_MEASURED, 0},
    {"server_busy", "1", REAL(evidence.server_busy), FIGURE_MEASURED, 0},
    {"server_cpu_share", "1", REAL(evidence.server_cpu_share), FIGURE_MEASURED,
     0},
    {"server_fault_share", "1", REAL(evidence.server_fault_share),
     FIGURE_MEASURED, 0},
    {"network_share", "1", REAL(evidence.network_share), FIGURE_MEASURED, 0},
    {"limit", "", WORD(limit), FIGURE_MEASURED, 0},
    {"repetitions_done", "", INT(repeated.n), FIGURE_REPEATED, 0},
    {"put_tensor_repeated", "s", REAL(repeated.of[HEADLINE_PUT].centre),
     FIGURE_REPEATED, 0},
    {"put_tensor_repeated_low", "s", REAL(repeated.of[HEADLINE_PUT].low),
     FIGURE_REPEATED, 0},
    {"put_tensor_repeated_high", "s", REAL(repeated.of[HEADLINE_PUT].high),
     FIGURE_REPEATED, 0},
    {"unpack_tensor_repeated", "s", REAL(repeated.of[HEADLINE_UNPACK].centre),
     FIGURE_REPEATED, 0},
    {"unpack_tensor_repeated_low", "s", REAL(repeated.of[HEADLINE_UNPACK].low),
     FIGURE_REPEATED, 0},
    {"unpack_tensor_repeated_high", "s",
     REAL(repeated.of[HEADLINE_UNPACK].high), FIGURE_REPEATED, 0},
    {"window_repeated", "B/s", REAL(repeated.of[HEADLINE_WINDOW].centre),
     FIGURE_REPEATED, 0},
    {"window_repeated_low", "B/s", REAL(repeated.of[HEADLINE_WINDOW].low),
     FIGURE_REPEATED, 0},
    {"window_repeated_high", "B/s", REAL(repeated.of[HEADLINE_WINDOW].high),
     FIGURE_REPEATED, 0},
#define OF(partner, figure, HEADLINE, PARTNER, scope)                          \
    {figure "_of_" partner, "1", REAL(of.share[PARTNER][HEADLINE].centre),     \
     FIGURE_OF_PARTNER, scope},                                                \
        {figure "_of_" partner "_low", "1",                                    \
         REAL(of.share[PARTNER][HEADLINE].low), FIGURE_OF_PARTNER, scope},     \
    {                                                                          \
        figure "_of_" partner "_high", "1",                                    \
            REAL(of.share[PARTNER][HEADLINE].high), FIGURE_OF_PARTNER, scope   \
    }
#define ALL_OF(partner, PARTNER, scope)                                        \
    OF(partner, "put_tensor", HEADLINE_PUT, PARTNER, scope),                   \
        OF(partner, "unpack_tensor", HEADLINE_UNPACK, PARTNER, scope),         \
        OF(partner, "window", HEADLINE_WINDOW, PARTNER, scope)
    ALL_OF("floor", PARTNER_FLOOR, 0),
    ALL_OF("mpi", PARTNER_MPI, SCOPE_OF_MPI),
    ALL_OF("shm", PARTNER_SHM, SCOPE_OF_SHM),
#undef ALL_OF
#undef OF
    {"verify_errors", "", INT(summary.verify_errors), FIGURE_VERIFIED, 0},
    {"breaches", "", INT(breaches), FIGURE_BREACHES, 0},
};

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

void record_recall(struct outcome *o, const struct fields *row)
{
    const struct field *proven = fields_find(row, "tune_proven");

    o->unproven = proven && proven->integer == 0;
    for (int i = 0; i < ROWS; i++) {
        const struct field *f = fields_find(row, table[i].column);
        char *at = (char *)o + table[i].at;

        if (table[i].kind == FIGURE_BREACHES) /* it is judged again */
            continue;
        if (table[i].type == FIELD_REAL && f)
            memcpy(at, &f->real, sizeof f->real);
        else if (table[i].type == FIELD_TEXT)
            snprintf(o->limit, sizeof o->limit, "%s", f ? f->text : "");
        else if (table[i].type == FIELD_INT)
            memcpy(at, f ? &f->integer : &(int64_t){FIELD_NO_INT},
                   sizeof f->integer);
    }
}
