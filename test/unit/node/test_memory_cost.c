/* What memory costs: numbers of this machine, which can be no others by far. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <sys/resource.h>

#include "node/memory_cost.h"

static void costs_are_there(void **state)
{
    struct memory_cost c = memory_cost_measure();

    (void)state;
    /* between what no kernel does and what no user would bear */
    assert_true(c.page_fault > 1e-9 && c.page_fault < 1e-2);
    assert_true(c.copy > 1e6 && c.copy < 1e13);
}

/* A limit of memory is no failure. */
static void without_memory_it_is_unknown(void **state)
{
    struct rlimit before, tight;
    struct memory_cost c;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    tight = (struct rlimit){16 << 20, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_AS, &tight), 0);
    c = memory_cost_measure();
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    assert_true(isnan(c.copy));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(costs_are_there),
        cmocka_unit_test(without_memory_it_is_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
