#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/diag.h"
#include "base/units.h"
#include "results/report.h"

#define TEXT 24
/* The first rows of a large sweep, since the file has all. */
#define TABLE_ROWS 60
#define TABLE_COLUMNS 100

struct row {
    size_t index;
    char cells[5][TEXT]; /* status, put, unpack, put p95, bandwidth */
    char of_floor[TEXT];
    char name[SRB_SESSION_MAX];
};
static struct row table[TABLE_ROWS];
static size_t table_rows;
static bool table_has_floor;

void report_row(const struct sweep *s, const struct permutation *p,
                const struct outcome *o)
{
    const struct summary *x = &o->summary;
    struct row *row = &table[table_rows];

    if (++table_rows > TABLE_ROWS)
        return;
    row->index = p->index;
    row->of_floor[0] = '\0';
    sweep_variant(s, p, row->name, sizeof row->name);
    snprintf(row->cells[0], TEXT, "%s", record_status(o->status));
    units_print_seconds(x->put.median, row->cells[1], TEXT);
    units_print_seconds(x->unpack.median, row->cells[2], TEXT);
    units_print_seconds(x->put.p95, row->cells[3], TEXT);
    units_print_rate(isnan(x->window) ? x->sum_of_rank_rates : x->window,
                     row->cells[4], TEXT);
}

void report_row_of_floor(size_t index, const struct of_floor *x)
{
    for (size_t i = 0; i < table_rows && i < TABLE_ROWS; i++)
        if (table[i].index == index) {
            snprintf(table[i].of_floor, TEXT, "%.0f %%",
                     100 * x->share[HEADLINE_WINDOW]);
            table_has_floor = true;
        }
}

/* What does not fit is cut, and ends in two points. */
static void print_row(const char *index, const char cells[5][TEXT],
                      const char *of_floor, const char *name)
{
    char line[512];
    int used, room;
    bool cut;

    used = snprintf(line, sizeof line, "%5s  %-9s  %9s  %9s  %9s  %10s  ",
                    index, cells[0], cells[1], cells[2], cells[3], cells[4]);
    if (table_has_floor)
        used += snprintf(line + used, sizeof line - (size_t)used, "%8s  ",
                         of_floor);
    room = TABLE_COLUMNS - used;
    cut = (int)strlen(name) > room;
    fprintf(stderr, "%s%.*s%s\n", line, cut ? room - 2 : room, name,
            cut ? ".." : "");
}

static void print_table(void)
{
    static const char head[5][TEXT] = {"status", "put", "unpack", "put p95",
                                       "bandwidth"};

    fputc('\n', stderr);
    print_row("perm", head, "of floor", "what varies");
    for (size_t i = 0; i < table_rows && i < TABLE_ROWS; i++) {
        char index[24];

        snprintf(index, sizeof index, "%zu", table[i].index);
        print_row(index, (const char(*)[TEXT])table[i].cells, table[i].of_floor,
                  table[i].name);
    }
    if (table_rows > TABLE_ROWS)
        fprintf(stderr, "  ... and %zu more in the file\n",
                table_rows - TABLE_ROWS);
}

void report_table(const struct tally *t)
{
    diag_live(NULL);
    if (table_rows > 0 && diag_level() != DIAG_QUIET)
        print_table();
    table_rows = 0;
    if (t->breaches > 0)
        diag_say("expect: %" PRId64 " limit%s breached", t->breaches,
                 t->breaches == 1 ? "" : "s");
    else if (t->judged)
        diag_note("expect: no limit was breached");
}
