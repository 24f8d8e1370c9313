/* Memory that clients share: a steward's store, and clients that find it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/client.h"
#include "engine/engine.h"
#include "engine/shm_slot.h"

#define CLIENTS 3
#define MOST 10000

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

static struct client *open_client(struct scene *s, int slot, size_t bytes)
{
    struct client_params p = {.store = s->store->where,
                              .slot = slot,
                              .key = "k",
                              .bytes = bytes,
                              .op_timeout = 5,
                              .client = 7};

    return client_shm.open(&p, &s->err);
}

static void each_has_its_own(void **state)
{
    struct scene *s = *state;
    struct client *a = open_client(s, 0, 8), *b = open_client(s, 2, MOST);
    char in[MOST] = "", out[MOST] = "something";

    assert_string_equal(s->effective, "slots 3\nslot-bytes 16384\n");
    assert_true(a && b);
    assert_int_equal(client_shm.get(a, in, &s->err), -1);
    assert_non_null(strstr(s->err.text, "unpack_tensor of k at /tmp/srb-shm-"));
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
    assert_non_null(strstr(s->err.text, "client 7: cannot get at the shared "));
    assert_null(open_client(s, 0, MOST * 2));
    engine_shm.store->close(s->store);
    snprintf(gone.where, sizeof gone.where, "%s/memory.sock", s->folder);
    s->store = &gone;
    assert_null(open_client(s, 0, 8));
    assert_non_null(strstr(s->err.text, "No such file or directory"));
    s->store = NULL;
}

/* The one slot that is mapped here, by proc(5). */
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

/* A writer that has not come back is waited for as long as any reply. */
static void a_torn_one_is_waited_for(void **state)
{
    struct scene *s = *state;
    struct client_params p = {
        .store = s->store->where, .key = "k", .bytes = 8, .op_timeout = 0.05};
    struct client *c = client_shm.open(&p, &s->err);
    char in[8];

    assert_non_null(c);
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
        cmocka_unit_test_setup_teardown(who_does_not_get_in, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(a_torn_one_is_waited_for, open_scene,
                                        close_scene),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
