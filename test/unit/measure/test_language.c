/* Which languages are refused, by a table of a build that lacks some. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "lib/options_words.h"
#include "measure/language.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct language lacking[SRB_LANGUAGES] = {
    {"c", "C", "gcc", &loop_c},
    {"cpp", "C++", "g++", NULL},
    {"fortran", "Fortran", "gfortran", NULL},
};

static const struct {
    char *argument;
    const char *words; /* NULL: accepted */
} cases[] = {
    {"--iterations=1", NULL},
    {"--languages=c", NULL},
    {"--languages=cpp", "--languages: cpp was left out of this build, which "
                        "had no C++ compiler; install one (g++) and configure "
                        "again, or ask for others"},
    {"--languages=[c,fortran]", "--languages: fortran was left out of this "
                                "build, which had no Fortran compiler; install "
                                "one (gfortran) and configure again, or ask "
                                "for others"},
};

static void what_was_left_out_is_refused(void **state)
{
    (void)state;
    hand_words();
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *argv[] = {"srbench", cases[i].argument, NULL};
        struct options o;
        struct error err = {.text = ""};

        assert_int_equal(options_parse(&o, 2, argv, NULL, NULL, 0, &err), 0);
        assert_int_equal(language_check(&o, lacking, &err),
                         cases[i].words ? -1 : 0);
        assert_string_equal(err.text, cases[i].words ? cases[i].words : "");
        options_free(&o);
    }
}

/* A place in a file does not name the option. */
static void a_file_is_told_which_option(void **state)
{
    static const char text[] = "languages: cpp\n";
    char *argv[] = {"srbench", NULL};
    struct options o;
    struct error err = {.text = ""};

    (void)state;
    hand_words();
    assert_int_equal(
        options_parse(&o, 1, argv, "s.yaml", text, sizeof text - 1, &err), 0);
    assert_int_equal(language_check(&o, lacking, &err), -1);
    assert_non_null(strstr(err.text, ": languages: cpp was left out"));
    options_free(&o);
}

/* Two tensors from a page on, of zeros and apart, of every size. */
static void tensors_begin_at_a_page(void **state)
{
    static const size_t counts[] = {1, 1023, 1024, 1025, 250000};

    (void)state;
    for (size_t l = 0; l < SRB_LANGUAGES; l++)
        for (size_t i = 0; i < COUNT(counts); i++) {
            const struct loop_language *loop = language_table[l].loop;
            float *out, *in;
            void *own;

            if (!loop)
                continue;
            own = loop->allocate(counts[i], &out, &in);
            assert_non_null(own);
            assert_int_equal((uintptr_t)out % SRB_LOOP_PAGE, 0);
            assert_int_equal((uintptr_t)in % SRB_LOOP_PAGE, 0);
            for (size_t k = 0; k < counts[i]; k++)
                assert_true(out[k] == 0 && in[k] == 0);
            memset(out, 0xff, counts[i] * sizeof *out);
            assert_true(in[0] == 0 && in[counts[i] - 1] == 0);
            loop->release(own);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_left_out_is_refused),
        cmocka_unit_test(a_file_is_told_which_option),
        cmocka_unit_test(tensors_begin_at_a_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
