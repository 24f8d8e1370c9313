#include "results/screen.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "base/terminal.h"
#include "base/text.h"
#include "base/tick.h"
#include "base/units.h"
#include "results/report.h"

/* A study of so many permutations has a line for each, a larger one now and
 * then. */
#define SCREENFUL 40
#define PACE_SECONDS 2
#define TEXT 48
#define LINE 512
/* From so many columns on there is room for a longer bar. */
#define WIDE 110
/* Between what the line in place is cut into. */
#define CUT "\t"
#define MOST_FIELDS 48

static struct {
    const struct rows *rows;
    bool any;                 /* a line was printed, */
    int64_t last;             /* at that tick */
    char variant[LINE];       /* of the running permutation */
    char figures[4 * TEXT];   /* of the last completed one */
    char recent[3][4 * TEXT]; /* its bandwidth, put and get, not in columns */
    char left[TEXT];          /* time, "" where it is not known */
    char flags[SRB_FLAGS_MAX * 2]; /* raised so far, each with a comma */
    char skipped[SRB_ERROR_MAX];   /* why the last skipped one was */
} screen;

char *screen_left(double seconds, char *buf, size_t n)
{
    int64_t s = isnan(seconds) ? 0 : (int64_t)(seconds + 0.5);

    if (isnan(seconds))
        buf[0] = '\0';
    else if (seconds < 0.95) /* who reads it has no need of more */
        snprintf(buf, n, "< 1 s left");
    else if (seconds < 2.95)
        snprintf(buf, n, "%.1f s left", seconds);
    else if (s < 100)
        snprintf(buf, n, "%" PRId64 " s left", s);
    else if (s < 100 * 60)
        snprintf(buf, n, "%" PRId64 " min left", (s + 30) / 60);
    else
        snprintf(buf, n, "%" PRId64 " h %02" PRId64 " min left", s / 3600,
                 s % 3600 / 60);
    return buf;
}

/* ---- parts of a line ---- */

static int digits(size_t n)
{
    int d = 1;

    while (n >= 10) {
        n /= 10;
        d++;
    }
    return d;
}

/* "[ 3/22]": how far the sweep is. */
static char *place_text(const struct outcome *o, char *buf, size_t n)
{
    size_t count = screen.rows->sweep->count;

    if (screen.rows->sweep->made) /* nobody knows how many there will be */
        snprintf(buf, n, "[%zu]", o->position + 1);
    else
        snprintf(buf, n, "[%*zu/%zu]", digits(count), o->position + 1, count);
    return buf;
}

static void add_cell(const struct row_axis *a, int level, const char *gap,
                     char *buf, size_t n)
{
    const char *word = level < 0 ? "-" : a->word[level];
    bool number = option_table[a->id].type == OPTION_COUNT ||
                  option_table[a->id].type == OPTION_BYTES;
    int width = a->width;

    if (rows_is_named(a->id))
        text_join(buf, n, gap, "%s %*s", option_table[a->id].name,
                  number ? width : -width, word);
    else
        text_join(buf, n, gap, "%*s", number ? width : -width, word);
}

/* Of a search: what is tried, and the load. */
static void tried_text(const struct permutation *p, const char *gap, char *buf,
                       size_t n)
{
    const struct sweep_tried *t = p->tried;
    char load[LINE];

    snprintf(buf, n, "round %d%s%s%s%s%spair %d%s%s%s%s", t->round, gap,
             t->step, gap, t->candidate[0] ? t->candidate : "winner", gap,
             t->pair + 1, gap, t->base ? "base" : "with", gap,
             rows_variant(screen.rows->sweep, p, load, sizeof load));
}

/* What varies, in columns with such gaps; of a study in which nothing does the
 * size. */
static void variant_text(const struct permutation *p, const char *gap,
                         char *buf, size_t n)
{
    const struct rows *r = screen.rows;
    const struct row *row;
    int64_t repetitions =
        options_one(r->sweep->options, OPT_REPETITIONS)->count;

    buf[0] = '\0';
    if (p->tried) {
        tried_text(p, gap, buf, n);
        return;
    }
    row = &r->list[r->place[sweep_group(r->sweep, p->index)]];
    for (int k = 0; k < r->naxes; k++)
        add_cell(&r->axes[k], row->level[k], gap, buf, n);
    if (repetitions > 1)
        text_join(buf, n, gap, "rep %*d", digits((size_t)repetitions),
                  p->repetition + 1);
    if (buf[0] == '\0')
        units_print_bytes(p->value[OPT_TENSOR_BYTES]->count, buf, n);
}

/* What steps are about; false where there are none. */
static bool step_text(const struct step_figures *x, char *buf, size_t n)
{
    char time[TEXT], low[12], high[12];

    units_print_steps(x->sustained_low, low, sizeof low);
    units_print_steps(x->sustained_high, high, sizeof high);
    if (x->sustained_low > 0 && x->sustained_high > 0)
        snprintf(buf, n, "sustains %s to %s/s", low, high);
    else if (x->sustained_low > 0)
        snprintf(buf, n, "sustains %s/s at least", low);
    else if (x->sustained_high > 0)
        snprintf(buf, n, "sustains less than %s/s", high);
    else if (!isnan(x->response.median))
        snprintf(buf, n, "response %s",
                 units_print_seconds(x->response.median, time, sizeof time));
    else if (!isnan(x->overhead))
        snprintf(buf, n, "overhead %.1f %%", 100 * x->overhead);
    else
        return false;
    return true;
}

/* What runs of a model are about; false where there are none. */
static bool run_text(const struct inference_figures *x, char *buf, size_t n)
{
    char model[TEXT];

    if (isnan(x->model.median))
        return false;
    snprintf(buf, n, "model %7s",
             units_print_seconds(x->model.median, model, sizeof model));
    if (!isnan(x->rate))
        text_add(buf, n, x->rate < 1e3 ? "   %.3g/s" : "   %.0f/s", x->rate);
    return true;
}

/* The bandwidth to show: of the window where there is one clock. */
static const char *bandwidth(const struct summary *x, char *buf, size_t n)
{
    char rate[TEXT];

    if (step_text(&x->steps, buf, n) || run_text(&x->inference, buf, n))
        return buf;
    if (!isnan(x->window))
        snprintf(buf, n, "%9s", units_print_rate(x->window, rate, sizeof rate));
    else
        snprintf(buf, n, "%9s (sum of ranks)",
                 units_print_rate(x->sum_of_rank_rates, rate, sizeof rate));
    return buf;
}

/* Where clients read what others wrote, how old that is in place of it. */
static void age_text(const struct exchange_figures *x, char *buf, size_t n)
{
    char time[16];

    if (!(x->delivery.median > 0))
        return;
    units_print_seconds(x->delivery.median, time, sizeof time);
    if (x->missed > 0)
        snprintf(buf, n, "delivery %s, missed %.4g", time, (double)x->missed);
    else
        snprintf(buf, n, "delivery %s", time);
}

static void take_figures(const struct outcome *o)
{
    char put[TEXT], get[TEXT], rate[TEXT];

    if (o->status != STATUS_COMPLETED)
        return;
    units_print_seconds(o->summary.put.median, put, sizeof put);
    units_print_seconds(o->summary.unpack.median, get, sizeof get);
    bandwidth(&o->summary, rate, sizeof rate);
    age_text(&o->summary.exchange, rate, sizeof rate);
    snprintf(screen.figures, sizeof screen.figures, "put %7s   get %7s   %s",
             put, get, rate);
    snprintf(screen.recent[0], sizeof screen.recent[0], "last %s",
             rate + strspn(rate, " "));
    snprintf(screen.recent[1], sizeof screen.recent[1], "put %s", put);
    snprintf(screen.recent[2], sizeof screen.recent[2], "get %s", get);
}

/* ---- the line in place ---- */

static void bar_text(size_t done, char *buf, size_t n)
{
    static const char full[] = "####################";
    static const char empty[] = "--------------------";
    const struct sweep *sweep = screen.rows->sweep;
    size_t count = sweep->made ? sweep->room : sweep->count;
    int width = terminal_columns() < WIDE ? 8 : 20;
    int bar = count ? (int)((size_t)width * done / count) : 0;

    snprintf(buf, n, DIAG_GREEN "%.*s" DIAG_PLAIN "%.*s", bar, full,
             width - bar, empty);
}

/* What went by is told elsewhere too, where the study is and what runs now is
 * not. */
static void show_live(const struct outcome *o, size_t done)
{
    enum { GET, PUT, RATE, BAR, VARIANT, LEFT, AT };
    struct text_field field[MOST_FIELDS];
    char at[TEXT], bar[2 * TEXT], variant[LINE], line[3 * LINE], *rest;
    int n = 0;

    bar_text(done, bar, sizeof bar);
    snprintf(variant, sizeof variant, "%s", screen.variant);
    field[n++] = (struct text_field){"", place_text(o, at, sizeof at), AT};
    field[n++] = (struct text_field){" ", bar, BAR};
    field[n++] = (struct text_field){"  ", screen.left, LEFT};
    for (char *cell = strtok_r(variant, CUT, &rest);
         cell && n < MOST_FIELDS - 3; cell = strtok_r(NULL, CUT, &rest))
        field[n++] = (struct text_field){"  ", cell, VARIANT};
    for (int k = 0; k < 3; k++)
        field[n++] = (struct text_field){"  ", screen.recent[k], RATE - k};
    /* some terminals break a line that fills the last column */
    diag_live(text_fit(field, n, terminal_columns() - 1, line, sizeof line));
}

static bool is_live(void)
{
    return diag_level() != DIAG_QUIET && terminal_there();
}

/* ---- lines that stay ---- */

/* Whether it is time for the line of a permutation that is like others. */
static bool is_due(const struct outcome *o)
{
    bool search = screen.rows->sweep->made != NULL;
    size_t count = screen.rows->sweep->count;

    if (diag_level() != DIAG_NORMAL)
        return diag_level() == DIAG_VERBOSE;
    return !is_live() &&
           ((count <= SCREENFUL && !search) || !screen.any ||
            (o->position + 1 == count && !search) ||
            tick_seconds(tick_now() - screen.last) >= PACE_SECONDS);
}

/* The flags among these that were not raised before, "a,b"; now they all are.
 */
static void new_flags(const char *flags, char *buf, size_t n)
{
    char copy[SRB_FLAGS_MAX], *rest;

    buf[0] = '\0';
    snprintf(copy, sizeof copy, "%s", flags);
    for (char *f = strtok_r(copy, ",", &rest); f;
         f = strtok_r(NULL, ",", &rest))
        if (!strstr(screen.flags, f)) {
            text_add(screen.flags, sizeof screen.flags, "%s,", f);
            text_join(buf, n, ",", "%s", f);
        }
}

/* Whether two texts say the same, whatever the numbers in them. */
static bool same_but_for_figures(const char *a, const char *b)
{
    static const char figures[] = "0123456789.";

    for (;; a++, b++) {
        a += strspn(a, figures);
        b += strspn(b, figures);
        if (*a != *b || *a == '\0')
            return *a == *b;
    }
}

/* Whether a permutation is to be seen whatever the pace. Many do not run for
 * one reason: it is said once. */
static bool is_notable(const struct outcome *o, const char *raised)
{
    bool again;

    switch (o->status) {
    case STATUS_COMPLETED:
        return (raised[0] && diag_level() != DIAG_QUIET) || o->wrong[0] ||
               o->breaches > 0;
    case STATUS_SKIPPED:
    case STATUS_SPARED:
        again = same_but_for_figures(screen.skipped, o->error);
        snprintf(screen.skipped, sizeof screen.skipped, "%s", o->error);
        return !again;
    default:
        return o->status == STATUS_FAILED;
    }
}

/* At the end of a permutation's line. */
static void show_completed(const char *head, const struct outcome *o,
                           const char *raised)
{
    const char *gap = screen.left[0] ? "   " : "";

    if (raised[0])
        diag_say("%s   %s%s%s   %s[%s]%s", head, screen.figures, gap,
                 screen.left, diag_colour(DIAG_YELLOW), raised,
                 diag_colour(DIAG_PLAIN));
    else
        diag_say("%s   %s%s%s", head, screen.figures, gap, screen.left);
    if (o->wrong[0])
        diag_say("%s   %" PRId64 " tensor%s came back wrong: %s", head,
                 o->summary.verify_errors,
                 text_plural(o->summary.verify_errors), o->wrong);
    if (o->breaches > 0)
        diag_say("%s   %sBREACHED%s: %s", head, diag_colour(DIAG_RED),
                 diag_colour(DIAG_PLAIN), o->breached);
}

static void show_end(const struct permutation *p, const struct outcome *o,
                     const char *raised)
{
    char head[LINE + TEXT], at[TEXT], variant[LINE];

    variant_text(p, "  ", variant, sizeof variant);
    snprintf(head, sizeof head, "%s %s", place_text(o, at, sizeof at), variant);
    if (o->status == STATUS_COMPLETED)
        show_completed(head, o, diag_level() == DIAG_QUIET ? "" : raised);
    else
        diag_say("%s   %s%s%s: %s", head,
                 o->status == STATUS_FAILED ? diag_colour(DIAG_RED) : "",
                 record_status(o->status),
                 o->status == STATUS_FAILED ? diag_colour(DIAG_PLAIN) : "",
                 o->error);
    screen.any = true;
    screen.last = tick_now();
}

/* ---- what the run calls ---- */

void screen_open(const struct rows *rows, const struct machine *m,
                 const char *servers)
{
    const struct sweep *s = rows->sweep;

    screen.rows = rows;
    if (diag_level() != DIAG_QUIET)
        terminal_open();
    if (s->made) {
        diag_note("a search over %zu load%s, %s, on %d node%s, %d rank%s",
                  s->loads, text_plural((int64_t)s->loads), servers, m->nnodes,
                  text_plural(m->nnodes), m->nranks, text_plural(m->nranks));
        return;
    }
    diag_note("%zu permutation%s in %zu database set-up%s, %s, on %d node%s, "
              "%d rank%s",
              s->count, text_plural((int64_t)s->count), s->setups,
              text_plural((int64_t)s->setups), servers, m->nnodes,
              text_plural(m->nnodes), m->nranks, text_plural(m->nranks));
}

void screen_start(const struct permutation *p, const struct placement *pl,
                  const struct outcome *o)
{
    char at[TEXT], name[SRB_SESSION_MAX], size[TEXT], where[256];

    variant_text(p, CUT, screen.variant, sizeof screen.variant);
    if (diag_level() == DIAG_VERBOSE) {
        place_session(pl, screen.rows->sweep, p, name);
        diag_detail("%s %s: %d client%s, %d shard%s, tensors of %s",
                    place_text(o, at, sizeof at), name, pl->nclients,
                    text_plural(pl->nclients), pl->nshards,
                    text_plural(pl->nshards),
                    units_print_bytes(p->value[OPT_TENSOR_BYTES]->count, size,
                                      sizeof size));
        diag_detail("  placement: %s", report_where(pl, where, sizeof where));
    }
    if (is_live())
        show_live(o, o->position);
}

void screen_end(const struct permutation *p, const struct outcome *o,
                double seconds_left)
{
    char flags[SRB_FLAGS_MAX], raised[SRB_FLAGS_MAX];

    new_flags(record_flags(o, flags, sizeof flags), raised, sizeof raised);
    take_figures(o);
    screen_left(seconds_left, screen.left, sizeof screen.left);
    if (is_notable(o, raised) || diag_level() == DIAG_VERBOSE ||
        (is_due(o) && o->status == STATUS_COMPLETED))
        show_end(p, o, raised);
    if (is_live())
        show_live(o, o->position + 1);
}

void screen_close(void)
{
    diag_live(NULL);
    terminal_close();
    screen.rows = NULL;
}

void screen_oversubscribed(const char *host, int others, int processes,
                           int cpus)
{
    char more[48] = "", ignored[SRB_FLAGS_MAX];

    if (others > 0)
        snprintf(more, sizeof more, " (and on %d more host%s)", others,
                 text_plural(others));
    diag_note("OVERSUBSCRIBED: up to %d clients and server threads share %d "
              "CPU%s on %s%s; they wait for each other, and the figures say so "
              "of them, not of the database",
              processes, cpus, text_plural(cpus), host, more);
    /* it is said, and need not be news of a permutation */
    new_flags("oversubscribed", ignored, sizeof ignored);
}

void screen_late_breaches(size_t index, const struct judgement *j)
{
    if (j->breaches > 0)
        diag_say("permutation %04zu %sBREACHED%s: %s", index,
                 diag_colour(DIAG_RED), diag_colour(DIAG_PLAIN), j->words);
}
