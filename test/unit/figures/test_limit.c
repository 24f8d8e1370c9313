/* The word on what held a permutation back, and when there is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "figures/limit.h"

static const struct {
    const char *what;
    struct evidence e; /* network, busy, cpu, faults, client, covered */
    bool oversubscribed;
    const char *word;
} vectors[] = {
    {"a saturated thread",
     {NAN, 0.95, 0.9, 0.1, 0.2, 0.9},
     false,
     "server_cpu"},
    {"on half a CPU", {NAN, 0.95, 0.45, 0.1, 0.2, 0.9}, false, "server_cpu"},
    {"at the bound", {NAN, 0.8, 0.8, 0, 0.2, 0.7}, false, "server_cpu"},
    {"below it", {NAN, 0.79, 0.79, 0, 0.2, 0.9}, false, ""},
    {"faults", {NAN, 0.9, 0.9, 0.31, 0.2, 0.9}, false, "server_memory"},
    {"faults on a third",
     {NAN, 0.9, 0.3, 0.11, 0.2, 0.9},
     false,
     "server_memory"},
    {"few faults", {NAN, 0.9, 0.9, 0.29, 0.2, 0.9}, false, "server_cpu"},
    {"huge pages", {NAN, 0.9, 0.9, NAN, 0.2, 0.9}, false, "server_cpu"},
    {"both saturated", {NAN, 0.9, 0.9, 0, 0.7, 0.9}, false, "server_cpu"},
    {"clients", {NAN, 0.3, 0.3, 0, 0.6, 0.9}, false, "client"},
    {"clients and a little", {NAN, 0.3, 0.3, 0, 0.4, 0.9}, false, ""},
    {"nobody works", {NAN, 0.3, 0.3, 0, 0.1, 0.9}, false, "waiting"},
    {"waiting is work", {NAN, 0.3, 0.3, 0, NAN, 0.9}, false, ""},
    {"half", {NAN, 0.5, 0.5, 0, 0.1, 0.9}, false, ""},
    {"a link", {0.7, 0.95, 0.9, 0.5, 0.9, 0.9}, false, "network"},
    {"a link alone", {0.8, NAN, NAN, NAN, NAN, NAN}, false, "network"},
    {"half a link", {0.6, 0.3, 0.3, 0, 0.1, 0.9}, false, "waiting"},
    {"too many", {0.9, 0.95, 0.9, 0.5, 0.9, 0.9}, true, ""},
    {"a short loop", {NAN, 0.95, 0.9, 0.5, 0.9, 0.69}, false, ""},
    {"nobody watched", {NAN, NAN, NAN, NAN, 0.9, NAN}, false, ""},
    {"nothing known", {NAN, NAN, NAN, NAN, NAN, 1}, false, ""},
};

static void words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const char *word =
            limit_word(limit_judge(&vectors[i].e, vectors[i].oversubscribed));

        if (strcmp(word, vectors[i].word) != 0)
            fail_msg("%s: '%s' instead of '%s'", vectors[i].what, word,
                     vectors[i].word);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
