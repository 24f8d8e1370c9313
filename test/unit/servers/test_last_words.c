/* Why a server ended, out of its log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "servers/last_words.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define START "7:M * Ready to accept connections\n"
#define REPORT                                                                 \
    "=== REDIS BUG REPORT START: Cut & paste starting from here ===\n"
#define END                                                                    \
    "\n=== REDIS BUG REPORT END. Make sure to include from START to END. "     \
    "===\n\n       Please report the crash by opening an issue on github:\n"
#define TRACE "\n------ STACK TRACE ------\nEIP:\n/lib/libc.so.6(+0x3c050)\n"
#define FORTY "0123456789012345678901234567890123456789\n"

struct ended {
    const char *log, *words;
};

static const struct ended logs[] = {
    {"", ""},
    {"\n", ""},
    {"bye", "bye"},
    {"one\ntwo\nthree\n", "one|two|three"},
    {"a\tb\x1b c\n", "a b  c"},
    {START "7:M # Out Of Memory allocating 9223 bytes!\n" REPORT
           "7:M # ---------\n"
           "7:M # !!! Software Failure. Press left mouse button to continue\n"
           "7:M # Guru Meditation: Redis aborting for OUT OF MEMORY. "
           "Allocating 9223 bytes! #server.c:6658\n" TRACE END,
     "7:M # Out Of Memory allocating 9223 bytes!|7:M # Guru Meditation: Redis "
     "aborting for OUT OF MEMORY. Allocating 9223 bytes! #server.c:6658"},
    {START REPORT "7:M # === ASSERTION FAILED CLIENT CONTEXT ===\n"
                  "7:M # client->flags = 0\n7:M # === ASSERTION FAILED ===\n"
                  "7:M # ==> debug.c:530 '1 == 2' is not true\n" END,
     "7:M # === ASSERTION FAILED ===|7:M # ==> debug.c:530 '1 == 2' is not "
     "true"},
    {START REPORT "7:M # Redis 7.0.15 crashed by signal: 11, si_code: 2\n"
                  "7:M # Accessing address: 0x7f1d4b39c000\n" TRACE END,
     "7:M # Redis 7.0.15 crashed by signal: 11, si_code: 2"},
    {"7:M # Module /a.so failed to load: /a.so: no such file\n"
     "7:M # Can't load module from /a.so: server aborting\n" FORTY,
     "7:M # Module /a.so failed to load: /a.so: no such file|7:M # Can't load "
     "module from /a.so: server aborting"},
    /* the last lines that have room, from a line's start */
    {FORTY FORTY FORTY FORTY FORTY FORTY "end\n",
     "0123456789012345678901234567890123456789|"
     "0123456789012345678901234567890123456789|"
     "0123456789012345678901234567890123456789|"
     "0123456789012345678901234567890123456789|end"},
};

/* Of a server that a signal ended: nothing of its good health. */
static const struct ended killed[] = {
    {
        START "12:C 29 Nov 2026 10:41:31.152 # Configuration loaded\n",
        "",
    },
    {START "a.c:3: main: Assertion `0' failed.\n12:x\n1: y\n",
     "a.c:3: main: Assertion `0' failed.|1: y"},
    {START "7:M # Out Of Memory allocating 9223 bytes!\n",
     "7:M # Out Of Memory allocating 9223 bytes!"},
};

static void expect(const struct ended *table, size_t n, bool by_signal)
{
    for (size_t i = 0; i < n; i++) {
        char out[200];

        last_words(table[i].log, by_signal, out, sizeof out);
        if (strncmp(out, table[i].words, sizeof out - 1) != 0)
            fail_msg("log %zu: '%s' instead of '%s'", i, out, table[i].words);
    }
}

static void reasons_are_found(void **state)
{
    (void)state;
    expect(logs, COUNT(logs), false);
    expect(killed, COUNT(killed), true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reasons_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
