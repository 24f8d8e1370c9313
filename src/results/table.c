#include "results/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/units.h"
#include "results/effect.h"

/* In the order of record_flags(), and what the end of the study tells. */
static const struct flag {
    const char *name;
    char letter;
    const char *words;
} flags[] = {
    {"between_time", 'b',
     "more than 1 % of a loop was spent outside the timed operations"},
    {"verify", 'v', "tensors came back wrong; these times count for nothing"},
    {"ops_mismatch", 'm',
     "a server counted other operations than its clients: somebody else uses "
     "it"},
    {"oversubscribed", 'o',
     "more clients and server threads than CPUs: they wait for each other"},
    {"client_bound", 'c',
     "clients worked themselves for more than half of the loop: their cost"},
    {"too_short", 's',
     "a loop was shorter than 100 times the start skew: more iterations"},
    {"clock_bound", 't',
     "a median is below ten times what reading the clock costs: at most that"},
    {"env_ignored", 'e',
     "an allocator did not take what db_env says: see db_config in the file"},
    {"clock_error", 'k', "clocks may be apart by more than 1 % of a loop"},
    {SRB_FLOOR_BEATEN, 'f',
     "it was faster than floor, which is no limit there: repeat it, quietly"},
    {"behind", 'h', "less was achieved than the rate offers"},
    {"pacing", 'p',
     "clients began steps late by themselves: responses are theirs in part"},
    {"compute_disturbed", 'd',
     "while clients computed alone others had their CPUs: overhead is too low"},
    {"compute_unsteady", 'u',
     "computing alone did not take the same time throughout: overhead is "
     "unsure"},
};

enum { FLAGS = sizeof flags / sizeof flags[0] };

const char *table_flag_words(const char *flag)
{
    for (int i = 0; i < FLAGS; i++)
        if (strcmp(flags[i].name, flag) == 0)
            return flags[i].words;
    return "";
}

/* ---- cells ---- */

#define CELL 64
/* Behind the axes. */
enum column {
    PUT,
    PUT_RANGE,
    SCRIPT,
    MODEL,
    GET,
    GET_RANGE,
    RATE,
    RATE_RANGE,
    DELIVERY,
    DELIVERY_P99,
    LIST,
    MISSED,
    CONTROL,
    INFERENCES,
    OVERHEAD,
    RESPONSE,
    RESPONSE_P99,
    SUSTAINED,
    SHARE,
    LIMIT,
    NOTE,
    COLUMNS
};

/* A range goes with the value before it. */
static const struct {
    const char *head;
    bool range, left;
    const char *legend; /* NULL: none is needed */
} columns_of[COLUMNS] = {
    [PUT] = {.head = "put"},
    [PUT_RANGE] = {.head = "", .range = true, .left = true},
    [SCRIPT] = {.head = "script"},
    [MODEL] = {.head = "model",
               .legend = "model: run_model, the median; inferences a second of "
                         "all clients"},
    [GET] = {.head = "get"},
    [GET_RANGE] = {.head = "", .range = true, .left = true},
    [RATE] = {.head = "bandwidth"},
    [RATE_RANGE] = {.head = "", .range = true, .left = true},
    [DELIVERY] = {.head = "delivery",
                  .legend = "delivery: from the begin of a put to the end of "
                            "its get, the median; missed: steps that were "
                            "retired before they were read"},
    [DELIVERY_P99] = {.head = "its p99"},
    [LIST] = {.head = "get list",
              .legend = "get list: a step's list and all data sets that it "
                        "names, the median"},
    [MISSED] = {.head = "missed"},
    [CONTROL] = {.head = "control",
                 .legend = "control: the get of the tensor after those of a "
                           "step, the median"},
    [INFERENCES] = {.head = "inferences"},
    [OVERHEAD] = {.head = "overhead",
                  .legend = "overhead: how much longer a step takes than its "
                            "computing alone"},
    [RESPONSE] = {.head = "response",
                  .legend = "response: of a step, from when it was due to its "
                            "end, the median"},
    [RESPONSE_P99] = {.head = "its p99"},
    [SUSTAINED] = {.head = "sustained",
                   .legend = "sustained: steps a second of a client, between a "
                             "rate that held three times and one that did not "
                             "three times"},
    [SHARE] = {.head = "of floor"},
    [LIMIT] = {.head = "limit",
               .left = true,
               .legend = "limit: what held it back, where the evidence tells"},
    [NOTE] = {.head = "", .left = true},
};

struct line {
    bool marked;
    char cell[COLUMNS][CELL];
};

struct table {
    const struct rows *rows;
    enum verdict_rank *best;
    bool *told; /* [n] which rows are shown */
    bool within;
    bool shown[COLUMNS];
    int width[COLUMNS];
    int *axis_width;
};

typedef char *(*print_fn)(double, char *, size_t);

/* "(127 to 135)", of the value's unit where both have that. */
static void range_text(print_fn print, double value, double low, double high,
                       char buf[CELL])
{
    char texts[3][24], *own[3];

    buf[0] = '\0';
    if (isnan(low) || isnan(high))
        return;
    print(value, texts[0], sizeof texts[0]);
    print(low, texts[1], sizeof texts[1]);
    print(high, texts[2], sizeof texts[2]);
    for (int k = 0; k < 3; k++)
        own[k] = texts[k] + strcspn(texts[k], " ");
    if (strcmp(own[0], own[1]) == 0 && strcmp(own[0], own[2]) == 0)
        *own[1] = *own[2] = '\0';
    snprintf(buf, CELL, "(%s to %s)", texts[1], texts[2]);
}

static void time_cells(const struct table *t, const struct row *row,
                       enum headline which, const struct figures *x,
                       char value[CELL], char range[CELL])
{
    const struct across *a = &row->repeated.of[which];

    units_print_seconds(a->centre, value, CELL);
    if (row->ended[STATUS_COMPLETED] == 0)
        return; /* x is of nothing */
    range_text(units_print_seconds, a->centre, t->within ? x->low : a->low,
               t->within ? x->high : a->high, range);
}

/* Whether something came of it, and it was of steps. */
static bool has_steps(const struct row *row)
{
    return row->ended[STATUS_COMPLETED] > 0 &&
           !isnan(row->last.steps.step.median);
}

static void rate_cells(const struct table *t, const struct row *row,
                       char value[CELL], char range[CELL])
{
    struct row_rate x = rows_rate(row, t->within);
    double half = effect_student(x.df) * x.error;

    if (isnan(x.rate) && has_steps(row))
        return; /* of steps it is what was asked for */
    units_print_rate(x.rate, value, CELL);
    range_text(units_print_rate, x.rate, x.rate * exp(-half),
               x.rate * exp(half), range);
}

/* Flags by their letters; what did not complete. */
static void note_cell(const struct row *row, char buf[CELL])
{
    int all = 0;

    buf[0] = '\0';
    for (int i = 0; i < FLAGS; i++)
        if (strstr(row->flags, flags[i].name))
            text_add(buf, CELL, "%c", flags[i].letter);
    for (int k = 0; k <= STATUS_SPARED; k++)
        all += row->ended[k];
    for (int k = STATUS_FAILED; k <= STATUS_SKIPPED; k++)
        if (row->ended[k] == all && all > 0)
            text_join(buf, CELL, " ", "%s", record_status((enum status)k));
        else if (row->ended[k] > 0)
            text_join(buf, CELL, " ", "%d of %d %s", row->ended[k], all,
                      record_status((enum status)k));
}

/* "163/s (158 to 168)": what held, and what did not. */
static void sustained_cell(const struct step_row *x, char buf[CELL])
{
    char low[16], mid[16], high[16];

    units_print_steps(x->low, low, sizeof low);
    units_print_steps(x->high, high, sizeof high);
    if (isnan(x->sustained) && x->low > 0)
        snprintf(buf, CELL, "%s/s at least", low);
    else if (isnan(x->sustained) && x->low == 0)
        snprintf(buf, CELL, "below %s/s", high);
    else if (!isnan(x->sustained))
        snprintf(buf, CELL, "%s/s (%s to %s)",
                 units_print_steps(x->sustained, mid, sizeof mid), low, high);
}

static void seconds_cell(double seconds, char cell[CELL])
{
    if (!isnan(seconds))
        units_print_seconds(seconds, cell, CELL);
}

static void exchange_cells(const struct exchange_row *x, bool completed,
                           struct line *line)
{
    if (!completed || !(x->delivery > 0 || x->missed > 0))
        return;
    seconds_cell(x->delivery, line->cell[DELIVERY]);
    seconds_cell(x->p99, line->cell[DELIVERY_P99]);
    seconds_cell(x->list, line->cell[LIST]);
    snprintf(line->cell[MISSED], CELL, "%.4g", x->missed);
    seconds_cell(x->control, line->cell[CONTROL]);
}

static void step_cells(const struct step_row *x, bool completed,
                       struct line *line)
{
    if (!completed)
        return;
    if (!isnan(x->overhead))
        snprintf(line->cell[OVERHEAD], CELL, "%.1f %%", 100 * x->overhead);
    seconds_cell(x->response, line->cell[RESPONSE]);
    seconds_cell(x->p99, line->cell[RESPONSE_P99]);
    sustained_cell(x, line->cell[SUSTAINED]);
}

static void run_cells(const struct run_row *x, bool completed,
                      struct line *line)
{
    if (!completed)
        return;
    seconds_cell(x->script, line->cell[SCRIPT]);
    seconds_cell(x->model, line->cell[MODEL]);
    if (!isnan(x->rate))
        snprintf(line->cell[INFERENCES], CELL,
                 x->rate < 1e3 ? "%.3g/s" : "%.0f/s", x->rate);
}

static void fill_line(const struct table *t, size_t i, struct line *line)
{
    const struct row *row = &t->rows->list[i];

    *line = (struct line){.marked = t->best[i] != RANK_NONE};
    time_cells(t, row, HEADLINE_PUT, &row->last.put, line->cell[PUT],
               line->cell[PUT_RANGE]);
    time_cells(t, row, HEADLINE_UNPACK, &row->last.unpack, line->cell[GET],
               line->cell[GET_RANGE]);
    rate_cells(t, row, line->cell[RATE], line->cell[RATE_RANGE]);
    exchange_cells(&row->exchange, row->ended[STATUS_COMPLETED] > 0, line);
    step_cells(&row->steps, row->ended[STATUS_COMPLETED] > 0, line);
    run_cells(&row->runs, row->ended[STATUS_COMPLETED] > 0, line);
    if (!isnan(row->share))
        snprintf(line->cell[SHARE], CELL, "%.0f %%", 100 * row->share);
    snprintf(line->cell[LIMIT], CELL, "%s", row->limit);
    note_cell(row, line->cell[NOTE]);
}

/* ---- layout ---- */

static const char *axis_head(enum option_id id)
{
    return id == OPT_TENSOR_BYTES ? "size"
           : id == OPT_EXPERIMENT ? "placement"
           : id == OPT_DB_EXE     ? "server"
                                  : option_table[id].name;
}

static const char *axis_cell(const struct rows *r, size_t i, int axis)
{
    int level = r->list[i].level[axis];

    return level < 0 ? "-" : r->axes[axis].word[level];
}

static int wider(int width, const char *text)
{
    int n = (int)strlen(text);

    return n > width ? n : width;
}

static void measure(struct table *t)
{
    const struct rows *r = t->rows;
    bool any[COLUMNS] = {[PUT] = true, [GET] = true}, steps = false;

    for (int k = 0; k < r->naxes; k++) {
        t->axis_width[k] = wider(r->axes[k].width, axis_head(r->axes[k].id));
    }
    for (size_t i = 0; i < r->n; i++) {
        struct line line;

        if (!t->told[i])
            continue;
        fill_line(t, i, &line);
        for (int c = 0; c < COLUMNS; c++) {
            t->width[c] = wider(t->width[c], line.cell[c]);
            any[c] = any[c] || line.cell[c][0];
        }
        steps = steps || has_steps(&r->list[i]);
    }
    any[RATE] = any[RATE] || !steps;
    for (int c = 0; c < COLUMNS; c++) {
        t->shown[c] = any[c];
        t->width[c] = wider(t->width[c], columns_of[c].head);
    }
}

/* What stands before a column. */
static int gap(int column)
{
    return columns_of[column].range ? 1 : 3;
}

static int total_width(const struct table *t)
{
    int n = 1;

    for (int k = 0; k < t->rows->naxes; k++)
        n += 1 + t->axis_width[k] + (k > 0);
    for (int c = 0; c < COLUMNS; c++)
        n += t->shown[c] ? gap(c) + t->width[c] : 0;
    return n;
}

/* Ranges go where there is no room for them. */
static void fit(struct table *t, int columns)
{
    if (total_width(t) > columns)
        t->shown[PUT_RANGE] = t->shown[GET_RANGE] = false;
    if (total_width(t) > columns)
        t->shown[RATE_RANGE] = false;
}

static bool is_word(enum option_id id)
{
    enum option_type t = option_table[id].type;

    return t == OPTION_CHOICE || t == OPTION_TEXT || t == OPTION_FLAG;
}

/* line: NULL for the head */
static void print_line(FILE *out, const struct table *t, size_t i,
                       const struct line *line)
{
    const struct rows *r = t->rows;
    char text[2048];
    size_t n = sizeof text;

    snprintf(text, n, "%c", line && line->marked ? '*' : ' ');
    for (int k = 0; k < r->naxes; k++)
        text_add(text, n, "%s%*s", k > 0 ? "  " : " ",
                 is_word(r->axes[k].id) ? -t->axis_width[k] : t->axis_width[k],
                 line ? axis_cell(r, i, k) : axis_head(r->axes[k].id));
    for (int c = 0; c < COLUMNS; c++)
        if (t->shown[c])
            text_add(text, n, "%*s%*s", gap(c), "",
                     columns_of[c].left ? -t->width[c] : t->width[c],
                     line ? line->cell[c] : columns_of[c].head);
    for (size_t end = strlen(text); end > 0 && text[end - 1] == ' ';)
        text[--end] = '\0';
    fprintf(out, "%s\n", text);
}

/* ---- which rows of very many are shown ---- */

/* In the order in which they have room. */
enum kind { ENDS, LOST, BEST, SHARED, OTHERS, KINDS };

/* The row of the largest bandwidth; n: none has one. */
static size_t highest(const struct table *t)
{
    size_t top = t->rows->n;
    double most = -1;

    for (size_t i = 0; i < t->rows->n; i++) {
        double rate = rows_rate(&t->rows->list[i], t->within).rate;

        if (rate > most) {
            most = rate;
            top = i;
        }
    }
    return top;
}

static enum kind kind_of(const struct table *t, size_t i, size_t top)
{
    return i == 0 || i == t->rows->n - 1 || i == top   ? ENDS
           : t->rows->list[i].ended[STATUS_FAILED] > 0 ? LOST
           : t->best[i] == RANK_BEST                   ? BEST
           : t->best[i] == RANK_SHARED                 ? SHARED
                                                       : OTHERS;
}

/* Choose, and note how many there are and are shown of each kind. */
static void choose(struct table *t, size_t there[KINDS], size_t shown[KINDS])
{
    size_t n = t->rows->n, room = n > TABLE_ROWS ? TABLE_ROWS : n;
    size_t top = highest(t), seen[KINDS] = {0};

    for (size_t i = 0; i < n; i++)
        there[kind_of(t, i, top)]++;
    for (int k = 0; k < KINDS; k++) {
        size_t most = k == LOST && n > TABLE_ROWS ? room / 2 : room;

        shown[k] = there[k] < most ? there[k] : most;
        room -= shown[k];
    }
    for (size_t i = 0; i < n; i++) {
        enum kind k = kind_of(t, i, top);
        size_t at = seen[k]++;

        t->told[i] = (at + 1) * shown[k] / there[k] > at * shown[k] / there[k];
    }
}

/* How many rows are not shown, and which are. */
static void print_left_out(FILE *out, const struct table *t,
                           const size_t there[KINDS], const size_t shown[KINDS],
                           int columns)
{
    static const char *const names[KINDS] = {
        [LOST] = "what failed",
        [BEST] = "the best of each size",
        [SHARED] = "what cannot be told from these",
        [OTHERS] = "and others"};
    const struct value *file = options_one(t->rows->sweep->options, OPT_OUTPUT);
    bool kept = file->is_auto || strcmp(file->text, "none") != 0;
    size_t left = t->rows->n;
    char line[512];

    for (int k = 0; k < KINDS; k++)
        left -= shown[k];
    if (left == 0)
        return;
    snprintf(line, sizeof line,
             "  ... and %zu more%s; these are the first, the last%s", left,
             kept ? " in the file" : "",
             highest(t) < t->rows->n ? ", the one of the largest bandwidth"
                                     : "");
    for (int k = LOST; k < KINDS; k++)
        if (shown[k] > 0)
            text_add(line, sizeof line, ", %s%s", names[k],
                     shown[k] < there[k] ? " (some, evenly chosen)" : "");
    if (kept)
        text_add(line, sizeof line, "; srbench-results FILE prints all");
    text_wrap(out, line, columns);
}

/* ---- the lines below ---- */

static void print_rows(FILE *out, const struct table *t)
{
    for (size_t i = 0; i < t->rows->n; i++) {
        struct line line;

        if (!t->told[i])
            continue;
        fill_line(t, i, &line);
        print_line(out, t, i, &line);
    }
}

static void print_flag(FILE *out, const struct table *t, const struct flag *f,
                       int columns)
{
    char line[512];
    size_t n = 0;

    for (size_t i = 0; i < t->rows->n; i++)
        n += strstr(t->rows->list[i].flags, f->name) != NULL;
    snprintf(line, sizeof line, "%c %s, %zu of %zu: %s", f->letter, f->name, n,
             t->rows->n, f->words);
    if (n > 0)
        text_wrap(out, line, columns);
}

/* Maps stand in the table by their numbers. */
static void print_maps(FILE *out, const struct rows *r, int columns)
{
    for (int k = 0; k < r->naxes; k++) {
        enum option_id id = r->axes[k].id;
        const struct setting *set = options_get(r->sweep->options, id);

        for (size_t i = 0;
             option_table[id].type == OPTION_MAPS && i < set->nvalues; i++) {
            char line[1024];

            snprintf(line, sizeof line, "%s %zu: %s", option_table[id].name,
                     i + 1, set->values[i].text);
            text_wrap(out, line, columns);
        }
    }
}

static void print_legend(FILE *out, const struct table *t, int columns)
{
    bool any = false;

    for (size_t i = 0; i < t->rows->n; i++)
        any = any || t->best[i] != RANK_NONE;
    if (any)
        fprintf(out, "* the best of its size, or not to be told from it\n");
    if (t->shown[RATE_RANGE] || t->shown[PUT_RANGE])
        fprintf(out, "( ) 95 %% interval %s\n",
                t->within ? "within this run" : "over repetitions");
    for (int c = 0; c < COLUMNS; c++)
        if (t->shown[c] && columns_of[c].legend)
            text_wrap(out, columns_of[c].legend, columns);
    print_maps(out, t->rows, columns);
    for (int k = 0; k < FLAGS; k++)
        print_flag(out, t, &flags[k], columns);
}

void table_print(FILE *out, const struct rows *r, int columns)
{
    struct table t = {.rows = r, .within = rows_within(r)};
    size_t there[KINDS] = {0}, shown[KINDS] = {0};

    t.best = mem_new(r->n, sizeof *t.best);
    t.told = mem_new(r->n, sizeof *t.told);
    t.axis_width = mem_new((size_t)r->naxes, sizeof *t.axis_width);
    rows_best(r, t.best);
    choose(&t, there, shown);
    measure(&t);
    fit(&t, columns);
    print_line(out, &t, 0, NULL);
    print_rows(out, &t);
    print_left_out(out, &t, there, shown, columns);
    print_legend(out, &t, columns);
    free(t.best);
    free(t.told);
    free(t.axis_width);
}
