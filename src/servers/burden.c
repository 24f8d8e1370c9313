#include "servers/burden.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "client/client.h"
#include "plan/connections.h"
#include "plan/tensors_rules.h"

bool burden_same(const struct permutation *a, const struct permutation *b)
{
    static const enum option_id shape[] = {OPT_CLIENT_NODES,
                                           OPT_CLIENTS_PER_NODE,
                                           OPT_KEYS,
                                           OPT_CLIENT,
                                           OPT_COMMAND_SET,
                                           OPT_TENSORS,
                                           OPT_PIPELINED,
                                           OPT_HISTORY,
                                           OPT_RETIRE,
                                           OPT_EXPIRE_AFTER,
                                           OPT_RATE,
                                           OPT_COMPUTE,
                                           OPT_COMPUTE_KIND,
                                           OPT_PATTERN,
                                           OPT_MODEL_KEYS,
                                           OPT_READER_NODES,
                                           OPT_READERS_PER_NODE,
                                           OPT_CONTROL_BYTES,
                                           OPT_FAN};

    for (size_t k = 0; k < sizeof shape / sizeof shape[0]; k++)
        if (a->value[shape[k]] != b->value[shape[k]])
            return false;
    return a->setup == b->setup && a->experiment == b->experiment;
}

const struct engine *burden_server(const struct permutation *p)
{
    return engine_expected(permutation_text(p, OPT_DB_EXE));
}

int *burden_clients(const struct permutation *p, const struct placement *pl)
{
    const struct client_ops *ops = client_find(p->value[OPT_CLIENT]->text);
    int *clients = mem_new((size_t)pl->nshards + 1, sizeof *clients);
    bool stores = ops->serves || ops->own;

    if (stores && !pl->external)
        connections_count(pl, clients);
    return clients;
}

int *burden_keepers(const struct permutation *p, const struct placement *pl)
{
    const struct client_ops *ops = client_find(p->value[OPT_CLIENT]->text);
    int *keepers = mem_new((size_t)pl->nshards + 1, sizeof *keepers);
    bool stores = ops->serves || ops->own;

    for (int c = 0; c < pl->nclients && stores && !pl->external; c++)
        if (place_reader(pl, c) < 0)
            keepers[place_client_shard(pl, c)]++;
    return keepers;
}

static const struct footprint *memory_of(const struct permutation *p)
{
    const struct engine *engine = burden_server(p);

    return p->infers ||
                   strcmp(permutation_text(p, OPT_COMMAND_SET), "redisai") == 0
               ? &engine->memory_redisai
               : &engine->memory;
}

/* Tensors that are on their way at a time. */
static int64_t moving(const struct permutation *p)
{
    const struct tensors_rules r = tensors_rules_of(p);

    return r.pipelined ? (int64_t)r.n : 1;
}

/* To each reader of lists go all data sets that it has of the shard. */
static int64_t moving_to_reader(const struct permutation *p, int64_t readers,
                                int64_t writers)
{
    bool all = permutation_count(p, OPT_FAN, FAN_OWN) == FAN_ALL;

    if (!permutation_aggregates(p))
        return moving(p);
    return footprint_product((int64_t)tensors_rules_of(p).n,
                             all ? writers : (writers + readers - 1) / readers);
}

static bool is_copied(const struct permutation *p)
{
    return permutation_count(p, OPT_MODEL_KEYS, MODEL_KEYS_ALIGNED) ==
           MODEL_KEYS_COPIED;
}

/* Of what a client keeps: its tensor, and where models are run also what the
 * script makes of that, for which its input stands, and the output; with copied
 * keys each has another under way. */
static int64_t kept_tensors(const struct permutation *p, int64_t bytes)
{
    int64_t all = footprint_sum(footprint_product(bytes, p->scripted ? 2 : 1),
                                p->output_bytes);

    return footprint_product(all, is_copied(p) ? 2 : 1);
}

int64_t burden_server_bytes(const struct permutation *p, int64_t clients,
                            int64_t keepers, int64_t tensor)
{
    const struct footprint *memory = memory_of(p);
    int64_t bytes = kept_tensors(p, tensor);
    /* who has places has them all as long */
    bool places = burden_server(p)->client != NULL;
    int64_t keeping = footprint_sum(
        footprint_keeper(memory, keepers, bytes,
                         places ? tensors_places_by(p) : tensors_kept_by(p),
                         moving(p)),
        footprint_product(keepers, places ? 0 : tensors_control_by(p)));

    if (clients <= keepers || memory->eighths == 0 ||
        burden_server(p)->store) /* who reads there copies by himself */
        return keeping;
    return footprint_sum(
        keeping,
        footprint_keeper(memory, clients - keepers, bytes, 0,
                         moving_to_reader(p, clients - keepers, keepers)));
}

static struct footprint_steps steps_of(const struct permutation *p)
{
    const struct tensors_rules r = tensors_rules_of(p);

    return (struct footprint_steps){
        .computes = p->value[OPT_COMPUTE]->seconds > 0,
        .streams = p->value[OPT_COMPUTE_KIND]->count == COMPUTE_STREAM,
        .paced = p->value[OPT_RATE]->word != RATE_MAX,
        .phases =
            permutation_count(p, OPT_PATTERN, PATTERN_PAIR) == PATTERN_PHASES,
        .removes = tensors_removes(&r),
        .controls = r.control > 0,
        .runs = (p->infers ? 1 : 0) + (p->scripted ? 1 : 0)};
}

int64_t burden_model_bytes(const struct permutation *p, const struct options *o,
                           int64_t file)
{
    return p->infers ? footprint_product(
                           file, 3 + options_one(o, OPT_NUM_DEVICES)->count)
                     : 0;
}

/* What copies tensors from server to server does it through hiredis, whatever
 * the client. */
static const struct client_ops *client_of(const struct permutation *p)
{
    return is_copied(p) ? &client_hiredis
                        : client_find(p->value[OPT_CLIENT]->text);
}

/* Beside the two tensors that any client has another input with a place for an
 * output, as long as the longer of the two, and the two outputs that later ones
 * are held against. */
static int64_t inference_bytes(const struct permutation *p, int64_t longer)
{
    return p->infers ? footprint_sum(footprint_product(longer, 2),
                                     footprint_product(p->output_bytes, 2))
                     : 0;
}

/* A client copies one tensor at a time, however many are on their way; one
 * without a server has all that it keeps. */
int64_t burden_client_bytes(const struct permutation *p, int64_t tensor,
                            int64_t pairs)
{
    int64_t bytes = tensor > p->output_bytes ? tensor : p->output_bytes;
    const struct client_ops *ops = client_of(p);
    int64_t kept = ops->serves || ops->own ? 0 : tensors_kept_by(p) - 1;
    const struct footprint_steps steps = steps_of(p);

    return footprint_sum(footprint_sum(footprint_steps(&steps, pairs),
                                       inference_bytes(p, bytes)),
                         footprint_stepper(&ops->memory, bytes, pairs,
                                           (int64_t)tensors_rules_of(p).n, 1,
                                           kept));
}

int64_t burden_file_bytes(const struct permutation *p, int64_t clients,
                          int64_t pairs)
{
    const struct footprint_steps steps = steps_of(p);

    return footprint_sum(
        footprint_file(clients, pairs),
        footprint_product(clients, footprint_steps_file(&steps, pairs)));
}

int64_t burden_kept_bytes(const struct permutation *p, int64_t clients,
                          int64_t bytes)
{
    return footprint_sum(footprint_product(footprint_product(clients, bytes),
                                           tensors_kept_by(p)),
                         footprint_product(clients, tensors_control_by(p)));
}

/* A number and a unit as Redis has them (memtoull() in its util.c): k is 1000
 * and kb 1024, and so on. */
static int64_t memory_text(const char *text)
{
    static const struct {
        const char *unit;
        int64_t bytes;
    } units[] = {{"", 1},           {"b", 1},
                 {"k", 1000},       {"kb", 1024},
                 {"m", 1000000},    {"mb", INT64_C(1) << 20},
                 {"g", 1000000000}, {"gb", INT64_C(1) << 30}};
    char *end;
    int64_t number = strtoll(text, &end, 10);

    for (size_t k = 0; k < sizeof units / sizeof units[0]; k++)
        if (strcasecmp(end, units[k].unit) == 0)
            return footprint_product(number, units[k].bytes);
    return 0; /* the server will refuse it */
}

int64_t burden_maxmemory(const struct permutation *p)
{
    const struct value *args = p->value[OPT_DB_ARGS];

    for (size_t k = 0; args && k < args->npairs; k++)
        if (strcasecmp(args->pairs[k].name, "maxmemory") == 0 &&
            args->pairs[k].value)
            return memory_text(args->pairs[k].value);
    return 0;
}

int64_t burden_pairs(const struct options *o)
{
    int64_t warmup = options_one(o, OPT_WARMUP)->count;
    int64_t timed = options_one(o, OPT_MAX_SAMPLES)->count;
    int64_t counted = options_one(o, OPT_ITERATIONS)->count;

    if (options_idle(o, OPT_MAX_SAMPLES))
        return counted + warmup;
    return warmup + (options_idle(o, OPT_ITERATIONS) || timed > counted
                         ? timed
                         : counted);
}

/* Beside start and time of a get where it came from, its step, polls, delivery
 * and when it was visible: no more than two further pairs. */
#define ROWS_OF_GET 3

int64_t burden_rows(const struct placement *pl, int64_t pairs)
{
    int64_t most = 1;

    for (int r = 0; r < pl->nreaders; r++)
        if (place_read_by(pl, r).n > most)
            most = place_read_by(pl, r).n;
    return pl->exchange ? footprint_product(pairs, ROWS_OF_GET * most) : pairs;
}
