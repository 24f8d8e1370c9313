/* path: chains of links, to what is there and to what is not yet. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/path.h"

static char before[PATH_MAX], folder[] = "/tmp/test-path-XXXXXX";

static int enter(void **state)
{
    (void)state;
    if (!getcwd(before, sizeof before) || !mkdtemp(folder) || chdir(folder))
        return -1;
    return mkdir("far", 0777) || symlink("far/data", "link") ||
           symlink("link", "first") || symlink("../first", "far/back") ||
           symlink("far", "folder") || symlink("round", "round") ||
           symlink("gone/data", "lost") || symlink("/tmp", "absolute");
}

static int leave(void **state)
{
    static const char *const made[] = {"link",  "first",   "far/back",
                                       "round", "lost",    "folder",
                                       "far",   "absolute"};

    (void)state;
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
        if (remove(made[i]) != 0)
            return -1;
    return chdir(before) || rmdir(folder);
}

static void test_targets(void **state)
{
    static const struct {
        const char *path, *target;
    } table[] = {
        {"", ""},
        {"new", "new"},
        {"gone/new", "gone/new"}, /* no link: folders are made */
        {"link", "far/data"},
        {"./link", "./far/data"},
        {"first", "far/data"},
        {"far/back", "far/../far/data"},
        {"folder/new", "folder/new"},
        {"folder/back", "folder/../far/data"},
        {"folder", "far"},
        {"absolute", "/tmp"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct error err = {.text = ""};
        char path[64];

        snprintf(path, sizeof path, "%s", table[i].path);
        assert_int_equal(path_target(path, sizeof path, &err), 0);
        assert_string_equal(path, table[i].target);
    }
}

static void assert_refused(const char *name, size_t room, const char *words)
{
    struct error err = {.text = ""};
    char path[PATH_MAX + 16];

    snprintf(path, sizeof path, "%s", name);
    assert_int_equal(path_target(path, room, &err), -1);
    assert_string_equal(path, name);
    assert_non_null(strstr(err.text, words));
}

static void test_refused(void **state)
{
    char longest[PATH_MAX + 2];

    (void)state;
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_refused("round", 64, "'round' is a link that leads round in a");
    assert_refused("lost", 64,
                   "'lost' is a link to 'gone/data', and there is no folder "
                   "'gone/'");
    assert_refused("first", 6, "the path is too long: 'far/data'");
    assert_refused(longest, sizeof longest, "too long");
}

static void test_same(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } table[] = {
        {"new", "new", true},
        {"new", "./new", true},
        {"far/new", "folder/new", true},
        {"far/new", "far/../far/new", true},
        {"first", "far/data", true},
        {"link", "first", true},
        {"/tmp", "absolute", true},
        {"new", "newer", false},
        {"new", "far/new", false},
        {"gone/new", "new", false},
        {"gone/new", "lost/new", false},
        {"round", "round", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(path_same(table[i].a, table[i].b), table[i].same);
        assert_int_equal(path_same(table[i].b, table[i].a), table[i].same);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_same),
    };

    return cmocka_run_group_tests(tests, enter, leave);
}
