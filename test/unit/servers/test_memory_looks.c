/* Looks at a server's memory: spread evenly over any time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "servers/memory_looks.h"

#define MS INT64_C(1000000)

/* Looked at whenever it is due, so many ms long. */
static struct memory_looks look_for(int64_t ms)
{
    struct memory_looks x;

    memory_looks_begin(&x);
    for (int64_t now = 1; now <= ms; now++)
        if (now * MS >= memory_looks_due(&x))
            memory_looks_add(&x, now * MS, now);
    return x;
}

static void looks_are_spread_evenly(void **state)
{
    static const int64_t spans[] = {1, 10, 500, 630, 641, 1300, 60000, 3600000};

    (void)state;
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        struct memory_looks x = look_for(spans[i]);
        int64_t ms = x.pause / MS;

        assert_true(x.n > 0 && x.n <= SRB_MEMORY_LOOKS);
        assert_int_equal(x.when[0], MS);
        for (int64_t k = 0; k < x.n; k++) {
            assert_int_equal(x.when[k], MS * (1 + k * ms));
            assert_int_equal(x.bytes[k] * MS, x.when[k]);
        }
        /* none is due that was not made, and what is there is half at least */
        assert_true(x.when[x.n - 1] + x.pause > spans[i] * MS);
        assert_true(x.pause == 10 * MS || x.n >= SRB_MEMORY_LOOKS / 2);
    }
}

static void the_first_is_due_at_once(void **state)
{
    struct memory_looks x;

    (void)state;
    memory_looks_begin(&x);
    assert_int_equal(memory_looks_due(&x), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_are_spread_evenly),
        cmocka_unit_test(the_first_is_due_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
