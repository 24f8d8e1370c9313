/* Words of the shell: what a shell makes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"

static const char *const texts[] = {
    "",      "plain",  "two words", "it's",  "'",          "''",
    "$HOME", "`date`", "a\\b\\",    "\"x\"", "line\nline", "*?[a-z]~#;&|<>()",
};

static void a_shell_reads_them_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char *line = NULL, read[128] = "";
        size_t n;
        FILE *out = open_memstream(&line, &n), *shell;

        assert_non_null(out);
        fputs("printf %s ", out);
        quote_print(out, texts[i]);
        fclose(out);
        shell = popen(line, "r");
        assert_non_null(shell);
        read[fread(read, 1, sizeof read - 1, shell)] = '\0';
        assert_int_equal(pclose(shell), 0);
        if (strcmp(read, texts[i]) != 0)
            fail_msg("'%s' is read as '%s'", texts[i], read);
        free(line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shell_reads_them_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
