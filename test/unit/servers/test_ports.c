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

#include "engine/engine.h"
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
    struct error err;
    int port, fd = listen_anywhere(&port);

    (void)state;
    assert_int_equal(ports_free("127.0.0.1", port, false, &err), -1);
    assert_non_null(strstr(err.text, "free ones (--db_port=0)"));
    if (port > 11024) /* as the bus of another */
        assert_int_equal(
            ports_free("127.0.0.1", port - SRB_BUS_OFFSET, true, &err), -1);
    close(fd);
    assert_int_equal(ports_free("127.0.0.1", port, false, &err), 0);
}

static const struct {
    const char *words;
    bool taken;
} failures[] = {
    {"cannot listen on port 6780 of ::1: Address already in use", true},
    {"the database server (pid 7) exited with status 1; it said: 7:M # Could "
     "not create server TCP listening socket 127.0.0.1:6780: bind: Address "
     "already in use|7:M # Failed listening on port 6780 (TCP), aborting.",
     true},
    {"rank 3 on n1: port 6780 of 10.0.0.1 is " SRB_PORT_TAKEN ": process 7",
     true},
    {"cannot listen on port 6780 of 10.0.0.1: Permission denied", false},
    {"the database server (pid 7) was killed", false},
    {"", false},
};

static void what_other_ports_help(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(failures); i++) {
        struct error err;

        error_set(&err, "%s", failures[i].words);
        if (ports_taken(&err) != failures[i].taken)
            fail_msg("'%s'", failures[i].words);
    }
}

/* Of these no port is to blame. */
static void addresses_that_cannot_be_listened_on(void **state)
{
    struct error err;

    (void)state;
    assert_int_equal(ports_free("240.0.0.1", 6780, false, &err), -1);
    assert_string_equal(err.text,
                        "cannot listen on 240.0.0.1: no interface of this host "
                        "has this address now; name another with --net_ifname");
    assert_int_equal(ports_free("lo", 6780, false, &err), -1);
    assert_null(strstr(err.text, "db_port"));
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
        cmocka_unit_test(what_other_ports_help),
        cmocka_unit_test(addresses_that_cannot_be_listened_on),
        cmocka_unit_test(found_ones_are_placed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
