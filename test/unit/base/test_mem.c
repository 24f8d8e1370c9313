/* Memory that is there: zeroed, grown, copied, and words where there is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

static void zeroed_and_grown(void **state)
{
    int *p = mem_new(3, sizeof *p);
    char *none = mem_new(0, 8), *copy = mem_copy("tensor");

    (void)state;
    assert_true(p[0] == 0 && p[1] == 0 && p[2] == 0);
    p[2] = 7;
    p = mem_grow(p, 1000, sizeof *p);
    assert_int_equal(p[2], 7);
    assert_non_null(none);
    assert_string_equal(copy, "tensor");
    free(p);
    free(none);
    free(copy);
}

/* One after the other; what a list has room for and no entry of is zero. */
static void grows_by_one(void **state)
{
    int *list = NULL;
    size_t room = 0;

    (void)state;
    for (size_t n = 0; n < 100; n++) {
        list = mem_more(list, n, &room, sizeof *list);
        assert_true(room > n);
        for (size_t k = n; k < room; k++)
            assert_int_equal(list[k], 0);
        list[n] = (int)n + 1;
    }
    for (int k = 0; k < 100; k++)
        assert_int_equal(list[k], k + 1);
    free(list);
}

/* More than there is, and more than a size_t counts. */
static void too_much(void **state)
{
    static const size_t sizes[][2] = {{SIZE_MAX / 2, 1}, {SIZE_MAX / 2, 3}};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char words[4096] = "";
        int said[2], status;
        FILE *heard;
        pid_t child;

        assert_int_equal(pipe(said), 0);
        child = fork();
        if (child == 0) {
            dup2(said[1], 2);
            free(mem_new(sizes[i][0], sizes[i][1]));
            _exit(0);
        }
        close(said[1]);
        heard = fdopen(said[0], "r");
        assert_non_null(heard);
        assert_true(fread(words, 1, sizeof words - 1, heard) > 0);
        fclose(heard);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        /* the sanitizer says so itself */
        assert_true(strstr(words, "not enough memory") ||
                    strstr(words, "AddressSanitizer"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeroed_and_grown),
        cmocka_unit_test(grows_by_one),
        cmocka_unit_test(too_much),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
