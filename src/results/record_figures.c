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
} table[] = {
    {"ops", "", INT(summary.ops), FIGURE_WORK},
    {"bytes", "B", INT(summary.bytes), FIGURE_WORK},
    {"put_tensor_median", "s", REAL(summary.put.median), FIGURE_MEASURED},
    {"put_tensor_p95", "s", REAL(summary.put.p95), FIGURE_MEASURED},
    {"put_tensor_p99", "s", REAL(summary.put.p99), FIGURE_MEASURED},
    {"put_tensor_p99.9", "s", REAL(summary.put.p999), FIGURE_MEASURED},
    {"put_tensor_max", "s", REAL(summary.put.max), FIGURE_MEASURED},
    {"put_tensor_median_low", "s", REAL(summary.put.low), FIGURE_BOUND},
    {"put_tensor_median_high", "s", REAL(summary.put.high), FIGURE_BOUND},
    {"unpack_tensor_median", "s", REAL(summary.unpack.median), FIGURE_MEASURED},
    {"unpack_tensor_p95", "s", REAL(summary.unpack.p95), FIGURE_MEASURED},
    {"unpack_tensor_p99", "s", REAL(summary.unpack.p99), FIGURE_MEASURED},
    {"unpack_tensor_p99.9", "s", REAL(summary.unpack.p999), FIGURE_MEASURED},
    {"unpack_tensor_max", "s", REAL(summary.unpack.max), FIGURE_MEASURED},
    {"unpack_tensor_median_low", "s", REAL(summary.unpack.low), FIGURE_BOUND},
    {"unpack_tensor_median_high", "s", REAL(summary.unpack.high), FIGURE_BOUND},
    {"window", "B/s", REAL(summary.window), FIGURE_MEASURED},
    {"steady", "B/s", REAL(summary.steady), FIGURE_MEASURED},
    {"put_window", "B/s", REAL(summary.put_window), FIGURE_MEASURED},
    {"get_window", "B/s", REAL(summary.get_window), FIGURE_MEASURED},
    {"put_service_rate", "B/s", REAL(summary.put_service_rate),
     FIGURE_MEASURED},
    {"get_service_rate", "B/s", REAL(summary.get_service_rate),
     FIGURE_MEASURED},
    {"sum_of_rank_rates", "B/s", REAL(summary.sum_of_rank_rates),
     FIGURE_MEASURED},
    {"window_ops", "1/s", REAL(summary.window_ops), FIGURE_MEASURED},
    {"steady_ops", "1/s", REAL(summary.steady_ops), FIGURE_MEASURED},
    {"sum_of_rank_ops", "1/s", REAL(summary.sum_of_rank_ops), FIGURE_MEASURED},
    {"client_cpu_share", "1", REAL(summary.cpu_share), FIGURE_MEASURED},
    {"client_fault_share", "1", REAL(summary.fault_share), FIGURE_MEASURED},
    {"server_busy", "1", REAL(evidence.server_busy), FIGURE_MEASURED},
    {"server_cpu_share", "1", REAL(evidence.server_cpu_share), FIGURE_MEASURED},
    {"server_fault_share", "1", REAL(evidence.server_fault_share),
     FIGURE_MEASURED},
    {"network_share", "1", REAL(evidence.network_share), FIGURE_MEASURED},
    {"limit", "", WORD(limit), FIGURE_MEASURED},
    {"repetitions_done", "", INT(repeated.n), FIGURE_REPEATED},
    {"put_tensor_repeated", "s", REAL(repeated.of[HEADLINE_PUT].centre),
     FIGURE_REPEATED},
    {"put_tensor_repeated_low", "s", REAL(repeated.of[HEADLINE_PUT].low),
     FIGURE_REPEATED},
    {"put_tensor_repeated_high", "s", REAL(repeated.of[HEADLINE_PUT].high),
     FIGURE_REPEATED},
    {"unpack_tensor_repeated", "s", REAL(repeated.of[HEADLINE_UNPACK].centre),
     FIGURE_REPEATED},
    {"unpack_tensor_repeated_low", "s", REAL(repeated.of[HEADLINE_UNPACK].low),
     FIGURE_REPEATED},
    {"unpack_tensor_repeated_high", "s",
     REAL(repeated.of[HEADLINE_UNPACK].high), FIGURE_REPEATED},
    {"window_repeated", "B/s", REAL(repeated.of[HEADLINE_WINDOW].centre),
     FIGURE_REPEATED},
    {"window_repeated_low", "B/s", REAL(repeated.of[HEADLINE_WINDOW].low),
     FIGURE_REPEATED},
    {"window_repeated_high", "B/s", REAL(repeated.of[HEADLINE_WINDOW].high),
     FIGURE_REPEATED},
    {"put_tensor_of_floor", "1", REAL(of_floor.share[HEADLINE_PUT].centre),
     FIGURE_OF_FLOOR},
    {"put_tensor_of_floor_low", "1", REAL(of_floor.share[HEADLINE_PUT].low),
     FIGURE_OF_FLOOR},
    {"put_tensor_of_floor_high", "1", REAL(of_floor.share[HEADLINE_PUT].high),
     FIGURE_OF_FLOOR},
    {"unpack_tensor_of_floor", "1",
     REAL(of_floor.share[HEADLINE_UNPACK].centre), FIGURE_OF_FLOOR},
    {"unpack_tensor_of_floor_low", "1",
     REAL(of_floor.share[HEADLINE_UNPACK].low), FIGURE_OF_FLOOR},
    {"unpack_tensor_of_floor_high", "1",
     REAL(of_floor.share[HEADLINE_UNPACK].high), FIGURE_OF_FLOOR},
    {"window_of_floor", "1", REAL(of_floor.share[HEADLINE_WINDOW].centre),
     FIGURE_OF_FLOOR},
    {"window_of_floor_low", "1", REAL(of_floor.share[HEADLINE_WINDOW].low),
     FIGURE_OF_FLOOR},
    {"window_of_floor_high", "1", REAL(of_floor.share[HEADLINE_WINDOW].high),
     FIGURE_OF_FLOOR},
    {"verify_errors", "", INT(summary.verify_errors), FIGURE_VERIFIED},
    {"breaches", "", INT(breaches), FIGURE_BREACHES},
};

enum { ROWS = sizeof table / sizeof table[0] };

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
    case FIGURE_OF_FLOOR:
        return "of_floor";
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
        if (table[i].kind & kinds)
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

int record_better(const char *figure)
{
    const struct figure *x = find(figure);

    if (!x)
        return 0;
    return strcmp(x->unit, "s") == 0                                    ? -1
           : strcmp(x->unit, "B/s") == 0 || strcmp(x->unit, "1/s") == 0 ? 1
                                                                        : 0;
}

double record_figure(const struct outcome *o, const char *figure)
{
    const struct figure *x = find(figure);
    double value = NAN;

    if (x)
        memcpy(&value, (const char *)o + x->at, sizeof value);
    return value;
}

void record_no_figures(struct outcome *o)
{
    const double none = NAN;

    for (int i = 0; i < ROWS; i++)
        if (table[i].type == FIELD_REAL)
            memcpy((char *)o + table[i].at, &none, sizeof none);
    o->limit[0] = '\0';
    o->summary.ops = o->summary.bytes = o->breaches = FIELD_NO_INT;
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
