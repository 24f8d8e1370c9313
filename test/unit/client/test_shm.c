/* Memory that clients share: a steward's store, and clients that find it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/client.h"
#include "client/serverless.h"
#include "engine/engine.h"
#include "engine/shm_slot.h"

#define CLIENTS 3
#define MOST 10000
#define TENSORS 2
#define STEPS 3
#define KEPT (TENSORS * STEPS)
#define FIRST 40 /* the first client of the node */

struct scene {
    char top[64], folder[512];
    char *effective;
    struct store *store;
    struct error err;
};

/* In a folder whose path is longer than a socket's may be. */
static int open_scene(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    struct store_terms terms = {.experiment = EXPERIMENT_COLOCATED,
                                .shards = 1,
                                .clients = CLIENTS,
                                .bytes = MOST,
                                .kept = KEPT,
                                .folder = s->folder};

    snprintf(s->top, sizeof s->top, "/tmp/srb-shm-XXXXXX");
    assert_non_null(mkdtemp(s->top));
    snprintf(s->folder, sizeof s->folder, "%s/%0150d", s->top, 0);
    assert_int_equal(mkdir(s->folder, 0700), 0);
    s->store = engine_shm.store->open(&terms, &s->effective, &s->err);
    if (!s->store)
        fail_msg("%s", s->err.text);
    *state = s;
    return 0;
}

/* Nothing is left but the folders that were there before. */
static int close_scene(void **state)
{
    struct scene *s = *state;
    int rc;

    if (s->store)
        engine_shm.store->close(s->store);
    rc = rmdir(s->folder) + rmdir(s->top);
    free(s->effective);
    free(s);
    return rc;
}

static struct client *open_one(struct scene *s, int slot, size_t bytes,
                               bool reads)
{
    char key[SRB_KEY_MAX];
    struct client_params p = {.store = s->store->where,
                              .places = {.first = FIRST,
                                         .clients = CLIENTS,
                                         .tensors = TENSORS,
                                         .kept = KEPT},
                              .reads = reads,
                              .key = key,
                              .bytes = bytes,
                              .op_timeout = 5,
                              .client = FIRST + slot};

    keys_make(key, KEYS_SMARTSIM, FIRST + slot, 1);
    return client_shm.open(&p, &s->err);
}

static struct client *open_client(struct scene *s, int slot, size_t bytes)
{
    return open_one(s, slot, bytes, false);
}

static void each_has_its_own(void **state)
{
    struct scene *s = *state;
    struct client *a = open_client(s, 0, 8), *b = open_client(s, 2, MOST);
    char in[MOST] = "", out[MOST] = "something";

    assert_string_equal(s->effective, "slots 18\nslot-bytes 16384\n");
    assert_true(a && b);
    assert_int_equal(client_shm.get(a, in, &s->err), -1);
    assert_non_null(
        strstr(s->err.text, "unpack_tensor of throughput_rank_40 at /tmp/srb"));
    assert_non_null(strstr(s->err.text, "there is no such tensor"));
    assert_int_equal(client_shm.put(a, "1234567", &s->err), 0);
    assert_int_equal(client_shm.put(b, out, &s->err), 0);
    assert_int_equal(client_shm.get(a, in, &s->err), 0);
    assert_string_equal(in, "1234567");
    assert_int_equal(client_shm.get(b, in, &s->err), 0);
    assert_memory_equal(in, out, MOST);
    client_shm.close(a);
    client_shm.close(b);
}

/* What one client has put, the next in its place finds, until it is emptied. */
static void until_it_is_emptied(void **state)
{
    struct scene *s = *state;
    struct client *c = open_client(s, 1, 8);
    char in[MOST];

    assert_int_equal(client_shm.put(c, "1234567", &s->err), 0);
    client_shm.close(c);
    c = open_client(s, 1, 8);
    assert_int_equal(client_shm.get(c, in, &s->err), 0);
    client_shm.close(c);
    c = open_client(s, 1, 4);
    assert_int_equal(client_shm.get(c, in, &s->err), -1);
    assert_non_null(strstr(s->err.text, "the tensor is not of 4 bytes"));
    client_shm.close(c);
    assert_int_equal(engine_shm.store->empty(s->store, &s->err), 0);
    c = open_client(s, 1, 8);
    assert_int_equal(client_shm.get(c, in, &s->err), -1);
    assert_non_null(strstr(s->err.text, "there is no such tensor"));
    client_shm.close(c);
}

static void who_does_not_get_in(void **state)
{
    struct scene *s = *state;
    struct store gone;

    assert_null(open_client(s, CLIENTS, 8));
    assert_non_null(
        strstr(s->err.text, "client 43: cannot get at the shared "));
    assert_null(open_client(s, 0, MOST * 2));
    assert_null(open_client(s, -1, 8));
    engine_shm.store->close(s->store);
    snprintf(gone.where, sizeof gone.where, "%s/memory.sock", s->folder);
    s->store = &gone;
    assert_null(open_client(s, 0, 8));
    assert_non_null(strstr(s->err.text, "No such file or directory"));
    s->store = NULL;
}

/* The first slot of what is mapped here, by proc(5). */
static struct shm_slot *mapped_slot(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[1024];
    void *at = NULL;

    while (!at && fgets(line, sizeof line, maps))
        if (strstr(line, "/memfd:srbench"))
            at = (void *)strtoul(line, NULL, 16);
    fclose(maps);
    assert_non_null(at);
    return at;
}

static void name(char key[SRB_KEY_MAX], int slot, int64_t step, size_t i)
{
    char plain[SRB_KEY_MAX];

    keys_make(plain, KEYS_SMARTSIM, FIRST + slot, 1);
    keys_of_step(key, (size_t)keys_stem(key, plain), step, i);
}

static void bind_to(struct client *c, int slot, int64_t step, size_t i)
{
    char key[SRB_KEY_MAX];

    name(key, slot, step, i);
    client_shm.rebind(c, key, 8);
}

/* Steps stay until their places' turn comes again, or they are removed, and
 * whoever is on the node gets them; only their own client puts them. */
static void steps_of_several_tensors(void **state)
{
    struct scene *s = *state;
    struct client *a = open_client(s, 0, 8), *b = open_client(s, 1, 8);
    char in[8], out[8], key[SRB_KEY_MAX];
    struct srb_tensor gone = {.key = key, .count = 2};

    for (int step = 0; step < 5; step++)
        for (size_t i = 0; i < TENSORS; i++) {
            snprintf(out, sizeof out, "%d.%zu", step, i);
            bind_to(a, 0, step, i);
            assert_int_equal(client_shm.put(a, out, &s->err), 0);
        }
    for (int step = 0; step < 7; step++)
        for (size_t i = 0; i < TENSORS; i++) {
            snprintf(out, sizeof out, "%d.%zu", step, i);
            bind_to(b, 0, step, i);
            if (step < 5 - STEPS || step >= 5) {
                assert_int_equal(client_shm.get(b, in, &s->err), -1);
                continue;
            }
            assert_int_equal(client_shm.get(b, in, &s->err), 0);
            assert_string_equal(in, out);
        }
    bind_to(b, 0, 5, 0);
    assert_int_equal(client_shm.put(b, "x", &s->err), -1);
    assert_non_null(strstr(s->err.text, "no place among this client's"));
    bind_to(b, CLIENTS, 0, 0);
    assert_int_equal(client_shm.get(b, in, &s->err), -1);
    name(key, 0, 3, 1);
    gone.key_length = strlen(key);
    assert_int_equal(client_shm.remove(b, &gone, 1, &s->err), -1);
    assert_int_equal(client_shm.remove(a, &gone, 1, &s->err), 0);
    assert_int_equal(client_shm.remove(a, &gone, 1, &s->err), -1);
    assert_non_null(strstr(s->err.text, "there is no such tensor"));
    bind_to(b, 0, 3, 1);
    assert_int_equal(client_shm.get(b, in, &s->err), -1);
    client_shm.close(a);
    client_shm.close(b);
}

/* Of the pages behind what is mapped here, how many are there. */
static size_t pages_there(void)
{
    unsigned char in[CLIENTS * KEPT * 16384 / SHM_PAGE];
    size_t n = 0;

    assert_int_equal(mincore(mapped_slot(), sizeof in * SHM_PAGE, in), 0);
    for (size_t k = 0; k < sizeof in; k++)
        n += in[k] & 1;
    return n;
}

static void poll_for(struct scene *s, struct client *c, int64_t step,
                     int64_t steps, bool there)
{
    char key[SRB_KEY_MAX];
    struct client_poll p = {.tensor = key, .counter = "any", .steps = -1};

    name(key, 0, step, 0);
    p.tensor_length = strlen(key);
    key[p.tensor_length] = 'x'; /* it need not end there */
    assert_int_equal(client_shm.poll(c, &p, &s->err), 0);
    assert_int_equal(p.steps, steps);
    assert_int_equal(p.there, there);
}

/* A reader takes no memory, and finds what a writer has told and put; who is
 * late finds nothing, which is no error of the connection. */
static void writers_and_readers(void **state)
{
    struct scene *s = *state;
    struct client *r = open_one(s, 1, 8, true), *w;
    char in[8];

    assert_non_null(r);
    assert_int_equal(pages_there(), 0);
    w = open_client(s, 0, 8);
    assert_int_equal(pages_there(), KEPT * 2);
    poll_for(s, r, 0, 0, false);
    for (int step = 0; step <= STEPS; step++) {
        bind_to(w, 0, step, 0);
        assert_int_equal(client_shm.put(w, "1234567", &s->err), 0);
        assert_int_equal(client_shm.tell(w, "any", 3, step + 1, &s->err), 0);
    }
    poll_for(s, r, 0, STEPS + 1, false); /* its place has another */
    poll_for(s, r, STEPS, STEPS + 1, true);
    poll_for(s, r, STEPS + 1, STEPS + 1, false);
    bind_to(r, 0, STEPS, 0);
    assert_int_equal(client_shm.get(r, in, &s->err), 0);
    assert_string_equal(in, "1234567");
    assert_false(client_absent(r));
    bind_to(r, 0, 0, 0);
    assert_int_equal(client_shm.get(r, in, &s->err), -1);
    assert_true(client_absent(r));
    assert_false(client_absent(r)); /* it is forgotten */
    assert_int_equal(client_shm.tell(r, "any", 3, 9, &s->err), -1);
    assert_int_equal(pages_there(), KEPT * 2);
    assert_int_equal(engine_shm.store->empty(s->store, &s->err), 0);
    poll_for(s, r, STEPS, 0, false);
    client_shm.close(w);
    client_shm.close(r);
}

/* A writer that has not come back is waited for as long as any reply. */
static void a_torn_one_is_waited_for(void **state)
{
    struct scene *s = *state;
    struct client *c = open_client(s, 0, 8);
    char in[8];

    assert_non_null(c);
    ((struct serverless *)(void *)c)->op_timeout = 0.05;
    assert_int_equal(client_shm.put(c, "1234567", &s->err), 0);
    atomic_fetch_add(&mapped_slot()->sequence, 1);
    assert_int_equal(client_shm.get(c, in, &s->err), -1);
    assert_non_null(strstr(s->err.text, "no reply within 0.05 s"));
    client_shm.close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_has_its_own, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(until_it_is_emptied, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(steps_of_several_tensors, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(writers_and_readers, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(who_does_not_get_in, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(a_torn_one_is_waited_for, open_scene,
                                        close_scene),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
