/* What is said of a permutation: its attributes, and its row of /summary, there
 * and back. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "measure/tensor.h"
#include "results/record.h"

/* What the placement made of an option that leaves the choice to it; -1 where
 * it is not the placement's. */
static int64_t chosen(enum option_id id, const struct placement *pl)
{
    switch ((int)id) {
    case OPT_CLIENT_NODES:
        return pl->client_nodes;
    case OPT_CLIENTS_PER_NODE:
        return pl->clients_per_node;
    case OPT_DB_NODES:
        return pl->db_nodes;
    default:
        return FIELD_NO_INT;
    }
}

/* What shapes databases that were found running, by their roster; false for any
 * other option. */
static bool add_found(struct fields *f, enum option_id id,
                      const struct placement *pl)
{
    const struct roster *r = pl->roster;
    const char *name = option_table[id].name;

    switch ((int)id) {
    case OPT_DB_EXE:
        fields_text(f, name, r->exe[0] ? r->exe : r->engine);
        return true;
    case OPT_DB_NODES:
        fields_int(f, name, "", pl->db_nodes);
        return true;
    case OPT_DB_SHARDS_PER_NODE:
        fields_int(f, name, "", pl->shards_per_node);
        return true;
    case OPT_DB_CLUSTER:
        fields_int(f, name, "", pl->cluster);
        return true;
    case OPT_DB_CPUS:
        fields_int(f, name, "", r->db_cpus);
        return true;
    case OPT_DB_IO_THREADS:
        fields_int(f, name, "", r->db_io_threads);
        return true;
    default:
        return false;
    }
}

/* One option as a fact: its value, what was chosen for "auto", and for a
 * placement that has no such option -1 or "". */
static void add_option(struct fields *f, const struct option *d,
                       enum option_id id, const struct value *v,
                       const struct placement *pl)
{
    if (!v && pl && pl->roster && add_found(f, id, pl))
        return;
    switch (d->type) {
    case OPTION_COUNT:
    case OPTION_BYTES:
        fields_int(f, d->name, d->unit ? d->unit : "",
                   !v           ? FIELD_NO_INT
                   : v->is_auto ? (pl ? chosen(id, pl) : FIELD_NO_INT)
                                : v->count);
        break;
    case OPTION_FLAG:
        fields_int(f, d->name, "", v ? v->count : FIELD_NO_INT);
        break;
    case OPTION_SECONDS:
        fields_real(f, d->name, "s", v && !v->is_auto ? v->seconds : NAN);
        break;
    case OPTION_PERCENT:
        fields_real(f, d->name, "", v && !v->is_auto ? v->share : NAN);
        break;
    default:
        /* what crosses hosts is TCP, though nobody may choose */
        fields_text(f, d->name, v ? v->text : id == OPT_TRANSPORT ? "tcp" : "");
    }
}

/* Options that were left to srbench, by what it chose. */
static const char *chosen_text(enum option_id id,
                               const struct study_attributes *study,
                               const struct placement *pl)
{
    switch ((int)id) {
    case OPT_EXP_NAME:
        return study->exp_name;
    case OPT_OUTPUT:
        return study->output;
    case OPT_NET_IFNAME:
        return pl->loopback   ? "lo"
               : pl->external ? (pl->roster ? pl->roster->interface : "")
                              : pl->machine->nodes[pl->db_node[0]].interface;
    default:
        return NULL;
    }
}

/* What the interval of a median rests on. */
static void add_clusters(char *buf, size_t n, const char *of,
                         const struct figures *x)
{
    size_t used = strlen(buf);

    snprintf(buf + used, n - used, "%s%s %lld %s", used ? ", " : "", of,
             (long long)x->clusters,
             x->by_clients ? "clients" : "blocks of iterations");
}

/* Which interval the medians of the summary have; "" for none. */
static char *interval_method(const struct summary *s, char *buf, size_t n)
{
    const struct figures *put = &s->put, *unpack = &s->unpack;
    char clusters[128] = "";

    buf[0] = '\0';
    if (put->clusters == 0 && unpack->clusters == 0)
        return buf;
    if (put->clusters == unpack->clusters &&
        put->by_clients == unpack->by_clients) {
        add_clusters(clusters, sizeof clusters, "over", put);
    } else {
        add_clusters(clusters, sizeof clusters, "put over", put);
        add_clusters(clusters, sizeof clusters, "unpack over", unpack);
    }
    snprintf(buf, n, "within this run: Woodruff, %s", clusters);
    return buf;
}

static void add_options(struct fields *f, const struct study_attributes *study,
                        const struct permutation *p, const struct placement *pl)
{
    for (int i = 0; i < OPT_COUNT; i++) {
        enum option_id id = (enum option_id)i;
        const char *text = chosen_text(id, study, pl);

        /* the former is that of a plan, never of a run; of the latter a
         * permutation says what it broke */
        if (id == OPT_MACHINE || id == OPT_EXPECT || id == OPT_ROLE ||
            id == OPT_LIFELINE)
            continue;
        if (text)
            fields_text(f, option_table[id].name, text);
        else if (id == OPT_SEED &&
                 options_one(study->sweep->options, OPT_ORDER)->count ==
                     ORDER_RANDOM)
            fields_int(f, option_table[id].name, "", (int64_t)study->seed);
        else
            add_option(f, &option_table[id], id, p->value[id], pl);
    }
}

void record_attributes(struct fields *f, const struct study_attributes *study,
                       const struct permutation *p, const struct placement *pl,
                       const struct outcome *o)
{
    char text[SRB_SESSION_MAX];
    int64_t bytes = p->value[OPT_TENSOR_BYTES]->count;

    place_session(pl, study->sweep, p, text);
    fields_text(f, "name", text);
    fields_text(f, "status", record_status(o->status));
    fields_text(f, "error", o->error);
    fields_int(f, "failed_rank", "", o->failed_rank);
    fields_int(f, "failed_ranks", "", o->failed_ranks);
    fields_text(f, "flags", record_flags(o, text, sizeof text));
    fields_text(f, "start_time", o->start_time);
    fields_text(f, "db_start_time", o->db_start_time);
    fields_real(f, "db_start_seconds", "s", o->db_start_seconds);
    fields_text(f, "server", o->server);
    fields_text(f, "db_config", o->db_config);
    fields_text(f, "network", place_network(pl));
    fields_int(f, "session", "", study->session);
    fields_int(f, "repetition", "", p->repetition);
    fields_int(f, "setup", "", (int64_t)p->setup);
    fields_int(f, "clients", "", pl->nclients);
    fields_int(f, "shards", "", pl->nshards);
    fields_int(f, "payload_bytes", "B",
               (int64_t)(tensor_count(bytes) * sizeof(float)));
    fields_int(f, "position", "", (int64_t)o->position);
    fields_int(f, "clock_domains", "", o->clock_domains);
    fields_real(f, "clock_error", "s", o->clock_error);
    fields_real(f, "clock_drift", "1", o->clock_drift);
    fields_real(f, "start_skew", "s", o->summary.start_skew);
    fields_real(f, "shortest_loop", "s", o->summary.shortest_loop);
    fields_text(f, "interval_method",
                interval_method(&o->summary, text, sizeof text));
    fields_int(f, "verify_errors", "", o->summary.verify_errors);
    fields_text(f, "verify_error", o->wrong);
    fields_text(f, "expect", o->breached);
    add_options(f, study, p, pl);
}

/* Columns of put_tensor and those of unpack_tensor. */
static void add_figures(struct fields *f, bool unpack, const struct figures *x)
{
    static const char *const names[2][7] = {
        {"put_tensor_median", "put_tensor_p95", "put_tensor_p99",
         "put_tensor_p99.9", "put_tensor_max", "put_tensor_median_low",
         "put_tensor_median_high"},
        {"unpack_tensor_median", "unpack_tensor_p95", "unpack_tensor_p99",
         "unpack_tensor_p99.9", "unpack_tensor_max", "unpack_tensor_median_low",
         "unpack_tensor_median_high"},
    };
    const double values[7] = {x->median, x->p95, x->p99, x->p999,
                              x->max,    x->low, x->high};

    for (int i = 0; i < 7; i++)
        fields_real(f, names[unpack][i], "s", values[i]);
}

static void add_rates(struct fields *f, const struct summary *x)
{
    fields_real(f, "window", "B/s", x->window);
    fields_real(f, "steady", "B/s", x->steady);
    fields_real(f, "put_window", "B/s", x->put_window);
    fields_real(f, "get_window", "B/s", x->get_window);
    fields_real(f, "put_service_rate", "B/s", x->put_service_rate);
    fields_real(f, "get_service_rate", "B/s", x->get_service_rate);
    fields_real(f, "sum_of_rank_rates", "B/s", x->sum_of_rank_rates);
    fields_real(f, "window_ops", "1/s", x->window_ops);
    fields_real(f, "steady_ops", "1/s", x->steady_ops);
    fields_real(f, "sum_of_rank_ops", "1/s", x->sum_of_rank_ops);
    fields_real(f, "client_cpu_share", "1", x->cpu_share);
}

/* One repetition says nothing about repetitions. */
static void add_across(struct fields *f, const char *const names[3],
                       const char *unit, const struct across *x, int n)
{
    fields_real(f, names[0], unit, n > 1 ? x->centre : NAN);
    fields_real(f, names[1], unit, x->low);
    fields_real(f, names[2], unit, x->high);
}

void record_repeated(struct fields *f, const struct repeated *x)
{
    static const char *const put[3] = {"put_tensor_repeated",
                                       "put_tensor_repeated_low",
                                       "put_tensor_repeated_high"};
    static const char *const unpack[3] = {"unpack_tensor_repeated",
                                          "unpack_tensor_repeated_low",
                                          "unpack_tensor_repeated_high"};
    static const char *const window[3] = {
        "window_repeated", "window_repeated_low", "window_repeated_high"};

    fields_int(f, "repetitions_done", "", x->n);
    add_across(f, put, "s", &x->put, x->n);
    add_across(f, unpack, "s", &x->unpack, x->n);
    add_across(f, window, "B/s", &x->window, x->n);
}

void record_of_floor(struct fields *f, const struct of_floor *x)
{
    fields_real(f, "put_tensor_of_floor", "1", x->put);
    fields_real(f, "unpack_tensor_of_floor", "1", x->unpack);
    fields_real(f, "window_of_floor", "1", x->window);
}

void record_breaches(struct fields *f, int64_t breaches)
{
    fields_int(f, "breaches", "", breaches);
}

void record_measured(struct fields *f, const struct outcome *o)
{
    add_figures(f, false, &o->summary.put);
    add_figures(f, true, &o->summary.unpack);
    add_rates(f, &o->summary);
}

void record_figures(struct fields *f, const struct outcome *o)
{
    record_measured(f, o);
    record_repeated(f, &o->repeated);
}

void record_row(struct fields *f, const struct sweep *s,
                const struct permutation *p, const struct placement *pl,
                const struct outcome *o)
{
    const struct summary *x = &o->summary;
    char text[SRB_SESSION_MAX];

    fields_int(f, "index", "", (int64_t)p->index);
    fields_text(f, "status", record_status(o->status));
    place_session(pl, s, p, text);
    fields_text(f, "name", text);
    for (int id = 0; id < OPT_COUNT; id++)
        if (option_table[id].axis)
            add_option(f, &option_table[id], (enum option_id)id, p->value[id],
                       pl);
    fields_int(f, "repetition", "", p->repetition);
    fields_int(f, "clients", "", pl->nclients);
    fields_int(f, "shards", "", pl->nshards);
    fields_int(f, "payload_bytes", "B",
               (int64_t)(tensor_count(p->value[OPT_TENSOR_BYTES]->count) *
                         sizeof(float)));
    fields_int(f, "ops", "", x->ops);
    fields_int(f, "bytes", "B", x->bytes);
    fields_text(f, "interval_method", interval_method(x, text, sizeof text));
    record_figures(f, o);
    record_of_floor(f, &o->of_floor);
    fields_int(f, "verify_errors", "", x->verify_errors);
    fields_text(f, "flags", record_flags(o, text, sizeof text));
    record_breaches(f, o->breaches);
    fields_text(f, "error", o->error);
}

/* Where an outcome has the numbers of these columns. */
#define AT(member) offsetof(struct outcome, member)
static const struct {
    const char *column;
    size_t at;
} recalled[] = {
    {"put_tensor_median", AT(summary.put.median)},
    {"put_tensor_p95", AT(summary.put.p95)},
    {"put_tensor_p99", AT(summary.put.p99)},
    {"put_tensor_p99.9", AT(summary.put.p999)},
    {"put_tensor_max", AT(summary.put.max)},
    {"put_tensor_median_low", AT(summary.put.low)},
    {"put_tensor_median_high", AT(summary.put.high)},
    {"unpack_tensor_median", AT(summary.unpack.median)},
    {"unpack_tensor_p95", AT(summary.unpack.p95)},
    {"unpack_tensor_p99", AT(summary.unpack.p99)},
    {"unpack_tensor_p99.9", AT(summary.unpack.p999)},
    {"unpack_tensor_max", AT(summary.unpack.max)},
    {"unpack_tensor_median_low", AT(summary.unpack.low)},
    {"unpack_tensor_median_high", AT(summary.unpack.high)},
    {"window", AT(summary.window)},
    {"steady", AT(summary.steady)},
    {"put_window", AT(summary.put_window)},
    {"get_window", AT(summary.get_window)},
    {"put_service_rate", AT(summary.put_service_rate)},
    {"get_service_rate", AT(summary.get_service_rate)},
    {"sum_of_rank_rates", AT(summary.sum_of_rank_rates)},
    {"window_ops", AT(summary.window_ops)},
    {"steady_ops", AT(summary.steady_ops)},
    {"sum_of_rank_ops", AT(summary.sum_of_rank_ops)},
    {"client_cpu_share", AT(summary.cpu_share)},
    {"put_tensor_repeated", AT(repeated.put.centre)},
    {"put_tensor_repeated_low", AT(repeated.put.low)},
    {"put_tensor_repeated_high", AT(repeated.put.high)},
    {"unpack_tensor_repeated", AT(repeated.unpack.centre)},
    {"unpack_tensor_repeated_low", AT(repeated.unpack.low)},
    {"unpack_tensor_repeated_high", AT(repeated.unpack.high)},
    {"window_repeated", AT(repeated.window.centre)},
    {"window_repeated_low", AT(repeated.window.low)},
    {"window_repeated_high", AT(repeated.window.high)},
};

static int64_t recalled_int(const struct fields *row, const char *column)
{
    const struct field *f = fields_find(row, column);

    return f ? f->integer : FIELD_NO_INT;
}

void record_recall(struct outcome *o, const struct fields *row)
{
    for (size_t i = 0; i < sizeof recalled / sizeof recalled[0]; i++) {
        const struct field *f = fields_find(row, recalled[i].column);

        if (f)
            memcpy((char *)o + recalled[i].at, &f->real, sizeof f->real);
    }
    o->summary.ops = recalled_int(row, "ops");
    o->summary.bytes = recalled_int(row, "bytes");
    o->summary.verify_errors = recalled_int(row, "verify_errors");
    o->repeated.n = (int)recalled_int(row, "repetitions_done");
}

void record_unknown(struct fields *row)
{
    for (size_t i = 0; i < row->n; i++) {
        struct field *f = &row->list[i];

        if (strcmp(f->name, "status") == 0)
            continue;
        f->integer = FIELD_NO_INT;
        f->real = NAN;
        if (f->text)
            f->text[0] = '\0';
    }
}
