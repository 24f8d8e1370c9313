/* The guard: what servers get, how their ends are told, how they are stopped.
 * Who survives whom is test_guard_death.c's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <signal.h>

#include "base/tick.h"
#include "lib/guard_watch.h"

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN

/* What a server does, gets, and what is said of it then. */
static const struct {
    const char *line, *input, *file_name, *file_text;
    const char *words;
} ends[] = {
    {"exit 0", "", NULL, NULL, "exited with status 0"},
    {"exit 3", "", NULL, NULL, "exited with status 3"},
    {"echo bye; exit 1", "", NULL, NULL, "exited with status 1; it said: bye"},
    {"echo bye >&2; exit 1", "", NULL, NULL,
     "exited with status 1; it said: bye"},
    {"printf 'no line end'; exit 1", "", NULL, NULL,
     "exited with status 1; it said: no line end"},
    {"echo one; echo two >&2; echo three; exit 2", "", NULL, NULL,
     "exited with status 2; it said: one|two|three"},
    {"printf 'a\\tb\\rc\\n'; exit 1", "", NULL, NULL,
     "exited with status 1; it said: a b c"},
    {"ulimit -c 0; echo oh; kill -SEGV $$", "", NULL, NULL,
     "was killed by signal 11 (Segmentation fault); it said: oh"},
    /* it had no time for words */
    {"echo all is well; kill -KILL $$", "", NULL, NULL,
     "was killed by signal 9 (Killed)"},
    /* standard input and a file in its folder */
    {"cat; exit 1", "port 1\nbind ::1\n", NULL, NULL,
     "exited with status 1; it said: port 1|bind ::1"},
    {"cat; cat nodes.conf; exit 1", "a\n", "nodes.conf", "b\nc\n",
     "exited with status 1; it said: a|b|c"},
    {"cat; exit 1", "no line end", "empty", "",
     "exited with status 1; it said: no line end"},
    {"ls; exit 1", "", "nodes.conf", "",
     "exited with status 1; it said: log|nodes.conf"},
    {"test -s empty || echo empty; exit 1", "", "empty", "",
     "exited with status 1; it said: empty"},
    /* of many lines the last whole ones: nine of 51 in 499 characters */
    {"for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo " FIFTY "; done; exit 1", "",
     NULL, NULL,
     "exited with status 1; it said: " FIFTY "|" FIFTY "|" FIFTY "|" FIFTY
     "|" FIFTY "|" FIFTY "|" FIFTY "|" FIFTY "|" FIFTY},
    /* and of one long line its end, not nothing */
    {"echo " FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY
     "end; exit 1",
     "", NULL, NULL, "end"},
};

static void the_end_of_a_server_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        struct guard_server v = {.input = ends[i].input,
                                 .file_name = ends[i].file_name,
                                 .file_text = ends[i].file_text};
        struct guard *g = open_guard();
        pid_t pid = start(g, ends[i].line, &v);
        struct error err, again;
        const char *words = await_end(g, pid, &err);
        bool whole = strncmp(ends[i].words, "e", 1) != 0 ||
                     strncmp(ends[i].words, "exited", 6) == 0;

        if (whole && strcmp(words, ends[i].words) != 0)
            fail_msg("'%s': '%s' instead of '%s'", ends[i].line, words,
                     ends[i].words);
        if (!whole && (strlen(words) < 400 ||
                       strcmp(strchr(words, '\0') - strlen(ends[i].words),
                              ends[i].words) != 0))
            fail_msg("'%s': '%s' does not end in '%s'", ends[i].line, words,
                     ends[i].words);
        if (watch_state(pid, NULL) != 'X')
            fail_msg("'%s' is not reaped", ends[i].line);
        /* the words stay */
        assert_int_equal(guard_check(g, &again), -1);
        assert_string_equal(again.text, err.text);
        guard_close(g);
    }
}

/* The first end counts; a stop ends the account. */
static void ends_are_counted_from_stop_to_stop(void **state)
{
    struct guard *g = open_guard();
    struct error err;
    pid_t first, last;
    int killed;

    (void)state;
    assert_int_equal(guard_check(g, &err), 0);
    last = start(g, "exec sleep 600", NULL);
    first = start(g, "exit 5", NULL);
    assert_string_equal(await_end(g, first, &err), "exited with status 5");
    kill(last, SIGKILL);
    assert_true(gone_within(last, 60));
    assert_string_equal(await_end(g, first, &err), "exited with status 5");
    assert_int_equal(guard_stop(g, 10, &killed, &err), 0);
    assert_int_equal(killed, 0);
    assert_int_equal(guard_check(g, &err), 0);
    last = start(g, "exit 6", NULL);
    assert_string_equal(await_end(g, last, &err), "exited with status 6");
    guard_close(g);
}

/* What servers have resident is looked at from the order on; of one that has
 * ended nothing more is seen. */
static void memory_is_looked_at(void **state)
{
    struct memory_looks seen[3];
    struct guard *g = open_guard();
    struct error err;
    pid_t first;

    (void)state;
    first = start(g, "exec sleep 600", NULL);
    start(g, "exec sleep 600", NULL);
    assert_int_equal(guard_look(g, &err), 0);
    tick_sleep(50000000);
    assert_int_equal(guard_seen(g, seen, 3, &err), 0);
    for (int k = 0; k < 2; k++) {
        assert_true(seen[k].n >= 2);
        for (int64_t i = 0; i < seen[k].n; i++) {
            assert_in_range(seen[k].bytes[i], 4096, 1 << 30);
            assert_true(i == 0 || seen[k].when[i] > seen[k].when[i - 1]);
        }
    }
    assert_int_equal(seen[2].n, 0);
    kill(first, SIGKILL);
    assert_true(gone_within(first, 60));
    assert_int_equal(guard_look(g, &err), 0);
    assert_int_equal(guard_seen(g, seen, 2, &err), 0);
    assert_true(seen[0].n == 0 || seen[0].bytes[seen[0].n - 1] == -1);
    assert_true(seen[1].bytes[seen[1].n - 1] > 0);
    guard_close(g);
}

/* Servers that are stopped: how long they are given, and how many had to be
 * killed. */
static const struct {
    const char *line[4]; /* up to the first NULL */
    double seconds;
    int killed;
    double at_most; /* s that the stop may take */
} stops[] = {
    {{NULL}, 600, 0, 60},
    {{"exit 0"}, 600, 0, 60},
    {{"sleep 0.2"}, 600, 0, 60},
    {{"sleep 600"}, 0, 1, 60},
    {{"sleep 600"}, 0.2, 1, 60},
    {{"sleep 600", "exit 1", "sleep 600", "sleep 0.01"}, 2, 2, 60},
    /* what a wrapper started goes with it */
    {{"sleep 600 & wait"}, 0.1, 1, 60},
    {{"trap '' TERM INT HUP; sleep 600; sleep 600"}, 0.1, 1, 60},
};

static void stopping(void **state)
{
    struct guard *g = open_guard();

    (void)state;
    for (size_t i = 0; i < COUNT(stops); i++) {
        int64_t begin = tick_now();
        pid_t pid[4];
        int n = 0, killed = -1;
        struct error err;
        double took;

        for (; n < 4 && stops[i].line[n]; n++)
            pid[n] = start(g, stops[i].line[n], NULL);
        if (guard_stop(g, stops[i].seconds, &killed, &err) < 0)
            fail_msg("vector %zu: %s", i, err.text);
        took = tick_seconds(tick_now() - begin);
        if (killed != stops[i].killed)
            fail_msg("vector %zu: %d killed instead of %d", i, killed,
                     stops[i].killed);
        if (took > stops[i].at_most)
            fail_msg("vector %zu took %g s", i, took);
        for (int k = 0; k < n; k++)
            if (watch_state(pid[k], NULL) != 'X')
                fail_msg("vector %zu: '%s' still runs", i, stops[i].line[k]);
        if (watch_entries(guard_scratch(g)) != 0)
            fail_msg("vector %zu: folders are left", i);
    }
    assert_int_equal(guard_stop(g, 1, NULL, NULL), 0);
    guard_close(g);
}

/* The process that the first server of a guard started and wrote into the file
 * `pid`. */
#define WRAPPER "sleep 600 & echo $! >pid.new; mv pid.new pid; "

static pid_t wrapped(const struct guard *g, char path[SRB_SCRATCH_MAX + 32])
{
    int64_t deadline = tick_deadline(60);
    pid_t pid = 0;

    snprintf(path, SRB_SCRATCH_MAX + 32, "%s/server-0/pid", guard_scratch(g));
    while (pid <= 0) {
        FILE *f = fopen(path, "r");
        char text[32] = "";

        if (f && fgets(text, sizeof text, f))
            pid = (pid_t)strtol(text, NULL, 10);
        if (f)
            fclose(f);
        if (tick_now() > deadline)
            fail_msg("the server does not start");
        tick_sleep(1000000);
    }
    return pid;
}

static void a_wrapped_server_goes_with_its_wrapper(void **state)
{
    struct guard *g = open_guard();
    struct error err;
    char path[SRB_SCRATCH_MAX + 32];
    pid_t inner;
    int killed;

    (void)state;
    start(g, WRAPPER "wait", NULL);
    inner = wrapped(g, path);
    assert_true(watch_state(inner, NULL) != 'X');
    assert_int_equal(guard_stop(g, 0, &killed, &err), 0);
    assert_int_equal(killed, 1);
    assert_true(gone_within(inner, 5));
    /* its folder is gone, the scratch folder is not */
    assert_true(removed_within(path, 0));
    assert_false(removed_within(guard_scratch(g), 0));
    guard_close(g);
}

/* A wrapper that ends first: of itself, killed, or while it is stopped. */
static void a_wrapper_leaves_nothing_behind(void **state)
{
    static const char *const lines[] = {
        WRAPPER "exit 3", WRAPPER "kill -KILL $$", WRAPPER "sleep 0.2"};

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct guard *g = open_guard();
        char path[SRB_SCRATCH_MAX + 32];
        pid_t wrapper = start(g, lines[i], NULL);
        pid_t inner = wrapped(g, path);
        struct error err;

        if (i < 2)
            await_end(g, wrapper, &err);
        else
            assert_int_equal(guard_stop(g, 10, NULL, &err), 0);
        if (!gone_within(inner, 5)) {
            kill(inner, SIGKILL);
            fail_msg("'%s' leaves its server behind", lines[i]);
        }
        guard_close(g);
    }
}

/* What a server must not inherit, and what it must be given. */
static void surroundings_of_a_server(void **state)
{
    struct guard *g = open_guard();
    struct error err;
    const char *words, *bits;
    char want[SRB_SCRATCH_MAX + 128];
    char grep[] = "grep", key[] = "SigBlk:", file[] = "/proc/self/status";
    char *argv[] = {grep, key, file, NULL};
    uint64_t must, blocked;
    cpu_set_t all, one;
    size_t cpu = 0;
    struct guard_server v = {
        .input = "", .cpus = &one, .cpus_bytes = sizeof one};
    pid_t pid;

    (void)state;
    pid = start(g, "ls -l /proc/self/fd | grep -c -e '->'; pwd; exit 1", NULL);
    words = await_end(g, pid, &err);
    /* three streams and the folder that ls reads */
    snprintf(want, sizeof want, "exited with status 1; it said: 4|%s/server-0",
             guard_scratch(g));
    assert_string_equal(words, want);
    guard_stop(g, 1, NULL, NULL);

    /* on the CPUs that were asked for */
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    while (!CPU_ISSET(cpu, &all))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    pid = start(g, "grep Cpus_allowed_list: /proc/self/status; exit 1", &v);
    words = await_end(g, pid, &err);
    snprintf(want, sizeof want,
             "exited with status 1; it said: Cpus_allowed_list: %zu", cpu);
    assert_string_equal(words, want);
    guard_stop(g, 1, NULL, NULL);

    /* the signals that a batch system sends to all processes of a job; asked
     * without a shell, which may unblock them to wait for its children */
    must = UINT64_C(1) << (SIGTERM - 1) | UINT64_C(1) << (SIGINT - 1) |
           UINT64_C(1) << (SIGHUP - 1) | UINT64_C(1) << (SIGUSR1 - 1) |
           UINT64_C(1) << (SIGUSR2 - 1) | UINT64_C(1) << (SIGQUIT - 1);
    v = (struct guard_server){.argv = argv, .input = ""};
    if (guard_start(g, &v, &pid, &err) < 0)
        fail_msg("%s", err.text);
    words = await_end(g, pid, &err);
    bits = strstr(words, "SigBlk: ");
    if (!bits)
        fail_msg("%s", words);
    blocked = strtoull(bits + strlen("SigBlk: "), NULL, 16);
    if ((blocked & must) != must)
        fail_msg("%s", words);
    assert_int_equal(blocked & UINT64_C(1) << (SIGCHLD - 1), 0);
    guard_close(g);
}

static void what_cannot_be_started_is_told(void **state)
{
    struct guard *g = open_guard();
    char name[] = "no-such-server", path[] = "/no/such/server", sh[] = "sh";
    char *argv[] = {name, NULL};
    struct guard_server v = {.argv = argv, .input = ""};
    cpu_set_t none;
    struct error err;
    pid_t pid = -7;

    (void)state;
    assert_int_equal(guard_start(g, &v, &pid, &err), -1);
    assert_string_equal(err.text,
                        "cannot start no-such-server: No such file or "
                        "directory");
    argv[0] = path;
    assert_int_equal(guard_start(g, &v, &pid, &err), -1);
    assert_string_equal(err.text,
                        "cannot start /no/such/server: No such file or "
                        "directory");
    argv[0] = sh;
    CPU_ZERO(&none);
    v.cpus = &none;
    v.cpus_bytes = sizeof none;
    assert_int_equal(guard_start(g, &v, &pid, &err), -1);
    assert_string_equal(err.text, "cannot start sh: Invalid argument");
    v.cpus = NULL;
    v.file_name = "no/such/folder";
    v.file_text = "";
    assert_int_equal(guard_start(g, &v, &pid, &err), -1);
    assert_string_equal(err.text,
                        "cannot write no/such/folder: No such file or "
                        "directory");
    assert_int_equal(pid, -7);
    /* none of it counts as a server that ended, and the next one starts */
    assert_int_equal(guard_check(g, &err), 0);
    pid = start(g, "exit 4", NULL);
    assert_string_equal(await_end(g, pid, &err), "exited with status 4");
    guard_close(g);
}

/* As large as the configuration of a large cluster, and larger than anything
 * that may be sent. */
static void configurations_of_any_size(void **state)
{
    static const struct {
        size_t bytes;
        bool fits;
    } vectors[] = {{(size_t)3 << 20, true}, {(size_t)64 << 20, false}};
    struct guard *g = open_guard();

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        char name[] = "sh", c[] = "-c";
        char line[] = "wc -c; wc -c <nodes.conf; exit 1";
        char *argv[] = {name, c, line, NULL};
        char *text = malloc(vectors[i].bytes + 1), words[128];
        struct guard_server v = {.argv = argv,
                                 .input = text,
                                 .file_name = "nodes.conf",
                                 .file_text = text};
        struct error err;
        pid_t pid = -1;
        int rc;

        assert_non_null(text);
        memset(text, 'x', vectors[i].bytes);
        text[vectors[i].bytes] = '\0';
        rc = guard_start(g, &v, &pid, &err);
        free(text);
        if ((rc == 0) != vectors[i].fits)
            fail_msg("%zu bytes: %s", vectors[i].bytes,
                     rc == 0 ? "sent" : err.text);
        if (rc < 0)
            continue;
        snprintf(words, sizeof words, "exited with status 1; it said: %zu|%zu",
                 vectors[i].bytes, vectors[i].bytes);
        assert_string_equal(await_end(g, pid, &err), words);
        guard_stop(g, 1, NULL, NULL);
    }
    guard_close(g);
}

static void many_servers(void **state)
{
    enum { SERVERS = 40 };
    struct guard *g = open_guard();
    pid_t pid[SERVERS];
    struct error err;
    int killed;

    (void)state;
    for (int k = 0; k < SERVERS; k++)
        pid[k] = start(g, "exec sleep 600", NULL);
    assert_int_equal(guard_check(g, &err), 0);
    assert_int_equal(guard_stop(g, 0, &killed, &err), 0);
    assert_int_equal(killed, SERVERS);
    for (int k = 0; k < SERVERS; k++)
        if (watch_state(pid[k], NULL) != 'X')
            fail_msg("server %d of %d still runs", k, SERVERS);
    guard_close(g);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_end_of_a_server_is_told, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(ends_are_counted_from_stop_to_stop,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(memory_is_looked_at, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stopping, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wrapped_server_goes_with_its_wrapper,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wrapper_leaves_nothing_behind, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(surroundings_of_a_server, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_started_is_told, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(configurations_of_any_size, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(many_servers, set_up, tear_down),
    };

    /* guard_open() starts this very program again */
    if (argc > 1 && strcmp(argv[1], SRB_GUARD_ROLE) == 0)
        return guard_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
