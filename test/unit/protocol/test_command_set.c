/* Command sets: the bytes of their requests, and what a reply begins with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "protocol/command_set.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define KEY "throughput_rank_7"

/* RESP2: *words, and each as $length and bytes. */
static const struct {
    const char *set;
    size_t bytes;
    const char *put, *get, *head;
} vectors[] = {
    {"plain", 4, "*3\r\n$3\r\nSET\r\n$17\r\n" KEY "\r\n$4\r\n",
     "*2\r\n$3\r\nGET\r\n$17\r\n" KEY "\r\n", "$4\r\n"},
    {"plain", 4096000, "*3\r\n$3\r\nSET\r\n$17\r\n" KEY "\r\n$4096000\r\n",
     "*2\r\n$3\r\nGET\r\n$17\r\n" KEY "\r\n", "$4096000\r\n"},
    {"redisai", 4,
     "*7\r\n$12\r\nAI.TENSORSET\r\n$17\r\n" KEY
     "\r\n$5\r\nFLOAT\r\n$1\r\n1\r\n$1\r\n1\r\n$4\r\nBLOB\r\n$4\r\n",
     "*4\r\n$12\r\nAI.TENSORGET\r\n$17\r\n" KEY
     "\r\n$4\r\nMETA\r\n$4\r\nBLOB\r\n",
     "*6\r\n$5\r\ndtype\r\n$5\r\nFLOAT\r\n$5\r\nshape\r\n*2\r\n:1\r\n:1\r\n"
     "$4\r\nblob\r\n$4\r\n"},
    {"redisai", 4096000,
     "*7\r\n$12\r\nAI.TENSORSET\r\n$17\r\n" KEY
     "\r\n$5\r\nFLOAT\r\n$1\r\n1\r\n$7\r\n1024000\r\n$4\r\nBLOB\r\n"
     "$4096000\r\n",
     "*4\r\n$12\r\nAI.TENSORGET\r\n$17\r\n" KEY
     "\r\n$4\r\nMETA\r\n$4\r\nBLOB\r\n",
     "*6\r\n$5\r\ndtype\r\n$5\r\nFLOAT\r\n$5\r\nshape\r\n*2\r\n:1\r\n"
     ":1024000\r\n$4\r\nblob\r\n$4096000\r\n"},
};

static void same(size_t i, const char *what, const char *made, size_t n,
                 const char *want)
{
    if (n != strlen(want) || memcmp(made, want, n) != 0)
        fail_msg("vector %zu, %s: '%.*s' instead of '%s'", i, what, (int)n,
                 made, want);
}

static void requests_are_these_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        const struct command_set *s = command_set_find(vectors[i].set);
        struct tensor_request r;
        char text[256];
        size_t n;

        command_set_put(s, KEY, vectors[i].bytes, &r);
        n = command_set_print(&r, vectors[i].bytes, text, sizeof text);
        same(i, "put", text, n, vectors[i].put);
        command_set_get(s, KEY, vectors[i].bytes, &r);
        n = command_set_print(&r, 0, text, sizeof text);
        same(i, "get", text, n, vectors[i].get);
    }
}

static void replies_begin_with_these(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        char head[SRB_REPLY_HEAD];
        size_t n =
            command_set_find(vectors[i].set)->head(vectors[i].bytes, head);

        same(i, "reply", head, n, vectors[i].head);
    }
}

/* hiredis is given words and lengths, and the payload behind them. */
static void words_for_hiredis(void **state)
{
    static const char *const words[] = {"AI.TENSORSET", KEY, "FLOAT", "1", "2",
                                        "BLOB"};
    struct tensor_request r;

    (void)state;
    command_set_put(&command_redisai, KEY, 8, &r);
    assert_int_equal(r.n, COUNT(words));
    assert_true(r.n < SRB_REQUEST_WORDS); /* room for the payload */
    for (size_t k = 0; k < COUNT(words); k++) {
        assert_string_equal(r.word[k], words[k]);
        assert_int_equal(r.length[k], strlen(words[k]));
    }
    command_set_put(&command_plain, KEY, 8, &r);
    assert_int_equal(r.n, 2);
}

/* The longest tensor and what fits of it: heads have room for any length. */
static void the_longest_tensor_has_room(void **state)
{
    const size_t most = SIZE_MAX - 3;
    struct tensor_request r;
    char head[SRB_REPLY_HEAD], text[256];

    (void)state;
    assert_true(command_redisai.head(most, head) < sizeof head);
    assert_non_null(strstr(head, ":4611686018427387903\r\n"));
    assert_non_null(strstr(head, "$18446744073709551612\r\n"));
    command_set_put(&command_redisai, KEY, most, &r);
    assert_string_equal(r.word[4], "4611686018427387903");
    assert_true(command_set_print(&r, most, text, sizeof text) < sizeof text);
}

/* What servers count their commands by (INFO commandstats). */
static void commands_by_their_names(void **state)
{
    (void)state;
    assert_ptr_equal(command_set_find("plain"), &command_plain);
    assert_ptr_equal(command_set_find("redisai"), &command_redisai);
    assert_string_equal(command_plain.put, "set");
    assert_string_equal(command_plain.get, "get");
    assert_string_equal(command_redisai.put, "ai.tensorset");
    assert_string_equal(command_redisai.get, "ai.tensorget");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_these_bytes),
        cmocka_unit_test(replies_begin_with_these),
        cmocka_unit_test(words_for_hiredis),
        cmocka_unit_test(the_longest_tensor_has_room),
        cmocka_unit_test(commands_by_their_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
