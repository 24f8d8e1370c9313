/* Nearest names: which one was meant, and when none was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/suggest.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void the_nearest_is_found(void **state)
{
    static const struct {
        const char *typed, *names[4], *meant;
    } vectors[] = {
        {"windw", {"steady", "window"}, "window"},
        {"widnow", {"window"}, "window"}, /* swapped neighbours: one mistake */
        {"put_tensor_p98",
         {"put_tensor_p95", "put_tensor_p99"},
         "put_tensor_p95"},
        {"put_tensor_p99",
         {"put_tensor_p95", "put_tensor_p99"},
         "put_tensor_p99"},
        {"abcdef", {"abc"}, "abc"}, /* three mistakes */
        {"abcdefg", {"abc"}, NULL}, /* four */
        {"ab", {"xy", "cd"}, NULL}, /* all letters wrong */
        {"ab", {"xb"}, "xb"},
        {"", {"a"}, NULL},
        {"window", {NULL}, NULL},
        {"a23456789012345678901234567890123456789012345678901234567890123456",
         {"a23456789012345678901234567890123456789012345678901234567890123456"},
         NULL}, /* nobody's name is that long */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct suggestion n = suggest_for(vectors[i].typed);

        suggest_consider(&n, NULL);
        for (size_t k = 0; k < COUNT(vectors[i].names); k++)
            suggest_consider(&n, vectors[i].names[k]);
        if (vectors[i].meant)
            assert_string_equal(n.name, vectors[i].meant);
        else
            assert_null(n.name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
