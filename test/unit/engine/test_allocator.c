/* Whether a server's allocator took what its environment says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "engine/allocator.h"

#define JEMALLOC                                                               \
    "hz 10\nopt.dirty_decay_ms -1\nopt.thp \"always\"\nopt.narenas 8\n"        \
    "mem_allocator jemalloc-5.3.0\n"
#define SILENT "hz 10\nmem_allocator jemalloc-5.3.0\n"
#define GLIBC "hz 10\nmem_allocator libc\n"

static const struct {
    const char *effective, *name, *value;
    bool ignored;
} vectors[] = {
    {JEMALLOC, "MALLOC_CONF", "dirty_decay_ms:-1", false},
    {JEMALLOC, "JE_MALLOC_CONF", "dirty_decay_ms:-1,thp:always", false},
    {JEMALLOC, "MALLOC_CONF", "", false},
    {JEMALLOC, "MALLOC_CONF", NULL, false},
    {JEMALLOC, "MALLOC_CONF", "dirty_decay_ms:0", true},
    {JEMALLOC, "MALLOC_CONF", "dirty_decay_ms:-1,thp:never", true},
    {JEMALLOC, "MALLOC_CONF", "dirty_decay:-1", true}, /* a wrong name */
    {JEMALLOC, "MALLOC_CONF", "dirty_decay_ms", true},
    {JEMALLOC, "MALLOC_CONF", "narenas:80", true},
    {JEMALLOC, "MALLOC_CONF", ",", true},
    {JEMALLOC, "GLIBC_TUNABLES", "glibc.malloc.mmap_max=0", true},
    {GLIBC, "GLIBC_TUNABLES", "glibc.malloc.mmap_max=0", false},
    {GLIBC, "MALLOC_CONF", "dirty_decay_ms:-1", true},
    {SILENT, "MALLOC_CONF", "dirty_decay_ms:-1", false},
    {"", "MALLOC_CONF", "dirty_decay_ms:-1", false},
    {NULL, "MALLOC_CONF", "dirty_decay_ms:-1", false},
    {GLIBC, "OMP_NUM_THREADS", "3", false},
};

static void what_did_not_arrive(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        char name[64], value[64];
        struct pair pair = {.name = name,
                            .value = vectors[i].value ? value : NULL};
        const struct value env = {.pairs = &pair, .npairs = 1};

        strcpy(name, vectors[i].name);
        strcpy(value, vectors[i].value ? vectors[i].value : "");
        if (allocator_ignored(vectors[i].effective, &env) != vectors[i].ignored)
            fail_msg("vector %zu: %s=%s", i, name, value);
    }
}

static void nothing_is_asked(void **state)
{
    const struct value env = {.npairs = 0};

    (void)state;
    assert_false(allocator_ignored(GLIBC, &env));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_did_not_arrive),
        cmocka_unit_test(nothing_is_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
