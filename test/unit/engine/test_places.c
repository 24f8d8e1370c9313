/* Where tensors of several clients lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/places.h"

static const struct places places = {
    .first = 10, .clients = 3, .tensors = 4, .kept = 8};

static const struct {
    const char *key;
    int client; /* -1: none of theirs */
    int64_t number;
} vectors[] = {
    {"throughput_rank_10", 0, 0},
    {"throughput_rank_12{5}", 2, 0},
    {"throughput_rank_11{throughput_rank_11}.0.3", 1, 3},
    {"throughput_rank_11{7}.9.1", 1, 37},
    {"throughput_rank_11{7}.9.4", -1, 0},
    {"throughput_rank_9", -1, 0},
    {"throughput_rank_13", -1, 0},
    {"something", -1, 0},
};

static void by_their_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct tensor_place to = {-1, 0};
        bool found = places_find(&places, vectors[i].key, &to);

        if (found != (vectors[i].client >= 0) ||
            to.client != vectors[i].client || to.number != vectors[i].number)
            fail_msg("%s: %d, client %d, number %lld", vectors[i].key, found,
                     to.client, (long long)to.number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_their_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
