#include "results/step_words.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/units.h"

#define TEXT 256
/* Sentences; of many the rest stands in the table. */
#define MOST 6

/* " (4 nodes, tcp)": which configuration it was, by what varied but for what
 * the sentence says itself. */
static char *which(const struct rows *r, const struct row *row,
                   enum option_id said, char *buf, size_t n)
{
    char all[TEXT] = "";

    for (int k = 0; k < r->naxes; k++) {
        const struct row_axis *a = &r->axes[k];

        if (a->id != OPT_TENSOR_BYTES && a->id != OPT_TENSORS &&
            a->id != said && row->level[k] >= 0)
            text_join(all, sizeof all, ", ", "%s %s", option_table[a->id].name,
                      a->word[row->level[k]]);
    }
    buf[0] = '\0';
    if (all[0])
        snprintf(buf, n, " (%s)", all);
    return buf;
}

/* "1 MiB", "4 x 1 MiB": what a step exchanges. */
static char *amount(const struct rows *r, const struct row *row, char *buf,
                    size_t n)
{
    struct permutation p;
    long long tensors;
    char size[32];

    sweep_at(r->sweep, row->first, &p);
    units_print_bytes(p.value[OPT_TENSOR_BYTES]->count, size, sizeof size);
    tensors = permutation_count(&p, OPT_TENSORS, 1); /* models take one */
    if (tensors > 1)
        snprintf(buf, n, "%lld x %s", tensors, size);
    else
        snprintf(buf, n, "%s", size);
    return buf;
}

/* What a step computes, as it was asked for. */
static char *asked(const struct rows *r, const struct row *row, char *buf,
                   size_t n)
{
    struct permutation p;

    sweep_at(r->sweep, row->first, &p);
    return units_print_seconds(p.value[OPT_COMPUTE]->seconds, buf, n);
}

static bool disturbed(const struct row *row)
{
    return strstr(row->flags, "compute_disturbed") != NULL;
}

static bool unsteady(const struct row *row)
{
    return !disturbed(row) && strstr(row->flags, "compute_unsteady") != NULL;
}

/* Why what it takes alone does not tell much. */
static char *reason(const struct rows *r, const struct row *row, char *buf,
                    size_t n)
{
    const struct step_row *x = &row->steps;
    char step[32], least[32], most[32];

    if (disturbed(row))
        snprintf(buf, n,
                 "others had its CPU for %.0f %% of the time that it computed "
                 "alone",
                 100 * x->disturbed);
    else
        snprintf(buf, n, "computing alone, asked for as %s, took from %s to %s",
                 asked(r, row, step, sizeof step),
                 units_print_seconds(x->quickest, least, sizeof least),
                 units_print_seconds(x->slowest, most, sizeof most));
    return buf;
}

/* Less than nothing, and it is known why: that is all there is to say. */
static void add_untold(const struct rows *r, const struct row *row, char *buf,
                       size_t n)
{
    char what[64], step[32], why[TEXT], of[TEXT + 4];

    snprintf(buf, n,
             "Exchanging %s every step of %s makes the solver wait %.1f %% of "
             "its computing time; what else it costs cannot be told, since "
             "%s%s",
             amount(r, row, what, sizeof what),
             asked(r, row, step, sizeof step), 100 * row->steps.waiting,
             reason(r, row, why, sizeof why),
             which(r, row, OPT_COMPUTE, of, sizeof of));
}

/* " (0.4 to 5.1 % by ...)": where what it takes alone was not steady, what
 * comes of either. */
static char *doubt(const struct rows *r, const struct row *row, char *buf,
                   size_t n)
{
    const struct step_row *x = &row->steps;
    double loop = (1 + x->overhead) * x->alone;
    char why[TEXT];

    buf[0] = '\0';
    if (unsteady(row))
        snprintf(buf, n, " (%.1f to %.1f %%: %s)",
                 100 * (loop / x->slowest - 1), 100 * (loop / x->quickest - 1),
                 reason(r, row, why, sizeof why));
    return buf;
}

static bool add_overhead(const struct rows *r, const struct row *row, char *buf,
                         size_t n)
{
    const struct step_row *x = &row->steps;
    const char *least = disturbed(row) ? "at least " : "";
    char what[64], step[32], sure[TEXT], of[TEXT + 4];

    if (isnan(x->overhead))
        return false;
    if ((disturbed(row) || unsteady(row)) &&
        (x->overhead < 0 || x->slower < 0)) {
        add_untold(r, row, buf, n);
        return true;
    }
    if (disturbed(row)) /* alone it took as long as others left it no CPU */
        asked(r, row, step, sizeof step);
    else
        units_print_seconds(x->alone, step, sizeof step);
    snprintf(buf, n,
             "Exchanging %s every step of %s costs the solver %s%.1f %% of its "
             "computing time%s: %.1f %% waiting, %s%.1f %% slower computing%s",
             amount(r, row, what, sizeof what), step, least, 100 * x->overhead,
             doubt(r, row, sure, sizeof sure), 100 * x->waiting, least,
             100 * x->slower, which(r, row, OPT_COMPUTE, of, sizeof of));
    return true;
}

static bool add_sustained(const struct rows *r, const struct row *row,
                          char *buf, size_t n)
{
    const struct step_row *x = &row->steps;
    char what[64], low[32], high[32], of[TEXT + 4];

    if (isnan(x->low))
        return false;
    amount(r, row, what, sizeof what);
    units_print_steps(x->low, low, sizeof low);
    units_print_steps(x->high, high, sizeof high);
    which(r, row, OPT_RATE, of, sizeof of);
    if (x->low == 0)
        snprintf(buf, n, "No rate down to %s steps of %s a second held%s", high,
                 what, of);
    else if (isnan(x->sustained))
        snprintf(buf, n, "%s steps of %s a second of each client held%s", low,
                 what, of);
    else
        snprintf(buf, n,
                 "%s steps of %s a second of each client held three times of "
                 "three, %s did not%s",
                 low, what, high, of);
    return true;
}

static bool add_behind(const struct rows *r, const struct row *row, char *buf,
                       size_t n)
{
    const struct step_row *x = &row->steps;
    char what[64], offered[32], achieved[32], left[96] = "", of[TEXT + 4];

    if (isnan(x->offered) || !strstr(row->flags, "behind"))
        return false;
    if (row->last.steps.unsent > 0)
        snprintf(left, sizeof left,
                 ", and %lld were due and not begun in the end",
                 (long long)row->last.steps.unsent);
    snprintf(buf, n,
             "Of %s steps of %s a second that each client was offered %s were "
             "achieved%s%s",
             units_print_steps(x->offered, offered, sizeof offered),
             amount(r, row, what, sizeof what),
             units_print_steps(x->achieved, achieved, sizeof achieved), left,
             which(r, row, OPT_RATE, of, sizeof of));
    return true;
}

char *step_words(const struct rows *r)
{
    char *text, line[4 * TEXT];
    size_t size, n = 0;
    FILE *out = mem_stream(&text, &size);

    for (size_t i = 0; i < r->n; i++) {
        const struct row *row = &r->list[i];

        if (row->ended[STATUS_COMPLETED] == 0 ||
            !(add_overhead(r, row, line, sizeof line) ||
              add_sustained(r, row, line, sizeof line) ||
              add_behind(r, row, line, sizeof line)))
            continue;
        if (n++ < MOST)
            fprintf(out, "%s%s", n > 1 ? "\n" : "", line);
    }
    if (n > MOST)
        fprintf(out, "\nAnd %zu more, in the table", n - MOST);
    fclose(out);
    return text;
}
