/* Which steps stay, by the number of those that were put. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

#include "plan/tensors_rules.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct vector {
    struct tensors_rules rules;
    bool plain, removes;
    int64_t steps, oldest, kept; /* of so many steps */
    int64_t key_step;            /* of the last */
} vectors[] = {
    {{1, false, 1, RETIRE_OVERWRITE, 0, 0}, true, false, 10, 9, 1, 0},
    {{1, false, 1, RETIRE_DELETE, 0, 0}, false, true, 10, 9, 2, 9},
    {{4, false, 1, RETIRE_OVERWRITE, 0, 0}, false, false, 10, 9, 4, 0},
    {{4, true, 3, RETIRE_OVERWRITE, 0, 0}, false, false, 10, 7, 12, 0},
    {{4, true, 3, RETIRE_OVERWRITE, 0, 0}, false, false, 2, 0, 8, 1},
    {{4, true, 3, RETIRE_DELETE, 0, 0}, false, true, 10, 7, 16, 9},
    {{4, true, 3, RETIRE_DELETE, 0, 0}, false, true, 3, 0, 12, 2},
    {{2, false, 0, RETIRE_OVERWRITE, 0, 0}, false, false, 10, 0, 20, 9},
    {{2, false, 0, RETIRE_DELETE, 0, 0}, false, false, 10, 0, 20, 9},
    {{2, false, 3, RETIRE_EXPIRE, 50, 0}, false, false, 10, 0, 20, 9},
};

static void steps_that_stay(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        const struct vector *v = &vectors[i];

        if (tensors_plain(&v->rules) != v->plain ||
            tensors_removes(&v->rules) != v->removes ||
            tensors_oldest(&v->rules, v->steps) != v->oldest ||
            tensors_kept(&v->rules, v->steps) != v->kept ||
            tensors_key_step(&v->rules, v->steps - 1) != v->key_step)
            fail_msg("vector %zu: %d, %d, %lld, %lld, %lld", i,
                     tensors_plain(&v->rules), tensors_removes(&v->rules),
                     (long long)tensors_oldest(&v->rules, v->steps),
                     (long long)tensors_kept(&v->rules, v->steps),
                     (long long)tensors_key_step(&v->rules, v->steps - 1));
    }
}

/* A phase of gets asks for nothing that is not there, and for all that is. */
static void gets_go_round(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        const struct vector *v = &vectors[i];
        int64_t oldest = v->oldest, next = oldest;

        for (int64_t k = 0; k < 25; k++) {
            assert_int_equal(tensors_get_step(&v->rules, v->steps, k), next);
            next = next + 1 < v->steps ? next + 1 : oldest;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_that_stay),
        cmocka_unit_test(gets_go_round),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
