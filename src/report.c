#include "srb/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "srb/diag.h"
#include "srb/units.h"

#define TEXT 48

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
static char *place_text(const struct sweep *s, const struct outcome *o,
                        char *buf, size_t n)
{
    snprintf(buf, n, "[%*zu/%zu]", digits(s->count), o->position + 1, s->count);
    return buf;
}

static const char *plural(int64_t n)
{
    return n == 1 ? "" : "s";
}

void report_choices(const struct sweep *s, const struct machine *m)
{
    bool chosen = options_one(s->options, OPT_NET_IFNAME)->is_auto;
    char notes[4096], *line, *rest;

    sweep_notes(s, notes, sizeof notes);
    for (line = strtok_r(notes, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest))
        diag_say("note: %s", line);
    /* colocated databases and those of a single host are on loopback */
    if (chosen && m->nhosts > 1 &&
        options_has_placement(s->options, IN_STANDARD))
        diag_say("note: databases listen on interface %s (--net_ifname names "
                 "another)",
                 m->nodes[m->nnodes - 1].interface);
}

void report_crowded(const char *host, int processes, int cpus)
{
    static int last_processes, last_cpus;

    if (processes == last_processes && cpus == last_cpus)
        return;
    last_processes = processes;
    last_cpus = cpus;
    diag_say("OVERSUBSCRIBED: %d clients and server threads share %d CPU%s on "
             "%s; they wait for each other, and the figures say so of them, "
             "not of the database",
             processes, cpus, plural(cpus), host);
}

void report_start(const struct sweep *s, const struct permutation *p,
                  const struct placement *pl, const struct outcome *o)
{
    char at[TEXT], name[SRB_SESSION_MAX], size[TEXT];

    place_session(pl, s, p, name);
    diag_say("%s %s: %d client%s, %d shard%s, tensors of %s",
             place_text(s, o, at, sizeof at), name, pl->nclients,
             plural(pl->nclients), pl->nshards, plural(pl->nshards),
             units_print_bytes(p->value[OPT_TENSOR_BYTES]->count, size,
                               sizeof size));
}

/* The bandwidth to show: of the window where there is one clock. */
static const char *bandwidth(const struct summary *x, char *buf, size_t n)
{
    char rate[TEXT];

    if (!isnan(x->window))
        snprintf(buf, n, "%s", units_print_rate(x->window, rate, sizeof rate));
    else
        snprintf(buf, n, "%s (sum of ranks)",
                 units_print_rate(x->sum_of_rank_rates, rate, sizeof rate));
    return buf;
}

void report_end(const struct sweep *s, const struct outcome *o,
                double seconds_left)
{
    char at[TEXT], put[TEXT], unpack[TEXT], rate[TEXT], left[TEXT];
    char flags[SRB_FLAGS_MAX];

    place_text(s, o, at, sizeof at);
    if (o->status != STATUS_COMPLETED) {
        diag_say("%s   %s: %s", at, record_status(o->status), o->error);
        return;
    }
    record_flags(o, flags, sizeof flags);
    diag_say(
        "%s   put %s, unpack %s (medians), %s%s%s%s%s%s", at,
        units_print_seconds(o->summary.put.median, put, sizeof put),
        units_print_seconds(o->summary.unpack.median, unpack, sizeof unpack),
        bandwidth(&o->summary, rate, sizeof rate),
        isnan(seconds_left) ? "" : "; left: ",
        isnan(seconds_left)
            ? ""
            : units_print_seconds(seconds_left, left, sizeof left),
        flags[0] ? " [" : "", flags, flags[0] ? "]" : "");
    if (o->wrong[0])
        diag_say("%s   %" PRId64 " tensor%s came back wrong: %s", at,
                 o->summary.verify_errors, plural(o->summary.verify_errors),
                 o->wrong);
}

static void figure(size_t index, const struct field *f)
{
    if (f->type == FIELD_REAL && !isnan(f->real))
        printf("SRBENCH_FOM perm=%04zu name=%s value=%.6e unit=%s\n", index,
               f->name, f->real, f->unit);
}

void report_figures(size_t index, const struct fields *cells)
{
    for (size_t i = 0; i < cells->n; i++)
        figure(index, &cells->list[i]);
    fflush(stdout);
}

/* The final table: the first rows of a large sweep, since the file has all. */
#define TABLE_ROWS 60

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
                const struct placement *pl, const struct outcome *o)
{
    const struct summary *x = &o->summary;
    struct row *row = &table[table_rows];

    if (++table_rows > TABLE_ROWS)
        return;
    row->index = p->index;
    row->of_floor[0] = '\0';
    place_session(pl, s, p, row->name);
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
            snprintf(table[i].of_floor, TEXT, "%.0f %%", 100 * x->window);
            table_has_floor = true;
        }
}

static void print_row(const char *index, const char cells[5][TEXT],
                      const char *of_floor, const char *name)
{
    fprintf(stderr, "%5s  %-9s  %9s  %9s  %9s  %10s  ", index, cells[0],
            cells[1], cells[2], cells[3], cells[4]);
    if (table_has_floor)
        fprintf(stderr, "%8s  ", of_floor);
    fprintf(stderr, "%s\n", name);
}

void report_table(void)
{
    static const char head[5][TEXT] = {"status", "put", "unpack", "put p95",
                                       "bandwidth"};

    if (table_rows == 0)
        return;
    fputc('\n', stderr);
    print_row("perm", head, "of floor", "name");
    for (size_t i = 0; i < table_rows && i < TABLE_ROWS; i++) {
        char index[24];

        snprintf(index, sizeof index, "%zu", table[i].index);
        print_row(index, (const char(*)[TEXT])table[i].cells, table[i].of_floor,
                  table[i].name);
    }
    if (table_rows > TABLE_ROWS)
        fprintf(stderr, "  ... and %zu more in the file\n",
                table_rows - TABLE_ROWS);
    table_rows = 0;
}

void report_verdict(const struct tally *t, int exit_status)
{
    printf("SRBENCH_STATUS %s permutations=%zu completed=%zu failed=%zu "
           "skipped=%zu verify_errors=%" PRId64,
           exit_status == 0 ? "pass" : "fail", t->permutations, t->completed,
           t->failed, t->skipped, t->verify_errors);
    if (t->spared)
        printf(" spared=%zu", t->spared);
    printf("\n");
    fflush(stdout);
}

#define REASONS 40

/* Neighbours that cannot run for the same reason. */
struct impossible {
    size_t first, last;
    struct error why; /* "" while there is none */
};

static void print_impossible(const struct impossible *x, const char *experiment)
{
    if (x->first == x->last)
        diag_say("srbench: permutation %04zu of %s cannot run: %s", x->first,
                 experiment, x->why.text);
    else
        diag_say("srbench: permutations %04zu to %04zu of %s cannot run: %s",
                 x->first, x->last, experiment, x->why.text);
}

size_t report_impossible(const struct sweep *s, const struct machine *m,
                         bool quiet)
{
    struct impossible x = {.why = {.text = ""}};
    const char *experiment = "";
    size_t bad = 0, reasons = 0;

    for (size_t i = 0; i <= s->count; i++) {
        struct permutation p;
        struct placement pl;
        struct error err = {.text = ""};

        if (i < s->count) {
            sweep_at(s, i, &p);
            if (place_solve(m, &p, &pl, &err) == 0)
                place_free(&pl);
        }
        bad += err.text[0] != '\0';
        if (err.text[0] && strcmp(err.text, x.why.text) == 0) {
            x.last = i;
            continue;
        }
        if (x.why.text[0] && ++reasons <= REASONS && !quiet)
            print_impossible(&x, experiment);
        x.first = x.last = i;
        x.why = err;
        experiment = i < s->count ? p.value[OPT_EXPERIMENT]->text : "";
    }
    if (reasons > REASONS && !quiet)
        diag_say("srbench: ... and more, for %zu further reasons",
                 reasons - REASONS);
    return bad;
}

static void plan_line(const struct sweep *s, const struct permutation *p,
                      const struct placement *pl)
{
    char name[SRB_SESSION_MAX], db[96];
    int last = pl->first_db_node + pl->db_nodes - 1;

    place_session(pl, s, p, name);
    if (pl->experiment == EXPERIMENT_COLOCATED)
        snprintf(db, sizeof db, "a database on each");
    else if (pl->db_nodes == 1)
        snprintf(db, sizeof db, "database node %d", last);
    else
        snprintf(db, sizeof db, "database nodes %d-%d", pl->first_db_node,
                 last);
    printf("%04zu  %s\n      client nodes 0-%d, %d client%s; %s, %d shard%s; "
           "set-up %zu\n",
           p->index, name, pl->client_nodes - 1, pl->nclients,
           plural(pl->nclients), db, pl->nshards, plural(pl->nshards),
           p->setup);
}

int report_plan(const struct sweep *s, const struct machine *m)
{
    char notes[4096];
    int nodes = 0, ranks = 0;
    size_t bad = 0;

    for (size_t i = 0; i < s->count; i++) {
        struct permutation p;
        struct placement pl;
        int need;

        sweep_at(s, i, &p);
        if (place_solve(m, &p, &pl, NULL) < 0) {
            bad++;
            continue;
        }
        plan_line(s, &p, &pl);
        need = pl.client_nodes +
               (pl.experiment == EXPERIMENT_STANDARD ? pl.db_nodes : 0);
        nodes = need > nodes ? need : nodes;
        ranks = pl.clients_per_node > ranks ? pl.clients_per_node : ranks;
        place_free(&pl);
    }
    printf("%s", sweep_notes(s, notes, sizeof notes));
    printf("%zu permutation%s in %zu database set-up%s; they need %d node%s of "
           "at least %d rank%s, there are %d node%s (%d ranks)\n",
           s->count, plural((int64_t)s->count), s->setups,
           plural((int64_t)s->setups), nodes, plural(nodes), ranks,
           plural(ranks), m->nnodes, plural(m->nnodes), m->nranks);
    fflush(stdout);
    if (bad)
        report_impossible(s, m, false);
    return bad ? -1 : 0;
}
