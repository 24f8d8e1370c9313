/* Who may do what at the built-in server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "engine/floor_server.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define SECONDS 20

#define CLIENT "*3\r\n$4\r\nAUTH\r\n$14\r\nsrbench-client\r\n$3\r\nabc\r\n"
#define STEWARD "*3\r\n$4\r\nAUTH\r\n$15\r\nsrbench-steward\r\n$3\r\ndef\r\n"
#define PING "*1\r\n$4\r\nPING\r\n"
#define GET "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"
#define SET "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"
#define INFO "*1\r\n$4\r\nINFO\r\n"
#define FLUSHALL "*2\r\n$8\r\nFLUSHALL\r\n$4\r\nSYNC\r\n"
#define SHUTDOWN "*2\r\n$8\r\nSHUTDOWN\r\n$6\r\nNOSAVE\r\n"

#define OK "+OK\r\n"
#define NOAUTH "-NOAUTH Authentication required.\r\n"
#define NOPERM "-NOPERM this user has no permissions to do that\r\n"
#define WRONG                                                                  \
    "-WRONGPASS invalid username-password pair or user is disabled.\r\n"

/* What is said on a connection of its own, and all that comes back; `ends`: the
 * server then closes. */
static const struct {
    const char *said, *back;
    bool ends;
} vectors[] = {
    {PING, NOAUTH, false},
    {GET, NOAUTH, false},
    {INFO, NOAUTH, false},
    {FLUSHALL, NOAUTH, false},
    {SHUTDOWN, NOAUTH, false},
    {SET, NOAUTH, true},
    /* any length is announced, none of it is received */
    {"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\nxxx", NOAUTH, true},
    {CLIENT PING SET GET, OK "+PONG\r\n" OK "$1\r\nv\r\n", false},
    {CLIENT INFO FLUSHALL SHUTDOWN, OK NOPERM NOPERM NOPERM, false},
    {STEWARD PING FLUSHALL, OK "+PONG\r\n" OK, false},
    {STEWARD GET, OK NOPERM, false},
    {STEWARD SET, OK NOPERM, true},
    {CLIENT STEWARD GET, OK OK NOPERM, false},
    /* the other's password, a part of one, more of one, and none */
    {"*3\r\n$4\r\nAUTH\r\n$14\r\nsrbench-client\r\n$3\r\ndef\r\n" PING,
     WRONG NOAUTH, false},
    {"*3\r\n$4\r\nAUTH\r\n$14\r\nsrbench-client\r\n$2\r\nab\r\n" PING,
     WRONG NOAUTH, false},
    {"*3\r\n$4\r\nAUTH\r\n$14\r\nsrbench-client\r\n$4\r\nabcd\r\n" PING,
     WRONG NOAUTH, false},
    {"*3\r\n$4\r\nAUTH\r\n$14\r\nsrbench-client\r\n$0\r\n\r\n" PING,
     WRONG NOAUTH, false},
    {"*3\r\n$4\r\nAUTH\r\n$7\r\ndefault\r\n$3\r\nabc\r\n", WRONG, false},
    {"*2\r\n$4\r\nAUTH\r\n$3\r\nabc\r\n" PING,
     "-ERR AUTH takes a user and a password\r\n" NOAUTH, false},
    /* as in Redis, one that fails does not log out */
    {CLIENT "*3\r\n$4\r\nAUTH\r\n$14\r\nsrbench-client\r\n$1\r\na\r\n" PING,
     OK WRONG "+PONG\r\n", false},
};

static void *serve(void *arg)
{
    floor_serve(arg);
    return NULL;
}

static int dial(int port)
{
    struct sockaddr_in sa = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval tv = {.tv_sec = SECONDS};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    return fd;
}

/* Say it, and hear `want` bytes and, if told so, the end. */
static void ask(int port, const char *said, const char *back, bool ends)
{
    size_t want = strlen(back), n = 0;
    char got[512];
    int fd = dial(port);

    assert_int_equal(send(fd, said, strlen(said), MSG_NOSIGNAL), strlen(said));
    while (n < want) {
        ssize_t k = recv(fd, got + n, want - n, 0);

        if (k <= 0)
            fail_msg("'%s': '%.*s' instead of '%s'", said, (int)n, got, back);
        n += (size_t)k;
    }
    if (memcmp(got, back, want) != 0)
        fail_msg("'%s': '%.*s' instead of '%s'", said, (int)n, got, back);
    if (ends)
        assert_int_equal(recv(fd, got, 1, 0), 0);
    close(fd);
}

static void users_and_strangers(void **state)
{
    const struct login client = {.password = "abc"},
                       steward = {.password = "def"};
    struct floor_config c = {.address = "127.0.0.1",
                             .threads = 2,
                             .backlog = 16,
                             .max_bytes = 1000000};
    struct error err = {.text = ""};
    struct floor *f;
    pthread_t thread;

    (void)state;
    secret_hash(&client, c.client_password);
    secret_hash(&steward, c.steward_password);
    f = floor_open(&c, &err);
    if (!f)
        fail_msg("%s", err.text);
    assert_int_equal(pthread_create(&thread, NULL, serve, f), 0);
    for (size_t i = 0; i < COUNT(vectors); i++)
        ask(floor_port(f), vectors[i].said, vectors[i].back, vectors[i].ends);
    ask(floor_port(f), STEWARD SHUTDOWN, OK, false);
    pthread_join(thread, NULL);
    floor_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users_and_strangers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
