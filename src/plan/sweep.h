/* sweep.h - index to permutation.
 *
 * The sweep is the product of all axes, those that shape the databases
 * outermost, `repetitions` innermost. An axis that a placement or a server does
 * not have collapses there: one permutation, no value. Values that come to the
 * same collapse to the first of them: sizes of as many whole elements,
 * db_cluster and model_keys where there is one shard, pipelined where a step
 * has one tensor, history where keys expire and expire_after where they do not,
 * overwrite and delete where all steps stay, compute_kind where nothing is
 * computed, arrivals where there is no rate, and what readers do where there
 * are none. Where models are run, tensor_bytes has one value, the size of
 * input_shape. Where clients write and read, history is all and retire is
 * delete unless they are given. All functions are local and pure.
 */
#ifndef SRB_SWEEP_H
#define SRB_SWEEP_H

#include "options/options.h"

#define SRB_SESSION_MAX 256
/* A server's name and version, "redis 7.0.15". */
#define SRB_SERVER_MAX 96

/* What a permutation of a search is for. */
struct sweep_tried {
    const char *step;      /* "screen", "confirm", "final" */
    int round;             /* from 1 */
    const char *candidate; /* its name; "": all that was taken over */
    int pair;              /* from 0 */
    bool base;             /* its side: the base's, or with the candidate */
    const char *proof;     /* a line that the server must have, or NULL; of the
                              candidate's side */
};

/* One point of the sweep: one value of every option; value[id] is NULL where
 * the placement or the server does not have the option. Values point into the
 * options, but for what a server has instead (sweep_lack). */
struct permutation {
    size_t index;
    enum experiment experiment; /* where databases are */
    bool infers;                /* models are run there */
    bool scripted;              /* behind a script */
    int64_t output_bytes;       /* what they give; 0: none are run */
    int repetition;             /* 0 … repetitions - 1 */
    size_t setup; /* number of its database set-up, counted from 0 */
    const struct value *value[OPT_COUNT];
    const struct sweep_tried *tried; /* in a search; else NULL */
};

/* An axis that a server does not have, or a value of it, or a placement. */
struct sweep_lack {
    size_t exe; /* the server, as a value of db_exe */
    enum option_id axis;
    int word; /* not 0: it lacks that word of it, which comes to `instead`, */
    const char *why; /* and has no such thing: "streams" */
    unsigned only; /* not 0: it is no axis that it lacks, but all placements but
                      this one (IN_STANDARD | …); there it is left out */
    bool lists;    /* it is lists that it lacks: it is left out of the pattern
                      aggregate */
    char server[SRB_SERVER_MAX]; /* its name and version */
    struct value instead; /* the one it has there, which nobody may choose; its
                             text, somebody else's, NULL: none */
};

struct sweep {
    const struct options *options;
    size_t count;   /* permutations */
    size_t setups;  /* database set-ups */
    size_t product; /* permutations before anything collapsed */
    uint32_t *like; /* of each value of tensor_bytes, the first that comes to
                       the same; NULL: all differ */
    bool one_shard; /* some differ in db_cluster or model_keys alone, and have
                       one shard */
    int found; /* shards of databases that run already; 0: none were asked */
    struct value input; /* where models are run, in place of tensor_bytes: the
                           tensor that a client puts */
    char input_text[24];
    int64_t model_bytes; /* of the longest file of a model; 0: none is known */
    /* of sweep_collapse() */
    struct sweep_lack *lacks;
    size_t nlacks;
    /* where something collapses */
    uint32_t *place; /* of each permutation, in the product of all axes */
    uint32_t *setup; /* and its set-up */
    /* of sweep_search() */
    struct permutation *made;
    size_t loads; /* permutations of the product */
    size_t room;  /* rows of the result file; 0: count */
};

/* Refuses a product beyond SRB_SWEEP_MAX and an option that was given but
 * serves none of the study's placements. Keeps a pointer to o; to be released
 * by sweep_close(). */
#define SRB_SWEEP_MAX 1000000
int sweep_open(struct sweep *s, const struct options *o, struct error *err);

/* The databases of another job are so many shards: of one, what differs in
 * model_keys alone is taken out. Once, before sweep_collapse(). */
void sweep_found(struct sweep *s, int nshards);

/* Take out what differs only in an axis that a server lacks; permutations and
 * set-ups are numbered anew. Once; the list, of malloc(), becomes the sweep's.
 * Dies when there is no memory. */
void sweep_collapse(struct sweep *s, struct sweep_lack *list, size_t n);

/* Begin a search: permutations are no longer the product of all axes, which are
 * its loads from now on, but made one after another. room: so many at most. */
void sweep_search(struct sweep *s, size_t room);

/* One of the loads. */
void sweep_load(const struct sweep *s, size_t load, struct permutation *p);

/* Make the next permutation: a load with other values of some options (NULL:
 * the load's own), on a database set-up of that number. Values and `tried` must
 * stay. Returns its index. */
size_t sweep_make(struct sweep *s, size_t load,
                  const struct value *const instead[OPT_COUNT], size_t setup,
                  const struct sweep_tried *tried);

void sweep_close(struct sweep *s);

/* Permutation i of 0 … count - 1. */
void sweep_at(const struct sweep *s, size_t i, struct permutation *p);

/* The order in which permutations run: order[position] = index, for count
 * positions. That of the plan; or a random one, which takes the database
 * set-ups in random order and within each its permutations (repetitions among
 * them), so that no set-up is started twice. The same seed gives the same order
 * on every machine. */
void sweep_order(const struct sweep *s, enum order order, uint64_t seed,
                 uint32_t *positions);

/* Change such an order so that what is compared with the server that is value
 * `exe` of db_exe runs beside it: repetition by repetition, its set-up and
 * those of the others in its place in turn, forth and back, so that what drifts
 * with time is not taken for a difference. Each set-up is started once a
 * repetition. All else stays in its order. */
void sweep_in_turn(const struct sweep *s, size_t exe, uint32_t *positions);

/* The index of the permutation that differs from p in one axis alone, which has
 * its value k there; and in what the server lacks, if the axis is db_exe. */
size_t sweep_sibling(const struct sweep *s, const struct permutation *p,
                     enum option_id axis, size_t k);

/* The permutation without its repetition: permutations with the same number
 * differ in nothing else. */
static inline size_t sweep_group(const struct sweep *s, size_t index)
{
    return index / (size_t)options_one(s->options, OPT_REPETITIONS)->count;
}

/* A value of an axis as one word of a name: a path by its last part, and by as
 * many of those before it, joined by hyphens, as tell it from the axis's other
 * values; a map by its position among them, from 1. Returns buf. */
#define SRB_WORD_MAX 256
char *sweep_word(const struct sweep *s, enum option_id axis,
                 const struct value *v, char *buf, size_t n);

/* An experiment as one says it beside the study's others: "standard", and in
 * full where not all of the study is throughput. */
const char *sweep_experiment(const struct sweep *s, const struct value *v);

/* The notes on axes that collapse, and on sizes that are rounded down, as one
 * text of lines ("" if none), e.g.
 * "db_nodes (2 values) collapses in throughput_colocated, which has no such
 * axis". Returns buf. */
char *sweep_notes(const struct sweep *s, char *buf, size_t n);

/* Value of an option that the permutation has; `none` or "" where it has not.
 */
static inline int64_t permutation_count(const struct permutation *p,
                                        enum option_id id, int64_t none)
{
    return p->value[id] ? p->value[id]->count : none;
}
static inline const char *permutation_text(const struct permutation *p,
                                           enum option_id id)
{
    return p->value[id] ? p->value[id]->text : "";
}
static inline bool permutation_auto(const struct permutation *p,
                                    enum option_id id)
{
    return p->value[id] && p->value[id]->is_auto;
}

/* Whether some of its clients write and the others read; and whether what they
 * write are data sets, whose names go to lists. */
static inline bool permutation_aggregates(const struct permutation *p)
{
    return p->value[OPT_PATTERN] &&
           p->value[OPT_PATTERN]->count == PATTERN_AGGREGATE;
}
static inline bool permutation_exchanges(const struct permutation *p)
{
    return permutation_aggregates(p) ||
           (p->value[OPT_PATTERN] &&
            p->value[OPT_PATTERN]->count == PATTERN_EXCHANGE);
}

/* Of one that aggregates: whether its data sets have a description of their own
 * beside their tensors, as RedisAI's clients have it. */
bool permutation_describes(const struct permutation *p);

/* Whether its rate is searched; whether its loop lasts a time instead of
 * iterations, and which (s; of a search that of a probe, 0: none). */
static inline bool permutation_searches(const struct permutation *p)
{
    return p->value[OPT_RATE]->word == RATE_SEARCH;
}
static inline double permutation_duration(const struct permutation *p)
{
    return !p->value[OPT_DURATION]->is_auto ? p->value[OPT_DURATION]->seconds
           : permutation_searches(p)        ? SRB_PROBE_SECONDS
                                            : 0;
}

#endif
