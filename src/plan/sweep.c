#include "plan/sweep_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hostlist.h"
#include "base/mem.h"
#include "base/random.h"

/* One of the study's experiments, by its bit. */
static unsigned experiment_at(const struct options *o, size_t k)
{
    return experiment_bit(options_get(o, OPT_EXPERIMENT)->values[k].count);
}

static unsigned experiment_of(const struct permutation *p)
{
    return experiment_bit(p->value[OPT_EXPERIMENT]->count);
}

static bool has_option(const struct options *o, enum option_id id, unsigned e)
{
    return (options_placement(o, id) & e) != 0;
}

/* How many values option id takes within one experiment. */
static size_t extent(const struct options *o, enum option_id id, unsigned e)
{
    if (id == OPT_EXPERIMENT || id >= OPT_AXES || !has_option(o, id, e))
        return 1;
    /* to throughput a device is nothing but a word in the file */
    if (id == OPT_DEVICE && !(e & IN_INFERENCE))
        return 1;
    return options_get(o, id)->nvalues;
}

/* Permutations of one experiment, and how many of them share a set-up. */
static size_t count_within(const struct options *o, unsigned e,
                           size_t *per_setup)
{
    double total = 1;
    size_t n = 1, inner = 1;

    for (int id = 0; id < OPT_COUNT; id++) {
        size_t k = extent(o, (enum option_id)id, e);

        total *= (double)k;
        n *= k;
        if (!(option_table[id].setup & e))
            inner *= k;
    }
    total *= (double)options_one(o, OPT_REPETITIONS)->count;
    if (total > SRB_SWEEP_MAX)
        return SRB_SWEEP_MAX + 1;
    inner *= (size_t)options_one(o, OPT_REPETITIONS)->count;
    if (per_setup)
        *per_setup = inner;
    return n * (size_t)options_one(o, OPT_REPETITIONS)->count;
}

/* An option that no placement of the study has was given in vain. */
static int check_served(const struct options *o, struct error *err)
{
    for (int id = 0; id < OPT_COUNT; id++) {
        const struct option *d = &option_table[id];
        const struct setting *set = options_get(o, (enum option_id)id);
        char where[OPTIONS_WHERE_MAX];
        bool named, several;

        /* who serves does so for a study that may have more experiments */
        if (!set->given || (o->serve && (d->only & IN_STANDARD)) ||
            options_has_placement(o, options_placement(o, (enum option_id)id)))
            continue;
        /* a flag has the name in it, a place in a file has not */
        named = strncmp(set->origin, "--", 2) == 0;
        several = (d->only & (d->only - 1)) != 0;
        return error_set(err,
                         "%s: %s%sdoes nothing in this study: only %s %s it, "
                         "and %s not among the experiments",
                         set->origin, named ? "" : d->name, named ? "" : ": ",
                         options_where(d->only, where),
                         several ? "have" : "has",
                         several ? "these are" : "that is");
    }
    return 0;
}

/* What stands for the defaults of other patterns where clients write and read:
 * a reader cannot tell a new step from an old one under the same key. Data sets
 * go and come as SmartRedis has them, in one send. */
static void keep_steps(const struct options *o, struct permutation *p)
{
    static char all[] = "all", removed[] = "delete", yes[] = "true";
    static const struct value history = {.word = HISTORY_ALL, .text = all};
    static const struct value retire = {.count = RETIRE_DELETE,
                                        .text = removed};
    static const struct value pipelined = {.count = 1, .text = yes};

    if (!options_get(o, OPT_HISTORY)->given)
        p->value[OPT_HISTORY] = &history;
    if (!options_get(o, OPT_RETIRE)->given)
        p->value[OPT_RETIRE] = &retire;
    if (!options_get(o, OPT_PIPELINED)->given && permutation_aggregates(p))
        p->value[OPT_PIPELINED] = &pipelined;
}

bool permutation_describes(const struct permutation *p)
{
    return permutation_aggregates(p) &&
           strcmp(permutation_text(p, OPT_COMMAND_SET), "redisai") == 0;
}

/* Place i of the product of all axes. */
static void product_at(const struct sweep *s, size_t i, struct permutation *p)
{
    const struct options *o = s->options;
    size_t k = 0, setup = 0, per_setup = 1, n, rest = i;

    memset(p, 0, sizeof *p);
    for (;; k++) {
        n = count_within(o, experiment_at(o, k), &per_setup);
        if (rest < n)
            break;
        rest -= n;
        setup += n / per_setup;
    }
    p->index = i;
    p->value[OPT_EXPERIMENT] = &options_get(o, OPT_EXPERIMENT)->values[k];
    p->experiment = experiment_placement(p->value[OPT_EXPERIMENT]->count);
    p->infers = experiment_infers(p->value[OPT_EXPERIMENT]->count);
    p->setup = setup + rest / per_setup;
    n = (size_t)options_one(o, OPT_REPETITIONS)->count;
    p->repetition = (int)(rest % n);
    rest /= n;
    /* the last axis of the table turns fastest */
    for (int id = OPT_COUNT - 1; id >= 0; id--) {
        unsigned bit = experiment_of(p);
        size_t e = extent(o, (enum option_id)id, bit);

        if (!has_option(o, (enum option_id)id, bit) || id == OPT_EXPERIMENT)
            continue;
        p->value[id] = &options_get(o, (enum option_id)id)->values[rest % e];
        rest /= e;
    }
    p->scripted = p->infers && options_scripted(o);
    if (p->infers) {
        p->value[OPT_TENSOR_BYTES] = &s->input;
        p->output_bytes =
            options_shape(o, OPT_OUTPUT_SHAPE)->count * (int64_t)sizeof(float);
    }
    if (permutation_exchanges(p))
        keep_steps(o, p);
}

/* Which value of an axis it has; 0 where it has none of them. */
static size_t digit(const struct sweep *s, const struct permutation *p,
                    enum option_id axis)
{
    const struct setting *set = options_get(s->options, axis);

    for (size_t k = 0; k < set->nvalues; k++)
        if (p->value[axis] == &set->values[k])
            return k;
    return 0;
}

/* Whether it is of the server that lacks that axis, or its value of it, which
 * others have. */
static bool lacks(const struct sweep *s, const struct permutation *p,
                  const struct sweep_lack *lack)
{
    return lack->only == 0 && !lack->lists && p->value[OPT_DB_EXE] &&
           digit(s, p, OPT_DB_EXE) == lack->exe &&
           has_option(s->options, lack->axis, experiment_of(p)) &&
           (lack->word == 0 ||
            (p->value[lack->axis] && p->value[lack->axis]->word == lack->word));
}

/* How far its value of that axis is from the one that stands for it. */
static ptrdiff_t displaced(const struct sweep *s, const struct permutation *p,
                           const struct sweep_lack *lack)
{
    const struct setting *set = options_get(s->options, lack->axis);
    size_t mine = digit(s, p, lack->axis), k = 0;

    if (lack->word == 0)
        return (ptrdiff_t)mine;
    while (k < set->nvalues && set->values[k].word != lack->instead.word)
        k++;
    return k < set->nvalues ? (ptrdiff_t)mine - (ptrdiff_t)k : 0;
}

/* Whether its placement has no such server, or its pattern none. */
static bool left_out(const struct sweep *s, const struct permutation *p)
{
    for (size_t k = 0; k < s->nlacks; k++) {
        const struct sweep_lack *lack = &s->lacks[k];
        bool none = lack->lists
                        ? permutation_aggregates(p)
                        : lack->only && !(lack->only & experiment_of(p));

        if (none && p->value[OPT_DB_EXE] &&
            digit(s, p, OPT_DB_EXE) == lack->exe)
            return true;
    }
    return false;
}

/* ---- values that come to the same ---- */

/* As many whole elements as fit. */
static int64_t elements(const struct value *bytes)
{
    return bytes->count / (int64_t)sizeof(float);
}

static void find_like(struct sweep *s)
{
    const struct setting *set = options_get(s->options, OPT_TENSOR_BYTES);
    bool any = false;

    s->like = mem_new(set->nvalues, sizeof *s->like);
    for (size_t k = 0; k < set->nvalues; k++) {
        size_t first = 0;

        while (elements(&set->values[first]) != elements(&set->values[k]))
            first++;
        s->like[k] = (uint32_t)first;
        any = any || first < k;
    }
    if (any)
        return;
    free(s->like);
    s->like = NULL;
}

/* How many nodes `auto` is for db_nodes; 0: not known here. */
static size_t auto_nodes(const struct options *o)
{
    const struct setting *hosts = options_get(o, OPT_DB_HOSTS);
    size_t n = 0;

    if (hosts->values[0].is_auto)
        return 1;
    for (size_t k = 0; k < hosts->nvalues; k++) {
        struct hostlist list;

        if (hostlist_expand(&list, hosts->values[k].text, SRB_SWEEP_MAX, NULL) <
            0)
            return 0; /* refused elsewhere */
        n += list.n;
        hostlist_free(&list);
    }
    return n;
}

static bool is_one(const struct options *o, const struct value *nodes,
                   const struct value *shards)
{
    return shards->count == 1 &&
           (nodes->is_auto ? auto_nodes(o) == 1 : nodes->count == 1);
}

/* Databases that run already have no nodes of ours. */
static bool is_alone(const struct sweep *s, const struct permutation *p)
{
    return p->value[OPT_DB_NODES] ? is_one(s->options, p->value[OPT_DB_NODES],
                                           p->value[OPT_DB_SHARDS_PER_NODE])
                                  : s->found == 1;
}

static bool has_one_shard(const struct sweep *s)
{
    const struct options *o = s->options;
    const struct setting *nodes = options_get(o, OPT_DB_NODES);
    const struct setting *shards = options_get(o, OPT_DB_SHARDS_PER_NODE);

    if ((options_get(o, OPT_DB_CLUSTER)->nvalues < 2 &&
         options_get(o, OPT_MODEL_KEYS)->nvalues < 2) ||
        !options_has_placement(o, options_placement(o, OPT_DB_CLUSTER)))
        return false;
    for (size_t n = 0; n < nodes->nvalues; n++)
        for (size_t k = 0; k < shards->nvalues; k++)
            if (is_one(o, &nodes->values[n], &shards->values[k]))
                return true;
    return false;
}

static const char nobody_reads[] = "no client reads what others write";

const struct sweep_alike sweep_alike[] = {
    {OPT_DB_CLUSTER, NULL},
    {OPT_MODEL_KEYS, NULL},
    {OPT_READERS_PER_NODE, nobody_reads},
    {OPT_READER_NODES, nobody_reads},
    {OPT_WAIT, nobody_reads},
    {OPT_CONTROL_BYTES, nobody_reads},
    {OPT_FAN, "a database has one reader, or none"},
    {OPT_PIPELINED, "a step has one tensor"},
    {OPT_HISTORY, "keys expire"},
    {OPT_RETIRE, "all steps stay"},
    {OPT_EXPIRE_AFTER, "keys do not expire"},
    {OPT_COMPUTE_KIND, "nothing is computed"},
    {OPT_ARRIVALS, "there is no rate"},
    {OPT_TENSOR_BYTES, NULL},
    {OPT_COUNT, NULL},
};

/* One reader of a colocated database has all of its writers either way. */
static bool reads_alone(const struct permutation *p)
{
    return p->experiment == EXPERIMENT_COLOCATED &&
           permutation_count(p, OPT_READERS_PER_NODE, 1) == 1;
}

/* Whether the axis says how something is done which the permutation does not
 * do. Where all steps stay, overwrite and delete do nothing, and where keys
 * expire, history says nothing. */
static bool is_idle(const struct permutation *p, enum option_id axis)
{
    const struct value *history = p->value[OPT_HISTORY];
    bool expires =
        permutation_count(p, OPT_RETIRE, RETIRE_OVERWRITE) == RETIRE_EXPIRE;

    if (axis >= OPT_READERS_PER_NODE && axis <= OPT_FAN)
        return !permutation_exchanges(p) || (axis == OPT_FAN && reads_alone(p));
    switch ((int)axis) {
    case OPT_COMPUTE_KIND:
        return p->value[OPT_COMPUTE]->seconds == 0;
    case OPT_ARRIVALS:
        return p->value[OPT_RATE]->word == RATE_MAX;
    case OPT_PIPELINED:
        return permutation_count(p, OPT_TENSORS, 1) == 1 &&
               !permutation_describes(p);
    case OPT_HISTORY:
        return expires;
    case OPT_EXPIRE_AFTER:
        return !expires;
    case OPT_RETIRE:
        return !expires && history && history->word == HISTORY_ALL;
    default:
        return false;
    }
}

/* How far its k-th value then is behind the first that comes to the same. */
static size_t behind_idle(const struct sweep *s, const struct permutation *p,
                          enum option_id axis, size_t k)
{
    const struct setting *set = options_get(s->options, axis);
    size_t first = 0;

    while (axis == OPT_RETIRE && first < k &&
           set->values[first].count == RETIRE_EXPIRE)
        first++;
    return is_idle(p, axis) ? k - first : 0;
}

/* How far the permutation's value of such an axis is behind the first that
 * comes to the same. */
static size_t behind(const struct sweep *s, const struct permutation *p,
                     enum option_id axis)
{
    size_t k = digit(s, p, axis);

    if (axis == OPT_TENSOR_BYTES)
        return s->like && !p->infers ? k - s->like[k] : 0;
    if (axis != OPT_DB_CLUSTER && axis != OPT_MODEL_KEYS)
        return behind_idle(s, p, axis, k);
    return k > 0 && s->one_shard && is_alone(s, p) ? k : 0;
}

/* Whether another permutation stands for this one, or none at all. */
static bool is_spare(const struct sweep *s, const struct permutation *p)
{
    for (const struct sweep_alike *a = sweep_alike; a->axis != OPT_COUNT; a++)
        if (behind(s, p, a->axis) > 0)
            return true;
    for (size_t k = 0; k < s->nlacks; k++)
        if (lacks(s, p, &s->lacks[k]) && displaced(s, p, &s->lacks[k]) != 0)
            return true;
    return left_out(s, p);
}

/* Number what is left of the product. */
static void number(struct sweep *s)
{
    size_t setup = 0;

    free(s->place);
    free(s->setup);
    s->place = mem_new(s->product, sizeof *s->place);
    s->setup = mem_new(s->product, sizeof *s->setup);
    s->count = s->setups = 0;
    for (size_t i = 0; i < s->product; i++) {
        struct permutation p;

        product_at(s, i, &p);
        if (is_spare(s, &p))
            continue;
        s->setups += s->count == 0 || p.setup != setup;
        setup = p.setup;
        s->place[s->count] = (uint32_t)i;
        s->setup[s->count++] = (uint32_t)s->setups - 1;
    }
}

/* As a value of tensor_bytes would be. */
static void find_input(struct sweep *s)
{
    int64_t bytes = options_shape(s->options, OPT_INPUT_SHAPE)->count *
                    (int64_t)sizeof(float);

    snprintf(s->input_text, sizeof s->input_text, "%" PRId64, bytes);
    s->input = (struct value){.count = bytes, .text = s->input_text};
}

/* Whether some permutations have one reader a colocated database. */
static bool may_read_alone(const struct options *o)
{
    return options_has_placement(o, IN_COLOCATED) &&
           (options_get(o, OPT_READERS_PER_NODE)->values[0].is_auto ||
            options_has(o, OPT_READERS_PER_NODE, 1));
}

bool sweep_has_idle(const struct options *o, enum option_id axis)
{
    const struct setting *compute = options_get(o, OPT_COMPUTE);

    if (options_get(o, axis)->nvalues < 2)
        return false;
    if (axis >= OPT_READERS_PER_NODE && axis <= OPT_FAN)
        return !options_only_exchanges(o) ||
               (axis == OPT_FAN && may_read_alone(o));
    if (axis == OPT_HISTORY)
        return options_retire(o, RETIRE_EXPIRE);
    if (axis == OPT_RETIRE)
        return options_keeps_all(o) && options_retire(o, RETIRE_OVERWRITE) &&
               options_retire(o, RETIRE_DELETE);
    if (axis == OPT_EXPIRE_AFTER)
        return options_retire(o, RETIRE_OVERWRITE) ||
               options_retire(o, RETIRE_DELETE);
    if (axis == OPT_ARRIVALS)
        return options_says(o, OPT_RATE, RATE_MAX);
    for (size_t k = 0; axis == OPT_COMPUTE_KIND && k < compute->nvalues; k++)
        if (compute->values[k].seconds == 0)
            return true;
    return axis == OPT_PIPELINED && options_has(o, OPT_TENSORS, 1);
}

int sweep_open(struct sweep *s, const struct options *o, struct error *err)
{
    size_t nexp = options_get(o, OPT_EXPERIMENT)->nvalues;
    bool idle = false;

    if (check_served(o, err) < 0)
        return -1;
    *s = (struct sweep){.options = o};
    find_input(s);
    for (size_t k = 0; k < nexp; k++) {
        size_t per_setup = 1;
        size_t n = count_within(o, experiment_at(o, k), &per_setup);

        s->count += n;
        if (s->count > SRB_SWEEP_MAX)
            return error_set(err,
                             "the product of all axes has more than %d "
                             "permutations; give fewer values",
                             SRB_SWEEP_MAX);
        s->setups += n / per_setup;
    }
    s->product = s->count;
    find_like(s);
    s->one_shard = has_one_shard(s);
    for (const struct sweep_alike *a = sweep_alike; a->axis != OPT_COUNT; a++)
        idle = idle || sweep_has_idle(o, a->axis);
    if (s->like || s->one_shard || idle)
        number(s);
    return 0;
}

void sweep_found(struct sweep *s, int nshards)
{
    s->found = nshards;
    if (nshards != 1 || options_get(s->options, OPT_MODEL_KEYS)->nvalues < 2)
        return;
    s->one_shard = true;
    number(s);
}

void sweep_collapse(struct sweep *s, struct sweep_lack *list, size_t n)
{
    s->lacks = list;
    s->nlacks = n;
    if (n > 0)
        number(s);
}

void sweep_close(struct sweep *s)
{
    free(s->lacks);
    free(s->like);
    free(s->place);
    free(s->setup);
    free(s->made);
    s->made = NULL;
    s->lacks = NULL;
    s->like = s->place = s->setup = NULL;
    s->nlacks = 0;
}

void sweep_load(const struct sweep *s, size_t load, struct permutation *p)
{
    product_at(s, s->place ? s->place[load] : load, p);
    p->index = load;
    if (s->place)
        p->setup = s->setup[load];
    for (size_t k = 0; k < s->nlacks; k++) {
        const struct value *instead = &s->lacks[k].instead;

        if (lacks(s, p, &s->lacks[k]))
            p->value[s->lacks[k].axis] = instead->text ? instead : NULL;
    }
}

void sweep_at(const struct sweep *s, size_t i, struct permutation *p)
{
    if (s->made)
        *p = s->made[i];
    else
        sweep_load(s, i, p);
}

void sweep_search(struct sweep *s, size_t room)
{
    s->made = mem_new(room, sizeof *s->made);
    s->loads = s->count;
    s->room = room;
    s->count = s->setups = 0;
}

size_t sweep_make(struct sweep *s, size_t load,
                  const struct value *const instead[OPT_COUNT], size_t setup,
                  const struct sweep_tried *tried)
{
    struct permutation *p = &s->made[s->count];

    sweep_load(s, load, p);
    for (int id = 0; id < OPT_COUNT; id++)
        if (instead[id])
            p->value[id] = instead[id];
    p->index = s->count;
    p->setup = setup;
    p->tried = tried;
    if (setup + 1 > s->setups)
        s->setups = setup + 1;
    return s->count++;
}

/* How far values of an axis are apart in the product. */
static size_t stride(const struct sweep *s, unsigned e, enum option_id axis)
{
    size_t n = (size_t)options_one(s->options, OPT_REPETITIONS)->count;

    for (int id = (int)axis + 1; id < OPT_COUNT; id++)
        if (has_option(s->options, (enum option_id)id, e))
            n *= extent(s->options, (enum option_id)id, e);
    return n;
}

static int compare_places(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

size_t sweep_sibling(const struct sweep *s, const struct permutation *p,
                     enum option_id axis, size_t k)
{
    size_t apart = stride(s, experiment_of(p), axis);
    const uint32_t *found;
    struct permutation q;
    uint32_t place;

    if (extent(s->options, axis, experiment_of(p)) == 1)
        return p->index;
    if (!s->place)
        return p->index + k * apart - digit(s, p, axis) * apart;
    /* its own value, whatever its server has instead */
    product_at(s, s->place[p->index], &q);
    product_at(s, q.index + k * apart - digit(s, &q, axis) * apart, &q);
    place = (uint32_t)q.index;
    for (size_t l = 0; l < s->nlacks; l++)
        if (lacks(s, &q, &s->lacks[l]))
            place -= (uint32_t)(displaced(s, &q, &s->lacks[l]) *
                                (ptrdiff_t)stride(s, experiment_of(&q),
                                                  s->lacks[l].axis));
    for (const struct sweep_alike *a = sweep_alike; a->axis != OPT_COUNT; a++)
        place -= (uint32_t)(behind(s, &q, a->axis) *
                            stride(s, experiment_of(&q), a->axis));
    found = bsearch(&place, s->place, s->count, sizeof place, compare_places);
    return found ? (size_t)(found - s->place) : p->index;
}

/* Fisher and Yates's. The remainder favours small numbers by n / 2^64. */
static void shuffle(uint32_t *list, size_t n, uint64_t *state)
{
    for (size_t i = n; i > 1; i--) {
        size_t k = (size_t)(random_next(state) % i);
        uint32_t other = list[k];

        list[k] = list[i - 1];
        list[i - 1] = other;
    }
}

void sweep_order(const struct sweep *s, enum order order, uint64_t seed,
                 uint32_t *positions)
{
    /* set-ups are runs of indices: first[k] … first[k + 1] - 1 */
    uint32_t *first, *setups;
    size_t setup = 0, at = 0;

    for (size_t i = 0; i < s->count; i++)
        positions[i] = (uint32_t)i;
    if (order == ORDER_PLAN)
        return;
    first = mem_new((s->setups + 1), sizeof *first);
    setups = mem_new(s->setups, sizeof *setups);
    for (size_t i = 0; i < s->count; i++) {
        struct permutation p;

        sweep_at(s, i, &p);
        if (i == 0 || p.setup != setup)
            first[p.setup] = (uint32_t)i;
        setup = p.setup;
    }
    first[s->setups] = (uint32_t)s->count;
    for (size_t k = 0; k < s->setups; k++)
        setups[k] = (uint32_t)k;
    shuffle(setups, s->setups, &seed);
    for (size_t k = 0; k < s->setups; k++) {
        uint32_t from = first[setups[k]], n = first[setups[k] + 1] - from;

        for (uint32_t i = 0; i < n; i++)
            positions[at + i] = from + i;
        shuffle(positions + at, n, &seed);
        at += n;
    }
    free(first);
    free(setups);
}

/* By what permutations are brought in turn, the weightiest first: where the
 * first of those that are compared stands, the repetition, whose turn it is. */
struct turn {
    uint32_t family, repetition;
    int64_t setup;
    uint32_t position, index;
};

static int compare_turns(const void *a, const void *b)
{
    const struct turn *x = a, *y = b;

    if (x->family != y->family)
        return x->family < y->family ? -1 : 1;
    if (x->repetition != y->repetition)
        return x->repetition < y->repetition ? -1 : 1;
    if (x->setup != y->setup)
        return x->setup < y->setup ? -1 : 1;
    return x->position < y->position ? -1 : 1;
}

/* The set-up of the server in the place of p. */
static size_t setup_beside(const struct sweep *s, const struct permutation *p,
                           size_t exe)
{
    struct permutation q;

    if (!p->value[OPT_DB_EXE])
        return p->setup;
    sweep_at(s, sweep_sibling(s, p, OPT_DB_EXE, exe), &q);
    return q.setup;
}

/* Where something first stands; *at is one more, 0 for not yet. */
static uint32_t first_place(uint32_t *at, size_t position)
{
    if (*at == 0)
        *at = (uint32_t)position + 1;
    return *at - 1;
}

void sweep_in_turn(const struct sweep *s, size_t exe, uint32_t *positions)
{
    struct turn *turns = mem_new(s->count, sizeof *turns);
    uint32_t *family = mem_new(s->setups, sizeof *family);
    uint32_t *setup = mem_new(s->setups, sizeof *setup);

    for (size_t k = 0; k < s->count; k++) {
        struct turn *t = &turns[k];
        struct permutation p;

        sweep_at(s, positions[k], &p);
        *t = (struct turn){
            .family = first_place(&family[setup_beside(s, &p, exe)], k),
            .repetition = (uint32_t)p.repetition,
            .setup = first_place(&setup[p.setup], k),
            .position = (uint32_t)k,
            .index = positions[k]};
        if (t->repetition % 2)
            t->setup = -t->setup;
    }
    qsort(turns, s->count, sizeof *turns, compare_turns);
    for (size_t k = 0; k < s->count; k++)
        positions[k] = turns[k].index;
    free(turns);
    free(family);
    free(setup);
}

/* The last `parts` parts of a path. */
static const char *last_parts(const char *path, int parts)
{
    const char *at = strchr(path, '\0');

    while (at > path && (at[-1] != '/' || --parts > 0))
        at--;
    return at;
}

/* How many of its last parts tell a value from the axis's others; one that is
 * there twice has no such number. */
static int telling_parts(const struct setting *set, const struct value *v)
{
    int parts = 1;

    for (size_t k = 0; k < set->nvalues; k++) {
        const char *other = set->values[k].text;

        if (strcmp(other, v->text) == 0)
            continue;
        while (strcmp(last_parts(v->text, parts), last_parts(other, parts)) ==
               0)
            parts++;
    }
    return parts;
}

char *sweep_word(const struct sweep *s, enum option_id axis,
                 const struct value *v, char *buf, size_t n)
{
    const struct setting *set = options_get(s->options, axis);
    const char *text;

    if (option_table[axis].type == OPTION_MAPS) {
        size_t k = 0;

        while (k + 1 < set->nvalues &&
               strcmp(set->values[k].text, v->text) != 0)
            k++;
        snprintf(buf, n, "%zu", k + 1);
        return buf;
    }
    text = last_parts(v->text, telling_parts(set, v));
    snprintf(buf, n, "%s", text + (*text == '/'));
    for (char *c = buf; *c; c++)
        if (*c == '/')
            *c = '-';
    return buf;
}

const char *sweep_experiment(const struct sweep *s, const struct value *v)
{
    static const char throughput[] = "throughput_";

    return options_infers(s->options) ? v->text : v->text + strlen(throughput);
}
