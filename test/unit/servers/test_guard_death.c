/* Who survives whom: nothing is left of steward, guard, servers and scratch
 * folder, whichever is killed; and signals for srbench do not hit servers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "lib/guard_watch.h"

#define SERVERS 3

/* A server that no polite signal ends. It is the process itself: what a guard
 * started dies with it, what that started in turn need not. */
#define STUBBORN "trap '' TERM INT HUP USR1 USR2 QUIT; exec sleep 600"

/* What a steward tells the test of. */
struct crew {
    pid_t steward, guard, server[SERVERS];
    char scratch[SRB_SCRATCH_MAX];
};

/* Fork a steward in a process group of its own, as a launcher has its ranks,
 * with SERVERS servers. It ignores polite signals and lives until it is killed
 * or the test ends. */
static void recruit(struct crew *c)
{
    int ends[2];
    pid_t pid;

    memset(c, 0, sizeof *c);
    assert_int_equal(pipe(ends), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct guard *g;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setpgid(0, 0);
        signal(SIGTERM, SIG_IGN);
        signal(SIGINT, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        signal(SIGUSR1, SIG_IGN);
        signal(SIGUSR2, SIG_IGN);
        signal(SIGQUIT, SIG_IGN);
        g = guard_open(NULL);
        for (int k = 0; g && k < SERVERS; k++)
            c->server[k] = start(g, k == 0 ? STUBBORN : "exec sleep 600", NULL);
        c->steward = getpid();
        c->guard = parent_of(c->server[0]);
        if (g)
            snprintf(c->scratch, sizeof c->scratch, "%s", guard_scratch(g));
        if (write(ends[1], c, sizeof *c) < 0)
            _exit(1);
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], c, sizeof *c), sizeof *c);
    close(ends[0]);
    assert_int_equal(c->steward, pid);
    assert_true(c->guard > 1 && c->guard != pid);
    for (int k = 0; k < SERVERS; k++) {
        if (watch_state(c->server[k], NULL) == 'X')
            fail_msg("server %d does not run", k);
        assert_int_equal(parent_of(c->server[k]), c->guard);
    }
    assert_false(removed_within(c->scratch, 0));
}

static void dismiss(struct crew *c)
{
    kill(c->steward, SIGKILL);
    waitpid(c->steward, NULL, 0);
    assert_true(gone_within(c->guard, 60));
}

/* A second is long: it takes some milliseconds. */
static void all_gone(const struct crew *c, const char *after, bool scratch_too)
{
    for (int k = 0; k < SERVERS; k++)
        if (!gone_within(c->server[k], 60))
            fail_msg("after %s server %d lives on", after, k);
    if (!gone_within(c->guard, 60))
        fail_msg("after %s the guard lives on", after);
    if (scratch_too && !removed_within(c->scratch, 1))
        fail_msg("after %s the scratch folder is left", after);
}

static void nothing_is_left_after_close(void **state)
{
    struct guard *g = open_guard();
    char scratch[SRB_SCRATCH_MAX];
    pid_t server = start(g, STUBBORN, NULL);
    pid_t guard = parent_of(server);
    int64_t begin = tick_now();

    (void)state;
    snprintf(scratch, sizeof scratch, "%s", guard_scratch(g));
    assert_memory_equal(scratch, watch_folder, strlen(watch_folder));
    guard_close(g);
    /* at once, not only soon: who closes may start the next */
    assert_int_equal(watch_state(server, NULL), 'X');
    assert_int_equal(watch_state(guard, NULL), 'X');
    assert_true(removed_within(scratch, 0));
    assert_true(tick_seconds(tick_now() - begin) < 60);
    guard_close(NULL);
}

static void a_killed_steward_leaves_nothing(void **state)
{
    struct crew c;

    (void)state;
    recruit(&c);
    kill(c.steward, SIGKILL);
    waitpid(c.steward, NULL, 0);
    all_gone(&c, "the steward's death", true);
}

/* Whoever is killed together with it, as by a launcher in a hurry. */
static void a_killed_group_leaves_nothing(void **state)
{
    struct crew c;

    (void)state;
    recruit(&c);
    kill(-c.steward, SIGKILL);
    waitpid(c.steward, NULL, 0);
    all_gone(&c, "the death of the steward's group", true);
}

/* The guard cannot clean up after its own death: its steward does, or, where
 * that has died too, the next start. */
static void a_killed_guard_takes_its_servers_along(void **state)
{
    struct guard *g;
    struct crew c;

    (void)state;
    recruit(&c);
    kill(c.guard, SIGKILL);
    all_gone(&c, "the guard's death", false);
    assert_false(removed_within(c.scratch, 0));
    dismiss(&c);
    g = open_guard();
    assert_true(removed_within(c.scratch, 0));
    guard_close(g);
}

static void a_killed_guard_is_noticed(void **state)
{
    static const char words[] = "the guard of this node's databases was "
                                "killed, and they with it";
    char sh[] = "sh";
    char *argv[] = {sh, NULL}, scratch[SRB_SCRATCH_MAX];
    struct guard_server v = {.argv = argv, .input = ""};
    struct guard *g = open_guard();
    pid_t server = start(g, "exec sleep 600", NULL), pid;
    struct error err;

    (void)state;
    kill(parent_of(server), SIGKILL);
    assert_true(gone_within(server, 60));
    /* the socket closes when the guard has let go of all it had */
    for (int64_t end = tick_deadline(60);
         guard_check(g, &err) == 0 && tick_now() < end;)
        tick_sleep(1000000);
    assert_int_equal(guard_check(g, &err), -1);
    assert_string_equal(err.text, words);
    assert_int_equal(guard_start(g, &v, &pid, &err), -1);
    assert_string_equal(err.text, words);
    assert_int_equal(guard_stop(g, 1, NULL, &err), -1);
    assert_string_equal(err.text, words);
    snprintf(scratch, sizeof scratch, "%s", guard_scratch(g));
    assert_false(removed_within(scratch, 0));
    guard_close(g); /* clears what was left */
    assert_true(removed_within(scratch, 0));
}

/* Everything and everyone killed in one moment. */
static void both_killed(void **state)
{
    struct crew c;

    (void)state;
    recruit(&c);
    kill(c.steward, SIGSTOP);
    kill(c.guard, SIGKILL);
    kill(c.steward, SIGKILL);
    waitpid(c.steward, NULL, 0);
    all_gone(&c, "both deaths", false);
    guard_close(open_guard());
}

static void signals_for_the_job_miss_the_servers(void **state)
{
    static const struct {
        int number;
        const char *name;
    } signals[] = {
        {SIGTERM, "SIGTERM"}, {SIGINT, "SIGINT"}, {SIGUSR1, "SIGUSR1"},
        {SIGUSR2, "SIGUSR2"}, {SIGHUP, "SIGHUP"}, {SIGQUIT, "SIGQUIT"},
        {SIGCONT, "SIGCONT"},
    };
    struct crew c;

    (void)state;
    recruit(&c);
    for (size_t i = 0; i < COUNT(signals); i++) {
        /* to the group, as Hydra does; and to each process, as batch systems
         * do */
        assert_int_equal(kill(-c.steward, signals[i].number), 0);
        assert_int_equal(kill(c.guard, signals[i].number), 0);
        for (int k = 0; k < SERVERS; k++)
            assert_int_equal(kill(c.server[k], signals[i].number), 0);
        tick_sleep(20000000);
        if (watch_state(c.guard, NULL) == 'X')
            fail_msg("%s ended the guard", signals[i].name);
        for (int k = 0; k < SERVERS; k++)
            if (watch_state(c.server[k], NULL) == 'X')
                fail_msg("%s ended server %d", signals[i].name, k);
    }
    for (int k = 0; k < SERVERS; k++)
        assert_int_not_equal(getpgid(c.server[k]), getpgid(c.steward));
    assert_int_not_equal(getsid(c.guard), getsid(c.steward));
    dismiss(&c);
    all_gone(&c, "the steward's death", true);
}

/* A guard that cannot begin says why, and leaves no process. */
static void no_guard_without_scratch(void **state)
{
    struct error err;

    (void)state;
    setenv("TMPDIR", "/nowhere/to/be/found", 1);
    assert_null(guard_open(&err));
    if (!strstr(err.text, "cannot create a scratch folder /nowhere/to/be/"))
        fail_msg("%s", err.text);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_left_after_close, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_killed_steward_leaves_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_killed_group_leaves_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_killed_guard_takes_its_servers_along,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_killed_guard_is_noticed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(both_killed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(signals_for_the_job_miss_the_servers,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_guard_without_scratch, set_up,
                                        tear_down),
    };

    /* guard_open() starts this very program again */
    if (argc > 1 && strcmp(argv[1], SRB_GUARD_ROLE) == 0)
        return guard_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
