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

/* What a step computes: what it took alone; or, where that was longer by as
 * much as others had its CPU, what was asked for. */
static char *computing(const struct rows *r, const struct row *row,
                       bool disturbed, char *buf, size_t n)
{
    struct permutation p;

    sweep_at(r->sweep, row->first, &p);
    return units_print_seconds(
        disturbed ? p.value[OPT_COMPUTE]->seconds : row->steps.alone, buf, n);
}

/* Less than nothing, while others had its CPU: that is all there is to say. */
static void add_untold(const struct rows *r, const struct row *row, char *buf,
                       size_t n)
{
    const struct step_row *x = &row->steps;
    char what[64], step[32], of[TEXT + 4];

    snprintf(buf, n,
             "Exchanging %s every step of %s makes the solver wait %.1f %%; "
             "what else it costs cannot be told, since others had its CPU for "
             "%.0f %% of the time that it computed alone%s",
             amount(r, row, what, sizeof what),
             computing(r, row, true, step, sizeof step), 100 * x->waiting,
             100 * x->disturbed, which(r, row, OPT_COMPUTE, of, sizeof of));
}

static bool add_overhead(const struct rows *r, const struct row *row, char *buf,
                         size_t n)
{
    const struct step_row *x = &row->steps;
    bool disturbed = strstr(row->flags, "disturbed") != NULL;
    const char *least = disturbed ? "at least " : "";
    char what[64], step[32], of[TEXT + 4];

    if (isnan(x->overhead))
        return false;
    if (disturbed && (x->overhead < 0 || x->slower < 0)) {
        add_untold(r, row, buf, n);
        return true;
    }
    snprintf(buf, n,
             "Exchanging %s every step of %s costs the solver %s%.1f %%: %.1f "
             "%% waiting, %s%.1f %% slower computing%s",
             amount(r, row, what, sizeof what),
             computing(r, row, disturbed, step, sizeof step), least,
             100 * x->overhead, 100 * x->waiting, least, 100 * x->slower,
             which(r, row, OPT_COMPUTE, of, sizeof of));
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
