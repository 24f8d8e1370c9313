/* exchange.h - clients that write, and clients that read what these wrote.
 *
 * Neither waits for the other's request: a reader polls, and a writer goes on
 * to its next step whether the one before was read or not. A step's tensors
 * have keys that are new, so that what is there under them is what was awaited;
 * and with each put the writer tells how many steps it has put, under a key of
 * its own (KEY{KEY}.steps). A tensor that is missing though its step had been
 * put was removed before it was read: it is `missed`, counted, and the reader
 * goes on with the oldest step that can still be there.
 *
 *     writer   [ put ] told          [ put ] told     [ retire ]
 *     reader   poll . poll . poll [ get ] stamps  poll . poll . poll [ get ]
 *
 * A step may have a small tensor after its own (control_bytes), by which codes
 * say that the rest is there: it is put and got by itself, it is what a reader
 * polls for, and what a writer tells comes with it.
 *
 * Where readers block, the writer adds the step to a stream (KEY{KEY}.stream)
 * instead, and the reader waits for what that tells; then it gets the tensor,
 * which may be gone by that time, too.
 *
 * What a writer tells goes out behind the last tensor of its step, in the same
 * send: a reader knows of it one way sooner than if it came after the reply,
 * and the writer has one round trip less that belongs to no step. The put ends
 * with the reply to the tensor; that to what was told is awaited after it.
 * What is timed are puts, gets and removals; telling, polling and pausing
 * belong to none of them and count as waiting. From the begin of a put to the
 * end of its get is the delivery: how old data are when the reader has them.
 * It is known when the loop is over and clocks are compared
 * (exchange_figures.h).
 *
 * A reader's wait for a step has no limit of its own, for a writer may be slow;
 * it ends when somebody fails (team_work_failed()) or a signal does it. The
 * loops of all languages go through here by way of loop.h.
 */
#ifndef SRB_EXCHANGE_H
#define SRB_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/client.h"
#include "measure/aggregate.h"
#include "plan/place.h"
#include "ranks/team.h"

/* A writer, to one who reads what it wrote: its number as a client, its key,
 * and which of the reader's connections leads there. */
struct exchange_from {
    int client;
    size_t way;
    char key[SRB_KEY_MAX];
};

/* All zeros: nobody reads what others write. */
struct exchange_rules {
    bool writes, reads;
    double wait;   /* s between two polls; 0: none */
    bool block;    /* readers wait for what streams tell, and do not poll */
    int64_t steps; /* that each writer puts, warm-up included */
    /* A reader's, in the order in which it reads. Copied; what params point to
     * is not, but for their keys. */
    const struct exchange_from *from;
    size_t nfrom;
    const struct client_params *way; /* [nways] the first is load's own */
    size_t nways;
    struct aggregate_rules lists; /* of data sets */
};

static inline bool exchange_any(const struct exchange_rules *r)
{
    return r->writes || r->reads;
}

/* A writer, as its reader knows it. */
struct exchange_source {
    struct exchange_from of;
    char stem[SRB_KEY_MAX], counter[SRB_KEY_MAX];
    size_t stem_length, counter_length;
    int64_t next; /* step that is to be read */
};

/* One get: what was read, and what is known of it. */
struct exchange_get {
    size_t from; /* place in the sources */
    int64_t step;
    int64_t polls;    /* that it took to see it */
    int64_t seen;     /* ns before its start that the reader saw it */
    int64_t delivery; /* ns, begin of the put to end of the get */
    int64_t visible;  /* ns, end of the put to when it was seen; may be less
                         than 0 */
};

/* The tensor after those of a step. */
struct exchange_control {
    void *own; /* the language's, or NULL: there is none */
    float *out, *in;
    char key[SRB_KEY_MAX];
    size_t stem, key_length;
    int64_t missed; /* gone when it was to be got */
};

/* One client's. */
struct exchange {
    struct exchange_rules rules;
    struct exchange_control control;
    char counter[SRB_KEY_MAX]; /* a writer's, or its stream */
    size_t counter_length;
    /* a reader's */
    struct exchange_source *source; /* [rules.nfrom] */
    struct client_params *way;      /* [rules.nways] */
    struct client **client;         /* the same, connected */
    struct team_vigil vigil;
    int64_t step; /* that is read from all sources, one after the other, */
    size_t turn;  /* and from which now */
    int64_t end;  /* of the phase, not included */
    struct exchange_get now;
    struct exchange_get *get; /* [room] as timings of gets are kept */
    size_t room;
    int64_t polls, missed, lag_max;
    /* Requests that carried a tensor, or a counter, by connection; less than 0:
     * nobody knows how many a failure left unanswered. */
    int64_t *requests;
    int64_t told; /* a writer's counters */
    int block_ms; /* that a reader's server keeps it at most */
    /* ns behind the last operation, which are waiting once there is another: of
     * the last one they are not the loop's. */
    int64_t behind;
};

struct load;
struct samples;

/* Before it connects: what it needs, and the samples of so many gets. Local. */
int exchange_open(struct load *l, struct error *err);
/* A reader's other connections, once it has the first. Local. */
int exchange_connect(struct load *l, const struct client_ops *ops,
                     struct error *err);
/* Before the loop: bring to hand what others keep, who are connected by now.
 * Local. */
void exchange_bind(struct load *l);
/* Close all connections but the one that the loop has; and all the rest. */
void exchange_disconnect(struct load *l);
void exchange_close(struct load *l);

/* A phase begins: the warm-up or what is timed. Local. */
void exchange_phase(struct load *l, bool warmup);

/* For the rules of the loop (loop.h). Whether there is a step to be read, which
 * is then there; before a put, and before and after a get; and after a put: 0
 * or -1. The tensor after those of a step is put and got in there, timed.
 * Local. */
bool exchange_more(struct load *l);
void exchange_announce(struct load *l);
void exchange_spoil(struct load *l);
int exchange_got(struct load *l, int rc, int64_t start, int64_t end);
int exchange_tell(struct load *l);
/* The loop goes on: what came behind its last operation was waiting. Local. */
void exchange_go_on(struct load *l);

/* Add to requests[nshards] of all shards what this client asked of each, as
 * their own count has it, which knows tensors and counters alone. Local. */
void exchange_requests(const struct load *l, const struct placement *pl,
                       int64_t *requests);
#define EXCHANGE_UNKNOWN (INT64_MIN / (1 << 20))

#endif
