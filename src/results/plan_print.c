#include "results/plan_print.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/output.h"
#include "base/text.h"
#include "base/units.h"
#include "client/client.h"
#include "plan/footprint.h"
#include "plan/step_time.h"
#include "results/report.h"
#include "servers/burden.h"

/* What a thread that serves reaches at best, so that a study takes at least so
 * long: somewhat beyond what was measured of any server. */
#define BEST_RATE 5e9       /* B/s */
#define BEST_COMMANDS 200e3 /* 1/s */
#define MANY_CLIENTS 256    /* of a shard: they measure their own queue */
#define MANY_BYTES 10e12    /* of a study */
#define SETUPS_SHOWN 40
#define TEXT 48

/* From the least to the most. */
struct range {
    int64_t least, most;
};

/* Permutations of one database set-up. */
struct part {
    size_t permutations;
    struct range client_nodes, clients, bytes;
    double moved, seconds;
    int busiest; /* clients of a shard, at most */
    char where[256], axes[256];
};

struct sum {
    const struct sweep *s;
    const struct machine *m;
    struct part *part; /* [setups] */
    size_t bad;        /* cannot be placed */
    int nodes, ranks;
    int64_t with_database, without; /* memory of a node, B */
    int64_t file;                   /* B */
    double moved, seconds;          /* moved: by loops that iterations end */
    bool counted, stepped; /* some loops are such; and their steps take time */
    int64_t pairs;
    size_t longest; /* value of tensor_bytes */
    /* of the load that was looked at last */
    struct permutation last;
    bool any;
    int busiest, most_kept; /* clients of a shard; that keep tensors there */
};

static void widen(struct range *r, int64_t value, bool first)
{
    if (first || value < r->least)
        r->least = value;
    if (first || value > r->most)
        r->most = value;
}

/* ---- what it takes ---- */

/* Memory of a node: its servers, and its clients. */
static void weigh_node(struct sum *x, const struct permutation *p,
                       const struct placement *pl, const int *clients,
                       const int *keepers, int node)
{
    const struct setting *sizes = options_get(x->s->options, OPT_TENSOR_BYTES);
    int64_t tensor = p->infers ? p->value[OPT_TENSOR_BYTES]->count
                               : sizes->values[x->longest].count;
    int64_t bytes = footprint_product(
        place_node_clients(pl, node),
        burden_client_bytes(p, tensor, burden_rows(pl, x->pairs)));
    int64_t model = burden_model_bytes(p, x->s->options, x->s->model_bytes);
    int first = place_node_shard(pl, node);

    for (int s = 0; first >= 0 && s < pl->shards_per_node; s++)
        bytes = footprint_sum(
            bytes, footprint_sum(
                       model, burden_server_bytes(p, clients[first + s],
                                                  keepers[first + s], tensor)));
    if (first >= 0 && bytes > x->with_database)
        x->with_database = bytes;
    if (first < 0 && bytes > x->without)
        x->without = bytes;
}

static void look_at_load(struct sum *x, const struct permutation *p,
                         const struct placement *pl)
{
    int *clients = burden_clients(p, pl), *keepers = burden_keepers(p, pl);

    for (int i = 0; i < pl->client_nodes; i++)
        weigh_node(x, p, pl, clients, keepers, pl->client_node[i]);
    for (int i = 0; i < pl->db_nodes && !pl->external; i++)
        weigh_node(x, p, pl, clients, keepers, pl->db_node[i]);
    x->busiest = x->most_kept = 0;
    for (int s = 0; s < pl->nshards; s++) {
        if (clients[s] > x->busiest)
            x->busiest = clients[s];
        if (keepers[s] > x->most_kept)
            x->most_kept = keepers[s];
    }
    free(clients);
    free(keepers);
}

/* Threads that serve a shard. */
static int threads_of(const struct permutation *p, const struct placement *pl)
{
    int node = engine_node_threads(
        burden_server(p), (int)permutation_count(p, OPT_DB_CPUS, 1),
        (int)permutation_count(p, OPT_DB_IO_THREADS, 1), pl->shards_per_node);

    return node > pl->shards_per_node ? node / pl->shards_per_node : 1;
}

/* The least that its timed loop takes: the busiest shard does all that its
 * clients ask, at the best rate there is. */
static double least_seconds(const struct sum *x, const struct permutation *p,
                            const struct placement *pl, double bytes)
{
    double commands = 2.0 * (double)x->pairs * x->most_kept *
                      (double)permutation_count(p, OPT_TENSORS, 1);
    double threads = threads_of(p, pl), steps = step_time_least(p);

    if (!options_one(x->s->options, OPT_UNTIL_INTERVAL)->is_auto &&
        p->repetition >= SRB_LEAST_REPETITIONS)
        return 0; /* it may be known by then */
    if (permutation_duration(p) > 0)
        return steps;
    return fmax(steps, fmax(commands * bytes / (BEST_RATE * threads),
                            commands / (BEST_COMMANDS * threads)));
}

static void add_part(struct sum *x, const struct permutation *p,
                     const struct placement *pl)
{
    struct part *part = &x->part[p->setup];
    int64_t bytes = p->value[OPT_TENSOR_BYTES]->count / 4 * 4;
    bool first = part->permutations++ == 0;

    if (first || pl->nclients > part->clients.most)
        report_where(pl, part->where, sizeof part->where);
    widen(&part->client_nodes, pl->client_nodes, first);
    widen(&part->clients, pl->nclients, first);
    widen(&part->bytes, p->value[OPT_TENSOR_BYTES]->count, first);
    if (x->busiest > part->busiest)
        part->busiest = x->busiest;
    if (permutation_duration(p) <= 0) {
        x->counted = true;
        x->stepped = x->stepped || step_time_least(p) > 0;
        part->moved += (double)x->pairs * (double)place_moves(pl) *
                       (double)bytes *
                       (double)permutation_count(p, OPT_TENSORS, 1);
    }
    part->seconds += least_seconds(x, p, pl, (double)bytes);
}

/* The values of the axes that shape the databases, where they vary. */
static void name_axes(const struct sum *x, const struct permutation *p)
{
    struct part *part = &x->part[p->setup];
    char word[SRB_WORD_MAX];

    for (int id = 0; id < OPT_COUNT; id++)
        if (option_table[id].setup && p->value[id] && id != OPT_CLIENT_NODES &&
            options_get(x->s->options, (enum option_id)id)->nvalues > 1)
            text_add(part->axes, sizeof part->axes, ", %s %s",
                     option_table[id].name,
                     sweep_word(x->s, (enum option_id)id, p->value[id], word,
                                sizeof word));
}

static void add(struct sum *x, const struct permutation *p)
{
    struct placement pl;
    int need;

    if (place_solve(x->m, p, &pl, NULL) < 0) {
        x->bad++;
        return;
    }
    if (!x->any || !burden_same(p, &x->last))
        look_at_load(x, p, &pl);
    x->last = *p;
    x->any = true;
    need = pl.client_nodes +
           (pl.experiment == EXPERIMENT_STANDARD && !pl.external ? pl.db_nodes
                                                                 : 0);
    x->nodes = need > x->nodes ? need : x->nodes;
    x->ranks = pl.clients_per_node > x->ranks ? pl.clients_per_node : x->ranks;
    x->file = footprint_sum(
        x->file, burden_file_bytes(p, pl.nclients, burden_rows(&pl, x->pairs)));
    if (x->part[p->setup].permutations == 0)
        name_axes(x, p);
    add_part(x, p, &pl);
    place_free(&pl);
}

static void add_up(struct sum *x)
{
    const struct setting *sizes = options_get(x->s->options, OPT_TENSOR_BYTES);

    for (size_t k = 0; k < sizes->nvalues; k++)
        if (sizes->values[k].count > sizes->values[x->longest].count)
            x->longest = k;
    for (size_t i = 0; i < x->s->count; i++) {
        struct permutation p;

        sweep_at(x->s, i, &p);
        add(x, &p);
    }
    for (size_t k = 0; k < x->s->setups; k++) {
        x->moved += x->part[k].moved;
        x->seconds += x->part[k].seconds;
    }
}

/* ---- in words ---- */

static char *bytes_text(double bytes, char *buf, size_t n)
{
    return units_print_bytes(bytes < 9e18 ? (int64_t)bytes : INT64_MAX, buf, n);
}

/* "1 KiB to 4 MiB", or the one. */
static char *sizes_text(const struct range *r, char *buf, size_t n)
{
    char least[TEXT], most[TEXT];

    snprintf(buf, n, "%s%s%s", units_print_bytes(r->least, least, sizeof least),
             r->least < r->most ? " to " : "",
             r->least < r->most ? units_print_bytes(r->most, most, sizeof most)
                                : "");
    return buf;
}

static void print_memory(const struct sum *x)
{
    char with[TEXT], without[TEXT];

    units_print_bytes(x->with_database, with, sizeof with);
    units_print_bytes(x->without, without, sizeof without);
    if (x->with_database > 0 && x->without > 0)
        printf("  memory   %s on a node with databases, %s on one with clients "
               "alone, at most\n",
               with, without);
    else
        printf("  memory   %s on a node, at most\n",
               x->with_database > 0 ? with : without);
}

/* How long a loop is that a time ends. */
static double loop_seconds(const struct sweep *s)
{
    const struct value *v = options_one(s->options, OPT_DURATION);

    return v->is_auto ? SRB_PROBE_SECONDS : v->seconds;
}

static void print_time(const struct sum *x)
{
    char time[TEXT], loop[TEXT], rate[TEXT];

    units_print_seconds(x->seconds, time, sizeof time);
    if (!x->counted)
        printf("  time     at least %s, with loops of %s\n", time,
               units_print_seconds(loop_seconds(x->s), loop, sizeof loop));
    else if (x->seconds > 0)
        printf("  time     at least %s, were %severy thread of a server to "
               "move %s and answer %.0f commands a second\n",
               time,
               x->stepped ? "steps to take their own time alone, and " : "",
               units_print_rate(BEST_RATE, rate, sizeof rate), BEST_COMMANDS);
}

static void print_sum(const struct sum *x)
{
    const struct sweep *s = x->s;
    char text[TEXT];

    if (s->options->tune)
        printf("a run of the search: ");
    printf("%zu permutation%s in %zu database set-up%s; ", s->count,
           text_plural((int64_t)s->count), s->setups,
           text_plural((int64_t)s->setups));
    if (x->bad < s->count)
        printf("they need %d node%s of at least %d rank%s, ", x->nodes,
               text_plural(x->nodes), x->ranks, text_plural(x->ranks));
    printf("there %s %d node%s (%d rank%s)\n", x->m->nnodes == 1 ? "is" : "are",
           x->m->nnodes, text_plural(x->m->nnodes), x->m->nranks,
           text_plural(x->m->nranks));
    if (x->bad == s->count)
        return;
    if (x->counted)
        printf("  moved    %s, put and got%s\n",
               bytes_text(x->moved, text, sizeof text),
               options_one(s->options, OPT_UNTIL_INTERVAL)->is_auto
                   ? ""
                   : ", at most");
    print_memory(x);
    print_time(x);
    printf("  results  %s\n", units_print_bytes(x->file, text, sizeof text));
}

static void print_part(const struct sum *x, size_t k)
{
    const struct part *part = &x->part[k];
    bool timed = part->moved <= 0;
    char size[2 * TEXT], moved[TEXT], clients[2 * TEXT] = "";

    if (part->clients.least < part->clients.most)
        snprintf(clients, sizeof clients, ", %lld to %lld clients",
                 (long long)part->clients.least, (long long)part->clients.most);
    printf("set-up %zu: %zu permutation%s%s%s, tensors of %s%s%s; %s\n", k,
           part->permutations, text_plural((int64_t)part->permutations),
           part->axes, clients, sizes_text(&part->bytes, size, sizeof size),
           timed ? "" : ", ",
           timed ? "" : bytes_text(part->moved, moved, sizeof moved),
           part->where);
}

static void print_parts(const struct sum *x)
{
    bool all = options_one(x->s->options, OPT_VERBOSE)->count != 0;
    size_t shown = 0, left = 0;

    for (size_t k = 0; k < x->s->setups; k++) {
        if (x->part[k].permutations == 0)
            continue;
        if (!all && shown >= SETUPS_SHOWN) {
            left++;
            continue;
        }
        print_part(x, k);
        shown++;
    }
    if (left)
        printf("... and %zu more set-up%s; --verbose has all\n", left,
               text_plural((int64_t)left));
}

static void print_permutations(const struct sum *x)
{
    for (size_t i = 0; i < x->s->count; i++) {
        char name[SRB_SESSION_MAX], where[256];
        struct permutation p;
        struct placement pl;

        sweep_at(x->s, i, &p);
        if (place_solve(x->m, &p, &pl, NULL) < 0)
            continue;
        place_session(&pl, x->s, &p, name);
        printf("%04zu  %s\n      %s; set-up %zu\n", p.index, name,
               report_where(&pl, where, sizeof where), p.setup);
        place_free(&pl);
    }
}

/* ---- out of all proportion ---- */

static void remark_on_clients(const struct sum *x)
{
    const struct part *worst = &x->part[0];

    for (size_t k = 1; k < x->s->setups; k++)
        if (x->part[k].busiest > worst->busiest)
            worst = &x->part[k];
    if (worst->busiest > MANY_CLIENTS)
        printf(
            "remark: up to %d clients share one shard (set-up %zu), and wait "
            "for each other most of the time: that measures their queue; "
            "more db_nodes or db_shards_per_node, or fewer clients, measure "
            "the databases\n",
            worst->busiest, (size_t)(worst - x->part));
}

static void remark_on_bytes(const struct sum *x)
{
    char moved[TEXT];

    if (x->moved > MANY_BYTES)
        printf("remark: %s are moved; medians are known as well with fewer "
               "iterations of the larger tensors, or with --duration, which "
               "gives every size the same time\n",
               bytes_text(x->moved, moved, sizeof moved));
}

static void remark_on_time(const struct sum *x)
{
    const struct value *wall = options_one(x->s->options, OPT_WALL_TIME);
    char time[TEXT], limit[TEXT];

    if (!wall->is_auto && x->seconds > wall->seconds)
        printf("remark: it takes at least %s, and wall_time is %s; what does "
               "not fit is left for --resume\n",
               units_print_seconds(x->seconds, time, sizeof time),
               units_print_seconds(wall->seconds, limit, sizeof limit));
}

int plan_print(const struct sweep *s, const struct machine *m)
{
    struct sum x = {.s = s, .m = m, .pairs = burden_pairs(s->options)};
    char notes[4096];

    x.part = mem_new(s->setups, sizeof *x.part);
    add_up(&x);
    print_sum(&x);
    printf("%s", sweep_notes(s, notes, sizeof notes));
    remark_on_clients(&x);
    remark_on_bytes(&x);
    remark_on_time(&x);
    print_parts(&x);
    if (options_one(s->options, OPT_VERBOSE)->count)
        print_permutations(&x);
    output_flush();
    free(x.part);
    if (x.bad)
        report_impossible(s, m, false);
    return x.bad ? -1 : 0;
}
