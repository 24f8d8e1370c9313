/* A client that is served by another rank, by MPI's messages (engine/mpi.c). An
 * operation that has taken op_timeout has failed, and what it has under way
 * goes on: MPI_Cancel() of a send completes nothing here, so the tensor stays
 * until all has ended (left()). */
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/signals.h"
#include "base/tick.h"
#include "client/serverless.h"
#include "engine/mpi_wire.h"
#include "engine/serving.h"

/* Of a question: itself, its tensor, and the answer. */
#define REQUESTS 3

struct mpi_client {
    struct serverless base;
    struct places places;
    struct served at;
    int64_t slot; /* that it is bound to; -1: none */
    bool mine;    /* it is its own */
    int64_t serial;
    size_t most;                            /* questions at a time */
    struct serve_wire *asked, *answer, end; /* [most] */
    size_t questions;                       /* under way, */
    int n;                                  /* and requests */
    MPI_Request *request;                   /* [REQUESTS * most + 1] */
    MPI_Status *status;                     /* likewise */
    int *which;                             /* likewise */
};

static struct mpi_client *self(struct client *c)
{
    return (struct mpi_client *)(void *)c;
}

static void close_client(struct client *base)
{
    struct mpi_client *c = self(base);

    free(c->asked);
    free(c->request);
    free(c->status);
    free(c->which);
    free(c);
}

static void rebind(struct client *base, const char *key, size_t bytes)
{
    struct mpi_client *c = self(base);
    struct tensor_place to;

    serverless_bind(&c->base, key, bytes);
    c->slot = -1;
    if (!places_find(&c->places, key, &to))
        return;
    c->slot = to.number * c->places.clients + to.client;
    c->mine = to.client == c->base.client - c->places.first;
}

static int make_lists(struct mpi_client *c)
{
    size_t n = REQUESTS * c->most + 1;

    c->asked = calloc(2 * c->most, sizeof *c->asked);
    c->request = calloc(n, sizeof *c->request);
    c->status = calloc(n, sizeof *c->status);
    c->which = calloc(n, sizeof *c->which);
    c->answer = c->asked + c->most;
    return c->asked && c->request && c->status && c->which ? 0 : -1;
}

static struct client *open_client(const struct client_params *p,
                                  struct error *err)
{
    struct mpi_client *c = serverless_open(sizeof *c, &client_mpi, p, err);

    if (!c)
        return NULL;
    c->at = *p->served;
    c->places = p->places;
    c->most = p->places.tensors;
    if (make_lists(c) < 0) {
        close_client(&c->base.base);
        error_set(err, "not enough memory for a client");
        return NULL;
    }
    snprintf(c->base.where, sizeof c->base.where, "rank %d", c->at.rank);
    rebind(&c->base.base, p->key, p->bytes);
    return &c->base.base;
}

/* ---- messages ---- */

static int count(const struct mpi_client *c)
{
    return (int)(c->base.bytes / sizeof(float));
}

static MPI_Request *next(struct mpi_client *c)
{
    return &c->request[c->n++];
}

static const char *name_of(enum serve_operation operation)
{
    return operation == SERVE_PUT    ? "put_tensor"
           : operation == SERVE_GET  ? "unpack_tensor"
           : operation == SERVE_TELL ? "tell"
           : operation == SERVE_POLL ? "poll"
                                     : "remove";
}

static int failed(const struct mpi_client *c, enum serve_operation operation,
                  int rc, struct error *err)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int n;

    MPI_Error_string(rc, text, &n);
    return serverless_error(&c->base, name_of(operation), err,
                            "MPI says: %.200s", text);
}

/* About the tensor that it is bound to. A tensor is expected before it is asked
 * for, so that it is not copied; the answer, which is short, when the question
 * is on its way. bytes: of the tensor, or steps (mpi_wire.h). */
static int send(struct mpi_client *c, enum serve_operation operation,
                int64_t bytes, void *in, const void *out)
{
    size_t k = c->questions++;
    int rc = MPI_SUCCESS;

    c->asked[k] = (struct serve_wire){.operation = operation,
                                      .slot = c->slot,
                                      .bytes = bytes,
                                      .serial = ++c->serial};
    if (in)
        rc = MPI_Irecv(in, count(c), MPI_FLOAT, c->at.rank, SERVE_TAG_BACK,
                       c->at.comm, next(c));
    if (rc == MPI_SUCCESS)
        rc = MPI_Isend(&c->asked[k], SERVE_INTS, MPI_INT64_T, c->at.rank,
                       SERVE_TAG_ASK, c->at.comm, next(c));
    if (rc == MPI_SUCCESS && out)
        rc = MPI_Isend(out, count(c), MPI_FLOAT, c->at.rank, SERVE_TAG_TENSOR,
                       c->at.comm, next(c));
    if (rc == MPI_SUCCESS)
        rc = MPI_Irecv(&c->answer[k], SERVE_INTS, MPI_INT64_T, c->at.rank,
                       SERVE_TAG_ANSWER, c->at.comm, next(c));
    return rc;
}

static int ask_of(struct mpi_client *c, enum serve_operation operation,
                  int64_t bytes, void *in, const void *out, struct error *err)
{
    bool others = operation == SERVE_GET || operation == SERVE_POLL;
    int rc;

    if (c->slot < 0 || (!c->mine && !others))
        return serverless_error(&c->base, name_of(operation), err,
                                "it has no place among this client's");
    rc = send(c, operation, bytes, in, out);
    return rc == MPI_SUCCESS ? 0 : failed(c, operation, rc, err);
}

static int ask(struct mpi_client *c, enum serve_operation operation, void *in,
               const void *out, struct error *err)
{
    return ask_of(c, operation, (int64_t)c->base.bytes, in, out, err);
}

/* Not MPI_STATUSES_IGNORE, which some compilers take for an array. */
static int all_done(struct mpi_client *c, int *done)
{
    return MPI_Testall(c->n, c->request, done, c->status);
}

/* The same, and how many have completed since the last look. */
static int some_done(struct mpi_client *c, int *done, int *some)
{
    int rc = MPI_Testsome(c->n, c->request, some, c->which, c->status);

    *done = *some == MPI_UNDEFINED;
    return rc;
}

/* Until all requests have completed; -1 where none did for op_timeout. */
static int complete(struct mpi_client *c, enum serve_operation operation,
                    struct error *err)
{
    int64_t deadline = 0;
    int done = 0, some = 0;

    for (int look = 1; !done; look++) {
        bool patient = look >= SERVE_PATIENT_LOOKS;
        /* before the look: who was stopped for long looks once more */
        int64_t now = patient ? tick_now() : 0;
        int rc = patient ? some_done(c, &done, &some) : all_done(c, &done);

        if (rc != MPI_SUCCESS)
            return failed(c, operation, rc, err);
        if (!patient || done)
            continue;
        if (deadline == 0 || some > 0)
            deadline = tick_deadline(c->base.op_timeout);
        if (now > deadline || signals_state()->cut)
            return serverless_late(&c->base, name_of(operation), err);
        sched_yield();
    }
    return 0;
}

/* All answers, which are to the last questions, in their order. */
static int hear(struct mpi_client *c, enum serve_operation operation,
                struct error *err)
{
    size_t n = c->questions;

    if (complete(c, operation, err) < 0)
        return -1;
    c->n = 0;
    c->questions = 0;
    for (size_t k = 0; k < n; k++)
        if (c->answer[k].serial != c->serial - (int64_t)(n - 1 - k))
            return serverless_error(&c->base, name_of(operation), err,
                                    "the answer is not to this question");
    return 0;
}

/* tensors: what was asked for, or NULL where it is bound to that. */
static int await(struct mpi_client *c, enum serve_operation operation,
                 const struct srb_tensor *tensors, struct error *err)
{
    size_t n = c->questions;

    if (hear(c, operation, err) < 0)
        return -1;
    for (size_t k = 0; k < n; k++) {
        if (tensors)
            client_bind(&c->base.base, &tensors[k]);
        if (c->answer[k].operation == SERVE_DONE)
            continue;
        c->base.base.absent = operation == SERVE_GET;
        return serverless_error(&c->base, name_of(operation), err,
                                "there is no such tensor of %zu bytes",
                                c->base.bytes);
    }
    return 0;
}

static int put(struct client *base, const void *data, struct error *err)
{
    struct mpi_client *c = self(base);

    return ask(c, SERVE_PUT, NULL, data, err) < 0
               ? -1
               : await(c, SERVE_PUT, NULL, err);
}

static int get(struct client *base, void *data, struct error *err)
{
    struct mpi_client *c = self(base);

    return ask(c, SERVE_GET, data, NULL, err) < 0
               ? -1
               : await(c, SERVE_GET, NULL, err);
}

/* As many at a time as a step has. */
static int many(struct mpi_client *c, enum serve_operation operation,
                const struct srb_tensor *tensors, size_t n, struct error *err)
{
    bool puts = operation == SERVE_PUT, gets = operation == SERVE_GET;

    for (size_t i = 0, end; i < n; i = end) {
        end = n - i < c->most ? n : i + c->most;
        for (size_t k = i; k < end; k++) {
            client_bind(&c->base.base, &tensors[k]);
            if (ask(c, operation, gets ? tensors[k].data : NULL,
                    puts ? tensors[k].data : NULL, err) < 0)
                return -1;
        }
        if (await(c, operation, tensors + i, err) < 0)
            return -1;
    }
    return 0;
}

static int put_many(struct client *base, const struct srb_tensor *tensors,
                    size_t n, struct error *err)
{
    return many(self(base), SERVE_PUT, tensors, n, err);
}

static int get_many(struct client *base, const struct srb_tensor *tensors,
                    size_t n, struct error *err)
{
    return many(self(base), SERVE_GET, tensors, n, err);
}

static int remove_keys(struct client *base, const struct srb_tensor *tensors,
                       size_t n, struct error *err)
{
    return many(self(base), SERVE_REMOVE, tensors, n, err);
}

/* ---- writers and readers ---- */

static int tell(struct client *base, const char *key, size_t length,
                int64_t steps, struct error *err)
{
    struct mpi_client *c = self(base);

    (void)key; /* who tells it is known there */
    (void)length;
    return ask_of(c, SERVE_TELL, steps, NULL, NULL, err) < 0
               ? -1
               : hear(c, SERVE_TELL, err);
}

static int poll_step(struct client *base, struct client_poll *p,
                     struct error *err)
{
    struct mpi_client *c = self(base);

    serverless_bind_poll(base, p);
    if (ask(c, SERVE_POLL, NULL, NULL, err) < 0 || hear(c, SERVE_POLL, err) < 0)
        return -1;
    p->there = c->answer[0].operation == SERVE_DONE;
    p->steps = c->answer[0].bytes;
    return 0;
}

/* ---- the end ---- */

static void leave(struct client *base)
{
    struct mpi_client *c = self(base);

    c->end = (struct serve_wire){.operation = SERVE_END};
    if (MPI_Isend(&c->end, SERVE_INTS, MPI_INT64_T, c->at.rank, SERVE_TAG_ASK,
                  c->at.comm, &c->request[c->n]) == MPI_SUCCESS)
        c->n++;
}

static bool left(struct client *base)
{
    struct mpi_client *c = self(base);
    int done = 0;

    if (all_done(c, &done) == MPI_SUCCESS && !done)
        return false;
    c->n = 0; /* another loop may come */
    c->questions = 0;
    return true;
}

const struct client_ops client_mpi = {
    .name = "mpi",
    .help = "asks a rank of this job, by messages",
    .own = true,
    .memory = {.eighths = 16},
    .open = open_client,
    .rebind = rebind,
    .put = put,
    .get = get,
    .put_many = put_many,
    .get_many = get_many,
    .remove = remove_keys,
    .tell = tell,
    .poll = poll_step,
    .leave = leave,
    .left = left,
    .close = close_client,
};
