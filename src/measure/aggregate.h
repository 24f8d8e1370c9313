/* aggregate.h - data sets, and the lists by which readers learn of them.
 *
 * Like the pattern exchange (exchange.h), but what a writer puts in a step is a
 * data set: its tensors, with the command set redisai a description of them,
 * and then its name at the end of the step's list. Those whose data sets are
 * read together have one list, which lies beside the keys of the first of them:
 * its slot, its shard, its rights. A reader asks how long the list is until all
 * have come, gets it, and then all that is named in it, in its order:
 *
 *     writer   [ put, append ]              [ put, append ]    [ retire ]
 *     reader   [ poll . poll ] [ list ] [ descriptions ] [ get ][ get ][ get ]
 *
 * All descriptions are asked for in one send to a shard, and then all tensors,
 * of all shards at once; a get only awaits what of its data set is still to
 * come. So a list takes three round trips, however many it names.
 *
 * These are what SmartRedis has for it: HMSET and AI.TENSORSET in one send,
 * RPUSH; LLEN, LRANGE, HGETALL and AI.TENSORGET; or their like, SET and GET,
 * without description.
 *
 * poll_list is from the first poll until the list was seen to be whole, pauses
 * and all; get_list from LRANGE until the last of the list was got. Where older
 * steps are removed, a writer removes its data set, and the first also the
 * list; it tells how many steps it has put, by which readers know that a list
 * is gone instead of late. A data set that is not there though its list was is
 * gone as well; each counts as `missed`.
 */
#ifndef SRB_AGGREGATE_H
#define SRB_AGGREGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/client.h"
#include "measure/tensors.h"

struct exchange_source;

/* All zeros: nobody appends to lists. */
struct aggregate_rules {
    bool lists;
    bool described;         /* data sets have a description */
    char head[SRB_KEY_MAX]; /* key of the client beside whose keys lists lie */
    bool heads;             /* it is this one */
    /* A writer's way to where they lie, where that is not its own; NULL. Copied
     * but for what it points to. */
    const struct client_params *way;
};

/* A data set of a list, as a reader learns of it. */
struct aggregate_set {
    char meta[SRB_KEY_MAX];
    const char *names; /* that its tensors should have, */
    size_t names_length;
    bool named_next; /* and the next field's text is they */
    bool gone;       /* it has no description */
};

/* Texts of a description: the names of so many tensors. */
#define AGGREGATE_NAMES 4900

/* One client's. */
struct aggregate {
    struct aggregate_rules rules;
    char list[SRB_KEY_MAX], counter[SRB_KEY_MAX]; /* of the head */
    size_t list_stem, counter_length;
    size_t number; /* where a client's stands in its keys */
    bool counts; /* steps are removed, and so the head tells how many it put */
    char meta[SRB_KEY_MAX]; /* of the data set at hand */
    size_t meta_length;
    /* a writer's */
    struct client_params way;
    struct client *client; /* where lists lie: the loop's, or another */
    char set[SRB_KEY_MAX];
    size_t set_length;
    char names[AGGREGATE_NAMES];
    size_t names_length;
    char request[AGGREGATE_NAMES + 2 * SRB_KEY_MAX]; /* of a description */
    /* a reader's */
    size_t *order; /* [sources] places of those that the list names */
    size_t named, at;
    struct aggregate_set *sets;    /* [sources] in the list's order, and what */
    struct client_question *asked; /* is asked of each; where described */
    int64_t polls, seen;  /* of the list: how often, and when it was whole */
    int64_t began, spent; /* ns of getting it */
    bool gone;            /* the data set at hand has no description */
};

struct load;

/* As exchange_open() and so on have it, which call these. Local. */
int aggregate_open(struct load *l, struct error *err);
int aggregate_connect(struct load *l, const struct client_ops *ops,
                      struct error *err);
void aggregate_disconnect(struct load *l);
void aggregate_close(struct load *l);

/* Before a put: whose data set it is and how it is described. */
void aggregate_stamp(struct load *l);

/* Whether there is one more data set to get, which is then the one at hand. */
bool aggregate_next(struct load *l);

/* It was got, or found to be gone. */
void aggregate_got(struct load *l);

/* Put what goes with a step's tensors behind those that are removed: returns
 * how many keys, at most TENSORS_MORE. */
size_t aggregate_retire(struct load *l, struct srb_tensor *gone, int64_t step);

#endif
