/* AUTH against a server that answers what it is told to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/tick.h"
#include "protocol/auth.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct login me = {"me", "SesaMe"}, nobody = {"", "SesaMe"},
                          silent = {"me", ""};

/* A login, what must then be sent, the answer that lies ready (NULL: none, and
 * closed), and part of the words; NULL: it succeeds. */
static const struct {
    const struct login *login;
    const char *sent, *answer, *words;
} vectors[] = {
    {NULL, "", "", NULL},
    {&silent, "", "", NULL},
    {&me, "*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$6\r\nSesaMe\r\n", "+OK\r\n", NULL},
    {&nobody, "*2\r\n$4\r\nAUTH\r\n$6\r\nSesaMe\r\n", "+OK\r\n", NULL},
    {&me, NULL, "-WRONGPASS invalid username-password pair\r\n",
     "AUTH as me: the server says: WRONGPASS invalid username-password pair"},
    {&nobody, NULL, "-ERR Client sent AUTH, but no password is set\r\n",
     "AUTH: the server says: ERR Client sent AUTH"},
    {&me, NULL, "-ERR max number of clients reached\r\n",
     "max number of clients reached"},
    {&me, NULL,
     "-ERR unknown command `AUTH`, with args beginning with: `me`\r\n",
     "it does not understand"},
    {&me, NULL, "-ERR what is SesaMe?\r\n", "it does not understand"},
    {&me, NULL, "+OKAY\r\n", "something else than OK"},
    {&me, NULL, "$2\r\nOK\r\n", "something else than OK"},
    {&me, NULL, NULL, "closed the connection"},
    {&me, NULL, "+OK", "no reply within 0.1 s"},
    {&me, NULL, "", "no reply within 0.1 s"},
};

static void what_servers_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct error err = {.text = ""};
        char sent[256] = "";
        int ends[2], rc;

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        if (!vectors[i].answer)
            shutdown(ends[1], SHUT_WR);
        else if (vectors[i].answer[0])
            assert_true(send(ends[1], vectors[i].answer,
                             strlen(vectors[i].answer), 0) > 0);
        rc = auth_say(ends[0], vectors[i].login, 0.1, &err);
        if (vectors[i].sent) {
            recv(ends[1], sent, sizeof sent - 1, MSG_DONTWAIT);
            assert_string_equal(sent, vectors[i].sent);
        }
        if (rc != (vectors[i].words ? -1 : 0) ||
            (vectors[i].words && !strstr(err.text, vectors[i].words)) ||
            strstr(err.text, "SesaMe"))
            fail_msg("vector %zu: %d, '%s'", i, rc, err.text);
        close(ends[0]);
        close(ends[1]);
    }
}

/* A server that is gone is no end of this process, and one that babbles is not
 * listened to for ever. */
static void servers_that_misbehave(void **state)
{
    struct error err = {.text = ""};
    char babble[1024];
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    memset(babble, 'x', sizeof babble);
    assert_true(send(ends[1], babble, sizeof babble, 0) > 0);
    assert_int_equal(auth_say(ends[0], &me, 10, &err), -1);
    assert_non_null(strstr(err.text, "something else"));
    close(ends[1]);
    while (recv(ends[0], babble, sizeof babble, 0) > 0)
        ;
    assert_int_equal(auth_say(ends[0], &me, 10, &err), -1);
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_servers_answer),
        cmocka_unit_test(servers_that_misbehave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
