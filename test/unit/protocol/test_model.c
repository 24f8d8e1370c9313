/* What is said to RedisAI, word by word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/model.h"

/* The words with blanks between them. */
static const char *joined(const struct model_words *w)
{
    static char text[1024];

    text[0] = '\0';
    for (int k = 0; k < w->n; k++) {
        strncat(text, k ? " " : "", 2);
        strncat(text, w->word[k], w->length[k]);
    }
    return text;
}

static const struct model_terms plain = {.backend = "TORCH",
                                         .device = "CPU",
                                         .ndevices = 1,
                                         .scripted = true,
                                         .function = "f",
                                         .timeout_ms = 1500};

static void what_is_stored(void **state)
{
    struct model_terms m = plain;
    struct model_words w;

    (void)state;
    model_store(&m, PART_MODEL, "{0}.model", "CPU", "FILE", 4, &w);
    assert_string_equal(joined(&w), "AI.MODELSTORE {0}.model TORCH CPU BLOB "
                                    "FILE");
    m.batch = 8;
    m.min_batch = 4;
    m.min_batch_ms = 20;
    m.input_name = "x";
    m.output_name = "y";
    m.backend = "TF";
    model_store(&m, PART_MODEL, "k", "GPU:1", "FILE", 4, &w);
    assert_string_equal(joined(&w),
                        "AI.MODELSTORE k TF GPU:1 BATCHSIZE 8 MINBATCHSIZE 4 "
                        "MINBATCHTIMEOUT 20 INPUTS 1 x OUTPUTS 1 y BLOB FILE");
    model_store(&m, PART_SCRIPT, "k", "CPU", "TEXT", 4, &w);
    assert_string_equal(joined(&w),
                        "AI.SCRIPTSTORE k CPU ENTRY_POINTS 1 f SOURCE TEXT");
    m.call = CALL_SET;
    model_store(&m, PART_SCRIPT, "k", "CPU", "TEXT", 4, &w);
    assert_string_equal(joined(&w), "AI.SCRIPTSET k CPU SOURCE TEXT");
}

static void what_is_run(void **state)
{
    struct model_terms m = plain;
    struct model_words w;
    char wire[64];

    (void)state;
    model_run(&m, PART_MODEL, "k", "a", "b", &w);
    assert_string_equal(joined(&w), "AI.MODELEXECUTE k INPUTS 1 a OUTPUTS 1 b "
                                    "TIMEOUT 1500");
    assert_int_equal(model_print(&w, wire, sizeof wire), 0); /* no room */
    model_run(&m, PART_SCRIPT, "k", "a", "b", &w);
    assert_string_equal(joined(&w), "AI.SCRIPTEXECUTE k f INPUTS 1 a OUTPUTS 1 "
                                    "b TIMEOUT 1500");
    m.call = CALL_SET;
    model_run(&m, PART_SCRIPT, "k", "a", "b", &w);
    assert_string_equal(joined(&w),
                        "AI.SCRIPTRUN k f TIMEOUT 1500 INPUTS a OUTPUTS b");
}

static void keys_have_the_shards_tag(void **state)
{
    char key[SRB_KEY_MAX];

    (void)state;
    model_key(key, "17", PART_MODEL, -1);
    assert_string_equal(key, "{17}.model");
    model_key(key, "17", PART_SCRIPT, 2);
    assert_string_equal(key, "{17}.script.GPU:2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_stored),
        cmocka_unit_test(what_is_run),
        cmocka_unit_test(keys_have_the_shards_tag),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
