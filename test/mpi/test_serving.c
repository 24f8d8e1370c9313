/* A rank that serves, one client that writes and one that reads: what is asked
 * is answered, and a reader that takes its time holds nobody else up. On three
 * ranks; exit status 1 and words when a rank finds something wrong. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/client.h"
#include "engine/engine.h"
#include "engine/mpi_wire.h"
#include "engine/serving.h"

/* Long enough that it is on its way until it is taken. */
#define COUNT ((size_t)1024 * 1024)
#define KEPT 2 /* of the writer's */
#define LAST 5 /* step that it puts: each place has had several by then */

enum { SERVER, WRITER, READER, RANKS };

static const struct places places = {.clients = 2, .tensors = 1, .kept = KEPT};
static MPI_Comm serving;
static float tensor[COUNT];
static int rank, failures;

static void expect(bool holds, const char *what, const char *words)
{
    if (holds)
        return;
    failures++;
    fprintf(stderr, "rank %d: %s: %s\n", rank, what, words);
}

static void no_look(void *arg)
{
    (void)arg;
}

static void serve(void)
{
    const int clients[] = {0, 1}, ranks[] = {WRITER, READER};
    const struct serving_terms terms = {.comm = serving,
                                        .places = places,
                                        .n = 2,
                                        .keepers = 1,
                                        .clients = clients,
                                        .ranks = ranks,
                                        .bytes = sizeof tensor};
    const struct serving_ops *ops = engine_mpi.serving;
    struct error err;
    void *server = ops->open(&terms, &err);
    int64_t asked, bytes;

    if (!server)
        MPI_Abort(MPI_COMM_WORLD, 1);
    ops->serve(server, no_look, NULL);
    ops->count(server, &asked, &bytes);
    /* puts and as many tells; of the reader four polls and three gets, the last
     * of which finds nothing */
    expect(asked == 2 * (LAST + 1) + 7, "questions", "another number");
    expect(bytes == (LAST + 3) * (int64_t)sizeof tensor, "bytes", "other");
    ops->close(server);
}

static struct client *join(int client)
{
    const struct served served = {.comm = serving, .rank = SERVER};
    char key[SRB_KEY_MAX];
    const struct client_params p = {.served = &served,
                                    .places = places,
                                    .reads = client == 1,
                                    .key = key,
                                    .bytes = sizeof tensor,
                                    .op_timeout = 60,
                                    .client = client};
    struct error err;
    struct client *c;

    keys_make(key, KEYS_SMARTSIM, client, 1);
    c = client_mpi.open(&p, &err);
    if (!c)
        MPI_Abort(MPI_COMM_WORLD, 1);
    return c;
}

static void leave(struct client *c)
{
    client_mpi.leave(c);
    while (!client_mpi.left(c))
        ;
    client_mpi.close(c);
}

/* The other of the two has come as far. */
static void meet(void)
{
    int other = rank == WRITER ? READER : WRITER;

    MPI_Sendrecv(NULL, 0, MPI_INT, other, 0, NULL, 0, MPI_INT, other, 0,
                 MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

/* Of the writer. */
static size_t name(char key[SRB_KEY_MAX], int64_t step)
{
    char plain[SRB_KEY_MAX];

    keys_make(plain, KEYS_SMARTSIM, 0, 1);
    return keys_of_step(key, (size_t)keys_stem(key, plain), step, 0);
}

static void put_step(struct client *c, int64_t step)
{
    char key[SRB_KEY_MAX];
    struct error err = {.text = ""};

    name(key, step);
    client_mpi.rebind(c, key, sizeof tensor);
    for (size_t k = 0; k < COUNT; k++)
        tensor[k] = (float)step;
    expect(client_mpi.put(c, tensor, &err) == 0, "put", err.text);
    expect(client_mpi.tell(c, "any", 3, step + 1, &err) == 0, "tell", err.text);
}

static void remove_step(struct client *c, int64_t step)
{
    char key[SRB_KEY_MAX];
    struct srb_tensor t = {.key = key, .count = COUNT};
    struct error err = {.text = ""};

    t.key_length = name(key, step);
    expect(client_mpi.remove(c, &t, 1, &err) == 0, "remove", err.text);
}

static void write_all(void)
{
    struct client *c = join(0);

    put_step(c, 0);
    meet();
    meet(); /* the reader has asked for step 0, and not taken it */
    for (int64_t step = 1; step <= LAST; step++) {
        put_step(c, step);
        remove_step(c, step - 1);
    }
    meet();
    leave(c);
}

static void poll_step(struct client *c, int64_t step, int64_t steps, bool there)
{
    char key[SRB_KEY_MAX];
    struct client_poll p = {.tensor = key, .counter = "any"};
    struct error err = {.text = ""};

    p.tensor_length = name(key, step);
    expect(client_mpi.poll(c, &p, &err) == 0, "poll", err.text);
    expect(p.steps == steps && p.there == there, "poll", key);
}

static void get_step(struct client *c, int64_t step, bool there)
{
    char key[SRB_KEY_MAX];
    struct error err = {.text = ""};
    int rc;

    name(key, step);
    client_mpi.rebind(c, key, sizeof tensor);
    rc = client_mpi.get(c, tensor, &err);
    expect((rc == 0) == there, "get", key);
    expect(client_absent(c) == !there, "absent", key);
    for (size_t k = 0; there && k < COUNT; k++)
        if (tensor[k] != (float)step) {
            expect(false, "get brings other", key);
            break;
        }
}

/* Ask for step 0, and let what comes wait until the writer has all but
 * forgotten it. */
static void get_late(void)
{
    struct serve_wire ask = {.operation = SERVE_GET,
                             .bytes = sizeof tensor,
                             .serial = 1},
                      answer = {0};

    MPI_Send(&ask, SERVE_INTS, MPI_INT64_T, SERVER, SERVE_TAG_ASK, serving);
    MPI_Recv(&answer, SERVE_INTS, MPI_INT64_T, SERVER, SERVE_TAG_ANSWER,
             serving, MPI_STATUS_IGNORE);
    expect(answer.operation == SERVE_DONE && answer.serial == 1, "get",
           "no such answer");
    meet();
    meet();
    MPI_Recv(tensor, (int)COUNT, MPI_FLOAT, SERVER, SERVE_TAG_BACK, serving,
             MPI_STATUS_IGNORE);
    expect(tensor[0] == 0 && tensor[COUNT - 1] == 0, "get",
           "what was on its way has become another step's");
}

static void read_all(void)
{
    struct client *c = join(1);

    meet();
    poll_step(c, 0, 1, true);
    poll_step(c, 1, 1, false);
    get_late();
    poll_step(c, 0, LAST + 1, false);
    poll_step(c, LAST, LAST + 1, true);
    get_step(c, LAST, true);
    get_step(c, LAST - 1, false);
    leave(c);
}

int main(int argc, char *argv[])
{
    int size;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (size != RANKS)
        MPI_Abort(MPI_COMM_WORLD, 1);
    MPI_Comm_dup(MPI_COMM_WORLD, &serving);
    if (rank == SERVER)
        serve();
    else if (rank == WRITER)
        write_all();
    else
        read_all();
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    MPI_Comm_free(&serving);
    MPI_Finalize();
    return failures ? 1 : 0;
}
