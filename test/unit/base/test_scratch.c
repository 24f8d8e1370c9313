/* Scratch folders: private, locked, and removed whoever dies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/scratch.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define PATH_ROOM 600

/* Every test has a TMPDIR of its own. */
static char parent[] = "/tmp/test-scratch-XXXXXX";
static const char pattern[] = "XXXXXX";

static int set_up(void **state)
{
    (void)state;
    alarm(500); /* nothing here may hang for long */
    memcpy(strchr(parent, '\0') - 6, pattern, 6);
    return !mkdtemp(parent) || setenv("TMPDIR", parent, 1) != 0 ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(parent);
    return access(parent, F_OK) == 0 ? -1 : 0;
}

static bool exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

/* parent/name, where name may have %lu for the user. */
static char *inside(const char *name, char path[PATH_ROOM])
{
    const char *uid = strstr(name, "UID");
    int len = uid ? (int)(uid - name) : (int)strlen(name);

    if (uid)
        snprintf(path, PATH_ROOM, "%s/%.*s%lu%s", parent, len, name,
                 (unsigned long)getuid(), uid + 3);
    else
        snprintf(path, PATH_ROOM, "%s/%s", parent, name);
    return path;
}

static void touch(const char *path)
{
    FILE *f = fopen(path, "w");

    if (!f)
        fail_msg("cannot create %s", path);
    fputs("contents\n", f);
    fclose(f);
}

/* How many entries TMPDIR has. */
static int entries(void)
{
    DIR *dir = opendir(parent);
    int n = 0;

    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));)
        n += e->d_name[0] != '.';
    closedir(dir);
    return n;
}

static void open_or_fail(struct scratch *s)
{
    struct error err;

    if (scratch_open(s, &err) < 0)
        fail_msg("%s", err.text);
}

static void a_folder_of_ones_own(void **state)
{
    char start[PATH_ROOM];
    struct scratch s;
    struct stat st;

    (void)state;
    open_or_fail(&s);
    inside("srbench-UID-", start);
    assert_memory_equal(s.path, start, strlen(start));
    assert_int_equal(strlen(s.path), strlen(start) + 6);
    assert_null(strstr(s.path, pattern));
    assert_int_equal(stat(s.path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_true(S_ISDIR(st.st_mode));
    assert_int_equal(st.st_uid, getuid());
    assert_true(fcntl(s.lock, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(entries(), 1);
    scratch_close(&s);
    assert_false(exists(s.path));
    assert_int_equal(s.lock, -1);
    assert_int_equal(entries(), 0);
}

static void it_is_locked(void **state)
{
    struct scratch s;
    int fd;

    (void)state;
    open_or_fail(&s);
    fd = open(s.path, O_RDONLY | O_DIRECTORY);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
    scratch_close(&s);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    close(fd);
}

/* Two owners at a time do not take each other for dead. */
static void owners_side_by_side(void **state)
{
    struct scratch s[5];

    (void)state;
    for (size_t i = 0; i < COUNT(s); i++)
        open_or_fail(&s[i]);
    for (size_t i = 0; i < COUNT(s); i++) {
        assert_true(exists(s[i].path));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(s[i].path, s[k].path);
    }
    assert_int_equal(entries(), COUNT(s));
    for (size_t i = 0; i < COUNT(s); i++)
        scratch_close(&s[i]);
    assert_int_equal(entries(), 0);
}

/* A process that opens a scratch folder with something in it, and then lives
 * until it is killed; returns its pid and the folder. */
static pid_t owner(char path[SRB_SCRATCH_MAX])
{
    int ends[2];
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        char file[PATH_ROOM];
        struct scratch s;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[0]);
        memset(&s, 0, sizeof s);
        if (scratch_open(&s, NULL) == 0) {
            snprintf(file, sizeof file, "%s/server-0", s.path);
            mkdir(file, 0700);
            snprintf(file, sizeof file, "%s/server-0/log", s.path);
            touch(file);
        }
        if (write(ends[1], s.path, sizeof s.path) < 0)
            _exit(1);
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_true(pid > 0);
    assert_int_equal(read(ends[0], path, SRB_SCRATCH_MAX), SRB_SCRATCH_MAX);
    close(ends[0]);
    return pid;
}

static void only_the_dead_are_cleared_away(void **state)
{
    char path[SRB_SCRATCH_MAX];
    pid_t pid = owner(path);
    struct scratch s;

    (void)state;
    open_or_fail(&s);
    if (!exists(path))
        fail_msg("the folder of a living owner was removed");
    scratch_close(&s);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_true(exists(path));
    open_or_fail(&s);
    if (exists(path))
        fail_msg("the folder of a dead owner was left");
    assert_true(exists(s.path));
    scratch_close(&s);
    assert_int_equal(entries(), 0);
}

/* What else lies in TMPDIR, and whether the next start may remove it. UID is
 * this user's number. */
static const struct {
    const char *name;
    char kind;   /* folder, file, or link to another folder */
    int age;     /* s */
    bool locked; /* by somebody */
    bool kept;
} others[] = {
    {"srbench-UID-abcdef", 'd', 0, false, false},
    {"srbench-UID-abcdef", 'd', 100000, false, false},
    {"srbench-UID-abcdef", 'd', 100000, true, true},
    /* an owner may be between creating and locking */
    {"srbench-new-UID-abcdef", 'd', 0, false, true},
    {"srbench-new-UID-abcdef", 'd', 30, false, true},
    {"srbench-new-UID-abcdef", 'd', 3600, false, false},
    {"srbench-new-UID-abcdef", 'd', 3600, true, true},
    /* foreign names */
    {"srbench-987654321-abcdef", 'd', 100000, false, true},
    {"srbench-UID0-abcdef", 'd', 100000, false, true},
    {"srbench-UIDabcdef", 'd', 100000, false, true},
    {"srbench", 'd', 100000, false, true},
    {"xsrbench-UID-abcdef", 'd', 100000, false, true},
    {"results", 'd', 100000, false, true},
    /* names of ours that are no folders */
    {"srbench-UID-abcdef", 'f', 100000, false, true},
    {"srbench-UID-abcdef", 'l', 100000, false, true},
};

static void what_else_lies_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(others); i++) {
        char path[PATH_ROOM], file[PATH_ROOM + 8], target[PATH_ROOM];
        struct timespec times[2] = {{.tv_sec = time(NULL) - others[i].age},
                                    {.tv_sec = time(NULL) - others[i].age}};
        struct scratch s;
        int fd = -1;

        inside(others[i].name, path);
        inside("precious", target);
        mkdir(target, 0700);
        snprintf(file, sizeof file, "%s/file", target);
        touch(file);
        if (others[i].kind == 'd') {
            assert_int_equal(mkdir(path, 0700), 0);
            snprintf(file, sizeof file, "%s/file", path);
            touch(file);
            fd = open(path, O_RDONLY | O_DIRECTORY);
            if (others[i].locked)
                assert_int_equal(flock(fd, LOCK_EX), 0);
        } else if (others[i].kind == 'f') {
            touch(path);
        } else {
            assert_int_equal(symlink(target, path), 0);
        }
        assert_int_equal(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW),
                         0);
        open_or_fail(&s);
        if (exists(path) != others[i].kept || (exists(file) != others[i].kept))
            fail_msg("vector %zu: %s, %d s old, was %s", i, others[i].name,
                     others[i].age,
                     exists(path) ? "left there, or emptied" : "removed");
        scratch_close(&s);
        snprintf(file, sizeof file, "%s/file", target);
        if (!exists(file))
            fail_msg("vector %zu: what a link points at was removed", i);
        if (fd >= 0)
            close(fd);
        scratch_remove(path);
        scratch_remove(target);
    }
    assert_int_equal(entries(), 0);
}

/* Links in a folder, to files, folders, nowhere and upwards. */
static void links_are_removed_not_followed(void **state)
{
    static const char *const links[] = {"precious", "precious/file", "nowhere",
                                        "."};
    char target[PATH_ROOM], file[PATH_ROOM + 8], path[2 * PATH_ROOM];
    struct scratch s;

    (void)state;
    inside("precious", target);
    assert_int_equal(mkdir(target, 0700), 0);
    snprintf(file, sizeof file, "%s/file", target);
    touch(file);
    open_or_fail(&s);
    snprintf(path, sizeof path, "%s/deep", s.path);
    assert_int_equal(mkdir(path, 0700), 0);
    for (size_t i = 0; i < COUNT(links); i++) {
        char points_at[PATH_ROOM];

        inside(links[i], points_at);
        snprintf(path, sizeof path, "%s/deep/link-%zu", s.path, i);
        assert_int_equal(symlink(points_at, path), 0);
    }
    scratch_close(&s);
    assert_false(exists(s.path));
    assert_true(exists(file));
    assert_true(exists(target));
}

static void everything_in_it_goes(void **state)
{
    char path[2 * PATH_ROOM];
    struct scratch s;

    (void)state;
    open_or_fail(&s);
    snprintf(path, sizeof path, "%s", s.path);
    for (int depth = 0; depth < 20; depth++) {
        size_t len = strlen(path);

        snprintf(path + len, sizeof path - len, "/.hidden %d", depth);
        assert_int_equal(mkdir(path, 0700), 0);
        snprintf(path + len, sizeof path - len, "/file-%d", depth);
        touch(path);
        chmod(path, 0);
        snprintf(path + len, sizeof path - len, "/.hidden %d", depth);
    }
    scratch_close(&s);
    assert_int_equal(entries(), 0);
}

/* TMPDIR, and where the folder then is; NULL where there can be none, with how
 * the words begin and end. */
static void where_it_is(void **state)
{
    static char too_long[SRB_SCRATCH_MAX];
    static const struct {
        const char *tmpdir, *folder, *begin, *end;
    } vectors[] = {
        {NULL, "/tmp/srbench-", NULL, NULL},
        {"", "/tmp/srbench-", NULL, NULL},
        {"relative/folder", "/tmp/srbench-", NULL, NULL},
        {"/nowhere/to/be/found", NULL,
         "cannot create a scratch folder /nowhere/to/be/found/srbench-",
         ": No such file or directory; set TMPDIR to a node-local folder with "
         "room"},
        {too_long, NULL, "TMPDIR is too long a path: /xxx", "xxx"},
    };

    (void)state;
    memset(too_long, 'x', sizeof too_long - 1);
    too_long[0] = '/';
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct error err;
        struct scratch s;
        int rc;

        if (vectors[i].tmpdir)
            setenv("TMPDIR", vectors[i].tmpdir, 1);
        else
            unsetenv("TMPDIR");
        rc = scratch_open(&s, &err);
        if (rc == 0)
            scratch_close(&s);
        if ((rc == 0) != (vectors[i].folder != NULL))
            fail_msg("vector %zu: %s", i, rc == 0 ? s.path : err.text);
        if (rc == 0 &&
            strncmp(s.path, vectors[i].folder, strlen(vectors[i].folder)) != 0)
            fail_msg("vector %zu: %s", i, s.path);
        if (rc < 0 && (strstr(err.text, vectors[i].begin) != err.text ||
                       strlen(err.text) < strlen(vectors[i].end) ||
                       strcmp(strchr(err.text, '\0') - strlen(vectors[i].end),
                              vectors[i].end) != 0))
            fail_msg("vector %zu: '%s'", i, err.text);
        if (rc < 0)
            assert_int_equal(s.lock, -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_folder_of_ones_own, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(it_is_locked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(owners_side_by_side, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_the_dead_are_cleared_away, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_else_lies_there, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(links_are_removed_not_followed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(everything_in_it_goes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(where_it_is, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
