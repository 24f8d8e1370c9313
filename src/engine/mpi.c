/* Ranks of the job serve by MPI's messages: what the fabric does without a
 * socket, a protocol or a process beside it.
 *
 * Messages, not windows: with a target that does not call MPI a put never ends,
 * and over TCP a put with its flush was slower than a message. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/tick.h"
#include "engine/engine.h"
#include "engine/mpi_wire.h"
#include "engine/serving.h"

#define PAGE ((size_t)4096)
/* Between two looks at what is no message. */
#define LOOK_NS INT64_C(50000000)

enum state { IDLE, WAITING, TAKING, ANSWERING };

/* Memory for a tensor. */
struct room {
    float *data;
    int readers; /* to whom it is on its way */
    bool kept;   /* in some place; else it is spare once it has no readers */
};

/* A place for a tensor. */
struct kept {
    struct room *room;
    int64_t number; /* which one is there; -1: none, or it is on its way */
    int64_t coming; /* which one its client is putting; -1: none */
    int64_t bytes;
};

struct peer {
    int rank;
    enum state state;
    struct kept *kept; /* [places.kept] its own; NULL: it only reads */
    int64_t steps;     /* that it has told of */
    struct kept *at;   /* what it asked for, */
    struct room *room; /* and where what it gets lies */
    struct serve_wire asked, answer;
    MPI_Request request[2];
    struct serve_wire *queue; /* [places.tensors] what it asked meanwhile */
    size_t queued;
};

struct server {
    MPI_Comm comm;
    struct places places;
    size_t bytes;
    int n, keepers, active, gone;
    struct peer *peer;
    struct peer **by_client; /* [places.clients]; NULL: keeps nothing here */
    struct peer **by_rank;   /* [of comm]; NULL: no peer */
    struct room *room;       /* [rooms] for each place, and for each of those
                                who only read, to whom one may be on its way
                                while the place has its next tensor */
    size_t rooms, nspare;
    struct room **spare; /* [nspare] of these */
    struct serve_wire next;
    MPI_Request next_request;
    int64_t questions, bytes_moved; /* since it was opened */
};

/* MPI that fails cannot be agreed upon. */
static void must(int rc)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int n;

    if (rc == MPI_SUCCESS)
        return;
    MPI_Error_string(rc, text, &n);
    die("a rank that serves: MPI fails: %s", text);
}

static int floats(int64_t bytes)
{
    return (int)(bytes / (int64_t)sizeof(float));
}

/* ---- open and close ---- */

static void close_server(void *arg)
{
    struct server *s = arg;

    if (!s)
        return;
    for (int i = 0; i < s->n; i++) {
        free(s->peer[i].kept);
        free(s->peer[i].queue);
    }
    for (size_t k = 0; k < s->rooms; k++)
        free(s->room[k].data);
    free(s->room);
    free(s->spare);
    free(s->peer);
    free(s->by_client);
    free(s->by_rank);
    free(s);
}

/* Every page is there before the loop. */
static int make_rooms(struct server *s)
{
    size_t bytes = (s->bytes + PAGE - 1) / PAGE * PAGE;

    s->rooms = (size_t)s->keepers * (size_t)s->places.kept +
               (size_t)(s->n - s->keepers);
    s->room = calloc(s->rooms + 1, sizeof *s->room);
    s->spare = calloc(s->rooms + 1, sizeof(struct room *));
    if (!s->room || !s->spare)
        return -1;
    for (size_t k = 0; k < s->rooms; k++) {
        s->room[k].data = aligned_alloc(PAGE, bytes);
        if (!s->room[k].data)
            return -1;
        memset(s->room[k].data, 0, bytes);
        s->spare[s->nspare++] = &s->room[k];
    }
    return 0;
}

/* For who has made it (make_rooms()), or has seen that there is one. */
static struct room *take_spare(struct server *s)
{
    struct room *room = s->spare[--s->nspare];

    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it does not count */
    room->kept = true;
    return room;
}

static void welcome(struct server *s, struct peer *p, bool keeps)
{
    p->request[0] = p->request[1] = MPI_REQUEST_NULL;
    p->queue = mem_new(s->places.tensors, sizeof *p->queue);
    if (!keeps)
        return;
    p->kept = mem_new((size_t)s->places.kept, sizeof *p->kept);
    for (int64_t k = 0; k < s->places.kept; k++)
        p->kept[k] =
            (struct kept){.room = take_spare(s), .number = -1, .coming = -1};
}

static void *open_server(const struct serving_terms *t, struct error *err)
{
    struct server *s = mem_new(1, sizeof *s);
    int size;

    MPI_Comm_size(t->comm, &size);
    *s = (struct server){.comm = t->comm,
                         .places = t->places,
                         .bytes = t->bytes,
                         .n = t->n,
                         .keepers = t->keepers};
    s->peer = mem_new((size_t)t->n, sizeof *s->peer);
    s->by_client = mem_new((size_t)t->places.clients, sizeof(struct peer *));
    s->by_rank = mem_new((size_t)size, sizeof(struct peer *));
    if (make_rooms(s) < 0) {
        error_set(err,
                  "a rank that serves has not enough memory for %zu tensors of "
                  "%zu bytes",
                  s->rooms, t->bytes);
        close_server(s);
        return NULL;
    }
    for (int i = 0; i < t->n; i++) {
        struct peer *p = &s->peer[i];

        p->rank = t->ranks[i];
        s->by_rank[p->rank] = p;
        if (i < t->keepers)
            s->by_client[t->clients[i] - t->places.first] = p;
        welcome(s, p, i < t->keepers);
    }
    return s;
}

/* ---- serving ---- */

static void makes_no_sense(const struct peer *p)
{
    die("a rank that serves has got a message that makes no sense, of rank %d",
        p->rank);
}

static void listen_again(struct server *s)
{
    must(MPI_Irecv(&s->next, SERVE_INTS, MPI_INT64_T, MPI_ANY_SOURCE,
                   SERVE_TAG_ASK, s->comm, &s->next_request));
}

static void answer(struct server *s, struct peer *p, bool there, int64_t bytes)
{
    p->state = ANSWERING;
    p->answer = p->asked;
    p->answer.operation = there ? SERVE_DONE : SERVE_NOTHING;
    p->answer.bytes = bytes;
    must(MPI_Isend(&p->answer, SERVE_INTS, MPI_INT64_T, p->rank,
                   SERVE_TAG_ANSWER, s->comm, &p->request[0]));
}

static void give(struct server *s, struct peer *p, bool there)
{
    int64_t bytes = there ? p->at->bytes : 0;

    if (there) {
        p->room = p->at->room;
        p->room->readers++;
    }
    s->bytes_moved += bytes;
    answer(s, p, there, p->asked.bytes);
    must(MPI_Isend(p->at->room->data, floats(bytes), MPI_FLOAT, p->rank,
                   SERVE_TAG_BACK, s->comm, &p->request[1]));
}

/* It has been given. */
static void given(struct server *s, struct peer *p)
{
    struct room *room = p->room;

    p->room = NULL;
    if (room && --room->readers == 0 && !room->kept)
        s->spare[s->nspare++] = room;
}

/* Room for what is put. While what was there is on its way to somebody, who may
 * take his time, that is other room: false where all is taken. */
static bool renew(struct server *s, struct kept *k)
{
    if (k->room->readers == 0)
        return true;
    if (s->nspare == 0)
        return false;
    k->room->kept = false;
    k->room = take_spare(s);
    return true;
}

static void take(struct server *s, struct peer *p, int64_t number)
{
    p->state = TAKING;
    p->at->coming = number;
    p->at->number = -1;
    must(MPI_Irecv(p->at->room->data, floats(p->asked.bytes), MPI_FLOAT,
                   p->rank, SERVE_TAG_TENSOR, s->comm, &p->request[0]));
}

static void taken(struct server *s, struct peer *p)
{
    struct kept *k = p->at;

    k->number = k->coming;
    k->coming = -1;
    k->bytes = p->asked.bytes;
    s->bytes_moved += k->bytes;
    answer(s, p, true, k->bytes);
}

/* Whose tensor a peer asks about. */
static struct peer *owner_of(const struct server *s, const struct peer *p)
{
    const struct serve_wire *a = &p->asked;
    bool others = a->operation == SERVE_GET || a->operation == SERVE_POLL;
    bool tensor = a->operation == SERVE_GET || a->operation == SERVE_PUT;
    struct peer *owner =
        a->slot < 0 ? NULL : s->by_client[a->slot % s->places.clients];

    if (!owner || a->bytes < 0 || (tensor && (size_t)a->bytes > s->bytes) ||
        (!others && owner != p))
        makes_no_sense(p);
    return owner;
}

/* Go on with what a peer has asked. Who gets what is being put waits until that
 * is there, and who puts until there is room for it. */
static void begin(struct server *s, struct peer *p)
{
    struct peer *owner = owner_of(s, p);
    int64_t number = p->asked.slot / s->places.clients;
    struct kept *k = p->at = &owner->kept[number % s->places.kept];
    bool there = k->number == number;

    p->state = WAITING;
    switch (p->asked.operation) {
    case SERVE_PUT:
        if (renew(s, k))
            take(s, p, number);
        break;
    case SERVE_GET:
        if (k->coming != number)
            give(s, p, there && k->bytes == p->asked.bytes);
        break;
    case SERVE_REMOVE:
        k->number = -1;
        answer(s, p, there, 0);
        break;
    case SERVE_TELL:
        p->steps = p->asked.bytes;
        answer(s, p, true, p->steps);
        break;
    case SERVE_POLL:
        answer(s, p, there, owner->steps);
        break;
    default:
        makes_no_sense(p);
    }
}

static void hear(struct server *s, int source)
{
    struct peer *p = s->by_rank[source];

    if (!p)
        die("a rank that serves has got a message of rank %d, which it does "
            "not serve",
            source);
    if (s->next.operation == SERVE_END) {
        s->gone++;
        return;
    }
    s->questions += s->next.operation != SERVE_REMOVE;
    if (p->state == IDLE) {
        p->asked = s->next;
        s->active++;
        begin(s, p);
        return;
    }
    /* who asks before it was answered, or before that was seen here */
    if (p->queued == s->places.tensors)
        makes_no_sense(p);
    p->queue[p->queued++] = s->next;
}

/* What it asked has been answered: the next. */
static void next(struct server *s, struct peer *p)
{
    given(s, p);
    p->state = IDLE;
    if (p->queued == 0) {
        s->active--;
        return;
    }
    p->asked = p->queue[0];
    memmove(p->queue, p->queue + 1, --p->queued * sizeof *p->queue);
    begin(s, p);
}

static bool go_on(struct server *s, struct peer *p)
{
    MPI_Status status[2];
    int done = 0;

    if (p->state == WAITING) {
        begin(s, p);
        return p->state != WAITING;
    }
    must(MPI_Testall(2, p->request, &done, status));
    if (!done)
        return false;
    if (p->state == TAKING)
        taken(s, p);
    else
        next(s, p);
    return true;
}

/* A tensor follows its header: it is taken, and answered, before anything else
 * is listened for. */
static void at_once(struct server *s, struct peer *p)
{
    if (p->state == TAKING)
        go_on(s, p);
}

/* Whether anything has come. */
static bool listen_once(struct server *s)
{
    MPI_Status status;
    int done = 0;

    if (s->gone == s->n)
        return false;
    must(MPI_Test(&s->next_request, &done, &status));
    if (!done)
        return false;
    hear(s, status.MPI_SOURCE);
    at_once(s, s->by_rank[status.MPI_SOURCE]);
    if (s->gone < s->n)
        listen_again(s);
    return true;
}

static bool poll_once(struct server *s)
{
    bool any = listen_once(s);

    for (int i = 0; i < s->n && s->active > 0; i++)
        if (s->peer[i].state != IDLE)
            any |= go_on(s, &s->peer[i]);
    return any;
}

static void serve(void *arg, void (*look)(void *arg), void *with)
{
    struct server *s = arg;
    int64_t looked = tick_now(), now;
    int idle = 0;

    s->gone = 0; /* of an earlier loop */
    if (s->n > 0)
        listen_again(s);
    while (s->gone < s->n || s->active > 0) {
        idle = poll_once(s) ? 0 : idle + 1;
        if (idle < SERVE_PATIENT_LOOKS && idle % 64 != 1)
            continue;
        if (idle >= SERVE_PATIENT_LOOKS) {
            idle = SERVE_PATIENT_LOOKS;
            sched_yield();
        }
        now = tick_now();
        if (now - looked < LOOK_NS)
            continue;
        look(with);
        looked = now;
    }
}

static void count(const void *arg, int64_t *asked, int64_t *bytes)
{
    const struct server *s = arg;

    *asked = s->questions;
    *bytes = s->bytes_moved;
}

static const struct serving_ops serving = {
    .open = open_server,
    .serve = serve,
    .count = count,
    .close = close_server,
};

/* Of a tensor there is one, in whole pages, and messages that have come before
 * they were expected. */
const struct engine engine_mpi = {
    .name = "mpi",
    .help =
        "ranks of the job that serve by MPI's messages, as the limit of the "
        "fabric",
    .kind = ENGINE_RANKS,
    .rung = "fabric",
    .partner = PARTNER_MPI,
    .client = "mpi",
    .lacks = store_lacks,
    .memory = {.eighths = 10, .fixed = INT64_C(4) * 1024 * 1024, .each = PAGE},
    .serving = &serving,
};
