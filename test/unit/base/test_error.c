/* Errors as values: what is set, put in front, cut and reset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* One text, what is put in front of it, and what becomes of both. */
static const struct {
    const char *text, *front, *both;
} prefixed[] = {
    {"no such file", "db_exe", "db_exe: no such file"},
    {"", "db_exe", "db_exe: "},
    {"no such file", "", ": no such file"},
    {"100% of %s", "50%", "50%: 100% of %s"},
};

static void words_are_formatted(void **state)
{
    struct error err = {.text = "before"};

    (void)state;
    assert_int_equal(error_set(&err, "node %d of %s", 7, "job"), -1);
    assert_string_equal(err.text, "node 7 of job");
}

static void new_words_belong_to_no_rank(void **state)
{
    struct error err = {.rank = 3, .ranks = 2};

    (void)state;
    error_set(&err, "again");
    assert_int_equal(err.rank, 0);
    assert_int_equal(err.ranks, 0);
}

static void words_may_be_dropped(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, "node %d", 7), -1);
    assert_int_equal(error_prefix(NULL, "node %d", 7), -1);
}

static void a_place_is_put_in_front(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(prefixed); i++) {
        struct error err;

        error_set(&err, "%s", prefixed[i].text);
        assert_int_equal(error_prefix(&err, "%s", prefixed[i].front), -1);
        assert_string_equal(err.text, prefixed[i].both);
    }
}

/* What ranks have agreed on stays agreed on when a place is added. */
static void a_prefix_keeps_the_ranks(void **state)
{
    struct error err = {.text = "gone", .rank = 3, .ranks = 2};

    (void)state;
    error_prefix(&err, "permutation %d", 4);
    assert_string_equal(err.text, "permutation 4: gone");
    assert_int_equal(err.rank, 3);
    assert_int_equal(err.ranks, 2);
}

static void too_long_a_text_is_cut(void **state)
{
    static const size_t lengths[] = {SRB_ERROR_MAX - 2, SRB_ERROR_MAX - 1,
                                     SRB_ERROR_MAX, 3 * SRB_ERROR_MAX};
    char longest[3 * SRB_ERROR_MAX + 1];

    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        size_t kept =
            lengths[i] < SRB_ERROR_MAX ? lengths[i] : SRB_ERROR_MAX - 1;
        struct error err;

        memset(longest, 'x', lengths[i]);
        longest[lengths[i]] = '\0';
        error_set(&err, "%s", longest);
        if (strlen(err.text) != kept)
            fail_msg("%zu letters became %zu", lengths[i], strlen(err.text));
        error_prefix(&err, "front");
        if (strncmp(err.text, "front: xxx", 10) != 0 ||
            strlen(err.text) != SRB_ERROR_MAX - 1)
            fail_msg("%zu letters with a prefix became %zu: %.20s", lengths[i],
                     strlen(err.text), err.text);
        error_prefix(&err, "%s", longest);
        if (strlen(err.text) > SRB_ERROR_MAX - 1)
            fail_msg("a prefix of %zu letters overflows", lengths[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_formatted),
        cmocka_unit_test(new_words_belong_to_no_rank),
        cmocka_unit_test(words_may_be_dropped),
        cmocka_unit_test(a_place_is_put_in_front),
        cmocka_unit_test(a_prefix_keeps_the_ranks),
        cmocka_unit_test(too_long_a_text_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
