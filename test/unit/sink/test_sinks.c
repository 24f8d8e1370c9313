/* All sinks of a study: who is asked, in which order, and who is not any more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "sink/sink.h"

/* What was called, "A.begin B.begin"; and which call fails. */
static char calls[256];
static const char *fails;

static int call(const struct sink *s, const char *name, struct error *err)
{
    char one[32];

    snprintf(one, sizeof one, "%s.%s", s->ops->name, name);
    strcat(strcat(calls, calls[0] ? " " : ""), one);
    return fails && strcmp(fails, one) == 0 ? error_set(err, "%s fails", one)
                                            : 0;
}

static int begin(struct sink *s, size_t index, const size_t size[SINK_DIMS],
                 struct error *err)
{
    (void)index, (void)size;
    return call(s, "begin", err);
}

static int write_rows(struct sink *s, const struct sink_array *a, size_t first,
                      size_t nrows, const void *data, struct error *err)
{
    (void)a, (void)first, (void)nrows, (void)data;
    return call(s, "write", err);
}

static int end(struct sink *s, const struct fields *attributes,
               const struct fields *row, struct error *err)
{
    (void)attributes, (void)row;
    return call(s, "end", err);
}

static int amend(struct sink *s, size_t index, const struct fields *cells,
                 struct error *err)
{
    (void)index, (void)cells;
    return call(s, "amend", err);
}

static int note(struct sink *s, const struct fields *study, struct error *err)
{
    (void)study;
    return call(s, "note", err);
}

static int session(struct sink *s, const struct fields *row, struct error *err)
{
    (void)row;
    return call(s, "session", err);
}

static int close_it(struct sink *s, struct error *err)
{
    return call(s, "close", err);
}

/* A keeps neither arrays nor sessions. */
static const struct sink_ops a_ops = {.name = "A",
                                      .begin = begin,
                                      .end = end,
                                      .amend = amend,
                                      .note = note,
                                      .close = close_it};
static const struct sink_ops b_ops = {.name = "B",
                                      .begin = begin,
                                      .write = write_rows,
                                      .end = end,
                                      .amend = amend,
                                      .note = note,
                                      .session = session,
                                      .close = close_it};

/* A permutation and the end of the study, up to what fails. */
static int all_of_it(struct sinks *s, struct error *err)
{
    const struct fields none = {0};
    const size_t size[SINK_DIMS] = {0};
    int rc = sinks_begin(s, 0, size, err);

    rc = rc < 0 ? rc : sinks_write(s, NULL, 0, 0, NULL, err);
    rc = rc < 0 ? rc : sinks_end(s, &none, &none, err);
    rc = rc < 0 ? rc : sinks_amend(s, 0, &none, err);
    return sinks_close(s, &none, &none, rc < 0 ? NULL : err) < 0 ? -1 : rc;
}

static void each_is_asked(void **state)
{
    static const struct {
        const char *fails, *calls;
    } vectors[] = {
        {NULL, "A.begin B.begin B.write A.end B.end A.amend B.amend "
               "B.note B.session B.close A.note A.close"},
        {"B.begin", "A.begin B.begin B.close A.note A.close"},
        {"B.write", "A.begin B.begin B.write B.close A.note A.close"},
        {"B.end", "A.begin B.begin B.write A.end B.end B.close A.note A.close"},
        {"A.end", "A.begin B.begin B.write A.end "
                  "B.note B.session B.close A.close"},
        {"B.amend", "A.begin B.begin B.write A.end B.end A.amend B.amend "
                    "B.close A.note A.close"},
        {"B.note", "A.begin B.begin B.write A.end B.end A.amend B.amend "
                   "B.note B.close A.note A.close"},
        {"B.session", "A.begin B.begin B.write A.end B.end A.amend B.amend "
                      "B.note B.session B.close A.note A.close"},
        {"A.close", "A.begin B.begin B.write A.end B.end A.amend B.amend "
                    "B.note B.session B.close A.note A.close"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct sink a = {.ops = &a_ops}, b = {.ops = &b_ops};
        struct sinks all = {.n = 0};
        struct error err = {.text = ""};

        calls[0] = '\0';
        fails = vectors[i].fails;
        assert_int_equal(sinks_add(&all, &a), 0);
        assert_int_equal(sinks_add(&all, &b), 0);
        assert_int_equal(sinks_add(&all, NULL), -1);
        assert_int_equal(all_of_it(&all, &err), fails ? -1 : 0);
        assert_string_equal(calls, vectors[i].calls);
        assert_int_equal(strncmp(err.text, fails ? fails : "", fails ? 5 : 1),
                         0);
        assert_int_equal(all.n, 0);
    }
}

/* A study that was refused: nobody is told of an end. */
static void some_are_closed_at_once(void **state)
{
    struct sink a = {.ops = &a_ops}, b = {.ops = &b_ops};
    struct sinks all = {.list = {&a, &b}, .n = 2};

    (void)state;
    calls[0] = '\0';
    fails = NULL;
    assert_int_equal(sinks_close(&all, NULL, NULL, NULL), 0);
    assert_string_equal(calls, "B.close A.close");
}

static void none_is_fine(void **state)
{
    struct sinks none = {.n = 0};
    struct error err;

    (void)state;
    calls[0] = '\0';
    assert_int_equal(all_of_it(&none, &err), 0);
    assert_string_equal(calls, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_asked),
        cmocka_unit_test(some_are_closed_at_once),
        cmocka_unit_test(none_is_fine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
