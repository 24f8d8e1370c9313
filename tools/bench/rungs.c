/* rungs.c - the engines without a server against what lies bare below them.
 *
 *   srbench_rungs memory BYTES ITERATIONS CPU
 *   mpiexec -n 2 srbench_rungs messages BYTES ITERATIONS SERVER_CPU CLIENT_CPU
 *
 * memory: a put and a get of srbench's client `shm`, as its loops call it, and
 * copies to and from the same pages. messages: those of the client `mpi`,
 * served by rank 0 as in a study, and a bare exchange of the same header and
 * payload between the same ranks on the same communicator. Both in turn, A B, B
 * A, in rounds, within one process or job; a byte of every page is written
 * before either, as srbench's stamps do. Prints one line a round, the medians
 * in seconds, ours and the bare one:
 *
 *   put 1.2e-05 1.1e-05 get 1.2e-05 1.1e-05
 */
#include <errno.h>
#include <mpi.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/tick.h"
#include "base/units.h"
#include "client/tensor_client_wrap.h"
#include "engine/engine.h"
#include "engine/mpi_wire.h"
#include "engine/serving.h"
#include "engine/shm_slot.h"

#define ROUNDS 10
#define WARMUP 5
#define OP_TIMEOUT 30
#define PAGE ((size_t)4096)
#define KEY SRB_KEY_STEM "0"

/* One side of the comparison. */
struct side {
    void (*put)(void *with, const float *out);
    void (*get)(void *with, float *in);
    void *with;
};

struct work {
    size_t bytes, iterations;
    float *out, *in;
    int64_t *spans[2]; /* of puts and gets */
};

struct medians {
    double put, get;
};

static void move_to(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) < 0)
        die("CPU %d: %s", cpu, strerror(errno));
}

static float *pages(size_t bytes)
{
    float *data = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (data == MAP_FAILED)
        die("not enough memory for %zu bytes", bytes);
    memset(data, 0x5a, bytes);
    return data;
}

static struct work open_work(size_t bytes, size_t iterations)
{
    struct work w = {.bytes = bytes,
                     .iterations = iterations,
                     .out = pages(bytes),
                     .in = pages(bytes)};

    for (int k = 0; k < 2; k++)
        w.spans[k] = mem_new(iterations, sizeof *w.spans[k]);
    return w;
}

static void stamp(const struct work *w, size_t i)
{
    for (size_t at = 0; at < w->bytes / sizeof(float);
         at += PAGE / sizeof(float))
        w->out[at] = (float)i;
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static double median(int64_t *spans, size_t n)
{
    qsort(spans, n, sizeof *spans, ascending);
    return tick_seconds(spans[(n - 1) / 2] + spans[n / 2]) / 2;
}

/* A put and a get, again and again; what came back is what was put. */
static struct medians measure(const struct work *w, const struct side *s)
{
    for (size_t i = 0; i < WARMUP + w->iterations; i++) {
        int64_t start, between, got, end;

        stamp(w, i);
        start = tick_now();
        s->put(s->with, w->out);
        between = tick_now();
        got = tick_now();
        s->get(s->with, w->in);
        end = tick_now();
        if (i >= WARMUP) {
            w->spans[0][i - WARMUP] = between - start;
            w->spans[1][i - WARMUP] = end - got;
        }
    }
    if (memcmp(w->in, w->out, w->bytes) != 0)
        die("what came back is not what was put");
    return (struct medians){median(w->spans[0], w->iterations),
                            median(w->spans[1], w->iterations)};
}

static void say(struct medians ours, struct medians bare)
{
    printf("put %.6e %.6e get %.6e %.6e\n", ours.put, bare.put, ours.get,
           bare.get);
}

/* ---- srbench's own client, as the loops call it ---- */

struct own {
    struct srb_tensor_client *client;
    struct client *inside;
    size_t count;
};

static void own_put(void *with, const float *out)
{
    struct own *o = with;

    if (srb_put_tensor_n(o->client, KEY, sizeof KEY - 1, out, o->count) < 0)
        die("%s", srb_tensor_client_error(o->client));
}

static void own_get(void *with, float *in)
{
    struct own *o = with;

    if (srb_unpack_tensor_n(o->client, KEY, sizeof KEY - 1, in, o->count) < 0)
        die("%s", srb_tensor_client_error(o->client));
}

static struct own open_own(const struct client_ops *ops, size_t bytes,
                           const char *store, const struct served *served)
{
    const struct client_params p = {
        .store = store,
        .served = served,
        .places = {.clients = 1, .tensors = 1, .kept = 1},
        .key = KEY,
        .bytes = bytes,
        .op_timeout = OP_TIMEOUT};
    struct own o = {.count = bytes / sizeof(float)};
    struct error err;

    o.client = tensor_client_wrap(ops, &p, o.count, &o.inside, &err);
    if (!o.client)
        die("%s", err.text);
    return o;
}

/* ---- memory ---- */

struct copies {
    void *at;
    size_t bytes;
};

static void copy_in(void *with, const float *out)
{
    struct copies *c = with;

    memcpy(c->at, out, c->bytes);
}

static void copy_out(void *with, float *in)
{
    struct copies *c = with;

    memcpy(in, c->at, c->bytes);
}

/* Where the store's memory is mapped by the client: its one slot. */
static struct shm_slot *mapped(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[1024];
    void *at = NULL;

    while (maps && !at && fgets(line, sizeof line, maps))
        if (strstr(line, "/memfd:srbench"))
            at = (void *)strtoul(line, NULL, 16);
    if (maps)
        fclose(maps);
    if (!at)
        die("no shared memory is mapped");
    return at;
}

static void compare_memory(const struct work *w)
{
    char folder[] = "/tmp/srbench-rungs-XXXXXX", *effective = NULL;
    const struct store_terms terms = {.experiment = EXPERIMENT_COLOCATED,
                                      .shards = 1,
                                      .clients = 1,
                                      .bytes = (int64_t)w->bytes,
                                      .kept = 1,
                                      .folder = folder};
    struct store *store;
    struct error err;
    struct own o;
    struct copies c = {.bytes = w->bytes};

    if (!mkdtemp(folder))
        die("%s: %s", folder, strerror(errno));
    store = engine_shm.store->open(&terms, &effective, &err);
    if (!store)
        die("%s", err.text);
    o = open_own(&client_shm, w->bytes, store->where, NULL);
    c.at = mapped()->data;
    for (int k = 0; k < ROUNDS; k++) {
        const struct side sides[] = {{own_put, own_get, &o},
                                     {copy_in, copy_out, &c}};
        struct medians m[2];

        m[k % 2] = measure(w, &sides[k % 2]);
        m[1 - k % 2] = measure(w, &sides[1 - k % 2]);
        say(m[0], m[1]);
    }
    srb_tensor_client_close(o.client);
    engine_shm.store->close(store);
    free(effective);
    rmdir(folder);
}

/* ---- messages ---- */

struct wire {
    MPI_Comm comm;
    int count;
    struct serve_wire header;
};

static void send_header(struct wire *x, int to, enum serve_operation operation)
{
    x->header.operation = operation;
    MPI_Send(&x->header, SERVE_INTS, MPI_INT64_T, to, 0, x->comm);
}

static void await_header(struct wire *x, int from)
{
    MPI_Recv(&x->header, SERVE_INTS, MPI_INT64_T, from, 0, x->comm,
             MPI_STATUS_IGNORE);
}

static void message_put(void *with, const float *out)
{
    struct wire *x = with;

    send_header(x, 0, SERVE_PUT);
    MPI_Send(out, x->count, MPI_FLOAT, 0, 0, x->comm);
    await_header(x, 0);
}

static void message_get(void *with, float *in)
{
    struct wire *x = with;

    send_header(x, 0, SERVE_GET);
    await_header(x, 0);
    MPI_Recv(in, x->count, MPI_FLOAT, 0, 0, x->comm, MPI_STATUS_IGNORE);
}

/* The other side, until it is told to end. */
static void message_serve(struct wire *x, float *kept)
{
    for (;;) {
        await_header(x, 1);
        if (x->header.operation == SERVE_END)
            return;
        if (x->header.operation == SERVE_PUT)
            MPI_Recv(kept, x->count, MPI_FLOAT, 1, 0, x->comm,
                     MPI_STATUS_IGNORE);
        else
            x->header.operation = SERVE_GET;
        x->header.serial++;
        MPI_Send(&x->header, SERVE_INTS, MPI_INT64_T, 1, 0, x->comm);
        if (x->header.operation == SERVE_GET)
            MPI_Send(kept, x->count, MPI_FLOAT, 1, 0, x->comm);
    }
}

static void nothing(void *arg)
{
    (void)arg;
}

static void serve_both(const struct work *w, struct wire *x)
{
    const int client = 0, rank = 1;
    const struct serving_terms terms = {
        .comm = x->comm,
        .places = {.clients = 1, .tensors = 1, .kept = 1},
        .n = 1,
        .keepers = 1,
        .clients = &client,
        .ranks = &rank,
        .bytes = w->bytes};
    struct error err;
    void *server = engine_mpi.serving->open(&terms, &err);

    if (!server)
        die("%s", err.text);
    for (int k = 0; k < 2 * ROUNDS; k++)
        if (k % 4 == 0 || k % 4 == 3) /* A B, B A */
            engine_mpi.serving->serve(server, nothing, NULL);
        else
            message_serve(x, w->in);
    engine_mpi.serving->close(server);
}

static struct medians measure_own(const struct work *w, struct own *o)
{
    struct medians m = measure(w, &(struct side){own_put, own_get, o});

    client_mpi.leave(o->inside);
    while (!client_mpi.left(o->inside))
        sched_yield();
    return m;
}

static struct medians measure_bare(const struct work *w, struct wire *x)
{
    struct medians m = measure(w, &(struct side){message_put, message_get, x});

    send_header(x, 0, SERVE_END);
    return m;
}

static void ask_both(const struct work *w, struct wire *x)
{
    const struct served served = {x->comm, 0};
    struct own o = open_own(&client_mpi, w->bytes, NULL, &served);

    for (int k = 0; k < ROUNDS; k++) {
        struct medians ours, bare;

        if (k % 2)
            bare = measure_bare(w, x);
        ours = measure_own(w, &o);
        if (k % 2 == 0)
            bare = measure_bare(w, x);
        say(ours, bare);
    }
    srb_tensor_client_close(o.client);
}

static void compare_messages(const struct work *w, const int cpu[2])
{
    struct wire x = {.count = (int)(w->bytes / sizeof(float))};
    int rank, size;

    MPI_Init(NULL, NULL);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (size != 2)
        die("found %d ranks, expected 2", size);
    MPI_Comm_dup(MPI_COMM_WORLD, &x.comm);
    move_to(cpu[rank]);
    if (rank == 0)
        serve_both(w, &x);
    else
        ask_both(w, &x);
    fflush(stdout);
    MPI_Comm_free(&x.comm);
    MPI_Finalize();
}

/* ---- */

/* A whole number from least to most, or the end. */
static int64_t number(const char *what, const char *text, int64_t least,
                      int64_t most)
{
    struct error err = {.text = ""};
    int64_t n;

    if (units_parse_bytes(text, &n, &err) < 0 || n < least || n > most)
        die("%s: found '%s', expected a number from %lld to %lld", what, text,
            (long long)least, (long long)most);
    return n;
}

static int cpu_of(const char *text)
{
    return (int)number("CPU", text, 0, CPU_SETSIZE - 1);
}

int main(int argc, char *argv[])
{
    bool memory = argc == 5 && strcmp(argv[1], "memory") == 0;
    struct work w;

    if (!memory && (argc != 6 || strcmp(argv[1], "messages") != 0)) {
        fprintf(stderr,
                "usage: %s memory BYTES ITERATIONS CPU\n"
                "       mpiexec -n 2 %s messages BYTES ITERATIONS SERVER_CPU "
                "CLIENT_CPU\n",
                argv[0], argv[0]);
        return 2;
    }
    w = open_work((size_t)number("BYTES", argv[2], 4, INT64_C(1) << 31),
                  (size_t)number("ITERATIONS", argv[3], 1, 100000000));
    if (memory) {
        move_to(cpu_of(argv[4]));
        compare_memory(&w);
    } else {
        compare_messages(&w, (int[]){cpu_of(argv[4]), cpu_of(argv[5])});
    }
    for (int k = 0; k < 2; k++)
        free(w.spans[k]);
    munmap(w.out, w.bytes);
    munmap(w.in, w.bytes);
    return 0;
}
