/* What is said of a permutation: its attributes, and its row of /summary. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "measure/tensor.h"
#include "results/record.h"

/* What the placement made of an option that leaves the choice to it; -1 where
 * it is not the placement's. */
static int64_t chosen(enum option_id id, const struct placement *pl)
{
    switch ((int)id) {
    case OPT_CLIENT_NODES:
        return pl->client_nodes - pl->reader_nodes;
    case OPT_READERS_PER_NODE:
        return pl->readers_per_node;
    case OPT_CLIENTS_PER_NODE:
        return pl->clients_per_node;
    case OPT_DB_NODES:
        return pl->db_nodes;
    default:
        return FIELD_NO_INT;
    }
}

/* What shapes databases that were found running, by their roster; -1 and NULL
 * for any other option. */
static int64_t found(enum option_id id, const struct placement *pl)
{
    switch ((int)id) {
    case OPT_DB_NODES:
        return pl->db_nodes;
    case OPT_DB_SHARDS_PER_NODE:
        return pl->shards_per_node;
    case OPT_DB_CLUSTER:
        return pl->cluster;
    case OPT_DB_CPUS:
        return pl->roster->db_cpus;
    case OPT_DB_IO_THREADS:
        return pl->roster->db_io_threads;
    default:
        return FIELD_NO_INT;
    }
}

static const char *found_text(enum option_id id, const struct roster *r)
{
    return id == OPT_DB_EXE    ? r->exe[0] ? r->exe : r->engine
           : id == OPT_DB_ARGS ? r->args
           : id == OPT_DB_ENV  ? r->env
                               : NULL;
}

static double number(enum option_type type, const struct value *v)
{
    if (!v || v->is_auto || v->word)
        return NAN;
    return type == OPTION_RATE      ? v->rate
           : type == OPTION_SECONDS ? v->seconds
           : type == OPTION_PERCENT ? v->share
                                    : (double)v->count;
}

static int64_t whole(enum option_id id, const struct value *v,
                     const struct placement *pl)
{
    if (v && !v->is_auto)
        return v->count;
    if (v)
        return pl ? chosen(id, pl) : FIELD_NO_INT;
    return pl && pl->roster ? found(id, pl) : FIELD_NO_INT;
}

/* What crosses hosts is TCP, though nobody may choose. */
static const char *words(enum option_id id, const struct value *v,
                         const struct placement *pl)
{
    const char *text =
        !v && pl && pl->roster ? found_text(id, pl->roster) : NULL;

    if (v || text)
        return v ? v->text : text;
    return id == OPT_TRANSPORT && (!pl || pl->experiment == EXPERIMENT_STANDARD)
               ? "tcp"
               : "";
}

static const char *unit_of(const struct option *d)
{
    return d->type == OPTION_BYTES     ? "B"
           : d->type == OPTION_SECONDS ? "s"
           : d->type == OPTION_RATE    ? "1/s"
                                       : "";
}

/* One option: its value, what was chosen for "auto", and for a
 * placement that has no such option -1 or "". */
static void add_option(struct fields *f, const struct option *d,
                       enum option_id id, const struct value *v,
                       const struct placement *pl)
{
    if (id == OPT_DB_PORT && v && v->is_auto) {
        fields_text(f, d->name, v->text); /* shard_address has what it was */
        return;
    }
    if (d->words) {
        fields_text(f, d->name, v ? v->text : "");
        fields_real(f, d->words_value, unit_of(d), number(d->type, v));
        return;
    }
    switch (d->type) {
    case OPTION_COUNT:
    case OPTION_BYTES:
    case OPTION_FLAG:
        fields_int(f, d->name, unit_of(d), whole(id, v, pl));
        break;
    case OPTION_SECONDS:
    case OPTION_RATE:
    case OPTION_PERCENT:
        fields_real(f, d->name, unit_of(d), number(d->type, v));
        break;
    default:
        fields_text(f, d->name, words(id, v, pl));
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
    text_join(buf, n, ", ", "%s %lld %s", of, (long long)x->clusters,
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
        else if (id == OPT_SEED && options_draw(study->sweep->options))
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
    if (p->infers)
        fields_real(f, "model_store_time", "s", o->model_store_seconds);
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
    fields_real(f, "clock_error", "s", o->summary.clock_error);
    fields_real(f, "clock_drift", "1", o->summary.clock_drift);
    fields_real(f, "start_skew", "s", o->summary.start_skew);
    fields_real(f, "shortest_loop", "s", o->summary.shortest_loop);
    fields_text(f, "interval_method",
                interval_method(&o->summary, text, sizeof text));
    fields_int(f, "verify_errors", "", o->summary.verify_errors);
    fields_text(f, "verify_error", o->wrong);
    fields_text(f, "expect", o->breached);
    add_options(f, study, p, pl);
}

/* What it is for in a search. */
static void add_tried(struct fields *f, const struct sweep_tried *t,
                      const struct outcome *o)
{
    bool ran = o->status == STATUS_COMPLETED || o->status == STATUS_FAILED;

    fields_text(f, "tune_step", t ? t->step : "");
    fields_int(f, "tune_round", "", t ? t->round : FIELD_NO_INT);
    fields_text(f, "tune_candidate", t ? t->candidate : "");
    fields_text(f, "tune_side", !t ? "" : t->base ? "base" : "candidate");
    fields_int(f, "tune_pair", "", t ? t->pair : FIELD_NO_INT);
    fields_int(f, "tune_proven", "",
               !t || !t->proof || !ran ? FIELD_NO_INT : !o->unproven);
}

void record_row(struct fields *f, const struct sweep *s,
                const struct permutation *p, const struct placement *pl,
                const struct outcome *o)
{
    char text[SRB_SESSION_MAX];

    fields_int(f, "index", "", (int64_t)p->index);
    fields_text(f, "status", record_status(o->status));
    place_session(pl, s, p, text);
    fields_text(f, "name", text);
    for (int id = 0; id < OPT_AXES; id++) {
        size_t at = f->n;

        add_option(f, &option_table[id], (enum option_id)id, p->value[id], pl);
        f->list[at].role = "axis"; /* its number beside it is none */
    }
    fields_int(f, "repetition", "", p->repetition);
    fields_int(f, "clients", "", pl->nclients);
    fields_int(f, "shards", "", pl->nshards);
    fields_int(f, "payload_bytes", "B",
               (int64_t)(tensor_count(p->value[OPT_TENSOR_BYTES]->count) *
                         sizeof(float)));
    fields_text(f, "rung",
                engine_rung(engine_expected(permutation_text(p, OPT_DB_EXE))));
    record_figures(f, o, FIGURE_WORK);
    fields_text(f, "interval_method",
                interval_method(&o->summary, text, sizeof text));
    record_figures(f, o, FIGURE_PRINTED | FIGURE_OF_PARTNER | FIGURE_VERIFIED);
    fields_text(f, "flags", record_flags(o, text, sizeof text));
    record_figures(f, o, FIGURE_BREACHES);
    fields_text(f, "error", o->error);
    if (s->made)
        add_tried(f, p->tried, o);
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
