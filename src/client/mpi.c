/* A client that is served by another rank, by MPI's messages (engine/mpi.c). An
 * operation that has taken op_timeout has failed, and what it has under way
 * goes on: MPI_Cancel() of a send completes nothing here, so the tensor stays
 * until all has ended (left()). */
#include <sched.h>
#include <stdlib.h>

#include "base/signals.h"
#include "base/tick.h"
#include "client/serverless.h"
#include "engine/mpi_wire.h"
#include "engine/serving.h"

/* A question, its tensor, the answer, and the last word. */
#define MOST_REQUESTS 4

struct mpi_client {
    struct serverless base;
    struct served at;
    int slot;
    int64_t serial;
    struct serve_wire asked, answer, end;
    int n; /* requests under way */
    MPI_Request request[MOST_REQUESTS];
};

static struct mpi_client *self(struct client *c)
{
    return (struct mpi_client *)(void *)c;
}

static struct client *open_client(const struct client_params *p,
                                  struct error *err)
{
    struct mpi_client *c = serverless_open(sizeof *c, &client_mpi, p, err);

    if (!c)
        return NULL;
    c->at = *p->served;
    c->slot = p->slot;
    snprintf(c->base.where, sizeof c->base.where, "rank %d", c->at.rank);
    return &c->base.base;
}

static void close_client(struct client *base)
{
    free(self(base));
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

static int expect(struct mpi_client *c)
{
    return MPI_Irecv(&c->answer, SERVE_INTS, MPI_INT64_T, c->at.rank,
                     SERVE_TAG_ANSWER, c->at.comm, next(c));
}

static int ask(struct mpi_client *c, enum serve_operation operation)
{
    c->asked = (struct serve_wire){.operation = operation,
                                   .slot = c->slot,
                                   .bytes = (int64_t)c->base.bytes,
                                   .serial = ++c->serial};
    return MPI_Isend(&c->asked, SERVE_INTS, MPI_INT64_T, c->at.rank,
                     SERVE_TAG_ASK, c->at.comm, next(c));
}

/* Not MPI_STATUSES_IGNORE, which some compilers take for an array. */
static int all_done(struct mpi_client *c, int *done)
{
    MPI_Status status[MOST_REQUESTS];

    return MPI_Testall(c->n, c->request, done, status);
}

static int failed(const struct mpi_client *c, const char *what, int rc,
                  struct error *err)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int n;

    MPI_Error_string(rc, text, &n);
    return serverless_error(&c->base, what, err, "MPI says: %.200s", text);
}

/* Until all requests have completed. */
static int await(struct mpi_client *c, const char *what, struct error *err)
{
    int64_t deadline = 0;
    int done = 0;

    for (int look = 1;; look++) {
        int rc = all_done(c, &done);

        if (rc != MPI_SUCCESS)
            return failed(c, what, rc, err);
        if (done)
            break;
        if (look < SERVE_PATIENT_LOOKS)
            continue;
        sched_yield();
        if (deadline == 0)
            deadline = tick_deadline(c->base.op_timeout);
        if (tick_now() > deadline || signals_state()->cut)
            return serverless_late(&c->base, what, err);
    }
    c->n = 0;
    if (c->answer.serial != c->serial)
        return serverless_error(&c->base, what, err,
                                "the answer is not to this question");
    return 0;
}

static int put(struct client *base, const void *data, struct error *err)
{
    struct mpi_client *c = self(base);
    int rc = expect(c);

    if (rc == MPI_SUCCESS)
        rc = ask(c, SERVE_PUT);
    if (rc == MPI_SUCCESS)
        rc = MPI_Isend(data, count(c), MPI_FLOAT, c->at.rank, SERVE_TAG_TENSOR,
                       c->at.comm, next(c));
    if (rc != MPI_SUCCESS)
        return failed(c, "put_tensor", rc, err);
    return await(c, "put_tensor", err);
}

static int get(struct client *base, void *data, struct error *err)
{
    struct mpi_client *c = self(base);
    int rc = expect(c);

    if (rc == MPI_SUCCESS)
        rc = MPI_Irecv(data, count(c), MPI_FLOAT, c->at.rank, SERVE_TAG_BACK,
                       c->at.comm, next(c));
    if (rc == MPI_SUCCESS)
        rc = ask(c, SERVE_GET);
    if (rc != MPI_SUCCESS)
        return failed(c, "unpack_tensor", rc, err);
    if (await(c, "unpack_tensor", err) < 0)
        return -1;
    if (c->answer.operation == SERVE_DONE)
        return 0;
    return serverless_error(&c->base, "unpack_tensor", err,
                            "there is no such tensor of %zu bytes",
                            c->base.bytes);
}

/* ---- the end ---- */

static void leave(struct client *base)
{
    struct mpi_client *c = self(base);

    c->end = (struct serve_wire){.operation = SERVE_END, .slot = c->slot};
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
    return true;
}

const struct client_ops client_mpi = {
    .name = "mpi",
    .help = "asks a rank of this job, by messages",
    .own = true,
    .memory = {16, 0},
    .open = open_client,
    .put = put,
    .get = get,
    .leave = leave,
    .left = left,
    .address = serverless_address,
    .buffers = serverless_buffers,
    .socket = serverless_socket,
    .close = close_client,
};
