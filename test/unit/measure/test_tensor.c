/* Tensors: every one differs, all are finite, and no damage goes unseen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/tensor.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define PAGE_BYTES 4096

/* Around the ends of pages, where a stamp may have no room. */
static const int64_t sizes[] = {
    4,    8,    12,   1024, 4092, 4095, 4096,  4097,
    4100, 4104, 8188, 8192, 8196, 8200, 32769, 65538,
};

/* The tensor of `bytes` bytes; to be freed. Rounded up by nothing, so that a
 * byte too many is noticed by whoever watches the heap. */
static float *make(int64_t bytes, int client, int64_t iteration)
{
    size_t count = tensor_count(bytes);
    float *data = malloc(count * sizeof *data);

    assert_non_null(data);
    tensor_fill(data, count, client);
    tensor_stamp(data, count, client, iteration);
    return data;
}

static void sizes_are_rounded_down(void **state)
{
    static const struct {
        int64_t bytes;
        size_t count;
    } vectors[] = {
        {4, 1},         {5, 1},          {7, 1},
        {8, 2},         {1024, 256},     {4095, 1023},
        {4096, 1024},   {4097, 1024},    {32769, 8192},
        {65538, 16384}, {131076, 32769}, {INT64_C(4294967296), 1073741824},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++)
        if (tensor_count(vectors[i].bytes) != vectors[i].count)
            fail_msg("%lld bytes hold %zu elements",
                     (long long)vectors[i].bytes,
                     tensor_count(vectors[i].bytes));
}

static void sound_tensors_pass(void **state)
{
    static const int clients[] = {0, 1, 47, 6527, 1000000};
    static const int64_t iterations[] = {0, 1, 99, 1000000, INT64_C(1) << 33};

    (void)state;
    for (size_t s = 0; s < COUNT(sizes); s++)
        for (size_t c = 0; c < COUNT(clients); c++)
            for (size_t k = 0; k < COUNT(iterations); k++) {
                size_t count = tensor_count(sizes[s]);
                float *data = make(sizes[s], clients[c], iterations[k]);
                struct error err;

                if (tensor_check(data, count, clients[c], iterations[k], &err) <
                    0)
                    fail_msg("%lld bytes: %s", (long long)sizes[s], err.text);
                for (size_t i = 0; i < count; i++)
                    if (!isfinite(data[i]))
                        fail_msg("%lld bytes, client %d: element %zu is not "
                                 "finite",
                                 (long long)sizes[s], clients[c], i);
                free(data);
            }
}

/* As the loop does it: filled once, stamped again and again. */
static void a_tensor_can_be_stamped_again(void **state)
{
    (void)state;
    for (size_t s = 0; s < COUNT(sizes); s++) {
        size_t count = tensor_count(sizes[s]);
        float *data = make(sizes[s], 5, 0);

        for (int64_t k = 1; k < 100; k++) {
            struct error err;

            tensor_stamp(data, count, 5, k);
            if (tensor_check(data, count, 5, k, &err) < 0)
                fail_msg("%lld bytes: %s", (long long)sizes[s], err.text);
        }
        free(data);
    }
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x, y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* 8 bytes are the least that holds a whole stamp; what differs there differs
 * in every longer tensor. */
static void all_clients_and_iterations_differ(void **state)
{
    enum { CLIENTS = 200, ITERATIONS = 200 };
    uint64_t *all = malloc(CLIENTS * ITERATIONS * sizeof *all);
    size_t n = 0;

    (void)state;
    assert_non_null(all);
    for (int c = 0; c < CLIENTS; c++)
        for (int k = 0; k < ITERATIONS; k++) {
            float *data = make(8, c, k);

            memcpy(&all[n++], data, sizeof *all);
            free(data);
        }
    qsort(all, n, sizeof *all, compare_u64);
    for (size_t i = 1; i < n; i++)
        assert_true(all[i - 1] != all[i]);
    free(all);
}

/* 4 bytes cannot hold as many values as there are pairs, but neighbours, which
 * a stale reply would bring, differ. */
static void neighbours_differ_in_four_bytes(void **state)
{
    (void)state;
    for (int c = 0; c < 50; c++)
        for (int k = 0; k < 100; k++) {
            float *data = make(4, c, k), *next = make(4, c, k + 1);
            float *other = make(4, c + 1, k);

            if (memcmp(data, next, 4) == 0)
                fail_msg("client %d: pairs %d and %d look alike", c, k, k + 1);
            if (memcmp(data, other, 4) == 0)
                fail_msg("pair %d: clients %d and %d look alike", k, c, c + 1);
            free(data);
            free(next);
            free(other);
        }
}

/* No page of a client passes for that of another, stamp or not. */
static void bodies_of_clients_differ(void **state)
{
    (void)state;
    for (int c = 0; c < 100; c++) {
        size_t count = tensor_count(PAGE_BYTES), same = 0;
        float *a = make(PAGE_BYTES, c, 0), *b = make(PAGE_BYTES, c + 1, 0);

        for (size_t i = 0; i < count; i++)
            same += memcmp(&a[i], &b[i], sizeof *a) == 0;
        if (same > 2)
            fail_msg("clients %d and %d share %zu elements", c, c + 1, same);
        free(a);
        free(b);
    }
}

static void flip(float *data, size_t bit)
{
    unsigned char byte;
    char *at = (char *)data + bit / 8;

    memcpy(&byte, at, 1);
    byte = (unsigned char)(byte ^ (1U << bit % 8));
    memcpy(at, &byte, 1);
}

/* One bit anywhere: all of a small tensor's, and in larger ones some of each
 * element's at the ends of every page. */
static void a_flipped_bit_is_found(void **state)
{
    (void)state;
    for (size_t s = 0; s < COUNT(sizes); s++) {
        size_t count = tensor_count(sizes[s]), bits = 32 * count;
        float *data = make(sizes[s], 3, 17);
        struct error err;

        for (size_t bit = 0; bit < bits;
             bit +=
             bits <= 32 * 256 || bit % (8 * PAGE_BYTES) < 128 ? 1 : 4093) {
            flip(data, bit);
            if (tensor_check(data, count, 3, 17, &err) == 0)
                fail_msg("%lld bytes: flipped bit %zu is not seen",
                         (long long)sizes[s], bit);
            flip(data, bit);
        }
        flip(data, bits - 1); /* the very last */
        if (tensor_check(data, count, 3, 17, &err) == 0)
            fail_msg("%lld bytes: the last bit is not looked at",
                     (long long)sizes[s]);
        free(data);
    }
}

/* A tensor of (client, iteration) where another was expected. */
static void a_tensor_of_others_is_found(void **state)
{
    static const struct {
        int client;
        int64_t iteration;
    } others[] = {{7, 41}, {7, 43}, {7, 0}, {6, 42}, {8, 42}, {0, 42}, {42, 7}};

    (void)state;
    for (size_t s = 0; s < COUNT(sizes); s++)
        for (size_t i = 0; i < COUNT(others); i++) {
            float *data = make(sizes[s], others[i].client, others[i].iteration);
            struct error err;

            if (tensor_check(data, tensor_count(sizes[s]), 7, 42, &err) == 0)
                fail_msg("%lld bytes: client %d, pair %lld passes for client "
                         "7, pair 42",
                         (long long)sizes[s], others[i].client,
                         (long long)others[i].iteration);
            free(data);
        }
}

/* A stale page within a tensor that is otherwise new. */
static void a_stale_page_is_found(void **state)
{
    enum { PAGES = 4 };

    (void)state;
    for (size_t page = 0; page < PAGES; page++) {
        size_t count = tensor_count(PAGES * PAGE_BYTES);
        size_t floats = count / PAGES;
        float *data = make(PAGES * PAGE_BYTES, 1, 10);
        float *old = make(PAGES * PAGE_BYTES, 1, 9);
        struct error err;

        memcpy(data + page * floats, old + page * floats, PAGE_BYTES);
        if (tensor_check(data, count, 1, 10, &err) == 0)
            fail_msg("stale page %zu of %d is not seen", page, PAGES);
        free(data);
        free(old);
    }
}

/* What was spoilt and not overwritten, wholly or in part, is found. */
static void spoilt_data_is_found(void **state)
{
    (void)state;
    for (size_t s = 0; s < COUNT(sizes); s++) {
        size_t count = tensor_count(sizes[s]);
        float *sound = make(sizes[s], 2, 3);
        float *data = make(sizes[s], 2, 3);
        struct error err;

        tensor_spoil(data, count);
        if (tensor_check(data, count, 2, 3, &err) == 0)
            fail_msg("%lld bytes, all spoilt: not seen", (long long)sizes[s]);
        memcpy(data, sound, (count - 1) * sizeof *data);
        if (tensor_check(data, count, 2, 3, &err) == 0)
            fail_msg("%lld bytes, the end spoilt: not seen",
                     (long long)sizes[s]);
        tensor_spoil(data, count);
        memcpy(data + 1, sound + 1, (count - 1) * sizeof *data);
        if (tensor_check(data, count, 2, 3, &err) == 0)
            fail_msg("%lld bytes, the start spoilt: not seen",
                     (long long)sizes[s]);
        free(sound);
        free(data);
    }
}

static void words_say_what_is_wrong(void **state)
{
    float *data = make(8192, 12, 34);
    uint32_t bits, wrong = 0x7fc00001;
    struct error err;
    char words[200];

    (void)state;
    memcpy(&bits, &data[1500], sizeof bits);
    memcpy(&data[1500], &wrong, sizeof wrong);
    flip(data, (size_t)32 * 2047);
    assert_int_equal(tensor_check(data, 2048, 12, 34, &err), -1);
    snprintf(words, sizeof words,
             "client 12, pair 34: 2 of 2048 elements came back wrong, the "
             "first at 1500: 0x7fc00001 instead of 0x%08x",
             (unsigned)bits);
    assert_string_equal(err.text, words);
    assert_int_equal(tensor_check(data, 2048, 12, 34, NULL), -1);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_rounded_down),
        cmocka_unit_test(sound_tensors_pass),
        cmocka_unit_test(a_tensor_can_be_stamped_again),
        cmocka_unit_test(all_clients_and_iterations_differ),
        cmocka_unit_test(neighbours_differ_in_four_bytes),
        cmocka_unit_test(bodies_of_clients_differ),
        cmocka_unit_test(a_flipped_bit_is_found),
        cmocka_unit_test(a_tensor_of_others_is_found),
        cmocka_unit_test(a_stale_page_is_found),
        cmocka_unit_test(spoilt_data_is_found),
        cmocka_unit_test(words_say_what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
