/* Passwords: drawn, kept out of core dumps, taken out of texts, read from files
 * and the environment, and never in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol/secret.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define VARIABLE "SRBENCH_TEST_SECRET"

static void passwords_are_random(void **state)
{
    struct secret *a = secret_open(), *b = secret_open();
    struct error err;

    (void)state;
    assert_string_equal(a->client.password, "");
    assert_int_equal(secret_draw(a, &err), 0);
    assert_int_equal(secret_draw(b, &err), 0);
    assert_string_equal(a->client.user, "srbench-client");
    assert_string_equal(a->steward.user, "srbench-steward");
    assert_string_equal(a->reader.user, "srbench-reader");
    assert_int_equal(strlen(a->client.password), 64);
    assert_int_equal(strspn(a->client.password, "0123456789abcdef"), 64);
    assert_string_not_equal(a->client.password, a->steward.password);
    assert_string_not_equal(a->client.password, a->reader.password);
    assert_string_not_equal(a->steward.password, a->reader.password);
    assert_string_not_equal(a->client.password, b->client.password);
    assert_string_not_equal(a->steward.password, b->steward.password);
    assert_string_not_equal(a->reader.password, b->reader.password);
    secret_close(a);
    secret_close(b);
    secret_close(NULL);
}

/* By the kernel's word: smaps shows the flag dd, "do not include area into core
 * dump" (proc(5)). */
static void core_dumps_leave_it_out(void **state)
{
    struct secret *s = secret_open();
    FILE *f = fopen("/proc/self/smaps", "r");
    bool inside = false, seen = false;
    FILE *filter = fopen("/proc/self/coredump_filter", "r");
    unsigned long first, end, bits;
    char line[512];

    (void)state;
    assert_non_null(filter);
    assert_int_equal(fscanf(filter, "%lx", &bits), 1);
    assert_int_equal(bits & 2, 0); /* shared memory */
    assert_int_equal(bits & 1, 1); /* what one wants a core dump for */
    fclose(filter);
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line, "%lx-%lx ", &first, &end) == 2)
            inside = (uintptr_t)s >= first && (uintptr_t)s < end;
        if (inside && strncmp(line, "VmFlags:", 8) == 0) {
            seen = true;
            assert_non_null(strstr(line, " dd"));
        }
    }
    assert_true(seen);
    fclose(f);
    secret_close(s);
}

/* What is written for another job comes back, and is no more in the text. */
static void a_file_and_back(void **state)
{
    struct secret *a = secret_open(), *b = secret_open();
    char path[] = "/tmp/srbench-secret-XXXXXX", text[1024] = "ports: [1]\n";
    size_t used = strlen(text);
    int fd = mkstemp(path);
    struct error err;
    ssize_t n;

    (void)state;
    unlink(path);
    assert_int_equal(secret_draw(a, &err), 0);
    assert_int_equal(secret_write(a, fd), 0);
    n = pread(fd, text + used, sizeof text - used - 16, 0);
    assert_true(n > 128);
    strcpy(text + used + n, "slots: []\n");
    assert_non_null(strstr(text, a->client.password));
    assert_true(secret_take(b, text));
    assert_memory_equal(a, b, sizeof *a);
    assert_null(strstr(text, a->client.password));
    assert_null(strstr(text, a->steward.password));
    assert_null(strstr(text, a->reader.password));
    /* other lines are as they were, and where they were */
    assert_memory_equal(text, "ports: [1]\n#", 12);
    assert_string_equal(text + used + n - 1, "\nslots: []\n");
    close(fd);
    secret_close(a);
    secret_close(b);
}

/* A file that somebody has edited. */
static void a_file_that_was_indented(void **state)
{
    char text[] =
        "  client_password: \"aa\"\r\nx: 1\n\tsteward_password: \"b\"\n"
        "reader_password: \"c\"";
    struct secret *s = secret_open();

    (void)state;
    assert_true(secret_take(s, text));
    assert_string_equal(s->client.password, "aa");
    assert_string_equal(s->steward.password, "b");
    assert_string_equal(s->reader.password, "c");
    assert_null(strstr(text, "aa"));
    assert_non_null(strstr(text, "#\r\nx: 1\n\t#"));
    secret_close(s);
}

#define READER "reader_password: \"c\"\n"

/* Texts that do not hold all passwords; whatever is on such a line goes. */
static const char *const incomplete[] = {
    "",
    "ports: [1]\n",
    "client_password: \"aa\"\n",
    "steward_password: \"bb\"\n",
    "client_password: \"aa\"\nsteward_password: \"bb\"\n",
    "client_password: \"aa\"\n" READER,
    "steward_password: \"bb\"\n" READER,
    READER "client_password: \"aa\"\nsteward_password: \"\"\n",
    READER "client_password: \"aa\"\nsteward_password: bb\n",
    READER "client_password: \"aa\"\nsteward_password: \"bb\n",
    READER "client_password: \"aa\"\nsteward_password: \n",
    READER "client_password: \"aa\"\nsteward_password: \"",
    READER "xclient_password: \"aa\"\nsteward_password: \"bb\"\n",
};

static void a_file_that_lacks_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(incomplete); i++) {
        struct secret *s = secret_open();
        char *text = strdup(incomplete[i]);

        assert_non_null(text);
        if (secret_take(s, text))
            fail_msg("taken out of text %zu: '%s'", i, incomplete[i]);
        assert_int_equal(strlen(text), strlen(incomplete[i]));
        assert_null(strstr(text, "bb\"\n#"));
        free(text);
        secret_close(s);
    }
}

/* What stands on the first line, and what is made of it; user NULL: refused. */
static const struct {
    const char *text, *user, *password;
} logins[] = {
    {"pw", "", "pw"},
    {"pw\n", "", "pw"},
    {"pw\r\n", "", "pw"},
    {"  pw  \nmore of it\n", "", "pw"},
    {"me pw\n", "me", "pw"},
    {"me\tpw \r\nnext", "me", "pw"},
    {"", NULL, NULL},
    {"\n", NULL, NULL},
    {"  \npw\n", NULL, NULL},
    {"SesaMe pw x\n", NULL, NULL},
    {"SesaMe pw x", NULL, NULL},
};

static void write_login(const char *path, const char *text, mode_t mode)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(chmod(path, mode), 0);
}

static void check_login(const struct secret *s, int rc, int taken, size_t i,
                        const struct error *err)
{
    if (!logins[i].user) {
        if (rc != -1 || !strstr(err->text, "expected 'user password'") ||
            strstr(err->text, "SesaMe"))
            fail_msg("login %zu: %d, %s", i, rc, err->text);
        assert_string_equal(s->client.password, "");
        return;
    }
    if (rc != taken)
        fail_msg("login %zu: %s", i, err->text);
    assert_string_equal(s->client.user, logins[i].user);
    assert_string_equal(s->client.password, logins[i].password);
    assert_memory_equal(&s->client, &s->steward, sizeof s->client);
    assert_memory_equal(&s->client, &s->reader, sizeof s->client);
}

static void logins_of_others(void **state)
{
    char path[] = "/tmp/srbench-login-XXXXXX";
    struct error err = {.text = ""};

    (void)state;
    close(mkstemp(path));
    for (size_t i = 0; i < COUNT(logins); i++) {
        struct secret *s = secret_open();

        write_login(path, logins[i].text, 0600);
        check_login(s, secret_read(s, path, &err), 0, i, &err);
        memset(s, 0, sizeof *s);
        setenv(VARIABLE, logins[i].text, 1);
        if (logins[i].text[0])
            check_login(s, secret_from_environment(s, VARIABLE, &err), 1, i,
                        &err);
        else /* is as good as none */
            assert_int_equal(secret_from_environment(s, VARIABLE, &err), 0);
        secret_close(s);
    }
    unlink(path);
}

static void too_long_a_login(void **state)
{
    struct secret *s = secret_open();
    char text[2 * SRB_PASSWORD_MAX + 64];
    struct error err;

    (void)state;
    snprintf(text, sizeof text, "%0*d", SRB_PASSWORD_MAX - 1, 7);
    setenv(VARIABLE, text, 1);
    assert_int_equal(secret_from_environment(s, VARIABLE, &err), 1);
    assert_string_equal(s->client.password, text);
    snprintf(text, sizeof text, "%0*d", SRB_PASSWORD_MAX, 7);
    setenv(VARIABLE, text, 1);
    assert_int_equal(secret_from_environment(s, VARIABLE, &err), -1);
    snprintf(text, sizeof text, "%0*d x", SRB_USER_MAX, 7);
    setenv(VARIABLE, text, 1);
    assert_int_equal(secret_from_environment(s, VARIABLE, &err), -1);
    snprintf(text, sizeof text, "me %0*d", SRB_PASSWORD_MAX, 7);
    setenv(VARIABLE, text, 1);
    assert_int_equal(secret_from_environment(s, VARIABLE, &err), -1);
    unsetenv(VARIABLE);
    assert_int_equal(secret_from_environment(s, VARIABLE, &err), 0);
    secret_close(s);
}

/* Files that are not opened for what is in them. */
static void files_that_others_read(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0660, 0610, 0602, 0644};
    char path[] = "/tmp/srbench-login-XXXXXX";
    struct secret *s = secret_open();
    struct error err;

    (void)state;
    close(mkstemp(path));
    for (size_t i = 0; i < COUNT(modes); i++) {
        write_login(path, "SesaMe", modes[i]);
        assert_int_equal(secret_read(s, path, &err), -1);
        assert_non_null(strstr(err.text, "chmod 600"));
        assert_null(strstr(err.text, "SesaMe"));
        assert_string_equal(s->client.password, "");
    }
    write_login(path, "SesaMe", 0400);
    assert_int_equal(secret_read(s, path, &err), 0);
    unlink(path);
    assert_int_equal(secret_read(s, path, &err), -1);
    assert_non_null(strstr(err.text, "cannot read"));
    assert_int_equal(secret_read(s, "/dev/null", &err), -1);
    assert_non_null(strstr(err.text, "neither a file nor a pipe"));
    secret_close(s);
}

/* As bash's <(...) gives it: once, in pieces. */
static void a_pipe(void **state)
{
    struct secret *s = secret_open();
    char path[40];
    struct error err;
    int end[2];

    (void)state;
    assert_int_equal(pipe(end), 0);
    assert_int_equal(write(end[1], "Sesa", 4), 4);
    snprintf(path, sizeof path, "/proc/self/fd/%d", end[0]);
    assert_int_equal(write(end[1], "Me\n", 3), 3);
    close(end[1]);
    assert_int_equal(secret_read(s, path, &err), 0);
    assert_string_equal(s->client.password, "SesaMe");
    assert_int_equal(secret_read(s, path, &err), -1);
    assert_non_null(strstr(err.text, "expected 'user password'"));
    close(end[0]);
    secret_close(s);
}

/* Not even where the process was given it. */
static void a_variable_is_forgotten(void **state)
{
    char text[] = VARIABLE "=SesaMe";

    (void)state;
    putenv(text);
    assert_string_equal(getenv(VARIABLE), "SesaMe");
    secret_forget(VARIABLE);
    assert_null(getenv(VARIABLE));
    assert_memory_equal(text + strlen(VARIABLE) + 1, "\0\0\0\0\0\0", 6);
    secret_forget(VARIABLE);
}

static void a_hash(void **state)
{
    const struct login l = {.password = "abc"};
    char hex[SRB_SHA256_HEX];

    (void)state;
    secret_hash(&l, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb"
                             "410ff61f20015ad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passwords_are_random),
        cmocka_unit_test(core_dumps_leave_it_out),
        cmocka_unit_test(a_file_and_back),
        cmocka_unit_test(a_file_that_was_indented),
        cmocka_unit_test(a_file_that_lacks_one),
        cmocka_unit_test(logins_of_others),
        cmocka_unit_test(too_long_a_login),
        cmocka_unit_test(files_that_others_read),
        cmocka_unit_test(a_pipe),
        cmocka_unit_test(a_variable_is_forgotten),
        cmocka_unit_test(a_hash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
