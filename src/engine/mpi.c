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

enum state { IDLE, TAKING, ANSWERING };

struct peer {
    int rank;
    enum state state;
    float *tensor;
    int64_t held; /* bytes of it; 0: nothing was put */
    struct serve_wire asked, answer;
    MPI_Request request[2];
};

struct server {
    MPI_Comm comm;
    size_t bytes;
    int n, active, gone;
    struct peer *peer;
    struct serve_wire next;
    MPI_Request next_request;
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

    for (int i = 0; s && i < s->n; i++)
        free(s->peer[i].tensor);
    if (s)
        free(s->peer);
    free(s);
}

static void *open_server(const struct serving_terms *t, struct error *err)
{
    struct server *s = mem_new(1, sizeof *s);
    size_t room = (t->bytes + PAGE - 1) / PAGE * PAGE;

    *s = (struct server){.comm = t->comm, .bytes = t->bytes, .n = t->n};
    s->peer = mem_new((size_t)t->n, sizeof *s->peer);
    for (int i = 0; i < t->n; i++) {
        struct peer *p = &s->peer[i];

        p->rank = t->ranks[i];
        p->request[0] = p->request[1] = MPI_REQUEST_NULL;
        p->tensor = aligned_alloc(PAGE, room);
        if (!p->tensor) {
            error_set(err,
                      "a rank that serves has not enough memory for %d tensors "
                      "of %zu bytes",
                      t->n, t->bytes);
            close_server(s);
            return NULL;
        }
        memset(p->tensor, 0, room); /* every page is there before the loop */
    }
    return s;
}

/* ---- serving ---- */

static void listen_again(struct server *s)
{
    must(MPI_Irecv(&s->next, SERVE_INTS, MPI_INT64_T, MPI_ANY_SOURCE,
                   SERVE_TAG_ASK, s->comm, &s->next_request));
}

static void answer(struct server *s, struct peer *p)
{
    bool get = p->asked.operation == SERVE_GET;
    bool there = !get || p->held == p->asked.bytes;

    p->state = ANSWERING;
    p->answer = p->asked;
    p->answer.operation = there ? SERVE_DONE : SERVE_NOTHING;
    must(MPI_Isend(&p->answer, SERVE_INTS, MPI_INT64_T, p->rank,
                   SERVE_TAG_ANSWER, s->comm, &p->request[0]));
    if (get)
        must(MPI_Isend(p->tensor, there ? floats(p->held) : 0, MPI_FLOAT,
                       p->rank, SERVE_TAG_BACK, s->comm, &p->request[1]));
}

static void take(struct server *s, struct peer *p)
{
    p->state = TAKING;
    must(MPI_Irecv(p->tensor, floats(p->asked.bytes), MPI_FLOAT, p->rank,
                   SERVE_TAG_TENSOR, s->comm, &p->request[0]));
}

/* Who asks again has its answer, whether this rank has seen that or not. */
static void finish(struct server *s, struct peer *p)
{
    MPI_Status status[2];

    must(MPI_Waitall(2, p->request, status));
    p->state = IDLE;
    s->active--;
}

/* Go on with what a client has asked. */
static void hear(struct server *s, int source)
{
    struct peer *p = s->next.slot >= 0 && s->next.slot < s->n
                         ? &s->peer[s->next.slot]
                         : NULL;

    if (!p || p->rank != source || s->next.bytes < 0 ||
        (size_t)s->next.bytes > s->bytes)
        die("a rank that serves has got a message that makes no sense, of rank "
            "%d",
            source);
    if (s->next.operation == SERVE_END) {
        s->gone++;
        return;
    }
    if (p->state != IDLE)
        finish(s, p);
    p->asked = s->next;
    s->active++;
    if (p->asked.operation == SERVE_PUT)
        take(s, p);
    else
        answer(s, p);
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
    if (s->gone < s->n)
        listen_again(s);
    return true;
}

static bool go_on(struct server *s, struct peer *p)
{
    MPI_Status status[2];
    int done = 0;

    must(MPI_Testall(2, p->request, &done, status));
    if (!done)
        return false;
    if (p->state == TAKING) {
        p->held = p->asked.bytes;
        answer(s, p);
    } else {
        p->state = IDLE;
        s->active--;
    }
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

static const struct serving_ops serving = {
    .open = open_server,
    .serve = serve,
    .close = close_server,
};

/* Of a tensor there is one, and messages that have come before they were
 * expected. */
const struct engine engine_mpi = {
    .name = "mpi",
    .help =
        "ranks of the job that serve by MPI's messages, as the limit of the "
        "fabric",
    .kind = ENGINE_RANKS,
    .client = "mpi",
    .lacks = store_lacks,
    .memory = {10, INT64_C(4) * 1024 * 1024},
    .serving = &serving,
};
