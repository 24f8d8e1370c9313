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

/* A place for a tensor. */
struct kept {
    float *data;
    int64_t number; /* which one is there; -1: none, or it is on its way */
    int64_t bytes;
    int readers; /* to whom it is on its way */
    bool writes; /* its client is at it */
};

struct peer {
    int rank;
    enum state state;
    struct kept *kept; /* [places.kept] its own */
    struct kept *at;   /* whom it asked for */
    struct serve_wire asked, answer;
    MPI_Request request[2];
    struct serve_wire *queue; /* [places.tensors] what it asked meanwhile */
    size_t queued;
};

struct server {
    MPI_Comm comm;
    struct places places;
    size_t bytes;
    int n, active, gone;
    struct peer *peer;
    struct peer **by_client; /* [places.clients]; NULL: no peer */
    struct peer **by_rank;   /* [of comm] likewise */
    struct serve_wire next;
    MPI_Request next_request;
    int64_t tensors, tensors_bytes; /* that it has taken and given */
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

    for (int i = 0; s && i < s->n; i++) {
        struct peer *p = &s->peer[i];

        for (int64_t k = 0; k < s->places.kept; k++)
            free(p->kept[k].data);
        free(p->kept);
        free(p->queue);
    }
    if (s) {
        free(s->peer);
        free(s->by_client);
        free(s->by_rank);
    }
    free(s);
}

/* Every page is there before the loop. */
static int make_room(struct kept *k, size_t bytes)
{
    size_t room = (bytes + PAGE - 1) / PAGE * PAGE;

    *k = (struct kept){.data = aligned_alloc(PAGE, room), .number = -1};
    if (!k->data)
        return -1;
    memset(k->data, 0, room);
    return 0;
}

static int welcome(struct server *s, struct peer *p)
{
    p->request[0] = p->request[1] = MPI_REQUEST_NULL;
    p->queue = mem_new(s->places.tensors, sizeof *p->queue);
    p->kept = mem_new((size_t)s->places.kept, sizeof *p->kept);
    for (int64_t k = 0; k < s->places.kept; k++)
        if (make_room(&p->kept[k], s->bytes) < 0)
            return -1;
    return 0;
}

static void *open_server(const struct serving_terms *t, struct error *err)
{
    struct server *s = mem_new(1, sizeof *s);
    int size, rc = 0;

    MPI_Comm_size(t->comm, &size);
    *s = (struct server){
        .comm = t->comm, .places = t->places, .bytes = t->bytes, .n = t->n};
    s->peer = mem_new((size_t)t->n, sizeof *s->peer);
    s->by_client = mem_new((size_t)t->places.clients, sizeof(struct peer *));
    s->by_rank = mem_new((size_t)size, sizeof(struct peer *));
    for (int i = 0; i < t->n; i++) {
        struct peer *p = &s->peer[i];

        p->rank = t->ranks[i];
        s->by_client[t->clients[i] - t->places.first] = p;
        s->by_rank[p->rank] = p;
        if (welcome(s, p) < 0)
            rc = -1;
    }
    if (rc == 0)
        return s;
    error_set(err,
              "a rank that serves has not enough memory for %lld tensors of "
              "%zu bytes",
              (long long)(t->n * t->places.kept), t->bytes);
    close_server(s);
    return NULL;
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

static void count_one(struct server *s, int64_t bytes)
{
    s->tensors++;
    s->tensors_bytes += bytes;
}

static void answer(struct server *s, struct peer *p, bool there)
{
    bool get = p->asked.operation == SERVE_GET;

    p->state = ANSWERING;
    p->answer = p->asked;
    p->answer.operation = there ? SERVE_DONE : SERVE_NOTHING;
    must(MPI_Isend(&p->answer, SERVE_INTS, MPI_INT64_T, p->rank,
                   SERVE_TAG_ANSWER, s->comm, &p->request[0]));
    if (!get)
        return;
    p->at->readers++;
    if (there)
        count_one(s, p->at->bytes);
    must(MPI_Isend(p->at->data, there ? floats(p->at->bytes) : 0, MPI_FLOAT,
                   p->rank, SERVE_TAG_BACK, s->comm, &p->request[1]));
}

static void take(struct server *s, struct peer *p)
{
    p->state = TAKING;
    p->at->writes = true;
    p->at->number = -1;
    must(MPI_Irecv(p->at->data, floats(p->asked.bytes), MPI_FLOAT, p->rank,
                   SERVE_TAG_TENSOR, s->comm, &p->request[0]));
}

/* The number of the tensor that a peer has asked for. */
static int64_t number_of(const struct server *s, const struct peer *p)
{
    return p->asked.slot / s->places.clients;
}

static struct kept *find(const struct server *s, const struct peer *p)
{
    const struct serve_wire *a = &p->asked;
    const struct peer *owner =
        a->slot < 0 ? NULL : s->by_client[a->slot % s->places.clients];

    if (!owner || a->bytes < 0 || (size_t)a->bytes > s->bytes ||
        (a->operation != SERVE_GET && owner != p))
        makes_no_sense(p);
    return &owner->kept[number_of(s, p) % s->places.kept];
}

/* Go on with what a peer has asked, when nobody else is at the same place: who
 * reads it is not to get a part of what is put, nor anything removed. */
static void begin(struct server *s, struct peer *p)
{
    struct kept *k = p->at = find(s, p);
    bool there = k->number == number_of(s, p);

    p->state = WAITING;
    if (k->writes || (k->readers > 0 && p->asked.operation != SERVE_GET))
        return;
    switch (p->asked.operation) {
    case SERVE_PUT:
        take(s, p);
        break;
    case SERVE_GET:
        answer(s, p, there && k->bytes == p->asked.bytes);
        break;
    case SERVE_REMOVE:
        k->number = -1;
        answer(s, p, there);
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
    if (p->asked.operation == SERVE_GET)
        p->at->readers--;
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
    if (p->state == TAKING) {
        p->at->writes = false;
        p->at->number = number_of(s, p);
        p->at->bytes = p->asked.bytes;
        count_one(s, p->at->bytes);
        answer(s, p, true);
    } else {
        next(s, p);
    }
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

static void count(const void *arg, int64_t *tensors, int64_t *bytes)
{
    const struct server *s = arg;

    *tensors = s->tensors;
    *bytes = s->tensors_bytes;
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
