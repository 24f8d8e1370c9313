#include "results/collect_readers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/tick.h"

/* A reader's row: these, then the spans one after the other, `kept` numbers
 * each. Both kinds of numbers are 8 bytes wide. */
enum { CLIENT, POLLS, MISSED, LAG_MAX, NUMBERS };
enum { DELIVERY, VISIBLE, GET_POLLS, GET_WRITER, GET_STEP, SPANS };

#define READER(name, unit, words)                                              \
    {                                                                          \
        name, FIELD_INT, unit, words, SINK_READER, SINK_NO_DIM                 \
    }
static const struct sink_array numbers[NUMBERS] = {
    [CLIENT] = READER("reader_client", "", "the client that it is"),
    [POLLS] = READER("reader_polls", "",
                     "how often it asked whether a step is there"),
    [MISSED] =
        READER("reader_missed", "", "steps that were gone before it read them"),
    [LAG_MAX] = READER("reader_lag_max", "",
                       "steps that a writer was ahead at most when it had one"),
};

static const struct sink_array spans[SPANS] = {
    [DELIVERY] = {"delivery", FIELD_REAL, "s",
                  "from the begin of the put to the end of the get, on the "
                  "common clock",
                  SINK_READER, SINK_GET},
    [VISIBLE] = {"visible", FIELD_REAL, "s",
                 "from the end of the put to when the reader saw it, which may "
                 "be before",
                 SINK_READER, SINK_GET},
    [GET_POLLS] = {"polls", FIELD_INT, "", "polls until it was seen",
                   SINK_READER, SINK_GET},
    [GET_WRITER] = {"get_writer", FIELD_INT, "", "client that put what was got",
                    SINK_READER, SINK_GET},
    [GET_STEP] = {"get_step", FIELD_INT, "",
                  "which of its steps, from 0, without warm-up", SINK_READER,
                  SINK_GET},
};

union cell {
    double real;
    int64_t whole;
};

static size_t row_cells(const struct collection *c)
{
    return NUMBERS + SPANS * c->kept;
}

/* Of get k. */
static void pack_get(union cell *span, size_t kept, size_t k,
                     const struct load *l)
{
    const struct exchange_get *g = &l->exchange.get[k];

    span[DELIVERY * kept + k].real = tick_seconds(g->delivery);
    span[VISIBLE * kept + k].real = tick_seconds(g->visible);
    span[GET_POLLS * kept + k].whole = g->polls;
    span[GET_WRITER * kept + k].whole = l->exchange.source[g->from].of.client;
    span[GET_STEP * kept + k].whole = g->step - (int64_t)l->rules.warmup;
}

/* This reader's row, allocated. */
static union cell *pack(const struct collection *c)
{
    const struct load *l = c->load;
    const struct exchange *x = &l->exchange;
    union cell *row = mem_new(row_cells(c), sizeof *row);
    union cell *span = row + NUMBERS;

    row[CLIENT].whole = l->number;
    row[POLLS].whole = x->polls;
    row[MISSED].whole = x->missed;
    row[LAG_MAX].whole = x->lag_max;
    for (size_t k = 0; k < SPANS * c->kept; k++)
        if (spans[k / c->kept].type == FIELD_REAL)
            span[k].real = NAN;
        else
            span[k].whole = FIELD_NO_INT;
    for (size_t k = 0; k < l->samples.unpack.kept; k++)
        pack_get(span, c->kept, k, l);
    return row;
}

/* Where rank 0 puts rows. */
struct target {
    struct sinks *sinks;
    const struct collection *c;
};

/* One array of n rows: `width` cells of each from `at` on. */
static int take(const struct target *x, const struct sink_array *a, int first,
                int n, const union cell *rows, size_t at, size_t width,
                union cell *room, struct error *err)
{
    for (int k = 0; k < n; k++)
        memcpy(room + (size_t)k * width,
               rows + (size_t)k * row_cells(x->c) + at, width * sizeof *room);
    return sinks_write(x->sinks, a, (size_t)first, (size_t)n, room, err);
}

static int take_rows(void *arg, int first, int n, const void *data,
                     struct error *err)
{
    const struct target *x = arg;
    const union cell *rows = data;
    size_t kept = x->c->kept;
    union cell *room;
    int rc = 0;

    if (!x->sinks)
        return 0;
    room = mem_new((size_t)n * (kept + 1), sizeof *room);
    for (size_t k = 0; k < NUMBERS && rc == 0; k++)
        rc = take(x, &numbers[k], first, n, rows, k, 1, room, err);
    for (size_t k = 0; k < SPANS && rc == 0 && kept > 0; k++)
        rc = take(x, &spans[k], first, n, rows, NUMBERS + k * kept, kept, room,
                  err);
    free(room);
    return rc;
}

static int sender(const void *ctx, int k)
{
    const struct placement *pl = ctx;

    return place_client_rank(pl, place_reader_client(pl, k));
}

int collect_readers(const struct team *t, const struct placement *pl,
                    struct sinks *sinks, const struct collection *c,
                    struct error *err)
{
    struct target x = {.sinks = sinks, .c = c};
    int self = c->load ? place_reader(pl, c->load->number) : -1;
    struct gather g = {.senders = pl->nreaders,
                       .self = self,
                       .sender = sender,
                       .ctx = pl,
                       .row_bytes = row_cells(c) * sizeof(union cell),
                       .take = take_rows,
                       .arg = &x};
    union cell *mine = self >= 0 ? pack(c) : NULL;
    int rc = 0;

    if (self >= 0 || t->rank == 0)
        rc = team_gather(t, &g, mine, err);
    free(mine);
    return rc;
}
