#include "results/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/output.h"
#include "base/text.h"
#include "base/tick.h"
#include "base/units.h"

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

/* What a map of features asks of a submission, where there is none. */
static void note_features(const struct options *o, enum option_id id)
{
    const struct value *v = options_one(o, id);

    if (id == OPT_DB_NODE_FEATURE && options_batch(o))
        return;
    for (size_t i = 0; i < v->npairs; i++)
        if (strcmp(v->pairs[i].name, "C") != 0 &&
            strcmp(v->pairs[i].name, "constraint") != 0)
            diag_note("note: %s: '%s' is a matter of this job's own "
                      "submission, and does nothing here",
                      option_table[id].name, v->pairs[i].name);
}

void report_choices(const struct sweep *s, const struct machine *m)
{
    bool chosen = options_one(s->options, OPT_NET_IFNAME)->is_auto;
    char notes[4096], *line, *rest;

    sweep_notes(s, notes, sizeof notes);
    for (line = strtok_r(notes, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest))
        diag_note("note: %s", line);
    note_features(s->options, OPT_NODE_FEATURE);
    note_features(s->options, OPT_DB_NODE_FEATURE);
    /* colocated databases and those of a single host are on loopback */
    if (chosen && m->nhosts > 1 &&
        options_has_placement(s->options, IN_STANDARD))
        diag_note("note: databases listen on interface %s; --net_ifname names "
                  "another",
                  m->network);
}

void report_limit(const struct study_attributes *s)
{
    char text[32];

    if (!isnan(s->time_limit))
        diag_note("note: no permutation is started that would not finish "
                  "within %s of srbench's start (%s)",
                  units_print_seconds(s->time_limit, text, sizeof text),
                  s->limited_by);
}

void report_oversubscribed(const char *host, int others, int processes,
                           int cpus)
{
    char more[48] = "";

    if (others > 0)
        snprintf(more, sizeof more, " (and on %d more host%s)", others,
                 plural(others));
    diag_say("OVERSUBSCRIBED: up to %d clients and server threads share %d "
             "CPU%s on %s%s; they wait for each other, and the figures say so "
             "of them, not of the database",
             processes, cpus, plural(cpus), host, more);
}

/* Where nobody watches, a permutation's lines are printed at most so often. */
#define PACE_SECONDS 2
#define LINE 512

/* What was shown so far. */
static struct {
    char start[LINE]; /* line of the running permutation; "" for none */
    bool shown;       /* it was printed */
    bool any;         /* one was printed, */
    int64_t last;     /* at that tick */
    char flags[SRB_FLAGS_MAX * 2]; /* raised so far, each with a comma */
    char skipped[SRB_ERROR_MAX];   /* why the last skipped one was */
    char figures[4 * TEXT];        /* of the last completed one */
    char left[TEXT];               /* time, "" where it is not known */
    char variant[SRB_SESSION_MAX]; /* of the running permutation */
    char live[LINE + SRB_SESSION_MAX];
} progress;

/* Whether permutations have lines of their own at all: on a terminal there is
 * one line for all of them. */
static bool is_paced(void)
{
    return diag_level() == DIAG_NORMAL && !diag_terminal();
}

/* Whether it is time for the lines of a permutation that is like others. */
static bool is_due(const struct sweep *s, const struct outcome *o)
{
    if (diag_level() == DIAG_VERBOSE)
        return true;
    return is_paced() &&
           (!progress.any || o->position + 1 == s->count ||
            tick_seconds(tick_now() - progress.last) >= PACE_SECONDS);
}

static void show_start(void)
{
    if (progress.start[0])
        diag_say("%s", progress.start);
    progress.shown = progress.any = true;
    progress.last = tick_now();
}

/* "[ 3/22] #####---------------  left 9.81 s  TB1024; last: put 61.0 us, ..."
 */
static void show_live(const struct sweep *s, const struct outcome *o,
                      size_t done)
{
    static const char full[] = "####################";
    static const char empty[] = "--------------------";
    const size_t width = sizeof full - 1;
    size_t bar = s->count ? width * done / s->count : 0;
    char at[TEXT], rest[LINE];
    int room;

    if (diag_level() == DIAG_QUIET || !diag_terminal())
        return;
    place_text(s, o, at, sizeof at);
    snprintf(rest, sizeof rest, "%s%s  %.256s%s%s%s",
             progress.left[0] ? "  left " : "", progress.left, progress.variant,
             progress.variant[0] && progress.figures[0] ? "; " : "",
             progress.figures[0] ? "last: " : "", progress.figures);
    /* a line that fills the last column is broken by some terminals */
    room = diag_columns() - (int)(strlen(at) + 1 + width) - 1;
    snprintf(progress.live, sizeof progress.live, "%s %s%.*s%s%.*s%.*s", at,
             diag_colour(DIAG_GREEN), (int)bar, full, diag_colour(DIAG_PLAIN),
             (int)(width - bar), empty, room > 0 ? room : 0, rest);
    diag_live(progress.live);
}

/* Numbers as ranges, "0-3,7"; what does not fit ends in "...". */
static char *ranges_text(const int *number, int n, char *buf, size_t size)
{
    size_t used = 0;

    buf[0] = '\0';
    for (int k = 0, last; k < n; k = last + 1) {
        char range[32];

        for (last = k; last + 1 < n && number[last + 1] == number[last] + 1;)
            last++;
        snprintf(range, sizeof range, k == last ? "%s%d" : "%s%d-%d",
                 k ? "," : "", number[k], number[last]);
        if (used + strlen(range) + 4 > size) {
            snprintf(buf + used, size - used, "...");
            return buf;
        }
        used += (size_t)snprintf(buf + used, size - used, "%s", range);
    }
    return buf;
}

/* Where the clients and databases are, in words. */
static char *where_text(const struct placement *pl, char *buf, size_t n)
{
    char db[160], nodes[96], clients[96];

    if (pl->experiment == EXPERIMENT_COLOCATED)
        snprintf(db, sizeof db, "a database on each");
    else if (pl->external)
        snprintf(db, sizeof db, "databases elsewhere, on %d node%s",
                 pl->db_nodes, plural(pl->db_nodes));
    else
        snprintf(db, sizeof db, "database node%s %s", plural(pl->db_nodes),
                 ranges_text(pl->db_node, pl->db_nodes, nodes, sizeof nodes));
    if (pl->client_nodes == 0) {
        snprintf(buf, n, "no clients here; %s, %d shard%s", db, pl->nshards,
                 plural(pl->nshards));
        return buf;
    }
    snprintf(
        buf, n, "client nodes %s, %d client%s; %s, %d shard%s",
        ranges_text(pl->client_node, pl->client_nodes, clients, sizeof clients),
        pl->nclients, plural(pl->nclients), db, pl->nshards,
        plural(pl->nshards));
    return buf;
}

char *report_where(const struct placement *pl, char *buf, size_t n)
{
    return where_text(pl, buf, n);
}

void report_start(const struct sweep *s, const struct permutation *p,
                  const struct placement *pl, const struct outcome *o)
{
    char at[TEXT], name[SRB_SESSION_MAX], size[TEXT], where[256];

    place_session(pl, s, p, name);
    snprintf(progress.start, sizeof progress.start,
             "%s %s: %d client%s, %d shard%s, tensors of %s",
             place_text(s, o, at, sizeof at), name, pl->nclients,
             plural(pl->nclients), pl->nshards, plural(pl->nshards),
             units_print_bytes(p->value[OPT_TENSOR_BYTES]->count, size,
                               sizeof size));
    sweep_variant(s, p, progress.variant, sizeof progress.variant);
    if (is_due(s, o))
        show_start();
    diag_detail("  placement: %s", where_text(pl, where, sizeof where));
    show_live(s, o, o->position);
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

/* Whether a flag is among these that was not raised before; now they all are.
 */
static bool has_new_flag(const char *flags)
{
    char copy[SRB_FLAGS_MAX], *rest;
    bool found = false;

    snprintf(copy, sizeof copy, "%s", flags);
    for (char *f = strtok_r(copy, ",", &rest); f;
         f = strtok_r(NULL, ",", &rest))
        if (!strstr(progress.flags, f)) {
            text_add(progress.flags, sizeof progress.flags, "%s,", f);
            found = true;
        }
    return found;
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

/* Whether a permutation is to be seen whatever the pace. Many are skipped for
 * one reason: it is said once. */
static bool is_notable(const struct outcome *o, const char *flags)
{
    bool again;

    switch (o->status) {
    case STATUS_COMPLETED:
        return has_new_flag(flags) || o->wrong[0] || o->breaches > 0;
    case STATUS_SKIPPED:
        again = same_but_for_figures(progress.skipped, o->error);
        snprintf(progress.skipped, sizeof progress.skipped, "%s", o->error);
        return !again;
    default:
        return o->status == STATUS_FAILED;
    }
}

static void show_end(const char *at, const struct outcome *o, const char *flags)
{
    if (o->status == STATUS_FAILED)
        diag_say("%s   %sfailed%s: %s", at, diag_colour(DIAG_RED),
                 diag_colour(DIAG_PLAIN), o->error);
    else if (o->status != STATUS_COMPLETED)
        diag_say("%s   %s: %s", at, record_status(o->status), o->error);
    else if (flags[0])
        diag_say("%s   %s%s%s %s[%s]%s", at, progress.figures,
                 progress.left[0] ? "; left: " : "", progress.left,
                 diag_colour(DIAG_YELLOW), flags, diag_colour(DIAG_PLAIN));
    else
        diag_say("%s   %s%s%s", at, progress.figures,
                 progress.left[0] ? "; left: " : "", progress.left);
    if (o->wrong[0])
        diag_say("%s   %" PRId64 " tensor%s came back wrong: %s", at,
                 o->summary.verify_errors, plural(o->summary.verify_errors),
                 o->wrong);
    if (o->breaches > 0)
        diag_say("%s   %sBREACHED%s: %s", at, diag_colour(DIAG_RED),
                 diag_colour(DIAG_PLAIN), o->breached);
}

/* The running permutation's figures and the time that is left, as texts. */
static void take_figures(const struct outcome *o, double seconds_left)
{
    char put[TEXT], unpack[TEXT], rate[TEXT];

    progress.left[0] = '\0';
    if (!isnan(seconds_left))
        units_print_seconds(seconds_left, progress.left, sizeof progress.left);
    if (o->status != STATUS_COMPLETED)
        return;
    snprintf(
        progress.figures, sizeof progress.figures,
        "put %s, unpack %s (medians), %s",
        units_print_seconds(o->summary.put.median, put, sizeof put),
        units_print_seconds(o->summary.unpack.median, unpack, sizeof unpack),
        bandwidth(&o->summary, rate, sizeof rate));
}

void report_end(const struct sweep *s, const struct outcome *o,
                double seconds_left)
{
    char at[TEXT], flags[SRB_FLAGS_MAX];
    bool notable;

    record_flags(o, flags, sizeof flags);
    notable = is_notable(o, flags);
    take_figures(o, seconds_left);
    if (!progress.shown && (notable || is_due(s, o)))
        show_start();
    if (progress.shown)
        show_end(place_text(s, o, at, sizeof at), o, flags);
    show_live(s, o, o->position + 1);
    progress.shown = false;
    progress.start[0] = progress.variant[0] = '\0';
}

void report_late_breaches(size_t index, const struct judgement *j)
{
    if (j->breaches > 0)
        diag_say("permutation %04zu %sBREACHED%s: %s", index,
                 diag_colour(DIAG_RED), diag_colour(DIAG_PLAIN), j->words);
}

static void figure(size_t index, const struct field *f)
{
    if (f->type == FIELD_REAL && !isnan(f->real))
        printf("SRBENCH_FOM perm=%04zu name=%s value=%.6e unit=%s\n", index,
               f->name, f->real, f->unit);
}

void report_figures(size_t index, const struct outcome *o, unsigned kinds)
{
    bool between = isatty(STDOUT_FILENO); /* the rewritten line and these */
    struct fields cells = {0};

    if (between)
        diag_live(NULL);
    record_figures(&cells, o, kinds);
    for (size_t i = 0; i < cells.n; i++)
        figure(index, &cells.list[i]);
    fields_free(&cells);
    output_flush();
    if (between && progress.live[0])
        diag_live(progress.live);
}

void report_file(const char *what, const char *path)
{
    char *shown = text_clean(mem_copy(path));

    diag_note("%s: %s", what, shown);
    free(shown);
}

int report_status(int status)
{
    bool counts = status == EXIT_PASSED || status == EXIT_BREACHED;

    output_flush();
    return output_lost() && counts ? EXIT_INCOMPLETE : status;
}

void report_verdict(const struct tally *t, int exit_status)
{
    exit_status = report_status(exit_status);
    printf("SRBENCH_STATUS %s permutations=%zu completed=%zu failed=%zu "
           "skipped=%zu verify_errors=%" PRId64,
           exit_status == 0 ? "pass" : "fail", t->permutations, t->completed,
           t->failed, t->skipped, t->verify_errors);
    if (t->spared)
        printf(" spared=%zu", t->spared);
    if (t->judged)
        printf(" breaches=%" PRId64, t->breaches);
    printf("\n");
    output_flush();
}

int report_refusal(const struct tally *t, const struct error *err, bool speaks)
{
    static const struct tally nothing;

    diag_say("srbench: %s", err->text);
    if (speaks)
        report_verdict(t ? t : &nothing, EXIT_REFUSED);
    return EXIT_REFUSED;
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
