#include "results/collect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/tick.h"

/* ---- clients ---- */

/* A client's row: this, then the columns of span_arrays one after the other. */
struct client_row {
    double connect_time, loop_time, main_time, between_time, start_skew;
    double cpu_time;
    int64_t ops, stride, voluntary, involuntary, peak_memory;
    int64_t send_buffer, receive_buffer, numa;
    char cpus[SRB_CPU_LIST_MAX];
    char address[48];
};

enum { PUT, UNPACK, PUT_START, UNPACK_START, WARMUP_PUT, WARMUP_UNPACK, SPANS };

static const struct sink_array span_arrays[SPANS] = {
    [PUT] = {"put_tensor", FIELD_REAL, "s", "time of each timed put_tensor",
             SINK_CLIENT, SINK_ITERATION},
    [UNPACK] = {"unpack_tensor", FIELD_REAL, "s",
                "time of each timed unpack_tensor", SINK_CLIENT,
                SINK_ITERATION},
    [PUT_START] = {"put_start", FIELD_REAL, "s",
                   "start of each put_tensor since the loop's start, on the "
                   "common clock",
                   SINK_CLIENT, SINK_ITERATION},
    [UNPACK_START] = {"unpack_start", FIELD_REAL, "s",
                      "start of each unpack_tensor since the loop's start, on "
                      "the common clock",
                      SINK_CLIENT, SINK_ITERATION},
    [WARMUP_PUT] = {"warmup_put_tensor", FIELD_REAL, "s",
                    "time of each put_tensor before the timed loop",
                    SINK_CLIENT, SINK_WARMUP},
    [WARMUP_UNPACK] = {"warmup_unpack_tensor", FIELD_REAL, "s",
                       "time of each unpack_tensor before the timed loop",
                       SINK_CLIENT, SINK_WARMUP},
};

#define PER_CLIENT(name, type, unit, words)                                    \
    {                                                                          \
        name, type, unit, words, SINK_CLIENT, SINK_NO_DIM                      \
    }
enum { CONNECT, LOOP, MAIN, BETWEEN, SKEW, CPU, REALS };
static const struct sink_array real_arrays[REALS] = {
    [CONNECT] = PER_CLIENT("connect_time", FIELD_REAL, "s",
                           "time to connect to the database"),
    [LOOP] = PER_CLIENT("loop_time", FIELD_REAL, "s", "time of the timed loop"),
    [MAIN] = PER_CLIENT("main_time", FIELD_REAL, "s",
                        "time from connecting to having disconnected"),
    [BETWEEN] = PER_CLIENT("between_time", FIELD_REAL, "s",
                           "time of the loop outside the timed operations"),
    [SKEW] = PER_CLIENT("start_skew", FIELD_REAL, "s",
                        "start later than the agreed instant"),
    [CPU] = PER_CLIENT("client_cpu_time", FIELD_REAL, "s",
                       "CPU time of the client in the timed loop"),
};
enum { OPS, STRIDE, VOLUNTARY, INVOLUNTARY, PEAK, SEND, RECEIVE, INTS };
static const struct sink_array int_arrays[INTS] = {
    [OPS] = PER_CLIENT("client_ops", FIELD_INT, "",
                       "timed puts and gets, also those whose timings are not "
                       "kept"),
    [STRIDE] = PER_CLIENT("client_stride", FIELD_INT, "",
                          "one of so many timings is kept"),
    [VOLUNTARY] = PER_CLIENT("client_voluntary_switches", FIELD_INT, "",
                             "context switches of the timed loop: it waited"),
    [INVOLUNTARY] =
        PER_CLIENT("client_involuntary_switches", FIELD_INT, "",
                   "context switches of the timed loop: it was preempted"),
    [PEAK] = PER_CLIENT("client_peak_memory", FIELD_INT, "B",
                        "resident at most since the process began"),
    [SEND] = PER_CLIENT("client_send_buffer", FIELD_INT, "B",
                        "of its socket after the loop, as the kernel has it"),
    [RECEIVE] = PER_CLIENT("client_receive_buffer", FIELD_INT, "B",
                           "of its socket after the loop, as the kernel has "
                           "it"),
};
static const struct sink_array array_rank =
    PER_CLIENT("client_rank", FIELD_INT, "", "rank in MPI_COMM_WORLD");
static const struct sink_array array_node =
    PER_CLIENT("client_node", FIELD_INT, "", "index into /hosts");
static const struct sink_array array_shard =
    PER_CLIENT("client_shard", FIELD_INT, "", "shard that owns its key");
static const struct sink_array array_cpus =
    PER_CLIENT("client_cpus", FIELD_TEXT, "", "CPUs it was allowed");
static const struct sink_array array_numa =
    PER_CLIENT("client_numa", FIELD_INT, "",
               "NUMA domain that holds its CPUs, -1: none alone");
static const struct sink_array array_address =
    PER_CLIENT("client_address", FIELD_TEXT, "", "its end of the connection");

/* Columns of each array of spans. */
static void span_columns(size_t warmup, size_t iterations,
                         size_t columns[SPANS])
{
    for (int a = 0; a < SPANS; a++)
        columns[a] = a < WARMUP_PUT ? iterations : warmup;
}

static size_t client_row_bytes(const size_t columns[SPANS])
{
    size_t bytes = sizeof(struct client_row);

    for (int a = 0; a < SPANS; a++)
        bytes += columns[a] * sizeof(double);
    return bytes;
}

/* n numbers and NaN up to the end of a row's column. */
static double *put_numbers(double *at, const int64_t *ns, int64_t zero,
                           size_t n, size_t columns)
{
    for (size_t i = 0; i < columns; i++)
        *at++ = i < n ? tick_seconds(ns[i] - zero) : NAN;
    return at;
}

static void pack_spans(double *at, const struct samples *s, int64_t zero,
                       const size_t columns[SPANS])
{
    const struct series *p = &s->put, *u = &s->unpack;
    size_t w = p->warmup;

    at = put_numbers(at, p->ns + w, 0, p->kept, columns[PUT]);
    at = put_numbers(at, u->ns + w, 0, u->kept, columns[UNPACK]);
    at = put_numbers(at, p->start + w, zero, p->kept, columns[PUT_START]);
    at = put_numbers(at, u->start + w, zero, u->kept, columns[UNPACK_START]);
    at = put_numbers(at, p->ns, 0, w, columns[WARMUP_PUT]);
    put_numbers(at, u->ns, 0, w, columns[WARMUP_UNPACK]);
}

/* This client's row, allocated. */
static void *pack_client(const struct collection *c,
                         const size_t columns[SPANS], size_t bytes)
{
    const struct load *l = c->load;
    const struct samples *s = &l->samples;
    struct client_row *row = mem_new(1, bytes);

    row->connect_time = tick_seconds(s->connect_ns);
    row->loop_time = tick_seconds(samples_loop(s));
    row->main_time = tick_seconds(samples_main(s));
    row->between_time = tick_seconds(samples_between(s));
    row->start_skew = l->agreed ? tick_seconds(l->start_skew) : NAN;
    row->cpu_time = l->usage.cpu_time;
    row->ops = s->put.count + s->unpack.count;
    row->stride =
        s->put.stride > s->unpack.stride ? s->put.stride : s->unpack.stride;
    row->voluntary = l->usage.voluntary_switches;
    row->involuntary = l->usage.involuntary_switches;
    row->peak_memory = l->usage.peak_memory;
    row->send_buffer = l->buffers[0];
    row->receive_buffer = l->buffers[1];
    row->numa = c->attributes->numa;
    memcpy(row->cpus, c->attributes->cpus, sizeof row->cpus);
    memcpy(row->address, c->attributes->address, sizeof c->attributes->address);
    pack_spans((double *)(void *)(row + 1), s, c->zero, columns);
    return row;
}

/* Where rank 0 puts rows. */
struct target {
    struct sinks *sinks; /* NULL: nowhere */
    const struct placement *pl;
    const size_t *columns;
    size_t row_bytes;
    size_t warmup;
    int64_t *shard_clients; /* [nshards], by the placement */
    int64_t *shard_ops;     /* [nshards], as their rows come */
    bool agree;             /* so far, with what the servers counted */
};

static const struct client_row *row_at(const struct target *x, const void *rows,
                                       int k)
{
    return (const struct client_row *)(const void *)((const char *)rows +
                                                     (size_t)k * x->row_bytes);
}

/* Rows that have nowhere to go are dropped. */
static int write_rows(const struct target *x, const struct sink_array *a,
                      int first, int n, const void *data, struct error *err)
{
    if (!x->sinks)
        return 0;
    return sinks_write(x->sinks, a, (size_t)first, (size_t)n, data, err);
}

static int take_spans(const struct target *x, int first, int n,
                      const void *rows, double *room, struct error *err)
{
    size_t offset = 0;

    for (int a = 0; a < SPANS; a++) {
        size_t columns = x->columns[a];

        for (int k = 0; k < n; k++)
            memcpy(room + (size_t)k * columns,
                   (const double *)(const void *)(row_at(x, rows, k) + 1) +
                       offset,
                   columns * sizeof(double));
        if (write_rows(x, &span_arrays[a], first, n, room, err) < 0)
            return -1;
        offset += columns;
    }
    return 0;
}

static int take_reals(const struct target *x, int first, int n,
                      const void *rows, double *room, struct error *err)
{
    for (int a = 0; a < REALS; a++) {
        for (int k = 0; k < n; k++) {
            const struct client_row *row = row_at(x, rows, k);
            const double values[REALS] = {row->connect_time, row->loop_time,
                                          row->main_time,    row->between_time,
                                          row->start_skew,   row->cpu_time};

            room[k] = values[a];
        }
        if (write_rows(x, &real_arrays[a], first, n, room, err) < 0)
            return -1;
    }
    return 0;
}

static int take_ints(const struct target *x, int first, int n, const void *rows,
                     int64_t *room, struct error *err)
{
    for (int a = 0; a < INTS; a++) {
        for (int k = 0; k < n; k++) {
            const struct client_row *row = row_at(x, rows, k);
            const int64_t values[INTS] = {row->ops,           row->stride,
                                          row->voluntary,     row->involuntary,
                                          row->peak_memory,   row->send_buffer,
                                          row->receive_buffer};

            room[k] = values[a];
        }
        if (write_rows(x, &int_arrays[a], first, n, room, err) < 0)
            return -1;
    }
    return 0;
}

static int take_whereabouts(const struct target *x, int first, int n,
                            const void *rows, int64_t *room, struct error *err)
{
    for (int k = 0; k < n; k++)
        room[k] = place_client_rank(x->pl, first + k);
    if (write_rows(x, &array_rank, first, n, room, err) < 0)
        return -1;
    for (int k = 0; k < n; k++)
        room[k] = place_client_node(x->pl, first + k);
    if (write_rows(x, &array_node, first, n, room, err) < 0)
        return -1;
    for (int k = 0; k < n; k++)
        room[k] = place_client_shard(x->pl, first + k);
    if (write_rows(x, &array_shard, first, n, room, err) < 0)
        return -1;
    for (int k = 0; k < n; k++)
        room[k] = row_at(x, rows, k)->numa;
    return write_rows(x, &array_numa, first, n, room, err);
}

static int take_texts(const struct target *x, int first, int n,
                      const void *rows, const char **room, struct error *err)
{
    for (int k = 0; k < n; k++)
        room[k] = row_at(x, rows, k)->cpus;
    if (write_rows(x, &array_cpus, first, n, room, err) < 0)
        return -1;
    for (int k = 0; k < n; k++)
        room[k] = row_at(x, rows, k)->address;
    return write_rows(x, &array_address, first, n, room, err);
}

/* What the clients did to each shard. */
static void count_ops(struct target *x, int first, int n, const void *rows)
{
    for (int k = 0; k < n; k++)
        x->shard_ops[place_client_shard(x->pl, first + k)] +=
            row_at(x, rows, k)->ops + 2 * (int64_t)x->warmup;
}

static int take_clients(void *arg, int first, int n, const void *rows,
                        struct error *err)
{
    struct target *x = arg;
    size_t widest = x->columns[PUT] > x->columns[WARMUP_PUT]
                        ? x->columns[PUT]
                        : x->columns[WARMUP_PUT];
    void *room = malloc((size_t)n * (widest ? widest : 1) * sizeof(double));
    int rc;

    if (!room)
        return error_set(err, "not enough memory to write %d clients", n);
    count_ops(x, first, n, rows);
    rc = take_spans(x, first, n, rows, room, err);
    if (rc == 0)
        rc = take_reals(x, first, n, rows, room, err);
    if (rc == 0)
        rc = take_ints(x, first, n, rows, room, err);
    if (rc == 0)
        rc = take_whereabouts(x, first, n, rows, room, err);
    if (rc == 0)
        rc = take_texts(x, first, n, rows, room, err);
    free(room);
    return rc;
}

static int client_sender(const void *pl, int k)
{
    return place_client_rank(pl, k);
}

static int collect_clients(const struct team *t, struct target *x,
                           const struct collection *c, struct error *err)
{
    struct gather g = {.senders = x->pl->nclients,
                       .self = c->load ? c->load->number : -1,
                       .sender = client_sender,
                       .ctx = x->pl,
                       .row_bytes = x->row_bytes,
                       .take = take_clients,
                       .arg = x};
    void *mine = c->load ? pack_client(c, x->columns, x->row_bytes) : NULL;
    int rc = team_gather(t, &g, mine, err);

    free(mine);
    return rc;
}

/* ---- shards ---- */

struct shard_row {
    struct shard_work work;
    int64_t numa;
    char cpus[SRB_CPU_LIST_MAX];
};

#define PER_SHARD(name, type, unit, words)                                     \
    {                                                                          \
        name, type, unit, words, SINK_SHARD, SINK_NO_DIM                       \
    }
static const struct sink_array shard_address =
    PER_SHARD("shard_address", FIELD_TEXT, "", "where it listens");
enum {
    SHARD_CLIENTS,
    SHARD_OPS,
    SHARD_COMMANDS,
    SHARD_BYTES,
    SHARD_PEAK,
    SHARD_VOLUNTARY,
    SHARD_INVOLUNTARY,
    SHARD_NUMA,
    SHARD_INTS
};
static const struct sink_array shard_ints[SHARD_INTS] = {
    [SHARD_CLIENTS] =
        PER_SHARD("shard_clients", FIELD_INT, "", "clients whose key it owns"),
    [SHARD_OPS] = PER_SHARD("shard_ops", FIELD_INT, "",
                            "puts and gets of warm-up and loop, by the "
                            "clients' count"),
    [SHARD_COMMANDS] = PER_SHARD("shard_commands", FIELD_INT, "",
                                 "puts and gets of warm-up and loop, by the "
                                 "server's own count"),
    [SHARD_BYTES] = PER_SHARD("shard_bytes", FIELD_INT, "B",
                              "read and written on its sockets, by the "
                              "server's own count"),
    [SHARD_PEAK] = PER_SHARD("shard_peak_memory", FIELD_INT, "B",
                             "resident at most during warm-up and loop"),
    [SHARD_VOLUNTARY] = PER_SHARD("shard_voluntary_switches", FIELD_INT, "",
                                  "context switches of warm-up and loop: it "
                                  "waited"),
    [SHARD_INVOLUNTARY] = PER_SHARD("shard_involuntary_switches", FIELD_INT, "",
                                    "context switches of warm-up and loop: it "
                                    "was preempted"),
    [SHARD_NUMA] = PER_SHARD("shard_numa", FIELD_INT, "",
                             "NUMA domain that holds its CPUs, -1: none "
                             "alone"),
};
static const struct sink_array shard_cpu_time =
    PER_SHARD("shard_cpu_time", FIELD_REAL, "s",
              "CPU time of the server during warm-up and loop");
static const struct sink_array shard_cpus =
    PER_SHARD("shard_cpus", FIELD_TEXT, "", "CPUs it was allowed");

static int take_shard_ints(const struct target *x, int first, int n,
                           const struct shard_row *rows, int64_t *room,
                           struct error *err)
{
    for (int a = 0; a < SHARD_INTS; a++) {
        for (int k = 0; k < n; k++) {
            const struct shard_work *w = &rows[k].work;
            const int64_t values[SHARD_INTS] = {x->shard_clients[first + k],
                                                x->shard_ops[first + k],
                                                w->commands,
                                                w->bytes,
                                                w->watched.peak_memory,
                                                w->watched.voluntary_switches,
                                                w->watched.involuntary_switches,
                                                rows[k].numa};

            room[k] = values[a];
        }
        if (write_rows(x, &shard_ints[a], first, n, room, err) < 0)
            return -1;
    }
    return 0;
}

static int take_shard_numbers(struct target *x, int first, int n,
                              const struct shard_row *rows, struct error *err)
{
    int64_t *ints = mem_new((size_t)n, sizeof *ints);
    double *reals = mem_new((size_t)n, sizeof *reals);
    int rc;

    for (int k = 0; k < n; k++) {
        int64_t counted = rows[k].work.commands;

        reals[k] = rows[k].work.watched.cpu_time;
        if (counted >= 0 && counted != x->shard_ops[first + k])
            x->agree = false;
    }
    rc = write_rows(x, &shard_cpu_time, first, n, reals, err);
    if (rc == 0)
        rc = take_shard_ints(x, first, n, rows, ints, err);
    free(ints);
    free(reals);
    return rc;
}

static int take_shard_texts(const struct target *x, int first, int n,
                            const struct shard_row *rows, struct error *err)
{
    char(*addresses)[64] = calloc((size_t)n, sizeof *addresses);
    const char **texts = calloc((size_t)n, sizeof *texts);
    int rc = -1;

    if (!addresses || !texts) {
        error_set(err, "not enough memory to write %d shards", n);
        goto out;
    }
    for (int k = 0; k < n; k++) {
        const char *ip = place_shard_address(x->pl, first + k);

        snprintf(addresses[k], sizeof addresses[k],
                 strchr(ip, ':') ? "[%s]:%d" : "%s:%d", ip,
                 x->pl->shard_port[first + k]);
        texts[k] = addresses[k];
    }
    if (write_rows(x, &shard_address, first, n, texts, err) < 0)
        goto out;
    for (int k = 0; k < n; k++)
        texts[k] = rows[k].cpus;
    rc = write_rows(x, &shard_cpus, first, n, texts, err);
out:
    free(addresses);
    free(texts);
    return rc;
}

/* A sender's row holds all shards that it is the steward of. */
static int take_shards(void *arg, int first, int n, const void *rows,
                       struct error *err)
{
    struct target *x = arg;
    int each = place_steward_shards(x->pl);

    if (take_shard_numbers(x, first * each, n * each, rows, err) < 0)
        return -1;
    return take_shard_texts(x, first * each, n * each, rows, err);
}

static int shard_sender(const void *ctx, int k)
{
    const struct placement *pl = ctx;

    return place_shard_steward(pl, k * place_steward_shards(pl));
}

/* The number of this rank among those senders, -1 if it is none. */
static int shard_sender_of(const struct team *t, const struct placement *pl)
{
    int first = place_steward_shard(pl, t->rank);

    return first < 0 ? -1 : first / place_steward_shards(pl);
}

static int collect_shards(const struct team *t, struct target *x,
                          const struct db *db, const struct shard_work *work,
                          struct error *err)
{
    int each = place_steward_shards(x->pl);
    struct gather g = {.senders = place_stewards(x->pl),
                       .self = shard_sender_of(t, x->pl),
                       .sender = shard_sender,
                       .ctx = x->pl,
                       .row_bytes = (size_t)each * sizeof(struct shard_row),
                       .take = take_shards,
                       .arg = x};
    struct shard_row *mine = NULL;
    int rc;

    if (db) {
        mine = mem_new((size_t)each, sizeof *mine);
        for (int k = 0; k < each; k++) {
            mine[k].work = work[k];
            mine[k].numa = db_numa(db, k);
            snprintf(mine[k].cpus, sizeof mine[k].cpus, "%s", db_cpus(db, k));
        }
    }
    rc = team_gather(t, &g, mine, err);
    free(mine);
    return rc;
}

/* ---- both ---- */

void collect_shard_clients(const struct placement *pl, int64_t *clients)
{
    memset(clients, 0, (size_t)pl->nshards * sizeof *clients);
    for (int c = 0; c < pl->nclients; c++)
        clients[place_client_shard(pl, c)]++;
}

static int begin(struct target *x, const struct collection *c,
                 struct error *err)
{
    const size_t size[SINK_DIMS] = {[SINK_CLIENT] = (size_t)x->pl->nclients,
                                    [SINK_ITERATION] = c->kept,
                                    [SINK_WARMUP] = c->warmup,
                                    [SINK_SHARD] = (size_t)x->pl->nshards};

    x->shard_clients = mem_new((size_t)x->pl->nshards, sizeof(int64_t));
    x->shard_ops = mem_new((size_t)x->pl->nshards, sizeof(int64_t));
    collect_shard_clients(x->pl, x->shard_clients);
    return sinks_begin(x->sinks, c->index, size, err);
}

int collect(const struct team *t, const struct placement *pl,
            struct sinks *sinks, const struct collection *c, bool *agree,
            struct error *err)
{
    size_t columns[SPANS];
    struct target x = {.sinks = sinks,
                       .pl = pl,
                       .columns = columns,
                       .warmup = c->warmup,
                       .agree = true};
    struct error later;
    int rc = 0, shards_rc;

    span_columns(c->warmup, c->kept, columns);
    x.row_bytes = client_row_bytes(columns);
    if (t->rank == 0)
        rc = begin(&x, c, err);
    /* rows are received even when there is nowhere to put them: senders wait */
    if (rc < 0)
        x.sinks = NULL;
    if (collect_clients(t, &x, c, rc < 0 ? &later : err) < 0)
        rc = -1;
    shards_rc = collect_shards(t, &x, c->db, c->work, rc < 0 ? &later : err);
    free(x.shard_clients);
    free(x.shard_ops);
    *agree = x.agree;
    return rc < 0 ? -1 : shards_rc;
}
