#include "results/tuned.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "results/rows.h"

static const char *const steps[] = {[TUNE_SCREEN] = "screen",
                                    [TUNE_CONFIRM] = "confirm",
                                    [TUNE_FINAL] = "final"};

/* What the file calls them; a contract. */
static const char *const decisions[] = {
    [TUNE_OPEN] = "open",           [TUNE_DROPPED] = "dropped",
    [TUNE_BEHIND] = "behind",       [TUNE_NOT_BEST] = "not_best",
    [TUNE_CHOSEN] = "chosen",       [TUNE_UNCONFIRMED] = "unconfirmed",
    [TUNE_TOO_SLOW] = "slows_load", [TUNE_CONFIRMED] = "confirmed",
    [TUNE_TAKEN] = "taken",         [TUNE_HELPS] = "helps",
    [TUNE_NOTHING] = "nothing"};

/* And what a person reads. */
static const char *const said[] = {
    [TUNE_OPEN] = "not all pairs ran",
    [TUNE_DROPPED] = "failed, or did not take effect",
    [TUNE_BEHIND] = "not ahead",
    [TUNE_NOT_BEST] = "ahead, three others more",
    [TUNE_CHOSEN] = "to be confirmed",
    [TUNE_UNCONFIRMED] = "not confirmed",
    [TUNE_TOO_SLOW] = "slows a load",
    [TUNE_CONFIRMED] = "confirmed, another is better",
    [TUNE_TAKEN] = "taken over",
    [TUNE_HELPS] = "helps",
    [TUNE_NOTHING] = "does not help"};

static const char *name_of(const struct tuned *x, int candidate)
{
    return candidate < 0 ? "" : x->list[candidate].name;
}

static char *load_text(const struct tuned *x, int load, char *buf, size_t n)
{
    struct permutation p;

    sweep_load(x->sweep, (size_t)load, &p);
    return rows_variant(x->sweep, &p, buf, n);
}

/* ---- the file ---- */

void tuned_row(struct fields *f, const struct tuned *x,
               const struct tune_result *r, int load)
{
    const struct tune_effect *e = load < 0 ? &r->all : &r->load[load];
    char text[SRB_SESSION_MAX] = "";

    fields_text(f, "step", steps[r->step]);
    fields_int(f, "round", "", r->round);
    fields_text(f, "candidate", name_of(x, r->candidate));
    fields_int(f, "load", "", load);
    fields_text(f, "load_name",
                load < 0 ? "" : load_text(x, load, text, sizeof text));
    fields_int(f, "pairs", "", e->pairs);
    fields_real(f, "ratio", "1", e->ratio);
    fields_real(f, "ratio_low", "1", e->low);
    fields_real(f, "ratio_high", "1", e->high);
    fields_real(f, "p", "1", e->p);
    fields_text(f, "decision", decisions[r->decision]);
}

int tuned_rows(size_t loads)
{
    return loads > 1 ? (int)loads + 1 : 1;
}

size_t tuned_room(int candidates, size_t loads)
{
    size_t each = (size_t)candidates + TUNE_FINALISTS;

    return (TUNE_ROUNDS * each + 1) * (size_t)tuned_rows(loads);
}

static void print_set(FILE *out, const struct candidate_set *s)
{
    const char *name = option_table[s->option].name;

    if (s->how == CANDIDATE_TWICE)
        fprintf(out, "twice %s", name);
    else if (s->how == CANDIDATE_CPUS)
        fprintf(out, "%s as db_cpus", name);
    else
        fprintf(out, "%s: %s", name, s->value);
}

char *tuned_candidates(const struct candidate *list, int n)
{
    char *text;
    size_t len;
    FILE *out = mem_stream(&text, &len);

    for (int c = 0; c < n; c++) {
        fprintf(out, "%s: %s (", list[c].name, list[c].what);
        for (int i = 0; i < list[c].nsets; i++) {
            fputs(i > 0 ? ", " : "", out);
            print_set(out, &list[c].set[i]);
        }
        fputs(")\n", out);
    }
    fclose(out);
    return text;
}

char *tuned_winner(const struct tuned *x)
{
    char *text;
    size_t len;
    FILE *out = mem_stream(&text, &len);

    for (int id = 0; id < OPT_COUNT; id++)
        if (x->winner[id])
            options_show_one(out, (enum option_id)id, x->winner[id]);
    fclose(out);
    return text;
}

/* ---- in words ---- */

char *tuned_effect(const struct tune_effect *e, char buf[TUNED_EFFECT_MAX])
{
    if (isnan(e->ratio))
        snprintf(buf, TUNED_EFFECT_MAX, "-");
    else if (e->pairs < TUNE_LEAST_PAIRS) /* of two it says nothing */
        snprintf(buf, TUNED_EFFECT_MAX, "x%.3g", e->ratio);
    else
        snprintf(buf, TUNED_EFFECT_MAX, "x%.3g (%.3g to %.3g)", e->ratio,
                 e->low, e->high);
    return buf;
}

/* What was found of each candidate that was taken over. */
static const struct tune_result *taken_by(const struct tuned *x, int candidate)
{
    const struct tune_result *list;
    int n = tune_results(x->search, &list);

    for (int i = n - 1; i >= 0; i--)
        if (list[i].candidate == candidate && list[i].decision == TUNE_TAKEN)
            return &list[i];
    return NULL;
}

/* "memory_kept, io_threads" */
static void join_taken(const struct tuned *x, char *buf, size_t n)
{
    const int *taken;
    int ntaken = tune_taken(x->search, &taken);

    buf[0] = '\0';
    for (int i = 0; i < ntaken; i++)
        text_join(buf, n, ", ", "%s", x->list[taken[i]].name);
}

static void say_final(FILE *out, const struct tuned *x,
                      const struct tune_result *final)
{
    const char *better = x->better > 0 ? "higher" : "lower";
    char names[512], effect[TUNED_EFFECT_MAX];

    join_taken(x, names, sizeof names);
    tuned_effect(&final->all, effect);
    if (final->decision == TUNE_HELPS)
        fprintf(out,
                "%s: %s %s, %s is better; 95 %% interval of %d pairs of their "
                "own\n",
                names, x->objective, effect, better, final->all.pairs);
    else if (final->decision == TUNE_NOTHING)
        fprintf(out,
                "Nothing helps: %s was taken over, and beside the base in %d "
                "pairs of their own the interval holds 1: %s %s\n",
                names, final->all.pairs, x->objective, effect);
    else
        fprintf(out,
                "%s was taken over; of base and winner beside each other only "
                "%d of %d pairs ran, so how much it helps is not known\n",
                names, final->all.pairs, TUNE_PAIRS);
}

/* The range over the loads, where there are several. */
static void say_loads(FILE *out, const struct tuned *x,
                      const struct tune_result *final)
{
    for (size_t l = 0; l < x->sweep->loads && x->sweep->loads > 1; l++) {
        char load[SRB_SESSION_MAX], effect[TUNED_EFFECT_MAX];

        fprintf(out, "  %s: %s\n", load_text(x, (int)l, load, sizeof load),
                tuned_effect(&final->load[l], effect));
    }
}

static void say_conflict(FILE *out, const struct tuned *x)
{
    struct tune_conflict c;
    char a[SRB_SESSION_MAX], b[SRB_SESSION_MAX];

    if (!tune_conflict(x->search, &c))
        return;
    if (c.screened)
        fprintf(out,
                "Loads may want different configurations: in its %d pairs %s "
                "was x%.3g on %s and x%.3g on %s; a search for each tells\n",
                TUNE_SCREEN_PAIRS, name_of(x, c.candidate[0]), c.ratio[0],
                load_text(x, c.load[0], a, sizeof a), c.ratio[1],
                load_text(x, c.load[1], b, sizeof b));
    else
        fprintf(
            out,
            "Loads want different configurations: %s wants %s, which on %s is "
            "slower than %s; a search for each finds more\n",
            load_text(x, c.load[0], a, sizeof a), name_of(x, c.candidate[0]),
            load_text(x, c.load[1], b, sizeof b),
            c.candidate[1] < 0 ? "the base" : name_of(x, c.candidate[1]));
}

/* Candidates that help, but slow a load. */
static void say_vetoes(FILE *out, const struct tuned *x)
{
    const struct tune_result *list;
    int n = tune_results(x->search, &list);

    for (int i = 0; i < n; i++) {
        char load[SRB_SESSION_MAX], all[TUNED_EFFECT_MAX],
            one[TUNED_EFFECT_MAX];

        if (list[i].decision != TUNE_TOO_SLOW)
            continue;
        fprintf(out, "%s is not taken over (%s): it slows %s, %s\n",
                name_of(x, list[i].candidate), tuned_effect(&list[i].all, all),
                load_text(x, list[i].slows, load, sizeof load),
                tuned_effect(&list[i].load[list[i].slows], one));
    }
}

char *tuned_words(const struct tuned *x)
{
    const struct tune_result *final = tune_final(x->search);
    char names[512], *text;
    const int *taken;
    size_t len;
    FILE *out = mem_stream(&text, &len);

    join_taken(x, names, sizeof names);
    if (x->stopped[0])
        fprintf(out,
                "The search ended early: %s; what follows was known by "
                "then\n",
                x->stopped);
    if (final)
        say_final(out, x, final);
    else if (tune_taken(x->search, &taken) > 0)
        fprintf(out,
                "%s was taken over, and not measured beside the base at last\n",
                names);
    else
        fprintf(out, x->stopped[0] ? "Nothing was found to help\n"
                                   : "Nothing helps: no candidate was "
                                     "confirmed to be better\n");
    if (final && final->decision == TUNE_HELPS)
        say_loads(out, x, final);
    say_vetoes(out, x);
    say_conflict(out, x);
    fclose(out);
    return text;
}

/* ---- the table ---- */

static void print_result(FILE *out, const struct tuned *x,
                         const struct tune_result *r, int width)
{
    char effect[TUNED_EFFECT_MAX];

    fprintf(out, "%5d  %-*s  %5d  %-24s  %s\n", r->round, width,
            r->candidate < 0 ? "all taken over" : name_of(x, r->candidate),
            r->all.pairs, tuned_effect(&r->all, effect), said[r->decision]);
}

/* Whether the round has something later of the same candidate. */
static bool is_followed(const struct tune_result *list, int n, int i)
{
    for (int k = i + 1; k < n; k++)
        if (list[k].round == list[i].round &&
            list[k].candidate == list[i].candidate)
            return true;
    return false;
}

/* The next of a round to be printed: that with the largest effect of those not
 * printed; -1: none. */
static int next_of(const struct tune_result *list, int n, int round,
                   const bool *printed)
{
    int best = -1;

    for (int i = 0; i < n; i++) {
        if (printed[i] || list[i].round != round ||
            list[i].step == TUNE_FINAL || is_followed(list, n, i))
            continue;
        if (best < 0 || list[i].all.ratio > list[best].all.ratio ||
            isnan(list[best].all.ratio))
            best = i;
    }
    return best;
}

void tuned_print(FILE *out, const struct tuned *x)
{
    const struct tune_result *list, *final = tune_final(x->search);
    int n = tune_results(x->search, &list), width = 14, k;
    bool *printed = mem_new((size_t)n + 1, sizeof *printed);

    for (int c = 0; c < x->n; c++)
        if ((int)strlen(x->list[c].name) > width)
            width = (int)strlen(x->list[c].name);
    fprintf(out, "round  %-*s  pairs  %-24s  decision\n", width, "candidate",
            x->objective);
    for (int round = 1; round <= TUNE_ROUNDS; round++)
        while ((k = next_of(list, n, round, printed)) >= 0) {
            printed[k] = true;
            print_result(out, x, &list[k], width);
        }
    if (final)
        print_result(out, x, final, width);
    fprintf(out,
            "x: so many times as good as the base of its round, %s is better; "
            "( ) 95 %% interval\n",
            x->better > 0 ? "higher" : "lower");
    free(printed);
}

/* ---- the configuration ---- */

static int cannot_write(const char *path, struct error *err)
{
    return error_set(err,
                     "the configuration cannot be written to '%s': %s; --tuned "
                     "names another file",
                     path, strerror(errno));
}

/* Where it is, if it is a link. */
static int follow(const char *path, char place[PATH_MAX], struct error *err)
{
    snprintf(place, PATH_MAX, "%s", path);
    return path_target(place, PATH_MAX, err) < 0 ? error_prefix(err, "tuned")
                                                 : 0;
}

static char *beside(const char *path)
{
    size_t n = strlen(path) + 32;
    char *name = mem_new(n, 1);

    snprintf(name, n, "%s.%ld.tmp", path, (long)getpid());
    return name;
}

int tuned_check(const char *path, bool replace, struct error *err)
{
    struct stat st;
    bool there = stat(path, &st) == 0;
    char place[PATH_MAX], *temporary;
    FILE *out;

    if (follow(path, place, err) < 0)
        return -1;
    if (there && !S_ISREG(st.st_mode))
        return error_set(err,
                         "the configuration cannot be written to '%s', which "
                         "is no plain file; --tuned names another",
                         path);
    if (there && !replace)
        return error_set(err,
                         "the configuration '%s' exists; choose another "
                         "--tuned, or --overwrite (--resume) with it",
                         path);
    temporary = beside(place);
    out = fopen(temporary, "we");
    if (out) {
        fclose(out);
        unlink(temporary);
    }
    free(temporary);
    return out ? 0 : cannot_write(path, err);
}

/* Every line of words as a comment. */
static void print_comment(FILE *out, const char *words)
{
    while (*words) {
        size_t n = strcspn(words, "\n");

        fprintf(out, "# %.*s\n", (int)n, words);
        words += n + (words[n] != '\0');
    }
}

/* An option that the winner has of a candidate. */
static void print_found(FILE *out, const struct tuned *x, enum option_id id)
{
    const struct candidate *c = &x->list[x->by[id]];
    const struct tune_result *r = taken_by(x, x->by[id]);
    char effect[TUNED_EFFECT_MAX] = "";

    if (r)
        tuned_effect(&r->all, effect);
    fprintf(out, "# %s: %s: %s in round %d\n", c->name, c->what, effect,
            r ? r->round : 0);
    options_show_one(out, id, x->winner[id]);
}

static void print_given(FILE *out, const struct options *o, enum option_id id)
{
    fprintf(out, "# as the search had it\n%s: ", option_table[id].name);
    options_print(out, o, id);
    fputc('\n', out);
}

/* What the study of the search was given and what was found; no files of its
 * own. */
static void print_config(FILE *out, const struct tuned *x)
{
    const struct options *o = x->sweep->options;
    char *words = tuned_words(x);

    print_comment(out, "srbench: a configuration that srbench tune found; read "
                       "with --config");
    print_comment(out, x->command_line);
    print_comment(out, words);
    free(words);
    for (int i = 0; i < OPT_COUNT; i++) {
        enum option_id id = (enum option_id)i;

        if (x->winner[id] && x->by[id] >= 0)
            print_found(out, x, id);
        else if ((options_get(o, id)->given && !option_table[id].resume_free &&
                  option_table[id].group != GROUP_TUNE && id != OPT_ROLE &&
                  id != OPT_EXP_NAME) ||
                 id == OPT_EXPERIMENT ||
                 (id == OPT_DURATION && !options_one(o, id)->is_auto))
            print_given(out, o, id);
    }
}

int tuned_write(const char *path, const struct tuned *x, struct error *err)
{
    char place[PATH_MAX], *temporary;
    bool whole;
    FILE *out;

    if (follow(path, place, err) < 0)
        return -1;
    temporary = beside(place);
    out = fopen(temporary, "we");
    whole = out != NULL;
    if (out) {
        print_config(out, x);
        whole = fflush(out) == 0 && fsync(fileno(out)) == 0;
        whole = fclose(out) == 0 && whole;
    }
    if (!whole || rename(temporary, place) < 0) {
        cannot_write(path, err);
        unlink(temporary);
        whole = false;
    }
    free(temporary);
    return whole ? 0 : -1;
}
