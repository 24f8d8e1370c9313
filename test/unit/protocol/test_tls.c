/* TLS without a server that has any: what is refused, and how long is waited.
 * What servers with TLS answer is tried by test/run/test_tls.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/tick.h"
#include "protocol/tls.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define RUBBISH "rubbish.pem"

/* What is given, and a part of the words; NULL: it is taken. */
static const struct {
    struct tls_terms terms;
    const char *words;
} vectors[] = {
    {{.name = "db.example"}, NULL},
    {{.ca = "", .cert = "", .key = "", .name = ""}, NULL},
    {{.ca = "/"}, NULL}, /* a folder, in which certificates are looked up */
    {{.ca = "/no/such"}, "db_tls_ca: cannot read '/no/such': No such file"},
    {{.cert = "/no/such", .key = RUBBISH}, "db_tls_cert: cannot read"},
    {{.cert = RUBBISH, .key = "/no/such"}, "db_tls_key: cannot read"},
    {{.ca = RUBBISH}, "db_tls_ca: '" RUBBISH "' is of no use"},
    {{.cert = RUBBISH, .key = RUBBISH}, "db_tls_cert: '" RUBBISH "' is of no"},
};

/* As rank 0 does, which alone reads. */
static int open_as(struct tls **tls, const struct tls_terms *terms,
                   struct error *err)
{
    struct tls_files files = {{{NULL, 0}}};
    int rc = tls_built ? tls_read(&files, terms, err) : 0;

    if (rc == 0)
        rc = tls_open(tls, terms, &files, err);
    tls_forget(&files);
    return rc;
}

static void what_is_given(void **state)
{
    FILE *rubbish = fopen(RUBBISH, "w");

    (void)state;
    assert_non_null(rubbish);
    fputs("rubbish\n", rubbish);
    fclose(rubbish);
    for (size_t i = 0; i < COUNT(vectors); i++) {
        const char *words = tls_built ? vectors[i].words : "built without";
        struct error err = {.text = ""};
        struct tls *tls = NULL;

        assert_int_equal(open_as(&tls, &vectors[i].terms, &err),
                         words ? -1 : 0);
        if (words && !strstr(err.text, words))
            fail_msg("%zu: '%s' lacks '%s'", i, err.text, words);
        tls_close(tls);
    }
    unlink(RUBBISH);
}

/* What the other side says instead of shaking hands (NULL: it hangs up), and
 * what is then said. */
static const struct {
    const char *answer, *words;
} answers[] = {
    {"", "TLS: no handshake within 0.1 s; is this a port with TLS?"},
    {"\x16\x03\x03\x40", "TLS: no handshake within 0.1 s"},
    {"-ERR what is this?\r\n", "TLS: what answers does not speak TLS"},
    {NULL, "TLS: "},
};

static void who_does_not_shake_hands(void **state)
{
    const struct tls_terms terms = {.name = "db.example"};
    struct error err;
    struct tls *tls;

    (void)state;
    if (!tls_built)
        skip();
    signal(SIGPIPE, SIG_IGN); /* as in srbench */
    assert_int_equal(open_as(&tls, &terms, &err), 0);
    for (size_t i = 0; i < COUNT(answers); i++) {
        int64_t start = tick_now();
        redisContext *r;
        int ends[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        r = redisConnectFd(ends[0]);
        assert_non_null(r);
        if (!answers[i].answer)
            close(ends[1]);
        else if (answers[i].answer[0])
            assert_true(write(ends[1], answers[i].answer,
                              strlen(answers[i].answer)) > 0);
        assert_null(tls_shake(tls, r, "host", 0.1, &err));
        if (!strstr(err.text, answers[i].words))
            fail_msg("%zu: '%s' lacks '%s'", i, err.text, answers[i].words);
        assert_true(tick_seconds(tick_now() - start) < 60);
        redisFree(r);
        if (answers[i].answer)
            close(ends[1]);
    }
    tls_close(tls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_given),
        cmocka_unit_test(who_does_not_shake_hands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
