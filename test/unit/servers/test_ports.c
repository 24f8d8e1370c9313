/* Free ports: which are tried, and what is seen of one that is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/study.h"
#include "servers/ports.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct {
    int port, first, last, next;
} steps[] = {
    {1024, 32768, 60999, 1025},
    {22766, 32768, 60999, 22767},
    /* the bus would be 32768; behind 50999 it is 61000, and so is a port */
    {22767, 32768, 60999, 1024},
    {55535, 32768, 60999, 1024},
    {0, 32768, 60999, 1024},
    {70000, 32768, 60999, 1024},
    {1500, 1500, 2000, 2001},
    {11499, 21500, 22000, 12001},
    /* there is no other: any is as good */
    {5000, 1024, 65535, 5001},
    {55535, 1024, 65535, 1024},
    {5000, 0, 0, 5001},
};

static void ports_in_turn(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(steps); i++) {
        int next = ports_next(steps[i].port, steps[i].first, steps[i].last);

        if (next != steps[i].next)
            fail_msg("behind %d without %d to %d comes %d, not %d",
                     steps[i].port, steps[i].first, steps[i].last,
                     steps[i].next, next);
    }
}

/* Two runs that start at once begin at the same port once in thousands of
 * times. */
static void runs_begin_apart(void **state)
{
    enum { RUNS = 2000 };
    const int first = 32768, last = 60999;
    int lowest = 0;

    (void)state;
    for (int i = 0; i < RUNS; i++) {
        int port = ports_anywhere(first, last);

        assert_int_equal(ports_next(port - 1, first, last), port);
        lowest += port == 1024;
    }
    assert_in_range(lowest, 0, RUNS / 100);
    assert_in_range(ports_anywhere(1024, 65535), 1024, 55535);
}

/* A socket that listens on a port of the kernel's choice. */
static int listen_anywhere(int *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    *port = ntohs(a.sin_port);
    return fd;
}

static void a_port_that_is_taken(void **state)
{
    struct placement pl = {.loopback = true};
    struct error err;
    int port, fd = listen_anywhere(&port);

    (void)state;
    assert_int_equal(ports_free(place_shard_address(&pl, 0), port, false, &err),
                     -1);
    assert_non_null(strstr(err.text, "choose another --db_port"));
    if (port > 11024) /* as the bus of another */
        assert_int_equal(ports_free(place_shard_address(&pl, 0),
                                    port - SRB_BUS_OFFSET, true, &err),
                         -1);
    close(fd);
    assert_int_equal(ports_free(place_shard_address(&pl, 0), port, false, &err),
                     0);
}

/* Ports that were found come into a placement that has none. */
static void found_ones_are_placed(void **state)
{
    static const struct line line = {
        {"throughput_standard", "--db_shards_per_node=2", "--db_port=0"}};
    const int found[] = {5000, 6000};
    struct machine m;
    struct study s;
    struct permutation p;
    struct placement pl;
    struct error err;

    (void)state;
    assert_int_equal(machine_uniform(&m, 2, 2, 1, &err), 0);
    study_open(&s, &line);
    sweep_at(&s.sweep, 0, &p);
    assert_int_equal(place_solve(&m, &p, &pl, &err), 0);
    assert_int_equal(pl.nshards, 2);
    assert_int_equal(pl.shard_port[0] + pl.shard_port[1], 0);
    place_ports(&pl, found);
    assert_int_equal(pl.shard_port[0], 5000);
    assert_int_equal(pl.shard_port[1], 6000);
    place_free(&pl);
    study_close(&s);
    machine_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ports_in_turn),
        cmocka_unit_test(runs_begin_apart),
        cmocka_unit_test(a_port_that_is_taken),
        cmocka_unit_test(found_ones_are_placed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
