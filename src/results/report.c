#include "results/report.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/output.h"
#include "base/quote.h"
#include "base/terminal.h"
#include "base/text.h"
#include "base/units.h"
#include "results/table.h"

/* Of a table that goes nobody knows where. */
#define COLUMNS 100

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

/* Where the databases are, and how many shards; a plan has asked none that
 * others started. */
static void databases(const struct placement *pl, char *buf, size_t n)
{
    char nodes[96];

    if (pl->external && !pl->machine->roster) {
        snprintf(buf, n, "databases elsewhere, which are asked at the start");
        return;
    }
    if (pl->experiment == EXPERIMENT_COLOCATED)
        snprintf(buf, n, "a database on each");
    else if (pl->external)
        snprintf(buf, n, "databases elsewhere, on %d node%s", pl->db_nodes,
                 text_plural(pl->db_nodes));
    else
        snprintf(buf, n, "database node%s %s", text_plural(pl->db_nodes),
                 ranges_text(pl->db_node, pl->db_nodes, nodes, sizeof nodes));
    text_add(buf, n, ", %d shard%s", pl->nshards, text_plural(pl->nshards));
}

/* Where the clients and databases are, in words. */
char *report_where(const struct placement *pl, char *buf, size_t n)
{
    char db[200], clients[96];

    databases(pl, db, sizeof db);
    if (pl->client_nodes == 0)
        snprintf(buf, n, "no clients here; %s", db);
    else
        snprintf(buf, n, "client nodes %s, %d client%s; %s",
                 ranges_text(pl->client_node, pl->client_nodes, clients,
                             sizeof clients),
                 pl->nclients, text_plural(pl->nclients), db);
    return buf;
}

/* A path as one line: where it has line ends, they are no path's that could be
 * read from a line. */
static char *line_of(const char *path)
{
    char *shown = text_clean(mem_copy(path));

    for (char *c = shown; *c; c++)
        if (*c == '\n' || *c == '\r')
            *c = '?';
    return shown;
}

/* What shows the file: beside this program, where it is installed and where it
 * was built (there a link), else by its name. */
static void reader(char *buf, size_t n)
{
    static const char name[] = "srbench-report";
    char here[PATH_MAX], real[PATH_MAX];
    ssize_t used = readlink("/proc/self/exe", here, sizeof here - 1);
    char *slash;

    here[used > 0 ? used : 0] = '\0';
    slash = strrchr(here, '/');
    snprintf(buf, n, "%.*s/%s", slash ? (int)(slash - here) : 0, here, name);
    snprintf(buf, n, "%s",
             access(buf, X_OK) == 0 && realpath(buf, real) ? real : name);
}

/* A path as it is called in this process's folder. */
static const char *from_here(const char *path, char folder[PATH_MAX])
{
    size_t n;

    if (!getcwd(folder, PATH_MAX))
        return path;
    n = strlen(folder);
    return strncmp(path, folder, n) == 0 && path[n] == '/' ? path + n + 1
                                                           : path;
}

static void print_file(const char *path)
{
    char program[PATH_MAX], folder[PATH_MAX], *shown = line_of(path), *line;
    char *argv[2] = {NULL, mem_copy(path)};

    reader(program, sizeof program);
    argv[0] = mem_copy(from_here(program, folder));
    line = quote_line(2, argv);
    printf("file: %s\nto see it: %s\n", shown, line);
    free(line);
    free(argv[0]);
    free(argv[1]);
    free(shown);
}

/* As wide as who looks at it has it; 0: nobody knows. */
static int columns(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return terminal_output() ? terminal_columns() : 0;
}

void report_results(const struct rows *rows, const char *verdicts,
                    const char *output, const char *summary_json)
{
    int width = columns();

    diag_live(NULL);
    if (diag_level() == DIAG_QUIET)
        return;
    if (rows->list) { /* a search has its own */
        table_print(stdout, rows, width ? width : COLUMNS);
        printf("\n");
        text_wrap(stdout, verdicts, width ? width : INT_MAX);
        if (verdicts[0])
            printf("\n");
    }
    if (output[0])
        print_file(output);
    if (summary_json[0]) {
        char *shown = line_of(summary_json);

        printf("summary: %s\n", shown);
        free(shown);
    }
}

void report_expected(const struct tally *t)
{
    if (t->breaches > 0)
        diag_say("expect: %" PRId64 " limit%s breached", t->breaches,
                 text_plural(t->breaches));
    else if (t->judged)
        diag_note("expect: no limit was breached");
}

int report_status(int status)
{
    bool counts = status == EXIT_PASSED || status == EXIT_BREACHED;

    output_flush();
    return output_lost() && counts ? EXIT_INCOMPLETE : status;
}

void report_verdict(const struct tally *t, int exit_status, const char *file)
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
    if (file[0]) {
        char *shown = line_of(file);

        printf(" file=%s", shown);
        free(shown);
    }
    printf("\n");
    output_flush();
}

int report_refusal(const struct tally *t, const struct error *err, bool speaks)
{
    static const struct tally nothing;

    diag_say("srbench: %s", err->text);
    if (speaks)
        report_verdict(t ? t : &nothing, EXIT_REFUSED, "");
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
