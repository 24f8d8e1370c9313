/* Tensors as files: put whole or not at all, in a folder that is ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/scratch.h"
#include "client/client.h"
#include "engine/engine.h"

struct scene {
    char top[64], *effective;
    struct store *store;
    struct error err;
};

static struct store *open_store(struct scene *s)
{
    struct store_terms terms = {.experiment = EXPERIMENT_STANDARD,
                                .shards = 2,
                                .clients = 2,
                                .bytes = 100,
                                .path = s->top};

    free(s->effective);
    s->effective = NULL;
    return engine_files.store->open(&terms, &s->effective, &s->err);
}

static int open_scene(void **state)
{
    struct scene *s = calloc(1, sizeof *s);

    snprintf(s->top, sizeof s->top, "/tmp/srb-files-XXXXXX");
    assert_non_null(mkdtemp(s->top));
    s->store = open_store(s);
    if (!s->store)
        fail_msg("%s", s->err.text);
    *state = s;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *s = *state;
    int rc;

    engine_files.store->close(s->store);
    rc = rmdir(s->top); /* nothing is left in it */
    free(s->effective);
    free(s);
    return rc;
}

static struct client *open_client(struct scene *s, const char *key,
                                  size_t bytes)
{
    struct client_params p = {.store = s->store->where,
                              .shard = 1,
                              .key = key,
                              .bytes = bytes,
                              .op_timeout = 5,
                              .client = 3};

    return client_files.open(&p, &s->err);
}

static void in_shard(const struct scene *s, const char *name, char path[1024])
{
    snprintf(path, 1024, "%.512s/1/%s", s->store->where, name);
}

static void put_and_get(void **state)
{
    struct scene *s = *state;
    struct client *c = open_client(s, "k", 8);
    char in[16] = "", path[1024];
    struct stat st;

    assert_non_null(c);
    assert_int_equal(client_files.get(c, in, &s->err), -1);
    assert_non_null(
        strstr(s->err.text, "unpack_tensor of k at /tmp/srb-files"));
    assert_non_null(strstr(s->err.text, "No such file"));
    assert_int_equal(client_files.put(c, "1234567", &s->err), 0);
    assert_int_equal(client_files.get(c, in, &s->err), 0);
    assert_string_equal(in, "1234567");
    in_shard(s, "k", path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    in_shard(s, "k.new", path);
    assert_int_equal(stat(path, &st), -1);
    client_files.close(c);
    /* other lengths */
    c = open_client(s, "k", 16);
    assert_int_equal(client_files.get(c, in, &s->err), -1);
    assert_non_null(strstr(s->err.text, "the file ends after 8 of 16 bytes"));
    client_files.close(c);
    c = open_client(s, "k", 4);
    assert_int_equal(client_files.get(c, in, &s->err), -1);
    assert_non_null(strstr(s->err.text, "the file has 8 bytes, not 4"));
    client_files.close(c);
    assert_int_equal(engine_files.store->empty(s->store, &s->err), 0);
    in_shard(s, "k", path);
    assert_int_equal(stat(path, &st), -1);
}

/* Each key a file of its own, with its own length; one that is removed has
 * none. */
static void several_keys(void **state)
{
    struct scene *s = *state;
    struct client *c = open_client(s, "a", 8);
    float four[] = {1, 2, 3, 4}, two[] = {5, 6}, in[4] = {0};
    const struct srb_tensor list[] = {
        {.key = "b", .key_length = 1, .count = 2, .data = two},
        {.key = "cc", .key_length = 2, .count = 4, .data = four}};
    struct srb_tensor back = list[1];
    char path[1024];
    struct stat st;

    assert_non_null(c);
    assert_int_equal(client_put_many(c, list, 2, &s->err), 0);
    back.data = in;
    assert_int_equal(client_get_many(c, &back, 1, &s->err), 0);
    assert_memory_equal(in, four, sizeof four);
    in_shard(s, "b", path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, sizeof two);
    assert_int_equal(client_files.remove(c, list, 1, &s->err), 0);
    assert_int_equal(stat(path, &st), -1);
    assert_int_equal(client_files.remove(c, list, 2, &s->err), -1);
    assert_non_null(strstr(s->err.text, "remove of b at /tmp/srb-files"));
    assert_non_null(strstr(s->err.text, "No such file"));
    client_files.close(c);
}

static void poll_for(struct scene *s, struct client *c, const char *tensor,
                     int64_t steps, bool there)
{
    struct client_poll p = {.counter = "cnt and more",
                            .counter_length = 3,
                            .tensor = tensor,
                            .tensor_length = 2,
                            .steps = -1};

    assert_int_equal(client_files.poll(c, &p, &s->err), 0);
    assert_int_equal(p.steps, steps);
    assert_int_equal(p.there, there);
}

/* A reader looks for the writer's files; who is late finds none, which is no
 * error of its own, but of a folder that has gone nothing is awaited. */
static void writers_and_readers(void **state)
{
    struct scene *s = *state;
    struct client *w = open_client(s, "k1", 8), *r = open_client(s, "me", 8);
    char in[8], path[1024];
    FILE *f;

    poll_for(s, r, "k1 and more", 0, false);
    assert_int_equal(client_files.put(w, "1234567", &s->err), 0);
    poll_for(s, r, "k1 and more", 0, true);
    assert_int_equal(client_files.tell(w, "cnt!", 3, INT64_C(1) << 40, &s->err),
                     0);
    poll_for(s, r, "k1", INT64_C(1) << 40, true);
    assert_int_equal(client_files.get(r, in, &s->err), 0);
    assert_string_equal(in, "1234567");
    poll_for(s, r, "k2", INT64_C(1) << 40, false);
    assert_int_equal(client_files.get(r, in, &s->err), -1);
    assert_true(client_absent(r));
    assert_false(client_absent(r));
    in_shard(s, "cnt", path);
    f = fopen(path, "w");
    fputs("odd", f);
    fclose(f);
    {
        struct client_poll p = {.counter = "cnt",
                                .tensor = "k1",
                                .counter_length = 3,
                                .tensor_length = 2};

        assert_int_equal(client_files.poll(r, &p, &s->err), -1);
        assert_non_null(strstr(s->err.text, "poll of k1 at /tmp/srb-files"));
        assert_non_null(strstr(s->err.text, "cnt has 3 bytes, not 8"));
        assert_int_equal(engine_files.store->empty(s->store, &s->err), 0);
        poll_for(s, r, "k1", 0, false);
        in_shard(s, "", path);
        assert_int_equal(rmdir(path), 0);
        assert_int_equal(client_files.poll(r, &p, &s->err), -1);
        assert_non_null(strstr(s->err.text, "No such file or directory"));
        assert_int_equal(mkdir(path, 0700), 0);
    }
    client_files.close(w);
    client_files.close(r);
}

/* Neither read through, nor written through. */
static void links_are_not_followed(void **state)
{
    struct scene *s = *state;
    struct client *c = open_client(s, "k", 8);
    char in[8] = "", path[1024], target[128];
    struct stat st;
    FILE *f;

    snprintf(target, sizeof target, "%s/target", s->top);
    f = fopen(target, "w");
    assert_non_null(f);
    fputs("theirs!", f);
    fclose(f);
    in_shard(s, "k", path);
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(client_files.get(c, in, &s->err), -1);
    in_shard(s, "k.new", path);
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(client_files.put(c, "1234567", &s->err), -1);
    assert_int_equal(stat(target, &st), 0);
    assert_int_equal(st.st_size, 7);
    client_files.close(c);
    assert_int_equal(unlink(target), 0);
}

/* One that is open to others, or says another name, is refused. */
static void folders_that_are_not_ours(void **state)
{
    struct scene *s = *state;
    char path[1024];
    FILE *f;

    assert_int_equal(chmod(s->store->where, 0755), 0);
    assert_null(open_client(s, "k", 8));
    assert_non_null(strstr(s->err.text, "is somebody else's, or open to oth"));
    assert_int_equal(chmod(s->store->where, 0700), 0);
    snprintf(path, sizeof path, "%.512s/name", s->store->where);
    f = fopen(path, "w");
    fputs("/another", f);
    fclose(f);
    assert_int_equal(engine_files.store->seen(s->store->where, &s->err), -1);
    assert_non_null(strstr(s->err.text, "is another one than the node has"));
    assert_int_equal(engine_files.store->seen("/no/such", &s->err), -1);
    assert_non_null(strstr(s->err.text, "give a db_path that all nodes see"));
    assert_null(open_client(s, "a/b", 8));
}

static int count(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *e;
    int n = 0;

    while ((e = readdir(dir)))
        n += e->d_name[0] != '.';
    closedir(dir);
    return n;
}

/* The next start removes what a killed process has left, and nothing that is
 * another host's. */
static void left_overs_go(void **state)
{
    struct scene *s = *state;
    char theirs[128];
    pid_t child = fork();

    if (child == 0) {
        open_store(s);
        _exit(0); /* without a word */
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    snprintf(theirs, sizeof theirs, "%s/srbench-files-%lu-00000000-abcdef",
             s->top, (unsigned long)getuid());
    assert_int_equal(mkdir(theirs, 0700), 0);
    assert_int_equal(count(s->top), 3);
    engine_files.store->close(s->store);
    s->store = open_store(s);
    assert_non_null(s->store);
    assert_int_equal(count(s->top), 2);
    assert_int_equal(rmdir(theirs), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(put_and_get, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(several_keys, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(writers_and_readers, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(links_are_not_followed, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(folders_that_are_not_ours, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(left_overs_go, open_scene, close_scene),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
