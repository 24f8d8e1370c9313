/* What permutations take: bounds, not bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "plan/footprint.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MIB (INT64_C(1024) * 1024)
#define GIB (1024 * MIB)

static void sums_and_products_stay(void **state)
{
    (void)state;
    assert_int_equal(footprint_sum(2, 3), 5);
    assert_int_equal(footprint_sum(INT64_MAX - 1, 1), INT64_MAX);
    assert_int_equal(footprint_sum(INT64_MAX, INT64_MAX), INT64_MAX);
    assert_int_equal(footprint_product(4, 5), 20);
    assert_int_equal(footprint_product(INT64_MAX, 0), 0);
    assert_int_equal(footprint_product(0, INT64_MAX), 0);
    assert_int_equal(footprint_product(INT64_MAX, 2), INT64_MAX);
    assert_int_equal(footprint_product(INT64_C(1) << 32, INT64_C(1) << 32),
                     INT64_MAX);
}

/* 1.5 times the bytes of the tensors, and 1 MiB. */
static const struct footprint some = {.eighths = 12, .fixed = MIB};

static void tensors_in_eighths_and_what_is_fixed(void **state)
{
    static const struct footprint nothing = {.eighths = 0};

    (void)state;
    assert_int_equal(footprint_server(&some, 8, 64 * MIB), 769 * MIB);
    assert_int_equal(footprint_server(&some, 0, 4 * GIB), MIB);
    assert_int_equal(footprint_server(&nothing, 8, GIB), 0);
    assert_int_equal(footprint_server(&some, INT32_MAX, INT64_C(1) << 40),
                     INT64_MAX);
    assert_int_equal(footprint_client(&some, 64 * MIB, 0), 97 * MIB);
    /* the timings: 32 B a pair at least */
    assert_in_range(footprint_client(&nothing, 64 * MIB, 1000000), 32000000,
                    160000000);
    assert_int_equal(footprint_client(&some, INT64_MAX, INT64_MAX), INT64_MAX);
}

static void descriptors(void **state)
{
    (void)state;
    assert_in_range(footprint_descriptors(100, 1), 132, 200);
    assert_int_equal(
        footprint_descriptors(100, 64) - footprint_descriptors(100, 1), 2 * 63);
}

static void room_in_the_file(void **state)
{
    (void)state;
    /* one permutation of 4 clients and 20 pairs took 61 KiB */
    assert_in_range(footprint_file(4, 20), 61 * 1024, 128 * 1024);
    assert_in_range(footprint_file(1000, 1000000), INT64_C(32000000000),
                    INT64_C(33000000000));
    assert_int_equal(footprint_file(INT64_MAX, 100), INT64_MAX);
}

/* What the loop, the way to rank 0, sorting and the file have of steps, a pair;
 * bytes, by counting arrays of 8. */
static void steps(void **state)
{
    static const struct {
        struct footprint_steps steps;
        int64_t memory, file;
    } of[] = {
        {{.computes = false}, 0, 0},
        {{.phases = true, .streams = true}, 0, 0},
        {{.computes = true}, 6 * 8, 2 * 8},
        {{.computes = true, .phases = true}, 12 * 8, 4 * 8},
        {{.paced = true}, 18 * 8, 3 * 8},
        {{.paced = true, .phases = true, .removes = true}, 41 * 8, 8 * 8},
        {{.removes = true}, 5 * 8, 2 * 8},
        {{.runs = 2}, 10 * 8, 4 * 8},
        {{.computes = true, .runs = 1}, 11 * 8, 4 * 8},
    };
    const struct footprint_steps stream = {.computes = true, .streams = true};

    (void)state;
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        assert_int_equal(footprint_steps(&of[i].steps, 1000),
                         1000 * of[i].memory);
        assert_int_equal(footprint_steps_file(&of[i].steps, 1000),
                         1000 * of[i].file);
    }
    assert_int_equal(footprint_steps(&stream, 0), 32 * MIB);
    assert_int_equal(footprint_steps(&stream, INT64_MAX), INT64_MAX);
}

static const struct {
    uint64_t type;
    const char *name; /* NULL: local */
} systems[] = {
    {0x6969, "NFS"},
    {0x0bd00bd0, "Lustre"},
    {0x47504653, "GPFS"},
    {0xff534d42, "CIFS"},
    {0xaad7aaea, "PanFS"},
    {0x19830326, "BeeGFS"},
    {0xef53, NULL} /* ext4 */,
    {0x01021994, NULL} /* tmpfs */,
    {0x58465342, NULL} /* XFS */,
    {0x794c7630, NULL} /* overlayfs */,
    {0, NULL},
};

static void network_file_systems(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(systems); i++) {
        const char *name = footprint_network_file_system(systems[i].type);

        if ((name != NULL) != (systems[i].name != NULL) ||
            (name && strcmp(name, systems[i].name) != 0))
            fail_msg("%llx is %s", (unsigned long long)systems[i].type,
                     name ? name : "local");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_and_products_stay),
        cmocka_unit_test(tensors_in_eighths_and_what_is_fixed),
        cmocka_unit_test(descriptors),
        cmocka_unit_test(room_in_the_file),
        cmocka_unit_test(steps),
        cmocka_unit_test(network_file_systems),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
