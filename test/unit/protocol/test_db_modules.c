/* Modules in a server's configuration, and which of them is RedisAI. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol/db_modules.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void redisai_is_known_by_its_file(void **state)
{
    static const struct {
        const char *module;
        bool is;
    } vectors[] = {
        {"/opt/redisai.so", true},        {"redisai.so TF x.so", true},
        {"/opt/libRedisAI-1.2.so", true}, {"/opt/redisai/bloom.so", false},
        {"/opt/bloom.so redisai", false}, {"", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++)
        if (options_names_redisai(vectors[i].module) != vectors[i].is)
            fail_msg("'%s'", vectors[i].module);
}

static void lines_load_them(void **state)
{
    static const struct {
        const char *module;
        int64_t threads, intra;
        const char *line;
    } vectors[] = {
        {"/none/redisai.so", 0, 0, "loadmodule \"/none/redisai.so\"\n"},
        {"/none/redisai.so  A  1", 4, 0,
         "loadmodule \"/none/redisai.so\" \"A\" \"1\" THREADS_PER_QUEUE 4\n"},
        {"/none/redisai.so", 2, 3,
         "loadmodule \"/none/redisai.so\" THREADS_PER_QUEUE 2 "
         "INTRA_OP_PARALLELISM 3\n"},
        {"/none/bloom.so", 4, 3, "loadmodule \"/none/bloom.so\"\n"},
        {"/none/a\"b\\.so x", 0, 0,
         "loadmodule \"/none/a\\\"b\\\\.so\" \"x\"\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct value v = {.text = (char *)(uintptr_t)vectors[i].module};
        const struct setting set = {.values = &v, .nvalues = 1};
        char text[256] = "";
        FILE *out = fmemopen(text, sizeof text, "w");

        assert_non_null(out);
        db_modules_print(out, &set, vectors[i].threads, vectors[i].intra);
        fclose(out);
        assert_string_equal(text, vectors[i].line);
    }
}

/* As RedisAI looks for them. */
static void back_ends_are_found(void **state)
{
    static const struct {
        const char *module, *backend, *path;
    } vectors[] = {
        {"/rai/redisai.so", "TORCH",
         "/rai/backends/redisai_torch/redisai_torch.so"},
        {"redisai.so", "TF",
         "backends/redisai_tensorflow/redisai_tensorflow.so"},
        {"/rai/redisai.so BACKENDSPATH /b", "ONNX",
         "/b/redisai_onnxruntime/redisai_onnxruntime.so"},
        {"/rai/redisai.so TORCH /t/torch.so", "TORCH", "/t/torch.so"},
        {"/rai/redisai.so TORCH torch.so", "TORCH", "/rai/backends/torch.so"},
        {"/rai/redisai.so BACKENDSPATH /b torch t.so", "TORCH", "/b/t.so"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        char path[PATH_MAX];

        assert_string_equal(
            db_modules_backend(vectors[i].module, vectors[i].backend, path),
            vectors[i].path);
    }
}

static void files_that_cannot_be_loaded(void **state)
{
    char path[] = "/tmp/srb-module-XXXXXX";
    struct error err;
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    chmod(path, 0600);
    assert_int_equal(db_modules_check(path, &err), -1);
    assert_non_null(strstr(err.text, "may not be executed"));
    chmod(path, 0700);
    assert_int_equal(db_modules_check(path, &err), 0);
    unlink(path);
    assert_int_equal(db_modules_check(path, &err), -1);
    assert_non_null(strstr(err.text, "No such file"));
    assert_int_equal(db_modules_check("/tmp x", &err), -1);
    assert_non_null(strstr(err.text, "is no file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redisai_is_known_by_its_file),
        cmocka_unit_test(lines_load_them),
        cmocka_unit_test(back_ends_are_found),
        cmocka_unit_test(files_that_cannot_be_loaded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
