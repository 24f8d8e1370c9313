/* One writer at a time: by the kernel's lock and, where there is none, by the
 * name alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/lock.h"

static char folder[64], path[128], name[160];

static int set_up(void **state)
{
    (void)state;
    alarm(500);
    lock_by_name = false;
    strcpy(folder, "/tmp/test-lock-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/a.h5", folder);
    snprintf(name, sizeof name, "%s.lock", path);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(name);
    return rmdir(folder);
}

/* A process that holds the lock until it is killed. */
static pid_t hold(const char *job)
{
    struct error err;
    struct lock l;
    int pipes[2];
    char byte = 0;
    pid_t pid;

    assert_int_equal(pipe(pipes), 0);
    pid = fork();
    if (pid == 0) {
        byte = lock_take(&l, path, job, &err) == 0;
        if (write(pipes[1], &byte, 1) == 1)
            pause();
        _exit(1);
    }
    assert_true(pid > 0);
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    assert_int_equal(byte, 1);
    close(pipes[0]);
    close(pipes[1]);
    return pid;
}

static void kill_holder(pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void is_refused(const char *words)
{
    struct error err;
    struct lock l;

    assert_int_equal(lock_take(&l, path, "", &err), -1);
    assert_int_equal(l.fd, -1);
    if (!strstr(err.text, words))
        fail_msg("'%s' is not in: %s", words, err.text);
    lock_release(&l);
}

static void is_free(void)
{
    struct error err = {.text = ""};
    struct lock l;

    if (lock_take(&l, path, "", &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(access(name, F_OK), 0);
    lock_release(&l);
    assert_int_equal(access(name, F_OK), -1);
}

static void held_until_death(void)
{
    char words[256];
    pid_t pid = hold("123");

    snprintf(words, sizeof words, "pid %ld) is writing '%s'", (long)pid, path);
    is_refused(words);
    is_refused("another srbench (job 123 on ");
    kill_holder(pid);
    assert_int_equal(access(name, F_OK), 0); /* left, and free */
    is_free();
    pid = hold("");
    is_refused("another srbench (on ");
    kill_holder(pid);
    is_free();
}

static void by_the_kernel(void **state)
{
    (void)state;
    is_free();
    held_until_death();
}

static void by_the_name(void **state)
{
    (void)state;
    lock_by_name = true;
    is_free();
    held_until_death();
}

static void put(const char *text)
{
    FILE *f = fopen(name, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* Of what is not of this machine nobody can say whether it lives: the kernel's
 * word counts where it has one, and else the file's. */
static void of_elsewhere(void **state)
{
    static const char *const left[] = {"nid0001 77 5 boot/pid:[1] 123\n", "",
                                       "no holder\n"};

    (void)state;
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
        put(left[i]);
        lock_by_name = true;
        is_refused(i == 0 ? "another srbench (job 123 on nid0001, pid 77) is "
                            "writing"
                          : "another srbench is writing");
        is_refused("remove '");
        lock_by_name = false;
        is_free();
    }
}

static void no_place_for_it(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s/no/such/a.h5", folder);
    is_refused("No such file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(by_the_kernel, set_up, tear_down),
        cmocka_unit_test_setup_teardown(by_the_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_elsewhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_place_for_it, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
