/* The table of clients: names, what they can do, the memory they take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "client/client.h"

#define MIB (INT64_C(1024) * 1024)

/* The first is the option's default. */
static void choices_of_the_option(void **state)
{
    const struct options_word *words = client_words();

    (void)state;
    assert_string_equal(words[0].name, option_table[OPT_CLIENT].def);
    for (size_t i = 0; words[i].name; i++) {
        const struct client_ops *ops = client_find(words[i].name);

        assert_string_equal(ops->name, words[i].name);
        assert_false(ops->own);
        assert_int_equal(words[i].faults, ops == &client_null);
        assert_true(words[i].help && words[i].help[0]);
    }
}

static void who_speaks_tls(void **state)
{
    (void)state;
    assert_ptr_equal(client_secured(), &client_hiredis);
    assert_false(client_socket.tls);
}

/* All but null take part, and who can ask can do all that goes with it. */
static void who_writes_and_reads(void **state)
{
    static const struct client_ops *const all[] = {
        &client_socket, &client_hiredis, &client_shm,
        &client_files,  &client_mpi,     &client_null};

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        bool can = all[i] != &client_null;

        assert_int_equal(all[i]->poll != NULL, can);
        assert_int_equal(all[i]->tell != NULL, can);
        assert_true(!can || all[i]->remove);
    }
}

/* What they were measured to take, of 64 MiB. */
static void clients_take_what_they_took(void **state)
{
    (void)state;
    assert_int_equal(footprint_client(&client_socket.memory, 64 * MIB, 0),
                     128 * MIB);
    assert_int_equal(footprint_client(&client_null.memory, 64 * MIB, 0),
                     128 * MIB);
    assert_in_range(footprint_client(&client_hiredis.memory, 64 * MIB, 0),
                    324 * MIB, 360 * MIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choices_of_the_option),
        cmocka_unit_test(who_speaks_tls),
        cmocka_unit_test(who_writes_and_reads),
        cmocka_unit_test(clients_take_what_they_took),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
