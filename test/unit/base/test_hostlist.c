/* Lists of hosts: what they stand for, what is none, and which names are of one
 * host.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hostlist.h"
#include "base/tick.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MOST 1000

static const struct {
    const char *text, *names; /* joined by blanks */
} lists[] = {
    {"nid0001", "nid0001"},
    {"a,b,c", "a b c"},
    {" a , b ", "a b"},
    {"b,a,b", "b a b"}, /* in order, nothing merged */
    {"nid[0001-0003]", "nid0001 nid0002 nid0003"},
    {"nid[0001-0002,0010],login1", "nid0001 nid0002 nid0010 login1"},
    {"n[8-11]", "n8 n9 n10 n11"},
    {"n[08-11]", "n08 n09 n10 n11"},
    {"n[099-101]", "n099 n100 n101"},
    {"n[99-101]", "n99 n100 n101"},
    {"n[001-003]", "n001 n002 n003"},
    {"n[7]", "n7"},
    {"n[7-7]", "n7"},
    {"n[0-1]", "n0 n1"},
    {"n[00-01]", "n00 n01"},
    {"n[5,3,1]", "n5 n3 n1"},
    {"n[1,1]", "n1 n1"},
    {"n[1-2,4-5]", "n1 n2 n4 n5"},
    {"r[1-2]n[01-03]", "r1n01 r1n02 r1n03 r2n01 r2n02 r2n03"},
    {"c[0-1]-[0-1]c[0-1]s0",
     "c0-0c0s0 c0-0c1s0 c0-1c0s0 c0-1c1s0 c1-0c0s0 c1-0c1s0 c1-1c0s0 "
     "c1-1c1s0"},
    {"n[1-2][3-4]", "n13 n14 n23 n24"},
    {"[1-2]n", "1n 2n"},
    {"node[1-2].cluster.site", "node1.cluster.site node2.cluster.site"},
    {"node[1-2]-ib0,x", "node1-ib0 node2-ib0 x"},
    {"n_1,N-2.a", "n_1 N-2.a"},
    {"n[999999999999999]", "n999999999999999"},
    {"10.0.0.[1-2]", "10.0.0.1 10.0.0.2"},
};

static void lists_expand(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        char text[1024] = "";
        struct hostlist l;
        struct error err;

        if (hostlist_expand(&l, lists[i].text, MOST, &err) < 0)
            fail_msg("'%s': %s", lists[i].text, err.text);
        for (size_t k = 0, used = 0; k < l.n; k++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s",
                                     k ? " " : "", l.name[k]);
        if (strcmp(text, lists[i].names) != 0)
            fail_msg("'%s' is '%s' instead of '%s'", lists[i].text, text,
                     lists[i].names);
        hostlist_free(&l);
        assert_int_equal(l.n, 0);
    }
}

static const struct {
    const char *text, *words; /* a part of the sentence */
} refused[] = {
    {"", "expected a name at character 1"},
    {"  ", "expected a name at character 3"},
    {"a,", "expected a name at character 3"},
    {",a", "expected a name at character 1"},
    {"a,,b", "expected a name at character 3"},
    {"a b", "expected ',' between two names at character 3"},
    {"n[1-2", "a '[' without its ']' at character 6"},
    {"n[1", "a '[' without its ']' at character 4"},
    {"n[", "expected a number of at most 15 digits at character 3"},
    {"n1-2]", "a ']' without its '[' at character 5"},
    {"n[1]]", "a ']' without its '[' at character 5"},
    {"n[]", "expected a number of at most 15 digits at character 3"},
    {"n[1,]", "expected a number of at most 15 digits at character 5"},
    {"n[,1]", "expected a number of at most 15 digits at character 3"},
    {"n[1-]", "expected a number of at most 15 digits at character 3"},
    {"n[-1]", "expected a number of at most 15 digits at character 3"},
    {"n[a-b]", "expected a number of at most 15 digits at character 3"},
    {"n[1-2-3]", "expected ',' or ']' at character 6"},
    {"n[1 - 2]", "expected ',' or ']' at character 4"},
    {"n[[1-2]]", "expected a number of at most 15 digits at character 3"},
    {"n[3-1]", "a range that descends at character 3"},
    {"n[010-9]", "a range that descends at character 3"},
    {"n[1,5-2]", "a range that descends at character 5"},
    {"n[001-5]", "a range whose ends are padded differently at character 3"},
    {"n[1-010]", "a range whose ends are padded differently at character 3"},
    {"n[1-1000000000000000]", "a number of at most 15 digits"},
    {"n[1-99999999999999999999999]", "a number of at most 15 digits"},
    {"a;b", "a character that is in no host's name at character 2"},
    {"a/b", "a character that is in no host's name at character 2"},
    {"a:6780", "a character that is in no host's name at character 2"},
    {"$(hostname)", "a character that is in no host's name at character 1"},
    {"n\xc3\xa9", "a character that is in no host's name at character 2"},
    {"-N2", "begins with '-' or '.' at character 1"},
    {"a,.b", "begins with '-' or '.' at character 3"},
    {"n[1-1001]", "'n[1-1001]' names more hosts than there are (1000)"},
    {"n[0-999],m", "'n[0-999],m' names more hosts than there are (1000)"},
    {"r[1-100]n[1-100]",
     "'r[1-100]n[1-100]' names more hosts than there are (1000)"},
    {"n[1-999999999999999]",
     "'n[1-999999999999999]' names more hosts than there are (1000)"},
};

static void what_is_none_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct error err = {.text = ""};
        struct hostlist l;

        if (hostlist_expand(&l, refused[i].text, MOST, &err) == 0)
            fail_msg("'%s' was taken", refused[i].text);
        if (!strstr(err.text, refused[i].words))
            fail_msg("'%s': '%s' without '%s'", refused[i].text, err.text,
                     refused[i].words);
        assert_null(l.name);
        assert_int_equal(l.n, 0);
    }
}

static void long_names_are_refused(void **state)
{
    char text[SRB_HOST_MAX + 8];
    struct hostlist l;
    struct error err;

    (void)state;
    memset(text, 'n', SRB_HOST_MAX - 1);
    text[SRB_HOST_MAX - 1] = '\0';
    assert_int_equal(hostlist_expand(&l, text, 1, &err), 0);
    assert_int_equal(strlen(l.name[0]), SRB_HOST_MAX - 1);
    hostlist_free(&l);
    strcpy(text + SRB_HOST_MAX - 2, "[9-10]"); /* 10 does not fit */
    assert_int_equal(hostlist_expand(&l, text, 9, &err), -1);
    assert_string_equal(err.text, "the name of a host is longer than 255 "
                                  "characters");
    strcpy(text + SRB_HOST_MAX - 1, "n");
    assert_int_equal(hostlist_expand(&l, text, 9, &err), -1);
}

/* A long list is as much work as it has names. */
static void many_names_are_quick(void **state)
{
    static const size_t n = 1000000;
    int64_t start = tick_now();
    struct hostlist l;
    struct error err;

    (void)state;
    assert_int_equal(hostlist_expand(&l, "r[0-999]n[000-999]", n, &err), 0);
    assert_int_equal(l.n, n);
    assert_string_equal(l.name[n - 1], "r999n999");
    hostlist_free(&l);
    assert_true(tick_seconds(tick_now() - start) < 300);
}

static void names_of_one_host(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } vectors[] = {
        {"nid0001", "nid0001", true},
        {"nid0001", "nid0001.cluster.site", true},
        {"nid0001.cluster.site", "nid0001.cluster.site", true},
        {"nid0001.cluster.site", "nid0001.other.site", false},
        {"nid0001.cluster", "nid0001.cluster.site", false},
        {"nid0001", "nid0002", false},
        {"nid0001", "nid00010", false},
        {"nid0001", "nid000", false},
        {"nid0001", "nid00010.cluster.site", false},
        {"NID0001", "nid0001.Cluster.Site", true},
        {"NID0001.cluster.site", "nid0001.CLUSTER.site", true},
        {"", "", false},
        {"", "nid0001", false},
        {"10.0.0.1", "10.0.0.1", true},
        {"10", "10.0.0.1", false},
        {"10.0.0.1", "10.0.0.2", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++)
        if (hostlist_same(vectors[i].a, vectors[i].b) != vectors[i].same ||
            hostlist_same(vectors[i].b, vectors[i].a) != vectors[i].same)
            fail_msg("'%s' and '%s' are%s one host", vectors[i].a, vectors[i].b,
                     vectors[i].same ? "" : " not");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_expand),
        cmocka_unit_test(what_is_none_is_refused),
        cmocka_unit_test(long_names_are_refused),
        cmocka_unit_test(many_names_are_quick),
        cmocka_unit_test(names_of_one_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
