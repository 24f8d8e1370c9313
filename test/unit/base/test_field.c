/* The list of named facts: it grows, copies its texts and finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/field.h"

static void an_empty_list_has_nothing(void **state)
{
    struct fields f = {0};

    (void)state;
    assert_null(fields_find(&f, "status"));
    fields_free(&f);
    assert_int_equal(f.n, 0);
}

static void each_type_is_kept(void **state)
{
    struct fields f = {0};
    const struct field *e;

    (void)state;
    fields_text(&f, "status", "completed");
    fields_int(&f, "payload_bytes", "B", 1024);
    fields_real(&f, "median", "s", 0.25);
    assert_int_equal(f.n, 3);

    e = fields_find(&f, "status");
    assert_non_null(e);
    assert_int_equal(e->type, FIELD_TEXT);
    assert_string_equal(e->text, "completed");
    assert_string_equal(e->unit, "");
    assert_int_equal(e->integer, FIELD_NO_INT);
    assert_true(isnan(e->real));

    e = fields_find(&f, "payload_bytes");
    assert_int_equal(e->type, FIELD_INT);
    assert_int_equal(e->integer, 1024);
    assert_string_equal(e->unit, "B");
    assert_null(e->text);

    e = fields_find(&f, "median");
    assert_int_equal(e->type, FIELD_REAL);
    assert_true(e->real == 0.25);
    assert_string_equal(e->unit, "s");

    assert_null(fields_find(&f, "medi"));
    fields_free(&f);
    assert_null(f.list);
    assert_int_equal(f.n, 0);
    assert_int_equal(f.room, 0);
}

static void texts_are_copies(void **state)
{
    char text[] = "before";
    struct fields f = {0};

    (void)state;
    fields_text(&f, "error", text);
    memcpy(text, "after!", sizeof text);
    assert_string_equal(f.list[0].text, "before");
    fields_text(&f, "reason", NULL);
    assert_string_equal(f.list[1].text, "");
    fields_free(&f);
}

static void the_list_grows_in_order(void **state)
{
    struct fields f = {0};

    (void)state;
    for (int64_t i = 0; i < 1000; i++)
        fields_int(&f, "n", "", i);
    assert_int_equal(f.n, 1000);
    for (int64_t i = 0; i < 1000; i++)
        assert_int_equal(f.list[i].integer, i);
    assert_ptr_equal(fields_find(&f, "n"), &f.list[0]);
    fields_free(&f);
}

static void a_freed_list_can_be_used_again(void **state)
{
    struct fields f = {0};

    (void)state;
    fields_text(&f, "a", "1");
    fields_free(&f);
    fields_real(&f, "b", "s", NAN);
    assert_int_equal(f.n, 1);
    assert_null(fields_find(&f, "a"));
    assert_true(isnan(fields_find(&f, "b")->real));
    fields_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_list_has_nothing),
        cmocka_unit_test(each_type_is_kept),
        cmocka_unit_test(texts_are_copies),
        cmocka_unit_test(the_list_grows_in_order),
        cmocka_unit_test(a_freed_list_can_be_used_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
