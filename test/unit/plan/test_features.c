/* Which nodes have what an expression of features asks for, and what is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "plan/features.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void expressions_are_judged(void **state)
{
    static const struct {
        const char *has, *expression;
        int want;
    } vectors[] = {
        {"V100,ib", "V100", 1},
        {"V100,ib", "ib", 1},
        {"V100,ib", "v100", 0},
        {"V100,ib", "V10", 0},
        {"V100,ib", "V1000", 0},
        {"V100,ib", "V100,", -1},
        {"V100,ib", "V100&ib", 1},
        {"V100,ib", "V100,ib", 1},
        {"V100,ib", "ib,V100", 1},
        {"V100,ib", "V100&P100", 0},
        {"V100,ib", "V100,P100", 0},
        {"V100,ib", "V100|P100", 1},
        {"P100,bigmem", "V100|P100", 1},
        {"A100", "V100|P100", 0},
        {"A100", "V100|P100|A100", 1},
        {"a,b,c", "a&b,c", 1},
        {"a,b,c", "a&b&d", 0},
        {"a,b,c", "(a)", 1},
        {"a,b,c", "((a))", 1},
        {"a,b,c", "(a|d)&b", 1},
        {"a,b,c", "(d|e)&b", 0},
        {"a,b,c", "b&(d|c)", 1},
        {"a,b,c", "(a&d)|(b&c)", 1},
        {"a,b,c", "(a&d)|(b&e)", 0},
        {"a,b,c", " a & ( b | d ) ", 1},
        {"", "a", 0},
        {"(null)", "a", 0},
        {"(null)", "a|b", 0},
        {",a", "a", 1},
        {"knl:snc4,k-1.0_x", "knl:snc4&k-1.0_x", 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct error err = {.text = ""};
        int got = features_match(vectors[i].has, vectors[i].expression, &err);

        if (got != vectors[i].want || (got < 0) != (err.text[0] != '\0'))
            fail_msg("'%s' on a node with '%s' is %d, not %d: %s",
                     vectors[i].expression, vectors[i].has, got,
                     vectors[i].want, err.text);
    }
}

#define CHOICE "choose nodes when a job is submitted"
#define MIXED "parentheses where 'and' and 'or' meet"

static void what_is_none_is_refused(void **state)
{
    static const struct {
        const char *expression, *words;
    } vectors[] = {
        {"", "expected a feature or '(' at character 1"},
        {" ", "expected a feature or '(' at character 2"},
        {"&a", "expected a feature or '(' at character 1"},
        {"a&", "expected a feature or '(' at character 3"},
        {"a||b", "expected a feature or '(' at character 3"},
        {"a&&b", "expected a feature or '(' at character 3"},
        {"!a", "expected a feature or '(' at character 1"},
        {"()", "expected a feature or '(' at character 2"},
        {"(a", "expected ')' at character 3"},
        {"(a b)", "expected ')' at character 4"},
        {"a)", "expected '&' or '|' at character 2"},
        {"a b", "expected '&' or '|' at character 3"},
        {"a(b)", "expected '&' or '|' at character 2"},
        {"a]", "expected '&' or '|' at character 2"},
        {"a|b&c", MIXED},
        {"a&b|c", MIXED},
        {"a,b|c", MIXED},
        {"(a|b,c)", MIXED},
        {"[a|b]", CHOICE},
        {"a&[b|c]", CHOICE},
        {"a[b|c]", CHOICE},
        {"a*2", CHOICE},
        {"a*2&b*3", CHOICE},
        {"(a|b)*2", CHOICE},
        {"a *2", CHOICE},
        {"(((((((((((((((((((((((((((((((((a)))))))))))))))))))))))))))))))))",
         "expected fewer parentheses"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        /* it is none on a node that has it all, and on one that has nothing */
        static const char *const nodes[] = {"a,b,c", ""};

        for (size_t k = 0; k < COUNT(nodes); k++) {
            struct error err = {.text = ""};

            if (features_match(nodes[k], vectors[i].expression, &err) != -1)
                fail_msg("'%s' was taken", vectors[i].expression);
            if (!strstr(err.text, vectors[i].words))
                fail_msg("'%s': '%s' without '%s'", vectors[i].expression,
                         err.text, vectors[i].words);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_are_judged),
        cmocka_unit_test(what_is_none_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
