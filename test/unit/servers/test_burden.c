/* What permutations ask of servers and clients: by how much more than others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/study.h"
#include "servers/burden.h"

#define MODEL                                                                  \
    "--model=m", "--input_shape=256x1024", "--output_shape=1x1024",            \
        "--db_modules=/redisai.so"
#define IN (INT64_C(1) << 20)
#define OUT INT64_C(4096)
#define PAIRS INT64_C(1000)
/* begin and length of an operation, the same on its way, and to be sorted */
#define TIMED (5 * 8)

static int64_t of_server(const struct line *line)
{
    struct study s;
    int64_t bytes;

    study_open(&s, line);
    bytes = burden_server_bytes(&s.p, 8, 8, IN);
    study_close(&s);
    return bytes;
}

static int64_t of_client(const struct line *line)
{
    struct study s;
    int64_t bytes;

    study_open(&s, line);
    bytes = burden_client_bytes(&s.p, IN, PAIRS);
    study_close(&s);
    return bytes;
}

static int64_t of_file(const struct line *line)
{
    struct study s;
    int64_t bytes;

    study_open(&s, line);
    bytes = burden_file_bytes(&s.p, 8, PAIRS);
    study_close(&s);
    return bytes;
}

static const struct line plain = {{"throughput_standard",
                                   "--command_set=redisai",
                                   "--db_modules=/redisai.so"}};
static const struct line model = {{"inference_standard", MODEL}};
static const struct line script = {{"inference_standard", MODEL, "--script=s"}};
static const struct line copied = {
    {"inference_standard", MODEL, "--script=s", "--model_keys=copied"}};

/* Beside each input a server has what is made of it. */
static void servers(void **state)
{
    int64_t fixed, each;

    (void)state;
    {
        struct study s;

        study_open(&s, &plain);
        fixed = burden_server_bytes(&s.p, 0, 0, IN);
        study_close(&s);
    }
    each = of_server(&plain) - fixed; /* 8 tensors of IN */
    assert_true(each >= 8 * IN);
    assert_int_equal((of_server(&model) - fixed) * IN, each * (IN + OUT));
    assert_int_equal((of_server(&script) - fixed) * IN, each * (2 * IN + OUT));
    assert_int_equal(of_server(&copied) - fixed,
                     2 * (of_server(&script) - fixed));
}

/* A client has the times of each run, a second input, and outputs. */
static void clients(void **state)
{
    (void)state;
    assert_int_equal(of_client(&model) - of_client(&plain),
                     PAIRS * TIMED + 2 * IN + 2 * OUT);
    assert_int_equal(of_client(&script) - of_client(&model), PAIRS * TIMED);
    /* of hiredis, which copies */
    assert_true(of_client(&copied) > of_client(&script));
}

static void files(void **state)
{
    (void)state;
    assert_int_equal(of_file(&model) - of_file(&plain), 8 * PAIRS * 2 * 8);
    assert_int_equal(of_file(&script) - of_file(&model), 8 * PAIRS * 2 * 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers),
        cmocka_unit_test(clients),
        cmocka_unit_test(files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
