#include "results/collect.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/tick.h"
#include "plan/connections.h"
#include "plan/model_keys.h"
#include "results/collect_readers.h"
#include "results/collect_spans.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* ---- columns ---- */

/* An array with one value a client or shard, and where their rows have it: a
 * double, an int64_t or a text in place. */
struct column {
    struct sink_array array;
    size_t at;
};

/* ---- clients ---- */

/* A client's row: this, then its spans (collect_spans.h). */
struct client_row {
    double connect_time, loop_time, main_time, between_time, start_skew;
    double compute_time, pace_time, step_cpu_time;
    double compute_alone, alone_before, alone_after, alone_waited;
    int64_t unsent;
    struct load_usage usage;
    int64_t ops, stride;
    int64_t send_buffer, receive_buffer;
    int64_t rank, node, shard;
    struct client_attributes where;
};

/* In the order of the file. */
#define CLIENT(name, type, member, unit, words)                                \
    {                                                                          \
        {name, type, unit, words, SINK_CLIENT, SINK_NO_DIM},                   \
            offsetof(struct client_row, member)                                \
    }
static const struct column client_columns[] = {
    CLIENT("connect_time", FIELD_REAL, connect_time, "s",
           "time to connect to the database"),
    CLIENT("loop_time", FIELD_REAL, loop_time, "s", "time of the timed loop"),
    CLIENT("main_time", FIELD_REAL, main_time, "s",
           "time from connecting to having disconnected"),
    CLIENT("between_time", FIELD_REAL, between_time, "s",
           "time of the loop outside the timed operations"),
    CLIENT("start_skew", FIELD_REAL, start_skew, "s",
           "start later than the agreed instant"),
    CLIENT("client_cpu_time", FIELD_REAL, usage.cpu_time, "s",
           "CPU time of the client in the timed loop"),
    CLIENT("client_user_time", FIELD_REAL, usage.user_time, "s",
           "of that, in its own code"),
    CLIENT("client_system_time", FIELD_REAL, usage.system_time, "s",
           "of that, in the kernel"),
    CLIENT("client_minor_faults", FIELD_INT, usage.minor_faults, "",
           "pages brought in during the timed loop"),
    CLIENT("client_major_faults", FIELD_INT, usage.major_faults, "",
           "of the timed loop, those that waited for a disk"),
    CLIENT("client_ops", FIELD_INT, ops, "",
           "timed puts and gets, also those whose timings are not kept"),
    CLIENT("client_stride", FIELD_INT, stride, "",
           "one of so many timings is kept"),
    CLIENT("client_voluntary_switches", FIELD_INT, usage.voluntary_switches, "",
           "context switches of the timed loop: it waited"),
    CLIENT("client_involuntary_switches", FIELD_INT, usage.involuntary_switches,
           "", "context switches of the timed loop: it was preempted"),
    CLIENT("client_peak_memory", FIELD_INT, usage.peak_memory, "B",
           "resident at most since the process began"),
    CLIENT("client_send_buffer", FIELD_INT, send_buffer, "B",
           "of its socket after the loop, as the kernel has it"),
    CLIENT("client_receive_buffer", FIELD_INT, receive_buffer, "B",
           "of its socket after the loop, as the kernel has it"),
    CLIENT("client_rank", FIELD_INT, rank, "", "rank in MPI_COMM_WORLD"),
    CLIENT("client_node", FIELD_INT, node, "", "index into /hosts"),
    CLIENT("client_shard", FIELD_INT, shard, "", "shard that owns its key"),
    CLIENT("client_numa", FIELD_INT, where.numa, "",
           "NUMA domain that holds its CPUs, -1: none alone"),
    CLIENT("client_cpus", FIELD_TEXT, where.cpus, "", "CPUs it was allowed"),
    CLIENT("client_address", FIELD_TEXT, where.address, "",
           "its end of the connection"),
};

/* Of studies with steps alone. */
static const struct column step_columns[] = {
    CLIENT("compute_time", FIELD_REAL, compute_time, "s",
           "time of the loop in which it computed"),
    CLIENT("pace_time", FIELD_REAL, pace_time, "s",
           "time of the loop in which it waited for steps to be due"),
    CLIENT("step_cpu_time", FIELD_REAL, step_cpu_time, "s",
           "CPU time of both, which client_cpu_time has as well"),
    CLIENT("client_compute_alone", FIELD_REAL, compute_alone, "s",
           "time of a step's computing while all computed and servers were "
           "idle, before and after the loop in the mean"),
    CLIENT("client_compute_alone_before", FIELD_REAL, alone_before, "s",
           "that time before the loop"),
    CLIENT("client_compute_alone_after", FIELD_REAL, alone_after, "s",
           "that time after the loop"),
    CLIENT("client_compute_alone_waited", FIELD_REAL, alone_waited, "1",
           "share of that in which others had its CPU; NaN of sleep"),
    CLIENT("client_unsent", FIELD_INT, unsent, "",
           "steps that were due and not begun when the time was over"),
};

static size_t client_row_bytes(const struct collection *c)
{
    size_t bytes = sizeof(struct client_row);

    for (int a = 0; a < SRB_SPANS; a++)
        bytes += spans_columns(c, a) * sizeof(double);
    return bytes;
}

/* This client's row, allocated. */
static void *pack_client(const struct collection *c, const struct placement *pl,
                         size_t bytes)
{
    const struct load *l = c->load;
    const struct samples *s = &l->samples;
    struct client_row *row = mem_new(1, bytes);

    row->connect_time = tick_seconds(s->connect_ns);
    row->loop_time = tick_seconds(samples_loop(s));
    row->main_time = tick_seconds(samples_main(s));
    row->between_time = tick_seconds(samples_between(s));
    row->start_skew = l->agreed ? tick_seconds(l->start_skew) : NAN;
    row->compute_time = tick_seconds(s->computed);
    row->pace_time = tick_seconds(s->paced);
    row->step_cpu_time = l->steps.cpu_time;
    row->compute_alone = row->alone_waited = NAN;
    row->alone_before = row->alone_after = NAN;
    if (l->rules.step.compute > 0) {
        row->compute_alone = steps_compute_alone(&l->steps, &row->alone_waited);
        row->alone_before = l->steps.alone[0];
        row->alone_after = l->steps.alone[1];
    }
    row->unsent = s->step[0].unsent + s->step[1].unsent;
    row->usage = l->usage;
    row->ops = s->put.count + s->unpack.count;
    row->stride =
        s->put.stride > s->unpack.stride ? s->put.stride : s->unpack.stride;
    row->send_buffer = l->buffers[0];
    row->receive_buffer = l->buffers[1];
    row->rank = place_client_rank(pl, l->number);
    row->node = place_client_node(pl, l->number);
    row->shard = place_client_shard(pl, l->number);
    row->where = *c->attributes;
    spans_pack(c, (double *)(void *)(row + 1));
    return row;
}

/* Where rank 0 puts rows. */
struct target {
    struct sinks *sinks; /* NULL: nowhere */
    const struct placement *pl;
    const struct collection *c;
    size_t row_bytes;
    size_t looks;           /* at a shard's memory */
    int64_t *shard_clients; /* [nshards], by the placement */
    int64_t *shard_ops;     /* [nshards], as their rows come */
    struct collected *all;  /* so far */
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

    for (int a = 0; a < SRB_SPANS; a++) {
        const struct sink_array array = spans_array(a);
        size_t columns = spans_columns(x->c, a);

        for (int k = 0; k < n; k++)
            memcpy(room + (size_t)k * columns,
                   (const double *)(const void *)(row_at(x, rows, k) + 1) +
                       offset,
                   columns * sizeof(double));
        if (columns > 0 && write_rows(x, &array, first, n, room, err) < 0)
            return -1;
        offset += columns;
    }
    return 0;
}

/* Columns of n rows that are row_bytes apart; room is for n cells. */
static int take_columns(const struct target *x, const struct column *columns,
                        size_t ncolumns, int first, int n, const void *rows,
                        size_t row_bytes, void *room, struct error *err)
{
    const char **texts = room;
    double *numbers = room; /* or int64_t, which are as wide */

    for (size_t c = 0; c < ncolumns; c++) {
        const char *at = (const char *)rows + columns[c].at;

        for (int k = 0; k < n; k++, at += row_bytes)
            if (columns[c].array.type == FIELD_TEXT)
                texts[k] = at;
            else
                memcpy(&numbers[k], at, sizeof numbers[k]);
        if (write_rows(x, &columns[c].array, first, n, room, err) < 0)
            return -1;
    }
    return 0;
}

/* What the clients did to each shard. */
static void count_ops(struct target *x, int first, int n, const void *rows)
{
    for (int k = 0; k < n; k++) {
        const struct client_row *row = row_at(x, rows, k);
        int64_t ops = row->ops + 2 * (int64_t)x->c->warmup;

        if (x->c->runs > 0)
            model_keys_count(x->pl, first + k, ops / 2, x->shard_ops);
        else
            x->shard_ops[row->shard] += ops * (int64_t)x->c->tensors->n;
    }
}

static int take_clients(void *arg, int first, int n, const void *rows,
                        struct error *err)
{
    struct target *x = arg;
    size_t widest = x->c->kept > x->c->warmup ? x->c->kept : x->c->warmup;
    void *room = malloc((size_t)n * (widest ? widest : 1) * sizeof(double));
    int rc;

    if (!room)
        return error_set(err, "not enough memory to write %d clients", n);
    count_ops(x, first, n, rows);
    rc = take_spans(x, first, n, rows, room, err);
    if (rc == 0)
        rc = take_columns(x, client_columns, COUNT(client_columns), first, n,
                          rows, x->row_bytes, room, err);
    if (rc == 0 && x->c->steps && x->c->kept > 0)
        rc = take_columns(x, step_columns, COUNT(step_columns), first, n, rows,
                          x->row_bytes, room, err);
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
    void *mine = c->load ? pack_client(c, x->pl, x->row_bytes) : NULL;
    int rc = team_gather(t, &g, mine, err);

    free(mine);
    return rc;
}

/* ---- shards ---- */

struct shard_row {
    struct shard_work work;
    int64_t clients, ops; /* known to rank 0 */
    int64_t numa;
    char address[64]; /* as clients and ops */
    char cpus[SRB_CPU_LIST_MAX];
};

/* In the order of the file. */
#define SHARD(name, type, member, unit, words)                                 \
    {                                                                          \
        {name, type, unit, words, SINK_SHARD, SINK_NO_DIM},                    \
            offsetof(struct shard_row, member)                                 \
    }
static const struct column shard_columns[] = {
    SHARD("shard_cpu_time", FIELD_REAL, work.watched.cpu_time, "s",
          "CPU time of the server during warm-up and loop"),
    SHARD("shard_user_time", FIELD_REAL, work.watched.user_time, "s",
          "of that, in its own code, in ticks of the kernel"),
    SHARD("shard_system_time", FIELD_REAL, work.watched.system_time, "s",
          "of that, in the kernel, in ticks of the kernel"),
    SHARD("shard_interval", FIELD_REAL, work.watched.interval, "s",
          "time between the two readings of its counters, around warm-up and "
          "loop"),
    SHARD("shard_busy", FIELD_REAL, work.watched.busy, "1",
          "share of that in which its busiest thread had a CPU or waited for "
          "one"),
    SHARD("shard_cpu_share", FIELD_REAL, work.watched.busy_cpu, "1",
          "share of that in which its busiest thread had a CPU"),
    SHARD("shard_scheduled", FIELD_INT, work.watched.scheduled, "",
          "1: both by the kernel's scheduler (schedstat); 0: it tells nothing, "
          "so by ticks of CPU time, without waiting for a CPU; -1: not known"),
    SHARD("shard_fault_share", FIELD_REAL, work.fault_share, "1",
          "share of that in which its busiest thread brought in pages"),
    SHARD("shard_minor_faults", FIELD_INT, work.watched.minor_faults, "",
          "pages brought in during warm-up and loop"),
    SHARD("shard_major_faults", FIELD_INT, work.watched.major_faults, "",
          "of warm-up and loop, those that waited for a disk"),
    SHARD("shard_clients", FIELD_INT, clients, "",
          "clients that connect to it: whose key "
          "it owns, or that read such"),
    SHARD(
        "shard_ops", FIELD_INT, ops, "",
        "tensors put and got in warm-up and loop, by the clients' count; with "
        "pattern: exchange counters told and asked for, too"),
    SHARD("shard_commands", FIELD_INT, work.commands, "",
          "tensors put and got in warm-up and loop, by the server's own "
          "count"),
    SHARD("shard_bytes", FIELD_INT, work.bytes, "B",
          "read and written on its sockets, by the server's own count; of "
          "a rank that serves, of tensors"),
    SHARD("shard_peak_memory", FIELD_INT, work.watched.peak_memory, "B",
          "resident at most during warm-up and loop"),
    SHARD("shard_voluntary_switches", FIELD_INT,
          work.watched.voluntary_switches, "",
          "context switches of warm-up and loop: it waited"),
    SHARD("shard_involuntary_switches", FIELD_INT,
          work.watched.involuntary_switches, "",
          "context switches of warm-up and loop: it was preempted"),
    SHARD("shard_numa", FIELD_INT, numa, "",
          "NUMA domain that holds its CPUs, -1: none alone"),
    SHARD("shard_address", FIELD_TEXT, address, "", "where it listens"),
    SHARD("shard_cpus", FIELD_TEXT, cpus, "", "CPUs it was allowed"),
};

/* Of steps that are more than one tensor under one key alone. */
static const struct column kept_columns[] = {
    SHARD("shard_memory_start", FIELD_INT, work.memory[0], "B",
          "in use before warm-up and loop, by the server's own word"),
    SHARD("shard_memory_end", FIELD_INT, work.memory[1], "B",
          "in use after the loop, by the server's own word"),
};

/* Where models are run alone. RedisAI books the time of a batch for each of its
 * requests, and does not tell how many runs these took. */
static const struct column run_columns[] = {
    SHARD("run_calls", FIELD_INT, work.run_calls, "",
          "requests to run the model that the server counts, warm-up and loop"),
    SHARD("run_time_sum", FIELD_REAL, work.run_time, "s",
          "time that it books for these: of a batch for each of its requests"),
};

/* Looks at their memory: numbers of each, one after the other. */
static const struct column look_columns[] = {
    {{"shard_resident", FIELD_REAL, "B",
      "resident by the kernel's word when it was looked at, during warm-up and "
      "loop",
      SINK_SHARD, SINK_LOOK},
     offsetof(struct shard_row, work.look_bytes)},
    {{"shard_resident_time", FIELD_REAL, "s",
      "when that was, since the loop's start, to within some ms", SINK_SHARD,
      SINK_LOOK},
     offsetof(struct shard_row, work.look_time)},
};

static int take_looks(const struct target *x, int first, int n,
                      const struct shard_row *rows, struct error *err)
{
    const size_t bytes = SRB_MEMORY_LOOKS * sizeof(double);
    char *room = mem_new((size_t)n, bytes);
    int rc = 0;

    for (size_t c = 0; c < COUNT(look_columns) && rc == 0; c++) {
        for (int k = 0; k < n; k++)
            memcpy(room + (size_t)k * bytes,
                   (const char *)&rows[k] + look_columns[c].at, bytes);
        rc = write_rows(x, &look_columns[c].array, first, n, room, err);
    }
    free(room);
    return rc;
}

/* What rank 0 knows of a shard beside what its steward says. */
static void complete(struct target *x, int shard, struct shard_row *row)
{
    const char *ip = place_shard_address(x->pl, shard);

    row->clients = x->shard_clients[shard];
    row->ops = x->shard_ops[shard];
    if (row->ops < 0)
        row->ops = FIELD_NO_INT;
    if (row->work.commands >= 0 && row->ops >= 0 &&
        row->work.commands != row->ops)
        x->all->agree = false;
    if (!isnan(row->work.watched.busy) &&
        !(row->work.watched.busy <= x->all->busiest.watched.busy))
        x->all->busiest = row->work;
    if (row->work.bytes < 0 || x->all->bytes < 0)
        x->all->bytes = -1;
    else
        x->all->bytes += row->work.bytes;
    if (row->work.memory[1] > x->all->memory[1])
        memcpy(x->all->memory, row->work.memory, sizeof x->all->memory);
    snprintf(row->address, sizeof row->address,
             strchr(ip, ':') ? "[%s]:%d" : "%s:%d", ip,
             x->pl->shard_port[shard]);
}

/* A sender's row holds all shards that it is the steward of, or the one that it
 * serves itself. */
static int row_shards(const struct placement *pl)
{
    return pl->ranks_serve ? 1 : place_steward_shards(pl);
}

static int take_shards(void *arg, int first, int n, const void *rows,
                       struct error *err)
{
    struct target *x = arg;
    int each = row_shards(x->pl), shards = n * each;
    struct shard_row *copy = mem_new((size_t)shards, sizeof *copy);
    void *room = mem_new((size_t)shards, sizeof(double));
    int rc;

    memcpy(copy, rows, (size_t)shards * sizeof *copy);
    for (int k = 0; k < shards; k++)
        complete(x, first * each + k, &copy[k]);
    rc = take_columns(x, shard_columns, COUNT(shard_columns), first * each,
                      shards, copy, sizeof *copy, room, err);
    if (rc == 0 && x->c->runs > 0)
        rc = take_columns(x, run_columns, COUNT(run_columns), first * each,
                          shards, copy, sizeof *copy, room, err);
    if (rc == 0 && !tensors_plain(x->c->tensors))
        rc = take_columns(x, kept_columns, COUNT(kept_columns), first * each,
                          shards, copy, sizeof *copy, room, err);
    if (rc == 0 && x->looks > 0)
        rc = take_looks(x, first * each, shards, copy, err);
    free(copy);
    free(room);
    return rc;
}

static int shard_sender(const void *ctx, int k)
{
    const struct placement *pl = ctx;

    return pl->ranks_serve
               ? place_server_rank(pl, k)
               : place_shard_steward(pl, k * place_steward_shards(pl));
}

/* The number of this rank among those senders, -1 if it is none. */
static int shard_sender_of(const struct team *t, const struct placement *pl)
{
    int first = place_steward_shard(pl, t->rank);

    if (pl->ranks_serve)
        return place_server(pl, t->rank);
    return first < 0 ? -1 : first / place_steward_shards(pl);
}

/* The row of this rank, NULL where it has none. */
static struct shard_row *pack_shards(const struct placement *pl,
                                     const struct collection *c)
{
    struct shard_row *rows;

    if (pl->ranks_serve ? !c->served : !c->db)
        return NULL;
    rows = mem_new((size_t)row_shards(pl), sizeof *rows);
    for (int k = 0; k < row_shards(pl); k++) {
        rows[k].work = pl->ranks_serve ? *c->served : c->work[k];
        for (int i = 0; i < SRB_MEMORY_LOOKS; i++)
            rows[k].work.look_time[i] -= c->lead;
        rows[k].numa = pl->ranks_serve ? c->serves_at->numa : db_numa(c->db, k);
        snprintf(rows[k].cpus, sizeof rows[k].cpus, "%s",
                 pl->ranks_serve ? c->serves_at->cpus : db_cpus(c->db, k));
    }
    return rows;
}

static int collect_shards(const struct team *t, struct target *x,
                          const struct collection *c, struct error *err)
{
    struct gather g = {
        .senders = x->pl->ranks_serve ? x->pl->nshards : place_stewards(x->pl),
        .self = shard_sender_of(t, x->pl),
        .sender = shard_sender,
        .ctx = x->pl,
        .row_bytes = (size_t)row_shards(x->pl) * sizeof(struct shard_row),
        .take = take_shards,
        .arg = x};
    struct shard_row *mine = pack_shards(x->pl, c);
    int rc = team_gather(t, &g, mine, err);

    free(mine);
    return rc;
}

/* ---- probes ---- */

#define PROBE(name, type, member, unit, words)                                 \
    {                                                                          \
        {"probes/" name, type, unit, words, SINK_PROBE, SINK_NO_DIM},          \
            offsetof(struct probe, member)                                     \
    }
static const struct column probe_columns[] = {
    PROBE("rate", FIELD_REAL, rate, "1/s",
          "steps a second that each client was offered; NaN: a closed loop"),
    PROBE("value", FIELD_REAL, value, "s", "the figure that sustain limits"),
    PROBE("offered_rate", FIELD_REAL, offered, "1/s",
          "steps of a client that were due, a second"),
    PROBE("achieved_rate", FIELD_REAL, achieved, "1/s",
          "steps of a client that were begun, a second"),
    PROBE("unsent", FIELD_INT, unsent, "",
          "steps that were due and not begun when the time was over"),
    PROBE("behind", FIELD_INT, behind, "", "1: less was achieved than offered"),
    PROBE("held", FIELD_INT, held, "",
          "1: the limit held, and the clients were not behind; -1: not asked"),
};

/* Rank 0's. */
static int write_probes(const struct target *x, const struct collection *c,
                        struct error *err)
{
    void *room = mem_new(c->nprobes, sizeof(double));
    int rc = c->nprobes == 0
                 ? 0
                 : take_columns(x, probe_columns, COUNT(probe_columns), 0,
                                (int)c->nprobes, c->probes, sizeof *c->probes,
                                room, err);

    free(room);
    return rc;
}

/* ---- both ---- */

/* How many clients connect to each shard. */
static void connect(struct target *x)
{
    int *clients = mem_new((size_t)x->pl->nshards, sizeof *clients);

    connections_count(x->pl, clients);
    for (int k = 0; k < x->pl->nshards; k++)
        x->shard_clients[k] = clients[k];
    free(clients);
}

static int begin(struct target *x, const struct collection *c,
                 struct error *err)
{
    const size_t size[SINK_DIMS] = {[SINK_CLIENT] = (size_t)x->pl->nclients,
                                    [SINK_ITERATION] = c->kept,
                                    [SINK_WARMUP] = c->warmup,
                                    [SINK_SHARD] = (size_t)x->pl->nshards,
                                    [SINK_PROBE] = c->nprobes,
                                    [SINK_LOOK] = x->looks,
                                    [SINK_READER] = (size_t)x->pl->nreaders,
                                    [SINK_GET] = x->pl->exchange ? c->kept : 0};

    x->shard_clients = mem_new((size_t)x->pl->nshards, sizeof(int64_t));
    x->shard_ops = mem_new((size_t)x->pl->nshards, sizeof(int64_t));
    if (x->pl->exchange)
        connect(x);
    for (int k = 0; k < x->pl->nclients && !x->pl->exchange; k++)
        x->shard_clients[place_client_shard(x->pl, k)]++;
    return sinks_begin(x->sinks, c->index, size, err) < 0
               ? -1
               : write_probes(x, c, err);
}

int collect(const struct team *t, const struct placement *pl,
            struct sinks *sinks, const struct collection *c,
            struct collected *out, struct error *err)
{
    struct target x = {.sinks = sinks,
                       .pl = pl,
                       .c = c,
                       .row_bytes = client_row_bytes(c),
                       .looks = tensors_plain(c->tensors) || pl->external
                                    ? 0
                                    : SRB_MEMORY_LOOKS,
                       .all = out};
    struct error later;
    int rc = 0, shards_rc;

    *out = (struct collected){
        true, {-1, -1}, 0, {.watched = procstat_unknown, .fault_share = NAN}};
    if (t->rank == 0)
        rc = begin(&x, c, err);
    /* rows are received even when there is nowhere to put them: senders wait */
    if (rc < 0)
        x.sinks = NULL;
    if (collect_clients(t, &x, c, rc < 0 ? &later : err) < 0)
        rc = -1;
    if (pl->exchange &&
        collect_readers(t, pl, x.sinks, c, rc < 0 ? &later : err) < 0)
        rc = -1;
    for (int k = 0; t->rank == 0 && c->requests && k < pl->nshards; k++)
        x.shard_ops[k] = c->requests[k];
    shards_rc = collect_shards(t, &x, c, rc < 0 ? &later : err);
    free(x.shard_clients);
    free(x.shard_ops);
    return rc < 0 ? -1 : shards_rc;
}
